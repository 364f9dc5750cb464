"""TestInvokeMethod, TestInvokeAuthorizer: a method of the API as it stands, without a stage.

https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import NotFound
from fogbank.apis.failures import GatewayError
from fogbank.core.context import Context
from fogbank.core.http import Request, Response

from .. import snapshot
from ..arns import call
from ..dataplane import answers, authorizers, integrations
from ..dataplane.exchange import Exchange
from ..dataplane.logs import execution_lines
from ..dataplane.running import Deployed, Route, Running, compiled
from ..lookups import require_api, require_method, require_resource
from ..records import Resource

STAGE = "test-invoke-stage"


def _exchange(ctx: Context, req: dict[str, Any], deployed: Deployed, method: str, api: str) -> Exchange:
    path, _, query = (req.get("pathWithQueryString") or "/").partition("?")
    headers = list((req.get("headers") or {}).items())
    headers += [(n, v) for n, values in (req.get("multiValueHeaders") or {}).items() for v in values]
    body = (req.get("body") or "").encode()
    request = Request(method, path, query, headers, body, scheme="https", client="test-invoke-source-ip")
    variables = req.get("stageVariables") or {}
    running = Running(account=ctx.account, region=ctx.region, api=api, stage=STAGE, shape={}, deployed=deployed,
                      variables=variables, cache={})  # fmt: skip
    exchange = Exchange(request, running, path, ctx)
    exchange.body = body
    return exchange


def _parameters(template: str, path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    parts = path.strip("/").split("/")
    for index, part in enumerate(template.strip("/").split("/")):
        if part.endswith("+}"):
            found[part[1:-2]] = "/".join(parts[index:])
        elif part.startswith("{") and index < len(parts):
            found[part[1:-1]] = parts[index]
    return found


@call("TestInvokeMethod", "POST", "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}")
async def test_invoke_method(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Run a method's integration; authorizers, keys and throttles are passed over."""

    def look(tx: Any) -> tuple[Resource, dict[str, Any], dict[str, Any]]:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        method = require_method(resource, req["httpMethod"])
        return resource, method, snapshot.take(tx, require_api(tx, ctx, req["restApiId"]))

    resource, method, content = await ctx.fetch(look)
    deployed = compiled("test", {**content, "resources": []})
    verb = "GET" if req["httpMethod"] == "ANY" else req["httpMethod"]
    exchange = _exchange(ctx, {**req, "pathWithQueryString": req.get("pathWithQueryString") or resource.path}, deployed,
                         verb, resource.api)  # fmt: skip
    integration = method.get("methodIntegration")
    if integration is None:
        raise NotFound("No integration defined for method")
    exchange.route = Route(resource.id, resource.path, req["httpMethod"], method, integration)
    exchange.parameters = _parameters(resource.path, exchange.path)
    started = ctx.clock.monotonic()
    try:
        response = await integrations.run(exchange)
    except GatewayError as error:
        exchange.failure = error.why
        response = answers.answer(exchange, error)
    return _shown(exchange, response, ctx.clock.monotonic() - started)


def _shown(exchange: Exchange, response: Response, seconds: float) -> dict[str, Any]:
    multi: dict[str, list[str]] = {}
    for name, value in response.headers:
        multi.setdefault(name, []).append(value)
    body = response.body if isinstance(response.body, bytes) else b""
    return {
        "status": response.status,
        "body": body.decode("utf-8", "replace"),
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
        "log": "\n".join(execution_lines(exchange, response, seconds)),
        "latency": int(seconds * 1000),
    }


@call("TestInvokeAuthorizer", "POST", "/restapis/{restApiId}/authorizers/{authorizerId}")
async def test_invoke_authorizer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Ask an authorizer; nothing is remembered."""
    content = await ctx.fetch(lambda tx: snapshot.take(tx, require_api(tx, ctx, req["restApiId"])))
    deployed = compiled("test", {**content, "resources": []})
    if req["authorizerId"] not in deployed.authorizers:
        raise NotFound("Invalid Authorizer identifier specified")
    exchange = _exchange(ctx, req, deployed, "GET", req["restApiId"])
    exchange.route = Route("test", "/", "GET", {"authorizerId": req["authorizerId"]}, {})
    started = ctx.clock.monotonic()
    answer: dict[str, Any] = {"clientStatus": 0, "log": ""}
    try:
        await authorizers.authorize(exchange)
    except GatewayError as error:
        if error.kind != "ACCESS_DENIED":
            answer["clientStatus"] = error.status
        answer["log"] = error.why
    answer["latency"] = int((ctx.clock.monotonic() - started) * 1000)
    if exchange.authorizer:
        answer["principalId"] = exchange.authorizer["principalId"]
        answer["policy"] = exchange.authorizer_policy
    return answer
