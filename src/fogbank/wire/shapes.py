"""Shapes: the types of a service model, decoded one by one from botocore's JSON.

Only what the wire needs is kept; the decoder skips the documentation. A `Ref` is a use of a shape (a structure's
member, a list's element, a map's key or value, an operation's input). The traits of a use override those of the shape.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .models import ServiceModel


class Namespace(msgspec.Struct, frozen=True):
    uri: str = ""
    prefix: str = ""


class ErrorTrait(msgspec.Struct, rename="camel", frozen=True):
    code: str = ""
    http_status_code: int = 0
    sender_fault: bool = False


class RawRef(msgspec.Struct, rename="camel", frozen=True):
    """A use of a shape, as in the JSON."""

    shape: str
    location: str = ""  # header, headers, uri, querystring, statusCode
    location_name: str = ""
    query_name: str = ""
    flattened: bool = False
    streaming: bool = False
    jsonvalue: bool = False
    xml_attribute: bool = False
    xml_namespace: Namespace | str | None = None
    timestamp_format: str = ""
    eventpayload: bool = False
    eventheader: bool = False
    box: bool = False
    enum: list[str] = []
    idempotency_token: bool = False
    result_wrapper: str = ""
    payload: str = ""


class RawShape(msgspec.Struct, rename="camel", frozen=True):
    """A shape, as in the JSON."""

    type: str
    members: dict[str, RawRef] = {}
    required: list[str] = []
    member: RawRef | None = None
    key: RawRef | None = None
    value: RawRef | None = None
    enum: list[str] = []
    min: float | None = None
    max: float | None = None
    pattern: str = ""
    payload: str = ""
    flattened: bool = False
    streaming: bool = False
    location: str = ""
    location_name: str = ""
    xml_namespace: Namespace | str | None = None
    timestamp_format: str = ""
    exception: bool = False
    error: ErrorTrait | None = None
    fault: bool = False
    document: bool = False
    union: bool = False
    eventstream: bool = False
    event: bool = False
    sensitive: bool = False
    sparse: bool = False


SHAPE_DECODER = msgspec.json.Decoder(RawShape)

SCALARS = frozenset(
    (
        "string",
        "character",
        "boolean",
        "integer",
        "long",
        "short",
        "byte",
        "float",
        "double",
        "bigdecimal",
        "biginteger",
    )
)
INTEGERS = frozenset(("integer", "long", "short", "byte", "biginteger"))
FLOATS = frozenset(("float", "double", "bigdecimal"))


def namespace_of(value: Namespace | str | None) -> Namespace | None:
    return Namespace(uri=value) if isinstance(value, str) else value


class Ref:
    """A use of a shape: its name and location in messages, and the shape."""

    __slots__ = ("name", "raw", "shape")

    def __init__(self, name: str, raw: RawRef, shape: Shape) -> None:
        self.name = name
        self.raw = raw
        self.shape = shape

    @property
    def wire_name(self) -> str:
        shape = self.shape
        own = shape.raw.location_name if shape.type != "structure" else ""  # a structure's name is for root elements
        return self.raw.location_name or own or self.name

    @property
    def xml_name(self) -> str:
        """The name of the XML element. Query-compatible services keep their old names in the query protocol."""
        if self.raw.query_name and self.shape.model.query_compatible:
            return self.raw.query_name
        return self.wire_name

    @property
    def flat_name(self) -> str:
        """The XML name of each element of a flattened list: the use's name, the element's name, or the member's."""
        own = self.raw.query_name if self.shape.model.query_compatible else ""
        own = own or self.raw.location_name or self.shape.raw.location_name
        return own or self.shape.member.raw.location_name or self.name

    @property
    def location(self) -> str:
        return self.raw.location or self.shape.raw.location

    @property
    def flattened(self) -> bool:
        return self.raw.flattened or self.shape.raw.flattened

    @property
    def streaming(self) -> bool:
        return self.raw.streaming or self.shape.raw.streaming

    @property
    def timestamp_format(self) -> str:
        return self.raw.timestamp_format or self.shape.raw.timestamp_format

    @property
    def namespace(self) -> Namespace | None:
        return namespace_of(self.raw.xml_namespace) or namespace_of(self.shape.raw.xml_namespace)

    @property
    def enum(self) -> list[str]:
        return self.raw.enum or self.shape.raw.enum


class Shape:
    """A named type of one service. Its members are resolved on first use, so that unused shapes cost nothing."""

    def __init__(self, model: ServiceModel, name: str, raw: RawShape) -> None:
        self.model = model
        self.name = name
        self.raw = raw
        self.type = raw.type

    def _ref(self, name: str, raw: RawRef) -> Ref:
        return Ref(name, raw, self.model.shape(raw.shape))

    @cached_property
    def members(self) -> dict[str, Ref]:
        return {name: self._ref(name, raw) for name, raw in self.raw.members.items()}

    @cached_property
    def member(self) -> Ref:
        assert self.raw.member is not None
        return self._ref("member", self.raw.member)

    @cached_property
    def key(self) -> Ref:
        assert self.raw.key is not None
        return self._ref("key", self.raw.key)

    @cached_property
    def value(self) -> Ref:
        assert self.raw.value is not None
        return self._ref("value", self.raw.value)

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(self.raw.required)

    @property
    def is_document(self) -> bool:
        return self.raw.document

    def children(self) -> list[Ref]:
        """The uses of shapes that this one consists of."""
        if self.type == "structure":
            return list(self.members.values())
        if self.type == "list":
            return [self.member]
        return [self.key, self.value] if self.type == "map" else []

    def any(self, test: Any) -> bool:
        """Whether `test(ref)` is true for any use of a shape inside this one. Each shape is visited once."""
        seen: set[str] = set()
        todo: list[Shape] = [self]
        while todo:
            shape = todo.pop()
            if shape.name in seen:
                continue
            seen.add(shape.name)
            for ref in shape.children():
                if test(ref):
                    return True
                todo.append(ref.shape)
        return False
