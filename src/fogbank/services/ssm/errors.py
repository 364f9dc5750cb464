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


class InvalidDocument(ServiceError):
    code = "InvalidDocument"
    default = "The specified SSM document doesn't exist."


class InvalidDocumentContent(ServiceError):
    code = "InvalidDocumentContent"
    default = "The content for the document isn't valid."


class InvalidDocumentSchemaVersion(ServiceError):
    code = "InvalidDocumentSchemaVersion"
    default = "The version of the document schema isn't supported."


class InvalidDocumentVersion(ServiceError):
    code = "InvalidDocumentVersion"
    default = "The document version isn't valid or doesn't exist."


class InvalidDocumentOperation(ServiceError):
    code = "InvalidDocumentOperation"


class DocumentAlreadyExists(ServiceError):
    code = "DocumentAlreadyExists"
    default = "The specified document already exists."


class DocumentLimitExceeded(ServiceError):
    code = "DocumentLimitExceeded"
    default = "You can have at most 500 active SSM documents."


class DocumentVersionLimitExceeded(ServiceError):
    code = "DocumentVersionLimitExceeded"
    default = "The document has too many versions. Delete one or more document versions and try again."


class DuplicateDocumentContent(ServiceError):
    code = "DuplicateDocumentContent"
    default = (
        "The content of the association document matches another document. Change the content of the "
        "document and try again."
    )


class DuplicateDocumentVersionName(ServiceError):
    code = "DuplicateDocumentVersionName"
    default = (
        "The version name has already been used in this document. Specify a different version name, and then try again."
    )


class MaxDocumentSizeExceeded(ServiceError):
    code = "MaxDocumentSizeExceeded"
    default = "The size limit of a document is 64 KB."


class AssociationAlreadyExists(ServiceError):
    code = "AssociationAlreadyExists"
    default = "The specified association already exists."


class AssociationDoesNotExist(ServiceError):
    code = "AssociationDoesNotExist"
    default = "The specified association doesn't exist."


class InvalidAssociationVersion(ServiceError):
    code = "InvalidAssociationVersion"
    default = (
        "The version you specified isn't valid. Use ListAssociationVersions to view all versions of an "
        "association according to the association ID. Or, use the $LATEST parameter to view the latest "
        "version of the association."
    )


class InvalidSchedule(ServiceError):
    code = "InvalidSchedule"
    default = "The schedule is invalid. Verify your cron or rate expression and try again."


class InvalidTarget(ServiceError):
    code = "InvalidTarget"
    default = (
        "The target isn't valid or doesn't exist. It might not be configured for Systems Manager or you "
        "might not have permission to perform the operation."
    )


class InvalidInstanceId(ServiceError):
    code = "InvalidInstanceId"


class DoesNotExistException(ServiceError):
    code = "DoesNotExistException"


class AlreadyExistsException(ServiceError):
    code = "AlreadyExistsException"


class ResourceInUseException(ServiceError):
    code = "ResourceInUseException"


class ResourceLimitExceededException(ServiceError):
    code = "ResourceLimitExceededException"
    default = "Error returned when the caller has exceeded the default resource quotas."


class IdempotentParameterMismatch(ServiceError):
    code = "IdempotentParameterMismatch"
    default = (
        "Error returned when an idempotent operation is retried and the parameters don't match the "
        "original call to the API with the same idempotency token."
    )


class OpsItemNotFoundException(ServiceError):
    code = "OpsItemNotFoundException"


class OpsItemInvalidParameterException(ServiceError):
    code = "OpsItemInvalidParameterException"


class OpsItemRelatedItemAlreadyExistsException(ServiceError):
    code = "OpsItemRelatedItemAlreadyExistsException"
    default = "The Amazon Resource Name (ARN) is already associated with the OpsItem."


class OpsItemRelatedItemAssociationNotFoundException(ServiceError):
    code = "OpsItemRelatedItemAssociationNotFoundException"
    default = (
        "The association wasn't found using the parameters you specified in the call. Verify the "
        "information and try again."
    )


class OpsMetadataNotFoundException(ServiceError):
    code = "OpsMetadataNotFoundException"
    default = "The OpsMetadata object doesn't exist."


class OpsMetadataAlreadyExistsException(ServiceError):
    code = "OpsMetadataAlreadyExistsException"
    default = "An OpsMetadata object already exists for the selected resource."


class InvalidActivationId(ServiceError):
    code = "InvalidActivationId"
    default = (
        "The activation ID isn't valid. Verify you entered the correct ActivationId or ActivationCode and try again."
    )


class InvalidParameters(ServiceError):
    code = "InvalidParameters"
    default = (
        "You must specify values for all required parameters in the Amazon Web Services Systems Manager "
        "document (SSM document). You can only supply values to parameters defined in the SSM document."
    )


class ResourceDataSyncAlreadyExistsException(ServiceError):
    code = "ResourceDataSyncAlreadyExistsException"


class ResourceDataSyncNotFoundException(ServiceError):
    code = "ResourceDataSyncNotFoundException"


class ResourceDataSyncInvalidConfigurationException(ServiceError):
    code = "ResourceDataSyncInvalidConfigurationException"


class InvalidCommandId(ServiceError):
    code = "InvalidCommandId"
    default = "The specified command ID isn't valid. Verify the ID and try again."


class InvocationDoesNotExist(ServiceError):
    code = "InvocationDoesNotExist"
    default = (
        "The command ID and managed node ID you specified didn't match any invocations. Verify the "
        "command ID and the managed node ID and try again."
    )


class TargetNotConnected(ServiceError):
    code = "TargetNotConnected"


class AutomationDefinitionNotFoundException(ServiceError):
    code = "AutomationDefinitionNotFoundException"


class AutomationExecutionNotFoundException(ServiceError):
    code = "AutomationExecutionNotFoundException"


class AutomationDefinitionVersionNotFoundException(ServiceError):
    code = "AutomationDefinitionVersionNotFoundException"
    default = "An Automation runbook with the specified name and version couldn't be found."
