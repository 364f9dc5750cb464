"""Trails from end to end: what is called is found in the bucket, the log group and the topic.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from .conftest import bucket_policy, delivered, files, make_bucket, make_trail

FIVE = 310


def aws_cli(account, cloud, *words, code=0):
    aws = shutil.which("aws", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if aws is None:
        pytest.skip("no AWS CLI: pip install awscli")
    env = {**os.environ, **account.env, "AWS_ENDPOINT_URL": cloud.endpoint, "AWS_MAX_ATTEMPTS": "1"}
    done = subprocess.run([aws, *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_a_file_holds_what_was_called_since_logging_began(moving, own):
    sqs, trails, bucket = own.client("sqs"), own.client("cloudtrail"), make_bucket(own)
    trails.create_trail(Name="audit", S3BucketName=bucket, S3KeyPrefix="deep/er")
    sqs.create_queue(QueueName="before")
    trails.start_logging(Name="audit")
    sqs.create_queue(QueueName="one")
    moving.advance(FIVE)
    [(key, file)] = files(own, bucket).items()
    form = rf"deep/er/AWSLogs/{own.id}/CloudTrail/us-east-1/\d{{4}}/\d\d/\d\d/{own.id}_CloudTrail_us-east-1_"
    assert re.fullmatch(form + r"\d{8}T\d{4}Z_[0-9A-Za-z]{16}\.json\.gz", key)
    [made] = [event for event in file["Records"] if event["eventName"] == "CreateQueue"]
    assert made["requestParameters"] == {"queueName": "one"}
    status = trails.get_trail_status(Name="audit")
    assert status["IsLogging"]
    assert status["LatestDeliveryTime"] > status["StartLoggingTime"]

    sqs.create_queue(QueueName="two")
    trails.stop_logging(Name="audit")
    sqs.create_queue(QueueName="three")
    moving.advance(2 * FIVE)
    made = [event["requestParameters"]["queueName"] for event in delivered(own, bucket, "CreateQueue")]
    assert sorted(made) == ["one", "two"]
    assert not trails.get_trail_status(Name="audit")["IsLogging"]


def test_nothing_is_written_while_nothing_is_called(moving, own):
    bucket = make_trail(own)
    moving.advance(FIVE)
    before = files(own, bucket)
    moving.advance(86400)
    assert len(files(own, bucket)) - len(before) <= 1  # listing the bucket is no management event


def test_the_cli_validates_digest_files(moving, own):
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-cli.html"""
    bucket, sqs = make_trail(own, EnableLogFileValidation=True), own.client("sqs")
    for name in ("one", "two", "three"):
        sqs.create_queue(QueueName=name)
        moving.advance(3600)
    moving.advance(3600)
    digests = files(own, bucket, "/CloudTrail-Digest/")
    assert len(digests) >= 3
    latest = digests[max(digests)]
    assert latest["previousDigestS3Object"] == sorted(digests)[-2]
    assert latest["digestEndTime"].endswith(":00:00Z")
    arn = own.client("cloudtrail").get_trail(Name="audit")["Trail"]["TrailARN"]
    words = ("cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", "2020-01-01T00:00:00Z",
             "--end-time", "2100-01-01T00:00:00Z")  # fmt: skip
    said = aws_cli(own, moving, *words)
    assert f"{len(digests)}/{len(digests)} digest files valid" in said
    assert "log files valid" in said
    assert "INVALID" not in said

    log = latest["logFiles"][0]["s3Object"]
    own.client("s3").put_object(Bucket=bucket, Key=log, Body=own.client("s3").get_object(
        Bucket=bucket, Key=sorted(files(own, bucket))[0])["Body"].read())  # fmt: skip
    assert "1/3 log files INVALID" in aws_cli(own, moving, *words, code=1)


def test_a_bucket_that_is_closed_later_is_noted_and_gets_all_when_it_opens(moving, own):
    bucket, s3, trails = make_trail(own), own.client("s3"), own.client("cloudtrail")
    s3.delete_bucket_policy(Bucket=bucket)
    own.client("sqs").create_queue(QueueName="meanwhile")
    moving.advance(FIVE)
    status = trails.get_trail_status(Name="audit")
    assert status["LatestDeliveryError"] == "AccessDenied"
    assert not files(own, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, own.id))
    moving.advance(FIVE)
    assert delivered(own, bucket, "CreateQueue")
    assert not trails.get_trail_status(Name="audit").get("LatestDeliveryError")


def test_data_events_come_where_a_trail_asks_for_them(moving, own):
    bucket, s3, trails = make_trail(own), own.client("s3"), own.client("cloudtrail")
    s3.create_bucket(Bucket=f"watched-{own.id}")
    s3.create_bucket(Bucket=f"other-{own.id}")
    s3.put_object(Bucket=f"watched-{own.id}", Key="early", Body=b"x")
    resource = {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::watched-{own.id}/"]}
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": [resource]}
    trails.put_event_selectors(TrailName="audit", EventSelectors=[selector])
    for name in (f"watched-{own.id}", f"other-{own.id}"):
        s3.put_object(Bucket=name, Key="k", Body=b"secret body")
    s3.get_object(Bucket=f"watched-{own.id}", Key="k")
    with pytest.raises(ClientError):
        s3.delete_object(Bucket=f"watched-{own.id}", Key="k", VersionId="none")
    moving.advance(FIVE)
    events = [event for event in delivered(own, bucket) if not event["managementEvent"]]
    assert [event["eventName"] for event in events] == ["PutObject", "DeleteObject"]
    put, deleted = events
    assert put["requestParameters"]["bucketName"] == f"watched-{own.id}"
    assert put["requestParameters"]["key"] == "k"
    assert "secret" not in json.dumps(put)
    assert put["eventCategory"] == "Data"
    assert {"accountId": own.id, "type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::watched-{own.id}/k"} in put[
        "resources"
    ]
    assert deleted["errorCode"]
    shown = trails.lookup_events()["Events"]
    assert "PutObject" not in [event["EventName"] for event in shown]  # "the Event history doesn't record data events"


def test_a_bucket_owners_trail_sees_what_other_accounts_do(moving, own):
    bucket, s3, guest = make_trail(own), own.client("s3"), moving.account()
    name = f"shared-{own.id}"
    s3.create_bucket(Bucket=name)
    allow = {"Effect": "Allow", "Principal": {"AWS": guest.id}, "Action": "s3:*",
             "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}  # fmt: skip
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    ]
    own.client("cloudtrail").put_event_selectors(
        TrailName="audit", AdvancedEventSelectors=[{"Name": "objects", "FieldSelectors": fields}]
    )
    guest.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    moving.advance(FIVE)
    [event] = [each for each in delivered(own, bucket, "PutObject") if name in each["requestParameters"]["bucketName"]]
    assert event["userIdentity"]["accountId"] == guest.id
    assert event["recipientAccountId"] == own.id
    assert event["sharedEventID"]


def test_a_log_group_and_a_topic_are_told(moving, own):
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html"""
    iam, logs, sns, sqs = (own.client(name) for name in ("iam", "logs", "sns", "sqs"))
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    write = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    role = iam.create_role(
        RoleName="writer", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="writer", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [write]})
    )
    logs.create_log_group(logGroupName="trail")
    topic = sns.create_topic(Name="told")["TopicArn"]
    publish = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "SNS:Publish",
               "Resource": topic}  # fmt: skip
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [publish]}),
    )  # fmt: skip
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{own.id}:q"
    send = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [send]})}
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    group = f"arn:aws:logs:us-east-1:{own.id}:log-group:trail:*"
    bucket = make_trail(own, SnsTopicName="told", CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role)
    sqs.create_queue(QueueName="seen")
    moving.advance(FIVE)
    key = min(files(own, bucket))
    body = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"]
    assert json.loads(body) == {"s3Bucket": bucket, "s3ObjectKey": [key]}
    stream = f"{own.id}_CloudTrail_us-east-1"
    lines = logs.get_log_events(logGroupName="trail", logStreamName=stream, startFromHead=True)["events"]
    assert "CreateQueue" in [json.loads(line["message"])["eventName"] for line in lines]
    status = own.client("cloudtrail").get_trail_status(Name="audit")
    assert status["LatestCloudWatchLogsDeliveryTime"]
    assert status["LatestNotificationTime"]


def test_a_multi_region_trail_has_the_events_of_all_regions(moving, own):
    bucket = make_trail(own, region="eu-west-1", IsMultiRegionTrail=True)
    own.client("sqs", "ap-south-1").create_queue(QueueName="far")
    own.client("iam").create_user(UserName="global")
    moving.advance(FIVE)
    [far] = delivered(own, bucket, "CreateQueue")
    assert far["awsRegion"] == "ap-south-1"
    [user] = delivered(own, bucket, "CreateUser")
    assert user["awsRegion"] == "us-east-1"  # global services are recorded there
    assert any("/CloudTrail/ap-south-1/" in key for key in files(own, bucket))


def test_trails_go_on_after_kill_9(restarted):
    own = restarted.account()
    bucket, sqs = make_trail(own), own.client("sqs")
    sqs.create_queue(QueueName="one")
    restarted.advance(2)
    restarted.restart()
    restarted.advance(FIVE)
    sqs.create_queue(QueueName="two")
    restarted.advance(FIVE)
    made = [event["requestParameters"]["queueName"] for event in delivered(own, bucket, "CreateQueue")]
    assert set(made) == {"one", "two"}


def test_trails_go_on_after_the_clock_was_put_back(own_cloud):
    own = own_cloud.account()
    bucket, sqs = make_trail(own), own.client("sqs")
    own_cloud.advance(30 * 86_400)
    sqs.create_queue(QueueName="then")
    own_cloud.advance(FIVE)
    own_cloud.clock.resume()
    sqs.create_queue(QueueName="now")
    own_cloud.advance(FIVE)
    sqs.create_queue(QueueName="later")
    own_cloud.advance(FIVE)
    made = [event["requestParameters"]["queueName"] for event in delivered(own, bucket, "CreateQueue")]
    assert sorted(made) == ["later", "now", "then"]
