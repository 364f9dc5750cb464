"""The responses that an HTTP API makes itself. They cannot be customized.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
"""

from __future__ import annotations

from fogbank.apis.failures import GatewayError
from fogbank.core.http import Response

NOT_FOUND, UNAUTHORIZED, FORBIDDEN = "Not Found", "Unauthorized", "Forbidden"
INTERNAL, UNAVAILABLE = "Internal Server Error", "Service Unavailable"
_STATUS = {
    NOT_FOUND: 404, UNAUTHORIZED: 401, FORBIDDEN: 403, INTERNAL: 500, UNAVAILABLE: 503, "Too Many Requests": 429,
    "Request Entity Too Large": 413, "Bad Request": 400,
}  # fmt: skip
_OF_KIND = {
    "ACCESS_DENIED": FORBIDDEN,
    "EXPIRED_TOKEN": FORBIDDEN,
    "INVALID_SIGNATURE": FORBIDDEN,
    "MISSING_AUTHENTICATION_TOKEN": FORBIDDEN,
    "UNAUTHORIZED": UNAUTHORIZED,
    "RESOURCE_NOT_FOUND": NOT_FOUND,
    "THROTTLED": "Too Many Requests",
    "REQUEST_TOO_LARGE": "Request Entity Too Large",
    "BAD_REQUEST_PARAMETERS": "Bad Request",
    "INTEGRATION_FAILURE": UNAVAILABLE,
    "INTEGRATION_TIMEOUT": UNAVAILABLE,
}


def plain(message: str, status: int = 0) -> Response:
    """A response whose body is `{"message": …}`."""
    return Response(
        status or _STATUS[message], [("content-type", "application/json")], f'{{"message":"{message}"}}'.encode()
    )


def answer(error: GatewayError) -> Response:
    """The response for a failure: HTTP APIs tell clients no more than its kind."""
    return plain(_OF_KIND.get(error.kind, INTERNAL))
