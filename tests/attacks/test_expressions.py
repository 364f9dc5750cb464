"""Metric math and DynamoDB's expressions have a budget: what exceeds it ends in time, with the service's own error."""

from __future__ import annotations

import time

import pytest


def nested(name: str, inner: str, times: int) -> str:
    return f"{name}(" * times + inner + ")" * times


# -- CloudWatch -----------------------------------------------------------------------------------------------------


def _data(aws, queries, start=0, end=86400, **kw):
    cloudwatch = aws.client("cloudwatch")
    return cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end, **kw)


METRIC = {
    "Id": "m1",
    "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
    "ReturnData": False,
}


@pytest.fixture
def points(aws):
    """A metric m1 with two points, at 0 and 60 seconds of an hour."""
    cloudwatch = aws.client("cloudwatch")
    hour = int(time.time()) // 3600 * 3600 - 3600
    for at in (0, 60):
        cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 2, "Timestamp": hour + at}])
    return hour


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("m1 + 9^9^9^9", []),  # beyond a double: no data
        ("m1 * 9^9", [2.0 * 9**9] * 2),
        ("m1 * 2^3^2", [1024.0] * 2),
        ("m1" + " + 1" * 400, [402.0] * 2),
        ("m1" + "^1" * 900, [2.0] * 2),
        ("m1 * 0 + " + "-" * 50 + "1", [1.0] * 2),
        ("SUM([m1 * 1e308, m1 * 1e308])", []),
        ("CEIL(m1 * 1e308 * 10)", []),
        ("STDDEV([m1 * 1e200, m1])", []),
        ("FILL(m1 / 0, 1e308 * 10)", []),
        ("IF(m1 > 1 OR m1 < 0 AND m1 == 2, m1, 0)", [2.0, 2.0]),
    ],
)
def test_metric_math_is_of_doubles(aws, attack, points, expression, values):
    found = attack.answered(
        _data, aws=aws, queries=[METRIC, {"Id": "e1", "Expression": expression}], start=points, end=points + 120
    )
    assert found["MetricDataResults"][0]["Values"] == values


@pytest.mark.parametrize(
    "expression",
    [
        "m1 + " + "(" * 500 + "1" + ")" * 500,
        "m1 + " + nested("ABS", "1", 400),
        "m1 * " + "-" * 1500 + "1",
        "[" * 500 + "m1" + "]" * 500,
        "FILL(m1, 0)",  # of a range of fifty years, in seconds
        "TIME_SERIES(1)",
        "SLICE([m1], 1/0)",
        "SLICE([m1], m1)",
        "SORT([m1], SUM, ASC, 'x')",
        "IF('x', 1, 2)",
        "METRICS(m1)",
    ],
)
def test_metric_math_beyond_its_budget_is_refused(aws, attack, points, expression):
    query = {"Id": "e1", "Expression": expression, "Period": 1}
    text = attack.refused("ValidationError", _data, aws=aws, queries=[METRIC, query], end=1_600_000_000)
    assert text.startswith("Error in expression 'e1'")


def test_expressions_that_double_and_long_chains(aws, attack, points):
    doubling = [{"Id": "e0", "Expression": "[" + ", ".join(["m1"] * 300) + "]", "ReturnData": False}] + [
        {"Id": f"e{n}", "Expression": f"[e{n - 1}, e{n - 1}]", "ReturnData": n == 30} for n in range(1, 31)
    ]
    attack.refused("ValidationError", _data, aws=aws, queries=[METRIC, *doubling], start=points, end=points + 120)
    chain = [{"Id": f"e{n}", "Expression": f"e{n - 1} + 1", "ReturnData": n == 400} for n in range(1, 401)]
    chain.insert(0, {"Id": "e0", "Expression": "m1", "ReturnData": False})
    found = attack.answered(_data, aws=aws, queries=[METRIC, *chain], start=points, end=points + 120)
    assert found["MetricDataResults"][0]["Values"] == [402.0, 402.0]
    circle = [{"Id": f"e{n}", "Expression": f"e{(n + 1) % 400} + m1"} for n in range(400)]
    assert "circular reference" in attack.refused("ValidationError", _data, aws=aws, queries=[METRIC, *circle])


def test_statistics_and_documents_of_cloudwatch(aws, attack):
    cloudwatch = aws.client("cloudwatch")
    bad = {"Id": "m1", "MetricStat": {**METRIC["MetricStat"], "Stat": "TM(1.2.3:4)"}}
    attack.refused("InvalidParameterValue", _data, aws=aws, queries=[bad])
    attack.refused(
        "InvalidParameterInput",
        cloudwatch.put_dashboard,
        DashboardName="d",
        DashboardBody='{"a":' * 5000 + "1" + "}" * 5000,
    )
    rule = " AND ".join(["TRUE"] * 1100)
    attack.answered(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule=rule)
    attack.refused("ValidationError", cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="(" * 500 + "TRUE")
    attack.refused("ValidationError", cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="NOT " * 500 + "TRUE")
    attack.refused(
        "InvalidFormat", cloudwatch.set_alarm_state, AlarmName="c", StateValue="OK", StateReason="r",
        StateReasonData="[" * 1990 + "]" * 1990,
    )  # fmt: skip


# -- DynamoDB -------------------------------------------------------------------------------------------------------


@pytest.fixture
def table(aws):
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="tbl", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    return dynamodb


KEY = {"k": {"S": "1"}}


@pytest.mark.parametrize(
    "expression",
    [
        nested("size", "a", 680),
        nested("size", "a", 299) + " > :v",
        nested("contains", "a", 280) + " AND a = :v",
        "(" * 2000 + "a = :v" + ")" * 2000,
        "(" * 119 + "a = :v" + ")" * 119 + " OR a = :v",
        "NOT " * 1000 + "a = :v",
        "a = :v" + " OR a = :v" * 350,
        "a[" * 1300,
        "a" * 5000 + " = :v",
        "a IN (" + ", ".join([":v"] * 101) + ")",
    ],
)
def test_conditions_beyond_their_limits(table, attack, expression):
    attack.refused(
        "ValidationException", table.put_item, TableName="tbl", Item=KEY, ConditionExpression=expression,
        ExpressionAttributeValues={":v": {"S": "x"}},
    )  # fmt: skip


def test_conditions_within_their_limits(table, attack):
    deep = "(" * 100 + "a = :v" + "".join(f" OR b{level} = :v)" for level in range(100))
    table.put_item(TableName="tbl", Item={**KEY, "a": {"S": "x"}})
    for expression in ("NOT " * 298 + "a = :v", deep, "a = :v" + " OR a = :v" * 149):
        attack.answered(
            table.put_item, TableName="tbl", Item={**KEY, "a": {"S": "x"}}, ConditionExpression=expression,
            ExpressionAttributeValues={":v": {"S": "x"}},
        )  # fmt: skip


@pytest.mark.parametrize(
    "expression",
    [
        "SET a = " + "list_append(" * 230 + "a" + ", :l)" * 230,
        "SET a = " + "if_not_exists(a, " * 230 + ":l",
        "SET a = " + "(" * 299 + ":l" + ")" * 299 + " + :l",
        "REMOVE " + "[" * 2000,
    ],
)
def test_updates_beyond_their_limits(table, attack, expression):
    attack.refused(
        "ValidationException", table.update_item, TableName="tbl", Key=KEY, UpdateExpression=expression,
        ExpressionAttributeValues={":l": {"L": [{"S": "x"}]}},
    )  # fmt: skip


def test_lists_that_double_are_refused(table, attack):
    text = attack.refused(
        "ValidationException", table.update_item, TableName="tbl", Key=KEY,
        UpdateExpression="SET a = " + "list_append(" * 230 + ":l" + ", :l)" * 230,
        ExpressionAttributeValues={":l": {"L": [{"NULL": True}] * 100_000}},
    )  # fmt: skip
    assert text == "Item size to update has exceeded the maximum allowed size"


def test_many_paths_are_compared_in_time(table, attack):
    names = [f"q{n:03d}" for n in range(800)]
    attack.answered(table.update_item, TableName="tbl", Key=KEY, UpdateExpression="REMOVE " + ",".join(names))
    attack.answered(table.get_item, TableName="tbl", Key=KEY, ProjectionExpression=",".join(names))
    attack.refused(
        "ValidationException",
        table.get_item,
        TableName="tbl",
        Key=KEY,
        ProjectionExpression=",".join([*names, "q001.b"]),
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1" * 500_000, "Number overflow"),
        ("0." + "1" * 500_000, "more than 38 significant digits"),
        ("0" * 500_000 + "x", "cannot be converted"),
        ("1e" + "9" * 500_000, "cannot be converted"),
        ("1e999999999999", "Number overflow"),
        ("1e-999999999999", "Number underflow"),
    ],
)
def test_long_numbers(table, attack, number, text):
    assert text in attack.refused(
        "ValidationException", table.put_item, TableName="tbl", Item={**KEY, "n": {"N": number}}
    )


def test_a_number_of_many_zeros_is_one(table, attack):
    attack.answered(table.put_item, TableName="tbl", Item={**KEY, "n": {"N": "0" * 300_000 + "1." + "0" * 300_000}})
    assert table.get_item(TableName="tbl", Key=KEY)["Item"]["n"] == {"N": "1"}


def test_deep_items(table, attack):
    for levels, code in ((32, "ValidationException"), (100, "SerializationException")):
        value = {"S": "x"}
        for _ in range(levels):
            value = {"M": {"m": value}}
        attack.refused(code, table.put_item, TableName="tbl", Item={**KEY, "a": value})
