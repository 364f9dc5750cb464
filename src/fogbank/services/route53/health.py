"""The state of health checks.

Fogbank does not ask the endpoints: a check of one is healthy, or the opposite if it is inverted. A calculated check
follows its children.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

from fogbank.network.zones import RecordSet
from fogbank.store.api import Reader

from .records import HEALTH_CHECKS, HealthCheck

DEEPEST = 8  # calculated checks of calculated checks


def healthy(tx: Reader, found: RecordSet) -> bool:
    """Whether a record set may be answered, by its health check."""
    id = found.data.get("HealthCheckId")
    check = tx.get(HEALTH_CHECKS, (found.account, id)) if id else None
    return check is None or passes(tx, check)


def passes(tx: Reader, check: HealthCheck, depth: int = 0) -> bool:
    """Whether a health check says that its endpoint is well."""
    config = check.config
    well = True
    if config["Type"] == "CALCULATED" and not config.get("Disabled") and depth < DEEPEST:
        children = [tx.get(HEALTH_CHECKS, (check.account, id)) for id in config.get("ChildHealthChecks", ())]
        count = sum(passes(tx, child, depth + 1) for child in children if child is not None)
        well = count >= config.get("HealthThreshold", len(children))
    return well is not bool(config.get("Inverted"))
