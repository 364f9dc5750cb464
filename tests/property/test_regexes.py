"""User-written regular expressions: what matches as in `re`, and what hostile patterns cost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core import regexes

_PARTS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a|b)", "a*", "b+", "(ab)?", "a{2,3}", r"\d", r"\w", "(?:a)"])


@given(st.lists(_PARTS, max_size=6).map("".join), st.text("ab1_ ", max_size=8))
def test_it_matches_as_re_does(pattern: str, text: str) -> None:
    ours, theirs = regexes.compile(pattern), re.compile(pattern)
    assert ours.fullmatch(text) == bool(theirs.fullmatch(text))
    assert ours.search(text) == bool(theirs.search(text))
    assert ours.match(text) == bool(theirs.match(text))
    assert ours.sub("x", text) == theirs.sub("x", text) or theirs.match("")  # engines differ on empty matches


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"\p{Alpha}+", "abc", True),  # Java's classes
        (r"[\p{Digit}_]+", "1_2", True),
        (r"\P{Digit}+", "a1", False),
        (r"^(?=.*[A-Z])(?=.*\d).{8,}$", "Passw0rds", True),  # look-ahead, as parameters for passwords have it
        (r"^(?=.*[A-Z])(?=.*\d).{8,}$", "password1", False),
        (r"(a|b)\1", "aa", True),  # a back-reference
        (r"a{1,2000}", "aaa", True),  # more than RE2 repeats
        (r"(a+)+", "a" * 100_000 + "b", False),  # exponential where one backtracks
        (r"(.*a){20}x", "a" * 3000, False),
    ],
)
def test_what_java_knows(pattern: str, text: str, matches: bool) -> None:
    assert regexes.compile(pattern).fullmatch(text) is matches


def test_a_search_that_would_never_end_is_given_up() -> None:
    with pytest.raises(regexes.TooCostly):
        regexes.compile(r"(?=a)(a+)+$").match("a" * 5000 + "b")


@pytest.mark.parametrize("pattern", ["(", "[", "a**(?=b)(", "((a{1000}){1000}){1000}(?=b)", "(" * 6000])
def test_no_patterns(pattern: str) -> None:
    with pytest.raises((regexes.BadPattern, regexes.TooCostly)):
        regexes.compile(pattern)


def test_long_ones_are_refused() -> None:
    with pytest.raises(regexes.TooCostly):
        regexes.compile("a" * (regexes.MAX_PATTERN + 1))
    with pytest.raises(regexes.TooCostly):
        regexes.compile("a*").search("a" * (regexes.MAX_TEXT + 1))
