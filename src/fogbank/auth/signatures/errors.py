"""Signature errors that only S3 has, and errors of bodies.

Codes and texts are from the "Error responses" page of the Amazon S3 API reference, and from S3's answers as its users
report them.
"""

from __future__ import annotations

from typing import ClassVar

from fogbank.core.errors import CommonError


class AuthorizationQueryParameters(CommonError):
    """A presigned URL whose parameters are malformed."""

    code = "AuthorizationQueryParametersError"
    codes: ClassVar = {"json": "IncompleteSignatureException", "query": "IncompleteSignature"}
    status = 400


class AuthorizationHeaderMalformed(CommonError):
    code = "AuthorizationHeaderMalformed"
    status = 400


class S3RequestExpired(CommonError):
    """A presigned URL past its expiry: members X-Amz-Expires, Expires, ServerTime."""

    code = "AccessDenied"
    status = 403
    default = "Request has expired"


class RequestTimeTooSkewed(CommonError):
    code = "RequestTimeTooSkewed"
    status = 403
    default = "The difference between the request time and the current time is too large."


class S3SignatureDoesNotMatch(CommonError):
    code = "SignatureDoesNotMatch"
    status = 403
    default = (
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method."
    )


class UnsupportedSignature(CommonError):
    """Signature Version 4A, which signs for several regions with an elliptic curve."""

    code = "UnsupportedSignature"
    status = 400
    default = (
        "AWS Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not verified by Fogbank: sign for one region with "
        "AWS4-HMAC-SHA256."
    )


class InvalidArgument(CommonError):
    code = "InvalidArgument"
    status = 400


class InvalidRequest(CommonError):
    code = "InvalidRequest"
    status = 400


class ContentSHA256Mismatch(CommonError):
    code = "XAmzContentSHA256Mismatch"
    status = 400
    default = "The provided 'x-amz-content-sha256' header does not match what was computed."


class IncompleteBody(CommonError):
    code = "IncompleteBody"
    status = 400
    default = "You did not provide the number of bytes specified by the Content-Length HTTP header"


class InvalidChunkSize(CommonError):
    """A chunk other than the last is smaller than 8 KB (signed payloads); members Chunk, BadChunkSize."""

    code = "InvalidChunkSizeError"
    status = 403
    default = "Only the last chunk is allowed to have a size less than 8192 bytes"


class MalformedTrailer(CommonError):
    code = "MalformedTrailerError"
    status = 400
    default = "The request contained trailing data that was not well-formed or did not conform to our published schema."
