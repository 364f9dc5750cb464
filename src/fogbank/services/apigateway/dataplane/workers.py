"""Where work in users' languages runs: on the event loop while it is little, on two threads of its own else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fogbank.core.context import Cloud

from ..budget import Budget, OverBudget

T = TypeVar("T")
THREADS = 2


class Workers:
    """The threads of one cloud: heavy requests wait for each other, and not the rest for them."""

    def __init__(self, app: Cloud) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fogbank-apigateway")
        app.on_stop(lambda: self.threads.shutdown(wait=False, cancel_futures=True))


class Importer:
    """The thread that reads the documents of one cloud's imports, one after the other; large ones take seconds."""

    def __init__(self, app: Cloud) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-openapi")
        app.on_stop(lambda: self.thread.shutdown(wait=False, cancel_futures=True))


async def run(app: Cloud, work: Callable[[Budget], T]) -> T:
    """`work(budget)`. It may be begun twice, so it changes nothing before it is done. Raises OverBudget."""
    try:
        return work(Budget(quick=True))
    except (OverBudget, RecursionError):
        pass
    try:
        return await asyncio.get_running_loop().run_in_executor(app.local(Workers).threads, work, Budget())
    except RecursionError:  # values that are nested deeply, whichever part of the work met them
        raise OverBudget("values are nested too deeply") from None


async def read(app: Cloud, reader: Callable[[bytes], T], body: bytes) -> T:
    """`reader(body)` of a document that is imported."""
    return await asyncio.get_running_loop().run_in_executor(app.local(Importer).thread, reader, body)
