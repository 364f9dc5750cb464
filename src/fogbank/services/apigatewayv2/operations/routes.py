"""Routes and their responses.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context

from .. import rules
from ..find import Req, call, changed, require_answer, require_api, require_part
from ..part_operations import answer_operations, part_operations
from ..parts import changed_route, new_route
from ..records import HTTP, ROUTE_RESPONSES, ROUTES, Answer
from ..snapshots import redeploy

_PATH = "/apis/{ApiId}/routes"
_ROUTE = _PATH + "/{RouteId}"
_RESPONSES = _ROUTE + "/routeresponses"
_RESPONSE = ("ModelSelectionExpression", "ResponseModels", "ResponseParameters", "RouteResponseKey")

get_route, get_routes, delete_route = part_operations(__name__, ROUTES, "Route", "Routes", _PATH)
get_route_response, get_route_responses, delete_route_response = answer_operations(
    __name__, ROUTE_RESPONSES, ROUTES, "RouteResponse", _RESPONSES, "RouteId"
)


@call("CreateRoute", "POST", _PATH)
def create_route(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a route."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        route = new_route(tx, ctx, api, req)
        redeploy(tx, ctx, api)
        changed(tx)
    return route.shape


@call("UpdateRoute", "PATCH", _ROUTE)
def update_route(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a route."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        route = require_part(tx, ctx, ROUTES, api.id, req["RouteId"])
        changed_route(tx, api, route, req)
        tx.put(ROUTES, route)
        redeploy(tx, ctx, api)
        changed(tx)
    return route.shape


@call("DeleteRouteRequestParameter", "DELETE", _ROUTE + "/requestparameters/{RequestParameterKey}")
def delete_route_request_parameter(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove a request parameter of a WebSocket API's route."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        route = require_part(tx, ctx, ROUTES, api.id, req["RouteId"])
        parameters = dict(route.shape.get("RequestParameters") or {})
        if parameters.pop(req["RequestParameterKey"], None) is None:
            raise NotFound("Invalid request parameter identifier specified")  # not confirmed
        route.shape["RequestParameters"] = parameters
        tx.put(ROUTES, route)
        redeploy(tx, ctx, api)
    return {}


# -- route responses ---------------------------------------------------------------------------------------------------


@call("CreateRouteResponse", "POST", _RESPONSES)
def create_route_response(ctx: Context, req: Req) -> dict[str, Any]:
    """Let a WebSocket route answer. Only $default is supported as its key.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
    """
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        if api.protocol == HTTP:
            raise BadRequest("Route responses are only supported for WebSocket APIs")  # not confirmed
        route = require_part(tx, ctx, ROUTES, api.id, req["RouteId"])
        if req["RouteResponseKey"] != rules.DEFAULT:
            raise BadRequest("Invalid route response key: only $default is supported")  # not confirmed
        shape = {**rules.present(req, _RESPONSE), "RouteResponseId": ctx.ids.lower(7)}
        tx.put(ROUTE_RESPONSES, Answer(account=api.account, region=api.region, api=api.id, parent=route.id,
                                       id=shape["RouteResponseId"], shape=shape))  # fmt: skip
        redeploy(tx, ctx, api)
    return shape


@call("UpdateRouteResponse", "PATCH", _RESPONSES + "/{RouteResponseId}")
def update_route_response(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a route response."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        answer = require_answer(tx, ctx, ROUTE_RESPONSES, api.id, req["RouteId"], req["RouteResponseId"])
        answer.shape = rules.without_empty({**answer.shape, **rules.present(req, _RESPONSE)})
        tx.put(ROUTE_RESPONSES, answer)
        redeploy(tx, ctx, api)
    return answer.shape
