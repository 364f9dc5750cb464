"""Which node runs a resident, where many share a store: the one that holds the lease on its row.

A lease lasts half a minute of real time and is renewed every ten seconds (the nodes' clocks have to agree to a few
seconds). A node that dies lets go by not renewing; one that cannot renew ends what it runs before its leases do.
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
    """Lease what nobody else holds, renew what is ours; the rows that are ours now."""
    now_ms = int(cloud.clock.real() * 1000)
    taken = []
    with cloud.store.write() as tx:
        for key in wanted:
            row = tx.get(RESIDENTS, key)
            if row is None or (row.lease_by != cloud.node and row.lease_until_ms > now_ms):
                continue  # gone, or another node was here meanwhile
            row.lease_by, row.lease_until_ms = cloud.node, now_ms + int(LEASE_SECONDS * 1000)
            tx.put(RESIDENTS, row)
            taken.append(row)
    return taken


def release(cloud: Cloud, held: Iterable[Key]) -> None:
    """Let other nodes have these at once."""
    with cloud.store.write() as tx:
        for key in held:
            row = tx.get(RESIDENTS, key)
            if row is not None and row.lease_by == cloud.node:
                row.lease_by, row.lease_until_ms = "", 0
                tx.put(RESIDENTS, row)
        tx.signal(TOPIC)
