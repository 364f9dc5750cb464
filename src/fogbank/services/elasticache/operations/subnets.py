"""Subnet groups and security groups. Only recorded: there is no network between clients and nodes.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SubnetGroups.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import labels, names
from ..errors import (
    AuthorizationAlreadyExists,
    AuthorizationNotFound,
    InvalidSecurityGroupState,
    SecurityGroupAlreadyExists,
    SubnetGroupAlreadyExists,
    SubnetGroupInUse,
)
from ..listing import page
from ..names import SECURITY, SUBNETS
from ..records import CLUSTERS, SECURITY_GROUPS, SUBNET_GROUPS, SecurityGroup, SubnetGroup

Request = dict[str, Any]
SUBNET, GROUP = "CacheSubnetGroupName", "CacheSecurityGroupName"


def _subnets(ctx: Context, group: SubnetGroup) -> dict[str, Any]:
    zones = [ctx.region + "abc"[at % 3] for at in range(len(group.subnets))]
    return {
        "CacheSubnetGroupName": group.name,
        "CacheSubnetGroupDescription": group.description,
        "VpcId": "vpc-00000000",
        "Subnets": [
            {"SubnetIdentifier": id, "SubnetAvailabilityZone": {"Name": zone}, "SupportedNetworkTypes": ["ipv4"]}
            for id, zone in zip(group.subnets, zones, strict=True)
        ],
        "ARN": names.arn(ctx, SUBNETS, group.name),
        "SupportedNetworkTypes": ["ipv4"],
    }


@operation("elasticache", "CreateCacheSubnetGroup", resource=names.new(SUBNETS, SUBNET), fidelity="recorded")
def create_cache_subnet_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Record a subnet group."""
    name = names.identifier(SUBNET, req[SUBNET], 255)
    with ctx.write() as tx:
        if tx.get(SUBNET_GROUPS, (ctx.account, ctx.region, name)) is not None or name == "default":
            raise SubnetGroupAlreadyExists(f"Cache subnet group {name} already exists.")
        group = SubnetGroup(
            account=ctx.account,
            region=ctx.region,
            name=name,
            description=req["CacheSubnetGroupDescription"],
            subnets=req["SubnetIds"],
            tags=labels.given(req),
        )
        tx.put(SUBNET_GROUPS, group)
    return {"CacheSubnetGroup": _subnets(ctx, group)}


@operation("elasticache", "DescribeCacheSubnetGroups", resource=names.listed(SUBNETS, SUBNET), fidelity="recorded")
def describe_cache_subnet_groups(ctx: Context, req: Request) -> dict[str, Any]:
    """One subnet group, or all."""
    with ctx.read() as tx:
        if req.get(SUBNET):
            found = [SUBNETS.require(tx, ctx, req[SUBNET])]
        else:
            found = list(tx.scan(SUBNET_GROUPS, (ctx.account, ctx.region)))
    found, more = page(ctx, req, found, lambda group: group.name)
    return {"CacheSubnetGroups": [_subnets(ctx, group) for group in found], **more}


@operation("elasticache", "ModifyCacheSubnetGroup", resource=names.of(SUBNETS, SUBNET), fidelity="recorded")
def modify_cache_subnet_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Change the description or the subnets."""
    with ctx.write() as tx:
        group = SUBNETS.require(tx, ctx, req[SUBNET])
        group.description = req.get("CacheSubnetGroupDescription") or group.description
        group.subnets = req.get("SubnetIds") or group.subnets
        tx.put(SUBNET_GROUPS, group)
    return {"CacheSubnetGroup": _subnets(ctx, group)}


@operation("elasticache", "DeleteCacheSubnetGroup", resource=names.of(SUBNETS, SUBNET), fidelity="recorded")
def delete_cache_subnet_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a subnet group that no cluster uses."""
    with ctx.write() as tx:
        group = SUBNETS.require(tx, ctx, req[SUBNET])
        used = (c for c in tx.scan(CLUSTERS, (ctx.account, ctx.region)) if c.settings.subnet_group == group.name)
        if next(used, None) is not None:
            raise SubnetGroupInUse(f"Cache subnet group {group.name} is currently in use by a cache cluster.")
        tx.delete(SUBNET_GROUPS, (ctx.account, ctx.region, group.name))
    return {}


# -- security groups ---------------------------------------------------------------------------------------------------


def _security(ctx: Context, group: SecurityGroup) -> dict[str, Any]:
    return {
        "OwnerId": group.account,
        "CacheSecurityGroupName": group.name,
        "Description": group.description,
        "EC2SecurityGroups": [
            {"Status": "authorized", "EC2SecurityGroupName": name, "EC2SecurityGroupOwnerId": owner}
            for name, owner in group.ingress
        ],
        "ARN": names.arn(ctx, SECURITY, group.name),
    }


@operation("elasticache", "CreateCacheSecurityGroup", resource=names.new(SECURITY, GROUP), fidelity="recorded")
def create_cache_security_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Record a security group, in the form of EC2-Classic."""
    name = names.identifier(GROUP, req[GROUP], 255)
    with ctx.write() as tx:
        if tx.get(SECURITY_GROUPS, (ctx.account, ctx.region, name)) is not None:
            raise SecurityGroupAlreadyExists
        group = SecurityGroup(
            account=ctx.account,
            region=ctx.region,
            name=name,
            description=req["Description"],
            tags=labels.given(req),
        )
        tx.put(SECURITY_GROUPS, group)
    return {"CacheSecurityGroup": _security(ctx, group)}


@operation("elasticache", "DescribeCacheSecurityGroups", resource=names.listed(SECURITY, GROUP), fidelity="recorded")
def describe_cache_security_groups(ctx: Context, req: Request) -> dict[str, Any]:
    """One security group, or all."""
    with ctx.read() as tx:
        if req.get(GROUP):
            found = [SECURITY.require(tx, ctx, req[GROUP])]
        else:
            found = list(tx.scan(SECURITY_GROUPS, (ctx.account, ctx.region)))
    found, more = page(ctx, req, found, lambda group: group.name)
    return {"CacheSecurityGroups": [_security(ctx, group) for group in found], **more}


@operation("elasticache", "DeleteCacheSecurityGroup", resource=names.of(SECURITY, GROUP), fidelity="recorded")
def delete_cache_security_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a security group that no cluster names."""
    with ctx.write() as tx:
        group = SECURITY.require(tx, ctx, req[GROUP])
        clusters = tx.scan(CLUSTERS, (ctx.account, ctx.region))
        if any(group.name in cluster.settings.cache_security_groups for cluster in clusters):
            raise InvalidSecurityGroupState(f"Cache security group {group.name} is in use.")
        tx.delete(SECURITY_GROUPS, (ctx.account, ctx.region, group.name))
    return {}


@operation("elasticache", "AuthorizeCacheSecurityGroupIngress", resource=names.of(SECURITY, GROUP), fidelity="recorded")
def authorize_cache_security_group_ingress(ctx: Context, req: Request) -> dict[str, Any]:
    """Record that an EC2 security group has access."""
    with ctx.write() as tx:
        group = SECURITY.require(tx, ctx, req[GROUP])
        entry = (req["EC2SecurityGroupName"], req["EC2SecurityGroupOwnerId"])
        if entry in group.ingress:
            raise AuthorizationAlreadyExists
        group.ingress = [*group.ingress, entry]
        tx.put(SECURITY_GROUPS, group)
    return {"CacheSecurityGroup": _security(ctx, group)}


@operation("elasticache", "RevokeCacheSecurityGroupIngress", resource=names.of(SECURITY, GROUP), fidelity="recorded")
def revoke_cache_security_group_ingress(ctx: Context, req: Request) -> dict[str, Any]:
    """Record that an EC2 security group has no access any more."""
    with ctx.write() as tx:
        group = SECURITY.require(tx, ctx, req[GROUP])
        entry = (req["EC2SecurityGroupName"], req["EC2SecurityGroupOwnerId"])
        if entry not in group.ingress:
            raise AuthorizationNotFound
        group.ingress = [other for other in group.ingress if other != entry]
        tx.put(SECURITY_GROUPS, group)
    return {"CacheSecurityGroup": _security(ctx, group)}
