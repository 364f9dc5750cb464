"""Invoke: results, errors, logs, events; as which role; what limits it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code_of(error: Any) -> str:
    return str(error.value.response["Error"]["Code"])


def test_the_answer_of_a_call(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    print('hello')\n    return {'é': event}\n")
    result, answer = fn.call(event={"a": [1, 2.5, None]}, LogType="Tail")
    assert result == {"é": {"a": [1, 2.5, None]}}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    tail = base64.b64decode(answer["LogResult"]).decode().split("\n")
    assert tail[0].startswith("START RequestId: ")
    assert tail[1] == "hello"
    assert tail[3].startswith("REPORT RequestId: ")
    ident = answer["ResponseMetadata"]["RequestId"]
    assert ident in tail[0]
    assert "LogResult" not in fn.call()[1]


def test_no_payload_is_an_empty_object(fn: Any) -> None:
    fn.make()
    assert json.loads(fn.client.invoke(FunctionName="f")["Payload"].read()) == {}


def test_a_function_error(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    raise ValueError('no')\n")
    result, answer = fn.call()
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "no")


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        ({"Payload": b"{not json"}, "InvalidRequestContentException", 400),
        ({"Payload": b'"' + b"x" * 6_291_456 + b'"'}, "RequestTooLargeException", 413),
        ({"Payload": b'"' + b"x" * 1_048_576 + b'"', "InvocationType": "Event"}, "RequestTooLargeException", 413),
        ({"Qualifier": "none"}, "ResourceNotFoundException", 404),
        ({"Qualifier": "7"}, "ResourceNotFoundException", 404),
        ({"FunctionName": "none"}, "ResourceNotFoundException", 404),
    ],
)
def test_what_invoke_refuses(fn: Any, given: dict[str, Any], code: str, status: int) -> None:
    fn.make()
    with pytest.raises(ClientError) as caught:
        fn.client.invoke(**{"FunctionName": "f", **given})
    assert code_of(caught) == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_large_payload_goes_through(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    return len(event)\n", MemorySize=512)
    assert fn.call(event="x" * 6_000_000)[0] == 6_000_000


def test_dry_run(fn: Any) -> None:
    fn.make(code="raise SystemExit(1)\n")
    assert fn.client.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204


def test_the_function_runs_as_its_role(fn: Any) -> None:
    """Its credentials are the role's session, and IAM holds for them."""
    fn.make(
        timeout := "f",
        """
        import boto3
        def handler(event, context):
            who = boto3.client("sts").get_caller_identity()["Arn"]
            try:
                boto3.client("iam").list_users()
            except Exception as error:
                return [who, type(error).__name__, str(error)]
        """,
        Timeout=30,
        MemorySize=512,
    )
    who, kind, text = fn.call(timeout)[0]
    session = f"arn:aws:sts::{fn.account.id}:assumed-role/function-role/"
    assert who.startswith(session)
    assert kind == "ClientError"
    assert "AccessDenied" in text
    assert f"{who} is not authorized to perform: iam:ListUsers" in text


def test_events_are_run_later_and_retried(own_cloud: Any, lambda_of: Any) -> None:
    """Two retries, after one and two minutes.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    fn = lambda_of(own_cloud.account())
    fn.make(code="def handler(event, context):\n    raise ValueError(event)\n")
    answer = fn.client.invoke(FunctionName="f", InvocationType="Event", Payload=b'"x"')
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert _errors(own_cloud, fn, 1) == 1
    own_cloud.advance(50)
    assert _errors(own_cloud, fn, 1) == 1
    own_cloud.advance(15)
    assert _errors(own_cloud, fn, 2) == 2
    own_cloud.advance(125)
    assert _errors(own_cloud, fn, 3) == 3
    own_cloud.advance(3600)
    assert _errors(own_cloud, fn, 3) == 3


def _errors(cloud: Any, fn: Any, wanted: int) -> int:
    """Errors counted so far by Lambda's own metric; waits a little for `wanted`."""
    total = 0
    for _ in range(100):
        total = int(
            sum(
                value * count
                for (account, _, space, name, dimensions, _), statistic in cloud.app.metrics._minutes.items()
                if (account, space, name) == (fn.account.id, "AWS/Lambda", "Errors") and dimensions
                for value, count in statistic.values.items()
            )
        )
        if total >= wanted:
            break
        time.sleep(0.02)
    return total


def test_event_settings(fn: Any) -> None:
    fn.make()
    with pytest.raises(ClientError) as caught:
        fn.client.get_function_event_invoke_config(FunctionName="f")
    assert code_of(caught) == "ResourceNotFoundException"
    arn = f"arn:aws:sqs:us-east-1:{fn.account.id}:dead"
    fn.client.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    fn.client.update_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=60)
    got = fn.client.get_function_event_invoke_config(FunctionName="f")
    assert (got["MaximumRetryAttempts"], got["MaximumEventAgeInSeconds"]) == (0, 60)
    assert got["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": arn}}
    assert got["FunctionArn"].endswith(":function:f:$LATEST")
    assert len(fn.client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]) == 1
    fn.client.delete_function_event_invoke_config(FunctionName="f")
    assert fn.client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"] == []


def test_the_client_context_reaches_the_function(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    return context.client_context.custom\n")
    text = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
    assert fn.call(ClientContext=text)[0] == {"k": "v"}


def test_a_response_stream(fn: Any) -> None:
    fn.make()
    answer = fn.client.invoke_with_response_stream(FunctionName="f", Payload=b'{"a": 1}', LogType="Tail")
    events = list(answer["EventStream"])
    assert b"".join(e["PayloadChunk"]["Payload"] for e in events if "PayloadChunk" in e) == b'{"a": 1}'
    assert b"REPORT" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"])


def test_a_runtime_without_an_engine_says_so(fn: Any) -> None:
    fn.make(Runtime="java21", Handler="x.Y::z")
    with pytest.raises(ClientError) as caught:
        fn.call()
    assert code_of(caught) == "InvalidRuntimeException"
    assert "no engine for the runtime java21" in caught.value.response["Error"]["Message"]
