"""Single Valkey nodes: their life, what they keep, parameters, metrics, and the cloud's own snapshots and resets.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.html
"""

from __future__ import annotations

import datetime
import os
import signal

import pytest
from tests.support import refused

from fogbank.testing import control

from .conftest import answers, at, cluster, until

pytestmark = pytest.mark.usefixtures("valkey")
NODE = {"Engine": "redis", "CacheNodeType": "cache.t3.micro", "NumCacheNodes": 1}


def endpoint(client, id):
    return cluster(client, id)["CacheNodes"][0]["Endpoint"]


def test_what_is_written_survives_kill_of_node_and_cloud(restarted):
    client = restarted.account().client("elasticache")
    client.create_cache_cluster(CacheClusterId="Kept", **NODE)
    made = cluster(client, "kept")
    assert made["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7"
    cache = at(made["CacheNodes"][0]["Endpoint"])
    cache.set("a", "1")
    server = cache.info("server")["process_id"]
    restarted.restart()
    assert answers(lambda: cache.get("a")) == "1"
    assert endpoint(client, "kept") == made["CacheNodes"][0]["Endpoint"]
    again = cache.info("server")["process_id"]
    assert again != server
    os.kill(again, signal.SIGKILL)
    assert answers(lambda: cache.get("a")) == "1"
    last = cache.info("server")["process_id"]
    restarted.kill()
    until(lambda: not os.path.exists(f"/proc/{last}"))


def test_snapshots_of_the_cloud_and_resets(restarted):
    client = restarted.account().client("elasticache")
    client.create_cache_cluster(CacheClusterId="c", **NODE)
    port = endpoint(client, "c")["Port"]
    cache = at(endpoint(client, "c"))
    cache.set("a", "1")

    def call(name, body):
        return control.call(restarted.endpoint, "POST", name, body, token=restarted.token)

    call("snapshots", {"save": "before"})
    assert answers(lambda: cache.set("a", "2"))
    client.create_cache_cluster(CacheClusterId="later", **NODE)
    later = endpoint(client, "later")
    call("snapshots", {"load": "before"})
    assert answers(lambda: cache.get("a")) == "1"
    assert [found["CacheClusterId"] for found in client.describe_cache_clusters()["CacheClusters"]] == ["c"]
    import redis

    with pytest.raises(redis.ConnectionError):
        at(later).ping()
    (shown,) = control.call(restarted.endpoint, "GET", "engines", token=restarted.token)
    assert shown["engine"] == "valkey"
    call("reset", {"service": "elasticache"})
    assert client.describe_cache_clusters()["CacheClusters"] == []
    assert control.call(restarted.endpoint, "GET", "engines", token=restarted.token) == []
    with pytest.raises(redis.ConnectionError):
        cache.ping()
    client.create_cache_cluster(CacheClusterId="c", Port=port, **NODE)
    assert at(endpoint(client, "c")).dbsize() == 0
    assert endpoint(client, "c")["Port"] == port


def test_parameters_reach_the_running_server(client):
    client.create_cache_parameter_group(
        CacheParameterGroupName="Mine", CacheParameterGroupFamily="redis7", Description="d"
    )
    client.create_cache_cluster(CacheClusterId="tuned", CacheParameterGroupName="mine", **NODE)
    cache = at(endpoint(client, "tuned"))
    assert cache.info("memory")["maxmemory_policy"] == "volatile-lru"
    assert cache.info("memory")["maxmemory"] == 512 * 2**20 * 3 // 4

    def change(name, value):
        values = [{"ParameterName": name, "ParameterValue": value}]
        return client.modify_cache_parameter_group(CacheParameterGroupName="mine", ParameterNameValues=values)

    change("maxmemory-policy", "allkeys-lfu")
    until(lambda: cache.info("memory")["maxmemory_policy"] == "allkeys-lfu")
    shown = client.describe_cache_parameters(CacheParameterGroupName="mine", Source="user")["Parameters"]
    assert [(one["ParameterName"], one["ParameterValue"]) for one in shown] == [("maxmemory-policy", "allkeys-lfu")]
    client.reset_cache_parameter_group(CacheParameterGroupName="mine", ResetAllParameters=True)
    until(lambda: cache.info("memory")["maxmemory_policy"] == "volatile-lru")
    for name, value, text in (
        ("nonsense", "1", "The parameter nonsense does not exist in parameter group family redis7."),
        ("maxmemory-policy", "all", "The value all is not valid for parameter maxmemory-policy."),
        ("appendonly", "yes", "The parameter appendonly cannot be modified."),
        # Python reads these as numbers, a server does not
        ("slowlog-max-len", "1_0", "The value 1_0 is not valid for parameter slowlog-max-len."),
        ("slowlog-max-len", "٣", "The value ٣ is not valid for parameter slowlog-max-len."),
        ("slowlog-max-len", "5\n", "The value 5\n is not valid for parameter slowlog-max-len."),
    ):
        code, message = refused(change, name=name, value=value)[:2]
        assert code == "InvalidParameterValue"
        assert message.startswith(text)
    assert refused(client.delete_cache_parameter_group, CacheParameterGroupName="mine").code == (
        "InvalidCacheParameterGroupState"
    )
    names = {
        group["CacheParameterGroupName"] for group in client.describe_cache_parameter_groups()["CacheParameterGroups"]
    }
    assert {"mine", "default.redis7", "default.redis7.cluster.on", "default.memcached1.6"} <= names


def test_a_clock_that_is_moved_by_days_does_not_stop_at_every_minute(own_cloud, monkeypatch):
    from fogbank.services.elasticache import measuring

    measured = []
    take = measuring.Meter.measure

    async def measure(self, ctx, engine):
        measured.append(ctx.now())
        await take(self, ctx, engine)

    monkeypatch.setattr(measuring.Meter, "measure", measure)
    client = own_cloud.account().client("elasticache")
    client.create_cache_cluster(CacheClusterId="moved", **NODE)
    endpoint(client, "moved")
    measured.clear()
    own_cloud.advance(5 * 86_400)
    assert 5 * 23 <= len(measured) < 1000, "a minute at first, then an hour; 7200 otherwise"


def test_a_node_is_measured(own_cloud):
    account = own_cloud.account()
    client, watch = account.client("elasticache"), account.client("cloudwatch")
    client.create_cache_cluster(CacheClusterId="measured", **NODE)
    cache = at(endpoint(client, "measured"))
    cache.set("a", "1")
    cache.get("a")
    cache.get("b")
    dimensions = [{"Name": "CacheClusterId", "Value": "measured"}, {"Name": "CacheNodeId", "Value": "0001"}]

    def measured(metric):
        now = own_cloud.clock.now()
        points = watch.get_metric_statistics(
            Namespace="AWS/ElastiCache", MetricName=metric, Dimensions=dimensions, Period=60, Statistics=["Maximum"],
            StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=5),
        )["Datapoints"]  # fmt: skip
        return max((point["Maximum"] for point in points), default=None)

    def advanced():
        own_cloud.advance(61)
        return measured("CurrItems") is not None

    until(advanced)
    assert measured("CurrItems") == 1
    assert measured("CacheHits") == 1
    assert measured("CacheMisses") == 1
    assert measured("CurrConnections") >= 1


def test_a_reboot_empties_the_node(client):
    client.create_cache_cluster(CacheClusterId="boot", **NODE)
    place = endpoint(client, "boot")
    at(place).set("a", "1")
    shown = client.reboot_cache_cluster(CacheClusterId="boot", CacheNodeIdsToReboot=["0001"])["CacheCluster"]
    assert shown["CacheClusterStatus"] == "rebooting cluster nodes"
    assert endpoint(client, "boot") == place
    assert at(place).dbsize() == 0


def test_errors_of_clusters(client):
    create = client.create_cache_cluster
    assert refused(create, CacheClusterId="1a", **NODE)[:2] == (
        "InvalidParameterValue",
        "The parameter CacheClusterIdentifier is not a valid identifier. Identifiers must begin with a letter; must "
        "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive "
        "hyphens.",
    )
    assert refused(create, CacheClusterId="a", **{**NODE, "NumCacheNodes": 2})[:2] == (
        "InvalidParameterValue", "Cannot create a Redis cluster with a NumCacheNodes parameter greater than 1.",
    )  # fmt: skip
    assert refused(create, CacheClusterId="a", **{**NODE, "CacheNodeType": "cache.x"}).message == (
        "Invalid Cache Node Type: cache.x"
    )
    assert refused(client.describe_cache_clusters, CacheClusterId="none")[:2] == (
        "CacheClusterNotFound", "CacheCluster not found: none",
    )  # fmt: skip
    assert refused(create, CacheClusterId="a", CacheParameterGroupName="none", **NODE)[:2] == (
        "CacheParameterGroupNotFound", "CacheParameterGroup not found: none",
    )  # fmt: skip
    create(CacheClusterId="a", **NODE)
    assert refused(create, CacheClusterId="A", **NODE)[:2] == (
        "CacheClusterAlreadyExists",
        "Cache cluster already exists",
    )
    assert refused(client.describe_cache_clusters, MaxRecords=10).code == "InvalidParameterValue"
    cluster(client, "a")
    client.delete_cache_cluster(CacheClusterId="a")
    until(lambda: not client.describe_cache_clusters()["CacheClusters"])


def test_lists_are_paged(client):
    for at_ in range(25):
        client.create_cache_subnet_group(
            CacheSubnetGroupName=f"g{at_:02}", CacheSubnetGroupDescription="d", SubnetIds=["subnet-1"]
        )
    first = client.describe_cache_subnet_groups(MaxRecords=20)
    assert len(first["CacheSubnetGroups"]) == 20
    rest = client.describe_cache_subnet_groups(MaxRecords=20, Marker=first["Marker"])
    assert [group["CacheSubnetGroupName"] for group in rest["CacheSubnetGroups"]] == [f"g{n}" for n in range(20, 25)]
    assert "Marker" not in rest
    code, _ = refused(client.describe_cache_subnet_groups, Marker=first["Marker"][:-2] + "AA")[:2]
    assert code == "InvalidParameterValue"


def test_a_user_without_permission_is_denied(aws, client):
    user = aws.user().client("elasticache")
    assert refused(user.create_cache_cluster, CacheClusterId="a", **NODE).code == "AccessDenied"
    assert refused(user.describe_cache_clusters).code == "AccessDenied"


def test_what_can_be_reserved_and_what_there_is(client):
    offering = client.describe_reserved_cache_nodes_offerings(
        CacheNodeType="cache.t3.micro", Duration="1", OfferingType="No Upfront", ProductDescription="redis"
    )["ReservedCacheNodesOfferings"][0]
    made = client.purchase_reserved_cache_nodes_offering(
        ReservedCacheNodesOfferingId=offering["ReservedCacheNodesOfferingId"], ReservedCacheNodeId="mine"
    )["ReservedCacheNode"]
    assert made["State"] == "active"
    assert client.describe_reserved_cache_nodes(ReservedCacheNodeId="mine")["ReservedCacheNodes"][0] == made
    versions = client.describe_cache_engine_versions(Engine="redis", DefaultOnly=True)["CacheEngineVersions"]
    assert [version["EngineVersion"] for version in versions] == ["7.1"]
    up = client.describe_engine_default_parameters(CacheParameterGroupFamily="valkey8")["EngineDefaults"]["Parameters"]
    assert {one["ParameterName"] for one in up} >= {"maxmemory-policy", "hash-max-listpack-entries"}
