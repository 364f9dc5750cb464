"""CreateTable, DescribeTable, ListTables, DeleteTable."""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import definitions
from ..arns import new_table, table_resource
from ..errors import LimitExceeded, ResourceInUse, ResourceNotFound
from ..jobs import EXPIRY
from ..records import TABLES, IndexRecord, TableRecord
from ..shapes import Counts, counts_of, describe, sse_description
from ..state import State, target
from ..values import INVALID

MAX_LISTED = 100
TABLES_PER_REGION = "L-F98FE922"  # quota code
_UNBUILT = ("ResourcePolicy", "VectorIndexes", "GlobalTableSourceArn")


def require(tx: Reader, ctx: Context, name: str) -> TableRecord:
    """Returns a table's record from the store, not from the cache. Raises ResourceNotFound, which names the table."""
    wanted = target(ctx, name)
    found = tx.get(TABLES, wanted)
    if found is None:
        definitions.check_name(wanted[2], least=1)
        raise ResourceNotFound(f"Requested resource not found: Table: {wanted[2]} not found")
    return found


def counted(ctx: Context, name: str) -> Counts:
    """Returns the counts of a table that is about to be changed.

    Reads them in a separate transaction: every write of an item changes them, so on a networked store a change that
    had read them itself would seldom get through.
    """
    with ctx.read() as tx:
        return counts_of(tx, require(tx, ctx, name))


@operation("dynamodb", "CreateTable", resource=new_table)
def create_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Creates a table. The table accepts requests at once and is ACTIVE in the next DescribeTable.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    """
    table = _table(ctx, req)
    with ctx.write() as tx:
        if tx.get(TABLES, TABLES.key(table)) is not None:
            raise ResourceInUse(f"Table already exists: {table.name}")
        limit = quotas.reached(tx, ctx, "dynamodb", TABLES_PER_REGION, TABLES, TABLES.key(table)[:2])
        if limit is not None:
            raise LimitExceeded(f"Subscriber limit exceeded: There is a limit of {limit} tables per subscriber")
        tx.put(TABLES, table)
        ctx.app.local(State).changed(tx)
    return {"TableDescription": describe(ctx, _creating(table), {}, status="CREATING")}


def _creating(table: TableRecord) -> TableRecord:
    """Returns the table as CreateTable's response shows it: with its global indexes in CREATING."""
    import msgspec

    indexes = [index if index.local else msgspec.structs.replace(index, status="CREATING") for index in table.indexes]
    return msgspec.structs.replace(table, indexes=indexes)


def _table(ctx: Context, req: dict[str, Any]) -> TableRecord:
    definitions.refuse_unbuilt("CreateTable", req, _UNBUILT)
    account, region, name = target(ctx, req["TableName"])
    definitions.check_name(name)
    for member in ("AttributeDefinitions", "KeySchema"):
        if req.get(member) is None:
            raise ValidationError(
                f"1 validation error detected: Value null at '{member[0].lower()}{member[1:]}' failed to satisfy "
                "constraint: Member must not be null"
            )
    billing = req.get("BillingMode") or "PROVISIONED"
    read, write = definitions.table_throughput(req, billing)
    kinds = definitions.attribute_kinds(req["AttributeDefinitions"])
    keys = definitions.key_names(req["KeySchema"], kinds, table=True)
    stream = req.get("StreamSpecification") or {}
    definitions.check_stream(stream)
    box = ctx.ids.base32(10)
    now = ctx.now()
    return TableRecord(
        account=account,
        region=region,
        name=name,
        id=ctx.ids.uuid(),
        box=box,
        created=now,
        attributes=kinds,
        keys=keys,
        billing=billing,
        billing_since=now if billing == "PAY_PER_REQUEST" else None,
        read_units=read,
        write_units=write,
        indexes=_indexes(ctx, req, kinds, keys, billing, box),
        stream=dict(stream) if stream.get("StreamEnabled") else {},
        sse=sse_description(req.get("SSESpecification"), account, region),
        table_class=req.get("TableClass") or "",
        protected=bool(req.get("DeletionProtectionEnabled")),
        tags=definitions.tags_of(req.get("Tags")),
        on_demand=dict(req.get("OnDemandThroughput") or {}),
        warm=dict(req.get("WarmThroughput") or {}),
    )


def _indexes(
    ctx: Context, req: dict[str, Any], kinds: dict[str, str], keys: list[str], billing: str, box: str
) -> list[IndexRecord]:
    found: list[IndexRecord] = []
    for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        specs = req.get(member)
        if specs is None:
            continue
        if not specs:
            raise ValidationError(f"{INVALID}List of {member} is empty")
        for spec in specs:
            own = f"{box}.{len(found):02}"
            found.append(definitions.index_record(spec, kinds, billing, own, table_keys=keys if local else None))
    definitions.check_indexes(found, kinds, keys, ctx.quota("dynamodb", definitions.GLOBAL_INDEXES))
    return found


@operation("dynamodb", "DescribeTable", resource=table_resource)
def describe_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Describes a table, with its current number of items."""
    with ctx.read() as tx:
        table = require(tx, ctx, req["TableName"])
        return {"Table": describe(ctx, table, counts_of(tx, table))}


@operation("dynamodb", "ListTables", resource="*")
def list_tables(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists the names of the account's tables in this region, in order, at most 100 per page."""
    limit = req.get("Limit") or MAX_LISTED
    start = req.get("ExclusiveStartTableName")
    after = (ctx.account, ctx.region, start) if start else None
    with ctx.read() as tx:
        found = [t.name for t in tx.scan(TABLES, (ctx.account, ctx.region), after=after, limit=limit + 1)]
    result: dict[str, Any] = {"TableNames": found[:limit]}
    if len(found) > limit:
        result["LastEvaluatedTableName"] = found[limit - 1]
    return result


@operation("dynamodb", "DeleteTable", resource=table_resource)
def delete_table(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes a table. Its name is free at once; a job deletes its items.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html
    """
    counts = counted(ctx, req["TableName"])
    with ctx.write() as tx:
        table = require(tx, ctx, req["TableName"])
        if table.protected:
            raise ValidationError(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion "
                "protection first."
            )
        shown = describe(ctx, table, counts, status="DELETING")
        tx.delete(TABLES, TABLES.key(table))
        ctx.app.local(State).changed(tx)
        ctx.leave(tx, EXPIRY, f"{table.name}/{table.box}")
        boxes = [table.box, *(index.box for index in table.indexes)]
        ctx.later(tx, "dynamodb.purge", {"account": table.account, "region": table.region, "boxes": boxes})
    members = ("TableName", "TableStatus", "ProvisionedThroughput", "TableSizeBytes", "ItemCount", "TableArn",
               "TableId", "BillingModeSummary", "DeletionProtectionEnabled")  # fmt: skip
    return {"TableDescription": {name: shown[name] for name in members if name in shown}}
