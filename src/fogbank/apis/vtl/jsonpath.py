"""The JSONPath of $input.path and $input.json: members, indexes, slices, wildcards, descent, simple filters.

A definite path gives the value or None; one that may match several gives a list, as Jayway's library does on AWS.
https://github.com/json-path/JsonPath#operators
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..budget import ENTRY, Budget
from ..patterns import BadPattern, whole
from .values import equal, less

MAX_PATH = 2_000  # characters
_STEP = re.compile(
    r"""\s*(?:
        \.\.(?P<deep>\*|[\w$-]+|(?=\[))
      | \.(?P<name>\*|[\w$\u0080-\uffff-]+)
      | \[\s*(?:(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
            (?P<more>(?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)
          | (?P<star>\*) | (?P<slice>-?\d{0,9}:-?\d{0,9}) | (?P<index>-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)
          | \?\((?P<filter>.*?)\)(?=\s*\]))\s*\]
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_FILTER = re.compile(r"@(?P<path>[^\s=!<>~]*)\s*(?:(?P<op>==|!=|<=|>=|=~|<|>)(?P<value>.+))?", re.DOTALL)
_REGEX = re.compile(r"/(?P<text>.*)/(?P<flags>[a-z]*)", re.DOTALL)

Step = Callable[[list[Any], Budget], list[Any]]
Condition = Callable[[Any, Budget], bool]


class Path:
    """A compiled path: its steps, and whether it names one value at most."""

    def __init__(self, steps: list[Step], *, definite: bool) -> None:
        self._steps = steps
        self._definite = definite

    def find(self, value: Any, budget: Budget) -> Any:
        found = [value]
        for step in self._steps:
            found = step(found, budget)
            budget.step(1 + len(found) // 4)
            if len(found) > 1:
                budget.made(ENTRY * len(found))
        return (found[0] if found else None) if self._definite else found


def find(value: Any, path: str, budget: Budget) -> Any:
    """What `path` names in `value`; None when it names nothing, or is no path. Raises OverBudget."""
    text = path.strip()
    if len(text) > MAX_PATH:
        return None
    compiled = _compiled(text if text.startswith("$") else f"$.{text}" if text else "$")
    return None if compiled is None else compiled.find(value, budget)


@lru_cache(maxsize=512)
def _compiled(text: str) -> Path | None:
    steps: list[Step] = []
    definite, at = True, 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        at = match.end()
        step, one = _step(match)
        steps.append(step)
        definite = definite and one
    return Path(steps, definite=definite)


def _step(match: re.Match[str]) -> tuple[Step, bool]:
    """(what a step of a path does, whether it names one value at most)"""
    name = match["name"]
    if match["deep"] is not None:
        return _deep(match["deep"]), False
    if name == "*" or match["star"]:
        return lambda found, budget: [child for value in found for child in _children(value, budget)], False
    if name is not None:
        return _members([name]), True
    if match["quoted"]:
        names = [_unescape(a or b) for a, b in _QUOTED.findall(match["quoted"] + (match["more"] or ""))]
        return _members(names), len(names) == 1
    if match["index"]:
        indexes = [int(part) for part in match["index"].split(",")]
        return _indexed(indexes), len(indexes) == 1
    if match["slice"]:
        start, _, end = match["slice"].partition(":")
        return _sliced(slice(_number(start), _number(end))), False
    return _filtered(_condition(match["filter"])), False


def _number(text: str) -> int | None:
    return int(text) if text not in ("", "-") else None


def _deep(name: str) -> Step:
    def step(found: list[Any], budget: Budget) -> list[Any]:
        everything = [held for value in found for held in _descend(value, budget)]
        if not name:
            return everything
        if name == "*":
            return [child for held in everything for child in _children(held, budget)]
        return [held[name] for held in everything if isinstance(held, dict) and name in held]

    return step


def _members(names: list[str]) -> Step:
    def step(found: list[Any], budget: Budget) -> list[Any]:
        if len(found) > 1:
            budget.step(len(found) * len(names) // 4)
        return [value[name] for value in found if isinstance(value, dict) for name in names if name in value]

    return step


def _indexed(indexes: list[int]) -> Step:
    def step(found: list[Any], budget: Budget) -> list[Any]:
        budget.step(len(found) * len(indexes) // 4)
        return [v[i] for v in found if isinstance(v, list) for i in indexes if -len(v) <= i < len(v)]

    return step


def _sliced(chosen: slice) -> Step:
    return lambda found, budget: [
        held for value in found if isinstance(value, list) for held in _children(value, budget)[chosen]
    ]


def _filtered(holds: Condition) -> Step:
    return lambda found, budget: [
        child for value in found for child in _children(value, budget) if holds(child, budget)
    ]


def _children(value: Any, budget: Budget) -> list[Any]:
    """What a map or a list holds, charged for."""
    if not isinstance(value, dict | list):
        return []
    budget.made(ENTRY * len(value))
    budget.step(len(value) // 4)
    return list(value.values()) if isinstance(value, dict) else value


def _descend(value: Any, budget: Budget) -> list[Any]:
    found, waiting = [], [value]
    while waiting:
        held = waiting.pop()
        budget.step()
        found.append(held)
        waiting.extend(reversed(_children(held, budget)))
    return found


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


# -- filters -----------------------------------------------------------------------------------------------------------


def _condition(text: str) -> Condition:
    """`a && b || c` of comparisons."""
    alternatives = [[_comparison(part) for part in parts.split("&&")] for parts in text.split("||")]

    def holds(value: Any, budget: Budget) -> bool:
        return any(all(one(value, budget) for one in alternative) for alternative in alternatives)

    return holds


def _comparison(text: str) -> Condition:
    match = _FILTER.fullmatch(text.strip())
    path = _compiled("$" + match["path"]) if match else None
    if match is None or path is None:
        return lambda _value, _budget: False
    if not match["op"]:
        return lambda value, budget: path.find(value, budget) is not None
    if match["op"] == "=~":
        return _matching(path, match["value"].strip())
    wanted = _constant(match["value"].strip())
    compare = _COMPARE[match["op"]]
    return lambda value, budget: compare(path.find(value, budget), wanted, budget)


_COMPARE: dict[str, Callable[[Any, Any, Budget], bool]] = {
    "==": equal,
    "!=": lambda held, wanted, budget: not equal(held, wanted, budget),
    "<": less,
    ">": lambda held, wanted, budget: less(wanted, held, budget),
    "<=": lambda held, wanted, budget: less(held, wanted, budget) or equal(held, wanted, budget),
    ">=": lambda held, wanted, budget: less(wanted, held, budget) or equal(held, wanted, budget),
}


def _matching(path: Path, text: str) -> Condition:
    """`@.name =~ /pattern/i`: the whole value matches, as Jayway's library has it."""
    regex = _REGEX.fullmatch(text)
    pattern = f"(?i){regex['text']}" if regex and "i" in regex["flags"] else regex["text"] if regex else None

    def holds(value: Any, budget: Budget) -> bool:
        held = path.find(value, budget)
        if pattern is None or not isinstance(held, str):
            return False
        try:
            return whole(pattern, held, budget)
        except BadPattern:
            return False

    return holds


def _constant(text: str) -> Any:
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return _unescape(quoted[1] or quoted[2] or "")
    words = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
