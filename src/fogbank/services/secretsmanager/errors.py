"""The errors of Secrets Manager.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
"""

from fogbank.core.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"
    default = "Secrets Manager can't find the specified secret."


class ResourceExistsException(ServiceError):
    code = "ResourceExistsException"


class InvalidParameterException(ServiceError):
    code = "InvalidParameterException"


class InvalidRequestException(ServiceError):
    code = "InvalidRequestException"


class InvalidNextTokenException(ServiceError):
    code = "InvalidNextTokenException"
    default = "The NextToken value is invalid."  # the API reference's words


class LimitExceededException(ServiceError):
    code = "LimitExceededException"


class MalformedPolicyDocumentException(ServiceError):
    code = "MalformedPolicyDocumentException"
    default = "This resource policy contains a syntax error."


class PublicPolicyException(ServiceError):
    code = "PublicPolicyException"
    default = (  # the API reference's words
        "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the "
        "secret."
    )


class EncryptionFailure(ServiceError):
    code = "EncryptionFailure"
    default = (
        "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is "
        "available, enabled, and not in an invalid state."
    )


class DecryptionFailure(ServiceError):
    code = "DecryptionFailure"
    default = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."


def marked() -> InvalidRequestException:
    """A secret that is scheduled for deletion."""
    return InvalidRequestException("You can't perform this operation on the secret because it was marked for deletion.")


def on_replica() -> InvalidRequestException:
    return InvalidRequestException(
        "Operation not permitted on a replica secret. Call must be made in primary secret's region."
    )
