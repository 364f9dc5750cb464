"""The errors of KMS (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html)."""

from fogbank.core.errors import ServiceError


class NotFoundException(ServiceError):
    code = "NotFoundException"


class AlreadyExistsException(ServiceError):
    code = "AlreadyExistsException"


class DisabledException(ServiceError):
    code = "DisabledException"


class KMSInvalidStateException(ServiceError):
    code = "KMSInvalidStateException"


class InvalidCiphertextException(ServiceError):
    code = "InvalidCiphertextException"


class IncorrectKeyException(ServiceError):
    code = "IncorrectKeyException"
    default = "The key ID in the request does not identify a CMK that can perform this operation."


class InvalidKeyUsageException(ServiceError):
    code = "InvalidKeyUsageException"


class InvalidAliasNameException(ServiceError):
    code = "InvalidAliasNameException"


class InvalidMarkerException(ServiceError):
    code = "InvalidMarkerException"


class MalformedPolicyDocumentException(ServiceError):
    code = "MalformedPolicyDocumentException"


class UnsupportedOperationException(ServiceError):
    code = "UnsupportedOperationException"


class DryRunOperationException(ServiceError):
    code = "DryRunOperationException"
    status = 412
    default = "The request would have succeeded, but the DryRun option is set."


class TagException(ServiceError):
    code = "TagException"


class LimitExceededException(ServiceError):
    code = "LimitExceededException"
    default = "The request was rejected because a quota was exceeded."  # the API reference's words
