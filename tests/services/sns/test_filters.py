"""Filter policies (https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html and its neighbours)."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.sns.errors import InvalidParameter
from fogbank.services.sns.filters import attributes_view, compile_policy


@pytest.mark.parametrize(
    ("policy", "message", "takes"),
    [
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": ["x"]}, {"a": "y"}, False),
        ({"a": ["x"]}, {}, False),
        ({"a": ["x"]}, {"a": ["z", "x"]}, True),
        ({"a": ["x"], "b": ["y"]}, {"a": "x"}, False),
        ({"a": [{"prefix": "mount"}]}, {"a": "mountain"}, True),
        ({"a": [{"suffix": "ball"}]}, {"a": "football"}, True),
        ({"a": [{"equals-ignore-case": "Tennis"}]}, {"a": "TENNIS"}, True),
        ({"a": [{"wildcard": "*ball"}]}, {"a": "baseball"}, True),
        ({"a": [{"anything-but": ["rugby", "tennis"]}]}, {"a": "rugby"}, False),
        ({"a": [{"anything-but": ["rugby", "tennis"]}]}, {"a": "chess"}, True),
        ({"a": [{"anything-but": ["rugby"]}]}, {}, False),
        ({"a": [{"anything-but": {"prefix": "order-"}}]}, {"a": "order-1"}, False),
        ({"a": [{"numeric": ["=", 301.5]}]}, {"a": 301.5}, True),
        ({"a": [{"numeric": [">", 0, "<=", 150]}]}, {"a": 150}, True),
        ({"a": [{"numeric": [">", 0, "<=", 150]}]}, {"a": 151}, False),
        ({"a": [{"numeric": ["=", 1]}]}, {"a": "1"}, False),
        ({"a": [{"exists": True}]}, {"a": "any"}, True),
        ({"a": [{"exists": False}]}, {"a": "any"}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.0.255"}, True),
        ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.1.1.0"}, False),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"c": "y"}, False),
    ],
)
def test_attributes(policy, message, takes):
    assert compile_policy(json.dumps(policy))(message) is takes


@pytest.mark.parametrize(
    ("policy", "message", "takes"),
    [
        ({"a": {"b": [{"prefix": "x"}]}}, {"a": {"b": "xy"}}, True),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "y"}, {"b": "x"}]}, True),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [True]}, {"a": 1}, False),
    ],
)
def test_bodies(policy, message, takes):
    assert compile_policy(json.dumps(policy), "MessageBody")(message) is takes


@pytest.mark.parametrize(
    "text",
    ["no", "[]", '{"a": "x"}', '{"a": []}', '{"a": [{"x": 1}]}', '{"a": [{"numeric": ["~", 1]}]}', '{"a": [["x"]]}',
     '{"a": {"b": ["x"]}}'],
)  # fmt: skip
def test_refused(text):
    with pytest.raises(InvalidParameter):
        compile_policy(text)


def test_string_arrays():
    view = attributes_view({"a": {"DataType": "String.Array", "StringValue": '["x", 2]'}, "n": {
        "DataType": "Number", "StringValue": "1.50"}})  # fmt: skip
    assert view == {"a": ["x", 2], "n": 1.5}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), json_values, max_size=3), json_values)
def test_nothing_else_is_raised(policy, message):
    for scope in ("MessageAttributes", "MessageBody"):
        with contextlib.suppress(InvalidParameter):
            compile_policy(json.dumps(policy), scope)(message if isinstance(message, dict) else {})


@given(st.text(min_size=1, max_size=8), st.text(max_size=8))
def test_anything_but_is_the_opposite(wanted, value):
    is_it = compile_policy(json.dumps({"a": [wanted]}))({"a": value})
    is_not = compile_policy(json.dumps({"a": [{"anything-but": [wanted]}]}))({"a": value})
    assert is_it != is_not
