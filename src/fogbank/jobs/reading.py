"""Looking through the jobs past those that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from fogbank.store.api import Reader

from .records import JOBS, UNREADABLE, JobRecord

log = logging.getLogger("fogbank.jobs")


class Reading:
    """`cloud.local(Reading)`: it remembers which unreadable jobs were logged already."""

    def __init__(self, cloud: Any) -> None:
        self._logged: set[str] = set()

    def due(self, tx: Reader) -> Iterator[JobRecord]:
        """The jobs that are to run, soonest first; one that cannot be read is left out, and logged once."""
        for job in tx.scan_index(JOBS, "due"):
            if job.state != UNREADABLE:
                yield job
            elif job.id not in self._logged:
                self._logged.add(job.id)
                log.error("job %s is skipped: %s", job.id, job.error)
