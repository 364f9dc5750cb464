"""Log groups with much in them: pages go on where they stopped, and read what they need.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import time
from typing import Any

HOUR = 3_600_000


def put(logs: Any, stream: str, *events: tuple[int, str]) -> None:
    logs.put_log_events(
        logGroupName="g", logStreamName=stream, logEvents=[{"timestamp": at, "message": text} for at, text in events]
    )


def pages(logs: Any, **more: Any) -> list[list[str]]:
    found, token = [], {}
    while True:
        answer = logs.filter_log_events(logGroupName="g", **more, **token)
        found.append([event["message"] for event in answer["events"]])
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


def test_batches_that_reach_far_are_found_from_their_end(aws: Any) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    begin = int(time.time() * 1000) - 30 * HOUR
    put(logs, "s", (begin + HOUR, "short"))
    assert pages(logs, startTime=begin + 2 * HOUR) == [[]]
    put(logs, "s", (begin, "first"), (begin + 20 * HOUR, "last"))
    put(logs, "s", (begin + 21 * HOUR, "later"))
    assert pages(logs, startTime=begin + 19 * HOUR) == [["last", "later"]]
    shown = logs.get_log_events(logGroupName="g", logStreamName="s", startTime=begin + 19 * HOUR, startFromHead=False)
    assert [event["message"] for event in shown["events"]] == ["last", "later"]


def test_pages_are_whole_and_in_order(aws: Any) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="g")
    begin = int(time.time() * 1000) - HOUR
    for stream in ("a", "b"):
        logs.create_log_stream(logGroupName="g", logStreamName=stream)
        for batch in range(3):
            put(logs, stream, *[(begin + batch * 100 + n, f"{batch}{n:02} {stream}") for n in range(40)])
    expected = [f"{batch}{n:02} {stream}" for batch in range(3) for n in range(40) for stream in ("a", "b")]
    found = pages(logs, limit=7)
    assert [text for page in found for text in page] == expected
    assert {len(page) for page in found[:-2]} == {7}
