"""core.paging: tokens come back as they were given out, and no other text is taken for one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import ServiceError
from fogbank.core.paging import Pages, decode, encode

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


class Refused(ServiceError):
    code = "Refused"


def pages(operation: str = "ListThings", **more: Any) -> Pages:
    app = SimpleNamespace(secret=SECRET)
    ctx: Any = SimpleNamespace(app=app, account="1", region="r", service="s", operation=operation)
    return Pages(ctx, Refused, **more)


@given(st.lists(st.integers(0, 99), unique=True), st.integers(1, 5))
def test_pages_of_a_list_hold_everything_once(items: list[int], limit: int) -> None:
    ordered = sorted(items)
    for page in (
        lambda token: pages().by_key(ordered, token, limit, lambda item: item),
        lambda token: pages().by_position(ordered, token, limit),
    ):
        seen: list[int] = []
        token = None
        for _ in range(len(items) // limit + 1):
            shown, more = page(token)
            assert len(shown) <= limit
            seen += shown
            token = more.get("NextToken")
            if token is None:
                break
        assert (token, seen) == (None, ordered)


def test_a_page_by_key_goes_on_where_its_last_item_was() -> None:
    shown, more = pages().by_key(["a", "b", "c", "d"], None, 2, str)
    assert shown == ["a", "b"]
    assert pages().by_key(["aa", "c", "d"], more["NextToken"], 2, str) == (["c", "d"], {})


def test_a_token_of_another_list_is_refused_with_the_error_of_the_service() -> None:
    token = pages().seal(["a", 1])
    assert pages().after(token) == ("a", 1)
    assert pages().key(("1", "r"), pages().seal("a")) == ("1", "r", "a")
    assert pages(member="marker").more("a") == {"marker": pages().seal("a")}
    for other in (pages("ListOthers"), pages(scope="1/r/s")):
        with pytest.raises(Refused):
            other.after(token)


def test_an_empty_token_is_none_where_it_may_be_missing() -> None:
    for token in (None, ""):
        assert pages().after(token) is None
        assert pages().key(("1", "r"), token) is None
    with pytest.raises(Refused):
        pages().open("")
