"""Access logs on their way to CloudWatch Logs: none is lost without a word while the cloud lives.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest

from fogbank import testing
from fogbank.apis.logs import BATCH_BYTES, BATCH_EVENTS, Logs, _batches

from .conftest import Gate

MOCK = {"responses": {}, "x-amazon-apigateway-integration": {
    "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200"}}}}  # fmt: skip


def logged(gate: Gate) -> Gate:
    """An API whose stage writes the path of each request to the log group `access`."""
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    role = gate.role({"Effect": "Allow", "Action": actions, "Resource": "*"})
    change = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    gate.client.update_account(patchOperations=change)
    gate.account.client("logs").create_log_group(logGroupName="access")
    gate.import_api({"/{p}": {"get": MOCK}})
    arn = f"arn:aws:logs:us-east-1:{gate.account.id}:log-group:access"
    gate.client.update_stage(restApiId=gate.id, stageName="dev", patchOperations=[
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn},
        {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.path"},
    ])  # fmt: skip
    return gate


def lines(gate: Gate) -> list[str]:
    return [e["message"] for e in gate.account.client("logs").filter_log_events(logGroupName="access")["events"]]


def wait_for(gate: Gate, line: str) -> None:
    for _ in range(1000):
        if line in lines(gate):
            return
        time.sleep(0.02)
    raise AssertionError(f"{line} is not among {lines(gate)}")


def test_a_cloud_that_stops_writes_its_lines_first(tmp_path: Path) -> None:
    with testing.cloud(data=tmp_path) as cloud:
        gate = logged(Gate(cloud, cloud.account()))
        for n in range(20):
            assert gate.ask("GET", f"/{n}").status == 200
    with testing.cloud(data=tmp_path) as cloud:
        again = Gate(cloud, cloud.account(gate.account.id))
        assert sorted(lines(again)) == sorted(f"/dev/{n}" for n in range(20))


def test_a_stream_that_was_deleted_is_made_again(gate: Gate) -> None:
    logged(gate).ask("GET", "/one")
    wait_for(gate, "/dev/one")
    logs = gate.account.client("logs")
    name = logs.describe_log_streams(logGroupName="access")["logStreams"][0]["logStreamName"]
    logs.delete_log_stream(logGroupName="access", logStreamName=name)
    gate.ask("GET", "/two")
    wait_for(gate, "/dev/two")


def test_an_error_costs_one_streams_lines_and_is_told(
    own_gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    gate, write = logged(own_gate), Logs._write
    failed: list[int] = []

    async def once(self: Any, ctx: Any, place: Any, events: Any) -> None:
        if not failed:
            failed.append(len(events))
            raise RuntimeError("a mistake")
        await write(self, ctx, place, events)

    monkeypatch.setattr(Logs, "_write", once)
    with caplog.at_level(logging.ERROR):
        gate.ask("GET", "/lost")
        for _ in range(1000):
            if "log lines were lost" in caplog.text:
                break
            time.sleep(0.02)
    assert failed == [1]
    assert "a mistake" in caplog.text
    gate.ask("GET", "/kept")
    wait_for(gate, "/dev/kept")
    assert lines(gate) == ["/dev/kept"]


def test_lines_that_cannot_be_written_are_counted(own_gate: Gate, caplog: Any) -> None:
    gate = logged(own_gate)
    gate.account.client("logs").delete_log_group(logGroupName="access")
    with caplog.at_level(logging.WARNING):
        gate.ask("GET", "/x")
        for _ in range(1000):
            if "could not log 1 lines to access" in caplog.text:
                return
            time.sleep(0.02)
    raise AssertionError(caplog.text)


def test_batches_that_put_log_events_takes() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
    many = [{"message": "x", "timestamp": 0}] * (BATCH_EVENTS + 1)
    assert [len(batch) for batch in _batches(many)] == [BATCH_EVENTS, 1]
    large = [{"message": "é" * 100_000, "timestamp": 0}] * 11
    sizes = [sum(len(event["message"].encode()) + 26 for event in batch) for batch in _batches(large)]
    assert len(sizes) == 3
    assert all(size <= BATCH_BYTES for size in sizes)
    assert json.dumps([event for batch in _batches(large) for event in batch]) == json.dumps(large)
