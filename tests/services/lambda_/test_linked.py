"""What a function calls is linked to its invocation, so that `fogbank why` shows what it was denied."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

# calls what its role may not, and tells its trace id
CALL = """
import boto3, os
def handler(event, context):
    try:
        boto3.client("dynamodb").put_item(TableName="t", Item={"k": {"S": "1"}})
    except Exception as error:
        return {"statusCode": 500, "body": os.environ["_X_AMZN_TRACE_ID"]}
"""
POLLED = """
import boto3, os
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=context.aws_request_id)
"""


def followed(cloud: Any, request_id: str) -> list[tuple[str, str, str]]:
    return [(hop["service"], hop["operation"], hop["error"]) for hop in cloud.why(request_id)]


@pytest.mark.one_node(reason="the trace is its node's")
def test_an_invocation(fn: Any, cloud: Any) -> None:
    fn.make(code=CALL)
    answer = fn.client.invoke(FunctionName="f")
    hops = followed(cloud, answer["ResponseMetadata"]["RequestId"])
    assert hops[0] == ("lambda", "Invoke", "")
    assert ("dynamodb", "PutItem", "AccessDenied") in hops


@pytest.mark.one_node(reason="the trace is its node's")
def test_a_request_to_its_url(fn: Any, cloud: Any) -> None:
    from .test_urls import ask, open_url

    fn.make(code=CALL)
    status, headers, _ = ask(fn, open_url(fn))
    hops = followed(cloud, headers["x-amzn-requestid"][0])
    assert (status, hops[0]) == (500, ("lambda", "InvokeFunctionUrl", ""))
    assert ("dynamodb", "PutItem", "AccessDenied") in hops


@pytest.mark.one_node(reason="the trace is its node's")
def test_an_event(fn: Any, cloud: Any) -> None:
    from .test_mappings import eventually

    fn.make(code=CALL)
    answer = fn.client.invoke(FunctionName="f", InvocationType="Event")
    hops = eventually(
        lambda: [h for h in followed(cloud, answer["ResponseMetadata"]["RequestId"]) if h[0] == "dynamodb"]
    )
    assert hops == [("dynamodb", "PutItem", "AccessDenied")]


def test_messages_of_a_queue(fn: Any, cloud: Any, role_of: Any) -> None:
    """The id is the one that the function's log shows."""
    from .test_mappings import READ, eventually

    sqs = fn.account.client("sqs")
    queue, out = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("in", "out"))
    fn.make(code=POLLED, Role=role_of(fn.account, "poller", READ), Environment={"Variables": {"OUT": out}})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "60"})
    fn.client.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:{fn.account.id}:in", FunctionName="f", BatchSize=1
    )
    sqs.send_message(QueueUrl=queue, MessageBody="m")
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=out, WaitTimeSeconds=1).get("Messages"))
    hops = followed(cloud, message["Body"])
    assert hops.index(("lambda", "Invoke", "")) < hops.index(("sqs", "SendMessage", ""))


@pytest.mark.one_node(reason="the trace is its node's")
@pytest.mark.parametrize("who", ["another account", "another role of the account", "the account's root"])
def test_nobody_else_gets_into_the_chain(fn: Any, cloud: Any, who: str) -> None:
    """The header may come from anybody: it counts with keys of the function's role."""
    fn.make(code=CALL)
    answer = fn.client.invoke(FunctionName="f")
    trace_id = json.loads(answer["Payload"].read())["body"]
    account = cloud.account() if who == "another account" else fn.account
    sts = account.client("sts")
    if who == "another role of the account":
        trust = {"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        role = account.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        keys = sts.assume_role(RoleArn=role, RoleSessionName="fn")["Credentials"]
        sts = boto3.client("sts", "us-east-1", endpoint_url=account.endpoint, aws_access_key_id=keys["AccessKeyId"],
                           aws_secret_access_key=keys["SecretAccessKey"],
                           aws_session_token=keys["SessionToken"])  # fmt: skip

    def forge(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = trace_id

    sts.meta.events.register("before-send.sts.GetCallerIdentity", forge)
    forged = sts.get_caller_identity()["ResponseMetadata"]["RequestId"]
    assert [hop["cause"] for hop in cloud.why(forged)] == [""]
    assert ("sts", "GetCallerIdentity", "") not in followed(cloud, answer["ResponseMetadata"]["RequestId"])
