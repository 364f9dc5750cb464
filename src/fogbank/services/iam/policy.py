"""Trust policies, as the resource policies of roles: they say who may assume them."""

from __future__ import annotations

from fogbank.auth import records
from fogbank.core.operation import ResourcePolicy, resource_policy
from fogbank.store.api import Reader


@resource_policy("iam")
def trust_policy(tx: Reader, arn: str) -> ResourcePolicy | None:
    """The trust policy of the role that `arn` names; None for everything else in IAM."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        return None
    role = tx.get(records.ROLES, (parts[4], parts[5].rpartition("/")[2].lower()))
    if role is None or f"role{role.path}{role.name}" != parts[5]:
        return None
    return ResourcePolicy(role.account, role.trust)
