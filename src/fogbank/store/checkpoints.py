"""Moving SQLite's log into its file without holding up the event loop."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("fogbank.store")

START = 4 << 20  # bytes written since the last checkpoint that call for the next one
LARGEST = 64 << 20  # bytes of log, beyond which the event loop itself finishes the job, once little is left
HARD = 4 * LARGEST  # bytes of log, beyond which the event loop waits until all of it is moved
LITTLE = 2 << 20  # bytes
PASSES = 6  # that are made to get there


class Checkpoints:
    """A thread with a connection of its own that runs passive checkpoints.

    The log starts again from its beginning only when a checkpoint has caught up with the writer at a moment when it
    stands still. Under uninterrupted writes that moment does not come: once the log has reached LARGEST, checkpoints
    follow each other until LITTLE is left, and the writer's thread moves that itself. SQLite syncs the file only with
    a checkpoint that has caught up, so this thread syncs it before: else the writer would wait for all of it.
    `caught_up` tells the writer that the log lies wholly in the file. Where even that does not keep the log short (this
    thread gets no processor, the disk is slow), the writer waits for it: HARD is a bound, not a hope.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, connect: Callable[[Path], sqlite3.Connection]
    ) -> None:
        self._path = path
        self._connection = connection
        self._connect = connect
        self._written = 0  # in all
        self._called = 0  # of that, at the last call
        self._moved = 0  # of that, known to lie in the file, synced
        self._log = 0  # bytes of the log after the last checkpoint that left something
        self.caught_up = False
        self._passing = threading.Lock()  # held during a checkpoint: SQLite does one at a time
        self._log_file = path.with_name(path.name + "-wal")
        self._closing = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # closing it drops SQLite's locks: see `closed`
        self.error: sqlite3.Error | None = None  # of the last checkpoint, if it failed: the log keeps everything

    def wrote(self, count: int) -> None:
        """After a commit of about `count` bytes, in the writer's thread."""
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
        """Of the log; at most LARGEST from one restart of it to the next (journal_size_limit), whatever it was."""
        try:
            return self._log_file.stat().st_size
        except OSError:
            return 0

    def _catch_up_now(self) -> None:
        """Move all of the log, in the writer's thread, which waits for it. No transaction is open."""
        self._log = 0
        pages, done = self._run(self._connection)
        self.caught_up = done == pages >= 0

    def _run(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """One passive checkpoint: how many pages the log holds, and how many of them are in the file now, or -1."""
        try:
            with self._passing:
                _, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            if self.error is None:
                log.warning("%s: the log could not be moved into the file (%s); it keeps everything", self._path, error)
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
        """End the thread; before the connection is closed."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def closed(self) -> None:
        """After the connection is closed."""
        os.close(self._file)
