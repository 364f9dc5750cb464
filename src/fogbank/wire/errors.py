"""Serializes errors in each protocol's form."""

from __future__ import annotations

import zlib
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AccessDenied, CommonError, SerializationError, ServiceError, UnknownOperation
from fogbank.core.http import Response

from . import codec
from .shapes import Shape
from .xml_write import DECLARATION, element, escape, writers

if TYPE_CHECKING:
    from .models import OperationModel, ServiceModel

_BODILESS = (204, 304)
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
_S3_STATUS = {"SlowDown": 503, "MethodNotAllowed": 405, "EntityTooLarge": 400}


def family_of(protocol: str, model: ServiceModel | None) -> str:
    """The protocol family (json, query, ec2 or s3), which selects the code of errors that all services share."""
    if protocol == codec.EC2:
        return "ec2"
    if protocol == codec.QUERY:
        return "query"
    if protocol == codec.REST_XML:
        return "s3" if model is None or model.name in ("s3", "s3control") else "query"
    return "json"


def host_id(request_id: str) -> str:
    """S3's second id (x-amz-id-2), derived from the first: 56 bytes in base64 without a meaning."""
    return b2a_base64((f"{request_id:0<28}" * 2)[:56].encode(), newline=False).decode("ascii")


class _Worded:
    """The code, status and shape with which an error is serialized."""

    def __init__(self, model: ServiceModel | None, protocol: str, family: str, error: ServiceError) -> None:
        shared = isinstance(error, CommonError)
        code = error.code_for(family) if shared else error.code
        shape = None if model is None else model.error_shapes.get(code)
        self.shape: Shape | None = shape
        self.shared = shared and shape is None
        trait = shape.raw.error if shape is not None else None
        self.name = shape.name if shape is not None else code
        self.code = code if trait is None or not trait.code else trait.code
        self.query_code = error.code_for("query") if shared and shape is None else self.code
        self.status = error.status
        rpc = protocol in (codec.JSON, codec.CBOR)
        if rpc and model is not None and model.query_compatible and shape is not None:
            self.status = 500 if shape.raw.fault else 400  # the status in the model is for the old protocol
        elif trait is not None and trait.http_status_code:
            self.status = trait.http_status_code
        elif shared and rpc and self.status in (403, 404):
            self.status = 400  # the rpc protocols use it for all client errors
        elif family == "s3":
            self.status = _S3_STATUS.get(code, self.status)
        elif protocol == codec.REST_JSON and isinstance(error, UnknownOperation):
            self.status = 404
        self.sender = self.status < 500
        self.message = error.message

    def members(self, error: ServiceError) -> dict[str, Any]:
        """The members of the error structure, with the message under its name in the model."""
        members = dict(error.members)
        if self.shape is not None:
            names = self.shape.members
            name = next((n for n in names if n.lower() == "message"), "")
            if name and self.message:
                members.setdefault(name, self.message)
            if "Type" in names and "Type" not in members and name:
                members["Type"] = "User" if self.sender else "Service"
        return members


def respond(
    model: ServiceModel | None,
    protocol: str,
    family: str,
    error: ServiceError,
    request_id: str,
    method: str = "POST",
    operation: OperationModel | None = None,
) -> Response:
    """Make the response for `error`. `family` overrides which code of a common error is used."""
    worded = _Worded(model, protocol, family or family_of(protocol, model), error)
    if protocol in (codec.JSON, codec.REST_JSON):
        response = _json(model, protocol, worded, error, request_id)
    elif protocol == codec.CBOR:
        from .cbor import error_body

        response = error_body(model, worded.name, worded.message, worded.members(error), worded.shape)
        response.status = worded.status
        response.headers += _query_error(model, worded)
        response.headers.append(("x-amzn-RequestId", request_id))
    elif protocol == codec.EC2:
        response = _ec2(worded, error, request_id)
    elif protocol == codec.REST_XML and (family or family_of(protocol, model)) == "s3":
        response = _s3(worded, error, request_id)
    else:
        response = _query(model, worded, error, request_id)
    response.headers.extend(error.headers)
    if method == "HEAD" or response.status in _BODILESS:
        response.body = b""
    return response


def _query_error(model: ServiceModel | None, worded: _Worded) -> list[tuple[str, str]]:
    if model is None or not model.query_compatible:
        return []
    return [("x-amzn-query-error", f"{worded.query_code};{'Sender' if worded.sender else 'Receiver'}")]


def _type(model: ServiceModel | None, worded: _Worded) -> str:
    manner = model.manner if model is not None else None
    if manner is None:
        return worded.name
    if worded.shape is not None:
        namespace = manner.error_namespace
    elif worded.name == "ValidationException" and manner.validation_namespace:
        namespace = manner.validation_namespace
    else:
        namespace = manner.common_namespace
    return f"{namespace}#{worded.name}" if namespace else worded.name


def _json(model: ServiceModel | None, protocol: str, worded: _Worded, error: ServiceError, request_id: str) -> Response:
    from .json_write import encode, structure_writer

    body: dict[str, Any] = {}
    if worded.shape is not None:
        in_body = {name: ref for name, ref in worded.shape.members.items() if not ref.location}
        body = structure_writer(worded.shape, in_body)(worded.members(error))
    elif worded.message:
        # Coral's own errors capitalize the name
        body["Message" if isinstance(error, SerializationError | AccessDenied) else "message"] = worded.message
    if worded.shape is not None and worded.message and not any(key.lower() == "message" for key in body):
        body["message"] = worded.message
    if protocol == codec.JSON:
        version = model.json_version if model is not None else "1.0"
        body = {"__type": _type(model, worded), **body}
        headers = [("Content-Type", f"application/x-amz-json-{version}"), ("x-amzn-RequestId", request_id)]
        headers += _query_error(model, worded)
    else:
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request_id)]
        headers.append(("x-amzn-ErrorType", worded.name))
        headers += _header_members(worded, error)
    data = encode(body)
    if model is not None and model.manner.crc32:
        headers.append(("x-amz-crc32", str(zlib.crc32(data))))
    return Response(worded.status, headers, data)


def _header_members(worded: _Worded, error: ServiceError) -> list[tuple[str, str]]:
    """The members of an error that its model places in headers (Retry-After)."""
    if worded.shape is None:
        return []
    return [
        (ref.wire_name, str(error.members[name]))
        for name, ref in worded.shape.members.items()
        if ref.location == "header" and error.members.get(name) is not None
    ]


def _xml_members(worded: _Worded, error: ServiceError) -> list[str]:
    """The other members of an error structure, which are in the body."""
    parts: list[str] = []
    if worded.shape is not None:
        members = worded.shape.members
        shown = {k: v for k, v in error.members.items() if k in members and not members[k].location}
        shown = {k: v for k, v in shown.items() if k.lower() not in ("message", "code", "type")}
        writers(worded.shape.model).members(worded.shape)(parts.append, shown)
    return parts


def _query(model: ServiceModel | None, worded: _Worded, error: ServiceError, request_id: str) -> Response:
    namespace = model.namespace if model is not None else ""
    parts = [f'<ErrorResponse xmlns="{escape(namespace)}">' if namespace else "<ErrorResponse>"]
    parts.append(f"<Error><Type>{'Sender' if worded.sender else 'Receiver'}</Type>")
    parts += (element("Code", worded.code), element("Message", worded.message))
    parts += _xml_members(worded, error)
    parts += ("</Error>", element("RequestId", request_id), "</ErrorResponse>")
    headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
    headers += _header_members(worded, error)
    return Response(worded.status, headers, "".join(parts).encode("utf-8", "replace"))


def _ec2(worded: _Worded, error: ServiceError, request_id: str) -> Response:
    parts = [DECLARATION, "<Response><Errors><Error>", element("Code", worded.code), element("Message", worded.message)]
    parts += _xml_members(worded, error)
    parts += ("</Error></Errors>", element("RequestID", request_id), "</Response>")
    headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id)]
    return Response(worded.status, headers, "".join(parts).encode("utf-8", "replace"))


def _s3(worded: _Worded, error: ServiceError, request_id: str) -> Response:
    parts = [DECLARATION, "<Error>", element("Code", worded.code), element("Message", worded.message)]
    parts += (element(name, str(value)) for name, value in error.members.items() if value is not None)
    second = host_id(request_id)
    parts += (element("RequestId", request_id), element("HostId", second), "</Error>")
    headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id), ("x-amz-id-2", second)]
    return Response(worded.status, headers, "".join(parts).encode("utf-8", "replace"))
