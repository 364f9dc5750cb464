"""Moving SQLite's log into its file without holding up the event loop."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from pathlib import Path

log = logging.getLogger("fogbank.store")

START = 4 << 20  # bytes written since the last checkpoint that call for the next one
PASSES = 4  # that one call makes to catch up with the writer
LARGEST = 64 << 20  # bytes of log, beyond which the event loop itself finishes the job, if it is short
HARD = 4 * LARGEST  # bytes of log, beyond which it does so anyhow
SHORT = 0.01  # seconds


class Checkpoints:
    """A thread with a connection of its own that runs passive checkpoints.

    The log starts again from its beginning only when a checkpoint has caught up with the writer at a moment when it
    stands still. Under uninterrupted writes that moment does not come: once the log has reached LARGEST, the writer's
    thread runs the last checkpoint itself, right after a background one that was short (or, beyond HARD, anyhow).

    `caught_up` tells the writer that the log lies wholly in the file.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._written = 0
        self._finish = False
        self.caught_up = False
        self._closing = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.error: sqlite3.Error | None = None  # of the last checkpoint, if it failed: the log keeps everything

    def wrote(self, count: int) -> None:
        """After a commit of about `count` bytes, in the writer's thread."""
        self._written += count
        if self._finish:
            self._finish = False
            self._run(self._connection)
        elif self._written > START:
            self._written = 0
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="fogbank-checkpoint", daemon=True)
                self._thread.start()
            self._wake.set()

    def _run(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """One passive checkpoint: how many pages the log holds, and how many of them are in the file now."""
        try:
            _, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            if self.error is None:
                log.warning("%s: the log could not be moved into the file (%s); it keeps everything", self._path, error)
            self.error = error
            return 0, 0
        self.error = None
        return pages, done

    def _work(self) -> None:
        from .sqlite import connect

        connection = connect(self._path)
        page = connection.execute("PRAGMA page_size").fetchone()[0]
        try:
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._closing:
                    return
                for _ in range(PASSES):
                    if self._closing or self._catch_up(connection, page):
                        break
        finally:
            connection.close()

    def _catch_up(self, connection: sqlite3.Connection, page: int) -> bool:
        """One checkpoint; whether there is nothing left to do for this thread."""
        began = time.perf_counter()
        pages, done = self._run(connection)
        if done == pages:
            self.caught_up = True
            return True
        size = pages * page
        self._finish = size > LARGEST and (time.perf_counter() - began < SHORT or size > HARD)
        return self._finish

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
