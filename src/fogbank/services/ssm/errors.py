"""The errors of Parameter Store (https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html)."""

from fogbank.core.errors import ServiceError


class ParameterNotFound(ServiceError):
    code = "ParameterNotFound"


class ParameterAlreadyExists(ServiceError):
    code = "ParameterAlreadyExists"
    default = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."


class ParameterVersionNotFound(ServiceError):
    code = "ParameterVersionNotFound"


class ParameterPatternMismatchException(ServiceError):
    code = "ParameterPatternMismatchException"


class InvalidAllowedPatternException(ServiceError):
    code = "InvalidAllowedPatternException"


class ParameterMaxVersionLimitExceeded(ServiceError):
    code = "ParameterMaxVersionLimitExceeded"


class ParameterLimitExceeded(ServiceError):
    code = "ParameterLimitExceeded"
    default = (  # the API reference's words
        "You have exceeded the number of parameters for this Amazon Web Services account. Delete one or more "
        "parameters and try again."
    )


class HierarchyLevelLimitExceededException(ServiceError):
    code = "HierarchyLevelLimitExceededException"


class InvalidFilterKey(ServiceError):
    code = "InvalidFilterKey"


class InvalidFilterOption(ServiceError):
    code = "InvalidFilterOption"


class InvalidFilterValue(ServiceError):
    code = "InvalidFilterValue"


class InvalidKeyId(ServiceError):
    code = "InvalidKeyId"


class InvalidNextToken(ServiceError):
    code = "InvalidNextToken"
    default = "The specified token isn't valid."


class TooManyTags(ServiceError):
    code = "TooManyTagsError"
    default = (  # the API reference's words
        "The Targets parameter includes too many tags. Remove one or more tags and try the command again."
    )


class InvalidResourceId(ServiceError):
    code = "InvalidResourceId"
    default = "The resource ID isn't valid. Verify that you entered the correct ID and try again."
