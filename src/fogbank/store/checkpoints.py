"""Moves SQLite's log into its file without holding up the event loop."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("fogbank.store")

START = 4 << 20  # bytes written since the last checkpoint that trigger the next one
LARGEST = 64 << 20  # bytes of log; beyond this the event loop itself finishes the job, once little is left
HARD = 4 * LARGEST  # bytes of log; beyond this the event loop waits until all of it is moved
LITTLE = 2 << 20  # bytes left in the log
PASSES = 6  # checkpoints in a row, to get down to LITTLE


class Checkpoints:
    """A thread with its own connection that runs passive checkpoints.

    SQLite restarts the log from its beginning only when a checkpoint has caught up with the writer while the writer
    stands still. Under uninterrupted writes that moment never comes. So once the log has reached LARGEST, this thread
    runs one checkpoint after another until only LITTLE is left, and the writer's thread moves the rest itself. SQLite
    syncs the file only when a checkpoint has caught up, so this thread syncs it first: otherwise the writer would wait
    for the sync of everything. `caught_up` tells the writer that the whole log is in the file. If even that does not
    keep the log short (this thread gets no processor time, the disk is slow), the writer waits for a checkpoint: HARD
    is an enforced limit.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, connect: Callable[[Path], sqlite3.Connection]
    ) -> None:
        self._path = path
        self._connection = connection
        self._connect = connect
        self._written = 0  # bytes, in total
        self._called = 0  # `_written` when the thread was last woken
        self._moved = 0  # the part of `_written` that is known to be in the file and synced
        self._log = 0  # bytes of the log after the last checkpoint that did not move everything
        self.caught_up = False
        self._passing = threading.Lock()  # held during a checkpoint: SQLite runs one at a time
        self._log_file = path.with_name(path.name + "-wal")
        self._closing = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # closing it drops SQLite's locks: see `closed`
        self.error: sqlite3.Error | None = None  # of the last checkpoint, if it failed; the log then keeps everything

    def wrote(self, count: int) -> None:
        """Called after a commit of about `count` bytes, in the writer's thread."""
        self._written += count
        if self._log > LARGEST and self._written - self._moved < LITTLE:
            self._catch_up_now()
        elif self._written - self._called > START:
            self._called = self._written
            if self._size() > HARD:
                self._catch_up_now()
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="fogbank-checkpoint", daemon=True)
                self._thread.start()
            self._wake.set()

    def _size(self) -> int:
        """The size of the log file. It shrinks to LARGEST only when the log restarts (journal_size_limit)."""
        try:
            return self._log_file.stat().st_size
        except OSError:
            return 0

    def _catch_up_now(self) -> None:
        """Move the whole log in the writer's thread, which waits for it. No transaction is open."""
        self._log = 0
        pages, done = self._run(self._connection)
        self.caught_up = done == pages >= 0

    def _run(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Run one passive checkpoint. Returns the pages in the log and those of them in the file; -1 on failure."""
        try:
            with self._passing:
                _, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            if self.error is None:
                log.warning("%s: the checkpoint failed (%s); the log keeps every change", self._path, error)
            self.error = error
            return -1, -1
        self.error = None
        return pages, done

    def _work(self) -> None:
        connection = self._connect(self._path)
        page = connection.execute("PRAGMA page_size").fetchone()[0]
        try:
            while True:
                self._wake.wait()
                self._wake.clear()
                if self._closing:
                    return
                self._catch_up(connection, page)
        finally:
            connection.close()

    def _catch_up(self, connection: sqlite3.Connection, page: int) -> None:
        for _ in range(PASSES):
            before = self._written
            pages, done = self._run(connection)
            if self._closing or pages < 0:
                return
            if self._written == before and done == pages:
                self.caught_up = True
            if pages * page < LARGEST:
                return
            os.fdatasync(self._file)
            self._moved = before - (pages - done) * page
            self._log = pages * page
            if self._written - self._moved < LITTLE:
                return

    def close(self) -> None:
        """End the thread. Call it before the connection is closed."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def closed(self) -> None:
        """Close the file. Call it after the connection is closed."""
        os.close(self._file)
