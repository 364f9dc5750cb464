"""Memcached clusters: their nodes, auto-discovery, and what is stored.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoDiscovery.html
"""

from __future__ import annotations

import socket

import pytest
from botocore.exceptions import ClientError

from .conftest import cluster, until

pytestmark = pytest.mark.usefixtures("memcached")


def create(client, id, count):
    client.create_cache_cluster(
        CacheClusterId=id, Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=count, AZMode="cross-az"
    )
    return cluster(client, id)


def place(endpoint):
    return endpoint["Address"], endpoint["Port"]


def ask(endpoint, text):
    with socket.create_connection(place(endpoint), 10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while data := connection.recv(65536):
            found += data
    return found


def discovered(endpoint):
    head, version, nodes, *rest = ask(endpoint, b"config get cluster\r\n").split(b"\n")
    assert head.startswith(b"CONFIG cluster 0 ")
    assert rest == [b"\r", b"END\r", b""]
    return int(version), [tuple(node.split("|")) for node in nodes.decode().split()]


def test_clients_find_nodes_and_store(client):
    import pymemcache

    made = create(client, "mem", 2)
    assert made["NumCacheNodes"] == 2
    assert made["PreferredAvailabilityZone"] == "Multiple"
    places = [place(node["Endpoint"]) for node in made["CacheNodes"]]
    version, nodes = discovered(made["ConfigurationEndpoint"])
    assert [(address, int(port)) for _, address, port in nodes] == places
    cache = pymemcache.HashClient(places)
    for n in range(20):
        cache.set(f"k{n}", b"x" * 100_000)
    assert all(len(cache.get(f"k{n}")) == 100_000 for n in range(20))
    client.modify_cache_cluster(CacheClusterId="mem", NumCacheNodes=3, ApplyImmediately=True)
    assert len(cluster(client, "mem")["CacheNodes"]) == 3
    newer, nodes = discovered(made["ConfigurationEndpoint"])
    assert newer > version
    assert len(nodes) == 3
    client.modify_cache_cluster(
        CacheClusterId="mem", NumCacheNodes=2, CacheNodeIdsToRemove=["0001"], ApplyImmediately=True
    )
    assert [node["CacheNodeId"] for node in cluster(client, "mem")["CacheNodes"]] == ["0002", "0003"]
    with pytest.raises(ClientError) as caught:
        client.create_snapshot(SnapshotName="s", CacheClusterId="mem")
    assert caught.value.response["Error"]["Code"] == "SnapshotFeatureNotSupportedFault"


def test_what_is_stored_is_no_command(client):
    (node,) = create(client, "data", 1)["CacheNodes"]
    value = b"config get cluster\r\nconfig get cluster"
    stored = ask(node["Endpoint"], b"set a 0 0 %d\r\n%s\r\nget a\r\n" % (len(value), value))
    assert stored == b"STORED\r\nVALUE a 0 %d\r\n%s\r\nEND\r\n" % (len(value), value)
    assert b"|127.0.0.1|" in ask(node["Endpoint"], b"get AmazonElastiCache:cluster\r\n")


def test_a_reboot_empties_a_node(client):
    import pymemcache

    (node,) = create(client, "boot", 1)["CacheNodes"]
    pymemcache.Client(place(node["Endpoint"])).set("a", "1", noreply=False)
    client.reboot_cache_cluster(CacheClusterId="boot", CacheNodeIdsToReboot=["0001"])
    cluster(client, "boot")
    assert pymemcache.Client(place(node["Endpoint"])).get("a") is None
    messages = until(lambda: [e["Message"] for e in client.describe_events(SourceType="cache-cluster")["Events"]])
    assert "Cache node 0001 restarted" in messages


def test_without_the_program_the_error_says_how_to_get_it(client, monkeypatch):
    from fogbank.engines import programs

    def missing(name):
        raise programs.NotInstalled(f"this machine has no {name}: {programs.PROGRAMS[name].hint}")

    monkeypatch.setattr("fogbank.services.elasticache.nodes.find", missing)
    with pytest.raises(ClientError) as caught:
        client.create_cache_cluster(
            CacheClusterId="none", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=1
        )
    assert caught.value.response["Error"]["Code"] == "InsufficientCacheClusterCapacity"
    assert "apt install memcached" in caught.value.response["Error"]["Message"]
