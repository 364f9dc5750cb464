"""Queues polled for functions.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, …/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.lambda_ import filters
from fogbank.services.lambda_.sqs_poller import failures

READ = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"],
            "Resource": "*",
        }
    ],
}
# tells what it got to a second queue; fails messages whose body says so
TELL = """
import boto3, json, os
def handler(event, context):
    sqs = boto3.client("sqs")
    for record in event["Records"]:
        sqs.send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(record))
    bad = [r["messageId"] for r in event["Records"] if "bad" in r["body"]]
    return {"batchItemFailures": [{"itemIdentifier": m} for m in bad]}
"""


def eventually(look: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


class Bench:
    def __init__(self, fn: Any, role_of: Any) -> None:
        self.fn = fn
        self.sqs = fn.account.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="in", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        self.out = self.sqs.create_queue(QueueName="out")["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:{fn.account.id}:in"
        fn.make(
            code=TELL, Role=role_of(fn.account, "poller", READ), Timeout=30, MemorySize=512,
            Environment={"Variables": {"OUT": self.out}},
        )  # fmt: skip

    def map(self, **more: Any) -> str:
        made = self.fn.client.create_event_source_mapping(EventSourceArn=self.arn, FunctionName="f", **more)
        assert made["State"] == "Creating"
        ident: str = made["UUID"]
        return ident

    def told(self, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        def look() -> bool:
            answer = self.sqs.receive_message(QueueUrl=self.out, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            found.extend(json.loads(m["Body"]) for m in answer.get("Messages", ()))
            return len(found) >= count

        eventually(look)
        return found

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        got = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in got.values())


@pytest.fixture
def bench(fn: Any, role_of: Any) -> Bench:
    return Bench(fn, role_of)


def test_messages_reach_the_function_and_are_deleted(bench: Bench) -> None:
    bench.map()
    bench.sqs.send_message(
        QueueUrl=bench.queue, MessageBody="one", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}}
    )
    (record,) = bench.told(1)
    assert (record["body"], record["eventSource"], record["eventSourceARN"]) == ("one", "aws:sqs", bench.arn)
    assert record["messageAttributes"]["k"]["stringValue"] == "v"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    eventually(lambda: bench.left() == 0)


def test_partial_failures_stay_in_the_queue(bench: Bench) -> None:
    bench.map(FunctionResponseTypes=["ReportBatchItemFailures"])
    entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(["good", "bad", "fine"])]
    bench.sqs.send_message_batch(QueueUrl=bench.queue, Entries=entries)
    assert {record["body"] for record in bench.told(3)} == {"good", "bad", "fine"}
    eventually(lambda: bench.left() == 1)


def test_filters_drop_what_does_not_match(bench: Bench) -> None:
    bench.map(FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["a"]}})}]})
    for kind in ("b", "a"):
        bench.sqs.send_message(QueueUrl=bench.queue, MessageBody=json.dumps({"kind": kind}))
    assert [json.loads(record["body"])["kind"] for record in bench.told(1)] == ["a"]
    eventually(lambda: bench.left() == 0)


def test_a_disabled_mapping_polls_no_more(bench: Bench) -> None:
    ident = bench.map()
    client = bench.fn.client
    eventually(lambda: client.get_event_source_mapping(UUID=ident)["State"] == "Enabled")
    client.update_event_source_mapping(UUID=ident, Enabled=False)
    eventually(lambda: client.get_event_source_mapping(UUID=ident)["State"] == "Disabled")
    bench.sqs.send_message(QueueUrl=bench.queue, MessageBody="x")
    (message,) = bench.sqs.receive_message(QueueUrl=bench.queue, VisibilityTimeout=0, AttributeNames=["All"])[
        "Messages"
    ]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"  # a poller that waits would have had it first
    client.update_event_source_mapping(UUID=ident, Enabled=True)
    bench.told(1)
    assert client.delete_event_source_mapping(UUID=ident)["State"] == "Deleting"
    assert client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"] == []


def test_what_a_mapping_needs(bench: Bench, role_of: Any) -> None:
    client, fn = bench.fn.client, bench.fn
    bench.map()
    with pytest.raises(ClientError) as caught:
        bench.map()
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException"
    fn.make("powerless")
    with pytest.raises(ClientError) as caught:
        client.create_event_source_mapping(EventSourceArn=bench.arn, FunctionName="powerless")
    assert caught.value.response["Error"]["Message"] == (
        "The provided execution role does not have permissions to call ReceiveMessage on SQS"
    )
    fn.make("slow", Timeout=90, Role=f"arn:aws:iam::{fn.account.id}:role/poller")
    with pytest.raises(ClientError) as caught:
        client.create_event_source_mapping(EventSourceArn=bench.arn, FunctionName="slow")
    assert caught.value.response["Error"]["Message"] == (
        "Queue visibility timeout: 60 seconds is less than Function timeout: 90 seconds"
    )
    stream = f"arn:aws:kinesis:us-east-1:{fn.account.id}:stream/s"
    with pytest.raises(ClientError) as caught:
        client.create_event_source_mapping(EventSourceArn=stream, FunctionName="f", StartingPosition="LATEST")
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ({"a": [1, 2]}, {"a": 2}, True),
        ({"a": ["x"]}, {"a": "y"}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, True),
        ({"a": [{"suffix": "bc"}]}, {"a": "abc"}, True),
        ({"a": [{"numeric": [">", 1, "<=", 5]}]}, {"a": 5}, True),
        ({"a": [{"numeric": [">", 1, "<=", 5]}]}, {"a": 1}, False),
        ({"a": [{"anything-but": ["x"]}]}, {"a": "y"}, True),
        ({"a": [{"anything-but": ["x"]}]}, {"a": "x"}, False),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False),
        ({"a": [{"equals-ignore-case": "AB"}]}, {"a": "ab"}, True),
        ({"a": {"b": ["c"]}}, {"a": {"b": "c"}}, True),
        ({"a": {"b": ["c"]}}, {"a": '{"b": "c"}'}, True),
        ({"a": ["x"]}, {"a": ["y", "x"]}, True),
        ({"$or": [{"a": [1]}, {"b": [1]}]}, {"b": 1}, True),
        ({"a": [True]}, {"a": 1}, False),
    ],
)
def test_patterns(pattern: Any, value: Any, expected: bool) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
    assert filters.matches(pattern, value) is expected


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(st.dictionaries(st.text(min_size=1, max_size=5).filter(lambda k: k != "$or"), SCALARS, max_size=5))
def test_a_pattern_made_of_a_value_matches_it(value: dict[str, Any]) -> None:
    assert filters.matches({key: [held] for key, held in value.items()}, value)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"null", set()), (b"{}", set()), (b"", set()), (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": null}', set()), (b'{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "zz"}]}', None), (b'{"batchItemFailures": [{}]}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', None), (b'"x"', None), (b"{", None),
    ],
)  # fmt: skip
def test_partial_batch_responses(payload: bytes, expected: set[str] | None) -> None:
    assert failures(payload, {"a", "b"}) == expected
