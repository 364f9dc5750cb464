"""AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable (one region only).

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import create_once, given, unless
from fogbank.core.cfn_tables import Tags, change_tags
from fogbank.core.context import Context
from fogbank.core.tags import to_list

from .records import TABLES
from .state import TOPIC

_SAME = ("AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput", "GlobalSecondaryIndexes",
         "LocalSecondaryIndexes", "TableClass", "OnDemandThroughput", "WarmThroughput",
         "DeletionProtectionEnabled")  # fmt: skip
_UNBUILT = ("ContributorInsightsSpecification", "KinesisStreamSpecification", "ResourcePolicy")  # of a table or replica
_INDEX_CAPACITY = ("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput")
_TAGS = Tags(
    untag=("UntagResource", lambda ctx, arn, keys: {"ResourceArn": arn, "TagKeys": keys}),
    tag=("TagResource", lambda ctx, arn, tags: {"ResourceArn": arn, "Tags": to_list(tags)}),
)
_PATIENCE = 3600.0  # seconds to wait for an index to be filled or dropped


def _request(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Builds the CreateTable request of a resource."""
    request = {**given(properties, *_SAME), "TableName": name}
    if request.get("BillingMode") == "PAY_PER_REQUEST":
        request.pop("ProvisionedThroughput", None)
    stream = _stream(properties)
    if stream:
        request["StreamSpecification"] = stream
    sse = properties.get("SSESpecification")
    if sse is not None:
        key = {name: sse[name] for name in ("SSEType", "KMSMasterKeyId") if sse.get(name)}
        request["SSESpecification"] = {"Enabled": sse.get("SSEEnabled", False), **key}
    if properties.get("Tags"):
        request["Tags"] = properties["Tags"]
    return request


def _stream(properties: dict[str, Any]) -> dict[str, Any] | None:
    spec = properties.get("StreamSpecification")
    return {"StreamEnabled": True, "StreamViewType": spec["StreamViewType"]} if spec else None


def _recovery(properties: dict[str, Any]) -> dict[str, Any] | None:
    spec = properties.get("PointInTimeRecoverySpecification")
    if spec is None:
        return None
    return {"PointInTimeRecoveryEnabled": False, **given(spec, "PointInTimeRecoveryEnabled", "RecoveryPeriodInDays")}


async def _describe(ctx: Context, name: str) -> dict[str, Any]:
    return dict((await ctx.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"])


async def _made(ctx: Context, name: str) -> Resource:
    table = await _describe(ctx, name)
    return Resource(name, {"Arn": table["TableArn"], "TableId": table["TableId"]})


async def _settle(ctx: Context, name: str) -> None:
    """Waits until no index of the table is being filled or dropped."""
    with ctx.watch(TOPIC) as watch:
        while (await _describe(ctx, name))["TableStatus"] != "ACTIVE":
            if not await watch.wait(_PATIENCE):
                raise ResourceFailed(f"Table {name} did not become ACTIVE")


async def _extras(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Sets what CreateTable does not accept: time to live and point-in-time recovery."""
    ttl = new.get("TimeToLiveSpecification")
    before = old.get("TimeToLiveSpecification")
    if ttl != before:
        had = (await ctx.call("dynamodb", "DescribeTimeToLive", {"TableName": name}))["TimeToLiveDescription"]
        wanted = ttl is not None and bool(ttl.get("Enabled"))
        if wanted != (had["TimeToLiveStatus"] == "ENABLED"):
            attribute = (ttl or before or {}).get("AttributeName") or had.get("AttributeName")
            spec = {"Enabled": wanted, "AttributeName": attribute}
            await ctx.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": spec})
    recovery = _recovery(new)
    if recovery is not None and recovery != _recovery(old):
        request = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        await ctx.call("dynamodb", "UpdateContinuousBackups", request)


# AWS lists the key schema among the properties that may replace a table; so the local indexes do, too
@resource(
    "AWS::DynamoDB::Table",
    immutable=("TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"),
    unbuilt=(
        *_UNBUILT,
        "GlobalSecondaryIndexes/*/ContributorInsightsSpecification",
        "ImportSourceSpecification",
        "StreamSpecification/ResourcePolicy",
        "StreamSpecification/Tags",
        "VectorIndexes",
    ),
)
class Table:
    """Ref: the name. GetAtt: Arn (no StreamArn, since Fogbank has no streams)."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("TableName") or name.physical(limit=255)

        async def found() -> dict[str, Any] | None:
            kept = await ctx.fetch(lambda tx: tx.get(TABLES, (ctx.account, ctx.region, chosen)))
            return {} if kept is not None and name.made(kept.created) else None

        await create_once(name, lambda: ctx.call("dynamodb", "CreateTable", _request(chosen, properties)), found)
        await _extras(ctx, chosen, {}, properties)
        return await _made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = _request(physical_id, old), _request(physical_id, new)
        changes: dict[str, Any] = {
            key: after[key]
            for key in ("TableClass", "OnDemandThroughput", "WarmThroughput", "SSESpecification")
            if key in after and after.get(key) != before.get(key)
        }
        if after.get("DeletionProtectionEnabled", False) != before.get("DeletionProtectionEnabled", False):
            changes["DeletionProtectionEnabled"] = after.get("DeletionProtectionEnabled", False)
        for key in ("BillingMode", "ProvisionedThroughput"):
            if after.get(key) is not None and after.get(key) != before.get(key):
                changes[key] = after[key]
        if "BillingMode" in changes and after.get("ProvisionedThroughput"):
            changes["ProvisionedThroughput"] = after["ProvisionedThroughput"]
        for change in [changes, *_stream_changes(before, after), *_index_changes(before, after)]:
            if change:
                await ctx.call("dynamodb", "UpdateTable", {"TableName": physical_id, **change})
                await _settle(ctx, physical_id)
        await _extras(ctx, physical_id, old, new)
        made = await _made(ctx, physical_id)
        await change_tags(ctx, "dynamodb", _TAGS, made.attributes["Arn"], old, new)
        return made

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(self._drop(ctx, physical_id), "ResourceNotFoundException")

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        request = {"TableName": physical_id}
        answer = await unless(ctx.call("dynamodb", "DescribeTable", request), "ResourceNotFoundException")
        if answer is None:
            return None
        found = answer["Table"]
        stream = found.get("StreamSpecification") or {}
        mode = (found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
        capacity = given(found.get("ProvisionedThroughput") or {}, "ReadCapacityUnits", "WriteCapacityUnits")
        return {
            **given(found, "TableName", "AttributeDefinitions", "KeySchema", "DeletionProtectionEnabled"),
            "BillingMode": mode,
            "ProvisionedThroughput": capacity if mode == "PROVISIONED" else None,
            "StreamSpecification": given(stream, "StreamViewType") or None,
        }

    async def list(self, ctx: Context) -> list[str]:
        names: list[str] = []
        more: dict[str, Any] = {}
        while True:
            answer = await ctx.call("dynamodb", "ListTables", more)
            names += answer["TableNames"]
            if not answer.get("LastEvaluatedTableName"):
                return names
            more = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}

    @staticmethod
    async def _drop(ctx: Context, name: str) -> None:
        await _settle(ctx, name)
        await ctx.call("dynamodb", "DeleteTable", {"TableName": name})


def _stream_changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    old, new = before.get("StreamSpecification"), after.get("StreamSpecification")
    if old == new:
        return []
    steps: list[dict[str, Any]] = [{"StreamSpecification": {"StreamEnabled": False}}] if old else []
    return [*steps, {"StreamSpecification": new}] if new else steps


def _index_changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns one UpdateTable per index, as AWS requires: first deletions, then creations, then new throughputs."""
    old = {index["IndexName"]: index for index in before.get("GlobalSecondaryIndexes") or ()}
    new = {index["IndexName"]: index for index in after.get("GlobalSecondaryIndexes") or ()}

    def same(name: str) -> bool:
        return all(old[name].get(key) == new[name].get(key) for key in ("KeySchema", "Projection"))

    gone = [name for name in old if name not in new or not same(name)]
    come = [name for name in new if name not in old or not same(name)]
    steps: list[dict[str, Any]] = [{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": n}}]} for n in gone]
    definitions = after["AttributeDefinitions"]
    steps += [
        {"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [{"Create": new[name]}]} for name in come
    ]
    for name, index in new.items():
        capacity = given(index, *_INDEX_CAPACITY)
        if name in old and name not in come and capacity and capacity != given(old[name], *_INDEX_CAPACITY):
            steps.append({"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": name, **capacity}}]})
    return steps


def _local(ctx: Context, properties: dict[str, Any]) -> dict[str, Any]:
    """Converts a GlobalTable's properties to a Table's, from its only replica, the one in this region.

    Raises ResourceFailed when it has other replicas.
    """
    replicas = properties.get("Replicas") or []
    here = next((replica for replica in replicas if replica.get("Region") == ctx.region), None)
    if here is None or len(replicas) > 1:
        raise ResourceFailed(
            "Fogbank does not replicate tables yet: an AWS::DynamoDB::GlobalTable needs exactly one replica, in the "
            f"stack's region {ctx.region}"
        )
    shared = ("AttributeDefinitions", "KeySchema", "BillingMode", "LocalSecondaryIndexes", "StreamSpecification",
              "TableName", "TimeToLiveSpecification", "SSESpecification", "WarmThroughput")  # fmt: skip
    own = ("PointInTimeRecoverySpecification", "Tags", "TableClass", "DeletionProtectionEnabled")
    found = {key: properties[key] for key in shared if key in properties}
    found |= {key: here[key] for key in own if key in here}
    if "SSESpecification" in found and here.get("SSESpecification"):
        # the replica may have a key of its own
        found["SSESpecification"] = {**found["SSESpecification"], **here["SSESpecification"]}
    if properties.get("BillingMode") != "PAY_PER_REQUEST":
        found["ProvisionedThroughput"] = _throughput(properties, here)
    indexes = []
    for index in properties.get("GlobalSecondaryIndexes") or ():
        kept = {key: index[key] for key in ("IndexName", "KeySchema", "Projection", "WarmThroughput") if key in index}
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            named = (i for i in here.get("GlobalSecondaryIndexes") or () if i["IndexName"] == index["IndexName"])
            kept["ProvisionedThroughput"] = _throughput(index, next(named, {}))
        indexes.append(kept)
    if indexes:
        found["GlobalSecondaryIndexes"] = indexes
    return found


def _throughput(writes: dict[str, Any], reads: dict[str, Any]) -> dict[str, int]:
    """Returns the units with which auto scaling would begin."""
    write = (writes.get("WriteProvisionedThroughputSettings") or {}).get("WriteCapacityAutoScalingSettings") or {}
    settings = reads.get("ReadProvisionedThroughputSettings") or writes.get("ReadProvisionedThroughputSettings") or {}
    read = settings.get("ReadCapacityUnits") or (settings.get("ReadCapacityAutoScalingSettings") or {}).get(
        "MinCapacity"
    )
    return {
        "ReadCapacityUnits": int(read or 5),
        "WriteCapacityUnits": int(write.get("SeedCapacity") or write.get("MinCapacity") or 5),
    }


_UNBUILT_REPLICA = (
    *_UNBUILT,
    "DisassociationProtectionEnabled",
    "GlobalSecondaryIndexes/*/ContributorInsightsSpecification",
    "GlobalSecondaryIndexes/*/ReadOnDemandThroughputSettings",
    "GlobalTableSettingsReplicationMode",
    "ReadOnDemandThroughputSettings",
    "ReplicaStreamSpecification",
)


@resource(
    "AWS::DynamoDB::GlobalTable",
    immutable=("TableName", "KeySchema", "LocalSecondaryIndexes"),
    unbuilt=(
        *(f"Replicas/*/{path}" for path in _UNBUILT_REPLICA),
        "GlobalSecondaryIndexes/*/ReadOnDemandThroughputSettings",
        "GlobalSecondaryIndexes/*/WriteOnDemandThroughputSettings",
        "GlobalTableSourceArn",
        "GlobalTableWitnesses",
        "MultiRegionConsistency",
        "ReadOnDemandThroughputSettings",
        "TableType",
        "VectorIndexes",
        "WriteOnDemandThroughputSettings",
    ),
)
class GlobalTable:
    """Ref: the name. GetAtt: Arn, StreamArn, TableId. One replica, in the stack's region."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await Table().create(ctx, name, _local(ctx, properties))

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await Table().update(ctx, physical_id, _local(ctx, old), _local(ctx, new))

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await Table().delete(ctx, physical_id, properties)
