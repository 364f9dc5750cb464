"""Tables and indexes in the form that responses show.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.arns import partition_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .records import STATISTICS, IndexRecord, TableRecord
from .schema import table_arn

Counts = dict[str, tuple[int, int]]  # index name ("" for the table) → items, bytes


def counts_of(tx: Reader, table: TableRecord) -> Counts:
    """Returns the current items and bytes of a table and its indexes (AWS's are up to six hours old)."""
    found: Counts = {}
    for record in tx.scan(STATISTICS, (table.account, table.region, table.box)):
        for name, (items, size) in record.counts.items():
            items_before, size_before = found.get(name, (0, 0))
            found[name] = items_before + items, size_before + size
    return found


def describe(ctx: Context, table: TableRecord, counts: Counts, *, status: str = "") -> dict[str, Any]:
    """Builds the TableDescription. `status` overrides the status that follows from the indexes."""
    busy = any(index.status != "ACTIVE" for index in table.indexes)
    items, size = counts.get("", (0, 0))
    arn = table_arn(table.account, table.region, table.name)
    shown: dict[str, Any] = {
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in table.attributes.items()
        ],
        "TableName": table.name,
        "KeySchema": key_schema(table.keys),
        "TableStatus": status or ("UPDATING" if busy else "ACTIVE"),
        "CreationDateTime": table.created,
        "ProvisionedThroughput": _throughput(table),
        "TableSizeBytes": size,
        "ItemCount": items,
        "TableArn": arn,
        "TableId": table.id,
        "DeletionProtectionEnabled": table.protected,
    }
    if table.billing_since is not None:
        shown["BillingModeSummary"] = {
            "BillingMode": table.billing,
            "LastUpdateToPayPerRequestDateTime": table.billing_since,
        }
    shown["WarmThroughput"] = _warm(table)
    local = [describe_index(table, index, counts) for index in table.indexes if index.local]
    global_ = [describe_index(table, index, counts) for index in table.indexes if not index.local]
    if local:
        shown["LocalSecondaryIndexes"] = local
    if global_:
        shown["GlobalSecondaryIndexes"] = global_
    if table.stream:  # no LatestStreamArn: there is no stream, and readers notice at once
        shown["StreamSpecification"] = table.stream
        ctx.recorded("StreamSpecification")
    if table.sse:
        shown["SSEDescription"] = table.sse
        ctx.recorded("SSESpecification")
    if table.table_class:
        summary: dict[str, Any] = {"TableClass": table.table_class}
        if table.table_class_since is not None:
            summary["LastUpdateDateTime"] = table.table_class_since
        shown["TableClassSummary"] = summary
    if table.on_demand:
        shown["OnDemandThroughput"] = table.on_demand
    return shown


def key_schema(keys: list[str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def describe_index(table: TableRecord, index: IndexRecord, counts: Counts) -> dict[str, Any]:
    items, size = counts.get(index.name, (0, 0))
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.projection == "INCLUDE":
        projection["NonKeyAttributes"] = index.attributes
    shown: dict[str, Any] = {
        "IndexName": index.name,
        "KeySchema": key_schema(index.keys),
        "Projection": projection,
        "IndexSizeBytes": size,
        "ItemCount": items,
        "IndexArn": f"{table_arn(table.account, table.region, table.name)}/index/{index.name}",
    }
    if not index.local:
        shown["IndexStatus"] = index.status
        if index.status == "CREATING":
            shown["Backfilling"] = True
        shown["ProvisionedThroughput"] = _throughput(index)
        shown["WarmThroughput"] = _warm(index, table.billing)
        if index.on_demand:
            shown["OnDemandThroughput"] = index.on_demand
    return shown


def _throughput(record: TableRecord | IndexRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": record.read_units,
        "WriteCapacityUnits": record.write_units,
    }
    if record.increased is not None:
        shown["LastIncreaseDateTime"] = record.increased
    if record.decreased is not None:
        shown["LastDecreaseDateTime"] = record.decreased
    return shown


def _warm(record: TableRecord | IndexRecord, billing: str = "") -> dict[str, Any]:
    """Returns the requested warm throughput, or AWS's initial one for new tables when that is higher."""
    on_demand = (billing or getattr(record, "billing", "")) == "PAY_PER_REQUEST"
    least = (12_000, 4_000) if on_demand else (record.read_units, record.write_units)
    return {
        "ReadUnitsPerSecond": max(least[0], record.warm.get("ReadUnitsPerSecond", 0)),
        "WriteUnitsPerSecond": max(least[1], record.warm.get("WriteUnitsPerSecond", 0)),
        "Status": "ACTIVE",
    }


def sse_description(spec: dict[str, Any] | None, account: str, region: str) -> dict[str, Any]:
    """Converts an SSESpecification to SSEDescription; empty for the default, an AWS owned key."""
    if not spec or not spec.get("Enabled"):
        return {}
    key = spec.get("KMSMasterKeyId") or "alias/aws/dynamodb"
    if not key.startswith("arn:"):
        resource = key if key.startswith("alias/") else f"key/{key}"
        key = f"arn:{partition_of(region)}:kms:{region}:{account}:{resource}"
    return {"Status": "ENABLED", "SSEType": spec.get("SSEType") or "KMS", "KMSMasterKeyArn": key}
