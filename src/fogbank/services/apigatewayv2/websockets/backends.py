"""The integrations of WebSocket APIs: what an event is sent to, and what comes back.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integrations.html
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.apis import aws_calls, backends, jsontext, vtl, workers
from fogbank.apis.acting import filled
from fogbank.apis.budget import Budget, OverBudget
from fogbank.apis.failures import GatewayError, misconfigured

from ..dataplane import functions
from ..rules import DEFAULT
from . import expressions
from .events import Event
from .expressions import Message

JSON = "application/json"


class Outcome(msgspec.Struct):
    """What came back. `body` is None for nothing to say."""

    status: int
    body: bytes | None
    headers: list[tuple[str, str]] = []


async def run(event: Event) -> Outcome:
    """Run the route's integration. Raises GatewayError."""
    shape = event.route.integration
    if shape is None:
        return Outcome(200, None)  # a route without an integration takes the message (not confirmed)
    started = event.ctx.clock.monotonic()
    try:
        if shape["IntegrationType"] == "AWS_PROXY":
            return await _function(event, shape)
        if shape["IntegrationType"] == "HTTP_PROXY":
            return await _send(event, shape, event.body)
        return await _mapped(event, shape)
    finally:
        event.integration_seconds = event.ctx.clock.monotonic() - started


async def _invoke(event: Event, shape: dict[str, Any], payload: bytes) -> tuple[Any, bool]:
    """(what a function returned, whether that is an error)."""
    result = await functions.invoke(
        event.ctx,
        functions.named(shape["IntegrationUri"], event.variables),
        payload,
        credentials=shape.get("CredentialsArn") or "",
        source=event.source_arn,
        seconds=shape["TimeoutInMillis"] / 1000,
        caller=event.session.caller,
    )
    try:
        value = msgspec.json.decode(bytes(result.get("Payload") or b"null"))
    except (ValueError, RecursionError):
        value = None
    return value, bool(result.get("FunctionError"))


async def _function(event: Event, shape: dict[str, Any]) -> Outcome:
    """A Lambda proxy integration: the function returns a status, and a body for clients that get answers."""
    value, failed = await _invoke(event, shape, msgspec.json.encode(event.for_function()))
    if failed:
        text = json.dumps(value)[:1000]
        raise GatewayError("DEFAULT_5XX", None, status=502, why=f"The Lambda function returned an error: {text}")
    if not isinstance(value, dict):
        return Outcome(502, None)
    status, body, headers = value.get("statusCode"), value.get("body"), value.get("headers") or {}
    if not isinstance(status, int | str) or not str(status).isdecimal() or not isinstance(headers, dict):
        return Outcome(502, None)
    content = None if body is None else body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    return Outcome(int(status), content, [(str(name), str(text)) for name, text in headers.items()])


async def _send(event: Event, shape: dict[str, Any], body: bytes) -> Outcome:
    """Send a body to an HTTP backend."""
    headers = [("content-type", JSON), *await _parameters(event, shape, "header")]
    answer = await backends.send(
        event.ctx.app,
        shape.get("IntegrationMethod") or "POST",
        filled(shape["IntegrationUri"], event.variables),
        query=await _parameters(event, shape, "querystring"),
        headers=headers,
        body=body,
        seconds=shape["TimeoutInMillis"] / 1000,
        verify=not (shape.get("TlsConfig") or {}).get("insecureSkipVerification"),
    )
    return Outcome(answer.status, answer.body, answer.headers)


async def _parameters(event: Event, shape: dict[str, Any], place: str) -> list[tuple[str, str]]:
    """The headers or query parameters that RequestParameters maps."""
    start = f"integration.request.{place}."
    names, message = event.names(), Message(event.body)

    def work(budget: Budget) -> list[tuple[str, str]]:
        found = []
        for target, source in (shape.get("RequestParameters") or {}).items():
            if source.startswith("route.request.body"):
                value = message.part(source.removeprefix("route.request.body").lstrip("."), budget)
            else:
                value = expressions.parameter(source, names)
            if target.startswith(start) and value is not None:
                found.append((target.removeprefix(start), value))
        return found

    try:
        return await workers.run(event.ctx.app, work)
    except OverBudget as error:
        raise misconfigured(f"Unable to map the request parameters ({error})") from None


# -- integrations with templates ---------------------------------------------------------------------------------------


async def _mapped(event: Event, shape: dict[str, Any]) -> Outcome:
    """AWS, HTTP and MOCK: the request is made by a template, and so is the answer."""
    templates = shape.get("RequestTemplates") or {}
    chosen = shape.get("TemplateSelectionExpression") or DEFAULT
    body = await _rendered(event, templates, chosen, event.body, Message(event.body))
    if body is None and (shape.get("PassthroughBehavior") == "NEVER" or (
        shape.get("PassthroughBehavior") == "WHEN_NO_TEMPLATES" and templates
    )):  # fmt: skip
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE", None, why="No request template fits")
    outcome = await _asked(event, shape, event.body if body is None else body)
    return await _answered(event, shape, outcome)


async def _asked(event: Event, shape: dict[str, Any], body: bytes) -> Outcome:
    if shape["IntegrationType"] == "MOCK":
        return Outcome(_mock_status(body), b"")
    if shape["IntegrationType"] == "HTTP":
        return await _send(event, shape, body)
    uri = filled(shape["IntegrationUri"], event.variables)
    if ":lambda:path/" in uri or ":lambda:" in uri.partition(":apigateway:")[0]:
        value, failed = await _invoke(event, shape, body or b"{}")
        return Outcome(500 if failed else 200, msgspec.json.encode(value), [("content-type", JSON)])
    match = aws_calls.URI.match(uri)
    if match is None:
        raise misconfigured(f"Invalid integration URI {uri}")
    ctx = await event.acting(shape.get("CredentialsArn") or "", match["region"])
    headers = await _parameters(event, shape, "header")
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", JSON))
    status, given, content = await aws_calls.call_service(
        ctx, match, shape.get("IntegrationMethod") or "POST", headers,
        await _parameters(event, shape, "querystring"), body,
        shape["TimeoutInMillis"] / 1000,
    )  # fmt: skip
    return Outcome(status, content, given)


def _mock_status(body: bytes) -> int:
    """The statusCode that a mock integration's template says; 200 without a template."""
    try:
        value = msgspec.json.decode(body)
        return int(value["statusCode"]) if isinstance(value, dict) else 200
    except (ValueError, TypeError, KeyError, RecursionError):
        return 200


async def _answered(event: Event, shape: dict[str, Any], outcome: Outcome) -> Outcome:
    """Map a backend's response with the integration response that it selects."""
    responses = event.serving.content["responses"].get(shape["IntegrationId"]) or []
    content = outcome.body or b""
    message = Message(content, outcome.status, outcome.headers)
    expression = shape.get("IntegrationResponseSelectionExpression") or "${integration.response.statuscode}"
    subject = await expressions.selected(event.ctx.app, message, expression) or ""
    chosen = next((r for r in responses if expressions.fits(r["IntegrationResponseKey"], subject)), None)
    chosen = chosen or next((r for r in responses if r["IntegrationResponseKey"] == DEFAULT), None)
    if chosen is None:
        return outcome
    templates = chosen.get("ResponseTemplates") or {}
    selection = chosen.get("TemplateSelectionExpression") or DEFAULT
    body = await _rendered(event, templates, selection, content, message)
    return Outcome(outcome.status, outcome.body if body is None else body, outcome.headers)


async def _rendered(
    event: Event, templates: dict[str, str], selection: str, body: bytes, message: Message
) -> bytes | None:
    """A body by the template that an expression selects, or by the one of $default; None where there is none."""
    if not templates:
        return None

    def work(budget: Budget) -> bytes | None:
        key = message.select(selection, budget)
        template = templates.get(key or "") or templates.get(DEFAULT) or templates.get(JSON)
        if template is None:
            return None
        document = vtl.Document(body)
        return vtl.render(template, vtl.variables(event, document, budget), budget).encode("utf-8", "replace")

    try:
        return await workers.run(event.ctx.app, work)
    except (vtl.TemplateError, OverBudget, jsontext.NotJson) as error:
        raise misconfigured(f"Unable to transform the message ({error})") from None
