"""Replicas: add them, remove them, promote one."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import find, replicas, shapes
from ..errors import InvalidParameterException, InvalidRequestException
from ..find import by_id, secret_arn
from ..records import SECRETS


@operation("secretsmanager", "ReplicateSecretToRegions", resource=by_id)
def replicate_secret_to_regions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add replicas in other regions. They are in sync soon after."""
    replicas.check(ctx, req["AddReplicaRegions"])
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        replicas.add(tx, ctx, secret, req["AddReplicaRegions"], bool(req.get("ForceOverwriteReplicaSecret")))
        secret.changed = ctx.now()
        tx.put(SECRETS, secret)
    return {"ARN": secret_arn(ctx, secret), "ReplicationStatus": shapes.replication(secret)}


@operation("secretsmanager", "RemoveRegionsFromReplication", resource=by_id)
def remove_regions_from_replication(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete the replicas in some regions."""
    gone = set(req["RemoveReplicaRegions"])
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        if gone - {each.region for each in secret.replicas}:
            raise InvalidParameterException("Invalid replica region.")
        for region in gone:
            kept = tx.get(SECRETS, (secret.account, region, secret.name))
            if kept is not None and kept.primary == secret.region and kept.suffix == secret.suffix:
                replicas.remove(tx, kept)
        secret.replicas = [each for each in secret.replicas if each.region not in gone]
        secret.changed = ctx.now()
        tx.put(SECRETS, secret)
    return {"ARN": secret_arn(ctx, secret), "ReplicationStatus": shapes.replication(secret)}


@operation("secretsmanager", "StopReplicationToReplica", resource=by_id)
def stop_replication_to_replica(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a replica a secret of its own. It is called in the replica's region."""
    with ctx.write() as tx:
        secret = find.usable(tx, ctx, req["SecretId"])
        if not secret.is_replica:
            raise InvalidRequestException("Operation not permitted on a primary secret.")  # not confirmed
        primary = tx.get(SECRETS, (secret.account, secret.primary, secret.name))
        if primary is not None and primary.suffix == secret.suffix:
            primary.replicas = [each for each in primary.replicas if each.region != secret.region]
            tx.put(SECRETS, primary)
        secret.primary = ""
        secret.rotating, secret.rules, secret.closes = False, {}, 0.0
        secret.changed = ctx.now()
        tx.put(SECRETS, secret)
    return {"ARN": secret_arn(ctx, secret)}
