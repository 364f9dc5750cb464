"""What every engine promises, one promise a test."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fogbank.store.api import Record, Store, StoreCorrupt, StoreTooNew, Table
from fogbank.store.records import codec


class Item(Record):
    account: str
    name: str
    size: int = 0
    tags: list[str] = []
    body: bytes = b""


def fresh_table(name: str = "box/item", **options: Any) -> Table[Item]:
    return Table(
        name,
        Item,
        key=lambda item: (item.account, item.name),
        indexes={
            "size": lambda item: (item.account, item.size),
            "tag": lambda item: [(tag,) for tag in item.tags],
            "named": lambda item: (item.name,) if item.size > 100 else None,
        },
        **options,
    )


ITEMS = fresh_table()
OTHERS: Table[Item] = Table("box/item2", Item, key=lambda item: (item.account, item.name))


def item(name: str, size: int = 0, account: str = "a", **rest: Any) -> Item:
    return Item(account=account, name=name, size=size, **rest)


def fill(store: Store, *items: Item) -> None:
    with store.write() as tx:
        for one in items:
            tx.put(ITEMS, one)


def names(found: Any) -> list[str]:
    return [one.name for one in found]


def test_get_put_delete(store: Store) -> None:
    with store.write() as tx:
        tx.put(ITEMS, item("x", 1, body=b"\x00\xff"))
    with store.read() as tx:
        assert tx.get(ITEMS, ("a", "x")) == item("x", 1, body=b"\x00\xff")
        assert tx.get(ITEMS, ("a", "y")) is None
    with store.write() as tx:
        assert tx.delete(ITEMS, ("a", "x")) is True
        assert tx.delete(ITEMS, ("a", "x")) is False
        assert tx.get(ITEMS, ("a", "x")) is None
    with store.read() as tx:
        assert tx.get(ITEMS, ("a", "x")) is None


def test_a_record_read_is_a_copy(store: Store) -> None:
    mine = item("x", tags=["t"])
    fill(store, mine)
    mine.tags.append("changed outside")
    with store.read() as tx:
        found = tx.get(ITEMS, ("a", "x"))
        assert found is not None and found.tags == ["t"]
        found.tags.append("changed again")
        assert tx.get(ITEMS, ("a", "x")) == item("x", tags=["t"])


def test_a_transaction_sees_its_own_writes_and_rolls_back(store: Store) -> None:
    fill(store, item("kept", 1))
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        tx.put(ITEMS, item("new", 2, tags=["t"]))
        tx.put(ITEMS, item("kept", 9))
        assert names(tx.scan(ITEMS)) == ["kept", "new"]
        assert tx.first(ITEMS, "tag", ("t",)) == item("new", 2, tags=["t"])
        tx.delete(ITEMS, ("a", "kept"))
        assert tx.count(ITEMS) == 1
        raise ZeroDivisionError
    with store.read() as tx:
        assert list(tx.scan(ITEMS)) == [item("kept", 1)]
        assert tx.first(ITEMS, "tag", ("t",)) is None
        assert tx.first(ITEMS, "size", ("a", 1)) == item("kept", 1)
        assert tx.first(ITEMS, "size", ("a", 9)) is None


def test_scan_bounds(store: Store) -> None:
    fill(store, *(item(f"n{i}") for i in range(10)), item("n5", account="b"))
    with store.read() as tx:
        assert names(tx.scan(ITEMS, ("a",), limit=3)) == ["n0", "n1", "n2"]
        assert names(tx.scan(ITEMS, ("a",), reverse=True, limit=2)) == ["n9", "n8"]
        assert names(tx.scan(ITEMS, ("a",), start=("a", "n3"), end=("a", "n6"))) == ["n3", "n4", "n5"]
        assert names(tx.scan(ITEMS, start=("a", "n8"))) == ["n8", "n9", "n5"]
        assert names(tx.scan(ITEMS, end=("a", "n2"), reverse=True)) == ["n1", "n0"]
        assert names(tx.scan(ITEMS, ("a",), after=("a", "n7"))) == ["n8", "n9"]
        assert names(tx.scan(ITEMS, ("a",), after=("a", "n77"))) == ["n8", "n9"], "it need not exist"
        assert names(tx.scan(ITEMS, ("a",), after=("a", "n2"), reverse=True)) == ["n1", "n0"]
        assert names(tx.scan(ITEMS, ("a", "n5"))) == ["n5"]
        assert names(tx.scan(ITEMS, ("c",))) == []
        assert names(tx.scan(ITEMS, ("a",), limit=0)) == []
        assert names(tx.scan(ITEMS, start=("b",), end=("a",))) == []
        assert names(tx.scan(ITEMS, ("b",), start=("a", "n3"))) == ["n5"], "a start before the prefix"
        assert tx.count(ITEMS) == 11
        assert tx.count(ITEMS, ("a",)) == 10
        assert tx.count(ITEMS, ("a", "n5")) == 1


def test_scan_index(store: Store) -> None:
    fill(store, *(item(f"n{i}", size=i // 2, tags=["even"] if i % 2 == 0 else ["odd", "x"]) for i in range(8)))
    with store.read() as tx:
        assert names(tx.scan_index(ITEMS, "size", ("a", 1))) == ["n2", "n3"]
        assert names(tx.scan_index(ITEMS, "size", ("a",), start=("a", 2))) == ["n4", "n5", "n6", "n7"]
        assert names(tx.scan_index(ITEMS, "size", end=("a", 1))) == ["n0", "n1"]
        assert names(tx.scan_index(ITEMS, "size", reverse=True, limit=3)) == ["n7", "n6", "n5"]
        assert names(tx.scan_index(ITEMS, "tag", ("x",))) == ["n1", "n3", "n5", "n7"]
        after = (("a", 1), ("a", "n2"))
        assert names(tx.scan_index(ITEMS, "size", after=after)) == ["n3", "n4", "n5", "n6", "n7"]
        assert names(tx.scan_index(ITEMS, "size", after=after, reverse=True)) == ["n1", "n0"]
        assert tx.first(ITEMS, "size", ("a", 3)) == item("n6", 3, tags=["even"])
        assert tx.first(ITEMS, "size", ("a",)) is None, "an entry, not a prefix of one"
        assert names(tx.scan_index(ITEMS, "named")) == [], "sparse"
        with pytest.raises(ValueError, match="no index 'colour'"):
            list(tx.scan_index(ITEMS, "colour"))


def test_index_entries_follow_the_record(store: Store) -> None:
    fill(store, item("x", 101, tags=["p", "q"]))
    fill(store, item("x", 5, tags=["q", "r"]))
    with store.read() as tx:
        assert names(tx.scan_index(ITEMS, "tag")) == ["x", "x"]
        assert tx.first(ITEMS, "tag", ("p",)) is None
        assert tx.first(ITEMS, "tag", ("r",)) == item("x", 5, tags=["q", "r"])
        assert tx.first(ITEMS, "named", ("x",)) is None
    with store.write() as tx:
        tx.delete(ITEMS, ("a", "x"))
        assert names(tx.scan_index(ITEMS, "tag")) == []


def test_long_scans_cross_chunks(store: Store) -> None:
    fill(store, *(item(f"{i:04}", i, body=b"." * 50) for i in range(1500)))
    with store.read() as tx:
        assert [one.size for one in tx.scan(ITEMS)] == list(range(1500))
        assert [one.size for one in tx.scan(ITEMS, reverse=True)] == list(reversed(range(1500)))
        assert [one.size for one in tx.scan_index(ITEMS, "size", limit=700)] == list(range(700))


def test_large_values(store: Store) -> None:
    """Values beyond a page lie elsewhere in SQLite; replacing and deleting them must not leave them there."""
    big = [bytes([i]) * (300_000 + i) for i in range(3)]
    fill(store, item("x", 1, body=big[0], tags=["t"]), item("y", 2, body=big[1]), item("z", 3))
    fill(store, item("x", 1, body=big[2], tags=["t"]), item("y", 2))
    with store.read() as tx:
        assert [(one.name, len(one.body)) for one in tx.scan(ITEMS)] == [("x", 300_002), ("y", 0), ("z", 0)]
        assert tx.first(ITEMS, "tag", ("t",)) == item("x", 1, body=big[2], tags=["t"])
        assert [len(one.body) for one in tx.scan_index(ITEMS, "size")] == [300_002, 0, 0]
    store.wipe("box/")
    with store.read() as tx:
        assert tx.count(ITEMS) == 0


def test_long_keys(store: Store) -> None:
    """S3 names have 1,024 bytes, and an index row carries an entry and a key."""
    long = "k" * 1024
    with store.write() as tx:
        tx.put(ITEMS, item(long, 200, tags=["t" * 1024]))
    with store.read() as tx:
        assert names(tx.scan_index(ITEMS, "tag", ("t" * 1024,))) == [long]
        assert names(tx.scan_index(ITEMS, "named", (long,))) == [long]


def test_deleting_while_scanning(store: Store) -> None:
    fill(store, *(item(f"{i:03}", i) for i in range(100)))
    with store.write() as tx:
        for one in tx.scan(ITEMS):
            tx.delete(ITEMS, ("a", one.name))
        assert tx.count(ITEMS) == 0


def test_a_scan_shows_the_present_state_ahead_of_it(store: Store) -> None:
    fill(store, *(item(name, 1) for name in "abcdef"))
    with store.write() as tx:
        seen = []
        for one in tx.scan(ITEMS):
            seen.append((one.name, one.size))
            if one.name == "b":
                tx.delete(ITEMS, ("a", "c"))
                tx.put(ITEMS, item("d", 2))
                tx.put(ITEMS, item("aa", 3))
                tx.put(ITEMS, item("e2", 3))
        assert seen == [("a", 1), ("b", 1), ("d", 2), ("e", 1), ("e2", 3), ("f", 1)]


def test_a_scan_ends_with_its_transaction(store: Store) -> None:
    fill(store, *(item(f"{i}") for i in range(5)))
    with store.read() as tx:
        scan = tx.scan(ITEMS)
        next(scan)
    with pytest.raises(RuntimeError, match="after its transaction had ended"), store.read():
        next(scan)
    with store.write() as tx:
        scan = tx.scan(ITEMS)
        next(scan)
    with pytest.raises(RuntimeError, match="after its transaction had ended"):
        next(scan)


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["read", "write"])
def test_transactions_do_not_nest(store: Store, outer: str, inner: str) -> None:
    with getattr(store, outer)(), pytest.raises(RuntimeError, match="do not nest"), getattr(store, inner)():
        pass
    with store.write() as tx:
        tx.put(ITEMS, item("x"))
    with store.read() as tx:
        assert tx.count(ITEMS) == 1


def test_tables_are_apart_and_wipe_takes_those_of_a_prefix(store: Store) -> None:
    third: Table[Item] = Table("boxes/item", Item, key=lambda one: (one.account, one.name))
    with store.write() as tx:
        tx.put(ITEMS, item("x", tags=["t"]))
        tx.put(OTHERS, item("y"))
        tx.put(third, item("z"))
    with store.read() as tx:
        assert names(tx.scan(ITEMS)) == ["x"]
        assert names(tx.scan(OTHERS)) == ["y"]
    store.wipe("box/")
    with store.read() as tx:
        assert names(tx.scan(ITEMS)) == names(tx.scan(OTHERS)) == names(tx.scan_index(ITEMS, "tag")) == []
        assert names(tx.scan(third)) == ["z"]
    fill(store, item("again", tags=["t"]))
    store.wipe()
    with store.read() as tx:
        assert names(tx.scan(ITEMS)) == names(tx.scan(third)) == []
    fill(store, item("again", tags=["t"]))
    with store.read() as tx:
        assert names(tx.scan_index(ITEMS, "tag")) == ["again"]


def test_signals_and_actions_follow_the_commit_only(store: Store) -> None:
    heard: list[str] = []

    async def main() -> None:
        store.subscribe(lambda topic: heard.append(topic + seen()))
        with store.write() as tx:
            tx.put(ITEMS, item("x"))
            tx.signal("one")
            tx.signal("one")
            tx.after_commit(lambda: heard.append("action" + seen()))
            assert heard == []
        assert heard == ["action 1", "one 1"]
        with pytest.raises(ZeroDivisionError), store.write() as tx:
            tx.signal("two")
            tx.after_commit(lambda: heard.append("never"))
            raise ZeroDivisionError
        with store.write() as tx:
            tx.signal("three")
        assert heard == ["action 1", "one 1", "three 1"], "the rolled-back ones are gone"

    def seen() -> str:
        """The commit is visible, and the transaction over, when a listener is called."""
        with store.read() as tx:
            return f" {tx.count(ITEMS)}"

    asyncio.run(main())


def test_migrations_apply_when_a_record_is_read(store: Store) -> None:
    class Old(Record):
        id: str
        tag: str = ""

    class New(Record):
        id: str
        tags: list[str] = []
        kind: str = ""

    def split(plain: dict[str, Any]) -> dict[str, Any]:
        return {"id": plain["id"], "tags": plain.get("tag", "").split()}

    def kind(plain: dict[str, Any]) -> dict[str, Any]:
        return plain | {"kind": "migrated"}

    old = Table("m/t", Old, key=lambda one: (one.id,), indexes={"tag": lambda one: (one.tag,)})
    new = Table(
        "m/t",
        New,
        key=lambda one: (one.id,),
        indexes={"tag": lambda one: [(tag,) for tag in one.tags], "kind": lambda one: (one.kind,)},
        version=3,
        migrations={1: split, 2: kind},
    )
    with store.write() as tx:
        tx.put(old, Old(id="x", tag="p q"))
        tx.put(old, Old(id="y"))
    forget(store)
    with store.read() as tx:
        assert tx.get(new, ("x",)) == New(id="x", tags=["p", "q"], kind="migrated")
        assert tx.first(new, "tag", ("q",)) == New(id="x", tags=["p", "q"], kind="migrated"), "indexes are built anew"
        assert tx.first(new, "tag", ("p q",)) is None
        assert len(list(tx.scan_index(new, "kind", ("migrated",)))) == 2
    with store.write() as tx:
        tx.put(new, New(id="y", kind="written"))
    forget(store)
    with store.read() as tx, pytest.raises(StoreTooNew, match="newer Fogbank"):
        tx.get(old, ("y",))


def forget(store: Any) -> None:
    """As after a restart, when no table has been used yet."""
    getattr(store, "inner", store)._known.clear()


def test_an_index_added_later_is_built_from_the_records(store: Store) -> None:
    bare: Table[Item] = Table("box/item", Item, key=lambda one: (one.account, one.name))
    with store.write() as tx:
        for i in range(1100):
            tx.put(bare, item(f"{i:04}", i, tags=["t"] if i % 100 == 0 else []))
    forget(store)
    with store.read() as tx:
        assert len(list(tx.scan_index(ITEMS, "tag", ("t",)))) == 11
    forget(store)
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        assert tx.get(bare, ("a", "0000")) is not None, "the indexes go in this transaction, which is rolled back"
        raise ZeroDivisionError
    with store.write() as tx:
        tx.put(ITEMS, item("0000", 0, tags=["u"]))
        assert names(tx.scan_index(ITEMS, "tag", ("u",))) == ["0000"]
        assert len(list(tx.scan_index(ITEMS, "tag", ("t",)))) == 10


def test_a_version_needs_its_migrations() -> None:
    with pytest.raises(ValueError, match=r"lacks the migrations from \[2\]"):
        fresh_table(version=3, migrations={1: lambda plain: plain})
    with pytest.raises(ValueError, match="between 1 and 254"):
        codec(fresh_table(version=255, migrations={n: lambda plain: plain for n in range(1, 255)}))


def test_a_damaged_value_is_found_not_served() -> None:
    """The checksum covers the key too: a value under another's key is as wrong as a flipped bit."""
    made = codec(ITEMS)
    row, other = made.row(("a", "x")), made.row(("a", "y"))
    value = made.dump(row, item("x", 7))
    assert made.load(row, value) == item("x", 7)
    for at in range(len(value)):
        damaged = value[:at] + bytes([value[at] ^ 4]) + value[at + 1 :]
        with pytest.raises(StoreCorrupt, match=r"\('a', 'x'\) of table box/item is damaged"):
            made.load(row, damaged)
    for wrong in (b"", value[:-1], value[:3], value + b"\x00"):
        with pytest.raises(StoreCorrupt):
            made.load(row, wrong)
    with pytest.raises(StoreCorrupt):
        made.load(other, value)


def test_durable_returns(store: Store) -> None:
    async def main() -> None:
        fill(store, item("x"))
        await store.durable()

    asyncio.run(main())


def test_check_finds_nothing_wrong(store: Store) -> None:
    fill(store, *(item(f"{i:04}", i, tags=["t"], body=b"." * (i % 3000)) for i in range(1200)))
    assert store.check() == []


def test_tables(store: Store) -> None:
    with store.read() as tx:
        assert tx.tables() == []
        assert tx.get(ITEMS, ("a", "x")) is None, "reading a table does not make it"
        assert tx.tables() == []
    fill(store, item("x"))
    with store.write() as tx:
        tx.put(OTHERS, item("x"))
        assert tx.tables() == ["box/item", "box/item2"]
    with store.read() as tx:
        assert tx.tables() == ["box/item", "box/item2"]
