"""Event notifications to a queue.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def queue(aws):
    """(url, arn) of a queue that lets S3 send."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def admit(aws, queue, bucket):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue[1],
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("sqs").set_queue_attributes(QueueUrl=queue[0], Attributes={"Policy": policy})


def receive(aws, queue):
    sqs = aws.client("sqs")
    answer = sqs.receive_message(QueueUrl=queue[0], WaitTimeSeconds=5, MaxNumberOfMessages=1)
    message = answer["Messages"][0]
    sqs.delete_message(QueueUrl=queue[0], ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def test_a_queue_hears_of_objects(aws, queue):
    s3 = aws.client("s3")
    bucket = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=bucket)
    configuration = {
        "QueueConfigurations": [
            {
                "Id": "mine",
                "QueueArn": queue[1],
                "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"],
                "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}},
            }
        ]
    }
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    admit(aws, queue, bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    assert receive(aws, queue)["Event"] == "s3:TestEvent"
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert found["QueueConfigurations"] == configuration["QueueConfigurations"]
    s3.put_object(Bucket=bucket, Key="ignored.txt", Body=b"x")
    etag = s3.put_object(Bucket=bucket, Key="a b.jpg", Body=b"12345")["ETag"].strip('"')
    record = receive(aws, queue)["Records"][0]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["configurationId"] == "mine"
    assert record["s3"]["bucket"]["name"] == bucket
    thing = record["s3"]["object"]
    assert (thing["key"], thing["size"], thing["eTag"]) == ("a+b.jpg", 5, etag)
    s3.delete_object(Bucket=bucket, Key="a b.jpg")
    assert receive(aws, queue)["Records"][0]["eventName"] == "ObjectRemoved:Delete"
