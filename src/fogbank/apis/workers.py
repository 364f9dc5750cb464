"""Runs work on users' templates, patterns and schemas: small work on the event loop, the rest on two threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fogbank.core.context import Cloud

from .budget import Budget, OverBudget

T = TypeVar("T")
THREADS = 2


class Workers:
    """A cloud's threads for heavy requests, which wait only for each other and do not delay other requests."""

    def __init__(self, app: Cloud) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fogbank-apigateway")
        app.on_stop(lambda: self.threads.shutdown(wait=False, cancel_futures=True))


class Importer:
    """A cloud's thread for imported documents. It reads one at a time; a large one takes seconds."""

    def __init__(self, app: Cloud) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-openapi")
        app.on_stop(lambda: self.thread.shutdown(wait=False, cancel_futures=True))


async def run(app: Cloud, work: Callable[[Budget], T]) -> T:
    """Run `work(budget)`. May start it twice, so `work` must not change anything before its end. Raises OverBudget."""
    try:
        return work(Budget(quick=True))
    except (OverBudget, RecursionError):
        pass
    try:
        return await asyncio.get_running_loop().run_in_executor(app.local(Workers).threads, work, Budget())
    except RecursionError:  # from any part of the work, for deeply nested values
        raise OverBudget("values are nested too deeply") from None


async def read(app: Cloud, reader: Callable[[bytes], T], body: bytes) -> T:
    """Run `reader(body)` on an imported document, in the import thread."""
    return await asyncio.get_running_loop().run_in_executor(app.local(Importer).thread, reader, body)
