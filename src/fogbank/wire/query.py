"""The protocols AWS Query and EC2 Query: requests are forms, responses are XML.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, …/aws-ec2-query-protocol.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import SerializationError
from fogbank.core.http import Response

from . import form, timestamps
from .compression import inflate
from .scalars import BadScalar, read_scalar
from .shapes import Ref, Shape
from .xml_write import DECLARATION, attributes, element, escape, writers

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel

Read = Callable[[Any], Any]


class MalformedParameter(SerializationError):
    """A parameter whose text does not have the expected type."""

    def code_for(self, family: str) -> str:
        return "InvalidParameterValue" if family == "ec2" else super().code_for(family)


def parameters_of(request: Request, body: bytes | None) -> list[tuple[str, str]]:
    """The parameters of a query request, from the URL (GET) and the body."""
    found = form.pairs(request.query) if request.query else []
    if body:
        found += form.pairs(form.body_text(body))
    return found


def action_of(request: Request, body: bytes | None) -> tuple[str, str]:
    """Find the Action and Version of a query request ('' if absent) without decoding the other parameters."""
    action = version = ""
    for text in (request.query, form.body_text(body) if body else ""):
        for piece in text.split("&") if text else ():
            if piece.startswith("Action="):
                action = form.decode(piece[7:])
            elif piece.startswith("Version="):
                version = form.decode(piece[8:])
    return action, version


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


class Reader:
    """Makes functions that read a form's tree, from shapes."""

    def __init__(self, *, ec2: bool) -> None:
        self._ec2 = ec2
        self._made: dict[str, Read] = {}

    def name(self, name: str, ref: Ref) -> str:
        raw = ref.raw
        if self._ec2:
            return raw.query_name or _capital(ref.wire_name)
        return ref.flat_name if ref.shape.type == "list" and ref.flattened else raw.query_name or ref.wire_name

    def structure(self, shape: Shape) -> Read:
        key = shape.name
        made = self._made.get(key)
        if made is not None:
            return made
        table: dict[str, tuple[str, Read]] = {}

        def read(node: Any) -> dict[str, Any]:
            if not table:
                for name, ref in shape.members.items():
                    table[self.name(name, ref)] = entry = (name, self.of(ref))
                    if ref.shape.type == "list" and ref.flattened and not self._ec2:
                        # SDKs disagree on which of the two names a flattened list has
                        table.setdefault(ref.shape.member.raw.location_name or name, entry)
            if type(node) is not dict:
                if node:
                    raise MalformedParameter(f"Value ({node}) is not a structure.")
                return {}
            out = {}
            for name, item in node.items():
                found = table.get(name)
                if found is not None:
                    value = found[1](item)
                    if value is not None:
                        out[found[0]] = value
            return out

        self._made[key] = read
        return read

    def of(self, ref: Ref) -> Read:
        kind = ref.shape.type
        if kind == "structure":
            return self.structure(ref.shape)
        if kind == "list":
            return self._list(ref)
        if kind == "map":
            return self._map(ref)
        if kind == "blob":
            return _blob
        if kind == "timestamp":
            return _timestamp
        return lambda node: _scalar(ref, node)

    def _list(self, ref: Ref) -> Read:
        member = ref.shape.member
        each: Read | None = None
        flat = ref.flattened or self._ec2
        wrapper = member.raw.location_name or "member"

        def read(node: Any) -> list[Any] | None:
            nonlocal each
            if each is None:
                each = self.of(member)
            if type(node) is not dict:
                if node and not flat:
                    raise MalformedParameter(f"Value ({node}) is not a list.")
                # clients send an empty list as a name without a value; some send a single element without an index
                return [each(node)] if node else []
            inner = node if flat else node.get(wrapper, node)
            if type(inner) is not dict:
                return [each(inner)] if inner else []
            return [each(item) for item in form.indexed(inner)]

        return read

    def _map(self, ref: Ref) -> Read:
        shape = ref.shape
        key_name = shape.key.raw.location_name or "key"
        value_name = shape.value.raw.location_name or "value"
        each: Read | None = None
        flat = ref.flattened

        def read(node: Any) -> dict[str, Any]:
            nonlocal each
            if each is None:
                each = self.of(shape.value)
            if type(node) is not dict:
                if node:
                    raise MalformedParameter(f"Value ({node}) is not a map.")
                return {}
            inner = node if flat else node.get("entry", node)
            out = {}
            for entry in form.indexed(inner) if type(inner) is dict else ():
                name = entry.get(key_name) if type(entry) is dict else None
                if type(name) is not str:
                    raise MalformedParameter("An entry of a map has no key.")
                out[name] = each(entry.get(value_name, ""))
            return out

        return read


def _leaf(node: Any) -> str:
    if type(node) is dict:
        text = node.get("")
        if type(text) is not str:
            raise MalformedParameter("Unexpected complex element termination")
        return text
    return str(node)


def _scalar(ref: Ref, node: Any) -> Any:
    text = _leaf(node)
    try:
        return read_scalar(ref.shape.type, text)
    except BadScalar as error:
        if text == "":
            return None
        raise MalformedParameter(f"Value ({text[:200]}) for parameter is invalid. {error}") from error


def _blob(node: Any) -> bytes:
    try:
        return base64.b64decode(_leaf(node), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedParameter("Invalid base64 text.") from error


def _timestamp(node: Any) -> Any:
    text = _leaf(node)
    if not text:
        return None
    try:
        return timestamps.parse(text)
    except ValueError as error:
        raise MalformedParameter(f"timestamp must follow ISO8601: {text[:100]}") from error


class QueryCodec:
    def __init__(self, operation: OperationModel, *, ec2: bool) -> None:
        self._operation = operation
        self._ec2 = ec2
        shape = operation.input_shape
        self._read = Reader(ec2=ec2).structure(shape) if shape is not None and shape.raw.members else None
        model = operation.service
        output = operation.output_shape
        self._write = None if output is None else writers(model).members(output)
        namespace = f' xmlns="{escape(model.namespace)}"' if model.namespace else ""
        name = operation.name
        self._head = f"<{name}Response{namespace}>"
        self._tail = f"</{name}Response>"
        if not ec2 and operation.output is not None:
            result = operation.output.raw.result_wrapper or f"{name}Result"
            extra = attributes(operation.output.namespace)
            self._head += f"<{result}{extra}>"
            self._tail = f"</{result}>" + "<ResponseMetadata>{}</ResponseMetadata>" + self._tail
        elif not ec2:
            self._tail = "<ResponseMetadata>{}</ResponseMetadata>" + self._tail

    def parse(self, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]:
        if self._read is None:
            return {}
        parameters = parameters_of(request, inflate(request, body or b"", self._operation))
        params: dict[str, Any] = self._read(form.tree(parameters))
        self._operation.validate(params)
        return params

    def serialize(self, result: dict[str, Any], request_id: str) -> Response:
        parts: list[str] = []
        if self._ec2:
            parts += (DECLARATION, self._head, element("requestId", request_id))
        else:
            parts.append(self._head)
        if self._write is not None and result:
            self._write(parts.append, result)
        if self._ec2:
            parts.append(self._tail)
        else:
            parts.append(self._tail.format(element("RequestId", request_id)))
        content_type = "text/xml;charset=UTF-8" if self._ec2 else "text/xml"
        headers = [("Content-Type", content_type), ("x-amzn-RequestId", request_id)]
        return Response(200, headers, "".join(parts).encode("utf-8", "replace"))
