"""Every engine against a model: a dictionary, sorted in Python when it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from fogbank.store.api import Record, Table

PARTS = st.sampled_from([None, False, True, -300, -1, 0, 1, 256, b"", b"\x00", b"a", "", "\x00", "a", "ä", "aa"])
KEYS = st.tuples(PARTS) | st.tuples(PARTS, PARTS)
PREFIXES = st.just(()) | KEYS
MAYBE = st.none() | KEYS
SIZES = st.sampled_from([0, 3, 2000])
LIMITS = st.none() | st.integers(0, 4)


class Thing(Record):
    key: tuple[Any, ...]
    entries: list[tuple[Any, ...]] = []
    body: bytes = b""


def untangle(parts: Any) -> tuple[Any, ...]:
    return tuple(parts)


THINGS = Table(
    "model/thing",
    Thing,
    key=lambda thing: untangle(thing.key),
    indexes={"entries": lambda thing: [untangle(entry) for entry in thing.entries]},
)


def ordinal(key: Any) -> list[tuple[int, Any]]:
    ranks = {type(None): 0, bool: 1, int: 2, bytes: 3, str: 4}
    return [(ranks[type(p)], 0 if p is None else p.encode() if isinstance(p, str) else p) for p in key]


def starts(key: Any, prefix: Any) -> bool:
    return ordinal(key)[: len(prefix)] == ordinal(prefix)


def canonical(key: Any) -> tuple[Any, ...]:
    """A dictionary takes True for 1: the types go along."""
    return tuple((type(part).__name__, part) for part in key)


class Machine(RuleBasedStateMachine):
    """Transactions of a few steps, committed or rolled back, each step compared with the model at once."""

    store: Any

    @initialize()
    def begin_empty(self) -> None:
        self.store.wipe()
        self.committed: dict[Any, Thing] = {}
        self.rows: dict[Any, Thing] = {}
        self.block: Any = None
        self.tx: Any = None

    @precondition(lambda self: self.tx is None)
    @rule(kind=st.sampled_from(["read", "write", "write"]))
    def begin(self, kind: str) -> None:
        self.kind = kind
        self.block = getattr(self.store, kind)()
        self.tx = self.block.__enter__()
        self.rows = dict(self.committed)

    @precondition(lambda self: self.tx is not None)
    @rule(fail=st.booleans())
    def end(self, fail: bool) -> None:
        block, self.tx, self.block = self.block, None, None
        if fail:
            block.__exit__(ValueError, ValueError(), None)
        else:
            block.__exit__(None, None, None)
            self.committed = self.rows

    @precondition(lambda self: self.tx is not None and self.kind == "write")
    @rule(key=KEYS, entries=st.lists(KEYS, max_size=3), size=SIZES)
    def put(self, key: Any, entries: Any, size: int) -> None:
        thing = Thing(key=key, entries=entries, body=b"." * size)
        self.tx.put(THINGS, thing)
        self.rows[canonical(key)] = thing

    @precondition(lambda self: self.tx is not None and self.kind == "write")
    @rule(key=KEYS)
    def delete(self, key: Any) -> None:
        assert self.tx.delete(THINGS, key) == (self.rows.pop(canonical(key), None) is not None)

    @precondition(lambda self: self.tx is not None)
    @rule(key=KEYS)
    def get(self, key: Any) -> None:
        self.same([self.tx.get(THINGS, key)], [self.rows.get(canonical(key))])

    @precondition(lambda self: self.tx is not None)
    @rule(prefix=PREFIXES, start=MAYBE, end=MAYBE, after=MAYBE, reverse=st.booleans(), limit=LIMITS)
    def scan(self, prefix: Any, start: Any, end: Any, after: Any, reverse: bool, limit: int | None) -> None:
        found = self.tx.scan(THINGS, prefix, start=start, end=end, after=after, reverse=reverse, limit=limit)
        rows = sorted(self.rows.values(), key=lambda thing: ordinal(thing.key), reverse=reverse)
        rows = [thing for thing in rows if starts(thing.key, prefix) and within(ordinal(thing.key), start, end)]
        if after is not None:
            rows = [thing for thing in rows if beyond(ordinal(thing.key), ordinal(after), reverse)]
        self.same(list(found), rows[:limit])
        if start is end is after is None:
            assert self.tx.count(THINGS, prefix) == len(rows)

    @precondition(lambda self: self.tx is not None)
    @rule(
        prefix=PREFIXES,
        start=MAYBE,
        end=MAYBE,
        after=st.none() | st.tuples(KEYS, KEYS),
        reverse=st.booleans(),
        limit=LIMITS,
    )
    def scan_index(self, prefix: Any, start: Any, end: Any, after: Any, reverse: bool, limit: int | None) -> None:
        found = self.tx.scan_index(
            THINGS, "entries", prefix, start=start, end=end, after=after, reverse=reverse, limit=limit
        )
        rows = self.index(reverse)
        rows = [row for row in rows if starts(row[0], prefix) and within(ordinal(row[0]), start, end)]
        if after is not None:
            mark = (ordinal(after[0]), ordinal(after[1]))
            rows = [row for row in rows if beyond((ordinal(row[0]), ordinal(row[1].key)), mark, reverse)]
        self.same(list(found), [row[1] for row in rows][:limit])

    @precondition(lambda self: self.tx is not None)
    @rule(entry=KEYS)
    def first(self, entry: Any) -> None:
        rows = [thing for found, thing in self.index(False) if canonical(found) == canonical(entry)]
        self.same([self.tx.first(THINGS, "entries", entry)], rows[:1] or [None])

    def index(self, reverse: bool) -> list[tuple[Any, Thing]]:
        """Each distinct entry of each thing, in order."""
        distinct = {
            (canonical(entry), key): (entry, thing) for key, thing in self.rows.items() for entry in thing.entries
        }
        return sorted(distinct.values(), key=lambda row: (ordinal(row[0]), ordinal(row[1].key)), reverse=reverse)

    def same(self, found: list[Thing | None], expected: list[Thing | None]) -> None:
        def plain(things: list[Thing | None]) -> list[Any]:
            return [None if one is None else (canonical(one.key), len(one.entries), one.body) for one in things]

        assert plain(found) == plain(expected)

    def teardown(self) -> None:
        if getattr(self, "tx", None) is not None:
            self.end(fail=True)


def within(key: Any, start: Any, end: Any) -> bool:
    return (start is None or key >= ordinal(start)) and (end is None or key < ordinal(end))


def beyond(key: Any, mark: Any, reverse: bool) -> bool:
    return bool(key < mark if reverse else key > mark)


@pytest.mark.parametrize("rounds", [60])
def test_engine_is_the_model(engine: Any, rounds: int) -> None:
    opened = engine.open()

    class This(Machine):
        store = opened

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        This,
        settings=settings(
            max_examples=rounds if engine.name != "postgres" else rounds // 3,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
