"""What ElastiCache's resource types say at least: for test_repeating."""

from __future__ import annotations

import uuid

TAGS = [{"Key": "team", "Value": "fog"}]
LEAST = {
    "AWS::ElastiCache::CacheCluster": lambda w: {
        "ClusterName": w.made.setdefault("cache", f"c{uuid.uuid4().hex[:12]}"), "Engine": "redis",
        "CacheNodeType": "cache.t3.micro", "NumCacheNodes": 1, "Tags": TAGS},
    "AWS::ElastiCache::ParameterGroup": lambda w: {
        "CacheParameterGroupFamily": "redis7", "Description": "d", "Tags": TAGS},
    "AWS::ElastiCache::ReplicationGroup": lambda w: {
        "ReplicationGroupId": w.made.setdefault("group id", f"r{uuid.uuid4().hex[:12]}"),
        "ReplicationGroupDescription": "d", "CacheNodeType": "cache.t3.micro", "Engine": "valkey",
        "NumCacheClusters": 1, "AutomaticFailoverEnabled": False, "Tags": TAGS},
    "AWS::ElastiCache::ServerlessCache": lambda w: {
        "ServerlessCacheName": w.made.setdefault("less", f"s{uuid.uuid4().hex[:12]}"), "Engine": "valkey",
        "Tags": TAGS},
    "AWS::ElastiCache::SubnetGroup": lambda w: {
        "CacheSubnetGroupName": "nets", "Description": "d", "SubnetIds": ["subnet-1"], "Tags": TAGS},
    "AWS::ElastiCache::User": lambda w: {
        "UserId": "made", "UserName": "made", "Engine": "redis", "NoPasswordRequired": True,
        "AccessString": "on ~* +@all", "Tags": TAGS},
    "AWS::ElastiCache::UserGroup": lambda w: {
        "UserGroupId": "made", "Engine": "redis", "UserIds": ["default"], "Tags": TAGS},
}  # fmt: skip
# structures, of which the members are given: RedisEndpoint.Address
NOT_GIVEN = {
    "AWS::ElastiCache::CacheCluster": {"ConfigurationEndpoint", "RedisEndpoint"},
    "AWS::ElastiCache::ReplicationGroup": {
        "ConfigurationEndPoint",
        "EffectiveDurability",
        "PrimaryEndPoint",
        "ReadEndPoint",
        "ReaderEndPoint",
    },
}
