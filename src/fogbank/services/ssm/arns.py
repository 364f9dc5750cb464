"""Looks up parameters by name or ARN, and names the resources and condition keys of Parameter Store's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access

from .errors import ParameterNotFound
from .public import PREFIX
from .records import PARAMETERS, Parameter, bare
from .references import REFERENCE
from .rules import check_form
from .sharing import combined

Key = tuple[str, str, str]  # account, region, name
AWS = "aws"  # the owner of public parameters


def arn_of(ctx: Context, name: str) -> str:
    """The ARN of `/a/b` or `b`: arn:aws:ssm:REGION:ACCOUNT:parameter/…. AWS's own parameters have no account."""
    return _arn(ctx, _here(ctx, name))


def arn_of_record(ctx: Context, parameter: Parameter) -> str:
    """The ARN of a parameter, which may be another account's."""
    return _arn(ctx, (parameter.account or AWS, parameter.region, parameter.name))


def _here(ctx: Context, name: str) -> Key:
    """The key of a parameter name. Apart from the slash before a root-level name, names are compared literally."""
    return (AWS if f"{name}/".startswith(PREFIX) else ctx.account), ctx.region, bare(name)


def _arn(ctx: Context, key: Key) -> str:
    account, region, name = key
    return ctx.arn(
        "ssm", f"parameter/{name.removeprefix('/')}", region=region, account="" if account == AWS else account
    )


def place(ctx: Context, text: str) -> tuple[Key, str]:
    """Parse a name to read into the parameter's key and a version or label: `name`, `name:3`, `name:label`, or its ARN.

    Raises ValidationException for a name that no parameter can have. An ARN without a hierarchy means the name without
    a slash. The error text is AWS's for colons in a name; whether AWS uses it for ARNs of another service, partition or
    region could not be confirmed.
    """
    if not text.startswith("arn:"):
        name, _, chosen = text.partition(":")
        if not name.startswith(REFERENCE):
            check_form(name)
        key = _here(ctx, name)
    else:
        head, _, rest = text.partition(":parameter/")
        path, _, chosen = rest.partition(":")
        account, name = head.rpartition(":")[2], f"/{path}" if "/" in path else path
        key = (account or AWS, ctx.region, name)
        known = arns.ACCOUNT.fullmatch(account) if account else _here(ctx, name) == key
        if not known or not path or f"{head}:parameter/{path}" != _arn(ctx, key):
            raise _no_name()
    if ":" in chosen:
        raise _no_name()
    return key, chosen


def _no_name() -> ValidationError:
    return ValidationError(
        "Invalid parameter name. Please use correct syntax for referencing a version/label <name>:<version/label>"
    )


NAMED: Kind[Parameter] = Kind(
    "parameter",
    PARAMETERS,
    key=_here,
    arn=lambda ctx, key, parameter: _arn(ctx, key),
    missing=lambda ctx, key: ParameterNotFound(),
)
READ: Kind[Parameter] = Kind(
    "parameter or its ARN",
    PARAMETERS,
    key=lambda ctx, text: place(ctx, text)[0],
    arn=NAMED.arn,
    missing=NAMED.missing,
    policy=lambda parameter: combined(parameter.shared),
)
by_name = NAMED.of("Name")
read = READ.of("Name")


def each_by_name(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """One permission for each named parameter."""
    return [Access("", NAMED.name(ctx, name)) for name in req["Names"]]


def each_read(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access("", READ.name(ctx, name)) for name in req["Names"]]


def shared_arn(ctx: Context, req: dict[str, Any]) -> Named:
    """The parameter whose resource policies a request is about, by its ARN."""
    return READ.name(ctx, req["ResourceArn"])


def put(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The resource of PutParameter. With tags, ssm:AddTagsToResource is needed too.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html
    """
    found = by_name(ctx, req)
    return [Access(action, found) for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]


def by_path(ctx: Context, req: dict[str, Any]) -> Named:
    """GetParametersByPath is allowed on the path, and covers everything below it.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-retrieval-authorization.html
    """
    key = _here(ctx, req["Path"].rstrip("/"))
    return named(_arn(ctx, key), key[0])
