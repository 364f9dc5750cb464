"""CloudWatch metrics through boto3 (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/)."""

import json
import time
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
from botocore.exceptions import ClientError
from tests.support import refused


@pytest.fixture
def cw(aws):
    return aws.client("cloudwatch")


def minute(ago=0):
    return datetime.fromtimestamp(int(time.time()) // 60 * 60 - 60 * ago, UTC)


def put(cw, name="m", namespace="app", **datum):
    cw.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": name, **datum}])


def stats(cw, statistics=("Sum",), period=60, start=None, end=None, **kw):
    points = cw.get_metric_statistics(
        Namespace="app", MetricName=kw.pop("name", "m"), StartTime=start or minute(10),
        EndTime=end or minute(-1), Period=period, Statistics=list(statistics), **kw,
    )["Datapoints"]  # fmt: skip
    return sorted(points, key=lambda p: p["Timestamp"])


def data(cw, *queries, **kw):
    times = {"StartTime": minute(10), "EndTime": minute(-1)}
    return cw.get_metric_data(MetricDataQueries=list(queries), **(times | kw))


def stat(id_, name="m", stat="Sum", period=60, **kw):
    metric = {"Namespace": "app", "MetricName": name, "Dimensions": kw.pop("dimensions", [])}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **kw}


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "json", "query"])
def test_every_protocol(aws, protocol, tmp_path):
    """SDKs of three generations: the same model, with one protocol alone."""
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    model = loader.load_service_model("cloudwatch", "service-2")
    model["metadata"] = {**model["metadata"], "protocol": protocol, "protocols": [protocol]}
    folder = tmp_path / "cloudwatch" / model["metadata"]["apiVersion"]
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    old = botocore.session.Session()
    old.get_component("data_loader").search_paths.insert(0, str(tmp_path))
    client = old.create_client(
        "cloudwatch", endpoint_url=aws.endpoint, region_name="us-east-1",
        aws_access_key_id=aws.id, aws_secret_access_key="test",
    )  # fmt: skip
    assert client.meta.service_model.resolved_protocol == protocol
    put(client, Value=5, Timestamp=minute(1), Dimensions=[{"Name": "a", "Value": "b"}])
    assert [p["Sum"] for p in stats(client, Dimensions=[{"Name": "a", "Value": "b"}])] == [5.0]
    query = stat("a", dimensions=[{"Name": "a", "Value": "b"}])
    assert data(client, query)["MetricDataResults"][0]["Timestamps"] == [minute(1)]
    assert refused(client.get_dashboard, DashboardName="none").code == "ResourceNotFound"


def test_statistics(cw):
    for value in (1, 2, 3):
        put(cw, Value=value, Unit="Seconds", Timestamp=minute(2))
    put(cw, Values=[10, 20], Counts=[3, 1], Unit="Seconds", Timestamp=minute(1))
    points = stats(cw, ["Sum", "SampleCount", "Average", "Minimum", "Maximum"])
    assert points[0] == {
        "Timestamp": minute(2), "Sum": 6.0, "SampleCount": 3.0, "Average": 2.0, "Minimum": 1.0, "Maximum": 3.0,
        "Unit": "Seconds",
    }  # fmt: skip
    assert (points[1]["Sum"], points[1]["SampleCount"]) == (50.0, 4.0)
    assert stats(cw, Unit="Bytes") == []
    assert [p["Sum"] for p in stats(cw, period=3600, start=minute(30))] == [56.0]
    percentiles = cw.get_metric_statistics(
        Namespace="app", MetricName="m", StartTime=minute(10), EndTime=minute(-1), Period=600,
        ExtendedStatistics=["p50", "tm90"],
    )["Datapoints"][0]["ExtendedStatistics"]  # fmt: skip
    assert percentiles["p50"] == 10.0


def test_statistic_sets(cw):
    put(cw, StatisticValues={"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5}, Timestamp=minute(1))
    assert stats(cw, ["Average", "Maximum"])[0]["Average"] == 2.5
    only = {"ExtendedStatistics": ["p90"], "Period": 60, "StartTime": minute(10), "EndTime": minute(-1)}
    assert cw.get_metric_statistics(Namespace="app", MetricName="m", **only)["Datapoints"] == []


def test_dimensions_are_metrics_of_their_own(cw):
    put(cw, Value=1, Dimensions=[{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}])
    put(cw, Value=2, Dimensions=[{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}])
    put(cw, Value=7)
    both = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    assert [p["Sum"] for p in stats(cw, Dimensions=both)] == [3.0]
    assert [p["Sum"] for p in stats(cw)] == [7.0]
    assert stats(cw, Dimensions=both[:1]) == []


def test_what_put_refuses(cw):
    datum = {"MetricName": "m", "Value": 1}
    assert refused(cw.put_metric_data, Namespace="AWS/EC2", MetricData=[datum]).code == "InvalidParameterValue"
    assert refused(cw.put_metric_data, Namespace="a", MetricData=[{"MetricName": "m"}]).code == "MissingParameter"
    both = datum | {"Values": [1]}
    assert refused(cw.put_metric_data, Namespace="a", MetricData=[both]).code == "InvalidParameterCombination"
    # the message as users quote it
    old = datum | {"Timestamp": datetime.now(UTC) - timedelta(days=15)}
    assert refused(cw.put_metric_data, Namespace="a", MetricData=[datum, old])[:2] == (
        "InvalidParameterValue",
        "The parameter MetricData.member.2.Timestamp must specify a time within the past two weeks.",
    )
    assert cw.list_metrics(Namespace="a")["Metrics"] == []
    late = datum | {"Timestamp": datetime.now(UTC) + timedelta(hours=3)}
    assert refused(cw.put_metric_data, Namespace="a", MetricData=[late]).code == "InvalidParameterValue"
    uneven = {"MetricName": "m", "Values": [1, 2], "Counts": [1]}
    assert refused(cw.put_metric_data, Namespace="a", MetricData=[uneven]).code == "InvalidParameterValue"
    many = [datum] * 1001
    assert refused(cw.put_metric_data, Namespace="a", MetricData=many).code == "InvalidParameterValue"
    nan = {"MetricName": "m", "Value": float("nan")}
    assert refused(cw.put_metric_data, Namespace="a", MetricData=[nan]).code == "InvalidParameterValue"


def test_what_get_metric_statistics_refuses(cw):
    ok = {"Namespace": "a", "MetricName": "m", "Period": 60, "Statistics": ["Sum"], "StartTime": minute(5),
          "EndTime": minute()}  # fmt: skip
    assert refused(cw.get_metric_statistics, **(ok | {"Period": 61})).code == "InvalidParameterValue"
    assert refused(cw.get_metric_statistics, **(ok | {"EndTime": minute(9)})).code == "InvalidParameterValue"
    assert refused(cw.get_metric_statistics, **(ok | {"StartTime": minute(1608)}))[:2] == (
        "InvalidParameterCombination",
        "You have requested up to 1,608 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.",
    )
    del ok["Statistics"]
    assert refused(cw.get_metric_statistics, **ok).code == "InvalidParameterCombination"


def test_metric_data_and_math(cw):
    for ago, requests, errors in ((3, 10, 1), (2, 20, 2), (1, 40, 10)):
        put(cw, "requests", Value=requests, Timestamp=minute(ago))
        put(cw, "errors", Value=errors, Timestamp=minute(ago))
    rate = {"Id": "rate", "Expression": "100 * errors / requests", "Label": "percent"}
    found = data(cw, stat("errors", "errors", ReturnData=False), stat("requests", "requests"), rate)
    assert [r["Id"] for r in found["MetricDataResults"]] == ["requests", "rate"]
    assert found["MetricDataResults"][0]["Values"] == [40.0, 20.0, 10.0]
    assert found["MetricDataResults"][1]["Values"] == [25.0, 10.0, 10.0]
    assert found["MetricDataResults"][1]["Label"] == "percent"
    up = data(cw, stat("requests", "requests"), ScanBy="TimestampAscending")["MetricDataResults"][0]
    assert (up["Values"], up["Timestamps"][0]) == ([10.0, 20.0, 40.0], minute(3))
    assert up["StatusCode"] == "Complete"


def test_metric_data_pages(cw):
    for ago in range(1, 6):
        put(cw, Value=ago, Timestamp=minute(ago))
    seen, token = [], {}
    while True:
        page = data(cw, stat("a"), stat("b"), MaxDatapoints=3, **token)
        seen += [(r["Id"], value) for r in page["MetricDataResults"] for value in r["Values"]]
        assert sum(len(r["Values"]) for r in page["MetricDataResults"]) <= 3
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [(id_, float(n)) for id_ in "ab" for n in range(1, 6)]
    assert refused(data, cw=cw, NextToken="x").code == "ValidationError"


def test_what_get_metric_data_refuses(cw):
    def code(*queries):
        with pytest.raises(ClientError) as caught:
            data(cw, *queries)
        return caught.value.response["Error"]["Code"]

    assert code(stat("Upper")) == "ValidationError"
    assert code(stat("a"), stat("a")) == "ValidationError"
    assert code({"Id": "a"}) == "ValidationError"
    assert code({"Id": "a", "Expression": "b +"}) == "ValidationError"
    assert code({"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}) == "ValidationError"
    assert code({"Id": "a", "Expression": "1 + 1"}) == "ValidationError"


def test_listing(cw):
    for number in range(3):
        put(cw, f"m{number}", Value=1, Dimensions=[{"Name": "d", "Value": str(number)}])
    put(cw, "other", namespace="elsewhere", Value=1)
    assert len(cw.list_metrics()["Metrics"]) == 4
    assert [m["MetricName"] for m in cw.list_metrics(Namespace="app", MetricName="m1")["Metrics"]] == ["m1"]
    named = cw.list_metrics(Dimensions=[{"Name": "d", "Value": "2"}], RecentlyActive="PT3H")["Metrics"]
    assert named == [{"Namespace": "app", "MetricName": "m2", "Dimensions": [{"Name": "d", "Value": "2"}]}]
    assert len(cw.list_metrics(Dimensions=[{"Name": "d"}])["Metrics"]) == 3


def test_listing_pages(cw):
    metrics = [{"MetricName": f"m{n:04d}", "Value": 1} for n in range(700)]
    cw.put_metric_data(Namespace="app", MetricData=metrics)
    pages = [len(page["Metrics"]) for page in cw.get_paginator("list_metrics").paginate()]
    assert pages == [500, 200]


def test_what_services_count_is_seen(aws, cw):
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_metric_filter(
        logGroupName="g", filterName="f", filterPattern="ERROR",
        metricTransformations=[{"metricName": "m", "metricNamespace": "app", "metricValue": "1"}],
    )  # fmt: skip
    at = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="g", logStreamName="s",
        logEvents=[{"timestamp": at, "message": text} for text in ("ERROR a", "fine", "ERROR b")],
    )  # fmt: skip
    deadline = time.time() + 5
    while not stats(cw) and time.time() < deadline:
        time.sleep(0.05)
    assert [p["Sum"] for p in stats(cw)] == [2.0]


def test_iam(aws):
    allowed = aws.user(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*",'
        '"Condition":{"StringEquals":{"cloudwatch:namespace":"app"}}}]}'
    ).client("cloudwatch")
    put(allowed, Value=1)
    assert refused(put, cw=allowed, namespace="other", Value=1).code in ("AccessDenied", "AccessDeniedException")
    assert refused(allowed.list_metrics).code in ("AccessDenied", "AccessDeniedException")


def test_restart(restarted):
    account = restarted.account()
    put(account.client("cloudwatch"), Value=3, Timestamp=minute(1))
    restarted.restart()
    assert [p["Sum"] for p in stats(account.client("cloudwatch"))] == [3.0]


def test_points_grow_coarse_and_go(own_cloud):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention"""
    cw = own_cloud.account().client("cloudwatch")
    begin = int(time.time()) // 3600 * 3600 - 3600
    for offset, value in ((0, 1), (1, 2), (70, 4), (310, 8), (1900, 16)):
        put(cw, Value=value, Timestamp=datetime.fromtimestamp(begin + offset, UTC), StorageResolution=1)

    def points():
        window = {"start": datetime.fromtimestamp(begin, UTC), "end": datetime.fromtimestamp(begin + 3600, UTC)}
        found = stats(cw, ["Sum", "SampleCount"], period=60, **window)
        return [(int(p["Timestamp"].timestamp()) - begin, p["Sum"], p["SampleCount"]) for p in found]

    day = 86400
    own_cloud.advance(day + 4 * 3600)
    assert points() == [(0, 3.0, 2.0), (60, 4.0, 1.0), (300, 8.0, 1.0), (1860, 16.0, 1.0)]
    own_cloud.advance(15 * day)
    assert points() == [(0, 7.0, 3.0), (300, 8.0, 1.0), (1800, 16.0, 1.0)]
    own_cloud.advance(50 * day)
    assert points() == [(0, 31.0, 5.0)]
    own_cloud.advance(395 * day)
    assert points() == []
