"""AWS errors.

    ServiceError                 any error that a client receives; services subclass it in their errors.py
    └── CommonError              the errors that all services share; their code depends on the protocol
        ├── AccessDenied, MissingAuthenticationToken, UnrecognizedClient, InvalidSignature, IncompleteSignature,
        │   ExpiredToken, RequestExpired, OptInRequired
        ├── ValidationError, SerializationError, UnknownOperation, MalformedQueryString, RequestTooLarge
        ├── Throttling, ServiceUnavailable, InternalFailure
        └── NotBuilt             a known operation that Fogbank does not have (yet)

Source of the codes: the "Common errors" page of each service's API reference, and the AWS SDK models.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ServiceError(Exception):
    """An error with AWS's code and text. Any code below the pipeline may raise it; the wire serializes it.

    `code` is the error code a client sees (`e.response["Error"]["Code"]`), `status` its HTTP status; the service's
    model overrides both where it declares this error shape. `members` are further members of the error structure
    (`Resource`, `CancellationReasons`, …), `headers` further response headers.
    """

    code: str = "InternalFailure"
    status: int = 400
    default: ClassVar[str] = ""

    def __init__(
        self, message: str | None = None, /, *, headers: tuple[tuple[str, str], ...] = (), **members: Any
    ) -> None:
        self.message = self.default if message is None else message
        self.headers = headers
        self.members = members
        super().__init__(f"{self.code}: {self.message}")

    def code_for(self, family: str) -> str:
        """The code in a protocol family: `json`, `query` (query and rest-xml), `ec2` or `s3`."""
        return self.code


class CommonError(ServiceError):
    """An error that all services share. `codes` has its code per protocol family where that differs from `code`."""

    codes: ClassVar[dict[str, str]] = {}

    def code_for(self, family: str) -> str:
        return self.codes.get(family, self.code)


class AccessDenied(CommonError):
    code = "AccessDenied"
    codes: ClassVar = {"json": "AccessDeniedException", "ec2": "UnauthorizedOperation"}
    status = 403
    default = "Access Denied"
    explicit = False  # whether a policy denies explicitly


class MissingAuthenticationToken(CommonError):
    code = "MissingAuthenticationToken"
    codes: ClassVar = {"json": "MissingAuthenticationTokenException", "s3": "AccessDenied"}
    status = 403
    default = "Request is missing Authentication Token"


class UnrecognizedClient(CommonError):
    """An access key id that was never issued, or a session token that does not belong to it."""

    code = "InvalidClientTokenId"
    codes: ClassVar = {"json": "UnrecognizedClientException", "ec2": "AuthFailure", "s3": "InvalidAccessKeyId"}
    status = 403
    default = "The security token included in the request is invalid."

    def __init__(self, message: str | None = None, /, **kw: Any) -> None:
        super().__init__(message, **kw)


class InvalidSignature(CommonError):
    code = "SignatureDoesNotMatch"
    codes: ClassVar = {"json": "InvalidSignatureException", "ec2": "AuthFailure"}
    status = 403
    default = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


class IncompleteSignature(CommonError):
    code = "IncompleteSignature"
    codes: ClassVar = {"json": "IncompleteSignatureException", "s3": "AuthorizationHeaderMalformed"}
    status = 403


class ExpiredToken(CommonError):
    code = "ExpiredToken"
    codes: ClassVar = {"json": "ExpiredTokenException", "ec2": "RequestExpired"}
    status = 403
    default = "The security token included in the request is expired"


class RequestExpired(CommonError):
    """The signature's date is outside the allowed skew, or a presigned URL has expired."""

    code = "SignatureDoesNotMatch"
    codes: ClassVar = {"json": "InvalidSignatureException", "ec2": "RequestExpired", "s3": "RequestTimeTooSkewed"}
    status = 403


class OptInRequired(CommonError):
    code = "OptInRequired"
    status = 403


class ValidationError(CommonError):
    """A request that violates its model, or a rule of the service for which AWS uses the common code."""

    code = "ValidationError"
    codes: ClassVar = {"json": "ValidationException", "ec2": "InvalidParameterValue", "s3": "InvalidArgument"}
    status = 400


class SerializationError(CommonError):
    """A body that cannot be parsed at all."""

    code = "MalformedInput"
    codes: ClassVar = {"json": "SerializationException", "s3": "MalformedXML"}
    status = 400


class MalformedQueryString(CommonError):
    code = "MalformedQueryString"
    status = 400


class UnknownOperation(CommonError):
    code = "InvalidAction"
    codes: ClassVar = {"json": "UnknownOperationException", "s3": "MethodNotAllowed"}
    status = 400


class RequestTooLarge(CommonError):
    code = "RequestEntityTooLarge"
    codes: ClassVar = {"json": "RequestEntityTooLargeException", "s3": "EntityTooLarge"}
    status = 413
    default = "Request body is too large."


class Throttling(CommonError):
    code = "Throttling"
    codes: ClassVar = {"json": "ThrottlingException", "ec2": "RequestLimitExceeded", "s3": "SlowDown"}
    status = 400
    default = "Rate exceeded"


class ServiceUnavailable(CommonError):
    code = "ServiceUnavailable"
    codes: ClassVar = {"json": "ServiceUnavailableException"}
    status = 503
    default = "Service is unable to handle request."


class InternalFailure(CommonError):
    code = "InternalFailure"
    codes: ClassVar = {"json": "InternalFailure", "ec2": "InternalError", "s3": "InternalError"}
    status = 500
    default = "The request processing has failed because of an unknown error, exception or failure."


class NotBuilt(CommonError):
    """An AWS operation that Fogbank does not have. It never answers with an empty result instead."""

    code = "NotImplemented"
    status = 501

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            f"Fogbank has not built {service}:{operation}. What is built: `fogbank coverage {service}` or "
            f"docs/coverage.md."
        )
