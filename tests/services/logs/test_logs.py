"""CloudWatch Logs through boto3 (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/)."""

import json
import time

import pytest
from botocore.exceptions import ClientError
from tests.support import refused


@pytest.fixture
def logs(aws):
    return aws.client("logs")


@pytest.fixture
def stream(logs):
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="s")
    return {"logGroupName": "/app", "logStreamName": "s"}


def now():
    return int(time.time() * 1000)


def put(logs, stream, *pairs):
    return logs.put_log_events(**stream, logEvents=[{"timestamp": at, "message": text} for at, text in pairs])


def test_groups(logs, aws):
    logs.create_log_group(logGroupName="/a/one", tags={"k": "v"})
    logs.create_log_group(logGroupName="/a/two")
    assert refused(logs.create_log_group, logGroupName="/a/one").code == "ResourceAlreadyExistsException"
    assert refused(logs.create_log_group, logGroupName="bad name").code == "InvalidParameterException"
    first = logs.describe_log_groups(logGroupNamePrefix="/a/")["logGroups"][0]
    assert first["arn"] == f"arn:aws:logs:us-east-1:{aws.id}:log-group:/a/one:*"
    assert "retentionInDays" not in first
    assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePattern="TWO")["logGroups"]] == ["/a/two"]
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["logGroups"]) for page in pages] == [1, 1]
    arn = first["logGroupArn"]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"k": "v"}
    logs.tag_resource(resourceArn=arn, tags={"x": "y"})
    logs.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert logs.list_tags_log_group(logGroupName="/a/one")["tags"] == {"x": "y"}
    logs.delete_log_group(logGroupName="/a/one")
    assert refused(logs.delete_log_group, logGroupName="/a/one").code == "ResourceNotFoundException"


def test_put_and_get(logs, stream):
    at = now()
    put(logs, stream, (at, "one"), (at, "two"), (at + 1, "three"))
    put(logs, stream, (at - 5, "zero"))
    read = logs.get_log_events(**stream, startFromHead=True)
    assert [e["message"] for e in read["events"]] == ["zero", "one", "two", "three"]
    again = logs.get_log_events(**stream, nextToken=read["nextForwardToken"], startFromHead=True)
    assert again["events"] == []
    assert again["nextForwardToken"] == read["nextForwardToken"]
    put(logs, stream, (at + 9, "four"))
    more = logs.get_log_events(**stream, nextToken=read["nextForwardToken"])
    assert [e["message"] for e in more["events"]] == ["four"]


def test_pages_in_both_directions(logs, stream):
    at = now()
    put(logs, stream, *((at + n, f"m{n}") for n in range(10)))
    newest = logs.get_log_events(**stream, limit=4)
    assert [e["message"] for e in newest["events"]] == ["m6", "m7", "m8", "m9"]
    older = logs.get_log_events(**stream, limit=4, nextToken=newest["nextBackwardToken"])
    assert [e["message"] for e in older["events"]] == ["m2", "m3", "m4", "m5"]
    window = logs.get_log_events(**stream, startTime=at + 2, endTime=at + 4, startFromHead=True)
    assert [e["message"] for e in window["events"]] == ["m2", "m3"]


def test_batches_that_are_refused(logs, stream):
    at = now()
    with pytest.raises(ClientError) as caught:
        put(logs, stream, (at, "late"), (at - 1, "early"))
    assert "chronological order" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as caught:
        put(logs, stream, (at - 25 * 3600_000, "a"), (at, "b"))
    assert "24 hours" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as caught:
        put(logs, stream, *((at, "x" * 200_000) for _ in range(6)))
    assert "Upload too large" in caught.value.response["Error"]["Message"]
    old = put(logs, stream, (at - 15 * 86400_000, "old"))
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = put(logs, stream, (at, "ok"), (at + 3 * 3600_000, "new"))
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert [e["message"] for e in logs.get_log_events(**stream)["events"]] == ["ok"]


def test_filter_interleaves_streams(logs, stream):
    logs.create_log_stream(logGroupName="/app", logStreamName="t")
    at = now()
    put(logs, stream, (at, "ERROR a"), (at + 2, "fine"), (at + 4, "ERROR c"))
    put(logs, {**stream, "logStreamName": "t"}, (at + 1, "ERROR b"))
    found = logs.filter_log_events(logGroupName="/app", filterPattern="ERROR")["events"]
    assert [(e["logStreamName"], e["message"]) for e in found] == [("s", "ERROR a"), ("t", "ERROR b"), ("s", "ERROR c")]
    assert sorted(e["eventId"] for e in found) == [e["eventId"] for e in found]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/app", PaginationConfig={"PageSize": 1})
    assert [e["message"] for page in pages for e in page["events"]] == ["ERROR a", "ERROR b", "fine", "ERROR c"]
    only = logs.filter_log_events(logGroupName="/app", logStreamNames=["t"])["events"]
    assert [e["message"] for e in only] == ["ERROR b"]


def test_streams(logs, stream):
    logs.create_log_stream(logGroupName="/app", logStreamName="a")
    put(logs, stream, (now(), "x"))
    by_time = logs.describe_log_streams(logGroupName="/app", orderBy="LastEventTime", descending=True)["logStreams"]
    assert [s["logStreamName"] for s in by_time] == ["s", "a"]
    by_name = logs.describe_log_streams(logGroupName="/app", limit=1)
    assert [s["logStreamName"] for s in by_name["logStreams"]] == ["a"]
    rest = logs.describe_log_streams(logGroupName="/app", nextToken=by_name["nextToken"])["logStreams"]
    assert [s["logStreamName"] for s in rest] == ["s"]
    assert "lastEventTimestamp" in rest[0]
    logs.delete_log_stream(**stream)
    assert refused(logs.get_log_events, **stream).code == "ResourceNotFoundException"


def test_retention_follows_the_clock(own_cloud):
    logs = own_cloud.account().client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert refused(logs.put_retention_policy, logGroupName="g", retentionInDays=2).code == "InvalidParameterException"
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now(), "message": "m"}])
    own_cloud.advance(3600)
    assert len(logs.get_log_events(logGroupName="g", logStreamName="s")["events"]) == 1
    own_cloud.advance(2 * 86400)
    assert logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"] == []


def test_metric_filters_are_kept_and_tested(logs, stream):
    transformation = {"metricName": "errors", "metricNamespace": "App", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="/app", filterName="f", filterPattern="ERROR", metricTransformations=[transformation]
    )
    (kept,) = logs.describe_metric_filters(logGroupName="/app")["metricFilters"]
    assert kept["metricTransformations"] == [transformation]
    tested = logs.test_metric_filter(filterPattern="[a, b]", logEventMessages=["x y", "z"])["matches"]
    assert tested == [{"eventNumber": 1, "eventMessage": "x y", "extractedValues": {"$a": "x", "$b": "y"}}]
    logs.delete_metric_filter(logGroupName="/app", filterName="f")
    assert refused(logs.delete_metric_filter, logGroupName="/app", filterName="f").code == "ResourceNotFoundException"


def test_iam_decides(aws, logs, stream):
    allowed = {
        "Effect": "Allow",
        "Action": "logs:PutLogEvents",
        "Resource": f"arn:aws:logs:*:{aws.id}:log-group:/app:*",
    }
    writer = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).client("logs")
    put(writer, stream, (now(), "m"))
    assert refused(writer.get_log_events, **stream).code == "AccessDeniedException"


def test_survives_kill(restarted):
    logs = restarted.account()
    client = logs.client("logs")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    client.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now(), "message": "kept"}])
    restarted.restart()
    events = logs.client("logs").get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [e["message"] for e in events] == ["kept"]
