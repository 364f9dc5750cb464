"""The errors of @connections, which API Gateway's control plane does not have.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apigatewaymanagementapi-reference.html
"""

from fogbank.core.errors import ServiceError


class Gone(ServiceError):
    code = "GoneException"
    status = 410


class PayloadTooLarge(ServiceError):
    code = "PayloadTooLargeException"
    status = 413
