"""Converts records to response shapes."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader

from . import catalog, hosts
from .names import CLUSTER, GROUP, arn
from .nodes import members
from .records import GROUPS, Access, Cluster, Group, Node, Settings, Shard

Shape = dict[str, Any]


def endpoint(ctx: Context, host: str, port: int, name: str, *middle: str) -> Shape:
    return {"Address": hosts.address(ctx, host, name, *middle), "Port": port}


def _settings(found: Settings) -> Shape:
    shape: Shape = {
        "PreferredMaintenanceWindow": found.maintenance_window,
        "AutoMinorVersionUpgrade": found.auto_minor,
        "SecurityGroups": [{"SecurityGroupId": id, "Status": "active"} for id in found.security_groups],
        "CacheSecurityGroups": [
            {"CacheSecurityGroupName": name, "Status": "active"} for name in found.cache_security_groups
        ],
        "CacheSubnetGroupName": found.subnet_group,
        "NetworkType": found.network_type,
        "IpDiscovery": found.ip_discovery,
        "LogDeliveryConfigurations": _deliveries(found),
    }
    if found.topic:
        shape["NotificationConfiguration"] = {"TopicArn": found.topic, "TopicStatus": found.topic_status}
    return shape


def _deliveries(found: Settings) -> list[Shape]:
    return [{**{k: v for k, v in one.items() if k != "Enabled"}, "Status": "active"} for one in found.log_deliveries]


def _access(found: Access) -> Shape:
    shape: Shape = {"AuthTokenEnabled": bool(found.tokens), "TransitEncryptionEnabled": found.transit}
    if found.tokens:
        shape["AuthTokenLastModifiedDate"] = found.changed
    if found.transit:
        shape["TransitEncryptionMode"] = found.mode
    return shape


def _backups(engine: str, found: Settings) -> Shape:
    if engine == catalog.MEMCACHED:
        return {}
    shape: Shape = {"SnapshotRetentionLimit": found.snapshot_limit}
    return shape | ({"SnapshotWindow": found.snapshot_window} if found.snapshot_limit else {})


def cluster(tx: Reader, ctx: Context, found: Cluster, *, nodes: bool = False) -> Shape:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html"""
    group = tx.get(GROUPS, (ctx.account, ctx.region, found.group)) if found.group else None
    access = group.access if group is not None else found.access
    zones = sorted({node.zone for node in found.nodes})
    shape: Shape = {
        "CacheClusterId": found.id,
        "ClientDownloadLandingPage": f"https://console.aws.amazon.com/elasticache/home?region={ctx.region}#client-download:",
        "CacheNodeType": found.node_type,
        "Engine": found.engine,
        "EngineVersion": found.version,
        "CacheClusterStatus": found.status,
        "NumCacheNodes": len(found.nodes),
        "PreferredAvailabilityZone": zones[0] if len(zones) == 1 else "Multiple",
        "CacheClusterCreateTime": found.created,
        "PendingModifiedValues": {},
        "CacheParameterGroup": {
            "CacheParameterGroupName": found.settings.parameter_group,
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        "AtRestEncryptionEnabled": found.at_rest,
        "ARN": arn(ctx, CLUSTER, found.id),
        "ReplicationGroupLogDeliveryEnabled": False,
        **_settings(found.settings),
        **_access(access),
        **_backups(found.engine, found.settings),
    }
    if found.group:
        shape["ReplicationGroupId"] = found.group
    if found.status != "creating" and found.discovery:
        shape["ConfigurationEndpoint"] = endpoint(ctx, found.host, found.discovery, found.id, "cfg")
    if nodes:
        shape["CacheNodes"] = [_node(ctx, found, node) for node in found.nodes]
    return shape


def _node(ctx: Context, found: Cluster, node: Node) -> Shape:
    shape: Shape = {
        "CacheNodeId": node.id,
        "CacheNodeStatus": "available" if node.started >= node.generation else "creating",
        "CacheNodeCreateTime": node.created,
        "ParameterGroupStatus": "in-sync",
        "CustomerAvailabilityZone": node.zone,
    }
    if node.started:
        shape["Endpoint"] = endpoint(ctx, found.host, node.client_port, found.id, node.id)
    return shape


def group(tx: Reader, ctx: Context, found: Group) -> Shape:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ReplicationGroup.html"""
    known = {cluster.id: cluster for cluster in members(tx, ctx, found.id)}
    shape: Shape = {
        "ReplicationGroupId": found.id,
        "Description": found.description,
        "Status": found.status,
        "PendingModifiedValues": {},
        "MemberClusters": [id for shard in found.shards for id in shard.members],
        "NodeGroups": [_shard(ctx, found, shard, known) for shard in found.shards],
        "AutomaticFailover": "enabled" if found.failover else "disabled",
        "MultiAZ": "enabled" if found.multi_az else "disabled",
        "ClusterEnabled": found.cluster_mode,
        "ClusterMode": "enabled" if found.cluster_mode else "disabled",
        "CacheNodeType": found.node_type,
        "AtRestEncryptionEnabled": found.at_rest,
        "ARN": arn(ctx, GROUP, found.id),
        "UserGroupIds": found.access.user_groups,
        "LogDeliveryConfigurations": _deliveries(found.settings),
        "ReplicationGroupCreateTime": found.created,
        "DataTiering": "enabled" if found.data_tiering else "disabled",
        "AutoMinorVersionUpgrade": found.settings.auto_minor,
        "NetworkType": found.settings.network_type,
        "IpDiscovery": found.settings.ip_discovery,
        "Engine": found.engine,
        **_access(found.access),
        **_backups(found.engine, found.settings),
    }
    if found.snapshotting:
        shape["SnapshottingClusterId"] = found.snapshotting
    if found.kms_key:
        shape["KmsKeyId"] = found.kms_key
    if found.global_group:
        shape["GlobalReplicationGroupInfo"] = {"GlobalReplicationGroupId": found.global_group}
    if found.configuration and found.status != "creating":
        shape["ConfigurationEndpoint"] = endpoint(ctx, found.host, found.configuration, found.id, "clustercfg")
    return shape


def _shard(ctx: Context, group: Group, found: Shard, known: dict[str, Cluster]) -> Shape:
    shape: Shape = {"NodeGroupId": found.id, "Status": group.status}
    if found.slots:
        shape["Slots"] = slots(found.slots)
    shown = group.status != "creating"
    if shown and found.primary_port:
        shape["PrimaryEndpoint"] = endpoint(ctx, group.host, found.primary_port, group.id, "ng", "0001")
        shape["ReaderEndpoint"] = endpoint(ctx, group.host, found.reader_port, f"{group.id}-ro", "ng", "0001")
    shape["NodeGroupMembers"] = [
        _member(ctx, group, found, known[id], shown=shown) for id in found.members if id in known
    ]
    return shape


def _member(ctx: Context, group: Group, shard: Shard, found: Cluster, *, shown: bool) -> Shape:
    node = found.nodes[0]
    shape: Shape = {
        "CacheClusterId": found.id,
        "CacheNodeId": node.id,
        "PreferredAvailabilityZone": node.zone,
    }
    if not group.cluster_mode:
        shape["CurrentRole"] = "primary" if shard.primary == found.id else "replica"
        if shown:
            shape["ReadEndpoint"] = endpoint(ctx, group.host, node.client_port, found.id, node.id)
    return shape


def slots(ranges: list[tuple[int, int]]) -> str:
    return ",".join(f"{first}-{last}" for first, last in ranges)
