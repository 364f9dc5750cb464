"""Global datastores, migrations, and what the nodes of a group can be scaled to.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateGlobalReplicationGroup.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_FailoverGlobalReplicationGroup.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CompleteMigration.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ListAllowedNodeTypeModifications.html
"""

import pytest
from tests.support import refused

from .conftest import group

pytestmark = pytest.mark.usefixtures("valkey")
MADE = {"ReplicationGroupDescription": "d", "Engine": "valkey", "CacheNodeType": "cache.m5.large"}
NONE = "none-none"


@pytest.fixture
def datastore(client):
    """The id of a datastore that has a primary only."""
    client.create_replication_group(ReplicationGroupId="near", NumCacheClusters=1, **MADE)
    group(client, "near")
    made = client.create_global_replication_group(
        GlobalReplicationGroupIdSuffix="Shop", GlobalReplicationGroupDescription="d", PrimaryReplicationGroupId="near"
    )["GlobalReplicationGroup"]
    return made["GlobalReplicationGroupId"]


def test_a_datastore_has_its_primary_and_takes_no_other(aws, client, datastore):
    here = {"GlobalReplicationGroupId": datastore}
    assert datastore.endswith("-shop")
    (shown,) = client.describe_global_replication_groups(**here, ShowMemberInfo=True)["GlobalReplicationGroups"]
    assert [(member["ReplicationGroupId"], member["Role"]) for member in shown["Members"]] == [("near", "PRIMARY")]
    (primary,) = client.describe_replication_groups(ReplicationGroupId="near")["ReplicationGroups"]
    assert primary["GlobalReplicationGroupInfo"]["GlobalReplicationGroupId"] == datastore
    there = aws.client("elasticache", "eu-west-1")
    joining = refused(there.create_replication_group, ReplicationGroupId="far", **MADE, **here)
    assert joining[::2] == ("InvalidParameterValue", 400)
    near = {"ReplicationGroupId": "near", "ReplicationGroupRegion": "us-east-1"}
    assert refused(client.disassociate_global_replication_group, **here, **near).code == "InvalidParameterValue"
    to = {"PrimaryRegion": "us-east-1", "PrimaryReplicationGroupId": "near"}
    assert refused(client.failover_global_replication_group, **here, **to).code == "InvalidParameterValue"


def test_a_datastore_is_described_changed_and_deleted(client, datastore):
    here = {"GlobalReplicationGroupId": datastore}
    client.modify_global_replication_group(**here, ApplyImmediately=True, GlobalReplicationGroupDescription="new")
    (shown,) = client.describe_global_replication_groups()["GlobalReplicationGroups"]
    assert (shown["GlobalReplicationGroupDescription"], shown["Engine"]) == ("new", "valkey")
    assert "Members" not in shown or shown["Members"] == []
    create, primary = client.create_global_replication_group, {"PrimaryReplicationGroupId": "near"}
    taken = refused(create, GlobalReplicationGroupIdSuffix="shop", **primary)
    assert taken[::2] == ("GlobalReplicationGroupAlreadyExistsFault", 400)
    second = refused(create, GlobalReplicationGroupIdSuffix="other", **primary)
    assert second[::2] == ("InvalidReplicationGroupState", 400)
    client.increase_node_groups_in_global_replication_group(**here, NodeGroupCount=2, ApplyImmediately=True)
    client.decrease_node_groups_in_global_replication_group(**here, NodeGroupCount=1, ApplyImmediately=True)
    client.rebalance_slots_in_global_replication_group(**here, ApplyImmediately=True)
    client.delete_global_replication_group(**here, RetainPrimaryReplicationGroup=True)
    gone = refused(client.describe_global_replication_groups, **here)
    assert gone[::2] == ("GlobalReplicationGroupNotFoundFault", 404)
    assert client.describe_replication_groups(ReplicationGroupId="near")["ReplicationGroups"]


def test_a_datastore_that_is_none(client):
    none = {"GlobalReplicationGroupId": NONE}
    now, count = {"ApplyImmediately": True}, {"NodeGroupCount": 2}
    near = {"ReplicationGroupId": "near", "ReplicationGroupRegion": "us-east-1"}
    for call, more in (
        (client.modify_global_replication_group, now),
        (client.delete_global_replication_group, {"RetainPrimaryReplicationGroup": True}),
        (client.disassociate_global_replication_group, near),
        (client.failover_global_replication_group,
         {"PrimaryRegion": "us-east-1", "PrimaryReplicationGroupId": "near"}),
        (client.increase_node_groups_in_global_replication_group, now | count),
        (client.decrease_node_groups_in_global_replication_group, now | count),
        (client.rebalance_slots_in_global_replication_group, now),
    ):  # fmt: skip
        assert refused(call, **none, **more)[::2] == ("GlobalReplicationGroupNotFoundFault", 404)
    create = client.create_global_replication_group
    missing = refused(create, GlobalReplicationGroupIdSuffix="x", PrimaryReplicationGroupId="none")
    assert missing[::2] == ("ReplicationGroupNotFoundFault", 404)


def test_nothing_is_under_migration(client):
    client.create_replication_group(ReplicationGroupId="still", NumCacheClusters=1, **MADE)
    call = client.complete_migration
    still = refused(call, ReplicationGroupId="still")
    assert still[::2] == ("ReplicationGroupNotUnderMigrationFault", 400)
    assert refused(call, ReplicationGroupId="none")[::2] == ("ReplicationGroupNotFoundFault", 404)


def test_the_types_that_a_node_can_become(client):
    client.create_replication_group(ReplicationGroupId="sized", NumCacheClusters=1, **MADE)
    found = client.list_allowed_node_type_modifications(ReplicationGroupId="sized")
    assert "cache.m5.xlarge" in found["ScaleUpModifications"]
    assert "cache.t3.micro" in found["ScaleDownModifications"]
    assert "cache.m5.large" not in found["ScaleUpModifications"] + found["ScaleDownModifications"]
    of_node = client.list_allowed_node_type_modifications(CacheClusterId="sized-001")
    assert of_node["ScaleUpModifications"] == found["ScaleUpModifications"]
    call = client.list_allowed_node_type_modifications
    assert refused(call).code == "InvalidParameterCombination"
    assert refused(call, CacheClusterId="none")[::2] == ("CacheClusterNotFound", 404)
    assert refused(call, ReplicationGroupId="none")[::2] == ("ReplicationGroupNotFoundFault", 404)
