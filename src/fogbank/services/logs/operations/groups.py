"""CreateLogGroup, DeleteLogGroup, DescribeLogGroups, and the operations on retention and KMS keys."""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import job, operation
from fogbank.core.residents import resident
from fogbank.store.api import Reader, Transaction

from .. import arns
from ..errors import InvalidParameterException, LimitExceededException, ResourceAlreadyExistsException
from ..groups import GROUP, NAME, group_arn, require_group
from ..records import CHUNKS, DAY_MS, GROUPS, METRIC_FILTERS, STREAMS, SUBSCRIPTIONS, Group
from ..tokens import pages

RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
RETENTION = "logs.retention"
LOOK_SECONDS = 3600
SLICE = 200
GROUPS_PER_REGION = "L-C7B9AAAB"  # a quota


@operation("logs", "CreateLogGroup", resource=arns.new_group)
def create_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a log group. It keeps its events forever, unless it gets a retention policy."""
    name = req["logGroupName"]
    if not NAME.fullmatch(name):
        raise InvalidParameterException(
            f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        )
    with ctx.write() as tx:
        if GROUP.find(tx, ctx, name):
            raise ResourceAlreadyExistsException("The specified log group already exists")
        if quotas.reached(tx, ctx, "logs", GROUPS_PER_REGION, GROUPS, (ctx.account, ctx.region)) is not None:
            raise LimitExceededException
        if req.get("kmsKeyId"):
            ctx.recorded("kmsKeyId")
        tx.put(
            GROUPS,
            Group(
                account=ctx.account,
                region=ctx.region,
                name=name,
                id=ctx.ids.hex(24),
                created_ms=int(ctx.now() * 1000),
                kms_key=req.get("kmsKeyId", ""),
                log_class=req.get("logGroupClass", "STANDARD"),
                tags=req.get("tags") or {},
            ),
        )
    return {}


@operation("logs", "DeleteLogGroup", resource=arns.group)
def delete_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a group at once. A job deletes its events in slices."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        where = (ctx.account, ctx.region, group.name)
        tx.delete(GROUPS, where)
        for metric in list(tx.scan(METRIC_FILTERS, where)):
            tx.delete(METRIC_FILTERS, (*where, metric.name))
        for subscription in list(tx.scan(SUBSCRIPTIONS, where)):
            tx.delete(SUBSCRIPTIONS, (*where, subscription.name))
        ctx.leave(tx, RETENTION, group.name)
        ctx.later(tx, "logs.drop_group", {"id": group.id})
    return {}


@job("logs.drop_group")
async def drop_group(ctx: Context, payload: dict[str, Any]) -> None:
    """Delete the chunks and streams of a deleted group, a slice at a time."""

    def drop(tx: Transaction) -> bool:
        chunks = list(tx.scan(CHUNKS, (payload["id"],), limit=SLICE))
        for chunk in chunks:
            tx.delete(CHUNKS, (chunk.group_id, chunk.stream, chunk.first_ms, chunk.sequence))
        streams = [] if chunks else list(tx.scan(STREAMS, (payload["id"],), limit=SLICE))
        for stream in streams:
            tx.delete(STREAMS, (stream.group_id, stream.name))
        return bool(chunks or streams)

    while await ctx.transact(drop):
        await ctx.clock.sleep(0)


@operation("logs", "DescribeLogGroups", resource=arns.groups)
def describe_log_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List groups by name prefix or by a part of the name, sorted by name."""
    prefix, pattern = req.get("logGroupNamePrefix"), req.get("logGroupNamePattern")
    if prefix and pattern:
        raise InvalidParameterException("LogGroup name prefix and LogGroup name pattern are mutually exclusive.")
    limit = req.get("limit", 50)
    scope = f"{ctx.account}/{ctx.region}/logs/groups"
    listed = pages(ctx, scope)
    after = listed.after(req.get("nextToken"))
    with ctx.read() as tx:
        found = []
        for group in _groups(tx, ctx, prefix or "", after):
            if pattern and pattern.lower() not in group.name.lower():
                continue
            found.append(group)
            if len(found) > limit:
                break
        shown, more = listed.cut(found, limit, lambda group: group.name)
        counts = {group.name: tx.count(METRIC_FILTERS, (ctx.account, ctx.region, group.name)) for group in shown}
    return {"logGroups": [_shape(ctx, group, counts[group.name]) for group in shown], **more}


def _groups(tx: Reader, ctx: Context, prefix: str, after: str | None) -> Any:
    where = (ctx.account, ctx.region)
    return tx.scan(
        GROUPS,
        where,
        start=(*where, prefix),
        end=(*where, prefix + "\U0010ffff"),
        after=(*where, after) if after is not None else None,
    )


def _shape(ctx: Context, group: Group, metric_filters: int) -> dict[str, Any]:
    arn = group_arn(ctx, group.name)
    shown: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": metric_filters,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": group.stored_bytes,
        "logGroupClass": group.log_class,
    }
    if group.retention_days:
        shown["retentionInDays"] = group.retention_days
    return shown | ({"kmsKeyId": group.kms_key} if group.kms_key else {})


@operation("logs", "PutRetentionPolicy", resource=arns.group)
def put_retention_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set the days after which events are deleted, by the cloud's clock."""
    days = req["retentionInDays"]
    if days not in RETENTIONS:
        raise InvalidParameterException(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member "
            f"must satisfy enum value set: [{', '.join(map(str, RETENTIONS))}]"
        )
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        group.retention_days = days
        tx.put(GROUPS, group)
        ctx.reside(tx, RETENTION, group.name, generation=days)
    return {}


@operation("logs", "DeleteRetentionPolicy", resource=arns.group)
def delete_retention_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep events forever from now on."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        group.retention_days = 0
        tx.put(GROUPS, group)
        ctx.leave(tx, RETENTION, group.name)
    return {}


@resident(RETENTION)
async def expire(ctx: Context, id: str) -> None:
    """Every hour, delete the chunks whose last event is older than the group's retention, in slices."""
    while True:
        while await ctx.transact(_drop_some, ctx, id):
            await ctx.clock.sleep(0)
        await ctx.clock.sleep(LOOK_SECONDS)


def _drop_some(tx: Transaction, ctx: Context, name: str) -> bool:
    """Delete a slice of expired chunks. Returns whether there may be more."""
    group = tx.get(GROUPS, (ctx.account, ctx.region, name))
    if group is None or not group.retention_days:
        return False
    horizon = int(ctx.now() * 1000) - group.retention_days * DAY_MS
    dropped = 0
    for stream in list(tx.scan(STREAMS, (group.id,))):
        where = (group.id, stream.name)
        for chunk in list(tx.scan(CHUNKS, where, end=(*where, horizon), limit=SLICE)):
            if chunk.events[-1].at < horizon:
                tx.delete(CHUNKS, (*where, chunk.first_ms, chunk.sequence))
                group.stored_bytes -= sum(len(event.message.encode()) + 26 for event in chunk.events)
                dropped += 1
        if dropped >= SLICE:
            break
    if dropped:
        group.stored_bytes = max(group.stored_bytes, 0)
        tx.put(GROUPS, group)
    return dropped >= SLICE


@operation("logs", "AssociateKmsKey", resource=arns.group, fidelity="recorded")
def associate_kms_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Record the key. Events are not encrypted at rest."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        group.kms_key = req["kmsKeyId"]
        tx.put(GROUPS, group)
    return {}


@operation("logs", "DisassociateKmsKey", resource=arns.group, fidelity="recorded")
def disassociate_kms_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove the recorded key."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        group.kms_key = ""
        tx.put(GROUPS, group)
    return {}
