"""Health checks. They are kept; Fogbank does not ask the endpoints (`health.py`)."""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import shapes
from ..errors import (
    HealthCheckAlreadyExists,
    HealthCheckVersionMismatch,
    InvalidInput,
    TooManyHealthChecks,
)
from ..find import HEALTH_CHECK
from ..health import passes
from ..records import HEALTH_CHECKS, HealthCheck
from .record_sets import page_size

QUOTA = "L-ACB674F3"
_by_id = HEALTH_CHECK.of("HealthCheckId")
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
_ENDPOINTS = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
_RANGES = ("15.177.0.0/18", "54.183.255.128/26", "54.228.16.0/26", "54.241.32.64/26", "54.243.31.192/26",
           "54.244.52.192/26", "54.245.168.0/26", "54.248.220.0/26", "54.250.253.192/26", "54.251.31.128/26",
           "54.252.79.128/26", "54.252.254.192/26", "54.255.254.192/26", "107.23.255.0/26", "176.34.159.192/26",
           "177.71.207.128/26")  # fmt: skip


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    """The configuration with the defaults that AWS fills in. Raises InvalidInput."""
    kind = given["Type"]
    if kind in _ENDPOINTS and not given.get("IPAddress") and not given.get("FullyQualifiedDomainName"):
        raise InvalidInput("Invalid parameter : Either IPAddress or FullyQualifiedDomainName must be specified")
    if "STR_MATCH" in kind and not given.get("SearchString"):
        raise InvalidInput(f"Invalid parameter : SearchString must be specified for health checks of type {kind}")
    if given.get("RequestInterval") not in (None, 10, 30):
        raise InvalidInput("Invalid parameter : RequestInterval must be 10 or 30")
    if kind in _ENDPOINTS:
        port = {"Port": 443 if kind.startswith("HTTPS") else 80} if kind != "TCP" else {}
        sni = {"EnableSNI": kind.startswith("HTTPS")}
        defaults = {**port, **sni, "RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False}
    else:
        defaults = {}
    found = {**defaults, "Inverted": False, "Disabled": False, **given}
    if kind == "TCP" and not found.get("Port"):
        raise InvalidInput("Invalid parameter : Port must be specified for health checks of type TCP")
    return found


@operation("route53", "CreateHealthCheck", resource="*")
def create_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a health check. A request with the reference of an earlier one returns that, or fails if it differs."""
    config = _filled(req["HealthCheckConfig"])
    with ctx.write() as tx:
        made = tx.first(HEALTH_CHECKS, "reference", (ctx.account, req["CallerReference"]))
        if made is not None and (made.config != config or made.version > 1):
            raise HealthCheckAlreadyExists
        if made is None:
            limit = quotas.reached(tx, ctx, "route53", QUOTA, HEALTH_CHECKS, (ctx.account,))
            if limit is not None:  # the text is not confirmed
                raise TooManyHealthChecks(
                    f"Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more than {limit} health checks."
                )
            made = HealthCheck(account=ctx.account, id=ctx.ids.uuid(), reference=req["CallerReference"], config=config)
            tx.put(HEALTH_CHECKS, made)
    ctx.recorded("HealthCheckConfig")
    return {"HealthCheck": shapes.health_check(ctx, made), "Location": shapes.location(f"healthcheck/{made.id}")}


@operation("route53", "GetHealthCheck", resource=_by_id)
def get_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A health check."""
    with ctx.read() as tx:
        return {"HealthCheck": shapes.health_check(ctx, HEALTH_CHECK.require(tx, ctx, req["HealthCheckId"]))}


@operation("route53", "GetHealthCheckCount", resource="*")
def get_health_check_count(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """How many health checks the account has."""
    with ctx.read() as tx:
        return {"HealthCheckCount": tx.count(HEALTH_CHECKS, (ctx.account,))}


@operation("route53", "ListHealthChecks", resource="*")
def list_health_checks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The health checks of the account, in the order of their ids."""
    size, marker = page_size(req, 100), req.get("Marker") or ""
    with ctx.read() as tx:
        found = [check for check in tx.scan(HEALTH_CHECKS, (ctx.account,)) if check.id >= marker]
    result = {
        "HealthChecks": [shapes.health_check(ctx, check) for check in found[:size]],
        "Marker": marker,
        "IsTruncated": len(found) > size,
        "MaxItems": str(size),
    }
    return result | ({"NextMarker": found[size].id} if len(found) > size else {})


_RESET = {"FullyQualifiedDomainName", "Regions", "ResourcePath", "ChildHealthChecks"}


@operation("route53", "UpdateHealthCheck", resource=_by_id)
def update_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change members of a health check, if it still has the version that the caller knows."""
    with ctx.write() as tx:
        check = HEALTH_CHECK.require(tx, ctx, req["HealthCheckId"])
        if req.get("HealthCheckVersion") not in (None, check.version):
            raise HealthCheckVersionMismatch
        changed = {key: value for key, value in req.items()
                   if key not in ("HealthCheckId", "HealthCheckVersion", "ResetElements")}  # fmt: skip
        gone = set(req.get("ResetElements") or ()) & _RESET
        check.config = _filled({key: value for key, value in (check.config | changed).items() if key not in gone})
        check.version += 1
        tx.put(HEALTH_CHECKS, check)
    return {"HealthCheck": shapes.health_check(ctx, check)}


@operation("route53", "DeleteHealthCheck", resource=_by_id)
def delete_health_check(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a health check. Record sets that name it count as healthy from then on."""
    with ctx.write() as tx:
        check = HEALTH_CHECK.require(tx, ctx, req["HealthCheckId"])
        tx.delete(HEALTH_CHECKS, HEALTH_CHECKS.key(check))
    return {}


def _observations(tx: Reader, ctx: Context, req: dict[str, Any], text: str) -> list[dict[str, Any]]:
    check = HEALTH_CHECK.require(tx, ctx, req["HealthCheckId"])
    report = {"Status": text, "CheckedTime": int(ctx.now())}
    regions = check.config.get("Regions") or ["us-east-1", "us-west-1", "us-west-2"]
    return [{"Region": region, "StatusReport": report} for region in regions]


@operation("route53", "GetHealthCheckStatus", resource=_by_id, fidelity="recorded")
def get_health_check_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What the checkers say. Nobody asks the endpoint: see `health.py`."""
    with ctx.read() as tx:
        check = HEALTH_CHECK.require(tx, ctx, req["HealthCheckId"])
        text = (
            "Success: The health check is not executed."
            if passes(tx, check)
            else "Failure: The health check is inverted."
        )
        return {"HealthCheckObservations": _observations(tx, ctx, req, text)}


@operation("route53", "GetHealthCheckLastFailureReason", resource=_by_id, fidelity="recorded")
def get_health_check_last_failure_reason(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No check has failed, for none was executed."""
    with ctx.read() as tx:
        HEALTH_CHECK.require(tx, ctx, req["HealthCheckId"])
    return {"HealthCheckObservations": []}


@operation("route53", "GetCheckerIpRanges", resource="*")
def get_checker_ip_ranges(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The addresses of AWS's health checkers, as ip-ranges.json published them."""
    return {"CheckerIpRanges": list(_RANGES)}
