"""The threads that hash bodies. They are separate, so that hashing does not wait for other services' thread work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from fogbank.core.context import Cloud, Context

P = ParamSpec("P")
T = TypeVar("T")
THREADS = 2


class Hashers:
    """The hashing threads of one cloud."""

    def __init__(self, app: Cloud) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fogbank-s3")
        app.on_stop(lambda: self.threads.shutdown(wait=False, cancel_futures=True))


async def in_thread(ctx: Context, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
    """Runs `function(*args)` in a hashing thread."""
    threads = ctx.app.local(Hashers).threads
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: function(*args, **kw))
