"""The methods of Java's String that templates call. Those that may grow say so to the budget before they do.

https://docs.oracle.com/javase/8/docs/api/java/lang/String.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..budget import ENTRY, Budget
from ..patterns import MATCH, Matching, whole
from .values import MAX_DIGITS, as_text

Method = Callable[..., Any]
_PIECE = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}|([^\\$]+)", re.DOTALL)


def _replacement(text: str) -> list[str | int | tuple[str]]:
    """The parts of a replacement: a literal, the number of a group, the name of one. Raises ValueError as Java does."""
    parts: list[str | int | tuple[str]] = []
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None:
            raise ValueError("Illegal group reference")
        escaped, number, name, literal = match.groups()
        parts.append(int(number) if number else (name,) if name else escaped or literal)
        at = match.end()
    return parts


def _replace_matches(budget: Budget, text: str, pattern: str, new: str, count: int = 0) -> str:
    parts = _replacement(new)

    def replaced(match: Any) -> str:
        pieces = []
        for part in parts:
            piece = part if isinstance(part, str) else match.group(part if isinstance(part, int) else part[0]) or ""
            budget.made(len(piece))
            pieces.append(piece)
        budget.step(MATCH + len(pieces))
        return "".join(pieces)

    with Matching(pattern, text, budget) as compiled:
        return compiled.sub(replaced, text, count)


def _split(budget: Budget, text: str, pattern: str, limit: int = 0) -> list[str | None]:
    most = limit - 1 if limit > 0 else 1 + budget.steps // MATCH  # more than that is refused below
    if most == 0:
        return [text]
    with Matching(pattern, text, budget) as compiled:
        parts = compiled.split(text, most)
    budget.step(MATCH * (len(parts) - 1))
    budget.made(ENTRY * len(parts))
    while limit == 0 and len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts


def _replace(budget: Budget, text: str, old: str, new: str) -> str:
    budget.made(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _repeat(budget: Budget, text: str, times: int) -> str:
    budget.made(len(text) * max(times, 0))
    return text * times


def _substring(_budget: Budget, text: str, start: int, end: int | None = None) -> str:
    if not 0 <= start <= (len(text) if end is None else end) <= len(text):
        raise IndexError(start)
    return text[start:end]


def integer(_budget: Budget, text: str) -> int:
    """Integer.parseInt. Raises ValueError."""
    if len(text) > MAX_DIGITS:
        raise ValueError("the number is too long")
    return int(text)


METHODS: dict[str, Method] = {
    "length": lambda _b, s: len(s),
    "isEmpty": lambda _b, s: not s,
    "isBlank": lambda _b, s: not s.strip(),
    "substring": _substring,
    "indexOf": lambda _b, s, x, start=0: s.find(x, start),
    "lastIndexOf": lambda _b, s, x: s.rfind(x),
    "contains": lambda b, s, x: as_text(x, b) in s,
    "startsWith": lambda _b, s, x, start=0: s.startswith(x, start),
    "endsWith": lambda _b, s, x: s.endswith(x),
    "replace": _replace,
    "replaceAll": _replace_matches,
    "replaceFirst": lambda b, s, pattern, new: _replace_matches(b, s, pattern, new, 1),
    "matches": lambda b, s, pattern: whole(pattern, s, b),
    "split": _split,
    "toLowerCase": lambda _b, s: s.lower(),
    "toUpperCase": lambda _b, s: s.upper(),
    "trim": lambda _b, s: s.strip(),
    "strip": lambda _b, s: s.strip(),
    "concat": lambda _b, s, x: s + x,
    "charAt": lambda _b, s, i: s[i],
    "equalsIgnoreCase": lambda _b, s, x: isinstance(x, str) and s.lower() == x.lower(),
    "compareTo": lambda _b, s, x: (s > x) - (s < x),
    "repeat": _repeat,
    "intValue": integer,
}
