"""CloudFormation's types: what a stack makes runs, follows its updates, and goes with it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElastiCache.html
"""

from __future__ import annotations

import json

import pytest

from .conftest import answers, at, until

pytestmark = pytest.mark.usefixtures("valkey")

TEMPLATE = {
    "Resources": {
        "Parameters": {
            "Type": "AWS::ElastiCache::ParameterGroup",
            "Properties": {"CacheParameterGroupFamily": "redis7", "Description": "d",
                           "Properties": {"maxmemory-policy": "allkeys-lru"}},
        },
        "Subnets": {
            "Type": "AWS::ElastiCache::SubnetGroup",
            "Properties": {"Description": "d", "SubnetIds": ["subnet-1", "subnet-2"]},
        },
        "App": {
            "Type": "AWS::ElastiCache::User",
            "Properties": {"UserId": "app", "UserName": "default", "Engine": "redis", "AccessString": "on ~* +@all",
                           "NoPasswordRequired": "true"},
        },
        "Team": {
            "Type": "AWS::ElastiCache::UserGroup",
            "Properties": {"UserGroupId": "team", "Engine": "redis", "UserIds": [{"Ref": "App"}]},
        },
        "Cluster": {
            "Type": "AWS::ElastiCache::CacheCluster",
            "Properties": {"Engine": "redis", "CacheNodeType": "cache.t3.micro", "NumCacheNodes": "1",
                           "CacheParameterGroupName": {"Ref": "Parameters"},
                           "CacheSubnetGroupName": {"Ref": "Subnets"}},
        },
        "Group": {
            "Type": "AWS::ElastiCache::ReplicationGroup",
            "Properties": {"ReplicationGroupDescription": "d", "Engine": "redis", "CacheNodeType": "cache.t3.micro",
                           "NumCacheClusters": 1, "TransitEncryptionEnabled": True, "UserGroupIds": [{"Ref": "Team"}],
                           "Tags": [{"Key": "a", "Value": "1"}]},
        },
        "Serverless": {
            "Type": "AWS::ElastiCache::ServerlessCache",
            "Properties": {"ServerlessCacheName": "less", "Engine": "valkey"},
        },
    },
    "Outputs": {
        "Host": {"Value": {"Fn::GetAtt": ["Cluster", "RedisEndpoint.Address"]}},
        "Port": {"Value": {"Fn::GetAtt": ["Cluster", "RedisEndpoint.Port"]}},
        "Group": {"Value": {"Ref": "Group"}},
        "Primary": {"Value": {"Fn::GetAtt": ["Group", "PrimaryEndPoint.Port"]}},
        "Serverless": {"Value": {"Fn::GetAtt": ["Serverless", "Endpoint.Port"]}},
    },
}  # fmt: skip


def test_a_stack(aws):
    cloudformation, client = aws.client("cloudformation"), aws.client("elasticache")

    def outputs(status):
        def look():
            (stack,) = cloudformation.describe_stacks(StackName="caches")["Stacks"]
            assert "ROLLBACK" not in stack["StackStatus"], stack
            return stack["Outputs"] if stack["StackStatus"] == status else None

        return {output["OutputKey"]: output["OutputValue"] for output in until(look, 120)}

    cloudformation.create_stack(StackName="caches", TemplateBody=json.dumps(TEMPLATE))
    found = outputs("CREATE_COMPLETE")
    cache = at({"Address": found["Host"], "Port": int(found["Port"])})
    assert cache.info("memory")["maxmemory_policy"] == "allkeys-lru"
    sealed = at({"Address": found["Host"], "Port": int(found["Primary"])}, ssl=True, ssl_cert_reqs="none")
    assert sealed.set("a", "1")

    template = json.loads(json.dumps(TEMPLATE))
    template["Resources"]["Group"]["Properties"]["NumCacheClusters"] = 2
    template["Resources"]["Parameters"]["Properties"]["Properties"] = {}
    cloudformation.update_stack(StackName="caches", TemplateBody=json.dumps(template))
    found = outputs("UPDATE_COMPLETE")
    (group,) = client.describe_replication_groups(ReplicationGroupId=found["Group"])["ReplicationGroups"]
    assert len(group["MemberClusters"]) == 2
    assert answers(lambda: sealed.get("a")) == "1"
    until(lambda: cache.info("memory")["maxmemory_policy"] == "volatile-lru")

    cloudformation.delete_stack(StackName="caches")
    until(lambda: not client.describe_cache_clusters()["CacheClusters"])
    until(lambda: not client.describe_serverless_caches()["ServerlessCaches"])
