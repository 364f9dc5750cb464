"""The errors of SNS (https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html)."""

from fogbank.core.errors import ServiceError


class TagLimitExceeded(ServiceError):
    code = "TagLimitExceeded"
    default = "Can't add more than 50 tags to a topic."  # the API reference's words


class NotFound(ServiceError):
    code = "NotFound"
    status = 404
    default = "Topic does not exist"


class InvalidParameter(ServiceError):
    code = "InvalidParameter"

    def __init__(self, message: str) -> None:
        super().__init__(f"Invalid parameter: {message}")


class InvalidParameterValue(ServiceError):
    code = "ParameterValueInvalid"


class ResourceNotFound(ServiceError):
    code = "ResourceNotFound"
    status = 404
    default = "Resource does not exist"


class AuthorizationError(ServiceError):
    code = "AuthorizationError"
    status = 403


class TooManyEntriesInBatchRequest(ServiceError):
    code = "TooManyEntriesInBatchRequest"
    default = "The batch request contains more entries than permissible."


class EmptyBatchRequest(ServiceError):
    code = "EmptyBatchRequest"
    default = "The batch request doesn't contain any entries."


class BatchEntryIdsNotDistinct(ServiceError):
    code = "BatchEntryIdsNotDistinct"
    default = "Two or more batch entries in the request have the same Id."


class InvalidBatchEntryId(ServiceError):
    code = "InvalidBatchEntryId"
    default = "The Id of a batch entry in a batch request doesn't abide by the specification."


class BatchRequestTooLong(ServiceError):
    code = "BatchRequestTooLong"
    default = "The length of all the batch messages put together is more than the limit."


def invalid_next_token() -> InvalidParameter:
    return InvalidParameter("NextToken")


class TopicLimitExceeded(ServiceError):
    code = "TopicLimitExceeded"
    status = 403
    default = "Topic limit exceeded"  # AWS's text could not be confirmed


class FilterPolicyLimitExceeded(ServiceError):
    code = "FilterPolicyLimitExceeded"
    status = 403
    default = "Filter policy limit exceeded"  # AWS's text could not be confirmed
