"""TagQueue, UntagQueue, ListQueueTags; AddPermission, RemovePermission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.tagging import Names, tag_operations

from ..errors import InvalidParameterValue, MissingParameter
from ..queues import own_url, queue_arn, require
from ..records import QUEUES, Queue


def _check(queue: Queue, given: Mapping[str, str]) -> None:
    if len(queue.tags) > 50:
        raise InvalidParameterValue(f"Too many tags added for queue {queue.name}.")


tag_queue, untag_queue, list_queue_tags = tag_operations(
    "sqs",
    __name__,
    own_url,
    require,
    lambda tx, queue: tx.put(QUEUES, queue),
    names=Names("TagQueue", "UntagQueue", "ListQueueTags", key=""),
    check=_check,
    show=lambda ctx, req, queue: {"Tags": queue.tags} if queue.tags else {},
)


def _policy(queue: Queue, default: dict[str, Any]) -> dict[str, Any]:
    """The queue's policy, with its statements as a list."""
    text = queue.attributes.get("Policy")
    policy: dict[str, Any] = json.loads(text) if text else default
    statements = policy["Statement"]
    return {**policy, "Statement": statements if isinstance(statements, list) else [statements]}


@operation("sqs", "AddPermission", resource=own_url)
def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add a statement to the queue's policy."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        arn = queue_arn(queue)
        default = {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": []}
        policy = _policy(queue, default)
        if not req["AWSAccountIds"] or not req["Actions"]:
            raise MissingParameter("AWSAccountIds" if not req["AWSAccountIds"] else "Actions")
        if any(statement.get("Sid") == req["Label"] for statement in policy["Statement"]):
            raise InvalidParameterValue(f"Value {req['Label']} for parameter Label is invalid. Reason: Already exists.")
        principals = [f"arn:{ctx.partition}:iam::{account}:root" for account in req["AWSAccountIds"]]
        actions = [f"SQS:{action}" for action in req["Actions"]]
        policy["Statement"].append(
            {
                "Sid": req["Label"],
                "Effect": "Allow",
                "Principal": {"AWS": principals if len(principals) > 1 else principals[0]},
                "Action": actions if len(actions) > 1 else actions[0],
                "Resource": arn,
            }
        )
        queue.attributes = queue.attributes | {"Policy": json.dumps(policy)}
        tx.put(QUEUES, queue)
    return {}


@operation("sqs", "RemovePermission", resource=own_url)
def remove_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a statement by its label."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        policy = _policy(queue, {"Statement": []})
        kept = [statement for statement in policy["Statement"] if statement.get("Sid") != req["Label"]]
        if len(kept) == len(policy["Statement"]):
            raise InvalidParameterValue(
                f"Value {req['Label']} for parameter Label is invalid. Reason: can't find label."
            )
        policy["Statement"] = kept
        queue.attributes = {k: v for k, v in queue.attributes.items() if k != "Policy"}
        if kept:
            queue.attributes["Policy"] = json.dumps(policy)
        tx.put(QUEUES, queue)
    return {}
