"""The errors of Certificate Manager.

https://docs.aws.amazon.com/acm/latest/APIReference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"


class ResourceInUseException(ServiceError):
    code = "ResourceInUseException"


class ValidationException(ServiceError):
    code = "ValidationException"


class InvalidArnException(ServiceError):
    code = "InvalidArnException"


class InvalidArgsException(ServiceError):
    code = "InvalidArgsException"


class InvalidParameterException(ServiceError):
    code = "InvalidParameterException"


class InvalidStateException(ServiceError):
    code = "InvalidStateException"


class InvalidTagException(ServiceError):
    code = "InvalidTagException"


class InvalidDomainValidationOptionsException(ServiceError):
    code = "InvalidDomainValidationOptionsException"


class LimitExceededException(ServiceError):
    code = "LimitExceededException"


class RequestInProgressException(ServiceError):
    code = "RequestInProgressException"


class TooManyTagsException(ServiceError):
    code = "TooManyTagsException"
