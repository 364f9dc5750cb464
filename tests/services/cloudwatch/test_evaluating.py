"""The tables of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html:
`0` a point that does not breach, `X` one that does, `-` none; the newest last.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.cloudwatch.verdicts import evaluate

VALUES = {"0": 0.0, "X": 9.0, "-": None}
KEEP = ""


def verdict(line, treat, needed):
    settings = {
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": needed,
        "TreatMissingData": treat,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5.0,
    }
    values = [VALUES[mark] for mark in line.split()]
    return evaluate(settings, values, [60 * n for n in range(len(values))])


THREE_OF_THREE = [
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("- - - - 0", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", KEEP, "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", KEEP, "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", KEEP, "ALARM", "OK"),
]
CASES = [(3, *row) for row in THREE_OF_THREE] + [(2, *row) for row in TWO_OF_THREE]


@pytest.mark.parametrize(("needed", "line", "missing", "ignore", "breaching", "not_breaching"), CASES)
def test_tables(needed, line, missing, ignore, breaching, not_breaching):
    assert verdict(line, "missing", needed).state == missing
    assert verdict(line, "ignore", needed).state == ignore
    assert verdict(line, "breaching", needed).state == breaching
    assert verdict(line, "notBreaching", needed).state == not_breaching


def test_a_new_breach_does_not_alarm_too_early():
    assert verdict("- - - - X", "missing", 3).state == KEEP


def test_reasons():
    """The words of notifications that users published."""
    assert verdict("0 0 X 0 X", "missing", 2).reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (01/01/70 00:04:00), 9.0 (01/01/70 00:02:00)] were "
        "greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert verdict("- - - - -", "missing", 3).reason == "Insufficient Data: 3 datapoints were unknown."
    assert verdict("- - - - -", "breaching", 3).reason == (
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
        "[Breaching]."
    )


@given(
    st.lists(st.sampled_from("0X-"), min_size=5, max_size=5),
    st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
    st.integers(1, 3),
)
def test_enough_breaches_alarm_and_none_do_not(marks, treat, needed):
    state = verdict(" ".join(marks), treat, needed).state
    real = [mark for mark in reversed(marks) if mark != "-"][:3]
    if real.count("X") >= needed:
        assert state == "ALARM"
    if len(real) == 3 and real.count("X") < needed:
        assert state == "OK"
    if treat == "notBreaching" and real.count("X") < needed:
        assert state == "OK"
