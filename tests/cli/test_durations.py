"""Durations and instants as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cli import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("14d", 1209600), ("3h", 10800), ("90s", 90), ("1d12h", 129600), ("1d 12h", 129600), ("2w", 1209600),
     ("0.5h", 1800), ("90", 90), ("10M", 600)],
)  # fmt: skip
def test_durations(text, seconds):
    assert durations.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "3 fortnights", "-3d", "3d!", "d3"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is no duration: write 14d"):
        durations.seconds(text)


@pytest.mark.parametrize(
    ("text", "epoch"),
    [("1970-01-02", 86400), ("1970-01-01T01:00:00Z", 3600), ("1970-01-01T01:00:00+01:00", 0), ("12.5", 12.5)],
)
def test_instants(text, epoch):
    assert durations.instant(text) == epoch


@pytest.mark.parametrize("text", ["tomorrow", "2027-13-01", ""])
def test_what_is_no_instant(text):
    with pytest.raises(ValueError, match="is no date"):
        durations.instant(text)


@given(st.integers(0, 10**9))
def test_what_is_shown_can_be_typed(span):
    assert durations.seconds(durations.shown(span)) == span


def test_backwards_is_shown_with_a_sign():
    assert durations.shown(-3661) == "-1h 1m 1s"
