"""Linear-time regular expressions, for the few patterns of the models that could cause catastrophic backtracking.

The parse tree is Python's own (`re._parser`). A Thompson NFA is simulated with a set of states, so the time is at most
the length of the value times the size of the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

sre: Any = import_module("re._constants")  # Python's own, without published types
parser: Any = import_module("re._parser")

MAX_LENGTH = 100_000  # characters; a longer value is not checked: even linear time would block the server
_MAX_STATES = 2_000
_NESTED = 8  # a repeat of more than this, with a variable repeat inside, may take exponential time
_IN_A_ROW = 255  # each of several successive repeats of more than this multiplies the time by the value's length


class _Unsupported(Exception):
    pass


_ASCII = "".join(chr(code) for code in range(128))


@lru_cache(maxsize=256)
def parse(text: str) -> Any:
    """Parse a pattern to Python's own parse tree. Raises re.error if it is invalid."""
    return parser.parse(text, re.ASCII)


def danger(text: str) -> int:
    """The k for which the backtracking engine may take O(length**k) time; 99 if it may be exponential."""
    return 99 if _ambiguous(parse(text), 0) else _row(parse(text))


def _repeat(item: Any, large: int) -> tuple[int, int, Any] | None:
    """(low, high, tree) of a variable repeat whose count may exceed `large`; None for any other item."""
    op, value = item
    if op not in (sre.MAX_REPEAT, sre.MIN_REPEAT) or value[0] == value[1]:
        return None
    return value if value[1] is sre.MAXREPEAT or value[1] > large else None


def _inside(item: Any) -> list[Any]:
    op, value = item
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return [value[2]]
    if op is sre.SUBPATTERN:
        return [value[3]]
    if op is sre.BRANCH:
        return list(value[1])
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        return [value[1]]
    return [value] if op is sre.ATOMIC_GROUP else []


def _characters(item: Any) -> frozenset[str] | None:
    """The ASCII characters that a one-character item matches; None for any other item."""
    op, value = item
    if op is sre.SUBPATTERN and len(value[3]) == 1:
        return _characters(value[3][0])
    if op not in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
        return None
    if op is not sre.IN:
        test = _test(op, value)
        return frozenset(char for char in _ASCII if test(char))
    taken: set[str] = set()
    negate = False
    for inner, what in value:
        if inner is sre.NEGATE:
            negate = True
        elif inner is sre.LITERAL:
            taken.add(chr(what))
        elif inner is sre.RANGE:
            taken.update(_ASCII[what[0] : what[1] + 1])
        elif inner is sre.CATEGORY:
            taken |= _category(what)
        else:
            return None
    return frozenset(_ASCII) - taken if negate else frozenset(taken)


@cache
def _category(what: Any) -> frozenset[str]:
    compiled = re.compile(_CATEGORIES[what], re.ASCII)
    return frozenset(char for char in _ASCII if compiled.match(char))


def _separated(tree: Any, item: Any) -> bool:
    """Whether a repeat of single characters is next to an item that it cannot match: then it is unambiguous."""
    body = item[1][2]
    taken = _characters(body[0]) if len(body) == 1 else None
    if taken is None:
        return False
    index = next(i for i, other in enumerate(tree) if other is item)
    beside = [tree[i] for i in (index - 1, index + 1) if 0 <= i < len(tree)]
    return any((found := _characters(other)) is not None and not found & taken for other in beside)


def _ambiguous(tree: Any, depth: int) -> bool:
    items = list(tree)
    for item in items:
        if depth and _repeat(item, 0) is not None and not _separated(items, item):
            return True
        inner = depth + (_repeat(item, _NESTED) is not None)
        if any(_ambiguous(sub, inner) for sub in _inside(item)):
            return True
    return False


def _row(tree: Any) -> int:
    """How many long repeats may compete for the same characters. Each may multiply the time by the value's length."""
    count = 0
    items = list(tree)
    for item in items:
        if _repeat(item, _IN_A_ROW) is not None and not _separated(items, item):
            count += 1
        count += max((_row(sub) for sub in _inside(item)), default=0)
    return count


class _Machine:
    """An NFA. `steps[s]` is (test, next state) for a character; `jumps[s]` are the transitions without a character."""

    def __init__(self, *, dotall: bool) -> None:
        self.dotall = dotall
        self.steps: list[tuple[Callable[[str], bool], int] | None] = []
        self.jumps: list[list[tuple[int, int]]] = []  # (condition, state); 0: always, 1: at the start, 2: at the end

    def state(self) -> int:
        if len(self.steps) >= _MAX_STATES:
            raise _Unsupported
        self.steps.append(None)
        self.jumps.append([])
        return len(self.steps) - 1

    def build(self, tree: Any, start: int) -> int:
        for item in tree:
            start = self.item(item, start)
        return start

    def item(self, item: Any, start: int) -> int:
        op, value = item
        if op is sre.SUBPATTERN:
            _, add, remove, tree = value
            if add or remove:
                raise _Unsupported
            return self.build(tree, start)
        if op is sre.BRANCH:
            end = self.state()
            for tree in value[1]:
                entry = self.state()
                self.jumps[start].append((0, entry))
                self.jumps[self.build(tree, entry)].append((0, end))
            return end
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, tree = value
            return self.repeat(low, high, tree, start)
        if op is sre.AT:
            conditions = {sre.AT_BEGINNING: 1, sre.AT_BEGINNING_STRING: 1, sre.AT_END: 2, sre.AT_END_STRING: 2}
            if value not in conditions:
                raise _Unsupported
            end = self.state()
            self.jumps[start].append((conditions[value], end))
            return end
        end = self.state()
        self.steps[start] = (_test(op, value, dotall=self.dotall), end)
        return end

    def repeat(self, low: int, high: int, tree: Any, start: int) -> int:
        for _ in range(low):
            entry = self.state()
            self.jumps[start].append((0, entry))
            start = self.build(tree, entry)
        end = self.state()
        if high is sre.MAXREPEAT:
            loop = self.state()
            self.jumps[start].append((0, loop))
            self.jumps[loop].append((0, end))
            entry = self.state()
            self.jumps[loop].append((0, entry))
            self.jumps[self.build(tree, entry)].append((0, loop))
            return end
        for _ in range(high - low):
            self.jumps[start].append((0, end))
            entry = self.state()
            self.jumps[start].append((0, entry))
            start = self.build(tree, entry)
        self.jumps[start].append((0, end))
        return end


def _test(op: Any, value: Any, *, dotall: bool = False) -> Callable[[str], bool]:
    if op is sre.LITERAL:
        want = chr(value)
        return lambda char: char == want
    if op is sre.NOT_LITERAL:
        want = chr(value)
        return lambda char: char != want
    if op is sre.ANY:
        return (lambda char: True) if dotall else (lambda char: char != "\n")
    if op is sre.IN:
        return _set_test(value)
    raise _Unsupported


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _set_test(items: Any) -> Callable[[str], bool]:
    negate = False
    parts: list[str] = []
    for op, value in items:
        if op is sre.NEGATE:
            negate = True
        elif op is sre.LITERAL:
            parts.append(f"\\U{value:08x}")
        elif op is sre.RANGE:
            parts.append(f"\\U{value[0]:08x}-\\U{value[1]:08x}")
        elif op is sre.CATEGORY:
            parts.append(_CATEGORIES[value])
        else:
            raise _Unsupported
    compiled = re.compile(f"[{'^' if negate else ''}{''.join(parts)}]", re.ASCII)
    return lambda char: compiled.match(char) is not None


def compile_linear(text: str) -> Callable[[str], bool] | None:
    """Make a linear-time test of whole values, or None if the pattern uses look-around or back-references."""
    try:
        flags = parse(text).state.flags
        if flags & (re.IGNORECASE | re.MULTILINE | re.VERBOSE):
            return None
        machine = _Machine(dotall=bool(flags & re.DOTALL))
        start = machine.state()
        accept = machine.build(parse(text), start)
    except (_Unsupported, re.error, OverflowError, RecursionError):
        return None
    cache: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def close(states: set[int], *, first: bool, last: bool) -> frozenset[int]:
        todo = list(states)
        while todo:
            for condition, state in machine.jumps[todo.pop()]:
                if (condition == 1 and not first) or (condition == 2 and not last) or state in states:
                    continue
                states.add(state)
                todo.append(state)
        return frozenset(states)

    def test(value: str) -> bool:
        if len(value) > MAX_LENGTH:
            return True
        current = close({start}, first=True, last=not value)
        final = len(value) - 1
        for index, char in enumerate(value):
            key = (current, char)
            reached = cache.get(key) if index != final else None
            if reached is None:
                found = {step[1] for state in current if (step := machine.steps[state]) and step[0](char)}
                reached = close(found, first=False, last=index == final)
                if index != final and len(cache) < 10_000:
                    cache[key] = reached
            if not reached:
                return False
            current = reached
        return accept in current

    return test
