"""Wildcards: `*` is any run of characters, `?` any one. Matching is linear in the text for every pattern.

A pattern is a tuple of pieces: plain strings, and the two wildcards. A `*` that came out of a policy variable's value
or of `${*}` is part of a plain string, so it only matches itself.

ARN patterns are matched component by component, as the Resource element's page says: a wildcard stays inside its
colon-separated component, except that a `*` which ends a component may run on past the next colons.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import lru_cache


class Wild(Enum):
    MANY = "*"
    ONE = "?"


Piece = str | Wild
Pieces = tuple[Piece, ...]
Matcher = Callable[[str], object]  # truthy when the text matches

_COMPONENTS = 6  # arn:partition:service:region:account:resource


def split(text: str) -> Pieces:
    """The pieces of a pattern's text; adjacent `*` are one."""
    pieces: list[Piece] = []
    for part in re.split(r"([*?])", text):
        if part == "*":
            if not pieces or pieces[-1] is not Wild.MANY:
                pieces.append(Wild.MANY)
        elif part == "?":
            pieces.append(Wild.ONE)
        elif part:
            pieces.append(part)
    return tuple(pieces)


def join(*parts: Pieces) -> Pieces:
    """One pattern after the other, neighbouring strings and `*` merged."""
    pieces: list[Piece] = []
    for piece in (piece for part in parts for piece in part):
        last = pieces[-1] if pieces else None
        if isinstance(piece, str) and isinstance(last, str):
            pieces[-1] = last + piece
        elif piece is Wild.MANY and last is Wild.MANY:
            continue
        else:
            pieces.append(piece)
    return tuple(pieces)


def lower(pieces: Pieces) -> Pieces:
    return tuple(piece.lower() if isinstance(piece, str) else piece for piece in pieces)


@lru_cache(maxsize=4096)
def glob(pieces: Pieces) -> Matcher:
    """A matcher of the whole text, `*` crossing everything."""
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
    return re.compile(_expression(pieces), re.DOTALL).fullmatch


def _expression(pieces: Pieces) -> str:
    """A regular expression that never backtracks into an earlier `*`: each run takes the leftmost match, atomically.

    Leftmost is enough: whatever follows may as well start earlier. Only the last run is anchored at the end.
    """
    runs: list[str] = [""]
    for piece in pieces:
        if piece is Wild.MANY:
            runs.append("")
        else:
            runs[-1] += "." if piece is Wild.ONE else re.escape(piece)
    first, *rest = runs
    if not rest:
        return first
    return first + "".join(f"(?>.*?{run})" for run in rest[:-1]) + ".*" + rest[-1]


@lru_cache(maxsize=4096)
def arn_glob(pieces: Pieces) -> Matcher:
    """A matcher of ARNs by components, where a `*` that ends a component may run past colons."""
    whole = glob(pieces)
    wild = [index for index, piece in enumerate(pieces) if isinstance(piece, Wild)]
    if not wild or (wild == [len(pieces) - 1] and pieces[-1] is Wild.MANY):
        return whole  # one `*` at the very end, or none: components make no difference
    steps = _steps(pieces)
    if all(step is not _INSIDE and step is not _ONE_INSIDE for step in steps):
        return whole

    def match(text: str) -> bool:
        return bool(whole(text)) and _walk(steps, text)

    return match


class _Step(Enum):
    ACROSS = 0  # any run of characters
    INSIDE = 1  # any run without a colon
    ONE = 2  # any character
    ONE_INSIDE = 3  # any character but a colon


_ACROSS, _INSIDE, _ONE, _ONE_INSIDE = _Step.ACROSS, _Step.INSIDE, _Step.ONE, _Step.ONE_INSIDE


def _steps(pieces: Pieces) -> list[str | _Step]:
    """The pieces with each wildcard told whether it may cross a colon: in the resource part all do."""
    steps: list[str | _Step] = []
    colons = 0
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            colons += piece.count(":")
            steps.append(piece)
            continue
        following = pieces[index + 1] if index + 1 < len(pieces) else ":"
        ends = isinstance(following, str) and following.startswith(":")
        free = colons >= _COMPONENTS - 1
        if piece is Wild.MANY:
            steps.append(_ACROSS if free or ends else _INSIDE)
        else:
            steps.append(_ONE if free else _ONE_INSIDE)
    return steps


def _walk(steps: list[str | _Step], text: str) -> bool:
    """Follow every way through the pattern at once: a set of positions per step, at most the text's length."""
    length = len(text)
    here: set[int] = {0}
    for step in steps:
        if isinstance(step, str):
            here = {at + len(step) for at in here if text.startswith(step, at)}
        elif step is _ACROSS:
            here = set(range(min(here), length + 1))
        elif step is _INSIDE:
            reached: set[int] = set()
            for at in here:
                stop = text.find(":", at)
                reached.update(range(at, (length if stop < 0 else stop) + 1))
            here = reached
        else:
            here = {at + 1 for at in here if at < length and (step is _ONE or text[at] != ":")}
        if not here:
            return False
    return length in here


@lru_cache(maxsize=4096)
def arn_like(pieces: Pieces) -> Matcher:
    """ArnLike and ArnEquals: each of the six components by itself, the resource being everything after the fifth colon.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    components = _components(pieces)
    count = len(components)
    if count < _COMPONENTS and components[-1][-1:] != (Wild.MANY,):
        return lambda text: False  # too short, and no `*` at its end to stand for the rest
    matchers = [glob(component) for component in components]

    def match(text: str) -> bool:
        parts = text.split(":", count - 1)
        return len(parts) == count and all(m(part) for m, part in zip(matchers, parts, strict=True))

    return match


def _components(pieces: Pieces) -> list[Pieces]:
    """The pattern cut at its first five colons."""
    components: list[list[Piece]] = [[]]
    for piece in pieces:
        if not isinstance(piece, str):
            components[-1].append(piece)
            continue
        for index, part in enumerate(piece.split(":", _COMPONENTS - len(components))):
            if index:
                components.append([])
            if part:
                components[-1].append(part)
    return [tuple(component) for component in components]
