"""The JSONPath of $input.path and $input.json: members, indexes, slices, wildcards, descent, simple filters.

A definite path gives the value or None; one that may match several gives a list, as Jayway's library does on AWS.
"""

from __future__ import annotations

import re
from typing import Any

from .values import equal, less

_STEP = re.compile(
    r"""\s*(?:
        \.\.(?P<deep>\*|[\w$-]+|(?=\[))
      | \.(?P<name>\*|[\w$\u0080-\uffff-]+)
      | \[\s*(?:(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
            (?P<more>(?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)
          | (?P<star>\*) | (?P<slice>-?\d*:-?\d*) | (?P<index>-?\d+(?:\s*,\s*-?\d+)*)
          | \?\((?P<filter>.*?)\)(?=\s*\]))\s*\]
    )""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_FILTER = re.compile(r"\s*@(?P<path>[^\s=!<>~]*)\s*(?:(?P<op>==|!=|<=|>=|<|>)\s*(?P<value>.+?))?\s*$", re.DOTALL)


def find(value: Any, path: str) -> Any:
    """What `path` names in `value`; None when it names nothing, or is no path."""
    text = path.strip()
    if not text.startswith("$"):
        text = f"$.{text}" if text else "$"
    found, definite, at = [value], True, 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        at = match.end()
        found, definite = _apply(found, match, definite=definite)
    if definite:
        return found[0] if found else None
    return found


def _apply(found: list[Any], match: re.Match[str], *, definite: bool) -> tuple[list[Any], bool]:
    if match["deep"] is not None:
        name = match["deep"]
        everything = [held for value in found for held in _descend(value)]
        if not name:
            return everything, False
        if name == "*":
            return [child for held in everything for child in _children(held)], False
        return [held[name] for held in everything if isinstance(held, dict) and name in held], False
    name = match["name"]
    if name == "*" or match["star"]:
        return [child for value in found for child in _children(value)], False
    if name is not None:
        return _members(found, [name]), definite
    if match["quoted"]:
        names = [_unescape(a or b) for a, b in _QUOTED.findall(match["quoted"] + (match["more"] or ""))]
        return _members(found, names), definite and len(names) == 1
    if match["index"]:
        indexes = [int(part) for part in match["index"].split(",")]
        picked = [v[i] for v in found if isinstance(v, list) for i in indexes if -len(v) <= i < len(v)]
        return picked, definite and len(indexes) == 1
    if match["slice"]:
        start, _, end = match["slice"].partition(":")
        chosen = slice(int(start) if start else None, int(end) if end else None)
        return [held for value in found if isinstance(value, list) for held in value[chosen]], False
    kept = [child for value in found for child in _children(value) if _holds(child, match["filter"])]
    return kept, False


def _members(found: list[Any], names: list[str]) -> list[Any]:
    return [value[name] for value in found if isinstance(value, dict) for name in names if name in value]


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _descend(value: Any) -> list[Any]:
    found, waiting = [], [value]
    while waiting:
        held = waiting.pop()
        found.append(held)
        waiting.extend(reversed(_children(held)))
    return found


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _holds(value: Any, condition: str) -> bool:
    return any(all(_one(value, part) for part in alternative.split("&&")) for alternative in condition.split("||"))


def _one(value: Any, condition: str) -> bool:
    match = _FILTER.match(condition)
    if match is None:
        return False
    held = find(value, "$" + match["path"])
    if not match["op"]:
        return held is not None
    wanted = _constant(match["value"])
    match match["op"]:
        case "==":
            return equal(held, wanted)
        case "!=":
            return not equal(held, wanted)
        case "<":
            return less(held, wanted)
        case ">":
            return less(wanted, held)
        case "<=":
            return less(held, wanted) or equal(held, wanted)
        case _:
            return less(wanted, held) or equal(held, wanted)


def _constant(text: str) -> Any:
    quoted = _QUOTED.fullmatch(text.strip())
    if quoted:
        return _unescape(quoted[1] or quoted[2] or "")
    words = {"true": True, "false": False, "null": None}
    if text.strip() in words:
        return words[text.strip()]
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
