"""The errors of CloudWatch Logs."""

from fogbank.core.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"


class ResourceAlreadyExistsException(ServiceError):
    code = "ResourceAlreadyExistsException"


class InvalidParameterException(ServiceError):
    code = "InvalidParameterException"


class OperationAbortedException(ServiceError):
    code = "OperationAbortedException"
    default = "Multiple concurrent requests to update the same resource were in conflict."


class TooManyTagsException(ServiceError):
    code = "TooManyTagsException"
    default = "A resource can have no more than 50 tags."  # the API reference's words


class LimitExceededException(ServiceError):
    code = "LimitExceededException"
    default = "Resource limit exceeded."


def no_group() -> ResourceNotFoundException:
    return ResourceNotFoundException("The specified log group does not exist.")


def no_stream() -> ResourceNotFoundException:
    return ResourceNotFoundException("The specified log stream does not exist.")
