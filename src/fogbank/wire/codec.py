"""The interface of codecs, and the codec of each protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fogbank.core.http import Request, Response

    from .models import OperationModel

JSON = "json"
QUERY = "query"
EC2 = "ec2"
REST_JSON = "rest-json"
REST_XML = "rest-xml"
CBOR = "smithy-rpc-v2-cbor"


class Codec(Protocol):
    """Parses the requests and serializes the responses of one operation in one protocol."""

    def parse(self, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]: ...

    def serialize(self, result: dict[str, Any], request_id: str) -> Response: ...


def compile_codec(operation: OperationModel, protocol: str) -> Codec:
    """Make the codec of an operation. Raises ValueError for an unknown protocol."""
    if protocol == JSON:
        from .json import JsonCodec

        return JsonCodec(operation)
    if protocol in (QUERY, EC2):
        from .query import QueryCodec

        return QueryCodec(operation, ec2=protocol == EC2)
    if protocol in (REST_JSON, REST_XML):
        from .rest import RestCodec

        return RestCodec(operation, xml=protocol == REST_XML)
    if protocol == CBOR:
        from .cbor import CborCodec

        return CborCodec(operation)
    raise ValueError(f"no such protocol: {protocol}")
