"""The errors of CloudWatch, by their names in the model (the wire layer translates them to the model's codes)."""

from fogbank.core.errors import ServiceError


class InvalidParameterValue(ServiceError):
    code = "InvalidParameterValueException"


class InvalidParameterCombination(ServiceError):
    code = "InvalidParameterCombinationException"


class MissingParameter(ServiceError):
    code = "MissingRequiredParameterException"


class InvalidNextToken(ServiceError):
    code = "InvalidNextToken"
    default = "The next token specified is invalid."


class InvalidFormat(ServiceError):
    code = "InvalidFormatFault"


class ResourceNotFound(ServiceError):
    """Raised for alarms."""

    code = "ResourceNotFound"


class ResourceNotFoundException(ServiceError):
    """Raised for resources in the tagging operations."""

    code = "ResourceNotFoundException"


class DashboardNotFound(ServiceError):
    code = "DashboardNotFoundError"


class DashboardInvalidInput(ServiceError):
    code = "DashboardInvalidInputError"
