"""Lambda integrations and authorizers: invoke a function for a request.

Functions are named by their ARN, or by the URI that REST APIs use.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec

from fogbank.apis.acting import acting, filled, function_arn, region_of, timed_out
from fogbank.apis.failures import GatewayError, misconfigured
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.core.principal import Principal

from . import events, results
from .exchange import Exchange

_ARN = re.compile(r"arn:[^:]+:lambda:[a-z0-9-]+:\d{12}:function:[^/]+")


def named(uri: str, variables: dict[str, str]) -> str:
    """The ARN of the function that a URI names. Raises GatewayError."""
    if ":lambda:path/" in uri:
        return function_arn(uri, variables)
    arn = filled(uri, variables)
    if not _ARN.fullmatch(arn):
        raise misconfigured(f"Invalid Lambda function {arn}")
    return arn


async def invoke(
    ctx: Context,
    arn: str,
    event: bytes,
    *,
    credentials: str,
    source: str,
    seconds: float,
    caller: Principal | None = None,
) -> dict[str, Any]:
    """Invoke a function as a role, or as API Gateway itself. Raises GatewayError."""
    acting_ctx = await acting(ctx, credentials, source, caller=caller, region=region_of(arn))
    request = {"FunctionName": arn, "Payload": event, "InvocationType": "RequestResponse"}
    try:
        async with asyncio.timeout(seconds):
            return await acting_ctx.call("lambda", "Invoke", request)
    except TimeoutError:
        raise timed_out() from None
    except ServiceError as error:
        if error.status == 403 or "AccessDenied" in error.code:
            raise misconfigured(
                "The IAM role configured on the integration or API Gateway doesn't have permissions to call the "
                "integration. Check the permissions and try again."
            ) from None
        raise misconfigured(f"{error.code}: {error.message}") from None


async def run(exchange: Exchange) -> Response:
    """Run a Lambda proxy integration."""
    shape = exchange.route.integration or {}
    version = shape["PayloadFormatVersion"]
    result = await invoke(
        exchange.ctx,
        named(shape["IntegrationUri"], exchange.serving.variables),
        msgspec.json.encode(events.integration_event(exchange, version)),
        credentials=shape.get("CredentialsArn") or "",
        source=exchange.source_arn,
        seconds=shape["TimeoutInMillis"] / 1000,
        caller=exchange.caller,
    )
    exchange.integration_status = 200
    payload = bytes(result.get("Payload") or b"")
    if result.get("FunctionError"):
        text = payload[:1000].decode("utf-8", "replace")
        raise GatewayError("DEFAULT_5XX", None, why=f"The Lambda function returned an error: {text}")
    return results.response_of(payload, version)
