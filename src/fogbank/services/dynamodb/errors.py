"""The errors of DynamoDB, with AWS's codes and texts.

Validation errors are `core.errors.ValidationError`, whose code is ValidationException in the JSON protocol.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class ConditionalCheckFailed(ServiceError):
    code = "ConditionalCheckFailedException"
    default = "The conditional request failed"


class ResourceNotFound(ServiceError):
    """Data operations use the default text; control operations name the table."""

    code = "ResourceNotFoundException"
    default = "Requested resource not found"


class ResourceInUse(ServiceError):
    code = "ResourceInUseException"


class LimitExceeded(ServiceError):
    code = "LimitExceededException"


class TransactionCanceled(ServiceError):
    """Carries CancellationReasons; see `operations.transactions`."""

    code = "TransactionCanceledException"


class IdempotentParameterMismatch(ServiceError):
    # AWS's text is not confirmed
    code = "IdempotentParameterMismatchException"
    default = "The request uses the same client token as a previous, but non-identical request."


class ItemCollectionSizeLimitExceeded(ServiceError):
    code = "ItemCollectionSizeLimitExceededException"
    default = "Collection size exceeded."


class ProvisionedThroughputExceeded(ServiceError):
    code = "ProvisionedThroughputExceededException"
    default = (
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API."
    )


class TableNotFound(ServiceError):
    """The error of the backup operations, in place of ResourceNotFoundException."""

    code = "TableNotFoundException"
