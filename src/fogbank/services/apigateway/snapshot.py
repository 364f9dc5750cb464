"""What a deployment keeps: everything of an API that its stages run, as plain data."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Reader

from .records import AUTHORIZERS, MODELS, RESOURCES, RESPONSES, VALIDATORS, Api


def take(tx: Reader, api: Api) -> dict[str, Any]:
    """{"api", "resources": [{"id", "path", "methods"}], "models", "validators", "authorizers", "responses"}"""
    scope = (api.account, api.region, api.id)
    return {
        "api": api.shape,
        "resources": [{"id": r.id, "path": r.path, "methods": r.methods} for r in tx.scan(RESOURCES, scope)],
        "models": {part.id: part.shape for part in tx.scan(MODELS, scope)},
        "validators": {part.id: part.shape for part in tx.scan(VALIDATORS, scope)},
        "authorizers": {part.id: part.shape for part in tx.scan(AUTHORIZERS, scope)},
        "responses": {part.id: part.shape for part in tx.scan(RESPONSES, scope)},
    }


def summary(content: dict[str, Any]) -> dict[str, Any]:
    """Deployment.apiSummary: path -> method -> {authorizationType, apiKeyRequired}."""
    found: dict[str, Any] = {}
    for resource in content["resources"]:
        for verb, method in resource["methods"].items():
            found.setdefault(resource["path"], {})[verb] = {
                "authorizationType": method["authorizationType"],
                "apiKeyRequired": bool(method.get("apiKeyRequired")),
            }
    return found
