"""Looking through the jobs: what is due, lane by lane, past those that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice
from typing import Any

from fogbank.store.api import Reader

from .records import JOBS, UNREADABLE, JobRecord

log = logging.getLogger("fogbank.jobs")


class Look:
    """What one look found. `full` are the lanes that have more due than places."""

    def __init__(self) -> None:
        self.due: list[JobRecord] = []
        self.full: set[str] = set()
        self.passed: list[str] = []  # the ids of those that run here already
        self.next_ms: int | None = None  # when the first falls due that is not due yet


class Looking:
    """`cloud.local(Looking)`: it remembers which unreadable jobs were logged already."""

    def __init__(self, cloud: Any) -> None:
        self._logged: set[str] = set()

    def look(self, tx: Reader, now_ms: int, ours: Container[str], free: Callable[[JobRecord], int]) -> Look:
        """Of each lane as many jobs as are due and have a place: `free(job)` is how many its lane has left.

        Those of `ours` run here already.
        """
        found = Look()
        for first in self._first_of_lanes(tx):
            places = free(first)
            for job in self.readable(tx.scan_index(JOBS, "due", (first.lane,))):
                if job.id in ours:
                    found.passed.append(job.id)
                    continue
                if job.due_ms > now_ms:
                    found.next_ms = min(job.due_ms, found.next_ms or job.due_ms)
                    break
                if places <= 0:
                    found.full.add(first.lane)
                    break
                places -= 1
                found.due.append(job)
        return found

    def _first_of_lanes(self, tx: Reader) -> Iterator[JobRecord]:
        beyond = ""
        while True:
            first = next(self.readable(tx.scan_index(JOBS, "due", start=(beyond,))), None)
            if first is None:
                return
            yield first
            beyond = first.lane + "\0"

    def next_due(self, tx: Reader, ours: Container[str]) -> int | None:
        """When the first job falls due that nobody runs."""
        found = []
        for first in self._first_of_lanes(tx):
            lane = self.readable(tx.scan_index(JOBS, "due", (first.lane,)))
            found += [job.due_ms for job in islice((job for job in lane if job.id not in ours), 1)]
        return min(found, default=None)

    def readable(self, jobs: Iterable[JobRecord]) -> Iterator[JobRecord]:
        """Leaves out those that cannot be read, and logs each of them once."""
        for job in jobs:
            if job.state != UNREADABLE:
                yield job
            elif job.id not in self._logged:
                self._logged.add(job.id)
                log.error("job %s is skipped: %s", job.id, job.error)
