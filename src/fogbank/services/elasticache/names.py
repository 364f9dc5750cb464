"""The things that requests name, and the resources of ElastiCache's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html

Names are kept in lower case and found however they are written; an ARN is made of the name as it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access
from fogbank.store.api import Table

from . import errors, records

Request = dict[str, Any]
_IDENTIFIER = re.compile(r"[a-z](?!.*--)[a-z0-9-]*(?<!-)")
_DOTTED = re.compile(r"[a-z][a-z0-9.-]*")
_RULE = (
    "Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with "
    "a hyphen or contain two consecutive hyphens."
)


def identifier(member: str, text: str | None, most: int = 50, pattern: re.Pattern[str] = _IDENTIFIER) -> str:
    """A name as it is kept. Raises InvalidParameterValue, as AWS words it for cluster identifiers."""
    if not text:
        raise errors.InvalidParameterValue(f"The parameter {member} must be provided and must not be blank.")
    name = text.lower()
    if not pattern.fullmatch(name) or not text.isascii() or len(name) > most:
        raise errors.InvalidParameterValue(f"The parameter {member} is not a valid identifier. {_RULE}")
    return name


def _kind(
    word: str,
    table: Table[Any],
    member: str,
    missing: Callable[[str], ServiceError],
    most: int = 255,
    pattern: re.Pattern[str] = _IDENTIFIER,
) -> Kind[Any]:
    return Kind(
        word,
        table,
        key=lambda ctx, text: (ctx.account, ctx.region, identifier(member, text, most, pattern)),
        arn=lambda ctx, key, record: ctx.arn("elasticache", f"{word}:{key[2]}", account=str(key[0])),
        missing=lambda ctx, key: missing(key[2]),
    )


def absent_cluster(name: str) -> ServiceError:
    return errors.CacheClusterNotFound(f"CacheCluster not found: {name}")


CLUSTER: Kind[records.Cluster] = _kind("cluster", records.CLUSTERS, "CacheClusterIdentifier", absent_cluster)
GROUP: Kind[records.Group] = _kind(
    "replicationgroup", records.GROUPS, "ReplicationGroupId",
    lambda name: errors.ReplicationGroupNotFound(f"ReplicationGroup {name} not found."))  # fmt: skip
PARAMETERS: Kind[records.ParameterGroup] = _kind(
    "parametergroup", records.PARAMETER_GROUPS, "CacheParameterGroupName",
    lambda name: errors.ParameterGroupNotFound(f"CacheParameterGroup not found: {name}"), pattern=_DOTTED)  # fmt: skip
SUBNETS: Kind[records.SubnetGroup] = _kind(
    "subnetgroup", records.SUBNET_GROUPS, "CacheSubnetGroupName",
    lambda name: errors.SubnetGroupNotFound(f"Cache Subnet Group {name} does not exist."), pattern=_DOTTED)  # fmt: skip
SECURITY: Kind[records.SecurityGroup] = _kind(
    "securitygroup", records.SECURITY_GROUPS, "CacheSecurityGroupName",
    lambda name: errors.SecurityGroupNotFound(f"CacheSecurityGroup {name} not found."))  # fmt: skip
USER: Kind[records.User] = _kind(
    "user", records.USERS, "UserId", lambda name: errors.UserNotFound(f"User {name} not found."))  # fmt: skip
USER_GROUP: Kind[records.UserGroup] = _kind(
    "usergroup", records.USER_GROUPS, "UserGroupId",
    lambda name: errors.UserGroupNotFound(f"UserGroup {name} not found."))  # fmt: skip
SNAPSHOT: Kind[records.Snapshot] = _kind(
    "snapshot", records.SNAPSHOTS, "SnapshotName",
    lambda name: errors.SnapshotNotFound(f"Snapshot {name} not found."), pattern=_DOTTED)  # fmt: skip
SERVERLESS: Kind[records.Serverless] = _kind(
    "serverlesscache", records.SERVERLESS, "ServerlessCacheName",
    lambda name: errors.ServerlessCacheNotFound(f"Serverless cache {name} not found."))  # fmt: skip
SERVERLESS_SNAPSHOT: Kind[records.ServerlessSnapshot] = _kind(
    "serverlesscachesnapshot", records.SERVERLESS_SNAPSHOTS, "ServerlessCacheSnapshotName",
    lambda name: errors.ServerlessSnapshotNotFound(f"Serverless cache snapshot {name} not found."),
    pattern=_DOTTED)  # fmt: skip
RESERVATION: Kind[records.Reservation] = _kind(
    "reserved-instance", records.RESERVATIONS, "ReservedCacheNodeId",
    lambda name: errors.ReservedNodeNotFound(f"ReservedCacheNode not found: {name}"))  # fmt: skip
GLOBAL: Kind[records.GlobalGroup] = Kind(
    "globalreplicationgroup",
    records.GLOBAL_GROUPS,
    key=lambda ctx, text: (ctx.account, identifier("GlobalReplicationGroupId", text, 255)),
    arn=lambda ctx, key, record: ctx.arn(
        "elasticache", f"globalreplicationgroup:{key[1]}", region="", account=str(key[0])
    ),
    missing=lambda ctx, key: errors.GlobalGroupNotFound(f"Global replication group {key[1]} not found."),
)
KINDS: tuple[Kind[Any], ...] = (
    CLUSTER, GROUP, PARAMETERS, SUBNETS, SECURITY, USER, USER_GROUP, SNAPSHOT, SERVERLESS, SERVERLESS_SNAPSHOT,
    RESERVATION, GLOBAL,
)  # fmt: skip


def arn(ctx: Context, kind: Kind[Any], name: str) -> str:
    """The ARN of a record of this account and region."""
    return kind.arn(ctx, (ctx.account, name) if kind is GLOBAL else (ctx.account, ctx.region, name), None)


# -- what requests ask of requests -------------------------------------------------------------------------------------

# kind → the members that may name one beside the thing that the action is about
_ALSO: dict[str, tuple[Kind[Any], bool]] = {
    "CacheParameterGroupName": (PARAMETERS, False),
    "CacheSubnetGroupName": (SUBNETS, False),
    "CacheSecurityGroupNames": (SECURITY, True),
    "SnapshotName": (SNAPSHOT, False),
    "UserGroupIds": (USER_GROUP, True),
    "UserGroupIdsToAdd": (USER_GROUP, True),
    "UserGroupIdsToRemove": (USER_GROUP, True),
    "UserGroupId": (USER_GROUP, False),
    "UserIds": (USER, True),
    "UserIdsToAdd": (USER, True),
    "UserIdsToRemove": (USER, True),
    "ReplicationGroupId": (GROUP, False),
    "PrimaryReplicationGroupId": (GROUP, False),
    "CacheClusterId": (CLUSTER, False),
    "PrimaryClusterId": (CLUSTER, False),
    "ServerlessCacheSnapshotName": (SERVERLESS_SNAPSHOT, False),
    "ServerlessCacheName": (SERVERLESS, False),
}


def of(kind: Kind[Any], member: str, *also: str) -> Callable[[Context, Request], list[Access]]:
    """An action on a thing that is there, and on others that the request names in the members `also`."""

    def resource(ctx: Context, req: Request) -> list[Access]:
        return [Access("", kind.name(ctx, req.get(member) or "")), *others(ctx, req, also)]

    return resource


def new(kind: Kind[Any], member: str, *also: str) -> Callable[[Context, Request], list[Access]]:
    """An action that makes a thing; what else it names is there already. Tags need their permission.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Tagging-Resources.html
    """

    def resource(ctx: Context, req: Request) -> list[Access]:
        made = kind.name(ctx, req.get(member) or "")
        accesses = [Access("", fresh(made)), *others(ctx, req, also)]
        if req.get("Tags"):
            accesses.append(Access("elasticache:AddTagsToResource", fresh(made)))
        return accesses

    return resource


def fresh(made: Named) -> Named:
    """A thing that is about to be made: the tags of one that is there already do not count."""
    return named(made, made.owner, key=made.key)


def others(ctx: Context, req: Request, members: tuple[str, ...]) -> list[Access]:
    accesses = []
    for member in members:
        kind, many = _ALSO[member]
        texts = (req.get(member) or []) if many else [req[member]] if req.get(member) else []
        accesses += [Access("", kind.name(ctx, text)) for text in texts]
    return accesses


def listed(kind: Kind[Any], member: str) -> Callable[[Context, Request], Access]:
    """A Describe of one thing, or of all of a kind: arn:…:cluster:*."""

    def resource(ctx: Context, req: Request) -> Access:
        if req.get(member):
            return Access("", kind.name(ctx, req[member]))
        return Access("", named(arn(ctx, kind, "*"), ctx.account))

    return resource


def tagged(ctx: Context, req: Request) -> Named:
    """The thing of any kind that ListTagsForResource and its like name by ARN."""
    kind, name = by_arn(ctx, req["ResourceName"])
    return kind.name(ctx, name)


def by_arn(ctx: Context, text: str) -> tuple[Kind[Any], str]:
    """The kind and the name in an ARN of this account and region. Raises InvalidARN."""
    parts = text.split(":")
    kind = next((kind for kind in KINDS if len(parts) == 7 and kind.word == parts[5]), None)
    if kind is None or arn(ctx, kind, parts[6]) != text or parts[6] != parts[6].lower():
        raise errors.InvalidArn(f"The ARN {text[:200]} is not valid for this account and region.")
    return kind, parts[6]
