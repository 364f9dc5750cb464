"""Subscription filter policies.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fogbank.core import documents, wildcards

from .errors import InvalidParameter

Test = Callable[[Any], bool]
MAX_BYTES = 256 * 1024
MAX_KEYS = 5  # top-level keys; nested ones are not counted
MAX_COMBINATIONS = 150
MAX_TESTS = 20_000  # tests per key and message; further members of a list are ignored
_ABSENT = object()


def _bad(reason: str) -> InvalidParameter:
    return InvalidParameter(f"FilterPolicy: {reason}")


def read_policy(text: str) -> dict[str, Any]:
    """Parse a policy into a JSON object. Raises InvalidParameter."""
    if len(text.encode()) > MAX_BYTES:
        raise _bad("Filter policy is too large")
    try:
        policy = documents.read(text)
    except documents.BadDocument:
        raise _bad("failed to parse JSON.") from None
    if not isinstance(policy, dict):
        raise _bad("Filter policy must be a JSON object")
    return policy


@lru_cache(maxsize=256)
def compile_policy(text: str, scope: str = "MessageAttributes") -> Callable[[dict[str, Any]], bool]:
    """Compile a policy into a function that returns whether it accepts a message.

    The function takes the attributes as {name: value or list of values}, or the parsed body. Raises InvalidParameter.
    """
    policy = read_policy(text)
    if len(policy) > MAX_KEYS:
        raise _bad(f"Filter policy can not have more than {MAX_KEYS} keys")
    if _combinations(policy, 1) > MAX_COMBINATIONS:
        raise _bad("Filter policy is too complex")
    return _object(policy, scope == "MessageBody")


def _combinations(policy: dict[str, Any], level: int) -> int:
    """The product of the numbers of values, each times its key's nesting level. An `$or` counts as a sum."""
    product = 1
    for name, value in policy.items():
        if name == "$or" and _alternatives(value):
            product *= sum(_combinations(branch, level) for branch in value)
        elif isinstance(value, dict):
            product *= _combinations(value, level + 1)
        elif isinstance(value, list):
            product *= max(len(value), 1) * level
    return product


def _alternatives(rule: Any) -> bool:
    return isinstance(rule, list) and len(rule) > 1 and all(isinstance(branch, dict) for branch in rule)


def _object(policy: dict[str, Any], nested: bool) -> Callable[[Any], bool]:
    tests: list[Callable[[Any], bool]] = []
    for name, rule in policy.items():
        if name == "$or" and _alternatives(rule):
            branches = [_object(branch, nested) for branch in rule]
            tests.append(lambda message, branches=branches: any(branch(message) for branch in branches))  # type: ignore[misc]
        elif isinstance(rule, dict) and nested:
            tests.append(_inside(name, _object(rule, nested)))
        elif isinstance(rule, list):
            tests.append(_field(name, rule))
        else:
            raise _bad(f'"{name}" must be an object or an array')
    return lambda message: isinstance(message, dict) and all(test(message) for test in tests)


def _inside(name: str, test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def look(message: dict[str, Any]) -> bool:
        value = message.get(name)
        return any(test(item) for item in value) if isinstance(value, list) else test(value or {})

    return look


def _field(name: str, rule: list[Any]) -> Callable[[Any], bool]:
    if not rule:
        raise _bad("Empty arrays are not allowed")
    tests = _conditions(rule)
    most = max(MAX_TESTS // sum(map(_cost, rule)), 1)

    def look(message: dict[str, Any]) -> bool:
        value = message.get(name, _ABSENT)
        values = value[:most] or [_ABSENT] if isinstance(value, list) else [value]
        return any(test(item) for item in values for test in tests)

    return look


def _conditions(rule: list[Any]) -> list[Test]:
    """One test for all values to compare for equality, and one for each operator."""
    if any(isinstance(item, list) for item in rule):
        raise _bad("Match value must be String, number, true, false, or null")
    wanted = frozenset(_kept_apart(item) for item in rule if not isinstance(item, dict))
    tests = [_operator(item) for item in rule if isinstance(item, dict)]
    return [*([_among(wanted)] if wanted else []), *tests]


def _cost(item: Any) -> int:
    """How many tests a value takes: `anything-but` may have a list of prefixes, suffixes or wildcards."""
    inner = item.get("anything-but") if isinstance(item, dict) else None
    lists = [given for given in inner.values() if isinstance(given, list)] if isinstance(inner, dict) else []
    return max(sum(map(len, lists)), 1)


def _among(wanted: frozenset[Any]) -> Test:
    return lambda value: not isinstance(value, dict | list) and _kept_apart(value) in wanted


def _kept_apart(value: Any) -> tuple[bool, Any]:
    """Make True differ from 1, which are equal in Python."""
    return isinstance(value, bool), value


def _operator(item: dict[str, Any]) -> Test:
    if len(item) != 1:
        raise _bad("Only one key allowed in match expression")
    ((word, operand),) = item.items()
    make = _OPERATORS.get(word)
    if make is None:
        raise _bad(f"Unrecognized match type {word}")
    return make(operand)


def _text(operand: Any, word: str) -> str:
    if not isinstance(operand, str) or not operand:
        raise _bad(f"{word} match pattern must be a string")
    return operand


def _prefix(operand: Any) -> Test:
    text = _text(operand, "prefix")
    return lambda value: isinstance(value, str) and value.startswith(text)


def _suffix(operand: Any) -> Test:
    text = _text(operand, "suffix")
    return lambda value: isinstance(value, str) and value.endswith(text)


def _ignoring_case(operand: Any) -> Test:
    text = _text(operand, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == text


def _wildcard(operand: Any) -> Test:
    text = _text(operand, "wildcard")
    if "**" in text:
        raise _bad("Consecutive wildcard characters are not allowed")
    matches = wildcards.compile(text, one=False)
    return lambda value: isinstance(value, str) and bool(matches(value))


def _exists(operand: Any) -> Test:
    if not isinstance(operand, bool):
        raise _bad("exists match pattern must be either true or false.")
    return lambda value: (value is not _ABSENT) == operand


def _cidr(operand: Any) -> Test:
    try:
        network = ipaddress.ip_network(_text(operand, "cidr"), strict=False)
    except ValueError:
        raise _bad("Malformed CIDR") from None

    def inside(value: Any) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return inside


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        inner = [_operator({word: text}) for word, given in operand.items()
                 for text in (given if isinstance(given, list) else [given])]  # fmt: skip
    else:
        options = operand if isinstance(operand, list) else [operand]
        if not options:
            raise _bad("anything-but list must not be empty")
        inner = _conditions(options)
    return lambda value: value is not _ABSENT and not any(test(value) for test in inner)


def _numeric(operand: Any) -> Test:
    compare: dict[str, Callable[[float, float], bool]] = {
        "=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }  # fmt: skip
    pairs = list(zip(operand[::2], operand[1::2], strict=False)) if isinstance(operand, list) else []
    if not pairs or len(operand) % 2 or len(pairs) > 2:
        raise _bad("Value of numeric must be an array of operators and numbers")
    for operator, number in pairs:
        if operator not in compare or isinstance(number, bool) or not isinstance(number, int | float):
            raise _bad(f"Unrecognized numeric range operator: {operator}")
        if not -1e9 <= number <= 1e9:
            raise _bad("Value of numeric must be between -1.0E9 and +1.0E9, inclusive")

    def test(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return all(compare[operator](value, number) for operator, number in pairs)

    return test


_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "exists": _exists,
    "cidr": _cidr,
    "anything-but": _anything_but,
    "numeric": _numeric,
}


def attributes_view(attributes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Message attributes in the form that filters test: text, numbers, lists of a String.Array. Omits Binary."""
    view: dict[str, Any] = {}
    for name, value in attributes.items():
        kind, text = value["DataType"], value.get("StringValue") or ""
        if kind == "String.Array":
            try:
                parsed = documents.read(text)
            except documents.BadDocument:
                parsed = text
            view[name] = parsed
        elif kind.startswith("Number"):
            view[name] = float(text)
        elif not kind.startswith("Binary"):
            view[name] = text
    return view
