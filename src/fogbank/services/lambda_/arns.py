"""The names of functions and layers: from requests to records, and to ARNs for authorisation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (the forms of FunctionName)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import Access

from .errors import InvalidParameterValue, ResourceNotFound
from .records import LATEST

_NAME = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)
_LAYER = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[^:]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9-_]+)(?::(?P<number>\d+))?"
)


class Target(msgspec.Struct, frozen=True):
    """The function that a request names. `qualifier` is "" when the request names none."""

    account: str
    region: str
    name: str
    qualifier: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.region, self.name)


def target(ctx: Context, text: str, qualifier: str | None = None) -> Target:
    """Read a FunctionName in any of its forms: name, partial ARN, ARN, each with or without a qualifier.

    Raises InvalidParameterValue when name and `qualifier` disagree, ResourceNotFound for another region.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise InvalidParameterValue(f"Invalid function name: {text}")
    derived = match["qualifier"] or ""
    if derived and qualifier and derived != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    if match["region"] and match["region"] != ctx.region:
        raise ResourceNotFound(f"Functions from '{match['region']}' are not reachable in this region ('{ctx.region}')")
    if len(match["name"]) > 64:
        raise InvalidParameterValue(f"Function name is too long: {match['name']}")
    return Target(match["account"] or ctx.account, ctx.region, match["name"], qualifier or derived)


def function_arn(ctx: Context, account: str, name: str, qualifier: str = "") -> str:
    """arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]"""
    tail = f":{qualifier}" if qualifier else ""
    return ctx.arn("lambda", f"function:{name}{tail}", account=account)


def arn_of(ctx: Context, which: Target) -> str:
    return function_arn(ctx, which.account, which.name, which.qualifier)


def _named(ctx: Context, req: dict[str, Any], *, qualified: bool) -> str:
    """The ARN that a request's FunctionName and Qualifier stand for; of any text, since it runs before validation."""
    match = _NAME.fullmatch(str(req.get("FunctionName", "")))
    if match is None:
        return ctx.arn("lambda", "function:*")
    qualifier = (req.get("Qualifier") or match["qualifier"] or "") if qualified else ""
    tail = f":{qualifier}" if qualifier else ""
    return ctx.arn(
        "lambda",
        f"function:{match['name']}{tail}",
        account=match["account"] or ctx.account,
        region=match["region"] or ctx.region,
    )


def named(ctx: Context, req: dict[str, Any]) -> str:
    """The function, without a qualifier."""
    return _named(ctx, req, qualified=False)


def qualified(ctx: Context, req: dict[str, Any]) -> str:
    """The function with the qualifier of the request, if there is one."""
    return _named(ctx, req, qualified=True)


def with_role(action: str) -> Callable[[Context, dict[str, Any]], list[Access]]:
    """The function, the role that is passed, and the layers that are used."""

    def resource(ctx: Context, req: dict[str, Any]) -> list[Access]:
        conditions = {"lambda:Layer": list(req["Layers"])} if req.get("Layers") else {}
        needed = [Access(action, named(ctx, req), conditions)]
        needed += [Access("lambda:GetLayerVersion", arn) for arn in req.get("Layers") or ()]
        if req.get("Role"):
            needed.append(Access("iam:PassRole", req["Role"], {"iam:PassedToService": "lambda.amazonaws.com"}))
        return needed

    return resource


def with_principal(action: str) -> Callable[[Context, dict[str, Any]], list[Access]]:
    """AddPermission and RemovePermission: who is let in is a condition key."""

    def resource(ctx: Context, req: dict[str, Any]) -> list[Access]:
        conditions: dict[str, str] = {}
        if req.get("Principal"):
            conditions["lambda:Principal"] = req["Principal"]
        if req.get("FunctionUrlAuthType"):
            conditions["lambda:FunctionUrlAuthType"] = req["FunctionUrlAuthType"]
        return [Access(action, qualified(ctx, req), conditions)]

    return resource


def tagged(ctx: Context, req: dict[str, Any]) -> str:
    return str(req.get("Resource", "*"))


class LayerTarget(msgspec.Struct, frozen=True):
    account: str
    region: str
    name: str
    number: int = 0


def layer_target(ctx: Context, text: str, number: int = 0) -> LayerTarget:
    """Read a layer's name, ARN or version ARN."""
    match = _LAYER.fullmatch(text)
    if match is None:
        if not re.fullmatch(r"[a-zA-Z0-9-_]{1,140}", text):
            raise InvalidParameterValue(f"Invalid layer name: {text}")
        return LayerTarget(ctx.account, ctx.region, text, number)
    return LayerTarget(match["account"], match["region"], match["name"], number or int(match["number"] or 0))


def layer_arn(ctx: Context, account: str, name: str, number: int = 0) -> str:
    tail = f":{number}" if number else ""
    return ctx.arn("lambda", f"layer:{name}{tail}", account=account)


def named_layer(ctx: Context, req: dict[str, Any]) -> str:
    match = _LAYER.fullmatch(str(req.get("LayerName", "")))
    name, account = (match["name"], match["account"]) if match else (str(req.get("LayerName", "*")), ctx.account)
    return layer_arn(ctx, account, name, int(req.get("VersionNumber") or 0))


def layer_by_arn(ctx: Context, req: dict[str, Any]) -> str:
    return str(req.get("Arn", "*"))


def mapping_arn(ctx: Context, req: dict[str, Any]) -> str:
    return ctx.arn("lambda", f"event-source-mapping:{req.get('UUID', '*')}")


def number_of(qualifier: str) -> int | None:
    """0 of "" and $LATEST, the number of a version, None of an alias."""
    if qualifier in ("", LATEST):
        return 0
    return int(qualifier) if qualifier.isdigit() else None
