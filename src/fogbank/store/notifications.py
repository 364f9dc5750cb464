"""Receives the notifications of other nodes, in a thread with its own connection, and reconnects when that breaks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("fogbank.store")

LOOK = 0.2  # seconds between checks whether to stop
MISSED = ""  # payload reported in place of the notifications lost while the connection was down
FIRST_RETRY, LONGEST_RETRY = 0.1, 5.0  # seconds before reconnecting


class Listening:
    """Calls `heard(payload)` in its own thread.

    Notifications sent while the connection is down are lost. `heard(MISSED)` follows when it is up again.
    """

    def __init__(self, url: str, channel: str, heard: Callable[[str], None]) -> None:
        self._url, self._channel, self._heard = url, channel, heard
        self._stop = threading.Event()
        self.ready = threading.Event()  # set while the connection listens
        self._thread = threading.Thread(target=self._work, name="fogbank-listen", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        import psycopg

        retry = FIRST_RETRY
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {self._channel}")
                    self.ready.set()
                    self._heard(MISSED)  # on the first connection too: anything read before this may be out of date
                    retry = FIRST_RETRY
                    while not self._stop.is_set():
                        for notification in connection.notifies(timeout=LOOK):
                            self._heard(notification.payload)
            except psycopg.Error as error:
                self.ready.clear()
                log.warning("lost the database's notifications (%s): reconnecting in %.1f s", error, retry)
                self._stop.wait(retry)
                retry = min(retry * 2, LONGEST_RETRY)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
