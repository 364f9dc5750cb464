"""Access logs and execution logs: written to CloudWatch Logs by the account's role, shortly after the request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from typing import Any

from fogbank.core import arns
from fogbank.core.context import Cloud, Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.core.principal import service

from ..records import ACCOUNTS, CHANGED
from .answers import GatewayError
from .exchange import Exchange
from .lambda_proxy import Roles

log = logging.getLogger("fogbank.apigateway")
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)")
DELAY = 0.05  # seconds between a request and its lines
EXISTS = "ResourceAlreadyExistsException"


class Logs:
    """Lines on their way. As on AWS they are best effort: what is here is lost with a killed process."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self._waiting: dict[tuple[str, str, str, str], tuple[Context, list[dict[str, Any]]]] = {}
        self._made: set[tuple[str, str, str, str]] = set()
        self._roles: dict[tuple[str, str], str] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        app.signals.on(CHANGED, self._roles.clear)
        for kept in (self._waiting, self._roles, self._made):
            app.signals.on("reset", kept.clear)
        app.on_stop(self.flush)

    def add(self, ctx: Context, group: str, stream: str, lines: list[str]) -> None:
        """Write lines soon."""
        key = (ctx.account, ctx.region, group, stream)
        events = self._waiting.setdefault(key, (ctx, []))[1]
        events += [{"timestamp": int(ctx.now() * 1000), "message": line} for line in lines]
        if self._timer is None:  # real time: lines are batched, no rule of AWS is kept by it
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._task = asyncio.ensure_future(self.flush())

    async def flush(self) -> None:
        """Write what is waiting."""
        waiting = dict(self._waiting)
        self._waiting.clear()
        for key, (ctx, events) in waiting.items():
            try:
                await self._write(ctx, key, events)
            except (ServiceError, GatewayError) as error:
                log.warning("API Gateway could not log to %s: %s", key[2], error)

    async def _write(self, ctx: Context, key: tuple[str, str, str, str], events: list[dict[str, Any]]) -> None:
        role = await self._role(ctx)
        if not role:
            return
        gateway = ctx.acting_as(service("apigateway.amazonaws.com", ctx.account))
        principal = await self._app.local(Roles).assume(gateway, role)
        writer = ctx.acting_as(principal, region=key[1])
        group, stream = key[2], key[3]
        if key not in self._made:
            if group.startswith("API-Gateway-Execution-Logs_"):
                await self._make(writer, "CreateLogGroup", {"logGroupName": group})
            await self._make(writer, "CreateLogStream", {"logGroupName": group, "logStreamName": stream})
            self._made.add(key)
        request = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        await writer.call("logs", "PutLogEvents", request)

    @staticmethod
    async def _make(ctx: Context, operation: str, request: dict[str, Any]) -> None:
        try:
            await ctx.call("logs", operation, request)
        except ServiceError as error:
            if error.code != EXISTS:
                raise

    async def _role(self, ctx: Context) -> str:
        key = (ctx.account, ctx.region)
        if key not in self._roles:
            record = await ctx.fetch(lambda tx: tx.get(ACCOUNTS, key))
            self._roles[key] = (record.shape.get("cloudwatchRoleArn") or "") if record else ""
        return self._roles[key]


def stream_of(exchange: Exchange) -> str:
    return hashlib.md5(f"{exchange.running.api}/{exchange.running.stage}".encode(), usedforsecurity=False).hexdigest()


def write(exchange: Exchange, response: Response, seconds: float) -> None:
    """The lines of a request, where its stage asks for them."""
    running = exchange.running
    access = running.shape.get("accessLogSettings") or {}
    destination = access.get("destinationArn") or ""
    if access.get("format") and ":logs:" in destination:
        group = arns.parse(destination).resource.removeprefix("log-group:").removesuffix(":*")
        line = access_line(exchange, response, seconds, access["format"])
        exchange.app.local(Logs).add(exchange.ctx, group, stream_of(exchange), [line])
    level = running.setting(exchange.route, "loggingLevel") if exchange.route else None
    if level == "INFO" or (level == "ERROR" and response.status >= 400):
        group = f"API-Gateway-Execution-Logs_{running.api}/{running.stage}"
        lines = execution_lines(exchange, response, seconds)
        exchange.app.local(Logs).add(exchange.ctx, group, stream_of(exchange), lines)


def access_line(exchange: Exchange, response: Response, seconds: float, form: str) -> str:
    """The access log's format with its $context variables; `-` for what has no value."""
    context = exchange.context()
    length = len(response.body) if isinstance(response.body, bytes) else 0
    integration = int(exchange.integration_seconds * 1000)
    context |= {
        "status": response.status,
        "responseLength": length,
        "responseLatency": int(seconds * 1000),
        "integrationLatency": integration or None,
        "integration": {"latency": integration or None, "status": exchange.integration_status or None},
        "integrationStatus": exchange.integration_status or None,
        "error": {
            "message": exchange.error[0] or None,
            "messageString": f'"{exchange.error[0]}"' if exchange.error[0] else None,
            "responseType": exchange.error[1] or None,
        },
    }

    def value(match: re.Match[str]) -> str:
        found: Any = context
        for name in match[1].split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return "-" if found is None or isinstance(found, dict) else str(found)

    return _VARIABLE.sub(value, form)


def execution_lines(exchange: Exchange, response: Response, seconds: float) -> list[str]:
    """What happened, as the execution log tells it."""
    ident, request = exchange.ctx.request_id, exchange.request
    lines = [
        f"Extended Request Id: {exchange.extended_id}",
        f"Starting execution for request: {ident}",
        f"HTTP Method: {request.method}, Resource Path: {exchange.path}",
    ]
    if exchange.failure:
        lines.append(exchange.failure)
    elif exchange.integration_seconds:
        lines.append(f"Received response. Integration latency: {int(exchange.integration_seconds * 1000)} ms")
    if exchange.error[1]:
        lines.append(f"Gateway response type: {exchange.error[1]} with status code: {response.status}")
    else:
        lines.append("Successfully completed execution")
    lines.append(f"Method completed with status: {response.status}")
    lines.append(f"AWS Integration Endpoint RequestId : {ident}")
    return [f"({ident}) {line}" for line in lines]
