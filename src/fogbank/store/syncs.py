"""One sync for many commits: callers that arrive while a sync runs share the next one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .api import StoreCorrupt


class GroupedSync:
    """Syncs SQLite's log in its own thread. Only used from the event loop."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-sync")
        self._synced = 0  # commits known to be on the disk
        self._running: asyncio.Task[None] | None = None
        self._failed: OSError | None = None

    async def wait(self, commits: Callable[[], int]) -> None:
        """Return when every commit made before the call is on the disk."""
        wanted = commits()
        while self._synced < wanted:
            if self._failed is not None:
                raise StoreCorrupt(
                    f"the disk refused to sync {self._log} ({self._failed.strerror}): what was written since may be "
                    "lost. Stop the cloud and look at the disk before starting it again"
                ) from self._failed
            if self._running is None:
                self._running = asyncio.ensure_future(self._sync(commits))
            await asyncio.shield(self._running)

    async def _sync(self, commits: Callable[[], int]) -> None:
        covered = commits()
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, os.fdatasync, self._descriptor)
            self._synced = covered
        except OSError as error:
            self._failed = error  # the kernel may have dropped the pages: a later success would prove nothing
        finally:
            self._running = None

    def close(self) -> None:
        self._thread.shutdown()
        os.close(self._descriptor)
