"""SQS through boto3 (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/)."""

import json
import threading
import time
import urllib.parse
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.support import refused


@pytest.fixture
def sqs(aws):
    return aws.client("sqs")


@pytest.fixture
def url(sqs):
    return sqs.create_queue(QueueName="q")["QueueUrl"]


def bodies(sqs, url, **kw):
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **kw)
    return [message["Body"] for message in answer.get("Messages", ())]


def attribute(sqs, url, name):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][name]


def test_create(sqs, aws, url):
    assert url.endswith(f"/{aws.id}/q")
    assert sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "30"})["QueueUrl"] == url
    differs = refused(sqs.create_queue, QueueName="q", Attributes={"VisibilityTimeout": "31"})
    assert differs.code == "QueueAlreadyExists"
    assert refused(sqs.create_queue, QueueName="bad name").code == "InvalidParameterValue"
    assert refused(sqs.create_queue, QueueName="x", Attributes={"Nope": "1"}).code == "InvalidAttributeName"
    bad = refused(sqs.create_queue, QueueName="x", Attributes={"DelaySeconds": "901"})
    assert bad.code == "InvalidAttributeValue"
    assert sqs.get_queue_url(QueueName="q")["QueueUrl"] == url
    assert refused(sqs.get_queue_url, QueueName="none").code == "AWS.SimpleQueueService.NonExistentQueue"
    assert sqs.list_queues(QueueNamePrefix="q")["QueueUrls"] == [url]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="z")
    assert attribute(sqs, url, "QueueArn") == f"arn:aws:sqs:us-east-1:{aws.id}:q"
    sqs.delete_queue(QueueUrl=url)
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x").code == ("AWS.SimpleQueueService.NonExistentQueue")


def test_send_receive_delete(sqs, url):
    attributes = {
        "s": {"DataType": "String", "StringValue": "v"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        "n": {"DataType": "Number.int", "StringValue": "7"},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes=attributes)  # botocore checks the MD5s
    answer = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])
    (message,) = answer["Messages"]
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\x01"
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert bodies(sqs, url) == []
    assert attribute(sqs, url, "ApproximateNumberOfMessagesNotVisible") == "1"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert attribute(sqs, url, "ApproximateNumberOfMessagesNotVisible") == "0"
    assert refused(sqs.delete_message, QueueUrl=url, ReceiptHandle="rubbish").code == "ReceiptHandleIsInvalid"


def test_visibility(sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="m")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    stale = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    assert (
        refused(sqs.change_message_visibility, **stale, VisibilityTimeout=5).code
        == "AWS.SimpleQueueService.MessageNotInflight"
    )
    sqs.delete_message(**stale)
    assert attribute(sqs, url, "ApproximateNumberOfMessagesNotVisible") == "1"


def test_long_poll_wakes_at_once(sqs, url, aws):
    assert bodies(sqs, url) == []
    timer = threading.Timer(0.3, lambda: aws.client("sqs").send_message(QueueUrl=url, MessageBody="late"))
    started = time.monotonic()
    timer.start()
    assert bodies(sqs, url, WaitTimeSeconds=20) == ["late"]
    assert time.monotonic() - started < 19  # woken by the message, not by the end of the wait


def test_time_is_the_clocks(own_cloud):
    sqs = own_cloud.account().client("sqs")
    url = sqs.create_queue(QueueName="t", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=600)
    assert bodies(sqs, url) == []
    assert attribute(sqs, url, "ApproximateNumberOfMessagesDelayed") == "1"
    own_cloud.advance(601)
    assert bodies(sqs, url) == ["delayed"]
    own_cloud.advance(31)
    assert bodies(sqs, url) == ["delayed"]
    own_cloud.advance(3000)
    assert attribute(sqs, url, "ApproximateNumberOfMessages") == "0"
    with own_cloud.app.store.read() as tx:
        from fogbank.services.sqs.records import MESSAGES

        assert tx.count(MESSAGES) == 0


def test_batches(sqs, url):
    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=[]).code.endswith("EmptyBatchRequest")
    twice = [{"Id": "a", "MessageBody": "x"}] * 2
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=twice).code.endswith("BatchEntryIdsNotDistinct")
    eleven = [{"Id": str(n), "MessageBody": "x"} for n in range(11)]
    assert refused(sqs.send_message_batch, QueueUrl=url, Entries=eleven).code.endswith("TooManyEntriesInBatchRequest")
    half = sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": "ok", "MessageBody": "x"}, {"Id": "no", "MessageBody": "\x00"}]
    )
    assert [entry["Id"] for entry in half["Successful"]] == ["ok"]
    assert half["Failed"][0]["Code"] == "InvalidMessageContents"
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in received]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**handle, "VisibilityTimeout": 60} for handle in handles]
    )
    assert len(changed["Successful"]) == len(handles)
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"]) == len(handles)
    gone = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{**handles[0], "VisibilityTimeout": 60}])
    assert gone["Failed"][0]["Code"] == "MessageNotInflight"
    wrong = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": "x"}])
    assert wrong["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    assert wrong["Failed"][0]["SenderFault"] is True
    for call in (sqs.delete_message_batch, sqs.change_message_visibility_batch):
        assert refused(call, QueueUrl=url, Entries=[]).code.endswith("EmptyBatchRequest")
        spaced = [{"Id": "no spaces", "ReceiptHandle": "x"}]
        assert refused(call, QueueUrl=url, Entries=spaced).code.endswith("InvalidBatchEntryId")


def test_size_limit(sqs):
    url = sqs.create_queue(QueueName="small", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    assert "shorter than 1024 bytes" in refused(sqs.send_message, QueueUrl=url, MessageBody="x" * 1025).message
    big = sqs.create_queue(QueueName="big")["QueueUrl"]
    sqs.send_message(QueueUrl=big, MessageBody="y" * 1_000_000)
    assert bodies(sqs, big) == ["y" * 1_000_000]
    assert refused(sqs.send_message, QueueUrl=big, MessageBody="").code == "MissingParameter"


def test_dead_letters_and_redrive(sqs):
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = attribute(sqs, dead, "QueueArn")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    source = sqs.create_queue(QueueName="source", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})
    source = source["QueueUrl"]
    sqs.send_message(QueueUrl=source, MessageBody="poison")
    assert bodies(sqs, source) == ["poison"]
    assert bodies(sqs, source) == ["poison"]
    assert bodies(sqs, source) == []
    (letter,) = sqs.receive_message(QueueUrl=dead, AttributeNames=["All"], VisibilityTimeout=0)["Messages"]
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == attribute(sqs, source, "QueueArn")
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [source]
    sqs.start_message_move_task(SourceArn=dead_arn)
    for _ in range(50):
        (task,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
        if task["Status"] == "COMPLETED":
            break
        time.sleep(0.05)
    assert task["ApproximateNumberOfMessagesMoved"] == 1
    assert bodies(sqs, source) == ["poison"]
    missing = json.dumps({"deadLetterTargetArn": dead_arn + "x", "maxReceiveCount": 2})
    bad = refused(sqs.set_queue_attributes, QueueUrl=source, Attributes={"RedrivePolicy": missing})
    assert "Dead letter target does not exist" in bad.message


def test_fifo_order_groups_and_deduplication(sqs):
    url = sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})[
        "QueueUrl"
    ]
    for body, group in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a1", "a")):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    (first,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert (first["Body"], first["Attributes"]["MessageGroupId"]) == ("a1", "a")
    assert bodies(sqs, url) == ["b1"]  # the rest of group a waits for a1
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(sqs, url) == ["a2"]
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x").code == "MissingParameter"
    assert refused(sqs.create_queue, QueueName="g", Attributes={"FifoQueue": "true"}).code == ("InvalidParameterValue")


def test_receive_attempts_repeat(sqs):
    url = sqs.create_queue(QueueName="r.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})[
        "QueueUrl"
    ]
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageGroupId="g")
    assert bodies(sqs, url, ReceiveRequestAttemptId="one") == ["m"]
    assert bodies(sqs, url, ReceiveRequestAttemptId="one") == ["m"]
    assert bodies(sqs, url, ReceiveRequestAttemptId="two") == []


def test_purge_and_tags(sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.purge_queue(QueueUrl=url)
    assert "PurgeQueueInProgress" in refused(sqs.purge_queue, QueueUrl=url).code
    deadline = time.monotonic() + 5
    while attribute(sqs, url, "ApproximateNumberOfMessages") != "0" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert bodies(sqs, url) == []
    sqs.tag_queue(QueueUrl=url, Tags={"a": "b"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


def test_permissions_cross_accounts(cloud, sqs, url, aws):
    other = cloud.account()
    theirs = other.client("sqs")
    assert refused(theirs.send_message, QueueUrl=url, MessageBody="x").code in (
        "AccessDenied",
        "AccessDeniedException",
    )
    sqs.add_permission(QueueUrl=url, Label="let", AWSAccountIds=[other.id], Actions=["SendMessage"])
    assert theirs.send_message(QueueUrl=url, MessageBody="from next door")["MessageId"]
    sqs.remove_permission(QueueUrl=url, Label="let")
    assert refused(theirs.send_message, QueueUrl=url, MessageBody="x").code in (
        "AccessDenied",
        "AccessDeniedException",
    )


def test_iam_decides(aws, sqs, url):
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": attribute(sqs, url, "QueueArn")}
    sender = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("sqs")
    assert sender.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    assert refused(sender.receive_message, QueueUrl=url).code in ("AccessDenied", "AccessDeniedException")


def test_the_query_protocol_works_too(aws, url):
    """SDKs before 2023 speak it (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/)."""
    form = {"Action": "SendMessage", "Version": "2012-11-05", "QueueUrl": url, "MessageBody": "old & grey"}
    request = AWSRequest("POST", url, data=urllib.parse.urlencode(form), headers={
        "Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    SigV4Auth(Credentials(aws.id, "test"), "sqs", "us-east-1").add_auth(request)
    sent = urllib.request.Request(url, request.data.encode(), dict(request.headers))
    with urllib.request.urlopen(sent) as response:
        text = response.read().decode()
    assert "<SendMessageResponse" in text
    assert bodies(aws.client("sqs"), url) == ["old & grey"]


def test_survives_kill(restarted):
    aws = restarted.account()
    url = aws.client("sqs").create_queue(QueueName="k")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="kept")
    restarted.restart()
    assert bodies(aws.client("sqs"), url) == ["kept"]
