"""The event history: what is recorded of whom, and how it is found.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import json
import time
from datetime import timedelta

from tests.support import refused

from .conftest import history

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_users_call(moving, own):
    user = own.user(document(ALLOW), name="bob")
    answer = user.client("iam").create_group(GroupName="staff")
    [event] = history(moving, own, "CreateGroup")
    who = event["userIdentity"]
    assert who["type"] == "IAMUser"
    assert who["arn"] == f"arn:aws:iam::{own.id}:user/bob"
    assert who["userName"] == "bob"
    assert who["accessKeyId"].startswith("AKIA")
    assert who["principalId"].startswith("AIDA")
    assert event["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert event["eventSource"] == "iam.amazonaws.com"
    assert event["eventType"] == "AwsApiCall"
    assert event["sourceIPAddress"] == "127.0.0.1"
    assert event["userAgent"].startswith("Boto3/")
    assert event["readOnly"] is False
    assert event["requestParameters"] == {"groupName": "staff"}
    assert event["responseElements"]["group"]["arn"] == f"arn:aws:iam::{own.id}:group/staff"
    assert "errorCode" not in event


def test_a_role_session_and_its_issuer(moving, own):
    iam = own.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": own.id}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=document(ALLOW))
    user = own.user(document(ALLOW)).client("sts")
    given = user.assume_role(RoleArn=role["Arn"], RoleSessionName="shift")["Credentials"]
    own.as_keys(given).client("sqs").create_queue(QueueName="q")
    [event] = history(moving, own, "CreateQueue")
    who = event["userIdentity"]
    assert who["type"] == "AssumedRole"
    assert who["arn"] == f"arn:aws:sts::{own.id}:assumed-role/worker/shift"
    assert who["principalId"] == f"{role['RoleId']}:shift"
    issuer = {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": own.id,
              "userName": "worker"}  # fmt: skip
    assert who["sessionContext"]["sessionIssuer"] == issuer
    assert who["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    [assumed] = history(moving, own, "AssumeRole")
    assert given["SecretAccessKey"] not in json.dumps(assumed)


def test_no_secret_is_shown(moving, own):
    iam = own.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    own.client("ssm").put_parameter(Name="p", Value="hush-hush", Type="SecureString")
    code = own.client("kms").create_key()["KeyMetadata"]["KeyId"]
    own.client("kms").encrypt(KeyId=code, Plaintext=b"hush-hush")
    caches = own.client("elasticache")
    user = {"UserId": "u", "UserName": "u", "Engine": "redis", "AccessString": "on"}
    caches.create_user(**user, AuthenticationMode={"Type": "password", "Passwords": ["hush-hush-hush-hush"]})
    caches.modify_user(UserId="u", Passwords=["hush-hush-hush-hush"])
    assert refused(caches.modify_replication_group, ReplicationGroupId="none", AuthToken="hush-hush-hush-hush")
    own.client("apigateway").create_api_key(name="k", value="hush-hush-hush-hush-hush")
    topic = f"arn:aws:sns:us-east-1:{own.id}:t"
    assert refused(own.client("sns").confirm_subscription, TopicArn=topic, Token="hush-hush")
    body = {"Parameters": {"Pw": {"Type": "String", "NoEcho": True}},
            "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Pw"}}}}}  # fmt: skip
    given = [{"ParameterKey": "Pw", "ParameterValue": "hush-hush"}]
    own.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(body), Parameters=given)
    told = json.dumps([event for event in history(moving, own) if event["eventName"] != "CreateTopic"])
    assert key["SecretAccessKey"] not in told
    assert key["AccessKeyId"] in told
    assert "hush-hush" not in told
    assert "aHVzaC1odXNo" not in told
    [put] = history(moving, own, "PutParameter")
    assert put["requestParameters"]["value"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    [made] = history(moving, own, "CreateApiKey")
    assert made["responseElements"]["value"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    [stack] = history(moving, own, "CreateStack")
    assert stack["requestParameters"]["parameters"] == [{"parameterKey": "Pw"}]


def test_what_was_denied_is_recorded_with_its_error(moving, own):
    user = own.user(document({"Effect": "Deny", "Action": "*", "Resource": "*"}), name="mallory")
    assert refused(user.client("sqs").create_queue, QueueName="q").code
    [event] = history(moving, own, "CreateQueue")
    assert event["errorCode"].startswith("AccessDenied")
    assert "sqs:createqueue" in event["errorMessage"].lower()
    assert event["responseElements"] is None


def test_what_services_call_is_theirs(moving, own):
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    stacks = own.client("cloudformation")
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}}}}
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(body))
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    [event] = history(moving, own, "CreateTopic")
    assert event["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"
    assert event["sourceIPAddress"] == event["userAgent"] == "cloudformation.amazonaws.com"
    assert event["userIdentity"]["type"] == "Root"


def test_the_other_account_gets_a_copy(moving, own):
    other = moving.account()
    trust = {"Effect": "Allow", "Principal": {"AWS": other.id}, "Action": "sts:AssumeRole"}
    role = own.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    other.user(document(ALLOW)).client("sts").assume_role(RoleArn=role, RoleSessionName="guest")
    [mine], [theirs] = history(moving, own, "AssumeRole"), history(moving, other, "AssumeRole")
    assert mine["recipientAccountId"] == own.id
    assert theirs["recipientAccountId"] == other.id
    assert mine["sharedEventID"] == theirs["sharedEventID"]
    assert mine["eventID"] != theirs["eventID"]


def test_large_parameters_are_omitted(moving, own):
    """AWS: "When the field size exceeds 100 KB, the requestParameters content is omitted"."""
    s3 = own.client("s3")
    s3.create_bucket(Bucket=f"big-{own.id}")
    rules = [{"ID": f"r{n}", "Status": "Enabled", "Filter": {"Prefix": "x" * 900}, "Expiration": {"Days": 1}}
             for n in range(150)]  # fmt: skip
    s3.put_bucket_lifecycle_configuration(Bucket=f"big-{own.id}", LifecycleConfiguration={"Rules": rules})
    [event] = history(moving, own, "PutBucketLifecycle")
    assert event["requestParameters"]["omitted"] is True
    assert event["requestParameters"]["originalSize"] > 100 * 1024


def test_lookups(moving, own):
    trails, sqs = own.client("cloudtrail"), own.client("sqs")
    moving.advance(5)
    begin = moving.clock.now()
    sqs.create_queue(QueueName="one")
    moving.advance(60)
    sqs.create_queue(QueueName="two")
    sqs.list_queues()
    own.user(document(ALLOW), name="bob").client("sqs").create_queue(QueueName="three")
    moving.advance(2)

    def found(key=None, value=None, **more):
        asked = [{"AttributeKey": key, "AttributeValue": value}] if key else []
        return trails.lookup_events(LookupAttributes=asked, **more)["Events"]

    queues = found("EventName", "CreateQueue")
    assert [json.loads(event["CloudTrailEvent"])["requestParameters"]["queueName"] for event in queues] == [
        "three", "two", "one"]  # newest first  # fmt: skip
    assert found("EventId", queues[0]["EventId"]) == queues[:1]
    assert found("Username", "bob") == queues[:1]
    assert {event["Username"] for event in found("Username", "root")} == {"root"}
    assert found("ResourceName", "two") == queues[1:2]
    assert queues[1]["Resources"] == [{"ResourceType": "AWS::SQS::Queue", "ResourceName": "two"}]
    assert len(found("ResourceType", "AWS::SQS::Queue")) == 3
    assert {event["EventSource"] for event in found("EventSource", "sqs.amazonaws.com")} == {"sqs.amazonaws.com"}
    assert {event["EventName"] for event in found("ReadOnly", "true")} >= {"ListQueues"}
    key = queues[0]["AccessKeyId"]
    assert found("AccessKeyId", key) == queues[:1]
    early = found("EventName", "CreateQueue", StartTime=begin, EndTime=begin + timedelta(seconds=30))
    assert early == queues[2:]
    assert found(StartTime=begin + timedelta(days=1), EndTime=begin + timedelta(days=2)) == []
    pages = trails.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}],
        PaginationConfig={"PageSize": 1},
    )
    assert [event for page in pages for event in page["Events"]] == queues
    assert own.client("cloudtrail", "eu-west-1").lookup_events()["Events"] == []

    assert refused(found, StartTime=begin, EndTime=begin - timedelta(1)).code == "InvalidTimeRangeException"
    assert refused(found, NextToken="x").code == "InvalidNextTokenException"
    two = [{"AttributeKey": "EventName", "AttributeValue": "a"}, {"AttributeKey": "Username", "AttributeValue": "b"}]
    assert refused(trails.lookup_events, LookupAttributes=two).code == "InvalidLookupAttributesException"


def test_events_are_there_after_kill_9(restarted):
    own = restarted.account()
    own.client("sqs").create_queue(QueueName="q")
    trails, until = own.client("cloudtrail"), time.monotonic() + 30
    asked = [{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}]
    while not (before := trails.lookup_events(LookupAttributes=asked)["Events"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    restarted.restart()
    assert own.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"] == before


def test_after_90_days_they_are_gone(own_cloud):
    own = own_cloud.account()
    own.client("sqs").create_queue(QueueName="q")
    own_cloud.advance(89 * 86400)
    assert history(own_cloud, own, "CreateQueue")
    own_cloud.advance(2 * 86400)
    assert not history(own_cloud, own, "CreateQueue")
