"""Retention, keys and the older tag operations of log groups.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteRetentionPolicy.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagLogGroup.html
"""

import time

import pytest
from tests.support import refused

NO_GROUP = ("ResourceNotFoundException", "The specified log group does not exist.", 400)


@pytest.fixture
def logs(aws):
    client = aws.client("logs")
    client.create_log_group(logGroupName="g")
    return client


def shown(logs):
    (group,) = logs.describe_log_groups(logGroupNamePrefix="g")["logGroups"]
    return group


def test_without_a_retention_policy_events_are_kept(own_cloud):
    logs = own_cloud.account().client("logs")
    at = int(time.time() * 1000)
    for group in ("g", "short"):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        logs.put_retention_policy(logGroupName=group, retentionInDays=1)
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": "old"}])
    assert shown(logs)["retentionInDays"] == 1
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in shown(logs)
    own_cloud.advance(3 * 86400)
    assert [len(logs.filter_log_events(logGroupName=group)["events"]) for group in ("g", "short")] == [1, 0]


def test_a_key_is_kept_with_the_group(logs, aws):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    logs.associate_kms_key(logGroupName="g", kmsKeyId=key)
    assert shown(logs)["kmsKeyId"] == key
    logs.disassociate_kms_key(logGroupName="g")
    assert "kmsKeyId" not in shown(logs)
    logs.associate_kms_key(resourceIdentifier=shown(logs)["logGroupArn"], kmsKeyId=key)
    assert shown(logs)["kmsKeyId"] == key
    logs.disassociate_kms_key(resourceIdentifier=shown(logs)["logGroupArn"])
    assert "kmsKeyId" not in shown(logs)


def test_the_older_tag_operations_are_the_same_tags(logs):
    logs.tag_log_group(logGroupName="g", tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName="g", tags={"b": "3", "c": ""})
    arn = shown(logs)["logGroupArn"]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "3", "c": ""}
    logs.untag_log_group(logGroupName="g", tags=["a", "none"])
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"b": "3", "c": ""}


def test_what_is_no_group(logs):
    none = {"logGroupName": "none"}
    assert refused(logs.delete_retention_policy, **none) == NO_GROUP
    assert refused(logs.associate_kms_key, **none, kmsKeyId="arn:aws:kms:us-east-1:1:key/k") == NO_GROUP
    assert refused(logs.disassociate_kms_key, **none) == NO_GROUP
    assert refused(logs.tag_log_group, **none, tags={"a": "b"}) == NO_GROUP
    assert refused(logs.untag_log_group, **none, tags=["a"]) == NO_GROUP
