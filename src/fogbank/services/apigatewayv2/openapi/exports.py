"""An HTTP API as an OpenAPI 3.0 document.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
"""

from __future__ import annotations

import re
from typing import Any

from ..rules import DEFAULT
from .content import AUTHORIZER, AUTHORIZER_MEMBERS, CORS_MEMBERS, IAM, INTEGRATION, INTEGRATION_MEMBERS, LIBRARY

_VARIABLE = re.compile(r"\{([^{}+]+)\+?\}")


def document(
    content: dict[str, Any], tags: dict[str, str], url: str, stage: str, *, extensions: bool, version: str
) -> dict[str, Any]:
    """The document of a deployment's content, served at `url` below `stage`."""
    api = content["api"]
    info = {"title": api["Name"], "version": api.get("Version") or version}
    if api.get("Description"):
        info["description"] = api["Description"]
    server: dict[str, Any] = {"url": url}
    if stage and stage != DEFAULT:
        server = {"url": f"{url}/{{basePath}}", "variables": {"basePath": {"default": stage}}}
    if extensions and api.get("DisableExecuteApiEndpoint"):
        server[LIBRARY + "endpoint-configuration"] = {"disableExecuteApiEndpoint": True}
    found: dict[str, Any] = {"openapi": "3.0.1", "info": info, "servers": [server]}
    if tags and extensions:
        found["tags"] = [{"name": name, LIBRARY + "tag-value": value} for name, value in tags.items()]
    paths: dict[str, Any] = {}
    for route in sorted(content["routes"], key=lambda route: str(route["RouteKey"])):
        method, _, path = route["RouteKey"].partition(" ")
        item = paths.setdefault(path or f"/{DEFAULT}", {})
        verb = LIBRARY + "any-method" if route["RouteKey"] == DEFAULT or method == "ANY" else method.lower()
        item[verb] = _operation(content, route, path, extensions=extensions)
    found["paths"] = paths
    schemes = _schemes(content, extensions=extensions)
    if schemes:
        found["components"] = {"securitySchemes": schemes}
    cors = api.get("CorsConfiguration")
    if cors and extensions:
        found[LIBRARY + "cors"] = {old: cors[new] for old, new in CORS_MEMBERS.items() if new in cors}
    if extensions:
        found[LIBRARY + "importexport-version"] = "1.0"
    return found


def _operation(content: dict[str, Any], route: dict[str, Any], path: str, *, extensions: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if route.get("OperationName"):
        found["operationId"] = route["OperationName"]
    variables = _VARIABLE.findall(path)
    if variables:
        found["parameters"] = [
            {"name": name, "in": "path", "description": f"Generated path parameter for {name}", "required": True,
             "schema": {"type": "string"}}
            for name in variables
        ]  # fmt: skip
    found["responses"] = {"default": {"description": f"Default response for {route['RouteKey']}"}}
    name = _scheme_name(content, route)
    if name:
        found["security"] = [{name: route.get("AuthorizationScopes") or []}]
    if route["RouteKey"] == DEFAULT:
        found["isDefaultRoute"] = True
    integration = content["integrations"].get((route.get("Target") or "").partition("/")[2])
    if integration and extensions:
        found[INTEGRATION] = _integration(integration)
    return found


def _integration(shape: dict[str, Any]) -> dict[str, Any]:
    names = {new: old for old, new in INTEGRATION_MEMBERS.items() if old != "subtype"}
    found: dict[str, Any] = {"type": shape["IntegrationType"].lower()}
    found |= {names[name]: value for name, value in shape.items() if name in names}
    if shape.get("RequestParameters"):
        found["requestParameters"] = shape["RequestParameters"]
    if shape.get("ResponseParameters"):
        found["responseParameters"] = shape["ResponseParameters"]
    if shape.get("TlsConfig"):
        found["tlsConfig"] = {"serverNameToVerify": shape["TlsConfig"].get("ServerNameToVerify")}
    return found


def _scheme_name(content: dict[str, Any], route: dict[str, Any]) -> str:
    if route["AuthorizationType"] == IAM:
        return "sigv4"
    authorizer = content["authorizers"].get(route.get("AuthorizerId"))
    return str(authorizer["Name"]) if authorizer else ""


def _schemes(content: dict[str, Any], *, extensions: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if any(route["AuthorizationType"] == IAM for route in content["routes"]):
        found["sigv4"] = {"type": "apiKey", "name": "Authorization", "in": "header",
                          LIBRARY + "authtype": "awsSigv4"}  # fmt: skip
    for shape in content["authorizers"].values():
        sources = ",".join(shape.get("IdentitySource") or [])
        if shape["AuthorizerType"] == "JWT":
            scheme: dict[str, Any] = {"type": "oauth2", "flows": {}}
            configuration = shape["JwtConfiguration"]
            extension: dict[str, Any] = {
                "type": "jwt",
                "identitySource": sources,
                "jwtConfiguration": {"issuer": configuration["Issuer"], "audience": configuration["Audience"]},
            }
        else:
            header = sources.rpartition("header.")[2].partition(",")[0] or "Unused"
            scheme = {"type": "apiKey", "name": header, "in": "header"}
            extension = {"type": "request", "identitySource": sources}
            extension |= {old: shape[new] for old, new in AUTHORIZER_MEMBERS.items() if new in shape}
        found[shape["Name"]] = {**scheme, AUTHORIZER: extension} if extensions else scheme
    return found
