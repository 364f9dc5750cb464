"""Patterns of policies, matched with `core.wildcards`.

A `*` that came out of a policy variable's value or of `${*}` is part of a plain string, so it only matches itself.

ARN patterns are matched component by component, as the Resource element's page says: a wildcard stays inside its
colon-separated component, except that a `*` at the end of a component may extend across the next colons.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

from functools import lru_cache

from fogbank.core.wildcards import Matcher, Piece, Pieces, Step, Wild, glob, split, walk

__all__ = ["Matcher", "Piece", "Pieces", "Wild", "arn_glob", "arn_like", "glob", "join", "split"]

_COMPONENTS = 6  # arn:partition:service:region:account:resource


def join(*parts: Pieces) -> Pieces:
    """Concatenate patterns, merging neighbouring strings and neighbouring `*`."""
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


@lru_cache(maxsize=4096)
def arn_glob(pieces: Pieces) -> Matcher:
    """A matcher of ARNs by components, where a `*` that ends a component may match across colons."""
    whole = glob(pieces)
    wild = [index for index, piece in enumerate(pieces) if isinstance(piece, Wild)]
    if not wild or (wild == [len(pieces) - 1] and pieces[-1] is Wild.MANY):
        return whole  # one `*` at the very end, or none: components make no difference
    steps = _steps(pieces)
    if Step.INSIDE not in steps and Step.ONE_INSIDE not in steps:
        return whole
    return lambda text: bool(whole(text)) and walk(steps, text)


def _steps(pieces: Pieces) -> list[str | Step]:
    """The pieces, with each wildcard marked as to whether it may cross a colon. In the resource part all may."""
    steps: list[str | Step] = []
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
            steps.append(Step.ACROSS if free or ends else Step.INSIDE)
        else:
            steps.append(Step.ONE if free else Step.ONE_INSIDE)
    return steps


@lru_cache(maxsize=4096)
def arn_like(pieces: Pieces) -> Matcher:
    """ArnLike and ArnEquals: compare each of the six components separately. The resource is all after the fifth colon.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    components = _components(pieces)
    count = len(components)
    if count < _COMPONENTS and components[-1][-1:] != (Wild.MANY,):
        return lambda text: False  # too short, and no `*` at its end to match the rest
    matchers = [glob(component) for component in components]

    def match(text: str) -> bool:
        parts = text.split(":", count - 1)
        return len(parts) == count and all(m(part) for m, part in zip(matchers, parts, strict=True))

    return match


def _components(pieces: Pieces) -> list[Pieces]:
    """Split the pattern at its first five colons."""
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
