"""The names of functions and event source mappings: parses them, and resolves them for authorization and operations.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (the forms of FunctionName)
https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html (the forms that policies are matched with)
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named, Tagged, remember, resolved
from fogbank.core.kinds import named as named_arn

from .errors import InvalidParameterValue, ResourceNotFound
from .records import FUNCTIONS, LATEST, MAPPINGS, POLICIES, Mapping, document

LAMBDA = "lambda.amazonaws.com"
FUNCTION = "function"
MISSING = "The resource you requested does not exist."
_QUALIFIER = r"\$LATEST|[a-zA-Z0-9_-]+"
_NAME = re.compile(
    r"(?:arn:(?P<partition>[^:]*):lambda:(?P<region>[^:]*):(?P<owner>[0-9]{12}):function:"
    r"|(?:(?P<account>[0-9]{12}):)?(?:function:)?)"
    rf"(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>{_QUALIFIER}))?"
)
_DESTINATION = re.compile(
    r"(sqs):[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+(?:\.fifo)?|(sns|lambda|events):[a-z0-9-]+:[0-9]{12}:[^:].*|(s3):::.+"
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Target(msgspec.Struct, frozen=True):
    """The function that a request names. `qualifier` is "" when the request names none."""

    account: str
    region: str
    name: str
    qualifier: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.region, self.name)


def read(ctx: Context, text: str, qualifier: str | None = None) -> Target:
    """Parses a FunctionName: a name, a partial ARN ([ACCOUNT:][function:]NAME) or an ARN.

    Each of them may end with a qualifier. Raises InvalidParameterValue for other forms and when the name and
    `qualifier` disagree, ResourceNotFound for another region.
    """
    match = _NAME.fullmatch(text)
    if match is None or match["partition"] not in (None, ctx.partition):
        raise InvalidParameterValue(f"Invalid function name: {text}")
    derived = match["qualifier"] or ""
    if derived and qualifier and derived != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    if qualifier and not re.fullmatch(_QUALIFIER, qualifier):
        raise InvalidParameterValue(f"Invalid qualifier: {qualifier}")
    if match["region"] not in (None, ctx.region):
        raise ResourceNotFound(f"Functions from '{match['region']}' are not reachable in this region ('{ctx.region}')")
    if len(match["name"]) > 64:
        raise InvalidParameterValue(f"Function name is too long: {match['name']}")
    return Target(match["owner"] or match["account"] or ctx.account, ctx.region, match["name"], qualifier or derived)


def target(ctx: Context, text: str, qualifier: str | None = None) -> Target:
    """Returns the function that a request names, as authorization resolved it."""
    if ctx.names is None:
        return read(ctx, text, qualifier)
    found: Target = resolved(ctx, FUNCTION, text).key
    return found


def function_arn(ctx: Context, account: str, name: str, qualifier: str = "") -> str:
    """arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]"""
    tail = f":{qualifier}" if qualifier else ""
    return ctx.arn("lambda", f"function:{name}{tail}", account=account)


def arn_of(ctx: Context, which: Target) -> str:
    return function_arn(ctx, which.account, which.name, which.qualifier)


def resource_of(ctx: Context, which: Target) -> Named:
    """Names a target for authorization: its ARN, and the resource policy of its qualifier.

    The policy is deleted together with the function.
    """
    with ctx.read() as tx:
        policy = tx.get(POLICIES, (*which.key, "" if which.qualifier == LATEST else which.qualifier))
    text = document(policy.statements) if policy is not None else None
    record = Tagged(partial(_tags, ctx, which))
    return named_arn(arn_of(ctx, which), which.account, policy=text, key=which, record=record)


def _tags(ctx: Context, which: Target) -> dict[str, str]:
    with ctx.read() as tx:
        found = tx.get(FUNCTIONS, which.key)
    return found.tags if found is not None else {}


def named(ctx: Context, req: dict[str, Any]) -> Named:
    """Names the function of a request, without a qualifier."""
    return remembered(ctx, req["FunctionName"], Target(*read(ctx, req["FunctionName"]).key))


def qualified(ctx: Context, req: dict[str, Any]) -> Named:
    """Names the function of a request, with the request's qualifier if there is one."""
    return remembered(ctx, req["FunctionName"], read(ctx, req["FunctionName"], req.get("Qualifier")))


def remembered(ctx: Context, text: str, which: Target) -> Named:
    return remember(ctx, FUNCTION, text, resource_of(ctx, which))


# -- event source mappings, and what has tags --------------------------------------------------------------------------


def _mapping_key(ctx: Context, text: str) -> tuple[str, str, str]:
    if not _UUID.fullmatch(text):
        raise ResourceNotFound(MISSING)
    return ctx.account, ctx.region, text


def _mapping_in_arn(ctx: Context, text: str) -> tuple[str, str, str]:
    parts = text.split(":")
    key = (parts[4], ctx.region, parts[-1])
    if not re.fullmatch(r"[0-9]{12}", key[0]) or mapping_arn(ctx, key) != text:
        raise InvalidParameterValue(f"Invalid resource: {text}")
    return key


def mapping_arn(ctx: Context, key: tuple[str, str, str], mapping: Mapping | None = None) -> str:
    return ctx.arn("lambda", f"event-source-mapping:{key[2]}", account=key[0])


MAPPING: Kind[Mapping] = Kind(
    "event source mapping",
    MAPPINGS,
    key=_mapping_key,
    arn=mapping_arn,
    missing=lambda ctx, key: ResourceNotFound(MISSING),
)
MAPPING_BY_ARN: Kind[Mapping] = Kind(
    "event source mapping by ARN", MAPPINGS, key=_mapping_in_arn, arn=mapping_arn, missing=MAPPING.missing
)


def names_mapping(text: str) -> bool:
    """Returns whether the sixth part of an ARN says that it names an event source mapping."""
    return text.split(":")[5:6] == ["event-source-mapping"]


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    """Names a resource that can have tags, by its ARN: a function without a qualifier, or an event source mapping."""
    text = req["Resource"]
    if names_mapping(text):
        return MAPPING_BY_ARN.name(ctx, text)
    if not text.startswith("arn:"):
        raise InvalidParameterValue(f"Invalid resource: {text}")
    which = read(ctx, text)
    if which.qualifier:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. Please specify either a function ARN, an event "
            "source mapping ARN, or a code signing config ARN."
        )
    return remembered(ctx, text, which)


def service_of(ctx: Context, arn: str) -> str:
    """Returns the service of a valid destination ARN in this partition; an empty string for any other text."""
    match = _DESTINATION.fullmatch(arn.removeprefix(f"arn:{ctx.partition}:"))
    return match[match.lastindex or 0] if match else ""


def number_of(qualifier: str) -> int | None:
    """Returns the number of a version, 0 for "" and $LATEST, None for an alias."""
    if qualifier in ("", LATEST):
        return 0
    return int(qualifier) if re.fullmatch(r"[1-9][0-9]*", qualifier) else None
