"""The errors of the registry's protocol.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.errors import AccessDenied, RequestTooLarge, ServiceError, ServiceUnavailable, Throttling
from fogbank.core.http import Response
from fogbank.core.visit import Visit

from . import errors

API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


class Unauthorized(ServiceError):
    """There is no token, or one that means nothing."""

    code = "UNAUTHORIZED"
    status = 401
    default = "Not Authorized"


class Denied(ServiceError):
    code = "DENIED"
    status = 403


class NameInvalid(ServiceError):
    code = "NAME_INVALID"


class NameUnknown(ServiceError):
    code = "NAME_UNKNOWN"
    status = 404


class ManifestUnknown(ServiceError):
    code = "MANIFEST_UNKNOWN"
    status = 404
    default = "Requested image not found"


class BlobUnknown(ServiceError):
    code = "BLOB_UNKNOWN"
    status = 404
    default = "blob unknown to registry"


class RangeInvalid(ServiceError):
    code = "BLOB_UPLOAD_INVALID"
    status = 416
    default = "the range does not begin where the upload ends"


class RangeNotSatisfiable(ServiceError):
    code = "RANGE_INVALID"
    status = 416
    default = "the range is not within the blob"


class DigestInvalid(ServiceError):
    code = "DIGEST_INVALID"
    default = "provided digest did not match uploaded content"


class ManifestInvalid(ServiceError):
    code = "MANIFEST_INVALID"


class Unsupported(ServiceError):
    code = "UNSUPPORTED"
    status = 405
    default = "The operation is unsupported."


class NoSuchPath(ServiceError):
    code = "UNSUPPORTED"
    status = 404
    default = "no such path"


class PaginationInvalid(ServiceError):
    code = "PAGINATION_NUMBER_INVALID"
    default = "invalid number of results requested"


# the errors that the APIs share with the registry: the protocol's code and status
_CODES: dict[type[ServiceError], tuple[str, int]] = {
    AccessDenied: ("DENIED", 403),
    RequestTooLarge: ("SIZE_INVALID", 413),
    Throttling: ("TOOMANYREQUESTS", 429),
    ServiceUnavailable: ("UNAVAILABLE", 503),
    errors.RepositoryNotFound: ("NAME_UNKNOWN", 404),
    errors.UploadNotFound: ("BLOB_UPLOAD_UNKNOWN", 404),
    errors.InvalidLayer: ("DIGEST_INVALID", 400),
    errors.EmptyUpload: ("DIGEST_INVALID", 400),
    errors.LayersNotFound: ("MANIFEST_BLOB_UNKNOWN", 404),
    errors.ReferencedImagesNotFound: ("MANIFEST_BLOB_UNKNOWN", 404),
    errors.ImageTagAlreadyExists: ("TAG_INVALID", 400),
    errors.LimitExceeded: ("DENIED", 403),
    errors.UnableToGetUpstreamImage: ("MANIFEST_UNKNOWN", 404),
    errors.UnableToGetUpstreamLayer: ("BLOB_UNKNOWN", 404),
}


def refuse(visit: Visit, error: ServiceError) -> Response:
    code, status = _CODES.get(type(error), (error.code, error.status))
    body = msgspec.json.encode({"errors": [{"code": code, "message": error.message}]})
    return Response(status, [("Content-Type", "application/json; charset=utf-8"), *error.headers], body)


Refuse = Callable[[Visit, ServiceError], Response]


def json_response(status: int, document: Any, *headers: tuple[str, str]) -> Response:
    content = msgspec.json.encode(document)
    return Response(status, [("Content-Type", "application/json; charset=utf-8"), *headers], content)
