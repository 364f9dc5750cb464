"""Service models, from botocore's JSON data. botocore is not imported, and the data is decoded lazily."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fogbank.core import botocore_data

from . import patching
from .shapes import SHAPE_DECODER, RawRef, Ref, Shape

if TYPE_CHECKING:
    from fogbank.core.errors import ServiceError
    from fogbank.core.http import Request, Response

    from .codec import Codec
    from .routes import Routes


class Metadata(msgspec.Struct, rename="camel", frozen=True):
    api_version: str = ""
    endpoint_prefix: str = ""
    protocol: str = "json"
    protocols: list[str] = []
    service_full_name: str = ""
    service_id: str = ""
    signing_name: str = ""
    target_prefix: str = ""
    json_version: str = "1.0"
    xml_namespace: Any = None
    aws_query_compatible: Any = None
    signature_version: str = ""
    uid: str = ""
    global_endpoint: str = ""
    service_abbreviation: str = ""


class Http(msgspec.Struct, rename="camel", frozen=True):
    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class Endpoint(msgspec.Struct, rename="camel", frozen=True):
    host_prefix: str = ""


class RawOperation(msgspec.Struct, rename="camel", frozen=True):
    name: str
    http: Http = Http()
    input: RawRef | None = None
    output: RawRef | None = None
    errors: list[RawRef] = []
    endpoint: Endpoint | None = None
    authtype: str = ""
    auth: list[str] = []
    requestcompression: Any = None
    unsigned_payload: bool = False
    http_checksum_required: bool = False
    deprecated: bool = False


class _Document(msgspec.Struct):
    metadata: dict[str, msgspec.Raw]
    operations: dict[str, msgspec.Raw]
    shapes: dict[str, msgspec.Raw]


_DOCUMENT_DECODER = msgspec.json.Decoder(_Document)
_OPERATION_DECODER = msgspec.json.Decoder(RawOperation)


def _payload(ref: Ref | None) -> Ref | None:
    """The member that is the whole body of a REST request or response."""
    return ref.shape.members.get(ref.raw.payload or ref.shape.raw.payload) if ref is not None else None


class OperationModel:
    """One operation: parses its requests and serializes its responses, in each of its protocols."""

    def __init__(self, service: ServiceModel, name: str, raw: RawOperation) -> None:
        self.service = service
        self.raw = raw
        self.name = name  # botocore's, without the API version that CloudFront's own names end with
        self._codecs: dict[str, Codec] = {}

    @cached_property
    def input(self) -> Ref | None:
        return Ref("", self.raw.input, self.service.shape(self.raw.input.shape)) if self.raw.input else None

    @cached_property
    def output(self) -> Ref | None:
        return Ref("", self.raw.output, self.service.shape(self.raw.output.shape)) if self.raw.output else None

    @property
    def input_shape(self) -> Shape | None:
        return self.input.shape if self.input else None

    @property
    def output_shape(self) -> Shape | None:
        return self.output.shape if self.output else None

    @cached_property
    def errors(self) -> tuple[Shape, ...]:
        return tuple(self.service.shape(ref.shape) for ref in self.raw.errors)

    @property
    def http(self) -> Http:
        return self.raw.http

    @property
    def host_prefix(self) -> str:
        """The prefix that SDKs put before the host name, with {Labels} of input members. Mostly empty."""
        return self.raw.endpoint.host_prefix if self.raw.endpoint else ""

    @property
    def unsigned(self) -> bool:
        """Whether clients may call the operation without a signature (authtype none, such as Cognito's SignUp)."""
        return self.raw.authtype == "none" or "smithy.api#noAuth" in self.raw.auth

    @cached_property
    def payload_in(self) -> Ref | None:
        return _payload(self.input)

    @cached_property
    def payload_out(self) -> Ref | None:
        return _payload(self.output)

    @cached_property
    def streaming_input(self) -> bool:
        """Whether the body is a blob of any length, which is not read before the operation is called."""
        ref = self.payload_in
        return ref is not None and ref.streaming and ref.shape.type == "blob"

    @cached_property
    def streaming_output(self) -> bool:
        ref = self.payload_out
        return ref is not None and ref.streaming and ref.shape.type == "blob"

    def _event_member(self, shape: Shape | None) -> Ref | None:
        if shape is None:
            return None
        return next((ref for ref in shape.members.values() if ref.shape.raw.eventstream), None)

    @cached_property
    def event_member(self) -> Ref | None:
        """The output member that is an event stream."""
        return self._event_member(self.output_shape)

    @cached_property
    def event_stream_output(self) -> bool:
        return self.event_member is not None

    @cached_property
    def event_stream_input(self) -> bool:
        return self._event_member(self.input_shape) is not None

    @cached_property
    def open_body(self) -> str:
        """What may be signed instead of the hash of the body, if the model allows unsigned bodies; else empty."""
        if self.raw.authtype == "v4-unsigned-body" or self.raw.unsigned_payload:
            return "UNSIGNED-PAYLOAD"
        return "STREAMING-AWS4-HMAC-SHA256-EVENTS" if self.event_stream_input else ""

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The query parameters that select this operation of a REST service: S3's sub-resources."""
        pieces = self.raw.http.request_uri.partition("?")[2].split("&")
        return tuple(piece for piece in pieces if piece and "=" not in piece)

    def codec(self, protocol: str) -> Codec:
        """The codec of this operation in a protocol. Cached."""
        found = self._codecs.get(protocol)
        if found is None:
            from .codec import compile_codec

            found = self._codecs[protocol] = compile_codec(self, protocol)
        return found

    def parse(self, protocol: str, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]:
        """Parse a request to a plain dict, and validate it.

        `body` is None if the payload is streamed: the payload member is then `request.stream`, or `request.content` if
        the body has arrived. Raises only errors of core.errors (SerializationError, ValidationError, …).
        """
        return self.codec(protocol).parse(request, labels, body)

    @cached_property
    def _validate(self) -> Any:
        from .validate import compile_validator

        return compile_validator(self)

    def validate(self, params: dict[str, Any]) -> None:
        """Raise ValidationError with AWS's text if `params` violate the model's constraints."""
        self._validate(params)

    def serialize(self, protocol: str, result: dict[str, Any], request_id: str) -> Response:
        """Serialize a result. Drops None values and members that are not in the model."""
        return self.codec(protocol).serialize(result, request_id)

    def error(self, protocol: str, error: ServiceError, request_id: str, method: str = "") -> Response:
        """Serialize an error."""
        from . import errors

        return errors.respond(self.service, protocol, "", error, request_id, method or self.raw.http.method, self)


class Operations(Mapping[str, OperationModel]):
    """The operations of a service by name. Each is decoded on first use."""

    def __init__(self, service: ServiceModel, raw: dict[str, msgspec.Raw]) -> None:
        self._service = service
        self._raw = raw
        self._made: dict[str, OperationModel] = {}

    def __getitem__(self, name: str) -> OperationModel:
        made = self._made.get(name)
        if made is None:
            raw = _OPERATION_DECODER.decode(self._raw[name])
            made = self._made[name] = OperationModel(self._service, name, raw)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, name: object) -> bool:
        return name in self._raw


class ServiceModel:
    """One service: its names, its protocols, its operations and shapes."""

    def __init__(self, name: str, document: bytes, patch: patching.Patch | None = None) -> None:
        raw = _DOCUMENT_DECODER.decode(document)
        patch = patch or patching.Patch()
        sections = {"metadata": raw.metadata, "operations": raw.operations, "shapes": raw.shapes}
        if patch.patch:
            patching.apply(sections, patch.patch)
        self.name = name
        self.manner = patch.manner
        self.metadata = msgspec.json.decode(msgspec.json.encode(raw.metadata), type=Metadata)
        self._raw_shapes = raw.shapes
        self._shapes: dict[str, Shape] = {}
        self.operations = Operations(self, raw.operations)
        protocols = list(self.metadata.protocols or [self.metadata.protocol])
        if self.query_compatible and "query" not in protocols:
            protocols.append("query")
        self.protocols: tuple[str, ...] = tuple(protocols)

    @property
    def api_version(self) -> str:
        return self.metadata.api_version

    @property
    def endpoint_prefix(self) -> str:
        return self.metadata.endpoint_prefix

    @cached_property
    def signing_name(self) -> str:
        return self.metadata.signing_name or self.metadata.endpoint_prefix

    @property
    def target_prefix(self) -> str:
        return self.metadata.target_prefix

    @property
    def json_version(self) -> str:
        return self.metadata.json_version

    @property
    def service_id(self) -> str:
        return self.metadata.service_id

    @property
    def query_compatible(self) -> bool:
        """Whether the service has replaced the query protocol and still sends the old codes in x-amzn-query-error."""
        return self.metadata.aws_query_compatible is not None

    @cached_property
    def namespace(self) -> str:
        found = self.metadata.xml_namespace
        if isinstance(found, dict):
            return str(found.get("uri", ""))
        return str(found or "")

    def shape(self, name: str) -> Shape:
        found = self._shapes.get(name)
        if found is None:
            raw = SHAPE_DECODER.decode(self._raw_shapes[name])
            found = self._shapes[name] = Shape(self, name, raw)
        return found

    def shape_names(self) -> list[str]:
        return list(self._raw_shapes)

    @cached_property
    def error_shapes(self) -> dict[str, Shape]:
        """All exceptions of the service, by shape name and by error code (names take precedence)."""
        found: dict[str, Shape] = {}
        by_code: dict[str, Shape] = {}
        for name, raw in self._raw_shapes.items():
            if b'"exception"' in bytes(memoryview(raw)):
                shape = self.shape(name)
                found[name] = shape
                if shape.raw.error and shape.raw.error.code:
                    by_code.setdefault(shape.raw.error.code, shape)
        return {**by_code, **found}

    @cached_property
    def _routes(self) -> Routes:
        from .routes import Routes

        return Routes(self)

    def route(
        self, method: str, path: str, query: str, request: Request | None = None
    ) -> tuple[OperationModel, dict[str, str]] | None:
        """Find the operation of a REST request and its path labels (percent-decoded once), or None.

        `path` and `query` are raw. If two operations differ only by a required header (S3's CopyObject and PutObject),
        `request` decides.
        """
        return self._routes.find(method, path, query, request)

    def protocol_of(self, request: Request) -> str:
        """Detect which of this service's protocols a request uses."""
        if len(self.protocols) == 1:
            return self.protocols[0]
        from .protocols import protocol_of

        return protocol_of(self, request)


OWN = Path(__file__).parent / "own"
"""Models that botocore does not have, or no more: `own/<service>/<version>/service-2.json`. They come first."""


def names() -> list[str]:
    """The folder names of all services that have a model."""
    roots = [root for root in (OWN, botocore_data.root()) if root.is_dir()]
    folders = {path.name for root in roots for path in root.iterdir() if path.is_dir()}
    return sorted(name for name in folders if model_file(name) is not None)


def model_file(name: str) -> Path | None:
    """The file of the newest service model of `name`, compressed or plain."""
    if not name or "/" in name or name.startswith("."):
        return None
    for folder in (OWN / name, botocore_data.root() / name):
        if not folder.is_dir():
            continue
        for version in sorted((path for path in folder.iterdir() if path.is_dir()), reverse=True):
            for file in ("service-2.json.gz", "service-2.json"):
                if (version / file).exists():
                    return version / file
    return None


@cache
def load(name: str) -> ServiceModel:
    """Load a service's model by botocore's folder name ("sqs", "lambda"). Raises KeyError if there is none."""
    path = model_file(name)
    if path is None:
        raise KeyError(name)
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    return ServiceModel(name, data, patching.read(name))


__all__ = ["OperationModel", "ServiceModel", "load", "names"]
