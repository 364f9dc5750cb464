"""Residents on two nodes that share a store: each runs on exactly one, and on the other when that one is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.core.residents import Resident
from fogbank.residents.records import RESIDENTS, TOPIC, ResidentRecord, key_of
from fogbank.store.api import StoreUnavailable
from fogbank.testing import clouds, control

ACCOUNT = "111122223333"
KIND = "sqs.test"


def eventually(holds: Callable[[], Any], seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found, "not in time"
    return found


class Nodes:
    """Some nodes on one database, and which of them run which of the test's residents."""

    def __init__(self, url: str, data: Any) -> None:
        self._settings: dict[str, Any] = {"store": url, "data": data}
        self.clouds: list[Any] = []
        self.running: list[tuple[int, str]] = []
        self.most: dict[str, int] = {}  # how many ran of each at the same time

    def add(self) -> int:
        cloud, number = clouds.start(**self._settings), len(self.clouds)
        self.clouds.append(cloud)

        async def keep(ctx: Context, id: str) -> None:
            self.running.append((number, id))
            self.most[id] = max(self.most.get(id, 0), sum(1 for _, other in self.running if other == id))
            try:
                await asyncio.Event().wait()
            finally:
                self.running.remove((number, id))

        cloud.app.keeper._find = lambda kind: Resident(kind, keep)  # type: ignore[attr-defined]
        return number

    def change(self, number: int, change: Callable[[Any, Context], None]) -> None:
        app = self.clouds[number].app
        ctx = Context(app=app, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), request_id="r")

        async def in_loop() -> None:
            await ctx.transact(lambda tx: change(tx, ctx))

        self.clouds[number].run(in_loop())

    def reside(self, number: int, id: str, generation: int = 0, *, everywhere: bool = False) -> None:
        self.change(number, lambda tx, ctx: ctx.reside(tx, KIND, id, generation=generation, everywhere=everywhere))


@pytest.fixture
def nodes(postgres_url: str, tmp_path: Any) -> Iterator[Nodes]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    made = Nodes(postgres_url, tmp_path)
    made.add()
    made.add()
    try:
        yield made
    finally:
        for cloud in made.clouds:
            cloud.stop()


def test_each_runs_once_and_ends_wherever_it_runs(nodes: Nodes) -> None:
    names = [f"r{n}" for n in range(6)]
    for n, name in enumerate(names):
        nodes.reside(n % 2, name)
    eventually(lambda: sorted(id for _, id in nodes.running) == names)
    for n, name in enumerate(names):
        nodes.reside(n % 2, name, 1)
    for name in names[:3]:
        for number in range(2):  # at a node that does not run it, too
            nodes.change(number, lambda tx, ctx, name=name: ctx.leave(tx, KIND, name))  # type: ignore[misc]
    eventually(lambda: sorted(id for _, id in nodes.running) == names[3:])
    assert set(nodes.most.values()) == {1}


def test_one_that_is_everywhere_runs_on_each(nodes: Nodes) -> None:
    nodes.reside(0, "all", everywhere=True)
    eventually(lambda: sorted(nodes.running) == [(0, "all"), (1, "all")])


def test_a_node_that_stops_hands_over_at_once(nodes: Nodes) -> None:
    nodes.reside(0, "a")
    ((number, _),) = eventually(lambda: list(nodes.running))
    began = time.monotonic()
    nodes.clouds[number].stop()
    eventually(lambda: nodes.running == [(1 - number, "a")])
    assert time.monotonic() - began < 15, "before the lease had ended"
    assert nodes.most["a"] == 1


def test_that_of_a_node_that_died_runs_when_its_lease_ends(nodes: Nodes, monkeypatch: Any) -> None:
    monkeypatch.setattr("fogbank.residents.leases.RENEW_SECONDS", 0.2)
    nodes.add()  # looks every 0.2 s
    until = time.time() + 1.5
    row = ResidentRecord(kind=KIND, account=ACCOUNT, region="us-east-1", id="orphan",
                         lease_by="a node that died", lease_until_ms=int(until * 1000))  # fmt: skip

    def put(tx: Any, ctx: Context) -> None:
        tx.put(RESIDENTS, row)
        tx.signal(TOPIC)

    nodes.change(0, put)
    eventually(lambda: nodes.running)
    assert time.time() >= until
    assert nodes.most["orphan"] == 1


def test_leases_are_renewed(nodes: Nodes, monkeypatch: Any) -> None:
    monkeypatch.setattr("fogbank.residents.leases.LEASE_SECONDS", 1.5)
    monkeypatch.setattr("fogbank.residents.leases.RENEW_SECONDS", 0.3)
    nodes.add()
    nodes.clouds[0].stop()
    nodes.clouds[1].stop()
    nodes.reside(2, "a")
    eventually(lambda: nodes.running)

    def lease() -> int:
        found: list[int] = []
        key = key_of(KIND, ACCOUNT, "us-east-1", "a")
        nodes.change(2, lambda tx, ctx: found.append(tx.get(RESIDENTS, key).lease_until_ms))
        return found[-1]

    first = lease()
    eventually(lambda: lease() > first + 2000)
    assert nodes.most["a"] == 1
    (row,) = control.call(nodes.clouds[2].endpoint, "GET", "residents")
    assert row["state"] == "running"


def test_a_node_that_cannot_renew_ends_what_it_runs(nodes: Nodes, monkeypatch: Any) -> None:
    monkeypatch.setattr("fogbank.residents.keeper.STORE_RETRY", 0.05)
    monkeypatch.setattr("fogbank.residents.leases.LEASE_SECONDS", 3.0)
    monkeypatch.setattr("fogbank.residents.leases.RENEW_SECONDS", 0.3)
    cut_off = nodes.add()
    nodes.clouds[0].stop()
    nodes.clouds[1].stop()
    nodes.reside(cut_off, "a")
    eventually(lambda: nodes.running)
    keeper = nodes.clouds[cut_off].app.keeper

    def unreachable(after: Any) -> Any:
        raise StoreUnavailable("the database is gone")

    rows = keeper._page
    keeper._page = unreachable
    eventually(lambda: not nodes.running)
    keeper._page = rows
    eventually(lambda: nodes.running)


def test_every_node_stores_what_it_counts(nodes: Nodes, monkeypatch: Any) -> None:
    """Metrics are counted in each process: the one that begins second has no job of its own for them."""
    monkeypatch.setattr("fogbank.app.METRICS_AFTER", 0.05)
    monkeypatch.setattr("fogbank.services.cloudwatch.points.FLUSH_SECONDS", 0.05)
    for cloud in nodes.clouds:
        cloud.app.keeper._find = cloud.app.find_resident
        sqs = cloud.account(ACCOUNT).client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="m")
    eventually(lambda: not any(cloud.app.metrics._minutes for cloud in nodes.clouds))
    (row,) = [r for r in control.call(nodes.clouds[0].endpoint, "GET", "residents") if r["kind"] == "cloudwatch.flush"]
    assert row["state"] == "running"
