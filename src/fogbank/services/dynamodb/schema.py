"""A table's description as data operations use it: its keys, and the places of items and index entries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fogbank.core.arns import partition_of
from fogbank.core.errors import ValidationError

from . import numbers
from .keys import (
    MAX_HASH,
    MAX_RANGE,
    MISMATCH,
    NOT_VALID,
    Place,
    bucket_of,
    empty,
    encoded,
    key_bytes,
    too_long,
)
from .records import IndexRecord, ItemRecord, TableRecord, encode_item
from .values import INVALID, Item, Value, kind_of, size_of

NAMESPACE = "AWS/DynamoDB"


class KeySchema:
    """The key attributes of a table or an index, and their types."""

    __slots__ = ("hash", "hash_kind", "names", "range", "range_kind", "together")

    def __init__(self, keys: list[str], kinds: Mapping[str, str]) -> None:
        self.names = tuple(keys)
        self.together = frozenset(keys)
        self.hash = keys[0]
        self.hash_kind = kinds[keys[0]]
        self.range = keys[1] if len(keys) > 1 else None
        self.range_kind = kinds[keys[1]] if len(keys) > 1 else ""

    def kind(self, name: str) -> str:
        return self.hash_kind if name == self.hash else self.range_kind


class Index:
    """A secondary index of a table."""

    __slots__ = ("box", "keys", "local", "name", "projected", "record")

    def __init__(self, record: IndexRecord, table: TableRecord) -> None:
        self.record = record
        self.name = record.name
        self.box = record.box
        self.local = record.local
        self.keys = KeySchema(record.keys, table.attributes)
        # the attributes it projects; None: all
        self.projected = (
            None if record.projection == "ALL" else frozenset((*table.keys, *record.keys, *record.attributes))
        )

    @property
    def readable(self) -> bool:
        return self.record.status == "ACTIVE"

    def project(self, item: Item) -> Item:
        projected = self.projected
        if projected is None:
            return item
        return {name: value for name, value in item.items() if name in projected}


class Schema:
    """A table's description."""

    __slots__ = (
        "account", "arn", "box", "indexes", "keys", "local", "name", "reads", "record", "region", "typical", "writes",
    )  # fmt: skip

    def __init__(self, record: TableRecord) -> None:
        self.record = record
        self.account, self.region, self.name, self.box = record.account, record.region, record.name, record.box
        self.arn = table_arn(record.account, record.region, record.name)
        self.keys = KeySchema(record.keys, record.attributes)
        self.indexes = {index.name: Index(index, record) for index in record.indexes}
        self.local = any(index.local for index in record.indexes)
        self.typical = 0  # average bytes of an item on the page read last; 0: no page was read
        self.reads, self.writes = (  # CloudWatch metrics
            (self.account, self.region, NAMESPACE, f"Consumed{kind}CapacityUnits", (("TableName", self.name),))
            for kind in ("Read", "Write")
        )

    # -- where items lie ---------------------------------------------------------------------------------------------

    def place(self, key: Item) -> Place:
        """Returns the place of the item with this Key parameter.

        Raises ValidationError unless it is a key of this table.
        """
        keys = self.keys
        if key.keys() != keys.together:
            for name, value in key.items():
                if name in keys.names:
                    key_bytes(name, value, keys.kind(name), MAX_HASH if name == keys.hash else MAX_RANGE)
            raise ValidationError(MISMATCH)
        pk = key_bytes(keys.hash, key[keys.hash], keys.hash_kind, MAX_HASH)
        sk = b"" if keys.range is None else key_bytes(keys.range, key[keys.range], keys.range_kind, MAX_RANGE)
        return Place(bucket_of(pk), pk, sk)

    def item_place(self, item: Item) -> Place:
        """Returns the place of an admitted item. Raises ValidationError when a key is missing or has the wrong type."""
        keys = self.keys
        pk = _own_key(item, keys.hash, keys.hash_kind, MAX_HASH)
        sk = b"" if keys.range is None else _own_key(item, keys.range, keys.range_kind, MAX_RANGE)
        return Place(bucket_of(pk), pk, sk)

    def key(self, place: Place) -> tuple[str, str, str, int, bytes, bytes, bytes]:
        """Returns an item's key in the store."""
        return (self.account, self.region, self.box, place.bucket, place.pk, place.sk, b"")

    def record_of(self, place: Place, item: Item, size: int) -> ItemRecord:
        return ItemRecord(
            account=self.account,
            region=self.region,
            box=self.box,
            bucket=place.bucket,
            pk=place.pk,
            sk=place.sk,
            base=b"",
            size=size,
            json=encode_item(item),
        )

    def key_of(self, item: Item) -> Item:
        """Returns the key attributes of an item."""
        return {name: item[name] for name in self.keys.names}

    # -- indexes -----------------------------------------------------------------------------------------------------

    def check_index_keys(self, item: Item, names: frozenset[str] | None = None) -> None:
        """Raises ValidationError unless the item's index keys have the right types.

        With `names`, checks only these attributes.
        """
        for index in self.indexes.values():
            for name in index.keys.names:
                value = item.get(name)
                if value is None or name in self.keys.names or (names is not None and name not in names):
                    continue
                kind = index.keys.kind(name)
                if kind not in value:
                    raise ValidationError(
                        f"{INVALID}Type mismatch for Index Key {name} Expected: {kind} Actual: {kind_of(value)} "
                        f"IndexName: {index.name}"
                    )
                content = value[kind]
                if not content:
                    raise ValidationError(
                        f"{NOT_VALID}A value specified for a secondary index key is not supported. "
                        f"{empty(kind, f'IndexName: {index.name}, IndexKey: {name}')}"
                    )
                limit = MAX_HASH if name == index.keys.hash else MAX_RANGE
                if kind != "N" and len(encoded(kind, content)) > limit:
                    raise ValidationError(too_long(limit))

    def entry(self, index: Index, item: Item, place: Place) -> ItemRecord | None:
        """Returns an item's entry in an index; None when the item lacks an index key, or has one of the wrong type."""
        keys = index.keys
        found = item.get(keys.hash)
        if found is None or keys.hash_kind not in found:
            return None
        pk = encoded(keys.hash_kind, found[keys.hash_kind])
        sk = b""
        if keys.range is not None:
            found = item.get(keys.range)
            if found is None or keys.range_kind not in found:
                return None
            sk = encoded(keys.range_kind, found[keys.range_kind])
        projected = index.project(item)
        return ItemRecord(
            account=self.account,
            region=self.region,
            box=index.box,
            bucket=bucket_of(pk),
            pk=pk,
            sk=sk,
            base=place.packed(),
            size=size_of(projected),
            json=encode_item(projected),
        )

    def index(self, name: str) -> Index:
        """Returns the index of this name. Raises ValidationError when there is none, or while it is being filled."""
        found = self.indexes.get(name)
        if found is None:
            raise ValidationError(f"The table does not have the specified index: {name}")
        if found.record.status == "CREATING":
            raise ValidationError(f"Cannot read from backfilling global secondary index: {name}")
        if found.record.status == "DELETING":
            raise ValidationError(f"The table does not have the specified index: {name}")
        return found

    # -- expressions -------------------------------------------------------------------------------------------------

    def check_nested(self, nested: frozenset[str], *keys: KeySchema) -> None:
        """Raises ValidationError for a path that leads into a key attribute: keys are scalars."""
        for schema in (self.keys, *keys):
            for name in schema.names:
                if name in nested:
                    raise ValidationError(
                        f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                        f"Key: {name}"
                    )

    def expiry(self, item: Item) -> int | None:
        """Returns when an item expires, in epoch seconds, by the table's TTL attribute; None: never."""
        value = item.get(self.record.ttl) if self.record.ttl else None
        if value is None or "N" not in value:
            return None
        text: str = value["N"]
        whole = text.partition(".")[0]
        return int(whole) if len(whole) <= 12 else None


def _own_key(item: Item, name: str, kind: str, limit: int) -> bytes:
    value: Value | None = item.get(name)
    if value is None:
        raise ValidationError(f"{INVALID}Missing the key {name} in the item")
    if kind not in value:
        raise ValidationError(f"{INVALID}Type mismatch for key {name} expected: {kind} actual: {kind_of(value)}")
    content: Any = value[kind]
    if kind == "N":
        return numbers.sortable(content)
    if not content:
        raise ValidationError(NOT_VALID + empty(kind, f"Key: {name}"))
    found: bytes = content.encode() if kind == "S" else content
    if len(found) > limit:
        raise ValidationError(too_long(limit))
    return found


@lru_cache(4096)
def table_arn(account: str, region: str, name: str) -> str:
    return f"arn:{partition_of(region)}:dynamodb:{region}:{account}:table/{name}"
