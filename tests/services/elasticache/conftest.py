"""What the tests of ElastiCache share: waiting for a status, and clients of the engines."""

from __future__ import annotations

import time

import pytest

from fogbank.engines import programs


def _needs(name, client):
    pytest.importorskip(client, reason=f"pip install {client}")
    try:
        programs.find(name)
    except programs.NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture
def valkey():
    """The tests that ask for it start Valkey servers."""
    _needs("valkey", "redis")


@pytest.fixture
def memcached():
    _needs("memcached", "pymemcache")


@pytest.fixture
def client(aws):
    return aws.client("elasticache")


def until(look, seconds=60):
    """What `look()` gives once it gives something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def cluster(client, id, status="available"):
    def look():
        found = client.describe_cache_clusters(CacheClusterId=id, ShowCacheNodeInfo=True)["CacheClusters"][0]
        return found if found["CacheClusterStatus"] == status else None

    return until(look)


def group(client, id, status="available"):
    def look():
        found = client.describe_replication_groups(ReplicationGroupId=id)["ReplicationGroups"][0]
        return found if found["Status"] == status else None

    return until(look)


def at(endpoint, **options):
    """A redis-py client of an endpoint."""
    import redis

    return redis.Redis(endpoint["Address"], endpoint["Port"], decode_responses=True, **options)


def answers(look, *unlike):
    """What `look()` gives once it raises no error of a connection."""
    import redis

    def tried():
        try:
            return [look()]
        except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, *unlike):
            return None

    return until(tried)[0]
