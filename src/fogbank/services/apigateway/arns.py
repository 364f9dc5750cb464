"""IAM's view of the control plane: the action is the HTTP verb, the resource the URL's path.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from fogbank.core.context import Context
from fogbank.core.operation import Fidelity, operation

F = TypeVar("F", bound=Callable[..., Any])


class _Labels(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "*"


def at(path: str) -> Callable[[Context, dict[str, Any]], str]:
    """`(ctx, req)` -> the ARN of `path` with the request's members in it: arn:aws:apigateway:REGION::/restapis/ID."""

    def arn(ctx: Context, req: dict[str, Any]) -> str:
        return ctx.arn("apigateway", path.format_map(_Labels(req)), account="")

    return arn


def call(name: str, verb: str, path: str, *, fidelity: Fidelity = "real") -> Callable[[F], F]:
    """`@operation` of a control-plane call; `path` names request members: /restapis/{restApiId}."""
    return operation("apigateway", name, action=f"apigateway:{verb}", resource=at(path), fidelity=fidelity)


def tagged(ctx: Context, req: dict[str, Any]) -> str:
    """The resource of the tag operations: /tags/ and the encoded ARN."""
    return ctx.arn("apigateway", f"/tags/{quote(req['resourceArn'], safe='')}", account="")


def execute_arn(partition: str, region: str, account: str, api: str, rest: str) -> str:
    """arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path"""
    return f"arn:{partition}:execute-api:{region}:{account}:{api}/{rest}"
