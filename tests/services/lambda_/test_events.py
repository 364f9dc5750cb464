"""Where events of asynchronous invocations end up, and that none is lost.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

SEND = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "*"}],
}
FAIL = "def handler(event, context):\n    raise ValueError('no')\n"
ECHO = "def handler(event, context):\n    print(event)\n    return event\n"


def eventually(look: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


class Bench:
    def __init__(self, fn: Any, role: str) -> None:
        self.fn, self.role = fn, role
        self.sqs = fn.account.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="out")["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:{fn.account.id}:out"

    def told(self) -> dict[str, Any]:
        def look() -> Any:
            return self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get(
                "Messages"
            )

        message: dict[str, Any] = eventually(look)[0]
        return message


@pytest.fixture
def bench(fn: Any, role_of: Any) -> Bench:
    return Bench(fn, role_of(fn.account, "sender", SEND))


def fire(bench: Bench, event: Any) -> str:
    answer = bench.fn.client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event).encode())
    ident: str = answer["ResponseMetadata"]["RequestId"]
    return ident


def test_a_success_goes_to_its_destination(bench: Bench) -> None:
    bench.fn.make(Role=bench.role)
    bench.fn.client.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": bench.arn}}
    )
    ident = fire(bench, {"k": 1})
    record = json.loads(bench.told()["Body"])
    arn = f"arn:aws:lambda:us-east-1:{bench.fn.account.id}:function:f:$LATEST"
    assert record.pop("timestamp")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": ident, "functionArn": arn, "condition": "Success", "approximateInvokeCount": 1
        },
        "requestPayload": {"k": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"k": 1},
    }  # fmt: skip


def test_a_failure_goes_to_its_destination(bench: Bench) -> None:
    bench.fn.make(code=FAIL, Role=bench.role)
    bench.fn.client.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": bench.arn}}
    )
    fire(bench, 5)
    record = json.loads(bench.told()["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no"


def test_a_failure_goes_to_the_dead_letter_queue(bench: Bench) -> None:
    """The event itself, with attributes: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    bench.fn.make(code=FAIL, Role=bench.role, DeadLetterConfig={"TargetArn": bench.arn})
    bench.fn.client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    ident = fire(bench, {"k": 1})
    message = bench.told()
    assert json.loads(message["Body"]) == {"k": 1}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": ident, "ErrorCode": "200", "ErrorMessage": "no"}


def test_an_accepted_event_survives_kill_9(restarted: Any, lambda_of: Any, role_of: Any) -> None:
    fn = lambda_of(restarted.account())
    bench = Bench(fn, role_of(fn.account, "sender", SEND))
    slow = "import time\ndef handler(event, context):\n    time.sleep(1)\n    return event\n"
    fn.make(code=slow, Role=bench.role)
    fn.client.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": bench.arn}}
    )
    fire(bench, "kept")
    restarted.restart()
    assert json.loads(bench.told()["Body"])["responsePayload"] == "kept"


def test_a_function_s_role_acts_with_its_tags_wherever_lambda_does(fn: Any) -> None:
    """aws:PrincipalTag of the execution role: for its logs, its event source and its destination alike.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principaltag
    """
    iam, sqs = fn.account.client("iam"), fn.account.client("sqs")
    allow = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    tags = [{"Key": "team", "Value": "red"}]
    role = iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=trust, Tags=tags)["Role"]["Arn"]
    condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    statement = {"Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="tagged", PolicyName="p", PolicyDocument=document)
    told = sqs.create_queue(QueueName="told")["QueueUrl"]
    source = sqs.create_queue(QueueName="source", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{fn.account.id}:"
    fn.make(code=ECHO, Role=role)
    fn.client.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": f"{arn}told"}}
    )
    fn.client.invoke(FunctionName="f", InvocationType="Event", Payload=b'"event"')
    assert eventually(lambda: sqs.receive_message(QueueUrl=told, WaitTimeSeconds=1).get("Messages"))
    fn.client.create_event_source_mapping(FunctionName="f", EventSourceArn=f"{arn}source")
    sqs.send_message(QueueUrl=source, MessageBody="polled")
    logs = fn.account.client("logs")
    eventually(lambda: logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern="polled")["events"])
