"""AWS's provider schemas of CloudFormation resource types: their properties, and which of them can change.

The files in data/cfn hold all types that AWS publishes, one file for each middle part of their names (`S3` in
`AWS::S3::Bucket`). `tools/cfn_schemas.py` writes them. A file is read when a template first uses one of its types.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_FOLDER = Path(__file__).parent / "data" / "cfn"


class Definition(msgspec.Struct, frozen=True):
    """A structure and the types of its members. `open`: other members are allowed as well.

    `enums`: the values that members of a primitive type may have.

    A type is "string", "integer", "number", "boolean", "json" for anything, [item], {"*": value}, or "#Definition".
    """

    properties: dict[str, Any]
    required: tuple[str, ...] = ()
    open: bool = False
    enums: dict[str, list[Any]] = {}


class ResourceSchema(msgspec.Struct, frozen=True, rename="camel"):
    """The schema of one type. Properties are named by paths: `Tags`, `VpcConfig/Id`, and `Rules/*/Id` below a list.

    `classic` marks a type that CloudFormation implements itself, without a handler in its registry. `arn` and `forms`
    are forms of the values that AWS makes, with the places `<x17>` (an alphabet and a length) and `${Region}`;
    tools/cfn_values.py explains them.
    """

    properties: dict[str, Any]
    id: tuple[str, ...]  # the properties that identify a resource
    definitions: dict[str, Definition] = {}
    required: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()  # a change of one of these replaces the resource
    conditional_create_only: tuple[str, ...] = ()  # a change of one of these may replace it
    read_only: tuple[str, ...] = ()  # the attributes of Fn::GetAtt
    write_only: tuple[str, ...] = ()
    tags: str = ""  # the property with the tags, "" if there is none
    tags_fixed: bool = False  # tags cannot be changed
    classic: bool = False
    arn: str = ""
    forms: dict[str, str] = {}  # by path: read-only texts, and names that a template may leave out
    enums: dict[str, list[Any]] = {}  # as in Definition, of the properties
    actions: dict[str, str] = {}  # handler ("create", "update", "delete") -> the IAM action that it needs most


def find(type_name: str) -> ResourceSchema | None:
    """The schema of a type. None if AWS publishes no such type."""
    parts = type_name.split("::")
    if len(parts) != 3 or parts[0] != "AWS":
        return None
    return _schema(parts[1], type_name)


@cache
def _schema(word: str, type_name: str) -> ResourceSchema | None:
    raw = _file(word).get(type_name)
    return None if raw is None else msgspec.json.decode(raw, type=ResourceSchema)


@cache
def _file(word: str) -> dict[str, msgspec.Raw]:
    path = _FOLDER / f"{word}.json"
    if not word.isalnum() or not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])


def all_types() -> Iterator[str]:
    """The names of all types that AWS publishes."""
    for path in sorted(_FOLDER.glob("*.json")):
        yield from (name for name in _file(path.stem) if name != "_")
