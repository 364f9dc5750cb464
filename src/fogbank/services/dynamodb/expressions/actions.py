"""The actions of update expressions: how they change an item.

`apply` first computes every value from the old item. Then it makes the changes on a copy of the parts that they
touch, so the old item stays intact. A removed list member leaves a gap until the end, so that positions refer to the
old list; members set beyond a list's end are appended in the order of their positions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fogbank.core.errors import ValidationError

from .. import numbers, values
from ..values import Item, Value
from .paths import Path

INVALID_PATH = "The document path provided in the update expression is invalid for update"
NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
UPDATE_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"


@dataclass(frozen=True, slots=True)
class Set:
    path: Path
    value: Any  # Path | Ref | Constant | Sum | Function

    def text(self) -> str:
        return f"{self.path.text()} = {self.value.text()}"


@dataclass(frozen=True, slots=True)
class Remove:
    path: Path

    def text(self) -> str:
        return self.path.text()


@dataclass(frozen=True, slots=True)
class Add:
    path: Path
    value: Any  # Ref | Constant

    def text(self) -> str:
        return f"{self.path.text()} {self.value.text()}"


@dataclass(frozen=True, slots=True)
class Delete:
    path: Path
    value: Any  # Ref | Constant

    def text(self) -> str:
        return f"{self.path.text()} {self.value.text()}"


Action = Set | Remove | Add | Delete


@dataclass(frozen=True, slots=True)
class Sum:
    sign: str  # + -
    left: Any
    right: Any

    def get(self, item: Item, given: dict[str, Value]) -> Value | None:
        left, right = needed(self.left, item, given), needed(self.right, item, given)
        if "N" not in left or "N" not in right:
            raise ValidationError(WRONG_TYPE)
        combine = numbers.add if self.sign == "+" else numbers.subtract
        return {"N": combine(left["N"], right["N"])}

    def text(self) -> str:
        return f"{self.left.text()} {self.sign} {self.right.text()}"


@dataclass(frozen=True, slots=True)
class Function:
    name: str  # if_not_exists list_append
    args: tuple[Any, ...]

    def get(self, item: Item, given: dict[str, Value]) -> Value | None:
        if self.name == "if_not_exists":
            found: Value | None = self.args[0].get(item, given)
            return needed(self.args[1], item, given) if found is None else found
        left, right = needed(self.args[0], item, given), needed(self.args[1], item, given)
        if "L" not in left or "L" not in right:
            raise ValidationError(WRONG_TYPE)
        if len(left["L"]) + len(right["L"]) > values.MAX_ITEM:  # each member takes at least one byte
            raise ValidationError(UPDATE_TOO_LARGE)
        return {"L": left["L"] + right["L"]}

    def text(self) -> str:
        return f"{self.name}({', '.join(arg.text() for arg in self.args)})"


def needed(operand: Any, item: Item, given: dict[str, Value]) -> Value:
    """Returns an operand's value. Raises ValidationError when it does not exist."""
    found: Value | None = operand.get(item, given)
    if found is None:
        raise ValidationError(NO_ATTRIBUTE)
    return found


_GONE: Value = {}  # placeholder for a removed list member


class _Copy:
    """An item that is being changed: copies each map and list when a change first enters it."""

    def __init__(self, item: Item) -> None:
        self.item: Item = dict(item)
        self._lists: dict[int, list[Value]] = {}  # the copied lists, by id
        self._maps: set[int] = set()
        self._beyond: dict[int, list[tuple[int, Value]]] = {}  # members to append, by the id of their list

    def container(self, path: Path) -> Any:
        """Returns the map or list that holds the last part of a path, as a copy that may be changed.

        Raises ValidationError when there is none.
        """
        holder: Any = self.item
        for part, following in pairwise(path.parts):
            value = _member(holder, part)
            holder = self._enter(holder, part, value, "L" if isinstance(following, int) else "M")
        return holder

    def _enter(self, holder: Any, part: Any, value: Value | None, kind: str) -> Any:
        inner = None if value is None else value.get(kind)
        if inner is None:
            raise ValidationError(INVALID_PATH)
        if id(inner) in self._lists or id(inner) in self._maps:
            return inner
        copied = inner.copy()
        holder[part] = {kind: copied}
        if kind == "L":
            self._lists[id(copied)] = copied
        else:
            self._maps.add(id(copied))
        return copied

    def put(self, path: Path, value: Value) -> None:
        holder, part = self.container(path), path.parts[-1]
        if isinstance(part, int) and part >= len(holder):
            self._beyond.setdefault(id(holder), []).append((part, value))
        else:
            holder[part] = value

    def drop(self, path: Path) -> None:
        holder, part = self.container(path), path.parts[-1]
        if not isinstance(part, int):
            holder.pop(part, None)
        elif part < len(holder):
            holder[part] = _GONE

    def finish(self) -> Item:
        for key, members in self._lists.items():
            if any(member is _GONE for member in members):
                members[:] = [member for member in members if member is not _GONE]
            beyond = self._beyond.get(key)
            if beyond:
                members.extend(value for _, value in sorted(beyond, key=lambda pair: pair[0]))
        return self.item


def _member(holder: Any, part: Any) -> Value | None:
    if isinstance(part, int):
        return holder[part] if part < len(holder) else None
    found: Value | None = holder.get(part)
    return found


def apply(actions: Sequence[Action], item: Item, given: dict[str, Value], *, lists: bool = False) -> Item:
    """Returns the item that results when `actions` are applied to `item`, which stays unchanged.

    `lists`: ADD may append to lists, as in AttributeUpdates. Raises ValidationError with AWS's texts.
    """
    computed: list[tuple[Path, Value | None]] = []
    for action in actions:
        match action:
            case Set(path, operand):
                computed.append((path, needed(operand, item, given)))
            case Remove(path):
                computed.append((path, None))
            case Add(path, operand):
                computed.append((path, added(path.get(item, given), needed(operand, item, given), lists=lists)))
            case Delete(path, operand):
                present = path.get(item, given)
                if present is not None:
                    computed.append((path, taken(present, needed(operand, item, given))))
                elif len(path.parts) > 1:
                    computed.append((path, None))  # nothing to delete from, but the parent must exist
    copy = _Copy(item)
    for path, value in computed:
        if value is None:
            copy.drop(path)
        else:
            copy.put(path, value)
    return copy.finish()


def added(present: Value | None, value: Value, *, lists: bool = False) -> Value:
    """ADD: adds a number to a number, or a set's members to a set (with `lists`, also appends a list to a list)."""
    if present is None:
        return value
    kind, content = values.only(value)
    if kind not in present:
        raise ValidationError(WRONG_TYPE if not lists else "Type mismatch for attribute to update")
    mine = present[kind]
    if kind == "N":
        return {"N": numbers.add(mine, content)}
    if kind == "L" and lists:
        return {"L": mine + content}
    held = set(mine)
    return {kind: values.in_order(kind, mine + [member for member in content if member not in held])}


def taken(present: Value, value: Value) -> Value | None:
    """DELETE: removes the members of one set from another. Returns None for an empty result, which no set may be."""
    kind, content = values.only(value)
    if kind not in present:
        raise ValidationError(WRONG_TYPE)
    gone = set(content)
    left = [member for member in present[kind] if member not in gone]
    return {kind: left} if left else None
