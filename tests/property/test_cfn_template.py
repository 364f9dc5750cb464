"""CloudFormation's template language, by properties."""

import asyncio
import contextlib
import ipaddress
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.services.cloudformation.engine.compare import changed, normal
from fogbank.services.cloudformation.engine.schedule import reversed_graph, run_graph
from fogbank.services.cloudformation.template import graph
from fogbank.services.cloudformation.template.errors import TemplateError
from fogbank.services.cloudformation.template.functions import evaluate
from fogbank.services.cloudformation.template.parse import parse
from fogbank.services.cloudformation.template.scope import Scope

KEYS = st.text(st.characters(min_codepoint=48, max_codepoint=122, categories=("L", "N")), min_size=1, max_size=8)
TEXTS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=12)
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(10**9), 10**9))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
PLAIN = VALUES.filter(lambda value: not _has_function(value))


def _has_function(value):
    if isinstance(value, dict):
        return bool({"Ref", "Condition"} & set(value)) or any(_has_function(item) for item in value.values())
    return isinstance(value, list) and any(_has_function(item) for item in value)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_json_comes_back(document):
    assert parse(json.dumps(document)) == document


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_json_written_as_flow_yaml_means_the_same(document):
    """A comment in front makes it YAML, of which JSON is a part (but for escaped surrogates)."""
    text = json.dumps(document, ensure_ascii=False)
    assert parse(f"# yaml\n{text}") == document


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text):
    with contextlib.suppress(TemplateError):
        assert isinstance(parse(text), dict)


@given(st.text(alphabet="{}[]!&*:-?|>'\"# \n\tabR", max_size=60))
def test_any_punctuation_is_parsed_or_refused(text):
    with contextlib.suppress(TemplateError):
        assert isinstance(parse(text), dict)


@given(PLAIN)
def test_plain_data_is_its_own_value(value):
    assert evaluate(value, Scope()) == value


@given(st.lists(st.text(alphabet="abc", max_size=4), min_size=1, max_size=6))
def test_split_undoes_join(parts):
    joined = {"Fn::Join": ["|", parts]}
    assert evaluate({"Fn::Split": ["|", joined]}, Scope()) == parts
    assert evaluate({"Fn::Select": [len(parts) - 1, {"Fn::Split": ["|", joined]}]}, Scope()) == parts[-1]


@given(KEYS, TEXTS.filter(lambda text: "$" not in text and "{" not in text), TEXTS)
def test_sub_is_replacement(name, around, value):
    done = evaluate({"Fn::Sub": [around + "${" + name + "}" + around, {name: value}]}, Scope())
    assert done == around + value + around


@given(st.integers(0, 2**32 - 1), st.integers(8, 28), st.integers(1, 8), st.integers(1, 10))
def test_cidr_blocks_lie_apart_inside(address, prefix, bits, count):
    network = ipaddress.ip_network((address, prefix), strict=False)
    try:
        blocks = evaluate({"Fn::Cidr": [str(network), count, bits]}, Scope())
    except TemplateError:
        assert bits > 32 - prefix or count > 1 << (32 - bits - prefix)
        return
    networks = [ipaddress.ip_network(block) for block in blocks]
    assert len(networks) == count and all(n.subnet_of(network) and n.prefixlen == 32 - bits for n in networks)
    assert not any(a.overlaps(b) for i, a in enumerate(networks) for b in networks[:i])


@st.composite
def graphs(draw, acyclic=False):
    names = [f"N{n}" for n in range(draw(st.integers(1, 8)))]
    edges = {}
    for position, name in enumerate(names):
        others = names[:position] if acyclic else names
        edges[name] = set(draw(st.lists(st.sampled_from(others), max_size=3))) if others else set()
    return edges


def _reaches(edges, start):
    seen, todo = set(), list(edges[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(edges[name])
    return seen


@given(graphs())
def test_order_respects_needs_or_names_a_circle(edges):
    on_circle = {name for name in edges if name in _reaches(edges, name)}
    if on_circle:
        with pytest.raises(TemplateError) as caught:
            graph.order(edges)
        listed = set(caught.value.message.partition("[")[2].rstrip("]").split(", "))
        assert on_circle <= listed <= {n for n in edges if n in on_circle or _reaches(edges, n) & on_circle}
        return
    order = graph.order(edges)
    assert sorted(order) == sorted(edges)
    assert all(order.index(need) < order.index(name) for name, needs in edges.items() for need in needs)


@settings(max_examples=60, deadline=None)
@given(graphs(acyclic=True), st.sets(st.sampled_from([f"N{n}" for n in range(8)]), max_size=2), st.integers(1, 4))
def test_steps_run_once_after_what_they_need_and_not_after_a_failure(edges, failing, width):
    done, began = [], []

    async def step(name):
        began.append(name)
        assert all(need in done for need in edges[name])
        await asyncio.sleep(0)
        if name in failing:
            return False
        done.append(name)
        return True

    def stopped():
        return False

    asyncio.run(run_graph(edges, step, stopped, width))
    assert len(began) == len(set(began))
    blocked = {name for name in edges if name in failing or _reaches(edges, name) & failing}
    assert set(done) == set(edges) - blocked


@given(graphs(acyclic=True))
def test_deletion_is_creation_backwards(edges):
    back = reversed_graph(edges)
    assert {(a, b) for a, needs in edges.items() for b in needs} == {(a, b) for b, users in back.items() for a in users}


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_changed_properties(old, new):
    names = changed(old, new)
    assert changed(old, old) == []
    assert set(names) == {n for n in {*old, *new} if (n in old) != (n in new) or normal(old[n]) != normal(new[n])}
