"""How a request to a stage fails: by the type of the gateway response that it gets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

# type: (status, x-amzn-ErrorType)
TYPES: dict[str, tuple[int, str]] = {
    "ACCESS_DENIED": (403, "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException"),
    "BAD_REQUEST_BODY": (400, "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException"),
    "DEFAULT_4XX": (400, "BadRequestException"),
    "DEFAULT_5XX": (500, "InternalServerErrorException"),
    "EXPIRED_TOKEN": (403, "ExpiredTokenException"),
    "INTEGRATION_FAILURE": (504, "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException"),
    "INVALID_API_KEY": (403, "ForbiddenException"),
    "INVALID_SIGNATURE": (403, "InvalidSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException"),
    "QUOTA_EXCEEDED": (429, "LimitExceededException"),
    "REQUEST_TOO_LARGE": (413, "RequestEntityTooLargeException"),
    "RESOURCE_NOT_FOUND": (404, "NotFoundException"),
    "THROTTLED": (429, "TooManyRequestsException"),
    "UNAUTHORIZED": (401, "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "UnsupportedMediaTypeException"),
    "WAF_FILTERED": (403, "ForbiddenException"),
}
INTERNAL = "Internal server error"


class GatewayError(Exception):
    """Ends a request with a gateway response. `why` goes to the execution log, not to the client."""

    def __init__(
        self,
        kind: str,
        message: str | None,
        *,
        status: int = 0,
        error_type: str = "",
        why: str = "",
        member: str = "message",
        validation: str = "",
    ) -> None:
        super().__init__(f"{kind}: {why or message}")
        self.kind = kind
        self.message = message
        self.status = status or TYPES[kind][0]
        self.error_type = error_type or TYPES[kind][1]
        self.why = why
        self.member = member
        self.validation = validation


def misconfigured(why: str) -> GatewayError:
    """500 Internal server error: the API is misconfigured; the request is not at fault."""
    return GatewayError("API_CONFIGURATION_ERROR", INTERNAL, why=f"Execution failed due to configuration error: {why}")


def malformed(why: str) -> GatewayError:
    """502 Internal server error: the function's result is not a valid proxy response."""
    return GatewayError("DEFAULT_5XX", INTERNAL, status=502, why=f"Execution failed due to configuration error: {why}")
