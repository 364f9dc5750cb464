"""The protocols awsJson 1.0 and 1.1: X-Amz-Target names the operation, the body is JSON.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from fogbank.core.http import Response

from .compression import inflate
from .json_read import JsonBody
from .json_write import encode, structure_writer

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel


class JsonCodec:
    def __init__(self, operation: OperationModel) -> None:
        model = operation.service
        self._operation = operation
        self._reader = JsonBody(model, operation.input_shape)
        output = operation.output_shape
        self._write = None if output is None else structure_writer(output)
        self._type = f"application/x-amz-json-{model.json_version}"
        self._crc32 = model.manner.crc32
        self._events = operation.event_member

    def parse(self, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]:
        body = inflate(request, body or b"", self._operation)
        params, validated = self._reader.read(body)
        if not validated:
            self._operation.validate(params)
        return params

    def serialize(self, result: dict[str, Any], request_id: str) -> Response:
        if self._events is not None:
            from .eventstream import rpc_response

            return rpc_response(self._operation, "json", result, request_id)
        body = b"" if self._write is None else encode(self._write(result or {}))
        headers = [("Content-Type", self._type), ("x-amzn-RequestId", request_id)]
        if self._crc32:
            headers.append(("x-amz-crc32", str(zlib.crc32(body))))
        return Response(200, headers, body)
