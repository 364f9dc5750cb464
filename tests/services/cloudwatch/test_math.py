"""Metric math (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html) and statistics
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html), without a server.
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import ServiceError
from fogbank.services.cloudwatch.expressions import Parser
from fogbank.services.cloudwatch.functions import Budget, Evaluator
from fogbank.services.cloudwatch.points import merged, point_of
from fogbank.services.cloudwatch.rules import children, holds, parse
from fogbank.services.cloudwatch.statistics import combine, statistic

GRID = [0, 60, 120, 180]
LINES = {
    "m1": {0: 1.0, 60: 2.0, 120: 3.0, 180: 4.0},
    "m2": {0: 10.0, 120: 30.0},
    "zero": {0: 0.0, 60: 0.0},
}


def value(text):
    evaluator = Evaluator(
        lambda name: LINES[name], lambda part: [v for k, v in LINES.items() if part in k], GRID, 60, Budget(10_000)
    )
    return evaluator.value(Parser(text).parse())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m1 + 1", {0: 2.0, 60: 3.0, 120: 4.0, 180: 5.0}),
        ("m1 + m2", {0: 11.0, 120: 33.0}),
        ("100 * (m1 / m2)", {0: 10.0, 120: 10.0}),
        ("m1 / zero", {}),
        ("-m1 ^ 2", {0: -1.0, 60: -4.0, 120: -9.0, 180: -16.0}),
        ("2 + 3 * 4", 14.0),
        ("SUM([m1, m2])", {0: 11.0, 60: 2.0, 120: 33.0, 180: 4.0}),
        ("SUM(METRICS('m'))", {0: 11.0, 60: 2.0, 120: 33.0, 180: 4.0}),
        ("MAX(m1)", 4.0),
        ("AVG(m1)", 2.5),
        ("MIN([m1, m2])", {0: 1.0, 60: 2.0, 120: 3.0, 180: 4.0}),
        ("FILL(m2, 0)", {0: 10.0, 60: 0.0, 120: 30.0, 180: 0.0}),
        ("FILL(m2, REPEAT)", {0: 10.0, 60: 10.0, 120: 30.0, 180: 30.0}),
        ("FILL(m2, LINEAR)", {0: 10.0, 60: 20.0, 120: 30.0}),
        ("IF(m1 > 2, m1)", {120: 3.0, 180: 4.0}),
        ("IF(m1 > 2 AND m1 < 4, 1, 0)", {0: 0.0, 60: 0.0, 120: 1.0, 180: 0.0}),
        ("RATE(m2)", {120: pytest.approx(20 / 120)}),
        ("DIFF(m1)", {60: 1.0, 120: 1.0, 180: 1.0}),
        ("RUNNING_SUM(m1)", {0: 1.0, 60: 3.0, 120: 6.0, 180: 10.0}),
        ("PERIOD(m1)", 60.0),
        ("TIME_SERIES(7)", dict.fromkeys(GRID, 7.0)),
        ("FIRST([m2, m1])", LINES["m2"]),
        ("SLICE(SORT(METRICS('m'), MAX, DESC), 0)", [LINES["m2"]]),
        ("MINUTE(m1)", {0: 0.0, 60: 1.0, 120: 2.0, 180: 3.0}),
        ("CEIL(m1 / 2)", {0: 1.0, 60: 1.0, 120: 2.0, 180: 2.0}),
    ],
)
def test_math(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize("text", ["", "m1 +", "(m1", "SUM(m1", "m1 m2", "NOSUCH(m1)", "$", "[1, 2]", "FILL(m1)"])
def test_refused(text):
    with pytest.raises(ServiceError):
        value(text)


@given(st.text(alphabet="m12+-*/^()[],. <>=&|ANDORSUMIF'\"", max_size=40))
def test_only_service_errors_come_of_any_text(text):
    with contextlib.suppress(ServiceError, KeyError):
        value(text)


def summary(*values):
    return combine([point_of([(v, 1.0) for v in values], 0, "None")])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p0", 1.0),
        ("p50", 3.0),
        ("p100", 100.0),
        ("p99.9", pytest.approx(99.616)),
        ("TM(0%:80%)", 2.5),
        ("tm80", 2.5),
        ("TC(2:4)", 2.0),
        ("TS(2:4)", 7.0),
        ("PR(:3)", 60.0),
        ("WM(:10)", 4.0),
        ("wm80", 2.8),
        ("SampleCount", 5.0),
        ("Average", 22.0),
    ],
)
def test_statistics(name, expected):
    assert statistic(name)(summary(1.0, 2.0, 3.0, 4.0, 100.0)) == expected


@pytest.mark.parametrize("name", ["p101", "median", "TM(:)", "", "average"])
def test_unknown_statistics(name):
    with pytest.raises(ServiceError):
        statistic(name)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_merging_is_as_if_sent_together(one, other):
    apart = combine(
        [merged(point_of([(v, 1.0) for v in one], 0, "None"), point_of([(v, 1.0) for v in other], 0, "None"))]
    )
    together = summary(*one, *other)
    assert apart.samples == together.samples
    assert (apart.min, apart.max, apart.values) == (together.min, together.max, together.values)
    assert apart.sum == pytest.approx(together.sum, abs=1e-3)


def test_rules():
    here = "arn:aws:cloudwatch:us-east-1:1:alarm:"
    rule = parse(f'(ALARM("a b") OR NOT OK(c)) AND NOT INSUFFICIENT_DATA({here}d)', here)
    assert children(rule) == {"a b", "c", "d"}
    assert holds(rule, {"a b": "ALARM", "c": "OK", "d": "OK"}.get)
    assert not holds(rule, {"a b": "OK", "c": "OK", "d": "OK"}.get)
    assert not holds(rule, {"a b": "ALARM", "c": "OK", "d": "INSUFFICIENT_DATA"}.get)
    assert holds(parse("TRUE", here), {}.get)
    for bad in ("", "ALARM()", "ALARM(a) AND", "(ALARM(a)", "ALARM(a) ALARM(b)", "MAYBE(a)"):
        with pytest.raises(ServiceError):
            parse(bad, here)
