"""What functions leave in CloudWatch Logs, written as their role.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError


def events(fn: Any, group: str, wanted: int) -> list[str]:
    logs = fn.account.client("logs")
    found: list[str] = []
    for _ in range(200):
        try:
            found = [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]]
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException"
        if len(found) >= wanted:
            break
        time.sleep(0.02)
    return found


def test_a_function_logs(fn: Any) -> None:
    fn.make(code="def handler(event, context):\n    print('hello', event)\n    return context.log_stream_name\n")
    stream, answer = fn.call(event=1)
    ident = answer["ResponseMetadata"]["RequestId"]
    found = events(fn, "/aws/lambda/f", 5)
    assert [line.split(" ")[0].strip() for line in found] == ["INIT_START", "START", "hello", "END", "REPORT"]
    assert found[2] == "hello 1\n"
    assert ident in found[1]
    (listed,) = fn.account.client("logs").describe_log_streams(logGroupName="/aws/lambda/f")["logStreams"]
    assert listed["logStreamName"] == stream
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)


def test_a_role_without_permission_logs_nothing(fn: Any, role_of: Any) -> None:
    fn.make("mute", Role=role_of(fn.account, "mute", None))
    fn.make("told")
    assert fn.call("mute", event=1)[0] == 1
    fn.call("told", event=1)
    assert len(events(fn, "/aws/lambda/told", 4)) >= 4  # written after what the other would have
    (group,) = fn.account.client("logs").describe_log_groups()["logGroups"]
    assert group["logGroupName"] == "/aws/lambda/told"


def test_a_group_of_ones_own(fn: Any) -> None:
    fn.make(LoggingConfig={"LogFormat": "JSON", "LogGroup": "/my/group"},
            code="import logging\ndef handler(event, context):\n    logging.warning('careful')\n")  # fmt: skip
    config = fn.client.get_function_configuration(FunctionName="f")["LoggingConfig"]
    assert config == {
        "LogFormat": "JSON", "LogGroup": "/my/group", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"
    }  # fmt: skip
    fn.call()
    found = [json.loads(line) for line in events(fn, "/my/group", 4)]
    assert [line.get("type") or line["message"] for line in found] == [
        "platform.initStart", "platform.start", "careful", "platform.report"
    ]  # fmt: skip


def test_levels_are_for_json_logs(fn: Any) -> None:
    with pytest.raises(ClientError) as caught:
        fn.make(LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "DEBUG"})
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
