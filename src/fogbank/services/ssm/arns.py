"""The resources that Parameter Store's actions name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access

from .public import PREFIX


def arn_of(ctx: Context, name: str) -> str:
    """`/a/b` and `b` alike: arn:aws:ssm:REGION:ACCOUNT:parameter/…; AWS's own have no account."""
    account = "" if f"{name}/".startswith(PREFIX) else None
    return ctx.arn("ssm", f"parameter/{name.removeprefix('/')}", account=account)


def bare_name(name: str) -> str:
    """The name in `name`, `name:3`, `name:label` or a parameter's ARN."""
    if name.startswith("arn:"):
        path = name.split(":parameter", 1)[-1]
        name = path if path.count("/") > 1 or ":" in path.partition("/")[0] else path.removeprefix("/")
    return name.partition(":")[0]


def parameter_arn(ctx: Context, req: dict[str, Any]) -> str:
    return arn_of(ctx, bare_name(req["Name"]))


def parameter_arns(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """One permission per named parameter."""
    return [Access("", arn_of(ctx, bare_name(name))) for name in req["Names"]]


def path_arn(ctx: Context, req: dict[str, Any]) -> str:
    return arn_of(ctx, req["Path"].rstrip("/"))


def tagged_arn(ctx: Context, req: dict[str, Any]) -> str:
    return arn_of(ctx, req["ResourceId"])
