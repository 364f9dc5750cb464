"""Lambda's errors. https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html and each operation's page."""

from __future__ import annotations

from typing import Any, ClassVar

from fogbank.core.errors import ServiceError


class LambdaError(ServiceError):
    """Base class of Lambda's errors. Their structures have a `Type` besides the message: User or Server."""

    fault: ClassVar[str] = "User"

    def __init__(self, message: str | None = None, /, *, headers: tuple[tuple[str, str], ...] = (), **members: Any):
        members.setdefault("Type", self.fault)
        super().__init__(message, headers=headers, **members)


class ResourceNotFound(LambdaError):
    code = "ResourceNotFoundException"
    status = 404


class ResourceConflict(LambdaError):
    code = "ResourceConflictException"
    status = 409


class InvalidParameterValue(LambdaError):
    code = "InvalidParameterValueException"
    status = 400


class TooManyRequests(LambdaError):
    code = "TooManyRequestsException"
    status = 429
    default = "Rate Exceeded."


class PreconditionFailed(LambdaError):
    code = "PreconditionFailedException"
    status = 412
    default = (
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id"
    )


class InvalidRequestContent(LambdaError):
    code = "InvalidRequestContentException"
    status = 400


class RequestTooLarge(LambdaError):
    code = "RequestTooLargeException"
    status = 413


class InvalidZipFile(LambdaError):
    code = "InvalidZipFileException"
    status = 502
    fault = "Server"


class InvalidRuntime(LambdaError):
    code = "InvalidRuntimeException"
    status = 502
    fault = "Server"


class AccessDeniedByRole(LambdaError):
    """Access is denied during the call: Lambda cannot assume the execution role, or S3 denies the package."""

    code = "AccessDeniedException"
    status = 403
    default = "The role defined for the function cannot be assumed by Lambda."


class ResourceInUse(LambdaError):
    code = "ResourceInUseException"
    status = 400


class CodeSigningConfigNotFound(LambdaError):
    code = "CodeSigningConfigNotFoundException"
    status = 404


class ProvisionedConcurrencyConfigNotFound(LambdaError):
    code = "ProvisionedConcurrencyConfigNotFoundException"
    status = 404
    default = "No Provisioned Concurrency Config found for this function"


class PolicyLengthExceeded(LambdaError):
    code = "PolicyLengthExceededException"
    status = 400


class CodeStorageExceeded(LambdaError):
    code = "CodeStorageExceededException"
    status = 400
    default = "Code storage limit exceeded."


class NoPoller(LambdaError):
    """The event source is of a kind that Fogbank does not poll."""

    code = "NotImplemented"
    status = 501
    fault = "Server"
