"""TagQueue, UntagQueue, ListQueueTags; AddPermission, RemovePermission."""

from __future__ import annotations

import json
from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation

from ..errors import InvalidParameterValue, MissingParameter
from ..queues import own_url, queue_arn, require
from ..records import QUEUES, Queue


@operation("sqs", "TagQueue", resource=own_url)
def tag_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set tags, at most 50 per queue."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        queue.tags = queue.tags | req["Tags"]
        if len(queue.tags) > 50:
            raise InvalidParameterValue(f"Too many tags added for queue {queue.name}.")
        tx.put(QUEUES, queue)
    return {}


@operation("sqs", "UntagQueue", resource=own_url)
def untag_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    with ctx.write() as tx:
        queue = require(tx, ctx, req)
        queue.tags = tags.without(queue.tags, req["TagKeys"])
        tx.put(QUEUES, queue)
    return {}


@operation("sqs", "ListQueueTags", resource=own_url)
def list_queue_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The queue's tags."""
    with ctx.read() as tx:
        found = require(tx, ctx, req).tags
    return {"Tags": found} if found else {}


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
