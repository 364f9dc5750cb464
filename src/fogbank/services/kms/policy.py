"""Key policies, as the evaluator asks for them."""

from __future__ import annotations

from fogbank.core import arns
from fogbank.core.operation import ResourcePolicy, resource_policy
from fogbank.store.api import Reader

from .records import KEYS


@resource_policy("kms")
def key_policy(tx: Reader, arn: str) -> ResourcePolicy | None:
    """The policy of the key an ARN names; aliases have none."""
    parsed = arns.parse(arn)
    if not parsed.resource.startswith("key/"):
        return None
    key = tx.get(KEYS, (parsed.account, parsed.region, parsed.resource[4:]))
    return ResourcePolicy(key.account, key.policy) if key else None
