"""core.paging: tokens come back as they were given out, and no other text is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.paging import decode, encode

SECRET = b"0123456789abcdef"
STATES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(STATES, st.text())
def test_round_trip(state: object, scope: str) -> None:
    assert decode(SECRET, scope, encode(SECRET, scope, state)) == state


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3), st.data())
def test_every_single_altered_character_is_noticed(state: list[str], data: st.DataObject) -> None:
    token = encode(SECRET, "a", state)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_=+/ é").filter(lambda char: char != token[at]))
    with pytest.raises(ValueError, match="token"):
        decode(SECRET, "a", token[:at] + other + token[at + 1 :])


@given(st.text())
def test_any_text_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="token"):
        decode(SECRET, "a", text)


def test_scope_and_secret_count() -> None:
    token = encode(SECRET, "ListQueues/1", [1])
    for secret, scope in ((SECRET, "ListQueues/2"), (b"another secret !", "ListQueues/1")):
        with pytest.raises(ValueError, match="token"):
            decode(secret, scope, token)


def test_tokens_fit_into_urls_and_headers() -> None:
    token = encode(SECRET, "a", {"key": "äöü" * 50, "n": 10**15})
    assert token.replace("-", "").replace("_", "").isalnum()
