"""S3's resource types, as CloudFormation would drive them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
"""

from __future__ import annotations

import json
import uuid

import pytest

from fogbank.core import services
from fogbank.core.cfn import Name, ResourceFailed
from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.services.s3.cfn_properties import changes

ALL = {
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true", "BlockPublicPolicy": False},
    "Tags": [{"Key": "a", "Value": 1}],
    "VersioningConfiguration": {"Status": "Enabled"},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "CorsConfiguration": {
        "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": "5", "ExposedHeaders": ["ETag"]}]
    },
    "WebsiteConfiguration": {
        "IndexDocument": "index.html",
        "RoutingRules": [
            {"RoutingRuleCondition": {"KeyPrefixEquals": "a/"}, "RedirectRule": {"ReplaceKeyPrefixWith": "b/"}}
        ],
    },
    "LifecycleConfiguration": {
        "Rules": [
            {
                "Id": "x",
                "Status": "Enabled",
                "ExpirationInDays": "7",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
                "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 2}],
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ]
    },
    "MetricsConfigurations": [{"Id": "m", "Prefix": "p/"}],
}


class Stack:
    """The surroundings of one logical resource."""

    def __init__(self, cloud, aws, region="us-east-1"):
        self.cloud = cloud
        self.ctx = Context(
            app=cloud.app,
            account=aws.id,
            region=region,
            principal=root(aws.id),
            request_id="r",
            endpoint=cloud.endpoint,
        )
        self.name = Name(
            stack_name="Stack", stack_id="arn:stack", logical_id="Bucket", token=uuid.uuid4().hex[:12].upper()
        )

    def do(self, type_name, method, *args):
        handler = services.load("s3").resource_types[type_name].handler
        return self.cloud.run(getattr(handler, method)(self.ctx, *args))


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_bucket_with_everything(cloud, aws, region):
    stack, s3 = Stack(cloud, aws, region), aws.client("s3", region=region)
    made = stack.do("AWS::S3::Bucket", "create", stack.name, ALL)
    bucket = made.physical_id
    assert bucket.startswith("stack-bucket-")
    assert bucket == bucket.lower()
    assert made.attributes["Arn"] == f"arn:aws:s3:::{bucket}"
    assert made.attributes["RegionalDomainName"] == f"{bucket}.s3.{region}.amazonaws.com"
    assert made.attributes["WebsiteURL"] == f"http://{bucket}.s3-website-{region}.amazonaws.com"
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == region
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "1"}]
    flags = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert (flags["BlockPublicAcls"], flags["BlockPublicPolicy"], flags["IgnorePublicAcls"]) == (True, False, False)
    rule = s3.get_bucket_cors(Bucket=bucket)["CORSRules"][0]
    assert (rule["MaxAgeSeconds"], rule["ExposeHeaders"]) == (5, ["ETag"])
    assert s3.get_bucket_website(Bucket=bucket)["IndexDocument"] == {"Suffix": "index.html"}
    rule = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert rule == {
        "ID": "x",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 7},
        "Transitions": [{"Days": 2, "StorageClass": "GLACIER"}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    metrics = s3.get_bucket_metrics_configuration(Bucket=bucket, Id="m")["MetricsConfiguration"]
    assert metrics == {"Id": "m", "Filter": {"Prefix": "p/"}}

    # a repeated creation finds its own; another one does not take it
    assert stack.do("AWS::S3::Bucket", "create", stack.name, ALL).physical_id == bucket
    other = Stack(cloud, aws, region)
    with pytest.raises(ResourceFailed, match=f"{bucket} already exists"):
        other.do("AWS::S3::Bucket", "create", other.name, {"BucketName": bucket})

    # what the new properties leave out goes back to its default
    stack.do("AWS::S3::Bucket", "update", bucket, ALL, {})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    for operation in ("tagging", "cors", "website", "lifecycle_configuration"):
        with pytest.raises(s3.exceptions.ClientError, match="NoSuch"):
            getattr(s3, f"get_bucket_{operation}")(Bucket=bucket)

    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(Exception, match="The bucket you tried to delete is not empty"):
        stack.do("AWS::S3::Bucket", "delete", bucket, {})
    s3.delete_object(Bucket=bucket, Key="k")
    for version in s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version["VersionId"])
    for version in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version["VersionId"])
    stack.do("AWS::S3::Bucket", "delete", bucket, {})
    stack.do("AWS::S3::Bucket", "delete", bucket, {})  # gone already: fine


def test_a_bucket_of_another_account(cloud, aws):
    stack = Stack(cloud, aws)
    bucket = stack.do("AWS::S3::Bucket", "create", stack.name, {}).physical_id
    theirs = Stack(cloud, cloud.account())
    with pytest.raises(ResourceFailed, match="already exists"):
        theirs.do("AWS::S3::Bucket", "create", theirs.name, {"BucketName": bucket})


def test_a_bucket_policy(cloud, aws):
    stack, s3 = Stack(cloud, aws), aws.client("s3")
    bucket = stack.do("AWS::S3::Bucket", "create", stack.name, {}).physical_id
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    properties = {"Bucket": bucket, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    assert stack.do("AWS::S3::BucketPolicy", "create", stack.name, properties).physical_id == bucket
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == properties["PolicyDocument"]
    stack.do("AWS::S3::BucketPolicy", "delete", bucket, properties)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


def test_changes_are_only_what_differs():
    assert list(changes(ALL, ALL)) == []
    new = {**ALL, "VersioningConfiguration": {"Status": "Suspended"}}
    assert [name for name, _ in changes(ALL, new)] == ["PutBucketVersioning"]
    assert list(changes({}, {"AccessControl": "PublicReadWrite"})) == [("PutBucketAcl", {"ACL": "public-read-write"})]
    assert list(changes({}, {"AccessControl": "Private"})) == []
    notification = {
        "LambdaConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Function": "arn:f",
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "a"}]}},
            }
        ],
        "EventBridgeConfiguration": {"EventBridgeEnabled": True},
    }
    ((operation, request),) = changes({}, {"NotificationConfiguration": notification})
    assert operation == "PutBucketNotificationConfiguration"
    assert request["NotificationConfiguration"] == {
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": "arn:f",
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}]}},
            }
        ],
        "EventBridgeConfiguration": {},
    }
