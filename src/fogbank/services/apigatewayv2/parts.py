"""Routes, integrations and the like as records: how they are made and changed, by whichever operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.apis.errors import BadRequest, Conflict, NotFound
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import quotas, rules
from .find import scope_of
from .records import AUTHORIZERS, HTTP, INTEGRATIONS, ROUTES, Api, Part

ROUTE = (
    "ApiKeyRequired", "AuthorizationScopes", "AuthorizationType", "AuthorizerId", "ModelSelectionExpression",
    "OperationName", "RequestModels", "RequestParameters", "RouteKey", "RouteResponseSelectionExpression", "Target",
)  # fmt: skip
INTEGRATION = (
    "ConnectionId", "ConnectionType", "ContentHandlingStrategy", "CredentialsArn", "Description", "IntegrationMethod",
    "IntegrationSubtype", "IntegrationType", "IntegrationUri", "PassthroughBehavior", "PayloadFormatVersion",
    "RequestParameters", "RequestTemplates", "ResponseParameters", "TemplateSelectionExpression", "TimeoutInMillis",
    "TlsConfig",
)  # fmt: skip
_TYPES = {HTTP: ("HTTP_PROXY", "AWS_PROXY"), "WEBSOCKET": ("AWS", "HTTP", "MOCK", "HTTP_PROXY", "AWS_PROXY")}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
SUBTYPES: dict[str, tuple[str, ...]] = {
    "EventBridge-PutEvents": ("Detail", "DetailType", "Source"),
    "SQS-SendMessage": ("QueueUrl", "MessageBody"),
    "SQS-ReceiveMessage": ("QueueUrl",),
    "SQS-DeleteMessage": ("ReceiptHandle", "QueueUrl"),
    "SQS-PurgeQueue": ("QueueUrl",),
    "AppConfig-GetConfiguration": ("Application", "Environment", "Configuration", "ClientId"),
    "Kinesis-PutRecord": ("StreamName", "Data", "PartitionKey"),
    "StepFunctions-StartExecution": ("StateMachineArn",),
    "StepFunctions-StartSyncExecution": ("StateMachineArn",),
    "StepFunctions-StopExecution": ("ExecutionArn",),
}


def _part(api: Api, id: str, shape: dict[str, Any]) -> Part:
    return Part(account=api.account, region=api.region, api=api.id, id=id, shape=shape)


# -- integrations ------------------------------------------------------------------------------------------------------


def new_integration(tx: Transaction, ctx: Context, api: Api, given: Mapping[str, Any], managed: bool = False) -> Part:
    """Store a new integration with AWS's defaults. Raises BadRequest, LimitExceeded."""
    if api.protocol == HTTP:
        quotas.hold(tx, ctx, api, "integrations")
    shape: dict[str, Any] = {"ConnectionType": "INTERNET", "TimeoutInMillis": rules.SECONDS[api.protocol] * 1000}
    if api.protocol != HTTP:
        shape |= {"PassthroughBehavior": "WHEN_NO_MATCH", "PayloadFormatVersion": "1.0", "RequestTemplates": {}}
    shape |= rules.without_empty(rules.present(given, INTEGRATION))
    if shape["IntegrationType"] in ("AWS", "HTTP", "MOCK") and api.protocol != HTTP:
        by_error = ":lambda:" in (shape.get("IntegrationUri") or "")
        selected = "${integration.response.body.errorMessage}" if by_error else "${integration.response.statuscode}"
        shape["IntegrationResponseSelectionExpression"] = selected
    check_integration(shape, api.protocol)
    shape["IntegrationId"] = ctx.ids.lower(7)
    if managed:
        shape["ApiGatewayManaged"] = True
    made = _part(api, shape["IntegrationId"], shape)
    tx.put(INTEGRATIONS, made)
    return made


def check_integration(shape: dict[str, Any], protocol: str) -> None:
    """Raise BadRequest for an integration that cannot be. Texts are not confirmed unless noted."""
    kind, subtype = shape["IntegrationType"], shape.get("IntegrationSubtype")
    if kind not in _TYPES[protocol]:
        raise BadRequest(f"Invalid integration type {kind} for protocol {protocol}")
    most = rules.SECONDS[protocol] * 1000
    if not 50 <= shape["TimeoutInMillis"] <= most:
        raise BadRequest(f"Timeout should be between 50 ms and {most} ms")
    if shape["ConnectionType"] == "VPC_LINK" and not shape.get("ConnectionId"):
        raise BadRequest("ConnectionId is required for VPC_LINK integrations")
    if subtype:
        _check_subtype(shape, subtype, protocol)
    elif kind != "MOCK" and not shape.get("IntegrationUri"):
        raise BadRequest("IntegrationUri is required")
    if protocol == HTTP:
        if not shape.get("PayloadFormatVersion"):
            raise BadRequest("PayloadFormatVersion is a required parameter for integration")
        if shape["PayloadFormatVersion"] not in (("1.0", "2.0") if kind == "AWS_PROXY" and not subtype else ("1.0",)):
            raise BadRequest(f"PayloadFormatVersion {shape['PayloadFormatVersion']} is not supported")
        if kind == "HTTP_PROXY" and not shape.get("IntegrationMethod"):
            raise BadRequest("HttpMethod must be specified for HTTP_PROXY integrations")
        if kind == "AWS_PROXY" and not subtype:
            shape.setdefault("IntegrationMethod", "POST")
        rules.check_http_mappings(shape)


def _check_subtype(shape: Mapping[str, Any], subtype: str, protocol: str) -> None:
    if protocol != HTTP or shape["IntegrationType"] != "AWS_PROXY" or subtype not in SUBTYPES:
        raise BadRequest(f"Invalid integration subtype {subtype}")
    if not shape.get("CredentialsArn"):
        raise BadRequest("CredentialsArn is required for AWS service integrations")
    missing = [name for name in SUBTYPES[subtype] if not (shape.get("RequestParameters") or {}).get(name)]
    if missing:
        raise BadRequest(f"Parameter {missing[0]} is required for {subtype}")


def changed_integration(tx: Reader, api: Api, part: Part, given: Mapping[str, Any]) -> None:
    """Apply an update to an integration. Raises BadRequest.

    Parameters that are given empty go, and others stay; templates are replaced.
    """
    shape = dict(part.shape)
    for name, value in rules.present(given, INTEGRATION).items():
        if name in ("RequestParameters", "ResponseParameters"):
            value = rules.merged(shape.get(name), value)
        shape[name] = rules.without_empty(value) if isinstance(value, dict) else value
    shape = {name: value for name, value in shape.items() if value not in ("", {}) or name == "RequestTemplates"}
    check_integration(shape, api.protocol)
    part.shape = shape


# -- routes ------------------------------------------------------------------------------------------------------------


def new_route(tx: Transaction, ctx: Context, api: Api, given: Mapping[str, Any], managed: bool = False) -> Part:
    """Store a new route. Raises BadRequest, Conflict, NotFound, LimitExceeded."""
    quotas.hold(tx, ctx, api, "routes")
    shape: dict[str, Any] = {"ApiKeyRequired": False, "AuthorizationType": "NONE"}
    shape |= rules.without_empty(rules.present(given, ROUTE))
    check_route(tx, api, shape)
    shape["RouteId"] = ctx.ids.lower(7)
    if managed:
        shape["ApiGatewayManaged"] = True
    made = _part(api, shape["RouteId"], shape)
    tx.put(ROUTES, made)
    return made


def check_route(tx: Reader, api: Api, shape: Mapping[str, Any], id: str = "") -> None:
    """Raise the error of AWS for a route that cannot be."""
    key = shape.get("RouteKey") or ""
    rules.check_route_key(key, api.protocol)
    held = tx.first(ROUTES, "key", (*scope_of(api), key))
    if held is not None and held.id != id:
        raise Conflict(f"Route with key {key} already exists for this API")
    target = shape.get("Target")
    if target:
        kind, _, integration = target.partition("/")
        if kind != "integrations" or not integration:
            raise BadRequest(f"Invalid target {target}. Target should be integrations/IntegrationId")
        if tx.get(INTEGRATIONS, (*scope_of(api), integration)) is None:
            raise NotFound(f"Invalid Integration identifier specified {integration}")
    _check_authorization(tx, api, shape)


def _check_authorization(tx: Reader, api: Api, shape: Mapping[str, Any]) -> None:
    kind, authorizer = shape["AuthorizationType"], shape.get("AuthorizerId")
    if api.protocol != HTTP and kind == "JWT":
        raise BadRequest("JWT authorizers are only supported for HTTP APIs")
    if api.protocol != HTTP and kind != "NONE" and shape["RouteKey"] != "$connect":
        raise BadRequest("Currently, authorization is restricted to the $connect route only")
    if kind not in ("JWT", "CUSTOM"):
        return
    found = tx.get(AUTHORIZERS, (*scope_of(api), authorizer)) if authorizer else None
    if found is None:
        raise BadRequest("Invalid authorizer identifier specified")
    if (found.shape["AuthorizerType"] == "JWT") != (kind == "JWT"):
        raise BadRequest(f"Authorizer type {found.shape['AuthorizerType']} does not fit authorization type {kind}")


def changed_route(tx: Reader, api: Api, part: Part, given: Mapping[str, Any]) -> None:
    """Apply an update to a route. Raises the errors of `check_route`."""
    shape = dict(part.shape)
    for name, value in rules.present(given, ROUTE).items():
        if name == "RequestParameters":
            value = rules.merged(shape.get(name), value)
        shape[name] = rules.without_empty(value) if isinstance(value, dict) else value
    shape = rules.without_empty(shape)
    if shape["AuthorizationType"] in ("NONE", "AWS_IAM"):
        shape.pop("AuthorizerId", None)
    if shape["AuthorizationType"] != "JWT":
        shape.pop("AuthorizationScopes", None)
    check_route(tx, api, shape, part.id)
    part.shape = shape
