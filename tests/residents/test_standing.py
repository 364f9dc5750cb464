"""What AWS does by itself goes on being done, whatever went wrong for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fogbank.testing import control

FAILURES = 7  # more than a job would be tried


def eventually(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found, "not in time"
    return found


@pytest.fixture
def broken(monkeypatch: Any) -> Callable[[str], list[int]]:
    """`broken("module._function")` fails some times before it works; the list it returns has a number for each call."""
    monkeypatch.setattr("fogbank.residents.runner.LONGEST_PAUSE", 0.01)

    def break_it(name: str) -> list[int]:
        import importlib

        module, _, attribute = name.rpartition(".")
        works, calls = getattr(importlib.import_module(module), attribute), []

        def sometimes(*args: Any) -> Any:
            calls.append(len(calls))
            if len(calls) <= FAILURES:
                raise RuntimeError("something is wrong for a while")
            return works(*args)

        monkeypatch.setattr(name, sometimes)
        return calls

    return break_it


def failing(cloud: Any, kind: str) -> bool:
    rows = control.call(cloud.endpoint, "GET", "residents")
    return any(row["kind"] == kind and "something is wrong" in row["error"] for row in rows)


def test_alarms(own_cloud: Any, broken: Any) -> None:
    aws = own_cloud.account()
    cloudwatch = aws.client("cloudwatch")
    calls = broken("fogbank.services.cloudwatch.jobs._evaluate")
    cloudwatch.put_metric_alarm(
        AlarmName="a", Namespace="N", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 5.0}])

    def evaluated(times: int) -> bool:
        own_cloud.advance(60)
        return len(calls) >= times

    eventually(lambda: evaluated(3))
    assert failing(own_cloud, "cloudwatch.alarm")
    eventually(lambda: evaluated(FAILURES + 1))
    now = datetime.fromtimestamp(own_cloud.app.clock.now(), UTC)
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 5.0, "Timestamp": now}])

    def alarmed() -> bool:
        own_cloud.advance(60)
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"]
        history = cloudwatch.describe_alarm_history(AlarmName="a", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        return any("to ALARM" in item["HistorySummary"] for item in history) or alarm["StateValue"] == "ALARM"

    eventually(alarmed)


def test_the_end_of_retention(own_cloud: Any, broken: Any) -> None:
    sqs = own_cloud.account().client("sqs")
    calls = broken("fogbank.services.sqs.jobs._sweep_some")
    url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    eventually(lambda: len(calls) > FAILURES)
    own_cloud.advance(30)
    sqs.send_message(QueueUrl=url, MessageBody="young")
    own_cloud.advance(31)

    def kept() -> int:
        from fogbank.services.sqs.records import MESSAGES

        async def count() -> int:
            with own_cloud.app.store.read() as tx:
                return int(tx.count(MESSAGES))

        return int(own_cloud.run(count()))

    eventually(lambda: kept() == 1)
    own_cloud.advance(31)
    eventually(lambda: kept() == 0)
    sqs.send_message(QueueUrl=url, MessageBody="again")
    own_cloud.advance(61)
    eventually(lambda: kept() == 0)


def test_expiry_of_items(own_cloud: Any, broken: Any) -> None:
    dynamodb = own_cloud.account().client("dynamodb")
    dynamodb.create_table(
        TableName="things", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    calls = broken("fogbank.services.dynamodb.jobs._expire_some")
    dynamodb.update_time_to_live(TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "due"})
    dynamodb.put_item(TableName="things", Item={"k": {"S": "1"}, "due": {"N": str(int(time.time()))}})

    def gone() -> bool:
        own_cloud.advance(61)
        return not dynamodb.scan(TableName="things")["Items"]

    eventually(gone)
    assert len(calls) > FAILURES


def test_rotation(own_cloud: Any, broken: Any) -> None:
    kms = own_cloud.account().client("kms")
    calls = broken("fogbank.services.kms.operations.keys._rotate")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    eventually(lambda: len(calls) > FAILURES)
    own_cloud.advance(181 * 86400)
    eventually(lambda: len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 2)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    own_cloud.advance(101 * 86400)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 3
    kms.disable_key_rotation(KeyId=key)
    own_cloud.advance(300 * 86400)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 3
