"""What has a row runs: started, ended, started again, and for people to see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.core.residents import Resident
from fogbank.testing import control

ACCOUNT = "111122223333"
PATIENCE = 20.0


def eventually(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found, "not in time"
    return found


class House:
    """A cloud whose residents of the kind sqs.test are a function of the test."""

    def __init__(self, cloud: Any, keep: Callable[[Context, str], Any]) -> None:
        self.cloud = cloud
        self.began: list[str] = []
        self.ended: list[str] = []
        self._keep = keep
        found = cloud.app.keeper._find
        cloud.app.keeper._find = lambda kind: Resident(kind, self._call) if kind == "sqs.test" else found(kind)

    async def _call(self, ctx: Context, id: str) -> None:
        assert (ctx.account, ctx.region, ctx.principal.arn) == (ACCOUNT, "us-east-1", "sqs.amazonaws.com")
        self.began.append(id)
        try:
            await self._keep(ctx, id)
        finally:
            self.ended.append(id)

    def change(self, change: Callable[[Any, Context], None]) -> None:
        app = self.cloud.app
        ctx = Context(app=app, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), request_id="r")

        async def in_loop() -> None:
            await ctx.transact(lambda tx: change(tx, ctx))

        self.cloud.run(in_loop())

    def reside(self, id: str, generation: int = 0) -> None:
        self.change(lambda tx, ctx: ctx.reside(tx, "sqs.test", id, generation=generation))

    def leave(self, id: str) -> None:
        self.change(lambda tx, ctx: ctx.leave(tx, "sqs.test", id))

    def listed(self) -> dict[str, dict[str, Any]]:
        found = control.call(self.cloud.endpoint, "GET", "residents")
        return {row["id"]: row for row in found if row["kind"] == "sqs.test"}


async def forever(ctx: Context, id: str) -> None:
    await asyncio.Event().wait()


def test_it_runs_from_its_commit_until_its_row_goes(own_cloud: Any) -> None:
    house = House(own_cloud, forever)
    house.reside("a")
    house.reside("b")
    eventually(lambda: house.began == ["a", "b"])
    assert {id: row["state"] for id, row in house.listed().items()} == {"a": "running", "b": "running"}
    house.reside("a")
    house.leave("b")
    house.leave("b")
    eventually(lambda: house.ended == ["b"])
    assert house.began == ["a", "b"], "the same generation: nothing happens"
    assert set(house.listed()) == {"a"}


def test_another_generation_begins_when_the_old_one_has_ended(own_cloud: Any) -> None:
    events: list[str] = []

    async def slow_to_end(ctx: Context, id: str) -> None:
        events.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)
            events.append("ended")

    house = House(own_cloud, slow_to_end)
    house.reside("a", 1)
    eventually(lambda: events == ["began"])
    house.reside("a", 2)
    eventually(lambda: events == ["began", "ended", "began"])


def test_one_that_is_deleted_and_made_again_at_once_is_another_one(own_cloud: Any) -> None:
    house = House(own_cloud, forever)
    house.reside("a")
    eventually(lambda: house.began == ["a"])

    def replace(tx: Any, ctx: Context) -> None:
        ctx.leave(tx, "sqs.test", "a")
        ctx.reside(tx, "sqs.test", "a")

    house.change(replace)
    eventually(lambda: house.began == ["a", "a"])
    assert house.ended == ["a"]


def test_a_transaction_that_fails_starts_nothing(own_cloud: Any) -> None:
    house = House(own_cloud, forever)

    def fail(tx: Any, ctx: Context) -> None:
        ctx.reside(tx, "sqs.test", "a")
        raise ValueError

    with pytest.raises(ValueError):
        house.change(fail)
    house.reside("b")
    eventually(lambda: house.began == ["b"])


def test_one_that_fails_or_returns_is_started_again_later_and_later(own_cloud: Any, monkeypatch: Any) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def recorded(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    class Patched:
        def __getattr__(self, name: str) -> Any:
            return recorded if name == "sleep" else getattr(asyncio, name)

    monkeypatch.setattr("fogbank.residents.runner.asyncio", Patched())

    async def fail(ctx: Context, id: str) -> None:
        if len(house.began) == 3:
            return
        if len(house.began) == 10:
            await asyncio.Event().wait()
        raise ValueError(f"no {id}")

    house = House(own_cloud, fail)
    house.reside("a")
    eventually(lambda: len(house.began) == 10)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    shown = house.listed()["a"]
    assert (shown["state"], shown["failures"], shown["error"]) == ("failing", 9, "ValueError: no a")


def test_after_a_while_of_running_failures_are_forgotten(own_cloud: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("fogbank.residents.runner.WELL", 0.2)

    async def once(ctx: Context, id: str) -> None:
        if len(house.began) == 1:
            raise ValueError("once")
        await asyncio.Event().wait()

    house = House(own_cloud, once)
    house.reside("a")
    eventually(lambda: house.listed()["a"]["error"] == "ValueError: once")
    eventually(lambda: house.listed()["a"]["state"] == "running")
    assert house.listed()["a"]["failures"] == 0


def test_a_kind_that_nobody_declares_says_so(own_cloud: Any) -> None:
    house = House(own_cloud, forever)
    house.change(lambda tx, ctx: ctx.reside(tx, "sqs.unheard", "a"))

    def error() -> str:
        return str(next(r["error"] for r in control.call(own_cloud.endpoint, "GET", "residents") if r["id"] == "a"))

    assert eventually(error) == "there is no resident of kind sqs.unheard"


def test_reset_of_a_service_ends_its_own_and_drops_its_jobs(own_cloud: Any) -> None:
    house = House(own_cloud, forever)
    account = own_cloud.account()
    account.client("sqs").create_queue(QueueName="q")
    house.reside("a")

    def jobs(tx: Any, ctx: Context) -> None:
        ctx.later(tx, "sqs.drop", {"id": "x"}, delay=3600)
        ctx.later(tx, "sns.deliver", {}, delay=3600)

    house.change(jobs)
    eventually(lambda: house.began == ["a"])
    told: list[str] = []
    for topic in ("reset", "reset/sns", "reset/sqs"):
        own_cloud.app.signals.on(topic, lambda topic=topic: told.append(topic))  # type: ignore[misc]
    own_cloud.reset("sns")
    assert house.ended == []
    assert told == ["reset", "reset/sns"], "functions and other engines of other services go on"
    assert [job["kind"] for job in control.call(own_cloud.endpoint, "GET", "jobs")["pending"]] == ["sqs.drop"]
    own_cloud.reset("sqs")
    assert house.ended == ["a"], "it had ended before the answer"
    assert house.listed() == {}
    assert control.call(own_cloud.endpoint, "GET", "jobs")["pending"] == []


def test_a_snapshot_is_taken_while_nothing_runs_and_loaded_with_its_residents(own_cloud: Any) -> None:
    house = House(own_cloud, forever)
    house.reside("a")
    eventually(lambda: house.began == ["a"])
    control.call(own_cloud.endpoint, "POST", "snapshots", {"save": "s"})
    assert house.ended == ["a"]
    eventually(lambda: house.began == ["a", "a"])
    house.leave("a")
    eventually(lambda: house.ended == ["a", "a"])
    house.reside("b")
    control.call(own_cloud.endpoint, "POST", "snapshots", {"load": "s"})
    eventually(lambda: house.began[-1] == "a")
    assert set(house.listed()) == {"a"}
    own_cloud.reset()
    eventually(lambda: house.ended[-1] == "a")


def test_stop_waits_for_them_and_for_no_longer_than_a_deadline(fogbank_options: Any, monkeypatch: Any) -> None:
    from fogbank import testing

    monkeypatch.setattr("fogbank.residents.keeper.DEADLINE", 0.5)

    async def stubborn(ctx: Context, id: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(60 if id == "stubborn" else 0.1)

    with testing.cloud(**fogbank_options) as cloud:
        house = House(cloud, stubborn)
        house.reside("good")
        house.reside("stubborn")
        eventually(lambda: len(house.began) == 2)
        began = time.monotonic()
    assert time.monotonic() - began < 30
    assert "good" in house.ended
