"""The expression language: what is parsed can be written and parsed again; conditions and updates against Python.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import os
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import ValidationError
from fogbank.services.dynamodb import values as v
from fogbank.services.dynamodb.expressions import actions, compiled, updates
from fogbank.services.dynamodb.expressions.nodes import And, Between, Call, Compare, Not, Or, Ref, Within
from fogbank.services.dynamodb.expressions.parser import parse_condition, parse_projection
from fogbank.services.dynamodb.expressions.paths import Path, lookup, project

DEEP = bool(os.environ.get("FOGBANK_FUZZ"))
NAMES = ["a", "b", "Cc", "d_1", "#n", "#x_2"]
paths = st.builds(
    lambda head, rest: Path((head, *rest)),
    st.sampled_from(NAMES),
    st.lists(st.one_of(st.sampled_from(NAMES), st.integers(0, 30)), max_size=3),
)
refs = st.builds(Ref, st.sampled_from([":v", ":w", ":x1"]))
sizes = st.builds(lambda path: Call("size", (path,)), paths)
operands = st.one_of(paths, refs, sizes)
leaves = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), operands, operands),
    st.builds(Between, operands, operands, operands),
    st.builds(lambda x, choices: Within(x, tuple(choices)), operands, st.lists(operands, min_size=1, max_size=4)),
    st.builds(lambda name, path: Call(name, (path,)),
              st.sampled_from(["attribute_exists", "attribute_not_exists"]), paths),
    st.builds(lambda name, path, ref: Call(name, (path, ref)),
              st.sampled_from(["begins_with", "contains", "attribute_type"]), paths, refs),
)  # fmt: skip


def grouped(kind):
    """AND and OR as the parser builds them: flat, so a group holds no group of its own kind."""
    return lambda parts: kind(tuple(p for part in parts for p in (part.conditions if type(part) is kind else [part])))


conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(grouped(And), st.lists(inner, min_size=2, max_size=3)),
        st.builds(grouped(Or), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)


@given(conditions)
def test_conditions_survive_being_written(condition):
    assert parse_condition("ConditionExpression", condition.text()) == condition


@given(conditions, st.sampled_from([" ", "\n", "\t  "]))
def test_white_space_and_case_of_keywords_do_not_matter(condition, blank):
    text = condition.text().replace(" ", blank)
    for word in ("AND", "OR", "NOT", "BETWEEN", "IN"):
        text = text.replace(f"{blank}{word}{blank}", f"{blank}{word.lower()}{blank}")
    assert parse_condition("ConditionExpression", text) == condition


@given(st.lists(paths, min_size=1, max_size=5))
def test_projections_survive_being_written(wanted):
    assert list(parse_projection("ProjectionExpression", ", ".join(path.text() for path in wanted))) == wanted


sums = st.builds(actions.Sum, st.sampled_from(["+", "-"]), st.one_of(paths, refs), st.one_of(paths, refs))
functions = st.builds(
    lambda name, path, other: actions.Function(name, (path, other)),
    st.sampled_from(["if_not_exists", "list_append"]), paths, st.one_of(paths, refs),
)  # fmt: skip
sections = {
    "SET": st.builds(actions.Set, paths, st.one_of(paths, refs, sums, functions)),
    "REMOVE": st.builds(actions.Remove, paths),
    "ADD": st.builds(actions.Add, paths, refs),
    "DELETE": st.builds(actions.Delete, paths, refs),
}


@given(st.permutations(list(sections)).flatmap(lambda order: st.tuples(
    st.just(order), st.tuples(*(st.lists(sections[name], min_size=1, max_size=3) for name in order)),
    st.integers(1, 4))))  # fmt: skip
def test_updates_survive_being_written(made):
    order, lists, count = made
    text = " ".join(
        f"{name} {', '.join(action.text() for action in found)}"
        for name, found in list(zip(order, lists, strict=True))[:count]
    )
    assert list(updates.parse_update(text)) == [action for found in lists[:count] for action in found]


@given(st.text(st.sampled_from("ab#:v1 ()=<>,.[]+-ANDORNOTINBETWEENSETREMOVEADDDELETEsize_"), max_size=40))
@settings(max_examples=5000 if DEEP else 400)
def test_nonsense_is_refused_in_words(text):
    """Whatever is sent, it parses or is refused as AWS refuses: never an error of another kind."""
    for parse in (
        lambda: compiled.condition("FilterExpression", text, ()),
        lambda: compiled.projection(text, ()),
        lambda: updates.update(text, ()),
    ):
        try:
            parse()
        except ValidationError as problem:
            assert problem.message.startswith("Invalid ")


# -- meaning: items as Python knows them -------------------------------------------------------------------------------

numbers_ = st.integers(-5, 5).map(lambda n: {"N": str(n)})
strings = st.text("ab", max_size=3).map(lambda s: {"S": s})
scalars = st.one_of(numbers_, strings, st.binary(max_size=2).map(lambda b: {"B": b}), st.booleans().map(
    lambda b: {"BOOL": b}))  # fmt: skip
items = st.dictionaries(st.sampled_from("abcd"), scalars, max_size=4)


def plain(value):
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content


@given(items, scalars, scalars, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
def test_comparisons(item, left, right, operator):
    condition = compiled.condition("ConditionExpression", f"a {operator} :v", ()).root
    found = item.get("a")
    result = condition.test(item, {":v": right})
    if operator == "=":
        assert result == (found == right)
    elif operator == "<>":
        assert result == (found != right)
    elif found is None or v.kind_of(found) != v.kind_of(right) or "BOOL" in right:
        assert result is False
    else:
        mine, theirs = plain(found), plain(right)
        assert result == {"<": mine < theirs, "<=": mine <= theirs, ">": mine > theirs, ">=": mine >= theirs}[operator]


@given(items, scalars, scalars)
def test_not_between_is_neither_end(item, low, high):
    given_values = {":l": low, ":h": high}
    between = compiled.condition("FilterExpression", "a BETWEEN :l AND :h", ()).root
    spelled = compiled.condition("FilterExpression", "a >= :l AND a <= :h", ()).root
    assert between.test(item, given_values) == spelled.test(item, given_values)


documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(st.sampled_from("xyz"), inner, max_size=3).map(lambda fields: {"M": fields}),
    ),
    max_leaves=8,
)
document_items = st.dictionaries(st.sampled_from("abc"), documents, max_size=3)
places = st.builds(
    lambda head, rest: (head, *rest),
    st.sampled_from("abc"),
    st.lists(st.one_of(st.sampled_from("xyz"), st.integers(0, 3)), max_size=3),
)


@given(document_items, places)
def test_projection_of_one_path_is_found_at_its_place(item, place):
    found = lookup(place, item)
    shown = project([place], item)
    if found is None:
        assert shown == {}
    else:
        assert lookup(tuple(0 if isinstance(part, int) else part for part in place), shown) == found


@given(document_items, places, scalars)
def test_set_then_read_and_nothing_else_changes(item, place, value):
    before = v.size_of(item)
    try:
        after = actions.apply([actions.Set(Path(place), Ref(":v"))], item, {":v": value})
    except ValidationError as problem:
        assert problem.message == actions.INVALID_PATH
        assert len(place) > 1
    else:
        parent = lookup(place[:-1], item) if len(place) > 1 else {"M": item}
        if isinstance(place[-1], int) and place[-1] >= len(parent["L"]):
            assert lookup(place[:-1], after)["L"] == [*parent["L"], value]
        else:
            assert lookup(place, after) == value
        others = set(item) - {place[0]}
        assert {name: after[name] for name in others} == {name: item[name] for name in others}
    assert v.size_of(item) == before  # the old item is not touched


@given(document_items, places)
def test_remove_removes(item, place):
    try:
        after = actions.apply([actions.Remove(Path(place))], item, {})
    except ValidationError as problem:
        assert problem.message == actions.INVALID_PATH
        return
    found = lookup(place, item)
    if found is None:
        assert after == item
    elif isinstance(place[-1], int):
        at = place[-1]
        members = lookup(place[:-1], item)["L"]
        assert lookup(place[:-1], after)["L"] == members[:at] + members[at + 1 :]
    else:
        assert lookup(place, after) is None


@given(document_items)
def test_size_on_admission_is_the_size_later(item):
    assert v.admit_item(item) == v.size_of(item)
