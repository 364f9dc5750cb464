"""JSON inside requests: what it is read as, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core import documents

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    assert documents.read(json.dumps(value)) == value
    assert documents.read(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN", "[Infinity]", "1e999", "1" * 5000, r'"\ud800"', "\ud800", b"\xff", "[" * 101 + "]" * 101,
     "[" * 100_000, "[" * 1_000_000 + "]" * 1_000_000, '{"a":' * 50_000 + "1" + "}" * 50_000],
)  # fmt: skip
def test_what_is_none_is_one_error(text: str | bytes) -> None:
    with pytest.raises(documents.BadDocument):
        documents.read(text)


@pytest.mark.parametrize("text", ["[" * 100 + "]" * 100, "[" + "[]," * 1000 + "{}]", '"' + "[" * 1000 + '"'])
def test_levels_are_counted_not_brackets(text: str) -> None:
    assert documents.read(text) == json.loads(text)


def test_an_object_is_asked_for() -> None:
    assert documents.read_object('{"a": 1}') == {"a": 1}
    with pytest.raises(documents.BadDocument):
        documents.read_object("[]")
