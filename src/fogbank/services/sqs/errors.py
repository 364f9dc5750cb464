"""The errors of SQS, with the codes of its JSON protocol. The wire adds the older query codes from the model.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class QueueDoesNotExist(ServiceError):
    code = "QueueDoesNotExist"
    default = "The specified queue does not exist."


class QueueNameExists(ServiceError):
    code = "QueueNameExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"A queue already exists with the same name and a different value for attribute {attribute}")


class InvalidAttributeName(ServiceError):
    code = "InvalidAttributeName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown Attribute {name}.")


class InvalidAttributeValue(ServiceError):
    code = "InvalidAttributeValue"

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid value for the parameter {name}.")


class InvalidParameterValue(ServiceError):
    code = "InvalidParameterValue"


class MissingParameter(ServiceError):
    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidMessageContents(ServiceError):
    code = "InvalidMessageContents"
    default = "Message contains invalid characters."


class ReceiptHandleIsInvalid(ServiceError):
    code = "ReceiptHandleIsInvalid"
    status = 404

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle}" is not a valid receipt handle.')


class MessageNotInflight(ServiceError):
    code = "MessageNotInflight"


class PurgeQueueInProgress(ServiceError):
    code = "PurgeQueueInProgress"
    status = 403

    def __init__(self, name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.")


class EmptyBatchRequest(ServiceError):
    code = "EmptyBatchRequest"

    def __init__(self, entry: str) -> None:
        super().__init__(f"There should be at least one {entry} in the request.")


class TooManyEntriesInBatchRequest(ServiceError):
    code = "TooManyEntriesInBatchRequest"

    def __init__(self, count: int) -> None:
        super().__init__(f"Maximum number of entries per request are 10. You have sent {count}.")


class BatchEntryIdsNotDistinct(ServiceError):
    code = "BatchEntryIdsNotDistinct"

    def __init__(self, entry: str) -> None:
        super().__init__(f"Id {entry} repeated.")


class InvalidBatchEntryId(ServiceError):
    code = "InvalidBatchEntryId"
    default = (
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
        "letters long."
    )


class BatchRequestTooLong(ServiceError):
    code = "BatchRequestTooLong"

    def __init__(self, limit: int, sent: int) -> None:
        super().__init__(f"Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"
    status = 404


class UnsupportedOperation(ServiceError):
    code = "UnsupportedOperation"


def invalid_next_token() -> InvalidParameterValue:
    return InvalidParameterValue("Invalid or expired next token.")


class InvalidAddress(ServiceError):
    """A QueueUrl that is not the URL of a queue."""

    code = "InvalidAddress"
