"""The errors of CloudWatch, under the names of its model (the wire adds the codes the model gives them)."""

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
    """Of alarms."""

    code = "ResourceNotFound"


class ResourceNotFoundException(ServiceError):
    """Of tagged resources."""

    code = "ResourceNotFoundException"


class DashboardNotFound(ServiceError):
    code = "DashboardNotFoundError"


class DashboardInvalidInput(ServiceError):
    code = "DashboardInvalidInputError"
