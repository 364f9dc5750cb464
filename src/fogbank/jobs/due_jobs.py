"""Finds the jobs that are due, lane by lane, and skips those that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice
from typing import Any

from fogbank.store.api import Reader

from .records import JOBS, UNREADABLE, JobRecord

log = logging.getLogger("fogbank.jobs")


class Look:
    """The result of one look. `full` holds the lanes that have more due jobs than places."""

    def __init__(self) -> None:
        self.due: list[JobRecord] = []
        self.full: set[str] = set()
        self.passed: list[str] = []  # ids of the due jobs that already run on this node
        self.next_ms: int | None = None  # when the first job after these falls due


class Looking:
    """`cloud.local(Looking)`. Remembers which unreadable jobs it has logged."""

    def __init__(self, cloud: Any) -> None:
        self._logged: set[str] = set()

    def look(self, tx: Reader, now_ms: int, ours: Container[str], free: Callable[[JobRecord], int]) -> Look:
        """Pick from each lane as many due jobs as it has places; `free(job)` returns the places left in the job's lane.

        Skips the jobs in `ours`, which run already.
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
        """When the first job that nobody runs falls due."""
        found = []
        for first in self._first_of_lanes(tx):
            lane = self.readable(tx.scan_index(JOBS, "due", (first.lane,)))
            found += [job.due_ms for job in islice((job for job in lane if job.id not in ours), 1)]
        return min(found, default=None)

    def readable(self, jobs: Iterable[JobRecord]) -> Iterator[JobRecord]:
        """Skip jobs that cannot be read, and log each of them once."""
        for job in jobs:
            if job.state != UNREADABLE:
                yield job
            elif job.id not in self._logged:
                self._logged.add(job.id)
                log.error("job %s is skipped: %s", job.id, job.error)
