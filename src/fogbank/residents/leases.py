"""Leases: where several nodes share a store, a resident runs on the node that holds the lease on its row.

A lease lasts half a minute of real time and is renewed every ten seconds. The nodes' clocks have to agree to within a
few seconds. A node that dies stops renewing. A node that cannot renew ends its residents before its leases expire.
"""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.context import Cloud
from fogbank.store.api import Key

from .records import RESIDENTS, TOPIC, ResidentRecord

LEASE_SECONDS = 30.0
RENEW_SECONDS = LEASE_SECONDS / 3


def ours(row: ResidentRecord, node: str) -> bool:
    return row.everywhere or row.lease_by == node


def take(cloud: Cloud, wanted: Iterable[Key]) -> list[ResidentRecord]:
    """Lease the rows that no other node holds, and renew those that are ours. Returns the rows that are ours now."""
    now_ms = int(cloud.clock.real() * 1000)
    taken = []
    with cloud.store.write() as tx:
        for key in wanted:
            row = tx.get(RESIDENTS, key)
            if row is None or (row.lease_by != cloud.node and row.lease_until_ms > now_ms):
                continue  # deleted, or another node took the lease meanwhile
            row.lease_by, row.lease_until_ms = cloud.node, now_ms + int(LEASE_SECONDS * 1000)
            tx.put(RESIDENTS, row)
            taken.append(row)
    return taken


def release(cloud: Cloud, held: Iterable[Key]) -> None:
    """Release the leases, so that other nodes can take them at once."""
    with cloud.store.write() as tx:
        for key in held:
            row = tx.get(RESIDENTS, key)
            if row is not None and row.lease_by == cloud.node:
                row.lease_by, row.lease_until_ms = "", 0
                tx.put(RESIDENTS, row)
        tx.signal(TOPIC)
