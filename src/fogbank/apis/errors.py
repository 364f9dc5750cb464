"""The errors of API Gateway (https://docs.aws.amazon.com/apigateway/latest/api/CommonErrors.html)."""

from fogbank.core.errors import ServiceError


class BadRequest(ServiceError):
    code = "BadRequestException"
    status = 400


class Conflict(ServiceError):
    code = "ConflictException"
    status = 409


class NotFound(ServiceError):
    code = "NotFoundException"
    status = 404


class LimitExceeded(ServiceError):
    code = "LimitExceededException"
    status = 429


def full(things: str, where: str) -> LimitExceeded:
    """That the account or API (`where`) has as many of these as its quota allows."""
    return LimitExceeded(
        f"Maximum number of {things} for this {where} has been reached. Please contact AWS if you need additional "
        f"{things}."
    )
