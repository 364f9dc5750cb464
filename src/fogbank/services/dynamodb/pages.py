"""Pages of items: their bounds, the attributes they show, and their cost."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from msgspec import Raw

from fogbank.core.errors import ValidationError
from fogbank.store.api import Key, Reader

from . import legacy
from .capacity import consumed
from .expressions.binding import Test
from .expressions.compiled import Projection
from .expressions.keys import KeyConditions
from .expressions.paths import Part, project
from .keys import MAX_HASH, MAX_RANGE, Place, bucket_of, key_bytes, successor, unpacked
from .records import ITEMS, ItemRecord
from .schema import Index, KeySchema, Schema
from .units import read_units
from .values import INVALID, Item, admit, begins_with, compare, equal, kind_of

PAGE = 1024 * 1024  # bytes
SLICE = 500  # records that one transaction reads before others get their turn
FIRST = 16  # records in a first read without any known size: 500 could be 200 MB
MOST = 128  # records in a first read, at most, when the last page's sizes are known
START_INVALID = "The provided starting key is invalid"
FullKey = tuple[str, str, str, int, bytes, bytes, bytes]


# -- what is chosen ----------------------------------------------------------------------------------


class Selection:
    """Select, ProjectionExpression and AttributesToGet of a read."""

    def __init__(self, req: dict[str, Any], projection: Projection | None) -> None:
        self.select = req.get("Select")
        self.indexed = req.get("IndexName") is not None
        self.paths: tuple[tuple[Part, ...], ...] | None = None
        self.nested: frozenset[str] = frozenset()
        self.heads: frozenset[str] = frozenset()
        names = req.get("AttributesToGet")
        parameter = "ProjectionExpression"
        if projection is not None:
            self.paths, self.nested, self.heads = projection.paths, projection.nested, projection.heads
        elif names is not None:
            self.paths, self.heads = legacy.attributes_to_get(names), frozenset(names)
            parameter = "AttributesToGet"
        if self.paths is not None and self.select not in (None, "SPECIFIC_ATTRIBUTES"):
            raise ValidationError(f"{INVALID}Cannot specify the {parameter} when choosing to get {self.select}")
        if self.paths is None and self.select == "SPECIFIC_ATTRIBUTES":
            raise ValidationError(
                f"{INVALID}Must specify the AttributesToGet or ProjectionExpression when choosing to get "
                "SPECIFIC_ATTRIBUTES"
            )
        if self.select == "ALL_PROJECTED_ATTRIBUTES" and not self.indexed:
            raise ValidationError(
                f"{INVALID}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
            )

    @property
    def counts(self) -> bool:
        return self.select == "COUNT"

    def check(self, schema: Schema, index: Index | None) -> None:
        """Raises ValidationError for attributes that a global index does not project."""
        if index is None or index.local or index.projected is None:
            return
        if self.select == "ALL_ATTRIBUTES":
            raise ValidationError(
                f"{INVALID}Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} "
                "because its projection type is not ALL"
            )
        missing = [name for name in sorted(self.heads) if name not in index.projected]
        if missing:
            raise ValidationError(
                f"{INVALID}Global secondary index {index.name} does not project [{', '.join(missing)}]"
            )

    def fetches(self, index: Index) -> bool:
        """Returns whether a read completes a local index's entries from the table."""
        if not index.local or index.projected is None:
            return False
        return self.select == "ALL_ATTRIBUTES" or not self.heads <= index.projected

    @property
    def whole(self) -> bool:
        """Returns whether items are returned unprojected."""
        return self.paths is None

    def apply(self, items: list[Any]) -> list[Any]:
        paths = self.paths
        return items if paths is None else [project(paths, item) for item in items]


# -- where a page begins and ends ----------------------------------------------------------------------------------


class Span(NamedTuple):
    """A range of keys in the store."""

    prefix: Key
    start: Key | None
    end: Key | None


def bounds(schema: Schema, index: Index | None, conditions: KeyConditions) -> Span:
    """Returns the range that key conditions select. Raises ValidationError for conditions that do not fit the keys."""
    keys = index.keys if index is not None else schema.keys
    wanted = conditions.get(keys.hash)
    if len(conditions) > 1 or wanted is None or wanted[0] != "EQ" or kind_of(wanted[1][0]) != keys.hash_kind:
        _check_conditions(keys, conditions)
    operator, given = conditions[keys.hash]
    if operator != "EQ":
        raise ValidationError("Query key condition not supported")
    pk = key_bytes(keys.hash, given[0], keys.hash_kind, MAX_HASH)
    box = index.box if index is not None else schema.box
    prefix = (schema.account, schema.region, box, bucket_of(pk), pk)
    if keys.range is None or keys.range not in conditions:
        return Span(prefix, None, None)
    operator, given = conditions[keys.range]
    ends = [_range_bytes(keys, value) for value in given]
    start, end = _range(operator, ends)
    return Span(prefix, None if start is None else (*prefix, start), None if end is None else (*prefix, end))


def _range_bytes(keys: KeySchema, value: dict[str, Any]) -> bytes:
    assert keys.range is not None
    admit(value)
    return key_bytes(keys.range, value, keys.range_kind, MAX_RANGE)


def _range(operator: str, ends: list[bytes]) -> tuple[bytes | None, bytes | None]:
    """Returns the sort keys (from, included; to, excluded). x + 00 is the immediate successor of x."""
    first = ends[0]
    match operator:
        case "EQ":
            return first, first + b"\x00"
        case "LT":
            return None, first
        case "LE":
            return None, first + b"\x00"
        case "GT":
            return first + b"\x00", None
        case "GE":
            return first, None
        case "BETWEEN":
            return first, ends[1] + b"\x00"
    return first, successor(first)


def _check_conditions(keys: KeySchema, conditions: KeyConditions) -> None:
    if len(conditions) > len(keys.names):
        if len(keys.names) == 1:
            raise ValidationError("Query key condition not supported")
        raise ValidationError(
            f"The number of query conditions ({len(conditions)}) exceeds the number of key attributes defined in the "
            f"schema ({len(keys.names)})"
        )
    for name in keys.names:
        if name not in conditions:
            if name == keys.hash or len(conditions) > 1:
                raise ValidationError(f"Query condition missed key schema element: {name}")
            continue
        operator, given = conditions[name]
        if any(kind_of(value) != keys.kind(name) for value in given):
            raise ValidationError(f"{INVALID}Condition parameter type does not match schema type")
        if operator == "BEGINS_WITH" and keys.kind(name) == "N":
            raise ValidationError(f"{INVALID}Condition parameter type does not match schema type")


def start_place(schema: Schema, index: Index | None, start: Item) -> FullKey:
    """Returns the key after which ExclusiveStartKey makes a page begin. Raises ValidationError for an invalid one."""
    for value in start.values():
        try:
            admit(value)
        except ValidationError as problem:
            raise ValidationError(f"{START_INVALID}: {problem.message}") from None
    names = list(dict.fromkeys([*schema.keys.names, *(index.keys.names if index is not None else ())]))
    if start.keys() != set(names):
        if index is not None:
            raise ValidationError(START_INVALID)
        raise ValidationError(f"{START_INVALID}: The provided key element does not match the schema")
    try:
        place = schema.place({name: start[name] for name in schema.keys.names})
        if index is None:
            return schema.key(place)
        entry = _index_place(index.keys, start)
    except ValidationError as problem:
        raise ValidationError(f"{START_INVALID}: {problem.message}") from None
    return (schema.account, schema.region, index.box, entry.bucket, entry.pk, entry.sk, place.packed())


def _index_place(keys: KeySchema, start: Item) -> Place:
    pk = key_bytes(keys.hash, start[keys.hash], keys.hash_kind, MAX_HASH)
    sk = b"" if keys.range is None else key_bytes(keys.range, start[keys.range], keys.range_kind, MAX_RANGE)
    return Place(bucket_of(pk), pk, sk)


def check_start(keys: KeySchema, conditions: KeyConditions, start: Item) -> None:
    """Raises ValidationError unless ExclusiveStartKey lies within the range of a Query."""
    _, (wanted, *_) = conditions[keys.hash]
    same = equal(start[keys.hash], wanted)
    if keys.range is None or keys.range not in conditions:
        if not same:
            raise ValidationError("The provided starting key is outside query boundaries based on provided conditions")
        return
    operator, given = conditions[keys.range]
    if not _satisfies(start[keys.range], operator, given):
        raise ValidationError("The provided starting key does not match the range key predicate")
    if not same:
        raise ValidationError("The query can return at most one row and cannot be restarted")


def _satisfies(value: dict[str, Any], operator: str, given: list[dict[str, Any]]) -> bool:
    if operator == "BEGINS_WITH":
        return begins_with(value, given[0])
    order = compare(value, given[0])
    if order is None:
        return False
    if operator == "BETWEEN":
        return order >= 0 and (compare(value, given[1]) or 0) <= 0
    tests: dict[str, bool] = {
        "EQ": order == 0, "LT": order < 0, "LE": order <= 0, "GT": order > 0, "GE": order >= 0,
    }  # fmt: skip
    return tests[operator]


def key_values(schema: Schema, index: Index | None, item: Item) -> Item:
    """Returns LastEvaluatedKey: an item's keys, including those of the index."""
    names = schema.keys.names if index is None else dict.fromkeys([*schema.keys.names, *index.keys.names])
    return {name: item[name] for name in names}


# -- the page ----------------------------------------------------------------------------------


class Slice(NamedTuple):
    """The records that one transaction read, the items to show for them, and the cost of completing these.

    Items are shown as they are, or completed from the table.
    """

    records: list[ItemRecord]
    items: list[Any]  # Item, or msgspec.Raw
    fetched: list[int]  # bytes of items that were completed from the table
    complete: bool  # no record follows
    size: int  # bytes of the records' items


def read_slice(
    tx: Reader,
    schema: Schema,
    span: Span,
    after: FullKey | None,
    *,
    reverse: bool,
    limit: int,
    room: int,
    first: int,
    whole: bool,
    as_json: bool,
) -> Slice:
    """Reads up to `limit` records or `room` bytes.

    `whole`: entries of a local index are completed from their items. `as_json`: no code inspects the items, so they
    may stay JSON text.
    """
    records, size, complete = _records(tx, span, after, reverse, limit, room, first)
    if not whole:
        if as_json:
            return Slice(records, [Raw(record.json) for record in records], [], complete, size)
        return Slice(records, [record.item for record in records], [], complete, size)
    items: list[Any] = []
    fetched: list[int] = []
    for record in records:
        full = tx.get(ITEMS, schema.key(unpacked(record.base)))
        items.append((record if full is None else full).shown(as_json=as_json))
        fetched.append(full.size if full is not None else 0)
    return Slice(records, items, fetched, complete, size)


def _records(
    tx: Reader, span: Span, after: FullKey | None, reverse: bool, limit: int, room: int, step: int
) -> tuple[list[ItemRecord], int, bool]:
    """Returns the records that fit, their bytes, and whether no record follows.

    Reads in steps, each as large as the record sizes so far suggest.
    """
    records: list[ItemRecord] = []
    size = 0
    while True:
        step = min(step, limit - len(records))
        found = tx.page(ITEMS, span.prefix, start=span.start, end=span.end, after=after, reverse=reverse, limit=step)
        records += found
        size += sum([record.size for record in found])
        if size >= room:
            return *_fitting(records, room), False
        if len(found) < step:
            return records, size, True
        if len(records) == limit:
            return records, size, False
        after = cast(FullKey, ITEMS.key(found[-1]))
        step = expected(len(records), size, room - size)


def expected(count: int, size: int, room: int) -> int:
    """Returns how many records to read next, to fill `room` bytes after `count` records of `size` bytes.

    At most four times `count`, since few records predict the rest badly.
    """
    return min(4 * count, room * count // size + 1)


def _fitting(records: list[ItemRecord], room: int) -> tuple[list[ItemRecord], int]:
    """Returns the first records, up to and including the one that fills the room, and their bytes."""
    size = 0
    for count, record in enumerate(records, 1):
        size += record.size
        if size >= room:
            return records[:count], size
    return records, size


class Page:
    """A page in the making: collects up to `limit` records or 1 MB, filters their items and counts what was read."""

    def __init__(self, limit: int | None, test: Test | None) -> None:
        self.items: list[Any] = []
        self.scanned = 0
        self.last: ItemRecord | None = None  # the last record read, when another page follows
        self.size = 0
        self.fetched: list[int] = []
        self._limit = limit
        self._test = test

    @property
    def room(self) -> int:
        """Bytes that still fit on the page."""
        return PAGE - self.size

    @property
    def left(self) -> int:
        """Records that still fit on the page, at most SLICE."""
        return SLICE if self._limit is None else min(SLICE, self._limit - self.scanned)

    def first(self, schema: Schema) -> int:
        """Returns the number of records to read first in a slice."""
        if self.scanned:
            return expected(self.scanned, self.size, self.room)
        return min(self.room // schema.typical + 1, MOST) if schema.typical else FIRST

    def add(self, found: Slice) -> None:
        """Adds a slice. Sets `last` when the page is full."""
        test, records = self._test, found.records
        self.scanned += len(records)
        self.size += found.size
        self.fetched += found.fetched
        self.items += found.items if test is None else filter(test, found.items)
        if records and (self.size >= PAGE or self.scanned == self._limit):
            self.last = records[-1]

    def fetched_units(self, consistent: bool) -> float:
        return sum(read_units(size, consistent) for size in self.fetched)

    def consumed(self, req: dict[str, Any], schema: Schema, index: str, units: float) -> dict[str, Any] | None:
        wanted = req["ReturnConsumedCapacity"]
        if not index:
            return consumed(wanted, schema, units)
        return consumed(wanted, schema, self.fetched_units(bool(req.get("ConsistentRead"))), {index: units})
