"""The names of layers and layer versions: a name or ARN, with a version number in it or next to it.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named, resolved

from .errors import InvalidParameterValue, ResourceNotFound
from .records import LAYER_COUNTERS, LAYERS, Layer, LayerCounter, document

MISSING = "The resource you requested does not exist."
Place = tuple[str, str, str]  # account, region, name
_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):lambda:(?P<region>[^:]*):(?P<account>[0-9]{12}):layer:(?P<name>[a-zA-Z0-9_-]{1,140})"
)
_NUMBER = re.compile(r"[1-9][0-9]*")


def layer_arn(ctx: Context, account: str, name: str, number: int = 0) -> str:
    tail = f":{number}" if number else ""
    return ctx.arn("lambda", f"layer:{name}{tail}", account=account)


def _in_arn(ctx: Context, text: str) -> Place:
    match = _ARN.fullmatch(text)
    if match is None or match["partition"] != ctx.partition:
        raise InvalidParameterValue(f"Invalid layer name: {text}")
    if match["region"] != ctx.region:
        raise InvalidParameterValue(
            f"Layers are not in the same region as the function. Layers are expected to be in region {ctx.region}."
        )
    return match["account"], match["region"], match["name"]


def _named(ctx: Context, text: str) -> Place:
    if re.fullmatch(r"[a-zA-Z0-9_-]{1,140}", text):
        return ctx.account, ctx.region, text
    return _in_arn(ctx, text)


def _numbered(ctx: Context, text: str) -> tuple[str, str, str, int]:
    """Parses NAME:NUMBER or ARN:NUMBER, the form in which `version` joins a request's two members."""
    name, _, number = text.rpartition(":")
    if not _NUMBER.fullmatch(number):
        raise InvalidParameterValue(f"Layer Version Number must be greater than 0, not {number}.")
    return (*_named(ctx, name), int(number))


def _version_in_arn(ctx: Context, text: str) -> tuple[str, str, str, int]:
    name, _, number = text.rpartition(":")
    if not _NUMBER.fullmatch(number):
        raise InvalidParameterValue(f"Invalid layer version ARN: {text}")
    return (*_in_arn(ctx, name), int(number))


def _policy(layer: Layer) -> str | None:
    return document(layer.statements) if layer.statements else None


LAYER: Kind[LayerCounter] = Kind(
    "layer",
    LAYER_COUNTERS,
    key=_named,
    arn=lambda ctx, key, counter: layer_arn(ctx, key[0], key[2]),
    missing=lambda ctx, key: ResourceNotFound(MISSING),
)
VERSION: Kind[Layer] = Kind(
    "layer version",
    LAYERS,
    key=_numbered,
    arn=lambda ctx, key, layer: layer_arn(ctx, key[0], key[2], key[3]),
    missing=lambda ctx, key: ResourceNotFound(MISSING),
    policy=_policy,
)
VERSION_BY_ARN: Kind[Layer] = Kind(
    "layer version by ARN", LAYERS, key=_version_in_arn, arn=VERSION.arn, missing=VERSION.missing, policy=_policy
)


def version(req: dict[str, Any]) -> str:
    """Joins a request's layer name and version number to the form that VERSION parses."""
    return f"{req['LayerName']}:{req['VersionNumber']}"


def named_version(ctx: Context, req: dict[str, Any]) -> Named:
    return VERSION.name(ctx, version(req))


def place(ctx: Context, name: str) -> Place:
    """Returns the key of the layer that a request names."""
    found: Place = _named(ctx, name) if ctx.names is None else resolved(ctx, LAYER.word, name).key
    return found
