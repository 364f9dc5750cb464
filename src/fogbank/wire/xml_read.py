"""Parses XML bodies to plain dicts. Refuses DTDs and entities; limits depth and size."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from fogbank.core.errors import SerializationError

from . import timestamps
from .scalars import BadScalar, read_scalar
from .shapes import Ref, Shape

if TYPE_CHECKING:
    from .models import ServiceModel

MAX_DEPTH = 100
MAX_NODES = 50_000  # elements; S3's largest request (DeleteObjects) has some 4,000
_S3_MESSAGE = "The XML you provided was not well-formed or did not validate against our published schema"


class MalformedXml(SerializationError):
    default = _S3_MESSAGE


class Node:
    """An element: its local name, attributes, children, and its own text."""

    __slots__ = ("attributes", "children", "name", "pieces")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self.pieces: list[str] | None = None  # the pieces of its text, between the children

    @property
    def text(self) -> str:
        return "".join(self.pieces) if self.pieces is not None else ""


class _Builder:
    def __init__(self) -> None:
        self.stack: list[Node] = []
        self.root: Node | None = None
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.stack) >= MAX_DEPTH or self.count > MAX_NODES:
            raise MalformedXml
        node = Node(name.rpartition(":")[2], attributes)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)

    def end(self, name: str) -> None:
        self.stack.pop()

    def data(self, text: str) -> None:
        node = self.stack[-1]
        if node.pieces is None:
            node.pieces = [text]
        else:
            node.pieces.append(text)

    @staticmethod
    def refuse(*_: Any) -> int:
        raise MalformedXml


def parse(body: bytes) -> Node:
    """Parse a document and return its root. Raises MalformedXml if it is not well-formed or has a DTD."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 65536
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    parser.UnparsedEntityDeclHandler = builder.refuse
    parser.ExternalEntityRefHandler = builder.refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise MalformedXml from error
    if builder.root is None:
        raise MalformedXml
    return builder.root


Read = Callable[[Node], Any]


class XmlReader:
    """Makes functions that read elements, from the shapes of one model."""

    def __init__(self, model: ServiceModel) -> None:
        self._strict = model.name == "s3"
        self._made: dict[str, Callable[[Node], dict[str, Any]]] = {}

    def members(self, shape: Shape, members: dict[str, Ref] | None = None) -> Callable[[Node], dict[str, Any]]:
        """Make a reader of a structure's members (or some of them) from the children of an element."""
        chosen = shape.members if members is None else members
        key = shape.name if members is None else f"{shape.name}:{','.join(members)}"
        made = self._made.get(key)
        if made is not None:
            return made
        single: dict[str, tuple[str, Read]] = {}
        repeated: dict[str, tuple[str, Callable[[list[Node]], Any]]] = {}
        marks: list[tuple[str, str, Ref]] = []
        required = [name for name in chosen if name in shape.required] if self._strict and members is None else []
        compiled = False

        def build() -> None:
            for name, ref in chosen.items():
                if ref.raw.xml_attribute:
                    marks.append((name, ref.wire_name, ref))
                elif ref.flattened and ref.shape.type in ("list", "map"):
                    reader = self._flat_list(ref) if ref.shape.type == "list" else self._flat_map(ref)
                    own = ref.flat_name if ref.shape.type == "list" else ref.wire_name
                    repeated[own] = (name, reader)
                    repeated.setdefault(ref.wire_name, (name, reader))
                else:
                    single[ref.wire_name] = (name, self.value(ref))

        def read(node: Node) -> dict[str, Any]:
            nonlocal compiled
            if not compiled:
                build()
                compiled = True
            out: dict[str, Any] = {}
            groups: dict[str, list[Node]] = {}
            for child in node.children:
                found = single.get(child.name)
                if found is not None:
                    out[found[0]] = found[1](child)
                elif child.name in repeated:
                    groups.setdefault(child.name, []).append(child)
            for wire, nodes in groups.items():
                name, reader = repeated[wire]
                out[name] = reader(nodes)
            for name, wire, ref in marks:
                text = node.attributes.get(wire, node.attributes.get(wire.rpartition(":")[2]))
                if text is not None:
                    out[name] = _scalar(ref, text)
            if required and any(name not in out for name in required):
                raise MalformedXml
            return out

        self._made[key] = read
        return read

    def value(self, ref: Ref) -> Read:
        kind = ref.shape.type
        if kind == "structure":
            return self.members(ref.shape)
        if kind == "list":
            tag = ref.shape.member.raw.location_name or "member"
            items = self._flat_list(ref)
            return lambda node: items([child for child in node.children if child.name == tag])
        if kind == "map":
            entries = self._flat_map(ref)
            return lambda node: entries([child for child in node.children if child.name == "entry"])
        return lambda node: _scalar(ref, node.text)

    def _flat_list(self, ref: Ref) -> Callable[[list[Node]], Any]:
        each: Read | None = None

        def read(nodes: list[Node]) -> list[Any]:
            nonlocal each
            if each is None:
                each = self.value(ref.shape.member)
            return [each(node) for node in nodes]

        return read

    def _flat_map(self, ref: Ref) -> Callable[[list[Node]], Any]:
        shape = ref.shape
        key_name = shape.key.raw.location_name or "key"
        value_name = shape.value.raw.location_name or "value"
        each: Read | None = None

        def read(nodes: list[Node]) -> dict[str, Any]:
            nonlocal each
            if each is None:
                each = self.value(shape.value)
            out = {}
            for node in nodes:
                key = next((child for child in node.children if child.name == key_name), None)
                value = next((child for child in node.children if child.name == value_name), None)
                if key is None:
                    raise MalformedXml
                if value is not None:
                    out[key.text] = each(value)
            return out

        return read


def _scalar(ref: Ref, text: str) -> Any:
    kind = ref.shape.type
    try:
        if kind == "blob":
            return base64.b64decode(text, validate=False)
        if kind == "timestamp":
            return timestamps.parse(text)
        return read_scalar(kind, text)
    except (BadScalar, binascii.Error, ValueError) as error:
        raise MalformedXml from error


def readers(model: ServiceModel) -> XmlReader:
    found: XmlReader | None = model.__dict__.get("_xml_readers")
    if found is None:
        found = model.__dict__["_xml_readers"] = XmlReader(model)
    return found
