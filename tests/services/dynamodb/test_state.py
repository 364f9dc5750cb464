"""Table descriptions in memory: kept where this node alone writes, read anew where others do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.core.clock import Clock
from fogbank.core.signals import Signals
from fogbank.services.dynamodb.records import TABLES, TableRecord
from fogbank.services.dynamodb.state import State
from fogbank.store.memory import MemoryStore

WANTED = ("000000000000", "us-east-1", "table")


def table(box: str) -> TableRecord:
    account, region, name = WANTED
    return TableRecord(account=account, region=region, name=name, id="", box=box, created=0.0,
                       attributes={"pk": "S"}, keys=["pk"])  # fmt: skip


class Node:
    """A node on a store; what another node signals has not arrived."""

    def __init__(self, store: MemoryStore, *, embedded: bool) -> None:
        app: Any = SimpleNamespace(
            store=SimpleNamespace(embedded=embedded), signals=Signals(Clock()), settings=SimpleNamespace(limits="aws")
        )
        self.store, self.state = store, State(app)

    def box(self) -> str | None:
        with self.store.read() as tx:
            found = self.state.find(tx, WANTED)
            return None if found is None else found.box

    def write(self, box: str) -> None:
        with self.store.write() as tx:
            tx.put(TABLES, table(box))
            self.state.changed(tx)


def test_a_networked_node_needs_no_signal() -> None:
    """The table was deleted and made again elsewhere: an item must not go where the old one's lay."""
    store = MemoryStore()
    here, there = Node(store, embedded=False), Node(store, embedded=False)
    assert here.box() is None
    there.write("first")
    assert here.box() == "first"
    there.write("second")
    assert here.box() == "second"


@pytest.mark.parametrize("embedded", [True, False])
def test_what_this_node_changed_is_seen_at_once(*, embedded: bool) -> None:
    node = Node(MemoryStore(), embedded=embedded)
    for box in ("first", "second"):
        node.write(box)
        assert node.box() == box


def test_an_embedded_node_looks_once() -> None:
    store = MemoryStore()
    node = Node(store, embedded=True)
    node.write("first")
    with store.read() as tx:
        kept = node.state.find(tx, WANTED)
        assert node.state.find(tx, WANTED) is kept
