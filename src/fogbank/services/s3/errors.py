"""The errors of S3, with AWS's texts.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class S3Error(ServiceError):
    """Base class of the errors that S3 defines."""


class NoSuchBucket(S3Error):
    code = "NoSuchBucket"
    status = 404
    default = "The specified bucket does not exist"

    def __init__(self, bucket: str) -> None:
        super().__init__(BucketName=bucket)


class NoSuchKey(S3Error):
    code = "NoSuchKey"
    status = 404
    default = "The specified key does not exist."

    def __init__(self, key: str) -> None:
        super().__init__(Key=key)


class NoSuchVersion(S3Error):
    code = "NoSuchVersion"
    status = 404
    default = "The specified version does not exist."


class NoSuchUpload(S3Error):
    code = "NoSuchUpload"
    status = 404
    default = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    )


class BucketAlreadyExists(S3Error):
    code = "BucketAlreadyExists"
    status = 409
    default = (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )


class BucketAlreadyOwnedByYou(S3Error):
    code = "BucketAlreadyOwnedByYou"
    status = 409
    default = "Your previous request to create the named bucket succeeded and you already own it."


class BucketNotEmpty(S3Error):
    code = "BucketNotEmpty"
    status = 409
    default = "The bucket you tried to delete is not empty"


class TooManyBuckets(S3Error):
    code = "TooManyBuckets"
    status = 400
    default = "You have attempted to create more buckets than allowed"


class InvalidBucketName(S3Error):
    code = "InvalidBucketName"
    status = 400
    default = "The specified bucket is not valid."


class IllegalLocationConstraint(S3Error):
    code = "IllegalLocationConstraintException"
    status = 400


class InvalidLocationConstraint(S3Error):
    code = "InvalidLocationConstraint"
    status = 400
    default = "The specified location-constraint is not valid"


class KeyTooLong(S3Error):
    code = "KeyTooLongError"
    status = 400
    default = "Your key is too long"


class MethodNotAllowed(S3Error):
    code = "MethodNotAllowed"
    status = 405
    default = "The specified method is not allowed against this resource."


class InvalidArgument(S3Error):
    code = "InvalidArgument"
    status = 400


class InvalidRequest(S3Error):
    code = "InvalidRequest"
    status = 400


class InvalidTargetBucketForLogging(S3Error):
    code = "InvalidTargetBucketForLogging"
    status = 400


class InvalidTag(S3Error):
    code = "InvalidTag"
    status = 400


class MalformedXML(S3Error):
    code = "MalformedXML"
    status = 400
    default = "The XML you provided was not well-formed or did not validate against our published schema"


class MalformedPolicy(S3Error):
    code = "MalformedPolicy"
    status = 400


class BadDigest(S3Error):
    code = "BadDigest"
    status = 400
    default = "The Content-MD5 you specified did not match what we received."


class InvalidDigest(S3Error):
    code = "InvalidDigest"
    status = 400
    default = "The Content-MD5 you specified was invalid."


class IncompleteBody(S3Error):
    code = "IncompleteBody"
    status = 400
    default = "You did not provide the number of bytes specified by the Content-Length HTTP header"


class MissingContentLength(S3Error):
    code = "MissingContentLength"
    status = 411
    default = "You must provide the Content-Length HTTP header."


class EntityTooLarge(S3Error):
    code = "EntityTooLarge"
    status = 400
    default = "Your proposed upload exceeds the maximum allowed size"


class EntityTooSmall(S3Error):
    code = "EntityTooSmall"
    status = 400
    default = "Your proposed upload is smaller than the minimum allowed size"


class MetadataTooLarge(S3Error):
    code = "MetadataTooLarge"
    status = 400
    default = "Your metadata headers exceed the maximum allowed metadata size"


class InvalidPart(S3Error):
    code = "InvalidPart"
    status = 400
    default = (
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
        "specified entity tag may not match the part's entity tag."
    )


class InvalidPartOrder(S3Error):
    code = "InvalidPartOrder"
    status = 400
    default = "The list of parts was not in ascending order. Parts must be ordered by part number."


class InvalidPartNumber(S3Error):
    code = "InvalidPartNumber"
    status = 416
    default = "The requested partnumber is not satisfiable"


class InvalidRange(S3Error):
    code = "InvalidRange"
    status = 416
    default = "The requested range is not satisfiable"


class PreconditionFailed(S3Error):
    code = "PreconditionFailed"
    status = 412
    default = "At least one of the pre-conditions you specified did not hold"

    def __init__(self, condition: str) -> None:
        super().__init__(Condition=condition)


class NotModified(S3Error):
    """A 304 answer: it has no body, and the headers with which the object would have come."""

    code = "NotModified"
    status = 304
    default = "Not Modified"


class NoSuchConfig(S3Error):
    """The 404 for a sub-resource that was never set; each sub-resource has a code of its own."""

    status = 404

    def __init__(self, code: str, message: str, bucket: str) -> None:
        self.code = code
        super().__init__(message, BucketName=bucket)


class AccessControlListNotSupported(S3Error):
    code = "AccessControlListNotSupported"
    status = 400
    default = "The bucket does not allow ACLs"


class InvalidBucketAclWithObjectOwnership(S3Error):
    code = "InvalidBucketAclWithObjectOwnership"
    status = 400
    default = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"


class InvalidBucketState(S3Error):
    code = "InvalidBucketState"
    status = 409


class InvalidStorageClass(S3Error):
    code = "InvalidStorageClass"
    status = 400
    default = "The storage class you specified is not valid"


class InvalidEncryptionAlgorithm(S3Error):
    code = "InvalidEncryptionAlgorithmError"
    status = 400
    default = "The encryption request you specified is not valid. Supported value: AES256."


class AccessDenied(S3Error):
    code = "AccessDenied"
    status = 403
    default = "Access Denied"


class AccessForbidden(S3Error):
    """The answer to a CORS preflight that no rule admits."""

    code = "AccessForbidden"
    status = 403


class MalformedPOSTRequest(S3Error):
    code = "MalformedPOSTRequest"
    status = 400
    default = "The body of your POST request is not well-formed multipart/form-data."


class NotImplementedHeader(S3Error):
    code = "NotImplemented"
    status = 501
    default = "A header you provided implies functionality that is not implemented"


class IllegalVersioning(S3Error):
    code = "IllegalVersioningConfigurationException"
    status = 400
    default = "The Versioning element must be specified"


class InvalidPolicyDocument(S3Error):
    code = "InvalidPolicyDocument"
    status = 400
