"""Queue policies, as the evaluator asks for them."""

from __future__ import annotations

from fogbank.core import arns
from fogbank.core.operation import ResourcePolicy, resource_policy
from fogbank.store.api import Reader

from .records import QUEUES


@resource_policy("sqs")
def queue_policy(tx: Reader, arn: str) -> ResourcePolicy | None:
    """The Policy attribute of the queue an ARN names."""
    parsed = arns.parse(arn)
    queue = tx.get(QUEUES, (parsed.account, parsed.region, parsed.resource))
    return ResourcePolicy(queue.account, queue.attributes.get("Policy") or None) if queue else None
