"""The errors of CloudTrail, with AWS's codes, and AWS's texts where they are known.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html#API_CreateTrail_Errors
"""

from __future__ import annotations

from fogbank.core.errors import ServiceError


class TrailNotFoundException(ServiceError):
    code = "TrailNotFoundException"


class TrailAlreadyExistsException(ServiceError):
    code = "TrailAlreadyExistsException"


class MaximumNumberOfTrailsExceededException(ServiceError):
    code = "MaximumNumberOfTrailsExceededException"


class InvalidTrailNameException(ServiceError):
    code = "InvalidTrailNameException"


class CloudTrailARNInvalidException(ServiceError):
    code = "CloudTrailARNInvalidException"


class InvalidHomeRegionException(ServiceError):
    code = "InvalidHomeRegionException"


class S3BucketDoesNotExistException(ServiceError):
    code = "S3BucketDoesNotExistException"


class InsufficientS3BucketPolicyException(ServiceError):
    code = "InsufficientS3BucketPolicyException"


class InvalidS3PrefixException(ServiceError):
    code = "InvalidS3PrefixException"


class InsufficientSnsTopicPolicyException(ServiceError):
    code = "InsufficientSnsTopicPolicyException"
    default = "SNS Topic does not exist or the topic policy is incorrect!"


class InvalidSnsTopicNameException(ServiceError):
    code = "InvalidSnsTopicNameException"


class InvalidCloudWatchLogsLogGroupArnException(ServiceError):
    code = "InvalidCloudWatchLogsLogGroupArnException"


class InvalidCloudWatchLogsRoleArnException(ServiceError):
    code = "InvalidCloudWatchLogsRoleArnException"


class InvalidParameterCombinationException(ServiceError):
    code = "InvalidParameterCombinationException"


class InvalidEventSelectorsException(ServiceError):
    code = "InvalidEventSelectorsException"


class InvalidInsightSelectorsException(ServiceError):
    code = "InvalidInsightSelectorsException"


class InsightNotEnabledException(ServiceError):
    code = "InsightNotEnabledException"


class InvalidLookupAttributesException(ServiceError):
    code = "InvalidLookupAttributesException"


class InvalidTimeRangeException(ServiceError):
    code = "InvalidTimeRangeException"


class InvalidMaxResultsException(ServiceError):
    code = "InvalidMaxResultsException"


class InvalidNextTokenException(ServiceError):
    code = "InvalidNextTokenException"
    default = "Invalid NextToken."


class InvalidTokenException(ServiceError):
    code = "InvalidTokenException"
    default = "Invalid token."


class ResourceNotFoundException(ServiceError):
    code = "ResourceNotFoundException"


class ResourceTypeNotSupportedException(ServiceError):
    code = "ResourceTypeNotSupportedException"


class InvalidTagParameterException(ServiceError):
    code = "InvalidTagParameterException"


class TagsLimitExceededException(ServiceError):
    code = "TagsLimitExceededException"
    default = "The number of tags per trail, event data store, dashboard, or channel has exceeded the permitted amount."


class EventDataStoreNotFoundException(ServiceError):
    code = "EventDataStoreNotFoundException"
    default = "The specified event data store was not found."


class EventDataStoreAlreadyExistsException(ServiceError):
    code = "EventDataStoreAlreadyExistsException"
    default = "An event data store with that name already exists."


class EventDataStoreARNInvalidException(ServiceError):
    code = "EventDataStoreARNInvalidException"
    default = "The specified event data store ARN is not valid or does not map to an event data store in your account."


class EventDataStoreTerminationProtectedException(ServiceError):
    code = "EventDataStoreTerminationProtectedException"
    default = "The event data store cannot be deleted because termination protection is enabled for it."


class InvalidEventDataStoreStatusException(ServiceError):
    code = "InvalidEventDataStoreStatusException"
    default = "The event data store is not in a status that supports the operation."
