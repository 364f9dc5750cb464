"""Detects which of its service's protocols a request uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import codec

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import ServiceModel


def cbor_target(path: str) -> tuple[str, str] | None:
    """The service id and operation in a path /service/X/operation/Y, or None."""
    parts = path.split("/")
    if len(parts) >= 5 and parts[-4] == "service" and parts[-2] == "operation":
        return parts[-3], parts[-1]
    return None


def protocol_of(model: ServiceModel, request: Request) -> str:
    """Choose the protocol by X-Amz-Target, smithy-protocol, an Action or a form; else the service's first protocol."""
    protocols = model.protocols
    if codec.CBOR in protocols and request.header("smithy-protocol") == "rpc-v2-cbor":
        return codec.CBOR
    if codec.JSON in protocols and request.header("x-amz-target"):
        return codec.JSON
    form = request.header("content-type").startswith("application/x-www-form-urlencoded")
    if codec.QUERY in protocols and (form or "Action=" in request.query):
        return codec.QUERY
    if codec.CBOR in protocols and cbor_target(request.path) is not None:
        return codec.CBOR
    return protocols[0]
