"""First-class integrations of HTTP APIs: call an operation of an AWS service as the integration's role.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html

Request parameters are the operation's members by name. Members that are no text are given as JSON.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from fogbank.apis.acting import as_role, timed_out
from fogbank.apis.failures import misconfigured
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.wire import models
from fogbank.wire.models import OperationModel
from fogbank.wire.shapes import Shape

from . import mapping
from .exchange import Exchange

# word in the subtype: (service, protocol of the response; empty: the service's own)
_SERVICES = {
    "EventBridge": ("events", ""),
    "SQS": ("sqs", "query"),
    "AppConfig": ("appconfig", ""),
    "Kinesis": ("kinesis", ""),
    "StepFunctions": ("stepfunctions", ""),
}


async def run(exchange: Exchange) -> Response:
    """Call the operation of the subtype, and answer with its result or its error."""
    shape = exchange.route.integration or {}
    word, _, name = shape["IntegrationSubtype"].partition("-")
    service, protocol = _SERVICES[word]
    model = models.load(service)
    operation = model.operations[name]
    protocol = protocol or model.protocols[0]
    values = mapping.Values(exchange)
    given = {member: await values.text(source) for member, source in shape["RequestParameters"].items()}
    region = given.pop("Region", None)
    ctx = await as_role(exchange.ctx, shape["CredentialsArn"], exchange.source_arn, region or exchange.ctx.region)
    if name == "PutEvents":
        request = {"Entries": [_members(_entry(operation), given)]}
    else:
        request = _members(_input(operation), given)
    response = await _call(exchange, ctx, service, operation, request, protocol, shape["TimeoutInMillis"] / 1000)
    exchange.integration_status = response.status
    return response


async def _call(
    exchange: Exchange, ctx: Context, service: str, operation: OperationModel, request: dict[str, Any], protocol: str,
    seconds: float,
) -> Response:  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            result = await ctx.call(service, operation.name, request)
    except TimeoutError:
        raise timed_out() from None
    except ServiceError as error:
        exchange.failure = f"{error.code}: {error.message}"
        return operation.error(protocol, error, exchange.ctx.request_id, exchange.request.method)
    return operation.serialize(protocol, result, exchange.ctx.request_id)


def _input(operation: OperationModel) -> Shape:
    assert operation.input_shape is not None
    return operation.input_shape


def _entry(operation: OperationModel) -> Shape:
    """The structure of one event of PutEvents."""
    return _input(operation).members["Entries"].shape.member.shape


def _members(shape: Shape, given: dict[str, str | None]) -> dict[str, Any]:
    """The request's members, typed as the model says. Raises GatewayError for a value that does not fit.

    The models of some services write their members with a small first letter, and the parameters with a capital one.
    """
    names = {name[:1].upper() + name[1:]: name for name in shape.members}
    found = {}
    for parameter, text in given.items():
        name = names.get(parameter)
        if name is None:
            raise misconfigured(f"Unknown parameter {parameter}")
        if text is not None:
            found[name] = _typed(shape.members[name].shape, parameter, text)
    return found


def _typed(shape: Shape, parameter: str, text: str) -> Any:
    match shape.type:
        case "string":
            return text
        case "blob":
            return text.encode()
        case "timestamp":
            try:
                return float(text)
            except ValueError:
                return text
        case "list":
            try:
                value = msgspec.json.decode(text)
            except (ValueError, RecursionError):
                value = [part.strip() for part in text.split(",")]
            return value if isinstance(value, list) else [value]
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise misconfigured(f"Parameter {parameter} cannot be read: {text[:100]}") from None
