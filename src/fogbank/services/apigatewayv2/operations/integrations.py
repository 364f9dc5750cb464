"""Integrations and their responses.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, Conflict
from fogbank.apis.passing import member
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import rules
from ..find import Req, call, changed, require_answer, require_api, require_part, scope_of
from ..part_operations import answer_operations, part_operations
from ..parts import changed_integration, new_integration
from ..records import HTTP, INTEGRATION_RESPONSES, INTEGRATIONS, ROUTES, Answer, Api, Part
from ..snapshots import redeploy

_PATH = "/apis/{ApiId}/integrations"
_INTEGRATION = _PATH + "/{IntegrationId}"
_RESPONSES = _INTEGRATION + "/integrationresponses"
_RESPONSE = (
    "ContentHandlingStrategy", "IntegrationResponseKey", "ResponseParameters", "ResponseTemplates",
    "TemplateSelectionExpression",
)  # fmt: skip


def _unused(tx: Transaction, api: Api, part: Part) -> None:
    """Raise Conflict while a route has the integration as its target (the text is not confirmed)."""
    target = f"integrations/{part.id}"
    if any(route.shape.get("Target") == target for route in tx.scan(ROUTES, scope_of(api))):
        raise Conflict(f"Cannot delete Integration '{part.id}' because it is referenced by a Route.")
    for answer in list(tx.scan(INTEGRATION_RESPONSES, (*scope_of(api), part.id))):
        tx.delete(INTEGRATION_RESPONSES, INTEGRATION_RESPONSES.key(answer))


get_integration, get_integrations, delete_integration = part_operations(
    __name__, INTEGRATIONS, "Integration", "Integrations", _PATH, _unused
)
get_integration_response, get_integration_responses, delete_integration_response = answer_operations(
    __name__, INTEGRATION_RESPONSES, INTEGRATIONS, "IntegrationResponse", _RESPONSES, "IntegrationId"
)


@call("CreateIntegration", "POST", _PATH, also=member("CredentialsArn"))
def create_integration(ctx: Context, req: Req) -> dict[str, Any]:
    """Create an integration."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        integration = new_integration(tx, ctx, api, req)
        redeploy(tx, ctx, api)
        changed(tx)
    return integration.shape


@call("UpdateIntegration", "PATCH", _INTEGRATION, also=member("CredentialsArn"))
def update_integration(ctx: Context, req: Req) -> dict[str, Any]:
    """Change an integration. Entries of maps that are given empty go."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        integration = require_part(tx, ctx, INTEGRATIONS, api.id, req["IntegrationId"])
        changed_integration(tx, api, integration, req)
        tx.put(INTEGRATIONS, integration)
        redeploy(tx, ctx, api)
        changed(tx)
    return integration.shape


# -- integration responses ---------------------------------------------------------------------------------------------


@call("CreateIntegrationResponse", "POST", _RESPONSES)
def create_integration_response(ctx: Context, req: Req) -> dict[str, Any]:
    """Map what a backend of a WebSocket API answers.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-responses.html
    """
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        if api.protocol == HTTP:
            raise BadRequest("Integration responses are only supported for WebSocket APIs")  # not confirmed
        integration = require_part(tx, ctx, INTEGRATIONS, api.id, req["IntegrationId"])
        for answer in tx.scan(INTEGRATION_RESPONSES, (*scope_of(api), integration.id)):
            if answer.shape["IntegrationResponseKey"] == req["IntegrationResponseKey"]:
                raise Conflict(
                    f"Integration response with key {req['IntegrationResponseKey']} already exists"
                )  # not confirmed
        shape = {**rules.present(req, _RESPONSE), "IntegrationResponseId": ctx.ids.lower(7)}
        made = Answer(account=api.account, region=api.region, api=api.id, parent=integration.id,
                      id=shape["IntegrationResponseId"], shape=shape)  # fmt: skip
        tx.put(INTEGRATION_RESPONSES, made)
        redeploy(tx, ctx, api)
    return shape


@call("UpdateIntegrationResponse", "PATCH", _RESPONSES + "/{IntegrationResponseId}")
def update_integration_response(ctx: Context, req: Req) -> dict[str, Any]:
    """Change an integration response. Maps are replaced."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        id = req["IntegrationResponseId"]
        answer = require_answer(tx, ctx, INTEGRATION_RESPONSES, api.id, req["IntegrationId"], id)
        answer.shape = rules.without_empty({**answer.shape, **rules.present(req, _RESPONSE)})
        tx.put(INTEGRATION_RESPONSES, answer)
        redeploy(tx, ctx, api)
    return answer.shape
