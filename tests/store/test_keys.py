"""The encoding of keys: it comes back, and its bytes sort as the tuples do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.store.keys import BEYOND, SEPARATOR, ceiling, decode, encode, entries

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text("\x00\x01a\xff", max_size=5)
BYTES = st.binary(max_size=6) | st.lists(st.sampled_from([0, 1, 255, 97]), max_size=5).map(bytes)
INTS = (
    st.integers()
    | st.integers(-300, 300)
    | st.integers(0, 80).map(lambda n: 2**n)
    | st.integers(0, 80).map(lambda n: -(2**n))
    | st.integers(2**600, 2**700)
    | st.integers(-(2**700), -(2**600))
)
PARTS = st.none() | st.booleans() | INTS | BYTES | TEXT
KEYS = st.lists(PARTS, max_size=4).map(tuple)


def ordinal(key: tuple[Any, ...]) -> list[tuple[int, Any]]:
    """None < bool < int < bytes < str; each by its value, text by its UTF-8 bytes."""
    ranks = {type(None): 0, bool: 1, int: 2, bytes: 3, str: 4}
    return [(ranks[type(p)], 0 if p is None else p.encode() if isinstance(p, str) else p) for p in key]


@given(KEYS)
def test_round_trip(key: tuple[Any, ...]) -> None:
    back = decode(encode(key))
    assert back == key
    assert [type(part) for part in back] == [type(part) for part in key]


@given(KEYS, KEYS)
def test_order(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert (encode(one) < encode(other)) == (ordinal(one) < ordinal(other))
    assert (encode(one) == encode(other)) == (ordinal(one) == ordinal(other))


@given(KEYS, KEYS)
def test_prefixes_are_ranges(prefix: tuple[Any, ...], key: tuple[Any, ...]) -> None:
    low = encode(prefix)
    assert (low <= encode(key) < low + BEYOND) == (ordinal(key)[: len(prefix)] == ordinal(prefix))


@given(KEYS, KEYS, KEYS, KEYS)
def test_index_rows_sort_by_entry_then_key(e1: Any, k1: Any, e2: Any, k2: Any) -> None:
    one, other = encode(e1) + SEPARATOR + encode(k1), encode(e2) + SEPARATOR + encode(k2)
    assert (one < other) == ((ordinal(e1), ordinal(k1)) < (ordinal(e2), ordinal(k2)))


@given(st.binary(min_size=1, max_size=5), st.binary(max_size=4))
def test_ceiling(prefix: bytes, rest: bytes) -> None:
    assert prefix + rest < ceiling(prefix)


@given(st.binary(max_size=20))
def test_decoding_rubbish_is_an_error_or_a_key(raw: bytes) -> None:
    try:
        key = decode(raw)
    except ValueError:
        return
    assert decode(encode(key)) == key


@pytest.mark.parametrize("bad", [(1.5,), ([1],), (("a",),), (object(),)])
def test_other_types_are_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="cannot be part of a key"):
        encode(bad)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encode(("\ud800",))


def test_index_functions_may_return_one_entry_several_or_none() -> None:
    assert entries(None) == []
    assert entries(("a", 1)) == [("a", 1)]
    assert entries(()) == [()]
    assert entries([("a",), ("b",)]) == [("a",), ("b",)]
    assert entries((("a",), ("b",))) == [("a",), ("b",)]
    assert entries([]) == []
