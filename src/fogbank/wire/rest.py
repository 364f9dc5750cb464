"""The protocols rest-json and rest-xml: members are in the path, the query string, headers and the body.

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html, …/aws-restxml-protocol.html

Besides its members, a result may have the entries "@headers" (a list of pairs to add to the response) and "@status".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import CommonError, SerializationError
from fogbank.core.http import FileSlice, Response

from . import form, headers, xml_read
from .compression import inflate
from .errors import host_id
from .json_read import JsonBody
from .json_write import encode, structure_writer, value_writer
from .shapes import Ref, namespace_of
from .xml_write import DECLARATION, attributes, escape, writers

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel


class InvalidUri(CommonError):
    """A path whose percent-encoded bytes are not valid UTF-8."""

    code = "InvalidURI"
    codes = {"json": "SerializationException"}
    default = "Couldn't parse the specified URI."


# tuples, since a union would be created at every call
_AT_HAND = (bytes, FileSlice)
_BYTES_TOO = (bytearray, memoryview)

Body = Callable[[bytes], tuple[dict[str, Any], bool]]


class RestCodec:
    def __init__(self, operation: OperationModel, *, xml: bool) -> None:
        self._parse = RequestReader(operation, xml=xml).parse
        self.serialize = ResponseWriter(operation, xml=xml).serialize

    def parse(self, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]:
        return self._parse(request, labels, body)


class RequestReader:
    """Reads the members from a request, from the locations that the model gives."""

    def __init__(self, operation: OperationModel, *, xml: bool) -> None:
        self._operation = operation
        self._s3 = s3 = operation.service.name == "s3"
        shape = operation.input_shape
        members = shape.members if shape is not None else {}
        self._labels = {r.wire_name: (n, headers.reader(r, s3=s3)) for n, r in members.items() if r.location == "uri"}
        # whether all labels are plain text and have the names of their members
        self._labels_as_they_are = all(
            wire == name and read is headers.as_is for wire, (name, read) in self._labels.items()
        )
        self._queries: dict[str, tuple[str, Callable[[str], Any], bool]] = {}
        self._query_map: tuple[str, bool] | None = None
        fixed = operation.http.request_uri.partition("?")[2].split("&")
        self._fixed = frozenset(piece.partition("=")[0] for piece in fixed)  # parameters that only select the operation
        self._headers: dict[str, tuple[str, Callable[[str], Any]]] = {}
        self._prefixes: list[tuple[str, str]] = []
        for name, ref in members.items():
            self._bind(name, ref)
        self._payload = operation.payload_in
        in_body = {n: r for n, r in members.items() if not r.location} if self._payload is None else {}
        self._bound = len(members) > len(in_body)
        self._body: Body | None = None
        if in_body and shape is not None:
            self._body = self._members_reader(in_body, xml)
        elif self._payload is not None:
            self._body = self._payload_reader(self._payload, xml)

    def _bind(self, name: str, ref: Ref) -> None:
        s3 = self._s3
        if ref.location == "querystring":
            if ref.shape.type == "map":
                self._query_map = (name, ref.shape.value.shape.type == "list")
            elif ref.shape.type == "list":
                self._queries[ref.wire_name] = (name, headers.reader(ref.shape.member, s3=s3), True)
            else:
                self._queries[ref.wire_name] = (name, headers.reader(ref, s3=s3), False)
        elif ref.location == "header":
            self._headers[ref.wire_name.lower()] = (name, headers.reader(ref, s3=s3))
        elif ref.location == "headers":
            self._prefixes.append((_prefix(ref).lower(), name))

    def _members_reader(self, members: dict[str, Ref], xml: bool) -> Body:
        operation = self._operation
        shape = operation.input_shape
        assert shape is not None
        if not xml:
            return JsonBody(operation.service, shape, members).read
        read = xml_read.readers(operation.service).members(shape, members)
        return lambda body: (read(xml_read.parse(body)), False) if body.strip() else ({}, False)

    def _payload_reader(self, ref: Ref, xml: bool) -> Body:
        name, kind = ref.name, ref.shape.type
        if kind == "blob":
            keep_empty = ref.streaming
            return lambda body: ({name: body} if body or keep_empty else {}, False)
        if kind in ("string", "character"):
            return lambda body: ({name: _utf8(body)} if body else {}, False)
        if ref.shape.raw.eventstream:
            return lambda body: ({name: body}, False)
        if xml:
            return self._xml_payload(ref)
        if ref.shape.is_document or kind != "structure":
            whole = JsonBody(self._operation.service, self._operation.input_shape, {name: ref})
            wrapped = b'{"' + ref.wire_name.encode() + b'":'
            return lambda body: whole.read(wrapped + body + b"}") if body.strip() else ({}, False)
        inner = JsonBody(self._operation.service, ref.shape)

        def read(body: bytes) -> tuple[dict[str, Any], bool]:
            if not body.strip():
                return {}, False
            value, complete = inner.read(body)
            return {name: value}, complete

        return read

    def _xml_payload(self, ref: Ref) -> Body:
        value = xml_read.readers(self._operation.service).value(ref)
        strict = ref.wire_name if self._s3 else ""

        def read(body: bytes) -> tuple[dict[str, Any], bool]:
            if not body.strip():
                return {}, False
            node = xml_read.parse(body)
            if strict and node.name != strict:
                raise xml_read.MalformedXml
            return {ref.name: value(node)}, False

        return read

    def parse(self, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]:
        params: dict[str, Any]
        if self._labels_as_they_are and all(map(str.isascii, labels.values())):
            params = dict(labels)
        else:
            params = {}
            for wire, text in labels.items():
                found = self._labels.get(wire)
                if found is not None:
                    params[found[0]] = found[1](_clean(text))
        if self._headers or self._prefixes:
            self._read_headers(request, params)
        if (self._queries or self._query_map) and request.query:
            self._read_query(request.query, params)
        complete = False
        if body is None and self._payload is not None:
            params[self._payload.name] = request.stream if request.stream is not None else request.content
        elif self._body is not None:
            data = body or b""
            if not self._operation.streaming_input:
                data = inflate(request, data, self._operation)
            found_in_body, complete = self._body(data)
            params.update(found_in_body)
        if self._bound or not complete:
            self._operation.validate(params)
        return params

    def _read_headers(self, request: Request, params: dict[str, Any]) -> None:
        table, lookup = self._headers, request.lookup
        for lowered in table.keys() & lookup.keys():
            name, read = table[lowered]
            text = lookup[lowered]
            value = read(text) if text and name not in params else None
            if value is not None:
                params[name] = value
        if self._prefixes:
            names = "\n".join(lookup)
            for prefix, name in self._prefixes:
                if prefix in names:
                    found = {n[len(prefix) :]: text for n, text in lookup.items() if n.startswith(prefix)}
                    params.update({name: found} if found else {})

    def _read_query(self, query: str, params: dict[str, Any]) -> None:
        rest: dict[str, Any] = {}
        for name, text in form.pairs(query):
            found = self._queries.get(name)
            if found is None:
                if self._query_map is not None and name not in self._fixed:
                    if self._query_map[1]:
                        rest.setdefault(name, []).append(text)
                    else:
                        rest.setdefault(name, text)
            elif found[2]:
                params.setdefault(found[0], []).append(found[1](text))
            elif found[0] not in params and (text or not self._s3 or not _is_number(found)):
                params[found[0]] = found[1](text)
        if self._query_map is not None and rest:
            params[self._query_map[0]] = rest


def _prefix(ref: Ref) -> str:
    return ref.raw.location_name or ref.shape.raw.location_name


def _is_number(found: tuple[str, Callable[[str], Any], bool]) -> bool:
    """Whether a query parameter is a number. S3 treats an empty one (`max-keys=`) as absent."""
    try:
        found[1]("")
    except headers.BadParameter:
        return True
    return False


def _clean(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidUri
    return text


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SerializationError("The request body is not valid UTF-8.") from error


class ResponseWriter:
    """Serializes a result, with its members in the locations that the model gives."""

    def __init__(self, operation: OperationModel, *, xml: bool) -> None:
        self._operation = operation
        self._xml = xml
        self._s3 = xml and operation.service.name in ("s3", "s3control")
        self._id_header = "x-amz-request-id" if self._s3 else "x-amzn-RequestId"
        self._status = operation.http.response_code
        self._sized_by_body = operation.http.method != "HEAD"
        shape = operation.output_shape
        members = shape.members if shape is not None else {}
        self._headers: dict[str, tuple[str, Callable[[Any], str]]] = {}
        self._prefixes: dict[str, str] = {}
        self._status_member = self._type_member = self._length_member = ""
        for name, ref in members.items():
            if ref.location == "header":
                self._headers[name] = (ref.wire_name, headers.writer(ref))
                if ref.wire_name.lower() == "content-type":
                    self._type_member = name
                elif ref.wire_name.lower() == "content-length":
                    self._length_member = name
            elif ref.location == "headers":
                self._prefixes[name] = _prefix(ref)
            elif ref.location == "statusCode":
                self._status_member = name
        # if the body is bytes or a file, the gateway sets Content-Length
        self._unsized = {name: bound for name, bound in self._headers.items() if name != self._length_member}
        self._payload = operation.payload_out
        elsewhere = ("header", "headers", "statusCode")  # other locations exist only in requests: the body
        in_body = {n: r for n, r in members.items() if r.location not in elsewhere} if self._payload is None else {}
        self._events = operation.event_member
        self._body: Callable[[dict[str, Any]], Any] = lambda result: b""
        self._type = ""
        if self._events is not None:
            pass  # its frames are the body
        elif self._payload is not None:
            self._body = self._payload_writer(self._payload)
        elif shape is not None and (in_body or not (xml or members)) and self._status != 204:
            self._body = self._members_writer(in_body)
            self._type = "application/xml" if xml else "application/json"

    def _members_writer(self, members: dict[str, Ref]) -> Callable[[dict[str, Any]], bytes]:
        shape = self._operation.output_shape
        assert shape is not None
        if not self._xml:
            write = structure_writer(shape, members)
            return lambda result: encode(write(result))
        root = shape.raw.location_name or shape.name
        namespace = shape.model.namespace
        if self._operation.name == "GetBucketLocation" and self._s3:
            return lambda result: _text_root("LocationConstraint", namespace, result.get("LocationConstraint"))
        mark = attributes(namespace_of(shape.raw.xml_namespace)) or (
            f' xmlns="{escape(namespace)}"' if namespace else ""
        )
        write_root = writers(shape.model).root(shape, f"{DECLARATION}<{root}{mark}", f"</{root}>", members)

        def write_xml(result: dict[str, Any]) -> bytes:
            parts: list[str] = []
            write_root(parts.append, result)
            return "".join(parts).encode("utf-8", "replace")

        return write_xml

    def _payload_writer(self, ref: Ref) -> Callable[[dict[str, Any]], Any]:
        name, kind = ref.name, ref.shape.type
        if kind in ("blob", "string", "character"):
            self._type = "text/plain" if kind != "blob" else "application/octet-stream"
            if self._s3:  # the only string payload is the bucket policy
                self._type = "binary/octet-stream" if kind == "blob" else "application/json"
            return lambda result: _raw(result.get(name))
        if not self._xml:
            self._type = "application/json"
            write = value_writer(ref)
            return lambda result: b"" if result.get(name) is None else encode(write(result[name]))
        self._type = "application/xml"
        tag = ref.raw.location_name or ref.shape.raw.location_name or ref.shape.name
        model = ref.shape.model
        mark = attributes(ref.namespace) or (f' xmlns="{escape(model.namespace)}"' if model.namespace else "")
        write_root = writers(model).root(ref.shape, f"{DECLARATION}<{tag}{mark}", f"</{tag}>")

        def write_xml(result: dict[str, Any]) -> bytes:
            if result.get(name) is None:
                return b""
            parts: list[str] = []
            write_root(parts.append, result[name])
            return "".join(parts).encode("utf-8", "replace")

        return write_xml

    def serialize(self, result: dict[str, Any], request_id: str) -> Response:
        found = [("x-amz-id-2", host_id(request_id))] if self._s3 else []
        found.append((self._id_header, request_id))
        body = self._body(result)
        sized = self._sized_by_body and isinstance(body, _AT_HAND)
        bindings = self._unsized if sized else self._headers
        for name, value in result.items():
            if value is None:
                continue
            if name in bindings:
                header, write = bindings[name]
                found.append((header, write(value)))
            elif name in self._prefixes:
                found += [
                    (f"{self._prefixes[name]}{key}", str(item)) for key, item in value.items() if item is not None
                ]
        if self._events is not None:
            from .eventstream import CONTENT_TYPE, frames

            protocol = "rest-xml" if self._xml else "rest-json"
            found.append(("Content-Type", CONTENT_TYPE))
            return Response(self._status, found, frames(self._events, protocol, result.get(self._events.name)))
        status = result.get("@status") or result.get(self._status_member) or self._status
        extras = result.get("@headers")
        if extras:
            found = _with_extras(found, extras)
            if sized:
                found = [pair for pair in found if pair[0].lower() != "content-length"]
            typed = not self._type or any(name.lower() == "content-type" for name, _ in found)
        else:
            typed = not self._type or result.get(self._type_member) is not None
        if not typed and body != b"":
            found.append(("Content-Type", self._type))
        return Response(status, found, body)


def _with_extras(found: list[tuple[str, str]], extras: list[tuple[str, str]] | None) -> list[tuple[str, str]]:
    if not extras:
        return found
    names = {name.lower() for name, _ in extras}
    return [pair for pair in found if pair[0].lower() not in names] + list(extras)


def _text_root(tag: str, namespace: str, text: str | None) -> bytes:
    mark = f' xmlns="{escape(namespace)}"' if namespace else ""
    body = f"<{tag}{mark}>{escape(text)}</{tag}>" if text else f"<{tag}{mark}/>"
    return f"{DECLARATION}{body}".encode()


def _raw(value: Any) -> Any:
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return bytes(value) if isinstance(value, _BYTES_TOO) else value
