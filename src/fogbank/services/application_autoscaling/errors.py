"""The errors of Application Auto Scaling.

https://docs.aws.amazon.com/autoscaling/application/APIReference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class ValidationException(ServiceError):
    code = "ValidationException"


class ObjectNotFoundException(ServiceError):
    code = "ObjectNotFoundException"


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"


class LimitExceededException(ServiceError):
    code = "LimitExceededException"


class InvalidNextTokenException(ServiceError):
    code = "InvalidNextTokenException"
    default = "The next token supplied was invalid."  # the API reference's words


class TooManyTagsException(ServiceError):
    code = "TooManyTagsException"
