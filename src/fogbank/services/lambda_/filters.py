"""Event filtering: decides which records of a source reach the function. Pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


def passes(patterns: list[str], record: dict[str, Any]) -> bool:
    """Returns whether a record matches any of the patterns (JSON text), or there are no patterns."""
    return not patterns or any(matches(msgspec.json.decode(pattern), record) for pattern in patterns)


def matches(pattern: Any, value: Any) -> bool:
    """Returns whether every key of a pattern matches.

    A list in a pattern holds alternative values, `$or` holds alternative patterns.
    """
    if not isinstance(pattern, dict):
        return False
    for key, wanted in pattern.items():
        if key == "$or" and isinstance(wanted, list):
            if not any(matches(choice, value) for choice in wanted):
                return False
            continue
        present = isinstance(value, dict) and key in value
        held = value[key] if present and isinstance(value, dict) else None
        if isinstance(wanted, dict):
            if isinstance(held, str):  # a body that is JSON text
                held = _parsed(held)
            if not matches(wanted, held):
                return False
        elif not any(_rule(rule, held, present) for rule in wanted):
            return False
    return True


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _rule(rule: Any, held: Any, present: bool) -> bool:
    if isinstance(rule, dict):
        if "exists" in rule:
            return present is bool(rule["exists"])
        values = held if isinstance(held, list) else [held]
        return present and all(
            any(_TESTS[name](argument, value) for value in values) if name in _TESTS else False
            for name, argument in rule.items()
        )
    if isinstance(held, list):
        return any(_equal(rule, value) for value in held)
    return present and _equal(rule, held)


def _equal(rule: Any, value: Any) -> bool:
    return type(rule) is type(value) and bool(rule == value) if isinstance(rule, bool | str) else bool(rule == value)


def _numeric(terms: list[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: bool(a == b),
        "<": lambda a, b: bool(a < b),
        "<=": lambda a, b: bool(a <= b),
        ">": lambda a, b: bool(a > b),
        ">=": lambda a, b: bool(a >= b),
    }
    pairs = zip(terms[::2], terms[1::2], strict=False)
    return all(operator in compare and compare[operator](value, bound) for operator, bound in pairs)


def _anything_but(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        return not all(_TESTS[name](held, value) for name, held in argument.items() if name in _TESTS)
    return value not in (argument if isinstance(argument, list) else [argument])


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": lambda argument, value: isinstance(value, str) and value.startswith(argument),
    "suffix": lambda argument, value: isinstance(value, str) and value.endswith(argument),
    "equals-ignore-case": lambda argument, value: isinstance(value, str) and value.lower() == argument.lower(),
    "numeric": _numeric,
    "anything-but": _anything_but,
}
