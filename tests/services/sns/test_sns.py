"""SNS through boto3 (https://docs.aws.amazon.com/sns/latest/dg/welcome.html)."""

import base64
import http.server
import json
import threading
import time
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from tests.support import refused


@pytest.fixture
def sns(aws):
    return aws.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="t")["TopicArn"]


def queue_for(aws, topic, name="inbox", *, allow=True, fifo=False, **attributes):
    """A queue subscribed to the topic; with `allow`, its policy lets the topic send."""
    sqs = aws.client("sqs")
    extra = {"FifoQueue": "true"} if fifo else {}
    url = sqs.create_queue(QueueName=name + (".fifo" if fifo else ""), Attributes=extra)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if allow:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url, arn, subscription["SubscriptionArn"]


def receive(aws, url, wait=5):
    answer = aws.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=wait, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return answer.get("Messages", [])


def test_topics(sns, aws, topic):
    assert topic == f"arn:aws:sns:us-east-1:{aws.id}:t"
    assert sns.create_topic(Name="t")["TopicArn"] == topic
    assert refused(sns.create_topic, Name="t", Attributes={"DisplayName": "d"}).code == "InvalidParameter"
    assert refused(sns.create_topic, Name="bad name").code == "InvalidParameter"
    assert sns.list_topics()["Topics"] == [{"TopicArn": topic}]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Mine")
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["DisplayName"], attributes["Owner"]) == ("Mine", aws.id)
    assert json.loads(attributes["Policy"])["Statement"]
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "b"}])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "b"}]
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    assert refused(sns.publish, TopicArn=topic, Message="x").code == "NotFound"
    assert refused(sns.get_topic_attributes, TopicArn=topic).code == "NotFound"


def test_fan_out_to_queues_signed(aws, sns, topic):
    one, _, _ = queue_for(aws, topic, "one")
    two, _, _ = queue_for(aws, topic, "two")
    attributes = {"k": {"DataType": "String", "StringValue": "v"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="greeting", MessageAttributes=attributes)
    for url in (one, two):
        (message,) = receive(aws, url)
        body = json.loads(message["Body"])
        assert (body["Message"], body["Subject"], body["MessageId"]) == ("hello", "greeting", sent["MessageId"])
        assert body["MessageAttributes"] == {"k": {"Type": "String", "Value": "v"}}
    with urllib.request.urlopen(body["SigningCertURL"]) as response:
        certificate = x509.load_pem_x509_certificate(response.read())
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    text = "".join(f"{name}\n{body[name]}\n" for name in names)
    signature = base64.b64decode(body["Signature"])
    certificate.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA1())


def test_raw_delivery_carries_attributes(aws, sns, topic):
    url, _, _ = queue_for(aws, topic, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="raw", MessageAttributes={"k": {"DataType": "Binary", "BinaryValue": b"\x01"}})
    (message,) = receive(aws, url)
    assert message["Body"] == "raw"
    assert message["MessageAttributes"]["k"]["BinaryValue"] == b"\x01"


def test_filter_policies(aws, sns, topic):
    url, _, arn = queue_for(
        aws, topic, RawMessageDelivery="true", FilterPolicy=json.dumps({"kind": ["a", {"prefix": "b"}]})
    )
    for kind in ("a", "c", "bee"):
        sns.publish(
            TopicArn=topic, Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}}
        )
    got = set()
    while len(got) < 2:
        got |= {message["Body"] for message in receive(aws, url)}
    assert got == {"a", "bee"}
    sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="FilterPolicyScope", AttributeValue="MessageBody"
    )
    sns.publish(TopicArn=topic, Message='{"kind": "nope"}')
    sns.publish(TopicArn=topic, Message='{"kind": "a"}')
    assert [message["Body"] for message in receive(aws, url)] == ['{"kind": "a"}']
    bad = refused(
        sns.set_subscription_attributes, SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{"
    )
    assert bad.code == "InvalidParameter"


def test_without_a_queue_policy_nothing_arrives_but_the_dead_letter(aws, sns, topic):
    """The queue's policy decides whether sns.amazonaws.com may send.

    https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    dead, dead_arn, dead_subscription = queue_for(aws, topic, "dead")
    sns.unsubscribe(SubscriptionArn=dead_subscription)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    shut, _, _ = queue_for(aws, topic, "shut", allow=False, RedrivePolicy=redrive, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="lost?")
    assert [message["Body"] for message in receive(aws, dead)] == ["lost?"]
    assert receive(aws, shut, wait=0) == []


def test_message_structure(aws, sns, topic):
    url, _, _ = queue_for(aws, topic, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "d", "sqs": "for queues"}))
    assert [message["Body"] for message in receive(aws, url)] == ["for queues"]
    bad = refused(sns.publish, TopicArn=topic, MessageStructure="json", Message='{"sqs": "x"}')
    assert "No default entry" in bad.message


def test_publish_is_checked(sns, topic):
    assert refused(sns.publish, TopicArn=topic, Message="").message == "Invalid parameter: Empty message"
    assert "too long" in refused(sns.publish, TopicArn=topic, Message="x" * 262_145).message
    assert refused(sns.publish, TopicArn=topic, Message="x", Subject="y" * 101).code == "InvalidParameter"
    wrong = {"a": {"DataType": "Odd", "StringValue": "x"}}
    assert refused(sns.publish, TopicArn=topic, Message="x", MessageAttributes=wrong).code == ("ParameterValueInvalid")


def test_batch(aws, sns, topic):
    url, _, _ = queue_for(aws, topic, RawMessageDelivery="true")
    entries = [
        {"Id": "1", "Message": "one"},
        {"Id": "2", "Message": "two"},
        {"Id": "3", "Message": "x", "Subject": "\n"},
    ]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1", "2"]
    assert answer["Failed"][0]["Id"] == "3"
    got = set()
    while len(got) < 2:
        got |= {message["Body"] for message in receive(aws, url)}
    assert got == {"one", "two"}
    assert answer["Failed"][0] == {
        "Id": "3", "Code": "InvalidParameter", "Message": "Invalid parameter: Subject", "SenderFault": True,
    }  # fmt: skip


def test_a_batch_that_is_refused_whole(sns, topic):
    """The errors of https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html."""
    one = {"Id": "a", "Message": "x"}
    for entries, code in (
        ([], "EmptyBatchRequest"),
        ([{**one, "Id": str(number)} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([one, one], "BatchEntryIdsNotDistinct"),
        ([one, {**one, "Id": "no spaces"}], "InvalidBatchEntryId"),
        ([one, {"Id": "b", "Message": "x" * 262_144}], "BatchRequestTooLong"),
    ):
        assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries).code == code


def test_fifo_topic_to_fifo_queue(aws, sns):
    topic = sns.create_topic(Name="f.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})[
        "TopicArn"
    ]
    url, _, _ = queue_for(aws, topic, fifo=True, RawMessageDelivery="true")
    first = sns.publish(TopicArn=topic, Message="one", MessageGroupId="g")
    again = sns.publish(TopicArn=topic, Message="one", MessageGroupId="g")
    assert first == again | {"ResponseMetadata": first["ResponseMetadata"]}
    assert [message["Body"] for message in receive(aws, url)] == ["one"]
    assert refused(sns.publish, TopicArn=topic, Message="x").code == "InvalidParameter"


def test_subscriptions(aws, sns, topic):
    _, arn, subscription = queue_for(aws, topic)
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"] == subscription
    (found,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert found["Endpoint"] == arn
    assert sns.list_subscriptions()["Subscriptions"] == [found]
    assert sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["RawMessageDelivery"] == "false"
    assert refused(sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint="x").code == "InvalidParameter"
    pending = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    assert pending["SubscriptionArn"] == "pending confirmation"
    sns.unsubscribe(SubscriptionArn=subscription)
    assert refused(sns.get_subscription_attributes, SubscriptionArn=subscription).code == "NotFound"


def test_http_endpoint_confirms_and_receives(sns, topic):
    seen: list[dict] = []
    arrived = threading.Semaphore(0)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            arrived.release()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{server.server_port}/hook")
        assert arrived.acquire(timeout=10)
        assert seen[0]["Type"] == "SubscriptionConfirmation"
        sns.confirm_subscription(TopicArn=topic, Token=seen[0]["Token"])
        sns.publish(TopicArn=topic, Message="over http")
        assert arrived.acquire(timeout=10)
        assert (seen[1]["Type"], seen[1]["Message"]) == ("Notification", "over http")
    finally:
        server.shutdown()


@pytest.mark.one_node(reason="the trace is its node's")
def test_a_password_in_an_endpoint_is_in_no_record_of_a_failure(cloud, sns, topic):
    endpoint = "http://user:hush-hush@127.0.0.1:1/hook"
    made = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
    cause = made["ResponseMetadata"]["RequestId"]

    def failure():
        return next((hop for hop in cloud.why(cause) if hop["status"] == 500), None)

    end = time.monotonic() + 20
    while (hop := failure()) is None and time.monotonic() < end:
        time.sleep(0.05)
    assert hop["error"] == "Undeliverable"
    assert "//****@127.0.0.1:1/hook" in hop["message"]
    assert "hush-hush" not in hop["message"]


def test_iam_decides(aws, sns, topic):
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    publisher = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).client("sns")
    assert publisher.publish(TopicArn=topic, Message="x")["MessageId"]
    denied = refused(publisher.delete_topic, TopicArn=topic)
    assert denied.code in ("AuthorizationError", "AccessDenied")


def test_survives_kill(restarted):
    aws = restarted.account()
    topic = aws.client("sns").create_topic(Name="k")["TopicArn"]
    url, _, _ = queue_for(aws, topic, RawMessageDelivery="true")
    aws.client("sns").publish(TopicArn=topic, Message="kept")
    restarted.restart()
    assert [message["Body"] for message in receive(aws, url)] == ["kept"]
