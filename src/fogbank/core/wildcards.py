"""Wildcard patterns from users: `*` is any number of characters, `?` exactly one. Matching never backtracks.

A pattern is a tuple of pieces: plain strings, and the two wildcards. A pattern without `?` is matched by finding its
strings one after the other, each as far to the left as possible, which takes time linear in the text. Other patterns
are matched like a nondeterministic automaton: a big integer has one bit for each position in the text that the match
may have reached, and each character of the pattern is one operation on all bits. If pattern and text are short, a
regular expression is faster, and its worst case is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache


class Wild(Enum):
    MANY = "*"
    ONE = "?"


Piece = str | Wild
Pieces = tuple[Piece, ...]
Matcher = Callable[[str], object]  # truthy when the text matches


class Step(Enum):
    """A wildcard for `walk`, with the characters that it may match."""

    ACROSS = 0  # any number of characters
    INSIDE = 1  # any number of characters but colons
    ONE = 2  # any character
    ONE_INSIDE = 3  # any character but a colon


SHORT_PATTERN, SHORT_TEXT = 256, 2048  # characters: together half a million comparisons at worst
_BOTH, _MANY = re.compile(r"([*?])"), re.compile(r"(\*)")


def split(text: str, *, one: bool = True) -> Pieces:
    """Split a pattern into pieces. Adjacent `*` become one. Without `one`, `?` is a plain character."""
    pieces: list[Piece] = []
    for part in (_BOTH if one else _MANY).split(text):
        if part == "*":
            if not pieces or pieces[-1] is not Wild.MANY:
                pieces.append(Wild.MANY)
        elif part == "?" and one:
            pieces.append(Wild.ONE)
        elif part:
            pieces.append(part)
    return tuple(pieces)


def lower(pieces: Pieces) -> Pieces:
    """The pieces in lower case. Matched against lower-case text, they ignore case."""
    return tuple(piece.lower() if isinstance(piece, str) else piece for piece in pieces)


def compile(text: str, *, one: bool = True) -> Matcher:
    """Compile a pattern to a matcher of whole texts."""
    return glob(split(text, one=one))


@lru_cache(maxsize=4096)
def glob(pieces: Pieces) -> Matcher:
    """Make a matcher of whole texts in which `*` matches any characters."""
    match pieces:
        case ():
            return lambda text: not text
        case (str() as only,):
            return only.__eq__
        case (Wild.MANY,):
            return lambda text: True
        case (str() as head, Wild.MANY):
            return lambda text: text.startswith(head)
        case (Wild.MANY, str() as tail):
            return lambda text: text.endswith(tail)
        case (Wild.MANY, str() as middle, Wild.MANY):
            return lambda text: middle in text
    steps = [piece if isinstance(piece, str) else Step.ONE if piece is Wild.ONE else Step.ACROSS for piece in pieces]
    at_length = (lambda text: walk(steps, text)) if Wild.ONE in pieces else _in_order(pieces)
    if sum(len(piece) if isinstance(piece, str) else 1 for piece in pieces) > SHORT_PATTERN:
        return at_length
    short = _expression(steps).fullmatch
    return lambda text: short(text) if len(text) <= SHORT_TEXT else at_length(text)


def _expression(steps: Sequence[str | Step]) -> re.Pattern[str]:
    """Translate to a regular expression. Its atomic groups prevent backtracking between two `*`."""
    first, *rest = "".join(
        ["." if step is Step.ONE else ".*" if isinstance(step, Step) else re.escape(step) for step in steps]
    ).split(".*")
    runs = [f"(?>.*?{run})" for run in rest[:-1]]
    return re.compile(first + "".join(runs) + (".*" + rest[-1] if rest else ""), re.DOTALL)


def _in_order(pieces: Pieces) -> Matcher:
    """Make a matcher of strings with `*` between them. The leftmost match of each string is enough."""
    head = pieces[0] if isinstance(pieces[0], str) else ""
    tail = pieces[-1] if isinstance(pieces[-1], str) else ""
    middle = [piece for piece in pieces[bool(head) : len(pieces) - bool(tail)] if isinstance(piece, str)]
    begin, behind = len(head), len(tail)

    def match(text: str) -> bool:
        if not text.startswith(head) or not text.endswith(tail):
            return False
        at, end = begin, len(text) - behind
        for part in middle:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return at <= end

    return match


def walk(steps: Sequence[str | Step], text: str) -> bool:
    """Whether the steps match the whole text. The bits of `here` are the positions that the match may have reached."""
    length = len(text)
    every = (1 << length) - 1
    places = _Places(text)
    here = 1
    for step in steps:
        if isinstance(step, str):
            here = _behind(step, here, text, places)
        elif step is Step.ACROSS:
            here = (1 << length + 1) - (here & -here)
        elif step is Step.INSIDE:
            # the sum carries each bit through the following positions without a colon, and one further
            inside = every & ~places.of(":")
            here |= ((here & inside) + inside) ^ inside
        elif step is Step.ONE:
            here = (here & every) << 1
        else:
            here = (here & every & ~places.of(":")) << 1
        if not here:
            return False
    return bool(here >> length)


def _behind(string: str, here: int, text: str, places: _Places) -> int:
    """The positions after `string`, if it begins at one of `here`."""
    if not here & (here - 1):  # a single position
        at = here.bit_length() - 1
        return here << len(string) if text.startswith(string, at) else 0
    for char in string:
        here = (here & places.of(char)) << 1
        if not here:
            break
    return here


class _Places:
    """The positions of each character in a text, as bits."""

    __slots__ = ("_known", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, int] = {}

    def of(self, char: str) -> int:
        found = self._known.get(char)
        if found is None:
            bits = "".join(["1" if each == char else "0" for each in reversed(self._text)])
            found = self._known[char] = int(bits or "0", 2)
        return found
