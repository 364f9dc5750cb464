"""One at a time, whichever of the nodes that share a store it is."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.jobs import locks
from fogbank.jobs.locks import LEASES, Lease, Locks

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1"


@pytest.fixture
def nodes(own_cloud, monkeypatch):
    """Two nodes on one store, which is one as far as leases go."""
    monkeypatch.setattr(type(own_cloud.app.store), "embedded", False)
    ctx = Context(app=own_cloud.app, account="123456789012", region="us-east-1", principal=root("1"), request_id="r")
    one, two = Locks(own_cloud.app), Locks(own_cloud.app)
    one._node, two._node = "one", "two"
    return own_cloud, ctx, one, two


def test_the_second_node_waits_for_the_first(nodes):
    cloud, ctx, one, two = nodes
    story = []

    async def late():
        async with two.hold(ctx, STACK):
            story.append("two has it")

    async def both():
        async with one.hold(ctx, STACK):
            waiting = asyncio.create_task(late())
            async with two.hold(ctx, f"{STACK}-other"):
                story.append("another stack is free")
            for _ in range(20):
                await asyncio.sleep(0)
            story.append("one lets go")
        await waiting

    cloud.run(both())
    assert story == ["another stack is free", "one lets go", "two has it"]


def test_a_dead_node_lets_go_when_its_lease_ends(nodes):
    cloud, ctx, one, _ = nodes

    async def take():
        soon = int(ctx.clock.real() * 1000) + 100
        await ctx.transact(lambda tx: tx.put(LEASES, Lease(name=STACK, node="dead", until_ms=soon)))
        async with one.hold(ctx, STACK):
            kept = await ctx.fetch(lambda tx: tx.get(LEASES, (STACK,)))
            assert kept.node == "one"
        assert await ctx.fetch(lambda tx: tx.get(LEASES, (STACK,))) is None

    cloud.run(take())


def test_a_node_that_stood_still_ends_its_run(nodes, monkeypatch):
    cloud, ctx, one, _ = nodes
    monkeypatch.setattr(locks, "LEASE_SECONDS", 0.03)

    async def run():
        async with one.hold(ctx, STACK):
            later = int(ctx.clock.real() * 1000) + 3_600_000
            await ctx.transact(lambda tx: tx.put(LEASES, Lease(name=STACK, node="two", until_ms=later)))
            await asyncio.sleep(30)

    async def ended():
        task = asyncio.create_task(run())
        await asyncio.wait({task})
        return task.cancelled()

    assert cloud.run(ended())
