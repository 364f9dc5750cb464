"""Document paths such as `a.b[0].c`, as tuples of names and list positions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..values import Item, Value

Part = str | int


@dataclass(frozen=True, slots=True)
class Path:
    """A document path. Right after parsing, names may still be placeholders ("#n"); `nodes.bound` replaces them."""

    parts: tuple[Part, ...]

    def get(self, item: Item, values: dict[str, Value]) -> Value | None:
        """Returns an item's value at this path, or None."""
        return lookup(self.parts, item)

    @property
    def head(self) -> str:
        return str(self.parts[0])

    def text(self) -> str:
        """Returns the path as expressions write it."""
        first, *rest = self.parts
        return str(first) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)

    def shown(self) -> str:
        """Returns the path as AWS's error texts show it: [a, b, [0]]."""
        return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in self.parts)}]"


def lookup(parts: Sequence[Part], item: Item) -> Value | None:
    """Returns the value at a path, or None."""
    found = item.get(parts[0])  # type: ignore[arg-type]
    for part in parts[1:]:
        if found is None:
            return None
        if isinstance(part, int):
            members = found.get("L")
            found = members[part] if members is not None and part < len(members) else None
        else:
            fields = found.get("M")
            found = fields.get(part) if fields is not None else None
    return found


def overlap(paths: Sequence[Path]) -> str | None:
    """Returns AWS's error text for the first two paths that overlap or conflict; None when there are none.

    Paths overlap if one equals or contains the other. They conflict if one treats a place as a list, the other as a
    map.
    """
    known: _Branch = {}
    for at, second in enumerate(paths):
        if not _collides(second.parts, known):
            continue
        for first in paths[:at]:
            problem = _collision(first, second)
            if problem:
                return (
                    f"Two document paths {problem} with each other; must remove or rewrite one of these paths; "
                    f"path one: {first.shown()}, path two: {second.shown()}"
                )
    return None


_Branch = dict[Part, Any]  # a tree of paths: part → the parts that follow it; empty where a path ends


def _collides(parts: tuple[Part, ...], known: _Branch) -> bool:
    """Returns whether a path overlaps or conflicts with a known one; if not, adds it to the known ones."""
    branch = known
    for number, part in enumerate(parts):
        if number and (not branch or isinstance(next(iter(branch)), int) is not isinstance(part, int)):
            return True
        inner = branch.get(part)
        if inner is None:
            for each in parts[number:]:
                inside: _Branch = {}
                branch[each] = inside
                branch = inside
            return False
        branch = inner
    return True


def _collision(first: Path, second: Path) -> str | None:
    for mine, theirs in zip(first.parts, second.parts, strict=False):
        if isinstance(mine, int) is not isinstance(theirs, int):
            return "conflict"
        if mine != theirs:
            return None
    return "overlap"


class _Picked(dict[int, Any]):
    """List members chosen by position, until the result is complete."""


def project(paths: Iterable[tuple[Part, ...]], item: Item) -> Item:
    """Returns an item with only the parts at these paths, in their structure; chosen list members move together."""
    result: Item = {}
    sparse = False
    for parts in paths:
        if len(parts) == 1:
            name = str(parts[0])
            if name in item:
                result[name] = item[name]
            continue
        found = lookup(parts, item)
        if found is not None:
            sparse = _place(result, parts, found) or sparse
    return {name: _closed(value) for name, value in result.items()} if sparse else result


def _place(result: Item, parts: tuple[Part, ...], found: Value) -> bool:
    """Puts `found` at its path in the result. Returns whether the path leads through a list."""
    container: Any = result
    sparse = False
    for part, following in pairwise(parts):
        listed = isinstance(following, int)
        sparse = sparse or listed
        empty: dict[str, Any] = {"L": _Picked()} if listed else {"M": {}}
        value = container.setdefault(part, empty)
        container = value["L" if listed else "M"]
    container[parts[-1]] = found
    return sparse


def _closed(value: Value) -> Value:
    picked = value.get("L")
    if isinstance(picked, _Picked):
        return {"L": [_closed(picked[at]) for at in sorted(picked)]}
    fields = value.get("M")
    return value if fields is None else {"M": {name: _closed(inner) for name, inner in fields.items()}}
