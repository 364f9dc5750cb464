"""AWS::ElastiCache::CacheCluster, ReplicationGroup and ServerlessCache: the resources that run servers.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElastiCache.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from fogbank.core import cfn_calls
from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context
from fogbank.core.tags import from_list, to_list

from .errors import CacheClusterNotFound, ReplicationGroupNotFound, ServerlessCacheNotFound
from .nodes import topic

Properties = dict[str, Any]
Shape = dict[str, Any]
LOOK = 5.0  # seconds of the clock between checks, in case a signal is missed
_RENAMED = {"VpcSecurityGroupIds": "SecurityGroupIds", "ClusterName": "CacheClusterId"}


def request(properties: Properties) -> Properties:
    """The request members of properties."""
    return {_RENAMED.get(name, name): value for name, value in properties.items()}


async def once(name: Name, chosen: str, call: Awaitable[Shape], exists: str) -> Shape | None:
    """Create; None if an earlier try of this creation has. Then the name is a generated one, or belongs to no stack."""
    ours = bool(name.began) and name.claim(chosen)
    generated = chosen.lower().endswith(name.token.lower())
    return await unless(call, *((exists,) if ours or generated else ()))


async def settled(ctx: Context, look: Callable[[], Awaitable[Shape]], member: str) -> Shape:
    """Wait until the resource is available, and return it."""
    with ctx.watch(topic(ctx)) as watch:
        while True:
            found = await look()
            if found[member] == "available":
                return found
            if found[member] in ("deleting", "create-failed", "restore-failed"):
                raise ResourceFailed(f"It has the status {found[member]}.")
            await watch.wait(LOOK)


async def gone(ctx: Context, look: Callable[[], Awaitable[Shape]], code: str) -> None:
    with ctx.watch(topic(ctx)) as watch:
        while await unless(look(), code) is not None:
            await watch.wait(LOOK)


async def retag(ctx: Context, arn: str, old: Properties, new: Properties) -> None:
    async def untag(keys: list[str]) -> None:
        call = ctx.call("elasticache", "RemoveTagsFromResource", {"ResourceName": arn, "TagKeys": keys})
        await unless(call, "TagNotFound")

    async def tag(given: dict[str, str]) -> None:
        await ctx.call("elasticache", "AddTagsToResource", {"ResourceName": arn, "Tags": to_list(given)})

    await cfn_calls.retag(from_list(old.get("Tags")), from_list(new.get("Tags")), untag, tag)


def changes(old: Properties, new: Properties, *names: str) -> Properties:
    """The given properties that have a new value."""
    return request({name: new[name] for name in names if name in new and new[name] != old.get(name)})


# -- clusters ----------------------------------------------------------------------------------------------------------


@resource(
    "AWS::ElastiCache::CacheCluster", fixed={"PreferredAvailabilityZone": None, "PreferredAvailabilityZones": None}
)
class CacheCluster:
    """Ref: the cluster's id. GetAtt: RedisEndpoint.Address and .Port, ConfigurationEndpoint.Address and .Port."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        generated = name.physical(limit=40, lower=True)
        chosen = properties.get("ClusterName") or generated
        call = ctx.call("elasticache", "CreateCacheCluster", {**request(properties), "CacheClusterId": chosen})
        await once(name, chosen, call, "CacheClusterAlreadyExists")
        return await self._made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        changed = changes(
            old, new, "NumCacheNodes", "CacheNodeType", "CacheParameterGroupName", "EngineVersion", "SnapshotWindow",
            "SnapshotRetentionLimit", "PreferredMaintenanceWindow", "VpcSecurityGroupIds", "AutoMinorVersionUpgrade",
            "NotificationTopicArn", "LogDeliveryConfigurations", "IpDiscovery", "AZMode", "CacheSecurityGroupNames",
        )  # fmt: skip
        if "NumCacheNodes" in changed:
            changed |= await self._removed(ctx, physical_id, changed["NumCacheNodes"])
        if changed:
            target = {"CacheClusterId": physical_id, "ApplyImmediately": True}
            await ctx.call("elasticache", "ModifyCacheCluster", {**target, **changed})
        made = await self._made(ctx, physical_id)
        await retag(ctx, (await self._look(ctx, physical_id))["ARN"], old, new)
        return made

    async def _removed(self, ctx: Context, id: str, count: int) -> Properties:
        """The last nodes, if there are to be fewer."""
        nodes = [node["CacheNodeId"] for node in (await self._look(ctx, id))["CacheNodes"]]
        return {"CacheNodeIdsToRemove": nodes[count:]} if count < len(nodes) else {}

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {"CacheClusterId": physical_id}
        call = ctx.call("elasticache", "DeleteCacheCluster", request)
        await unless(call, CacheClusterNotFound.code, "InvalidCacheClusterState")
        await gone(ctx, lambda: self._look(ctx, physical_id), CacheClusterNotFound.code)

    @staticmethod
    async def _look(ctx: Context, id: str) -> Shape:
        found = await ctx.call(
            "elasticache", "DescribeCacheClusters", {"CacheClusterId": id, "ShowCacheNodeInfo": True}
        )
        cluster: Shape = found["CacheClusters"][0]
        return cluster

    async def _made(self, ctx: Context, id: str) -> Resource:
        found = await settled(ctx, lambda: self._look(ctx, id), "CacheClusterStatus")
        endpoint = found.get("ConfigurationEndpoint")
        attribute = "ConfigurationEndpoint" if endpoint else "RedisEndpoint"
        endpoint = endpoint or found["CacheNodes"][0]["Endpoint"]
        return Resource(id, {f"{attribute}.Address": endpoint["Address"], f"{attribute}.Port": str(endpoint["Port"])})


@resource(
    "AWS::ElastiCache::ReplicationGroup",
    fixed={"ClusterMode": None, "NodeGroupConfiguration": None, "PrimaryClusterId": None},
    unbuilt=("Durability",),
)
class ReplicationGroup:
    """Ref: the group's id. GetAtt: addresses and ports of PrimaryEndPoint, ReaderEndPoint and ConfigurationEndPoint."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        generated = name.physical(limit=40, lower=True)
        chosen = properties.get("ReplicationGroupId") or generated
        call = ctx.call("elasticache", "CreateReplicationGroup", {**request(properties), "ReplicationGroupId": chosen})
        await once(name, chosen, call, "ReplicationGroupAlreadyExists")
        return await self._made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        target: Properties = {"ReplicationGroupId": physical_id, "ApplyImmediately": True}
        changed = changes(
            old, new, "ReplicationGroupDescription", "AutomaticFailoverEnabled", "MultiAZEnabled", "CacheNodeType",
            "CacheParameterGroupName", "EngineVersion", "SnapshotRetentionLimit", "SnapshotWindow", "SecurityGroupIds",
            "PreferredMaintenanceWindow", "NotificationTopicArn", "AutoMinorVersionUpgrade", "SnapshottingClusterId",
            "LogDeliveryConfigurations", "IpDiscovery", "TransitEncryptionEnabled", "TransitEncryptionMode",
        )  # fmt: skip
        if new.get("AuthToken") and new["AuthToken"] != old.get("AuthToken"):
            changed |= {"AuthToken": new["AuthToken"], "AuthTokenUpdateStrategy": "SET"}
        before, after = set(old.get("UserGroupIds") or ()), set(new.get("UserGroupIds") or ())
        lists = {"UserGroupIdsToAdd": sorted(after - before), "UserGroupIdsToRemove": sorted(before - after)}
        changed |= {member: ids for member, ids in lists.items() if ids}
        if changed:
            await ctx.call("elasticache", "ModifyReplicationGroup", {**target, **changed})
            await self._made(ctx, physical_id)
        await self._sizes(ctx, target, old, new)
        made = await self._made(ctx, physical_id)
        await retag(ctx, (await self._look(ctx, physical_id))["ARN"], old, new)
        return made

    async def _sizes(self, ctx: Context, target: Properties, old: Properties, new: Properties) -> None:
        """Change the numbers of shards and replicas, if they differ."""
        id = target["ReplicationGroupId"]
        shards = changes(old, new, "NumNodeGroups").get("NumNodeGroups")
        if shards is not None:
            known = [shard["NodeGroupId"] for shard in (await self._look(ctx, id))["NodeGroups"]]
            fewer = {"NodeGroupsToRemove": known[shards:]} if shards < len(known) else {}
            call = ctx.call(
                "elasticache", "ModifyReplicationGroupShardConfiguration", {**target, "NodeGroupCount": shards, **fewer}
            )
            await unless(call, "NoOperationFault")
            await self._made(ctx, id)
        wanted = changes(old, new, "NumCacheClusters", "ReplicasPerNodeGroup")
        if not wanted:
            return
        replicas = wanted.get("ReplicasPerNodeGroup", wanted.get("NumCacheClusters", 1) - 1)
        now = len((await self._look(ctx, id))["NodeGroups"][0]["NodeGroupMembers"]) - 1
        if replicas != now:
            verb = "IncreaseReplicaCount" if replicas > now else "DecreaseReplicaCount"
            await ctx.call("elasticache", verb, {**target, "NewReplicaCount": replicas})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("elasticache", "DeleteReplicationGroup", {"ReplicationGroupId": physical_id})
        await unless(call, ReplicationGroupNotFound.code, "InvalidReplicationGroupState")
        await gone(ctx, lambda: self._look(ctx, physical_id), ReplicationGroupNotFound.code)

    @staticmethod
    async def _look(ctx: Context, id: str) -> Shape:
        found = await ctx.call("elasticache", "DescribeReplicationGroups", {"ReplicationGroupId": id})
        group: Shape = found["ReplicationGroups"][0]
        return group

    async def _made(self, ctx: Context, id: str) -> Resource:
        found = await settled(ctx, lambda: self._look(ctx, id), "Status")
        (shard, *_) = found["NodeGroups"]
        endpoints = {
            "ConfigurationEndPoint": found.get("ConfigurationEndpoint"),
            "PrimaryEndPoint": shard.get("PrimaryEndpoint"),
            "ReaderEndPoint": shard.get("ReaderEndpoint"),
        }
        attributes: dict[str, Any] = {}
        for attribute, endpoint in endpoints.items():
            if endpoint:
                attributes[f"{attribute}.Address"] = endpoint["Address"]
                attributes[f"{attribute}.Port"] = str(endpoint["Port"])
        readers = [member["ReadEndpoint"] for member in shard["NodeGroupMembers"] if "ReadEndpoint" in member]
        if readers:
            addresses, ports = [e["Address"] for e in readers], [str(e["Port"]) for e in readers]
            attributes |= {
                "ReadEndPoint.Addresses": f"[{', '.join(addresses)}]", "ReadEndPoint.Addresses.List": addresses,
                "ReadEndPoint.Ports": f"[{', '.join(ports)}]", "ReadEndPoint.Ports.List": ports,
            }  # fmt: skip
        return Resource(id, attributes)


@resource("AWS::ElastiCache::ServerlessCache")
class ServerlessCache:
    """Ref: the name. GetAtt: ARN, Endpoint.Address, Endpoint.Port, ReaderEndpoint.Address, ReaderEndpoint.Port, …"""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        given = {
            key: value for key, value in request(properties).items() if key not in ("FinalSnapshotName", "Endpoint")
        }
        chosen = properties["ServerlessCacheName"]
        call = ctx.call("elasticache", "CreateServerlessCache", given)
        await once(name, chosen, call, "ServerlessCacheAlreadyExistsFault")
        return await self._made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        changed = changes(
            old, new, "Description", "CacheUsageLimits", "UserGroupId", "SecurityGroupIds", "SnapshotRetentionLimit",
            "DailySnapshotTime", "Engine", "MajorEngineVersion",
        )  # fmt: skip
        if old.get("UserGroupId") and not new.get("UserGroupId"):
            changed["RemoveUserGroup"] = True
        if changed:
            await ctx.call("elasticache", "ModifyServerlessCache", {"ServerlessCacheName": physical_id, **changed})
        made = await self._made(ctx, physical_id)
        await retag(ctx, made.attributes["ARN"], old, new)
        return made

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        last = {"FinalSnapshotName": properties["FinalSnapshotName"]} if properties.get("FinalSnapshotName") else {}
        call = ctx.call("elasticache", "DeleteServerlessCache", {"ServerlessCacheName": physical_id, **last})
        await unless(call, ServerlessCacheNotFound.code, "InvalidServerlessCacheStateFault")
        await gone(ctx, lambda: self._look(ctx, physical_id), ServerlessCacheNotFound.code)

    @staticmethod
    async def _look(ctx: Context, name: str) -> Shape:
        found = await ctx.call("elasticache", "DescribeServerlessCaches", {"ServerlessCacheName": name})
        cache: Shape = found["ServerlessCaches"][0]
        return cache

    async def _made(self, ctx: Context, name: str) -> Resource:
        found = await settled(ctx, lambda: self._look(ctx, name), "Status")
        attributes = {key: found[key] for key in ("ARN", "Status", "FullEngineVersion")}
        attributes["CreateTime"] = datetime.fromtimestamp(float(found["CreateTime"]), UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        for attribute in ("Endpoint", "ReaderEndpoint"):
            attributes[f"{attribute}.Address"] = found[attribute]["Address"]
            attributes[f"{attribute}.Port"] = str(found[attribute]["Port"])
        return Resource(name, attributes)
