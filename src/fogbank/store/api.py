"""The store's interface: typed records in ordered tables, changed in transactions.

The service that owns a table declares it once, at module level:

    class Queue(Record, tag=...):           # a msgspec.Struct
        account: str; region: str; name: str; arn: str

    QUEUES = Table("sqs/queue", Queue, key=lambda q: (q.account, q.region, q.name),
                   indexes={"arn": lambda q: (q.arn,)})

Keys and index entries are tuples of str, bytes, int, bool and None. They sort element by element (None < bool < int <
bytes < str; ints by value, str by their UTF-8 bytes). An index function returns one entry, a list of entries, or None
(the index is sparse: it leaves this record out). Entries need not be unique. Indexes are updated in the same
transaction as the record.

Transactions are serialisable. Nothing external may happen inside one: no await, no clock, and no id except from the
context. Neither write transactions nor reads nest: pass `tx` on. A scan is lazy. It reads the current state of the
transaction beyond its position, so code may change records while it walks them. A scan ends with its transaction;
continuing it later raises RuntimeError.

On a networked engine, commit raises `Conflict` when the transaction collided with another one. The pipeline then
repeats the whole function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

KeyPart = str | bytes | int | bool | None
Key = tuple[KeyPart, ...]


class Record(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A stored record. New fields get a default; any other change raises the table's version and adds a migration."""


R = TypeVar("R", bound=Record)
Migration = Callable[[dict[str, Any]], dict[str, Any]]


class Table(Generic[R]):
    """An ordered collection of one record type.

    `migrations[n]` takes the plain dict of a record written at version n and returns one of version n + 1. Migrations
    run when a record is read, so opening an old data directory costs nothing.
    """

    def __init__(
        self,
        name: str,
        record: type[R],
        key: Callable[[R], Key],
        indexes: Mapping[str, Callable[[R], Key | Sequence[Key] | None]] | None = None,
        version: int = 1,
        migrations: Mapping[int, Migration] | None = None,
    ) -> None:
        self.name = name
        self.record = record
        self.key = key
        self.indexes = dict(indexes or {})
        self.version = version
        self.migrations = dict(migrations or {})
        self.codec: Any = None  # store.records.Codec, created on first use
        missing = [n for n in range(1, version) if n not in self.migrations]
        if missing:
            raise ValueError(f"table {name}: version {version} lacks the migrations from {missing}")


class Reader(Protocol):
    """A consistent view of the store."""

    def get(self, table: Table[R], key: Key) -> R | None:
        """The record under `key`, or None."""
        ...

    def scan(
        self,
        table: Table[R],
        prefix: Key = (),
        *,
        start: Key | None = None,
        end: Key | None = None,
        after: Key | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[R]:
        """Records whose key begins with `prefix`, in key order (descending when `reverse`).

        `start` and `end` bound the whole key: start <= key < end, in either direction. `after` is a whole key: the scan
        returns only records strictly beyond it in the direction of travel. Pagination uses it; that key need not exist
        any more.
        """
        ...

    def page(
        self,
        table: Table[R],
        prefix: Key = (),
        *,
        limit: int,
        start: Key | None = None,
        end: Key | None = None,
        after: Key | None = None,
        reverse: bool = False,
    ) -> list[R]:
        """Like `scan` with this limit, but returns a list read at once. Cheaper when the caller wants all of it."""
        ...

    def scan_index(
        self,
        table: Table[R],
        index: str,
        prefix: Key = (),
        *,
        start: Key | None = None,
        end: Key | None = None,
        after: tuple[Key, Key] | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[R]:
        """Records by an index entry, then by key; `start`/`end` bound the entry, `after` is (entry, record key)."""
        ...

    def first(self, table: Table[R], index: str, entry: Key) -> R | None:
        """The first record whose index entry equals `entry`, or None."""
        ...

    def count(self, table: Table[R], prefix: Key = (), *, index: str = "", start: Key | None = None) -> int:
        """Count the records whose key begins with `prefix`, from `start` on.

        Walks their rows, but does not decode the records. With an `index`, `prefix` and `start` apply to its entries.
        """
        ...

    def tables(self) -> list[str]:
        """The names of all tables that were ever written to, in order."""
        ...


class Transaction(Reader, Protocol):
    """A transaction that may change the store. It sees its own writes."""

    def put(self, table: Table[R], record: R, *, new: bool = False) -> None:
        """Insert or replace a record; its index entries follow. With `new` the caller knows that there is none yet."""
        ...

    def delete(self, table: Table[R], key: Key) -> bool:
        """Remove a record and its index entries. Returns whether the record existed."""
        ...

    def signal(self, topic: str) -> None:
        """Wake all watchers of `topic`, on every node, once this transaction has committed."""
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` in this process right after the commit. For caches only: a crash loses the action."""
        ...


class Conflict(Exception):
    """The transaction collided with another one; repeat it from the start."""


class StoreError(Exception):
    """The store cannot do its work; the message says what happened and what to do.

    StoreError
    ├── StoreFull
    ├── StoreCorrupt
    ├── StoreLocked
    ├── StoreReadOnly
    ├── StoreTooNew
    └── StoreUnavailable
    """


class StoreFull(StoreError):
    """The disk (or the configured quota) is full: nothing of the transaction was applied."""


class StoreCorrupt(StoreError):
    """The store's file is damaged: says which file, what was found and what can be done."""


class StoreLocked(StoreError):
    """Another process holds this data directory; says which (pid)."""


class StoreReadOnly(StoreError):
    """The data directory cannot be written."""


class StoreTooNew(StoreError):
    """The data was written by a later Fogbank than this one."""


class StoreUnavailable(StoreError):
    """A networked store cannot be reached, or a disk does not answer. As far as is known, no data is lost."""


class Store(Protocol):
    """A storage engine. `embedded` engines answer in microseconds and are used on the event loop itself."""

    embedded: bool

    def read(self) -> AbstractContextManager[Reader]: ...

    def write(self) -> AbstractContextManager[Transaction]:
        """Commits when the block ends, rolls back when it raises."""
        ...

    async def durable(self) -> None:
        """Returns when every commit made so far survives a power cut (at once unless durability is `full`)."""
        ...

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Call `listener(topic)` on the event loop for every signalled topic, after its commit."""
        ...

    def wipe(self, prefix: str = "") -> None:
        """Delete every record of the tables whose name starts with `prefix`."""
        ...

    def check(self) -> list[str]:
        """Read everything and list what is damaged: checksums, index entries, SQLite's own structure. Slow."""
        ...

    async def copy_to(self, path: Path) -> None:
        """Write a consistent copy of everything into a new file `path`, while the store stays in use.

        Every engine writes the same format, so a copy of one can be restored into another.
        """
        ...

    async def restore(self, path: Path) -> None:
        """Replace everything by a copy that `copy_to` wrote. No transaction may run meanwhile."""
        ...

    def close(self) -> None: ...
