"""CloudTrail's names for services, operations and resources.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from functools import cache

from fogbank.core import arns
from fogbank.wire import models

GLOBAL = frozenset({"iam", "cloudfront", "route53", "organizations"})  # recorded in the partition's main region
_SOURCES = {"dynamodbstreams": "dynamodb", "ses": "ses", "sesv2": "ses", "ecr": "ecr", "apigatewayv2": "apigateway"}
# Lambda's event names end in the version of its API
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
_LAMBDA = {
    "AddPermission": "20150331v2", "CreateAlias": "20150331", "CreateEventSourceMapping": "20150331",
    "CreateFunction": "20150331", "DeleteAlias": "20150331", "DeleteEventSourceMapping": "20150331",
    "DeleteFunction": "20150331", "GetAlias": "20150331", "GetEventSourceMapping": "20150331",
    "GetFunction": "20150331v2", "GetFunctionConfiguration": "20150331v2", "GetPolicy": "20150331v2",
    "ListAliases": "20150331", "ListEventSourceMappings": "20150331", "ListFunctions": "20150331",
    "ListVersionsByFunction": "20150331", "PublishLayerVersion": "20181031", "PublishVersion": "20150331",
    "PutFunctionConcurrency": "20171031", "RemovePermission": "20150331v2", "TagResource": "20170331v2",
    "UntagResource": "20170331v2", "UpdateAlias": "20150331", "UpdateEventSourceMapping": "20150331",
    "UpdateFunctionCode": "20150331v2", "UpdateFunctionConfiguration": "20150331v2",
}  # fmt: skip
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
_S3 = {
    "ListObjectsV2": "ListObjects",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
}
_READING = re.compile(
    "(Get|List|Describe|Head|Lookup|BatchGet|Query|Scan|Search|Select|Filter|Simulate|Validate|Estimate|Detect|Test"
    "|TransactGet|Discover|Receive)[A-Z]|Query$|Scan$"
)
_READERS = {  # read-only operations whose names do not show it
    "sts": {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage"},
    "kms": {"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom", "ReEncrypt",
            "Sign", "Verify", "GenerateMac", "VerifyMac"},
    "iam": {"GenerateCredentialReport", "GenerateServiceLastAccessedDetails"},
}  # fmt: skip
_NO_READERS = {"sqs": {"ReceiveMessage"}}
# (the ARN's service, the start of its resource part) -> CloudFormation's resource type
_TYPES = (
    ("iam", "role/", "AWS::IAM::Role"),
    ("iam", "user/", "AWS::IAM::User"),
    ("iam", "group/", "AWS::IAM::Group"),
    ("iam", "policy/", "AWS::IAM::Policy"),
    ("iam", "instance-profile/", "AWS::IAM::InstanceProfile"),
    ("kms", "key/", "AWS::KMS::Key"),
    ("kms", "alias/", "AWS::KMS::Alias"),
    ("dynamodb", "table/", "AWS::DynamoDB::Table"),
    ("lambda", "function:", "AWS::Lambda::Function"),
    ("lambda", "layer:", "AWS::Lambda::LayerVersion"),
    ("lambda", "event-source-mapping:", "AWS::Lambda::EventSourceMapping"),
    ("sqs", "", "AWS::SQS::Queue"),
    ("sns", "", "AWS::SNS::Topic"),
    ("logs", "log-group:", "AWS::Logs::LogGroup"),
    ("ssm", "parameter/", "AWS::SSM::Parameter"),
    ("cloudformation", "stack/", "AWS::CloudFormation::Stack"),
    ("cloudformation", "changeSet/", "AWS::CloudFormation::ChangeSet"),
    ("cloudwatch", "alarm:", "AWS::CloudWatch::Alarm"),
    ("cloudwatch", "dashboard/", "AWS::CloudWatch::Dashboard"),
    ("cloudtrail", "trail/", "AWS::CloudTrail::Trail"),
    ("cloudtrail", "eventdatastore/", "AWS::CloudTrail::EventDataStore"),
    ("apigateway", "/restapis", "AWS::ApiGateway::RestApi"),
    ("secretsmanager", "secret:", "AWS::SecretsManager::Secret"),
    ("events", "rule/", "AWS::Events::Rule"),
    ("states", "stateMachine:", "AWS::StepFunctions::StateMachine"),
    ("kinesis", "stream/", "AWS::Kinesis::Stream"),
    ("elasticache", "cluster:", "AWS::ElastiCache::CacheCluster"),
    ("elasticache", "replicationgroup:", "AWS::ElastiCache::ReplicationGroup"),
    ("elasticache", "serverlesscache:", "AWS::ElastiCache::ServerlessCache"),
    ("resource-groups", "group/", "AWS::ResourceGroups::Group"),
    ("ec2", "vpc/", "AWS::EC2::VPC"),
    ("ec2", "subnet/", "AWS::EC2::Subnet"),
    ("ec2", "security-group/", "AWS::EC2::SecurityGroup"),
)


@cache
def source(service: str) -> str:
    """`eventSource`, for example monitoring.amazonaws.com for CloudWatch."""
    return f"{_SOURCES.get(service) or models.load(service).endpoint_prefix}.amazonaws.com"


@cache
def event_name(service: str, operation: str) -> str:
    if service == "lambda":
        return operation + _LAMBDA.get(operation, "")
    return _S3.get(operation, operation) if service == "s3" else operation


@cache
def read_only(service: str, operation: str) -> bool:
    if operation in _NO_READERS.get(service, ()):
        return False
    return operation in _READERS.get(service, ()) or _READING.match(operation) is not None


def resource_type(arn: str) -> str:
    """The CloudFormation type of an ARN, for example AWS::S3::Object. Empty for an unknown kind."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return ""
    if parts[2] == "s3":
        return "AWS::S3::Object" if "/" in parts[5] else "AWS::S3::Bucket"
    if parts[2] == "dynamodb" and "/stream/" in parts[5]:
        return "AWS::DynamoDB::Stream"
    return next((kind for of, begin, kind in _TYPES if of == parts[2] and parts[5].startswith(begin)), "")


def resource_name(arn: str) -> str:
    """The resource's name in LookupEvents: the name of a bucket or a role, but the whole ARN of a key."""
    kind, resource = resource_type(arn), arn.split(":", 5)[-1]
    if kind in ("AWS::S3::Bucket", "AWS::S3::Object", "AWS::SQS::Queue"):
        return resource
    if kind in ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::InstanceProfile"):
        return resource.rpartition("/")[2]
    if kind == "AWS::DynamoDB::Table":
        return resource.split("/")[1]
    return arn


def region_of(service: str, region: str, partition: str) -> str:
    """The region in which an event is recorded."""
    return arns.MAIN_REGIONS[partition] if service in GLOBAL else region
