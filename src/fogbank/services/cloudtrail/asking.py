"""A trail that logs asks the audit for events."""

from __future__ import annotations

from fogbank.audit.records import ASKED, ASKS, Ask
from fogbank.store.api import Transaction

from .records import Trail
from .selectors import services


def ask(tx: Transaction, trail: Trail) -> None:
    """Ask, or ask no more, as the trail is now."""
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
