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


class ParameterVersionLabelLimitExceeded(ServiceError):
    code = "ParameterVersionLabelLimitExceeded"
    default = "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again."


class InvalidPolicyTypeException(ServiceError):
    code = "InvalidPolicyTypeException"
    default = (
        "The policy type isn't supported. Parameter Store supports the following policy types: Expiration, "
        "ExpirationNotification, and NoChangeNotification."
    )


class InvalidPolicyAttributeException(ServiceError):
    code = "InvalidPolicyAttributeException"
    default = "A policy attribute or its value is invalid."


class IncompatiblePolicyException(ServiceError):
    code = "IncompatiblePolicyException"
    default = (
        "There is a conflict in the policies specified for this parameter. You can't, for example, specify two "
        "Expiration policies for a parameter. Review your policies, and try again."
    )


class PoliciesLimitExceededException(ServiceError):
    code = "PoliciesLimitExceededException"
    default = "You specified more than the maximum number of allowed policies for the parameter. The maximum is 10."


class ServiceSettingNotFound(ServiceError):
    code = "ServiceSettingNotFound"
    default = (
        "The specified service setting wasn't found. Either the service name or the setting hasn't been provisioned by "
        "the Amazon Web Services service team."
    )


class UnsupportedParameterType(ServiceError):
    code = "UnsupportedParameterType"
    default = "The parameter type isn't supported."


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"
    default = "The specified parameter to be shared could not be found."


class ResourcePolicyNotFoundException(ServiceError):
    code = "ResourcePolicyNotFoundException"
    default = "No policies with the specified policy ID and hash could be found."


class ResourcePolicyConflictException(ServiceError):
    code = "ResourcePolicyConflictException"
    default = (
        "The hash provided in the call doesn't match the stored hash. This exception is thrown when trying to update "
        "an obsolete policy version or when multiple requests to update a policy are sent."
    )


class ResourcePolicyInvalidParameterException(ServiceError):
    code = "ResourcePolicyInvalidParameterException"
    default = "One or more parameters specified for the call aren't valid. Verify the parameters and their values and try again."  # noqa: E501


class MalformedResourcePolicyDocumentException(ServiceError):
    code = "MalformedResourcePolicyDocumentException"
    default = "The specified policy document is malformed or invalid, or excessive PutResourcePolicy or DeleteResourcePolicy calls have been made."  # noqa: E501


class InvalidResourceType(ServiceError):
    code = "InvalidResourceType"
    default = "The resource type isn't valid. For example, if you are attempting to tag an EC2 instance, the instance must be a registered managed node."  # noqa: E501
