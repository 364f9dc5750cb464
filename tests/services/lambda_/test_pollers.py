"""Pollers run as long as their mapping is enabled, and after kill -9 without anybody asking for it."""

from __future__ import annotations

import json
import time
from typing import Any

from fogbank.testing import control

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
TELL = """
import boto3, os
def handler(event, context):
    for record in event["Records"]:
        boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=record["body"])
"""


def test_a_mapping_polls_after_kill_9(restarted: Any, lambda_of: Any, role_of: Any) -> None:
    fn = lambda_of(restarted.account())
    sqs = fn.account.client("sqs")
    into = sqs.create_queue(QueueName="in")["QueueUrl"]
    out = sqs.create_queue(QueueName="out")["QueueUrl"]
    fn.make(code=TELL, Role=role_of(fn.account, "poller", READ), Timeout=20, Environment={"Variables": {"OUT": out}})
    mapping = fn.client.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:{fn.account.id}:in", FunctionName="f"
    )
    restarted.restart()
    sqs.send_message(QueueUrl=into, MessageBody="after the crash")
    end = time.monotonic() + 40
    bodies: list[str] = []
    while not bodies and time.monotonic() < end:
        answer = sqs.receive_message(QueueUrl=out, WaitTimeSeconds=5)
        bodies = [message["Body"] for message in answer.get("Messages", ())]
    assert bodies == ["after the crash"]
    (row,) = [r for r in control.call(restarted.endpoint, "GET", "residents") if r["kind"] == "lambda.poller"]
    assert (row["id"], row["state"]) == (mapping["UUID"], "running")
    fn.client.delete_event_source_mapping(UUID=mapping["UUID"])
    rows = control.call(restarted.endpoint, "GET", "residents")
    assert json.dumps(mapping["UUID"]) not in json.dumps(rows)
