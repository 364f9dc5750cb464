"""What DynamoDB keeps.

Items lie in `ITEMS` under (account, region, box, bucket, partition key, sort key): a box is a table or one index of it,
the bucket a hash of the partition key, so that a scan walks the partitions in hash order as AWS's does and parallel
scans divide them. Index entries are items of their index's box, projected, with the base item's key behind their own.
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
    attributes: list[str] = []  # of INCLUDE
    status: str = "ACTIVE"
    read_units: int = 0
    write_units: int = 0
    increased: float | None = None
    decreased: float | None = None
    on_demand: dict[str, int] = {}
    warm: dict[str, int] = {}


class TableRecord(Record):
    """A table. `box` is where its items lie: never used again, unlike its name."""

    account: str
    region: str
    name: str
    id: str
    box: str
    created: float
    attributes: dict[str, str]  # AttributeDefinitions: name → S N B
    keys: list[str]  # partition key, sort key
    billing: str = "PROVISIONED"
    billing_since: float | None = None  # when it became PAY_PER_REQUEST
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
    warm: dict[str, int] = {}  # WarmThroughput, where it was asked for


TABLES = Table("dynamodb/table", TableRecord, key=lambda t: (t.account, t.region, t.name))


class AttributeValue(TypedDict, total=False):
    """See `values`."""

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

    `json` is the item as the wire has it, numbers canonical: reads that are answered in JSON send it as it is.
    """

    account: str
    region: str
    box: str
    bucket: int
    pk: bytes
    sk: bytes  # empty where the table has no sort key
    base: bytes  # of index entries: the base item's key
    size: int
    json: bytes

    @property
    def item(self) -> dict[str, dict[str, Any]]:
        """Made anew each time it is asked for."""
        return cast("dict[str, dict[str, Any]]", _decode_item(self.json))

    def shown(self, *, as_json: bool) -> Any:
        """The item in an answer: as text where that is wanted (`Context.takes_json`)."""
        return msgspec.Raw(self.json) if as_json else self.item


def _item_to_json(fields: Any) -> Any:
    """Version 1 had the item itself."""
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
    """When an item of a table with TTL is due."""

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
    """How many items and bytes a slice of a table's partitions holds, and its indexes'.

    Sliced by bucket, so that writers on several nodes seldom meet in one record.
    """

    account: str
    region: str
    box: str
    slice: int
    counts: dict[str, list[int]]  # index name ("" for the table) → items, bytes


STATISTICS = Table("dynamodb/statistics", StatisticsRecord, key=lambda s: (s.account, s.region, s.box, s.slice))


class CollectionRecord(Record, array_like=True):
    """The bytes of an item collection, of tables with local indexes: items and local index entries of one partition."""

    account: str
    region: str
    box: str
    bucket: int
    pk: bytes
    size: int


COLLECTIONS = Table("dynamodb/collection", CollectionRecord, key=lambda c: (c.account, c.region, c.box, c.bucket, c.pk))


class TokenRecord(Record):
    """A ClientRequestToken that was used: what for, when, and the units its transaction would cost to read."""

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
