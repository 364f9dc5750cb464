"""Metrics embedded in log events, through boto3.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

GROUP = "/app"


@pytest.fixture
def logs(aws):
    client = aws.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="s")
    return client


@pytest.fixture
def cw(aws):
    return aws.client("cloudwatch")


def now_ms():
    return int(time.time() * 1000)


def directive(*metrics, namespace="App", dimensions=((),)):
    named = [metric if isinstance(metric, dict) else {"Name": metric} for metric in metrics]
    return {"Namespace": namespace, "Dimensions": dimensions, "Metrics": named}


def document(*directives, at=None, **members):
    metadata = {"Timestamp": at or now_ms(), "CloudWatchMetrics": directives}
    return json.dumps({"_aws": metadata, **members})


def put(logs, *messages, group=GROUP):
    events = [{"timestamp": now_ms(), "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def points(cw, name, *, namespace="App", count=1, unit=None, dimensions=(), around=None, period=60):
    """The points of a metric, as (samples, sum, unit), once `count` samples have come."""
    around = around or datetime.now(UTC)
    given = {"Unit": unit} if unit else {}
    found = []
    for _ in range(200):
        found = cw.get_metric_statistics(
            Namespace=namespace, MetricName=name, StartTime=around - timedelta(minutes=10),
            EndTime=around + timedelta(minutes=10), Period=period, Statistics=["SampleCount", "Sum"],
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions], **given,
        )["Datapoints"]  # fmt: skip
        if sum(point["SampleCount"] for point in found) >= count:
            break
        time.sleep(0.02)
    found.sort(key=lambda point: point["Timestamp"])
    return [(point["SampleCount"], point["Sum"], point["Unit"]) for point in found]


def names(cw, namespace="App"):
    found = cw.list_metrics(Namespace=namespace)["Metrics"]
    return sorted((m["MetricName"], *sorted(d["Name"] for d in m["Dimensions"])) for m in found)


def errors(cw, name, count=1):
    found = points(cw, name, namespace="AWS/Logs", count=0, dimensions=[("LogGroupName", GROUP)])
    for _ in range(200):
        found = points(cw, name, namespace="AWS/Logs", count=0, dimensions=[("LogGroupName", GROUP)])
        if sum(total for _, total, _ in found) >= count:
            break
        time.sleep(0.02)
    return sum(total for _, total, _ in found)


def settled(logs, cw):
    """Every event put so far has been looked at: jobs are begun in the order in which they were asked for."""
    put(logs, document(directive("settled", namespace="Settled"), settled=1))
    assert points(cw, "settled", namespace="Settled") == [(1, 1, "None")]


def test_metrics_count_under_every_set_of_dimensions(logs, cw):
    """The specification's example, with more directives, sets and metrics."""
    put(logs, document(
        directive({"Name": "time", "Unit": "Milliseconds"}, "calls",
                  dimensions=[["version"], ["version", "service"], []]),
        directive("calls", namespace="Other/One", dimensions=[["service"]]),
        version="$LATEST", service="pay", time=100, calls=2, requestId="989ffbf8",
    ))  # fmt: skip
    version, service = ("version", "$LATEST"), ("service", "pay")
    for dimensions in ([version], [version, service], []):
        assert points(cw, "time", dimensions=dimensions) == [(1, 100, "Milliseconds")]
        assert points(cw, "calls", dimensions=dimensions) == [(1, 2, "None")]
    assert points(cw, "calls", namespace="Other/One", dimensions=[service]) == [(1, 2, "None")]
    assert names(cw, "Other/One") == [("calls", "service")]


def test_arrays_and_histograms(logs, cw):
    """Arrays are in the specification, Values with Counts are in https://docs.rs/metrique-writer-format-emf."""
    histogram = {"Values": [0.5, 4], "Counts": [10, 2]}
    put(logs, document(directive("many", "some"), many=[1, 2, 2, 3.5], some=histogram))
    assert points(cw, "many", count=4) == [(4, 8.5, "None")]
    assert points(cw, "some", count=12) == [(12, 13, "None")]


def test_events_of_a_batch_add_up(logs, cw):
    at = now_ms()
    put(logs, *(document(directive("n"), at=at, n=value) for value in range(400)))
    assert points(cw, "n", count=400) == [(400, sum(range(400)), "None")]


def test_the_envelopes_time_counts_and_so_does_its_resolution(logs, cw):
    hour_ago = (now_ms() - 3_600_000) // 60_000 * 60_000
    fine = directive({"Name": "fine", "StorageResolution": 1}, {"Name": "coarse", "StorageResolution": 60})
    put(logs, *(document(fine, at=hour_ago + second * 1000, fine=second, coarse=second) for second in (1, 2)))
    around = datetime.fromtimestamp(hour_ago / 1000, UTC)
    assert points(cw, "fine", count=2, around=around, period=1) == [(1, 1, "None"), (1, 2, "None")]
    assert points(cw, "coarse", count=2, around=around, period=1) == [(2, 3, "None")]


def test_units_are_kept_apart(logs, cw):
    at = now_ms()
    for unit in ("Seconds", "Milliseconds"):
        put(logs, document(directive({"Name": "t", "Unit": unit}), at=at, t=5))
    for unit in ("Seconds", "Milliseconds"):
        assert points(cw, "t", unit=unit) == [(1, 5, unit)]


def test_a_document_behind_what_lambda_prepends(logs, cw):
    """console.log of a function in Node.js; a logger of one in Python has a level before it."""
    text = document(directive("n"), n=1)
    prefix = "2026-01-01T00:00:00.000Z\t989ffbf8-9ace-4817-a57c-e4dd734019ee"
    put(logs, f"{prefix}\tINFO\t{text}\n", f"[INFO]\t{prefix}\t{text}", f"note {text}")
    settled(logs, cw)
    assert points(cw, "n", count=2) == [(2, 2, "None")]


def test_what_is_missing_is_passed_over(logs, cw):
    put(logs, document(directive("here", "gone", dimensions=[["a"], ["a", "missing"]]), here=1, a="x"))
    assert points(cw, "here", dimensions=[("a", "x")]) == [(1, 1, "None")]
    settled(logs, cw)
    assert names(cw) == [("here", "a")]
    assert names(cw, "AWS/Logs") == []


def test_an_unusable_dimension_leaves_the_metric_without(logs, cw):
    """As seen on AWS: https://github.com/aws-powertools/powertools-lambda-python/pull/5542."""
    put(logs, document(directive("n", dimensions=[["environment", "stage"]]), n=[1], environment="", stage="1"))
    assert points(cw, "n") == [(1, 1, "None")]
    assert names(cw) == [("n",)]


@pytest.mark.parametrize(
    "message",
    [
        document(directive("n"), n=1)[:-1],
        json.dumps({"_aws": 1, "n": 1}),
        json.dumps({"_aws": {"CloudWatchMetrics": [directive("n")]}, "n": 1}),
        json.dumps({"_aws": {"Timestamp": "now", "CloudWatchMetrics": [directive("n")]}, "n": 1}),
        document({"Namespace": "App", "Metrics": [{"Name": "n"}]}, n=1),
        document({"Namespace": "App", "Dimensions": [["a"]]}, n=1, a="x"),
        document(directive("n", dimensions=["a"]), n=1, a="x"),
        document(directive({"Unit": "Count"}), n=1),
        document(directive("n", namespace=7), n=1),
    ],
)
def test_wrong_envelopes_are_counted_and_left_out(logs, cw, message):
    put(logs, message)
    assert errors(cw, "EMFParsingErrors") == 1
    assert names(cw) == []
    stored = logs.get_log_events(logGroupName=GROUP, logStreamName="s")["events"]
    assert [event["message"] for event in stored] == [message]


@pytest.mark.parametrize(
    "message",
    [
        document(directive("n"), n="1"),
        document(directive("n"), n=True),
        document(directive("n"), n=[1, None]),
        document(directive("n"), n=1e300),
        document(directive("n"), n=[1] * 101),
        document(directive("n"), n={"Values": [1, 2], "Counts": [1]}),
        document(directive({"Name": "n", "Unit": "Parsecs"}), n=1),
        document(directive({"Name": "n", "StorageResolution": 5}), n=1),
        document(directive("n" * 256), **{"n" * 256: 1}),
        document(directive("n", namespace="AWS/Lambda"), n=1),
        document(directive("n", namespace="a" * 256), n=1),
        document(directive(*["n"] * 101), n=1),
        document(directive("n"), n=1, at=now_ms() - 15 * 86_400_000),
        document(directive("n"), n=1, at=now_ms() + 3 * 3_600_000),
    ],
    ids=range(14),
)
def test_wrong_metrics_are_counted_and_left_out(logs, cw, message):
    put(logs, message)
    assert errors(cw, "EMFValidationErrors") == 1
    assert names(cw) == names(cw, "AWS/Lambda") == []


def test_limits_are_reached(logs, cw):
    keys = {f"k{n}": "v" for n in range(30)}
    many = {f"m{n}": [n] * 100 for n in range(100)}
    put(logs, document(directive(*many, dimensions=[list(keys)]), **keys, **many))
    assert points(cw, "m99", count=100, dimensions=keys.items()) == [(100, 9900, "None")]
    more = {**keys, "k30": "v"}
    put(logs, document(directive("m", dimensions=[list(more), ["k0"]]), **more, m=1))
    assert points(cw, "m", dimensions=[("k0", "v")]) == [(1, 1, "None")]
    settled(logs, cw)
    assert ("m", *sorted(more)) not in names(cw)


def test_events_that_only_look_alike(logs, cw):
    put(logs, 'he said "_aws"', json.dumps({"deep": {"_aws": {}}}), json.dumps({"_aws": {"Timestamp": 1}}), "{}",
        json.dumps({"text": document(directive("n"), n=1)}))  # fmt: skip
    settled(logs, cw)
    assert names(cw) == names(cw, "AWS/Logs") == []


def test_only_the_standard_class_has_them(aws, logs, cw):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html"""
    logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_stream(logGroupName="/rare", logStreamName="s")
    put(logs, document(directive("n"), n=1), group="/rare")
    settled(logs, cw)
    assert names(cw) == []


def test_who_may_write_logs_needs_no_permission_for_metrics(aws, logs, cw):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html"""
    allowed = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
    writer = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).client("logs")
    put(writer, document(directive("n"), n=1))
    assert points(cw, "n") == [(1, 1, "None")]


def test_they_outlive_a_kill(restarted):
    account = restarted.account()
    logs = account.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    put(logs, document(directive("n"), n=3))
    restarted.restart()
    assert points(account.client("cloudwatch"), "n") == [(1, 3, "None")]
