"""The errors of the Resource Groups Tagging API.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class InvalidParameterException(ServiceError):
    code = "InvalidParameterException"


class PaginationTokenExpiredException(ServiceError):
    code = "PaginationTokenExpiredException"
    default = "The PaginationToken is not valid, or it has expired."  # not confirmed


class ConstraintViolationException(ServiceError):
    code = "ConstraintViolationException"
