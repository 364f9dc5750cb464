"""The rule expressions of composite alarms: ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c)), TRUE, FALSE.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fogbank.core.errors import ValidationError

_TOKEN = re.compile(
    r"\s*(?:(\()|(\))|(AND|OR|NOT|TRUE|FALSE)\b|(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s()]+))\s*\))",
    re.IGNORECASE,
)
_MAX_DEPTH = 100  # AWS's own limit is not documented
Rule = tuple[Any, ...]


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position, text = [], 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValidationError(f"AlarmRule must be valid: unexpected text at position {position}.")
        position = match.end()
        opening, closing, word, state, *alarms = match.groups()
        if state:
            found.append((state.upper(), next(name for name in alarms if name is not None)))
        else:
            found.append((opening or closing or word.upper(), ""))
    return [*found, ("", "")]


def parse(text: str, here: str) -> Rule:
    """Parse a rule into a tree with alarms by name. Raises ValidationError. `here`: prefix of local alarms' ARNs."""
    tokens = _tokens(text)
    position = 0

    def fail() -> ValidationError:
        return ValidationError("AlarmRule must be valid: unexpected end or misplaced operator.")

    def any_of(depth: int) -> Rule:
        nonlocal position
        if depth > _MAX_DEPTH:
            raise ValidationError("AlarmRule must be valid: nested too deeply.")
        rules = [all_of(depth)]
        while tokens[position][0] == "OR":
            position += 1
            rules.append(all_of(depth))
        return rules[0] if len(rules) == 1 else ("OR", *rules)

    def all_of(depth: int) -> Rule:
        nonlocal position
        rules = [one(depth)]
        while tokens[position][0] == "AND":
            position += 1
            rules.append(one(depth))
        return rules[0] if len(rules) == 1 else ("AND", *rules)

    def one(depth: int) -> Rule:
        nonlocal position
        kind, name = tokens[position]
        position += 1
        if kind == "NOT":
            if depth > _MAX_DEPTH:
                raise ValidationError("AlarmRule must be valid: nested too deeply.")
            return ("NOT", one(depth + 1))
        if kind == "(":
            rule = any_of(depth + 1)
            if tokens[position][0] != ")":
                raise fail()
            position += 1
            return rule
        if kind in ("TRUE", "FALSE"):
            return (kind,)
        if kind in ("ALARM", "OK", "INSUFFICIENT_DATA"):
            return ("STATE", kind, name.removeprefix(here))
        raise fail()

    rule = any_of(0)
    if tokens[position][0]:
        raise fail()
    return rule


def children(rule: Rule) -> set[str]:
    """The names of the alarms that a rule refers to."""
    if rule[0] == "STATE":
        return {rule[2]}
    return {name for part in rule[1:] for name in children(part)}


def holds(rule: Rule, state_of: Callable[[str], str]) -> bool:
    """Whether the rule is true for the alarms' states."""
    match rule:
        case ("AND", *rules):
            return all(holds(each, state_of) for each in rules)
        case ("OR", *rules):
            return any(holds(each, state_of) for each in rules)
        case ("NOT", inner):
            return not holds(inner, state_of)
        case ("STATE", state, name):
            return state_of(str(name)) == str(state)
    return bool(rule[0] == "TRUE")
