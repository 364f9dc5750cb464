"""The resources and condition keys of DynamoDB's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.core.conditions import Lazy
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Named, named
from fogbank.core.operation import Access

from .errors import ResourceNotFound
from .expressions import compiled, keys, updates
from .expressions.compiled import Names
from .state import State, target
from .values import Item

Conditions = Mapping[str, Any]
PREFIX = "dynamodb:"


def table_of(ctx: Context, name: str) -> Named:
    return ctx.app.local(State).name(ctx, name)


def table_resource(ctx: Context, req: dict[str, Any]) -> Named:
    return table_of(ctx, req["TableName"])


def new_table(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Requires access to the new table, and dynamodb:TagResource when the request has tags.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.Operations.html
    """
    table = table_resource(ctx, req)
    return [Access(action, table) for action in ("", *(["dynamodb:TagResource"] if req.get("Tags") else []))]


def tagged_resource(ctx: Context, req: dict[str, Any]) -> Named:
    """Returns the resource of the tag operations: a table by its ARN.

    Raises ValidationError unless it is a table's ARN.
    """
    arn = req["ResourceArn"]
    found = table_of(ctx, arn)
    if found != arn:
        if arn.startswith(f"arn:{ctx.partition}:dynamodb:{ctx.region}:") and ":table/" in arn:
            raise ResourceNotFound(f"Requested resource not found: ResourcArn: {arn} not found")
        raise ValidationError(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    return found


def item_resource(ctx: Context, req: dict[str, Any]) -> Access:
    """Returns the resource of GetItem, PutItem, UpdateItem and DeleteItem."""
    return Access("", table_of(ctx, req["TableName"]), Lazy(lambda: _item_conditions(ctx, req)))


def read_resource(ctx: Context, req: dict[str, Any]) -> Access:
    """Returns the resource of Query and Scan: the table, or the index that is read."""
    arn = table_of(ctx, req["TableName"])
    index = req.get("IndexName")
    if index:
        arn = named(f"{arn}/index/{index}", arn.owner, record=arn.record)
    return Access("", arn, Lazy(lambda: _read_conditions(ctx, req)))


def batch_get_resources(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access("", table_of(ctx, name), _many(ctx, name, req, part)) for name, part in req["RequestItems"].items()]


def batch_write_resources(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [
        Access("", table_of(ctx, name), _written(ctx, name, req, writes))
        for name, writes in req["RequestItems"].items()
    ]


_PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def transact_write_resources(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Requires the permission of each part's own action: dynamodb:PutItem, …, dynamodb:ConditionCheckItem."""
    found = []
    for entry in req["TransactItems"]:
        for kind, action in _PARTS.items():
            part = entry.get(kind)
            if part is not None:
                found.append(_enclosed(ctx, action, part, "TransactWriteItems"))
    return found


def transact_get_resources(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [_enclosed(ctx, "GetItem", entry["Get"], "TransactGetItems") for entry in req["TransactItems"]]


def _enclosed(ctx: Context, action: str, part: dict[str, Any], operation: str) -> Access:
    conditions = Lazy(lambda: {**_item_conditions(ctx, part), PREFIX + "EnclosingOperation": operation})
    return Access(PREFIX + action, table_of(ctx, part["TableName"]), conditions)


# -- condition keys ----------------------------------------------------------------------------------------------------


def _leading(ctx: Context, name: str, items: Iterable[Item]) -> dict[str, Any]:
    """Returns dynamodb:LeadingKeys: the partition keys that a request names."""
    with ctx.read() as tx:
        schema = ctx.app.local(State).find(tx, target(ctx, name))
    if schema is None:
        return {}
    values = [item[schema.keys.hash] for item in items if schema.keys.hash in item]
    return {PREFIX + "LeadingKeys": [_text(value) for value in values]}


def _text(value: dict[str, Any]) -> str:
    from base64 import b64encode

    for content in value.values():
        return b64encode(content).decode() if isinstance(content, bytes) else str(content)
    return ""


def _item_conditions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    key = req.get("Key") or req.get("Item") or {}
    return {
        **_leading(ctx, req["TableName"], [key]),
        **_attributes(req, key),
        PREFIX + "ReturnValues": req.get("ReturnValues"),
        PREFIX + "ReturnConsumedCapacity": req.get("ReturnConsumedCapacity"),
    }


def _many(ctx: Context, name: str, req: dict[str, Any], part: dict[str, Any]) -> Lazy:
    def make() -> dict[str, Any]:
        given = part.get("Keys") or []
        return {
            **_leading(ctx, name, given),
            **_attributes(part, given[0] if given else {}),
            PREFIX + "ReturnConsumedCapacity": req.get("ReturnConsumedCapacity"),
        }

    return Lazy(make)


def _written(ctx: Context, name: str, req: dict[str, Any], writes: list[dict[str, Any]]) -> Lazy:
    def make() -> dict[str, Any]:
        items = [(write.get("PutRequest") or {}).get("Item") for write in writes]
        gone = [(write.get("DeleteRequest") or {}).get("Key") for write in writes]
        given = [item for item in (*items, *gone) if item]
        return {
            **_leading(ctx, name, given),
            PREFIX + "Attributes": sorted({attribute for item in given for attribute in item}),
            PREFIX + "ReturnConsumedCapacity": req.get("ReturnConsumedCapacity"),
        }

    return Lazy(make)


def _read_conditions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    scan = ctx.operation == "Scan"
    found = {
        **_attributes(req, {}),
        PREFIX + "ReturnConsumedCapacity": req.get("ReturnConsumedCapacity"),
        PREFIX + "FullTableScan": "true" if scan else "false",
    }
    if req.get("Select"):
        found[PREFIX + "Select"] = req["Select"]
    return found if scan else {**found, **_queried(ctx, req)}


def _queried(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns dynamodb:LeadingKeys of a Query: the partition key of the table or index that it reads."""
    with ctx.read() as tx:
        schema = ctx.app.local(State).find(tx, target(ctx, req["TableName"]))
    if schema is None:
        return {}
    index = schema.indexes.get(req.get("IndexName") or "")
    name = (index.keys if index else schema.keys).hash
    if req.get("KeyConditions"):
        given = (req["KeyConditions"].get(name) or {}).get("AttributeValueList") or []
    elif req.get("KeyConditionExpression"):
        conditions, _ = keys.key_condition(
            req["KeyConditionExpression"], _names(req), req.get("ExpressionAttributeValues") or {}
        )
        given = conditions[name][1] if name in conditions else []
    else:
        given = []
    return {PREFIX + "LeadingKeys": [_text(value) for value in given]}


def _names(req: Mapping[str, Any]) -> Names:
    return tuple((req.get("ExpressionAttributeNames") or {}).items())


def _attributes(req: Mapping[str, Any], key: Item) -> dict[str, Any]:
    """Returns dynamodb:Attributes, the top-level attributes that a request names, and for reads dynamodb:Select."""
    names = _names(req)
    found = set(key)
    specific = False
    for attribute in ("AttributesToGet", "AttributeUpdates", "Expected", "QueryFilter", "ScanFilter", "KeyConditions"):
        found |= set(req.get(attribute) or ())
    if req.get("AttributesToGet"):
        specific = True
    if req.get("ProjectionExpression"):
        found |= compiled.projection(req["ProjectionExpression"], names).heads
        specific = True
    for kind in ("ConditionExpression", "FilterExpression", "KeyConditionExpression"):
        if req.get(kind):
            found |= compiled.condition(kind, req[kind], names).heads
    if req.get("UpdateExpression"):
        found |= updates.update(req["UpdateExpression"], names).mentioned
    reads = "Item" not in req and "UpdateExpression" not in req and "AttributeUpdates" not in req
    select = {PREFIX + "Select": "SPECIFIC_ATTRIBUTES" if specific else "ALL_ATTRIBUTES"} if reads else {}
    return {PREFIX + "Attributes": sorted(found), **select}
