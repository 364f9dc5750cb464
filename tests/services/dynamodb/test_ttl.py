"""Time to live.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

import pytest


@pytest.fixture
def ttl(own_cloud, helpers):
    ddb = own_cloud.account().client("dynamodb")
    ddb.create_table(
        TableName="sessions", KeySchema=helpers.schema("pk"), BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=helpers.attributes(pk="S", g="S"),
        GlobalSecondaryIndexes=[
            {"IndexName": "by-g", "KeySchema": helpers.schema("g"), "Projection": {"ProjectionType": "ALL"}}
        ],
    )  # fmt: skip
    return ddb


def enable(ddb, attribute="until", enabled=True):
    spec = {"Enabled": enabled, "AttributeName": attribute}
    return ddb.update_time_to_live(TableName="sessions", TimeToLiveSpecification=spec)


def names(ddb):
    return sorted(item["pk"]["S"] for item in ddb.scan(TableName="sessions")["Items"])


def put(ddb, name, **more):
    ddb.put_item(TableName="sessions", Item={"pk": {"S": name}, "g": {"S": "g"}, **more})


def test_items_expire(own_cloud, ttl):
    now = int(own_cloud.app.clock.now())
    put(ttl, "before", until={"N": str(now + 100)})
    put(ttl, "text", until={"S": str(now)})
    put(ttl, "never")
    put(ttl, "ancient", until={"N": str(now - 6 * 365 * 86400)})
    assert enable(ttl)["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "until"}
    shown = ttl.describe_time_to_live(TableName="sessions")["TimeToLiveDescription"]
    assert shown == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    put(ttl, "after", until={"N": str(now + 100)})
    put(ttl, "prolonged", until={"N": str(now + 100)})
    put(ttl, "prolonged", until={"N": str(now + 10_000)})
    put(ttl, "late", until={"N": str(now + 10_000)})
    own_cloud.advance(50)
    assert names(ttl) == ["after", "ancient", "before", "late", "never", "prolonged", "text"]
    own_cloud.advance(150)
    assert names(ttl) == ["ancient", "late", "never", "prolonged", "text"]
    table = ttl.describe_table(TableName="sessions")["Table"]
    assert table["ItemCount"] == 5 and table["GlobalSecondaryIndexes"][0]["ItemCount"] == 5
    own_cloud.advance(86400)
    assert names(ttl) == ["ancient", "never", "text"]


def test_changes_of_ttl(own_cloud, ttl, helpers):
    assert ttl.describe_time_to_live(TableName="sessions")["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    assert refused(ttl, helpers, False) == "TimeToLive is already disabled"
    enable(ttl)
    assert refused(ttl, helpers, True) == "TimeToLive is already enabled"
    assert refused(ttl, helpers, True, "other") == (
        "TimeToLive is active on a different AttributeName: current AttributeName is until"
    )
    assert refused(ttl, helpers, False) == "Time to live has been modified multiple times within a fixed interval"
    own_cloud.advance(3700)
    enable(ttl, enabled=False)
    put(ttl, "stays", until={"N": "1"})
    own_cloud.advance(3700)
    assert names(ttl) == ["stays"]
    now = int(own_cloud.app.clock.now())
    put(ttl, "goes", other={"N": str(now)})
    enable(ttl, "other")
    own_cloud.advance(120)
    assert names(ttl) == ["stays"]


def refused(ddb, helpers, enabled, attribute="until"):
    spec = {"Enabled": enabled, "AttributeName": attribute}
    return helpers.invalid(ddb.update_time_to_live, TableName="sessions", TimeToLiveSpecification=spec)
