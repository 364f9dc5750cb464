"""The residents: each keeps one node, or the doors of one group, running and in line with the records.

A node that dies is restarted with the residents' back-off. If it was a primary with automatic failover, a replica is
promoted first, and the node comes back as a replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from fogbank.core.context import Context
from fogbank.core.residents import resident
from fogbank.engines import valkey
from fogbank.engines.doors import Door, Filter
from fogbank.engines.processes import Process
from fogbank.engines.running import EngineFailed, Engines
from fogbank.engines.valkey import Valkey

from . import hosts, measuring, plans, reconciling, statuses
from .discovery import Discovery
from .nodes import DOORS, OWNER, RESIDENT, topic
from .plans import Plan
from .routes import Routes, of_group


@resident(RESIDENT)
async def keep(ctx: Context, name: str) -> None:
    """Run one node."""
    plan = await ctx.fetch(plans.of, ctx, name)
    if plan is None:
        return
    engines = ctx.app.local(Engines)
    folder = plan.engine.folder
    await _seeded(ctx, plan)
    try:
        async with AsyncExitStack() as stack:
            process = await stack.enter_async_context(engines.run(OWNER, folder.name, plan.engine))
            if plan.door:
                tls = await ctx.app.tls.context() if plan.tls else None
                port = plan.engine.port
                await stack.enter_async_context(
                    Door(plan.door, lambda: port, tls=tls, filter=_filter(ctx, name) if plan.discovery else None)
                )
            await _watch_over(ctx, name, plan, process)
    finally:
        if await ctx.fetch(plans.of, ctx, name) is None:
            engines.discard(OWNER, folder.name)


async def _seeded(ctx: Context, plan: Plan) -> None:
    """Seed an empty folder from the cluster's backup. (A replica copies its primary anyway.)"""
    folder = plan.engine.folder
    if plan.source and isinstance(plan.engine, Valkey) and not await asyncio.to_thread(folder.exists):
        await asyncio.to_thread(valkey.seed, folder, ctx.blobs.path(plan.source))


def _filter(ctx: Context, name: str) -> Callable[[], Filter]:
    cluster = name.split("/")[1]
    return lambda: Discovery(ctx, cluster)


async def _watch_over(ctx: Context, name: str, plan: Plan, process: Process) -> None:
    """Keep the node in line with the records and measure it, until its process ends. That end is a failure."""
    ended = asyncio.ensure_future(process.wait())
    host = await hosts.domain()
    follower = reconciling.Follower(plan)
    meter = measuring.Meter(name)
    try:
        with ctx.watch(topic(ctx)) as watch:
            await ctx.transact(statuses.started, ctx, name, plan.generation, host)
            while not ended.done():
                wanted = await ctx.fetch(plans.of, ctx, name)
                if wanted is not None:
                    await follower.follow(wanted)
                pause, patience = meter.pause(ctx)
                woken = asyncio.ensure_future(watch.wait(pause))
                await asyncio.wait({ended, woken}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done() and not (woken.done() and woken.result()):
                    await meter.measure(ctx, plan.engine)
                woken.cancel()
    finally:
        if not ended.done():
            ended.cancel()
    await _lost(ctx, name)
    raise EngineFailed(f"{plan.engine.program} of {name} ended with {process.returncode}")


async def _lost(ctx: Context, name: str) -> None:
    """Promote the first replica that answers in place of a lost primary."""
    lost = name.split("/")[1]
    for cluster, port in await ctx.fetch(statuses.candidates, ctx, name):
        try:
            _, writer = await asyncio.open_connection(hosts.ADDRESS, port)
        except OSError:
            continue
        writer.close()
        await ctx.transact(statuses.fail_over, ctx, lost, cluster)
        return


@resident(DOORS)
async def doors(ctx: Context, name: str) -> None:
    """Keep the endpoints of a replication group open. Each leads to the nodes that have its role now."""
    group = await ctx.fetch(of_group, ctx, name)
    if group is None:
        return
    tls = await ctx.app.tls.context() if group.tls else None
    routes = Routes(group)
    async with AsyncExitStack() as stack:
        opened = {}
        for port in group.targets:
            door = Door(port, routes.target(port), tls=tls, filter=_filter(ctx, name) if group.discovery else None)
            opened[port] = await stack.enter_async_context(door)
        with ctx.watch(topic(ctx)) as watch:
            while True:
                wanted = await ctx.fetch(of_group, ctx, name)
                if wanted is None or wanted.targets.keys() != opened.keys():
                    return  # the row's generation changed with the doors: the keeper ends this run
                for port, gone in routes.change(wanted):
                    opened[port].drop(gone)
                await watch.wait()
