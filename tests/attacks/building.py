"""Requests that fit a model: the members that are required, each as short as it may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fogbank.wire import models
from fogbank.wire.models import OperationModel
from fogbank.wire.shapes import Shape

_SIMPLE: dict[str, Any] = {
    "integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True, "blob": b"x",
    "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
}  # fmt: skip


def operation(service: str, name: str) -> OperationModel:
    return models.load(service).operations[name]


def minimal(shape: Shape | None) -> dict[str, Any]:
    """The required members of a structure."""
    if shape is None:
        return {}
    return {name: shortest(ref.shape, 4) for name, ref in shape.members.items() if name in shape.required}


def shortest(shape: Shape, deep: int) -> Any:
    if shape.type == "structure":
        return {name: shortest(ref.shape, deep - 1) for name, ref in shape.members.items() if name in shape.required}
    if shape.type == "list":
        return [shortest(shape.member.shape, deep - 1)] if deep else []
    if shape.type == "map":
        return {"x": shortest(shape.value.shape, deep - 1)} if deep else {}
    if shape.type == "string":
        return shape.raw.enum[0] if shape.raw.enum else "x" * max(int(shape.raw.min or 1), 1)
    return max(_SIMPLE[shape.type], shape.raw.min or 0) if shape.type in ("integer", "long") else _SIMPLE[shape.type]


def paths(shape: Shape | None, wanted: str, deep: int = 4) -> list[tuple[str, ...]]:
    """Where members of one name lie in a structure: ("A", "B") is shape.A.B; lists and maps are `*`."""
    if shape is None or not deep:
        return []
    found: list[tuple[str, ...]] = []
    if shape.type == "structure":
        for name, ref in shape.members.items():
            if name == wanted and _text(ref.shape):
                found.append((name,))
            found += [(name, *rest) for rest in paths(ref.shape, wanted, deep - 1)]
    elif shape.type == "list":
        found += [("*", *rest) for rest in paths(shape.member.shape, wanted, deep - 1)]
    elif shape.type == "map":
        found += [("*", *rest) for rest in paths(shape.value.shape, wanted, deep - 1)]
    return found


def _text(shape: Shape) -> bool:
    """A text or bytes, or a list of texts."""
    return shape.type in ("string", "blob") or (shape.type == "list" and shape.member.shape.type == "string")


def put(shape: Shape, request: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set what lies at a path, making what leads there."""
    leaf = _leaf(shape, path)
    value = [value] if leaf.type == "list" else value
    here: Any = request
    for at, step in enumerate(path):
        last = at == len(path) - 1
        inside = _inside(shape, step)
        empty: Any = value if last else [] if inside.type == "list" else {}
        if inside.type == "structure" and not last:
            empty = shortest(inside, 2)
        if shape.type == "list":
            if not here:
                here.append(empty)
            elif last:
                here[0] = value
            here = here[0]
        elif shape.type == "map":
            here = here.setdefault("x", empty)
        else:
            if last or step not in here:
                here[step] = empty
            here = here[step]
        shape = inside


def _inside(shape: Shape, step: str) -> Shape:
    if shape.type == "structure":
        return shape.members[step].shape
    return shape.member.shape if shape.type == "list" else shape.value.shape


def _leaf(shape: Shape, path: tuple[str, ...]) -> Shape:
    for step in path:
        shape = _inside(shape, step)
    return shape
