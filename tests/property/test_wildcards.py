"""The matcher of `*` and `?`, beside a simple one, and what hostile patterns cost it."""

from __future__ import annotations

import time
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.auth.policy import patterns
from fogbank.core import wildcards
from fogbank.core.wildcards import Step

SECONDS = 30.0  # no more than a hang is caught: each of these takes milliseconds


def _simple(pattern: str, text: str) -> bool:
    """By the definition: a table of which beginnings of the pattern match which beginnings of the text."""
    row = [True] + [False] * len(text)
    for char in pattern:
        after = [row[0] and char == "*"]
        for at, letter in enumerate(text):
            after.append(row[at + 1] or after[at] if char == "*" else row[at] and char in ("?", letter))
        row = after
    return row[-1]


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=14))
def test_it_matches_as_a_simple_one_does(pattern: str, text: str) -> None:
    assert bool(wildcards.compile(pattern)(text)) is _simple(pattern, text)


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=14))
def test_so_does_the_walk_of_long_ones(pattern: str, text: str) -> None:
    with mock.patch.object(wildcards, "SHORT_PATTERN", 0):
        assert bool(wildcards.glob.__wrapped__(wildcards.split(pattern))(text)) is _simple(pattern, text)


@given(st.text("ab*?", max_size=12), st.text("ab?", max_size=14))
def test_a_question_mark_may_be_a_plain_character(pattern: str, text: str) -> None:
    assert bool(wildcards.compile(pattern, one=False)(text)) is _simple(
        pattern.replace("?", "Q"), text.replace("?", "Q")
    )


def _simple_walk(steps: list[str | Step], text: str) -> bool:
    here = {0}
    for step in steps:
        after: set[int] = set()
        for at in here:
            if isinstance(step, str):
                after |= {at + len(step)} if text.startswith(step, at) else set()
            elif step in (Step.ONE, Step.ONE_INSIDE):
                after |= {at + 1} if at < len(text) and (step is Step.ONE or text[at] != ":") else set()
            else:
                end = len(text) if step is Step.ACROSS or ":" not in text[at:] else text.index(":", at)
                after |= set(range(at, end + 1))
        here = after
    return len(text) in here


@given(st.lists(st.sampled_from(["a", "ab", ":", "b:", *Step]), max_size=9), st.text("ab:", max_size=14))
def test_a_walk_goes_where_a_simple_one_does(steps: list[str | Step], text: str) -> None:
    assert wildcards.walk(steps, text) is _simple_walk(steps, text)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*a" * 3000 + "*b", "a" * 100_000, False),
        ("a*" * 3000, "a" * 100_000, True),
        ("*" + "a" * 5000 + "b*" + "a" * 5000 + "*c", "a" * 100_000, False),
        ("*" + "a?" * 1000 + "b*c", "a" * 20_000, False),
        ("?*" * 2000, "a" * 20_000, True),
    ],
)
def test_hostile_patterns_end(pattern: str, text: str, matches: bool) -> None:
    begun = time.monotonic()
    assert bool(wildcards.compile(pattern)(text)) is matches
    assert time.monotonic() - begun < SECONDS


@pytest.mark.parametrize("tail", [":x", "*:x", "?:x*", ":*x"])
def test_hostile_arn_patterns_end(tail: str) -> None:
    begun = time.monotonic()
    matches = patterns.arn_glob(patterns.split("arn:*:" + "*a" * 3000 + tail))
    assert not matches("arn:aws:s3:::bucket/" + ":".join(["a" * 4000] * 2) + "y")
    assert time.monotonic() - begun < SECONDS
