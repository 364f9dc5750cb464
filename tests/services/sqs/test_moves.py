"""Redriving a dead-letter queue: to another queue, at a rate, and cancelled.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
"""

import json

import pytest
from tests.support import refused


@pytest.fixture
def sqs(own_cloud):
    return own_cloud.account().client("sqs")


def queue(sqs, name, **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def dead(sqs):
    """The ARN of a dead-letter queue with three messages in it."""
    url, arn = queue(sqs, "dead")
    queue(sqs, "source", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    return arn


def tasks(sqs, arn):
    return sqs.list_message_move_tasks(SourceArn=arn, MaxResults=10)["Results"]


def test_a_task_is_cancelled_and_what_it_moved_stays_moved(own_cloud, sqs, dead):
    target, arn = queue(sqs, "target")
    # one message a second, on a clock that only this test moves
    own_cloud.clock.set(own_cloud.clock.now(), freeze=True)
    handle = sqs.start_message_move_task(SourceArn=dead, DestinationArn=arn, MaxNumberOfMessagesPerSecond=1)[
        "TaskHandle"
    ]
    own_cloud.advance(0.5)
    (running,) = tasks(sqs, dead)
    assert (running["Status"], running["TaskHandle"]) == ("RUNNING", handle)
    assert running["MaxNumberOfMessagesPerSecond"] == 1
    again = refused(sqs.start_message_move_task, SourceArn=dead)
    assert again.code == "AWS.SimpleQueueService.UnsupportedOperation"
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] == 1
    own_cloud.advance(5)
    (ended,) = tasks(sqs, dead)
    assert (ended["Status"], ended["ApproximateNumberOfMessagesMoved"]) == ("CANCELLED", 1)
    assert "TaskHandle" not in ended
    assert len(sqs.receive_message(QueueUrl=target, MaxNumberOfMessages=10)["Messages"]) == 1
    cancelled = refused(sqs.cancel_message_move_task, TaskHandle=handle)
    assert cancelled.code == "AWS.SimpleQueueService.UnsupportedOperation"


def test_what_is_no_task(own_cloud, sqs, dead):
    for handle in ("", "rubbish"):
        assert refused(sqs.cancel_message_move_task, TaskHandle=handle).code in (
            "InvalidParameterValue", "MissingParameter", "InvalidAddress",
        )  # fmt: skip
    handle = sqs.start_message_move_task(SourceArn=dead, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    theirs = own_cloud.account().client("sqs").cancel_message_move_task
    assert refused(theirs, TaskHandle=handle).status in (400, 403)
