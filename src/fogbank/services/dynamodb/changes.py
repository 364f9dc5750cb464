"""The writes that requests ask for: those of PutItem, UpdateItem and DeleteItem, and the parts of a transaction.

change = Put(req)                     # checks everything that needs no table: ValidationError
done = perform(tx, schema, change)    # checks the condition, writes the item and its index entries
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.core.errors import ValidationError
from fogbank.store.api import Transaction

from . import legacy
from .errors import ConditionalCheckFailed
from .expressions.actions import UPDATE_TOO_LARGE, Action, Delete, Remove, apply
from .expressions.binding import Binding, Test
from .keys import MAX_HASH, MAX_RANGE, Place, encoded
from .records import ITEMS, ItemRecord
from .schema import Schema
from .units import write_units
from .values import INVALID, LEVELS, MAX_ITEM, TOO_DEEP, Item, admit_item, depth, size_of
from .writes import change as write

TOO_LARGE = "Item size has exceeded the maximum allowed size"
_NOTHING: frozenset[str] = frozenset()


class Change:
    """A write of one item. `test` is its condition; `shows_old` tells whether a failed condition returns the item."""

    expressions: tuple[str, ...] = ("ConditionExpression",)
    legacy: tuple[str, ...] = ("Expected", "ConditionalOperator")

    def __init__(self, req: Mapping[str, Any], *, transaction: bool = False) -> None:
        self.req = req
        self.shows_old = req.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        self.test: Test | None = None
        self.nested = _NOTHING  # attributes whose inner parts the condition reads
        self.mentioned = _NOTHING  # attributes that the condition mentions
        self._binding = Binding(req, expressions=self.expressions, legacy=() if transaction else self.legacy)
        self.read()
        self._read_condition()
        self._binding.finish()

    def read(self) -> None:
        """Checks the members that only this operation has."""

    def _read_condition(self) -> None:
        req, binding = self.req, self._binding
        condition = binding.condition("ConditionExpression")
        if condition is not None:
            self.test = binding.test(condition)
            self.nested, self.mentioned = condition.nested, condition.heads
            return
        legacy.check_operator(req, "Expected")
        expected = req.get("Expected")
        if expected:
            root: Any = legacy.expected_condition(expected, req.get("ConditionalOperator"))
            self.test = lambda item: bool(root.test(item, {}))

    def place(self, schema: Schema) -> Place:
        """Returns the item's place. Raises ValidationError when the key does not fit the table."""
        return schema.place(self.req["Key"])

    def check(self, schema: Schema) -> None:
        """Checks, before the item is read, what needs the table's schema."""
        if self.nested:
            schema.check_nested(self.nested)

    def made(self, schema: Schema, old: ItemRecord | None) -> tuple[Item | None, int]:
        """Returns the new item (None: no item) and its size."""
        raise NotImplementedError


class Put(Change):
    def read(self) -> None:
        self.size = admit_item(self.req["Item"])
        if self.size > MAX_ITEM:
            raise ValidationError(TOO_LARGE)

    def place(self, schema: Schema) -> Place:
        item = self.req["Item"]
        place = schema.item_place(item)
        if schema.indexes:
            schema.check_index_keys(item)
        return place

    def made(self, schema: Schema, old: ItemRecord | None) -> tuple[Item | None, int]:
        return self.req["Item"], self.size


class Removal(Change):
    """A DeleteItem."""

    def made(self, schema: Schema, old: ItemRecord | None) -> tuple[Item | None, int]:
        return None, 0


class Check(Change):
    """A transaction's ConditionCheck, which changes nothing."""

    def made(self, schema: Schema, old: ItemRecord | None) -> tuple[Item | None, int]:
        return (old.item, old.size) if old is not None else (None, 0)


class Update(Change):
    expressions = ("UpdateExpression", "ConditionExpression")
    legacy = ("AttributeUpdates", "Expected", "ConditionalOperator")

    def read(self) -> None:
        found = self._binding.update()
        self.actions: tuple[Action, ...]
        if found is not None:
            self.actions, self.paths, self.heads = found.actions, found.paths, found.heads
            self.inside = found.nested
        else:
            self.actions = legacy.update_actions(self.req.get("AttributeUpdates") or {})
            self.paths = tuple(action.path.parts for action in self.actions)
            self.heads, self.inside = frozenset(action.path.head for action in self.actions), _NOTHING
        self.by_expression = found is not None

    def check(self, schema: Schema) -> None:
        super().check(schema)
        for name in schema.keys.names:
            if name in self.heads:
                raise ValidationError(f"{INVALID}Cannot update attribute {name}. This attribute is part of the key")

    def made(self, schema: Schema, old: ItemRecord | None) -> tuple[Item | None, int]:
        if old is None and self.actions and all(isinstance(action, Remove | Delete) for action in self.actions):
            return None, 0  # there is nothing to remove: AWS does not create the item
        before = old.item if old is not None else {name: self.req["Key"][name] for name in schema.keys.names}
        item = apply(self.actions, before, self._binding.values, lists=not self.by_expression)
        if schema.indexes:
            self._check_index_keys(schema, item)
        for name in self.inside:
            if name in item and depth(item[name]) > LEVELS:
                raise ValidationError(TOO_DEEP)
        size = size_of(item)
        if size > MAX_ITEM:
            raise ValidationError(UPDATE_TOO_LARGE)
        return item, size

    def _check_index_keys(self, schema: Schema, item: Item) -> None:
        for index in schema.indexes.values():
            for name in index.keys.names:
                if name not in self.heads or name not in item:
                    continue
                kind = index.keys.kind(name)
                if kind not in item[name]:
                    if not self.by_expression:
                        break
                    raise ValidationError(
                        "The update expression attempted to update the secondary index key to unsupported type"
                    )
                if not item[name][kind] and kind != "N":
                    word = "string" if kind == "S" else "binary"
                    raise ValidationError(
                        "One or more parameter values are not valid. The update expression attempted to update a "
                        "secondary index key to a value that is not supported. The AttributeValue for a key attribute "
                        f"cannot contain an empty {word} value."
                    )
                limit = MAX_HASH if name == index.keys.hash else MAX_RANGE
                if kind != "N" and len(encoded(kind, item[name][kind])) > limit:
                    raise ValidationError(
                        "The update expression attempted to update the secondary index key beyond allowed size limits"
                    )
        schema.check_index_keys(item, self.heads)


class Done(NamedTuple):
    """The outcome of a change."""

    place: Place
    old: ItemRecord | None
    item: Item | None
    units: float  # write units of the table
    indexes: dict[str, float]  # write units of each index


def perform(tx: Transaction, schema: Schema, change: Change) -> Done:
    """Carries out one change. Raises ConditionalCheckFailed, ValidationError."""
    place = change.place(schema)
    change.check(schema)
    old = tx.get(ITEMS, schema.key(place))
    if change.test is not None and not change.test(old.item if old is not None else {}):
        raise failed(change, old)
    item, size = change.made(schema, old)
    indexes: dict[str, float] = {}
    if not isinstance(change, Check) and not (item is None and old is None):
        indexes = write(tx, schema, place, old, item, size)
    return Done(place, old, item, write_units(old.size if old is not None else 0, size), indexes)


def failed(change: Change, old: ItemRecord | None) -> ConditionalCheckFailed:
    if change.shows_old and old is not None:
        return ConditionalCheckFailed(None, Item=old.item)
    return ConditionalCheckFailed()
