"""What AWS's provider schemas say about a CloudFormation resource type: its properties and what may be done with them.

The files in data/cfn hold every type that AWS publishes, one file for each middle word of their names;
`tools/cfn_schemas.py` writes them. A file is read when a template first names one of its types.

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
    """A structure: the types of its members. `open`: others are taken as well.

    A type is "string", "integer", "number", "boolean", "json" for anything, [item], {"*": value}, or "#Definition".
    """

    properties: dict[str, Any]
    required: tuple[str, ...] = ()
    open: bool = False


class ResourceSchema(msgspec.Struct, frozen=True, rename="camel"):
    """Properties are named by their paths: `Tags`, `VpcConfig/Id`, and `Rules/*/Id` below a list.

    `classic` is a type that CloudFormation makes by itself, without the handlers of its registry.
    """

    properties: dict[str, Any]
    id: tuple[str, ...]  # what identifies a resource
    definitions: dict[str, Definition] = {}
    required: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()  # a change of one of these replaces the resource
    conditional_create_only: tuple[str, ...] = ()  # a change of one of these may replace it
    read_only: tuple[str, ...] = ()  # what Fn::GetAtt gives
    write_only: tuple[str, ...] = ()
    tags: str = ""  # the property that holds the tags, "" where there are none
    tags_fixed: bool = False  # tags cannot be changed
    classic: bool = False


def find(type_name: str) -> ResourceSchema | None:
    """The schema of a type; None where AWS publishes no such type."""
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
    """The names of every type that AWS publishes."""
    for path in sorted(_FOLDER.glob("*.json")):
        yield from (name for name in _file(path.stem) if name != "_")
