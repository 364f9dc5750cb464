"""Stages as records: their rules, defaults and how they are shown."""

from __future__ import annotations

import re
from typing import Any

from fogbank.apis.errors import BadRequest
from fogbank.core.context import Context

from .records import Api, Stage

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")
_VALUE = re.compile(r"[A-Za-z0-9-._~:/?#&=,]*")
_MEMBERS = (
    "deploymentId", "description", "cacheClusterEnabled", "cacheClusterSize", "variables", "documentationVersion",
    "canarySettings", "tracingEnabled", "tags",
)  # fmt: skip
DEFAULT_SETTING: dict[str, Any] = {
    "metricsEnabled": False,
    "loggingLevel": "OFF",
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


def fresh(ctx: Context, api: Api, name: str, given: dict[str, Any]) -> Stage:
    """A new stage of what CreateStage or CreateDeployment was given. Raises BadRequest."""
    if not _NAME.fullmatch(name):
        raise BadRequest("Stage name only allows a-zA-Z0-9-_")
    shape = {member: given[member] for member in _MEMBERS if given.get(member) not in (None, "", {})}
    shape.setdefault("cacheClusterEnabled", False)
    shape.setdefault("tracingEnabled", False)
    if shape.get("canarySettings"):
        shape["canarySettings"] = shown_canary(shape["canarySettings"])
    check(shape)
    now = float(int(ctx.now()))
    return Stage(account=ctx.account, region=ctx.region, api=api.id, name=name, created=now, updated=now, shape=shape)


def shown_canary(canary: dict[str, Any]) -> dict[str, Any]:
    return {"percentTraffic": 0.0, "useStageCache": False, **{k: v for k, v in canary.items() if v is not None}}


def check(shape: dict[str, Any]) -> None:
    """The rules of a stage. Raises BadRequest."""
    for name, value in (shape.get("variables") or {}).items():
        if not _VARIABLE.fullmatch(name):
            raise BadRequest("Stage variable name only allows a-zA-Z0-9_")
        if not _VALUE.fullmatch(value):
            raise BadRequest("Stage variable value doesn't match required pattern: " + "[A-Za-z0-9-._~:/?#&=,]+")
    canary = shape.get("canarySettings")
    if canary and not 0 <= float(canary.get("percentTraffic", 0)) <= 100:
        raise BadRequest("Percent traffic must be between 0.0 and 100.0")


def shown(ctx: Context, stage: Stage) -> dict[str, Any]:
    """The Stage structure. A cache cluster is said to be there, since deploy tools wait for it; nothing is cached."""
    enabled = stage.shape.get("cacheClusterEnabled")
    if enabled:
        ctx.recorded("cacheClusterEnabled")
    settings = {
        name: {**DEFAULT_SETTING, **setting} for name, setting in (stage.shape.get("methodSettings") or {}).items()
    }
    answer = {
        **stage.shape,
        "stageName": stage.name,
        "createdDate": stage.created,
        "lastUpdatedDate": stage.updated,
        "cacheClusterStatus": "AVAILABLE" if enabled else "NOT_AVAILABLE",
        "methodSettings": settings,
    }
    if enabled:
        answer.setdefault("cacheClusterSize", "0.5")
    return answer
