"""Runs the steps of a dependency graph: each one after those it needs, and many at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

WIDTH = 24  # steps at the same time; most of them wait for an engine or another service


async def run_graph(
    graph: Mapping[str, set[str]],
    step: Callable[[str], Awaitable[bool]],
    stopped: Callable[[], bool],
    width: int = WIDTH,
) -> None:
    """Run `step(name)` for every name of an acyclic graph.

    A step returns whether it succeeded. Steps that need a failed one do not run, and no step starts once `stopped()`
    is true. Waits for the running steps; when this coroutine is cancelled, it cancels them.
    """
    waiting = {name: {need for need in wants if need in graph} for name, wants in graph.items()}
    users: dict[str, list[str]] = {name: [] for name in graph}
    for name, wants in waiting.items():
        for need in wants:
            users[need].append(name)
    ready = [name for name, wants in waiting.items() if not wants]
    running: dict[asyncio.Task[bool], str] = {}
    try:
        while ready or running:
            while ready and len(running) < width and not stopped():
                name = ready.pop(0)
                running[asyncio.ensure_future(step(name))] = name
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                name = running.pop(task)
                if not task.result():
                    continue
                for user in users[name]:
                    waiting[user].discard(name)
                    if not waiting[user]:
                        ready.append(user)
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)


def reversed_graph(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The graph with all edges reversed: what must be deleted before each name, namely its users."""
    result: dict[str, set[str]] = {name: set() for name in graph}
    for name, wants in graph.items():
        for need in wants:
            if need in result:
                result[need].add(name)
    return result
