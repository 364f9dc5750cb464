"""The errors of Resource Groups.

https://docs.aws.amazon.com/ARG/latest/APIReference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class BadRequestException(ServiceError):
    code = "BadRequestException"


def bad_token() -> BadRequestException:
    return BadRequestException("The NextToken is not valid.")  # not confirmed


class NotFoundException(ServiceError):
    code = "NotFoundException"
    status = 404
