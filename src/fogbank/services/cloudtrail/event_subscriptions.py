"""Registers a logging trail with the audit, so that the audit reports new events to it."""

from __future__ import annotations

from fogbank.audit.records import ASKED, ASKS, Ask
from fogbank.store.api import Transaction

from .records import Trail
from .selectors import services


def ask(tx: Transaction, trail: Trail) -> None:
    """Register the trail if it logs; otherwise remove its registration."""
    name = f"{trail.region}/{trail.name}"
    if not trail.logging:
        forget(tx, trail)
        return
    tx.put(
        ASKS,
        Ask(
            account=trail.account,
            name=name,
            region="" if trail.multi_region else trail.region,
            job="cloudtrail.deliver",
            services=services(trail),
            payload={"name": trail.name, "home": trail.region},
        ),
    )
    tx.signal(ASKED)


def forget(tx: Transaction, trail: Trail) -> None:
    tx.delete(ASKS, (trail.account, f"{trail.region}/{trail.name}"))
    tx.signal(ASKED)
