"""Serializes plain dicts to XML, with writers made from shapes.

A writer appends pieces to a list; the document is their concatenation. All text is escaped here.
Characters that XML 1.0 does not allow become numeric references, as S3 does it for keys that contain them.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import timestamps
from .shapes import FLOATS, Namespace, Ref, Shape

if TYPE_CHECKING:
    from .models import ServiceModel

Append = Callable[[str], None]
Write = Callable[[Append, Any], None]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPECIAL = re.compile('[&<>"\x00-\x08\x0b-\x1f\x7f\x85\u2028\ufffe\uffff\ud800-\udfff]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _reference(match: re.Match[str]) -> str:
    char = match.group()
    return _NAMED.get(char) or f"&#x{ord(char):x};"


def escape(text: str) -> str:
    """Escape text for XML character data or an attribute's value."""
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


def element(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"


def _boolean(value: Any) -> str:
    return "true" if value else "false"


def _float(value: Any) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return repr(value)
    return str(value)


def _blob(value: Any) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def _text(value: Any) -> str:
    return value if type(value) is str else escape_free(value)


def escape_free(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def iso8601_millis(value: Any) -> str:
    """S3 always writes milliseconds."""
    text = timestamps.iso8601(value)
    return text if "." in text else f"{text[:-1]}.000Z"


def scalar_text(ref: Ref, default_timestamp: str = "iso8601") -> Callable[[Any], str]:
    """Make the function that formats a scalar, before escaping."""
    kind = ref.shape.type
    if kind == "boolean":
        return _boolean
    if kind in FLOATS:
        return _float
    if kind == "blob":
        return _blob
    if kind == "timestamp":
        form = ref.timestamp_format or default_timestamp
        if form == "iso8601" and ref.shape.model.name == "s3":
            return iso8601_millis
        write = timestamps.writer(form, default_timestamp)
        return lambda value: str(write(value))
    return _text


def attributes(namespace: Namespace | None) -> str:
    if namespace is None or not namespace.uri:
        return ""
    name = f"xmlns:{namespace.prefix}" if namespace.prefix else "xmlns"
    return f' {name}="{escape(namespace.uri)}"'


def _tag(ref: Ref) -> str:
    return ref.flat_name if ref.shape.type == "list" and ref.flattened else ref.xml_name


class XmlWriters:
    """The writers of one model. The `ec2` and `query` protocols differ only in the surrounding elements."""

    def __init__(self, model: ServiceModel) -> None:
        self._tables: dict[str, dict[str, Write]] = {}

    def members(self, shape: Shape, members: dict[str, Ref] | None = None) -> Write:
        """Make a writer of a structure's members, without an element around them."""
        chosen = shape.members if members is None else members
        key = (
            shape.name if members is None or len(members) == len(shape.members) else f"{shape.name}:{','.join(members)}"
        )

        def write(append: Append, value: dict[str, Any]) -> None:
            table = self._tables.get(key)
            if table is None:
                table = self._tables[key] = {
                    name: self.element(ref, _tag(ref)) for name, ref in chosen.items() if not ref.raw.xml_attribute
                }
            for name, item in value.items():
                if item is not None:
                    inner = table.get(name)
                    if inner is not None:
                        inner(append, item)

        return write

    def element(self, ref: Ref, tag: str, namespace: Namespace | None = None) -> Write:
        """Make a writer of a value as an element (or several, if flattened). `namespace` overrides the use's own."""
        kind = ref.shape.type
        if kind == "structure":
            return self.root(ref.shape, f"<{tag}{attributes(namespace or ref.namespace)}", f"</{tag}>")
        if kind == "list":
            return self._list(ref, tag)
        if kind == "map":
            return self._map(ref, tag)
        text = scalar_text(ref)
        opening, closing = f"<{tag}{attributes(namespace or ref.namespace)}>", f"</{tag}>"
        if kind in ("string", "character"):

            def write_string(append: Append, value: Any) -> None:
                append(f"{opening}{escape(text(value))}{closing}")

            return write_string

        def write(append: Append, value: Any) -> None:
            append(f"{opening}{text(value)}{closing}")

        return write

    def root(self, shape: Shape, start: str, closing: str, members: dict[str, Ref] | None = None) -> Write:
        """Make a writer of a structure with its attributes. `start` is the opening tag without the `>`."""
        inner = self.members(shape, members)
        marks = [(name, m.wire_name, scalar_text(m)) for name, m in shape.members.items() if m.raw.xml_attribute]

        def write(append: Append, value: Any) -> None:
            append(start)
            for name, wire, text in marks:
                if value.get(name) is not None:
                    append(f' {wire}="{escape(text(value[name]))}"')
            append(">")
            inner(append, value)
            append(closing)

        return write

    def _list(self, ref: Ref, tag: str) -> Write:
        member = ref.shape.member
        if ref.flattened:
            each = self.element(member, tag, ref.namespace)

            def write_flat(append: Append, value: Iterable[Any]) -> None:
                for item in value:
                    if item is not None:
                        each(append, item)

            return write_flat
        each = self.element(member, member.raw.location_name or "member")
        opening, closing = f"<{tag}{attributes(ref.namespace)}>", f"</{tag}>"

        def write(append: Append, value: Iterable[Any]) -> None:
            append(opening)
            for item in value:
                if item is not None:
                    each(append, item)
            append(closing)

        return write

    def _map(self, ref: Ref, tag: str) -> Write:
        shape = ref.shape
        key = self.element(shape.key, shape.key.raw.location_name or "key")
        value_writer = self.element(shape.value, shape.value.raw.location_name or "value")
        entry = tag if ref.flattened else "entry"
        head = f"<{tag}{attributes(ref.namespace)}>" if ref.flattened else "<entry>"
        opening, closing = ("", "") if ref.flattened else (f"<{tag}{attributes(ref.namespace)}>", f"</{tag}>")

        def write(append: Append, value: dict[str, Any]) -> None:
            append(opening)
            for name, item in value.items():
                if item is not None:
                    append(head)
                    key(append, name)
                    value_writer(append, item)
                    append(f"</{entry}>")
            append(closing)

        return write


def writers(model: ServiceModel) -> XmlWriters:
    found: XmlWriters | None = model.__dict__.get("_xml_writers")
    if found is None:
        found = model.__dict__["_xml_writers"] = XmlWriters(model)
    return found
