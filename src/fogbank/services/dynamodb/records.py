"""The records that DynamoDB stores.

`ITEMS` holds items under (account, region, box, bucket, partition key, sort key). A box is a table or one of its
indexes. The bucket is a hash of the partition key, so a scan visits partitions in hash order, as AWS's does, and
parallel scans divide the buckets. Index entries are items in their index's box: projected, and with the base item's
key after their own.
"""

from __future__ import annotations

from typing import Any, TypedDict, cast

import msgspec

from fogbank.store.api import Record, Table


class IndexRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A secondary index. `status`: ACTIVE, CREATING (being filled) or DELETING."""

    name: str
    box: str
    local: bool
    keys: list[str]  # partition key, sort key
    projection: str  # ALL KEYS_ONLY INCLUDE
    attributes: list[str] = []  # NonKeyAttributes, with INCLUDE
    status: str = "ACTIVE"
    read_units: int = 0
    write_units: int = 0
    increased: float | None = None
    decreased: float | None = None
    on_demand: dict[str, int] = {}
    warm: dict[str, int] = {}


class TableRecord(Record):
    """A table. `box` is the key space of its items; unlike the table's name, it is never used again."""

    account: str
    region: str
    name: str
    id: str
    box: str
    created: float
    attributes: dict[str, str]  # AttributeDefinitions: name → S N B
    keys: list[str]  # partition key, sort key
    billing: str = "PROVISIONED"
    billing_since: float | None = None  # when the mode became PAY_PER_REQUEST
    read_units: int = 0
    write_units: int = 0
    increased: float | None = None
    decreased: float | None = None
    indexes: list[IndexRecord] = []
    stream: dict[str, Any] = {}  # StreamSpecification
    sse: dict[str, Any] = {}  # SSEDescription
    table_class: str = ""
    table_class_since: float | None = None
    protected: bool = False
    tags: dict[str, str] = {}
    ttl: str = ""  # the attribute that expires items
    ttl_since: float = 0.0  # when TTL was last changed
    recovery: bool = False  # point-in-time recovery: recorded only
    recovery_since: float = 0.0
    recovery_days: int = 35
    on_demand: dict[str, int] = {}
    warm: dict[str, int] = {}  # WarmThroughput, when a request set it


TABLES = Table("dynamodb/table", TableRecord, key=lambda t: (t.account, t.region, t.name))


class AttributeValue(TypedDict, total=False):
    """An attribute value; see `values`."""

    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    L: list[AttributeValue]
    M: dict[str, AttributeValue]


encode_item = msgspec.json.Encoder().encode
_decode_item = msgspec.json.Decoder(dict[str, AttributeValue]).decode


class ItemRecord(Record, array_like=True):
    """An item or an index entry. `size` is its bytes as AWS counts them.

    `json` is the item in the form of the wire, with canonical numbers: JSON answers contain it unchanged.
    """

    account: str
    region: str
    box: str
    bucket: int
    pk: bytes
    sk: bytes  # empty where the table has no sort key
    base: bytes  # the base item's key, in index entries
    size: int
    json: bytes

    @property
    def item(self) -> dict[str, dict[str, Any]]:
        """Decodes the item; returns a new object on every access."""
        return cast("dict[str, dict[str, Any]]", _decode_item(self.json))

    def shown(self, *, as_json: bool) -> Any:
        """Returns the item for an answer: as JSON text if the answer may hold it (`Context.takes_json`)."""
        return msgspec.Raw(self.json) if as_json else self.item


def _item_to_json(fields: Any) -> Any:
    """Migrates version 1, which stored the item itself."""
    *first, item = fields
    return [*first, encode_item(item)]


ITEMS = Table(
    "dynamodb/item",
    ItemRecord,
    key=lambda i: (i.account, i.region, i.box, i.bucket, i.pk, i.sk, i.base),
    version=2,
    migrations={1: _item_to_json},
)


class ExpiryRecord(Record, array_like=True):
    """The time at which an item of a table with TTL expires."""

    account: str
    region: str
    box: str
    due: int  # epoch seconds
    bucket: int
    pk: bytes
    sk: bytes


EXPIRIES = Table(
    "dynamodb/expiry", ExpiryRecord, key=lambda e: (e.account, e.region, e.box, e.due, e.bucket, e.pk, e.sk)
)


class StatisticsRecord(Record):
    """The number and bytes of items in one slice of a table's partitions, for the table and its indexes.

    Sliced by bucket, so that writers on several nodes seldom change the same record.
    """

    account: str
    region: str
    box: str
    slice: int
    counts: dict[str, list[int]]  # index name ("" for the table) → items, bytes


STATISTICS = Table("dynamodb/statistics", StatisticsRecord, key=lambda s: (s.account, s.region, s.box, s.slice))


class CollectionRecord(Record, array_like=True):
    """The bytes of an item collection: the items and local index entries of one partition.

    Only tables with local indexes have such records.
    """

    account: str
    region: str
    box: str
    bucket: int
    pk: bytes
    size: int


COLLECTIONS = Table("dynamodb/collection", CollectionRecord, key=lambda c: (c.account, c.region, c.box, c.bucket, c.pk))


class TokenRecord(Record):
    """A used ClientRequestToken: the digest of its request, the time, and the sizes of the items.

    A repeated request is charged for reading these items.
    """

    account: str
    region: str
    token: str
    digest: bytes
    at: int  # epoch milliseconds
    sizes: list[tuple[str, int]] = []  # table name and bytes of each item


TOKENS = Table(
    "dynamodb/token",
    TokenRecord,
    key=lambda t: (t.account, t.region, t.token),
    indexes={"age": lambda t: (t.account, t.region, t.at)},
)
