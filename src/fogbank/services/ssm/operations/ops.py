"""OpsItems, their related items, and OpsMetadata of applications. They are kept.

https://docs.aws.amazon.com/systems-manager/latest/userguide/OpsCenter.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Named, nobodys
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import things
from ..errors import (
    InvalidNextToken,
    OpsItemInvalidParameterException,
    OpsItemRelatedItemAlreadyExistsException,
    OpsItemRelatedItemAssociationNotFoundException,
    OpsMetadataAlreadyExistsException,
)
from ..kinds import OPS_ITEM, OPS_METADATA
from ..things import Thing, given

_by_id = OPS_ITEM.of("OpsItemId")
_ITEM = ("Description", "OpsItemType", "OperationalData", "Notifications", "Priority", "RelatedOpsItems", "Source",
         "Title", "Category", "Severity", "ActualStartTime", "ActualEndTime", "PlannedStartTime",
         "PlannedEndTime")  # fmt: skip
_TIMES = ("ActualStartTime", "ActualEndTime", "PlannedStartTime", "PlannedEndTime")


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access(action, "*") for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]


def _members(req: dict[str, Any]) -> dict[str, Any]:
    """The members that are kept, times as epoch seconds."""
    return {name: value.timestamp() if name in _TIMES else value for name, value in given(req, *_ITEM).items()}


@operation("ssm", "CreateOpsItem", resource=_created, fidelity="recorded")
def create_ops_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep an item."""
    who = ctx.principal.arn
    data = {"OpsItemType": "/aws/issue", **_members(req), "Status": "Open", "Version": 1, "CreatedBy": who,
            "LastModifiedBy": who, "Related": []}  # fmt: skip
    id = f"oi-{ctx.ids.hex(12)}"
    with ctx.write() as tx:
        made = things.make(tx, ctx, OPS_ITEM, id, data, req.get("Tags"))
    return {"OpsItemId": id, "OpsItemArn": _arn(ctx, made)}


def _arn(ctx: Context, thing: Thing) -> str:
    return OPS_ITEM.arn(ctx, (thing.account, thing.region, thing.id), thing)


@operation("ssm", "GetOpsItem", resource=_by_id, fidelity="recorded")
def get_ops_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """An item."""
    with ctx.read() as tx:
        found = OPS_ITEM.require(tx, ctx, req["OpsItemId"])
    shown = {
        **given(found.data, *_ITEM, "Status", "CreatedBy", "LastModifiedBy"),
        "Version": str(found.data["Version"]),
        "OpsItemId": found.id,
        "OpsItemArn": _arn(ctx, found),
        "CreatedTime": found.created,
        "LastModifiedTime": found.changed,
    }
    return {"OpsItem": shown}


@operation("ssm", "UpdateOpsItem", resource=_by_id, fidelity="recorded")
def update_ops_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change an item, and entries of its operational data."""
    with ctx.write() as tx:
        found = OPS_ITEM.require(tx, ctx, req["OpsItemId"])
        gone = set(req.get("OperationalDataToDelete") or ())
        held = {**found.data.get("OperationalData", {}), **(req.get("OperationalData") or {})}
        data = {**_members(req), **given(req, "Status"), "Version": found.data["Version"] + 1,
                "LastModifiedBy": ctx.principal.arn,
                "OperationalData": {key: value for key, value in held.items() if key not in gone}}  # fmt: skip
        things.change(tx, ctx, OPS_ITEM, found, data)
    return {}


@operation("ssm", "DeleteOpsItem", resource=_by_id, fidelity="recorded")
def delete_ops_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete an item. An id that is not there is no error."""
    with ctx.write() as tx:
        found = OPS_ITEM.find(tx, ctx, req["OpsItemId"])
        if found is not None:
            things.drop(tx, OPS_ITEM, found)
    return {}


_FILTERS = {"Status": "Status", "Title": "Title", "Source": "Source", "Category": "Category", "Severity": "Severity",
            "OpsItemType": "OpsItemType", "CreatedBy": "CreatedBy", "Priority": "Priority"}  # fmt: skip


def _passes(thing: Thing, item: dict[str, Any]) -> bool:
    key, values = item["Key"], item["Values"]
    held = thing.id if key == "OpsItemId" else str(thing.data.get(_FILTERS.get(key, ""), ""))
    if item["Operator"] == "Contains":
        return any(value in held for value in values)
    return (key not in _FILTERS and key != "OpsItemId") or held in values


@operation("ssm", "DescribeOpsItems", resource="*", fidelity="recorded")
def describe_ops_items(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The items of the account. Of filters by time none is applied."""
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, OPS_ITEM)
    found = [each for each in there if all(_passes(each, item) for item in req.get("OpsItemFilters") or ())]
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 50, lambda each: each.id)
    names = (*(name for name in _ITEM if name not in ("Description", "Notifications", "RelatedOpsItems")), "Status",
             "CreatedBy", "LastModifiedBy")  # fmt: skip
    listed = [
        {**given(each.data, *names), "OpsItemId": each.id, "CreatedTime": each.created,
         "LastModifiedTime": each.changed}
        for each in shown
    ]  # fmt: skip
    return {"OpsItemSummaries": listed, **more}


@operation("ssm", "GetOpsSummary", resource="*", fidelity="recorded")
def get_ops_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Nothing: no data is collected."""
    Pages(ctx, InvalidNextToken).after(req.get("NextToken"))
    return {"Entities": []}


# -- related items -----------------------------------------------------------------------------------------------------


@operation("ssm", "AssociateOpsItemRelatedItem", resource=_by_id, fidelity="recorded")
def associate_ops_item_related_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a related item."""
    made = {"AssociationId": ctx.ids.uuid(), "CreatedTime": ctx.now(), "CreatedBy": {"Arn": ctx.principal.arn},
            **given(req, "AssociationType", "ResourceType", "ResourceUri")}  # fmt: skip
    with ctx.write() as tx:
        found = OPS_ITEM.require(tx, ctx, req["OpsItemId"])
        if any(each["ResourceUri"] == req["ResourceUri"] for each in found.data["Related"]):
            raise OpsItemRelatedItemAlreadyExistsException
        things.change(tx, ctx, OPS_ITEM, found, {"Related": [*found.data["Related"], made]})
    return {"AssociationId": made["AssociationId"]}


@operation("ssm", "DisassociateOpsItemRelatedItem", resource=_by_id, fidelity="recorded")
def disassociate_ops_item_related_item(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a related item."""
    with ctx.write() as tx:
        found = OPS_ITEM.require(tx, ctx, req["OpsItemId"])
        left = [each for each in found.data["Related"] if each["AssociationId"] != req["AssociationId"]]
        if len(left) == len(found.data["Related"]):
            raise OpsItemRelatedItemAssociationNotFoundException
        things.change(tx, ctx, OPS_ITEM, found, {"Related": left})
    return {}


def _maybe(ctx: Context, req: dict[str, Any]) -> Any:
    return _by_id(ctx, req) if req.get("OpsItemId") else "*"


@operation("ssm", "ListOpsItemRelatedItems", resource=_maybe, fidelity="recorded")
def list_ops_item_related_items(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The related items of an item, or of all."""
    with ctx.read() as tx:
        if req.get("OpsItemId"):
            found = OPS_ITEM.find(tx, ctx, req["OpsItemId"])
            if found is None:
                raise OpsItemInvalidParameterException(f"OpsItem ID {req['OpsItemId']} not found")
            items = [found]
        else:
            items = things.all_of(tx, ctx, OPS_ITEM)
    there = [{**each, "OpsItemId": item.id} for item in items for each in item.data["Related"]]
    pages = Pages(ctx, InvalidNextToken, f"{ctx.account}/{ctx.region}/related/{req.get('OpsItemId')}")
    shown, more = pages.by_position(there, req.get("NextToken"), req.get("MaxResults") or 50)
    return {"Summaries": shown, **more}


# -- metadata ----------------------------------------------------------------------------------------------------------


def _metadata(ctx: Context, text: str) -> str:
    """The resource id of an OpsMetadata ARN; empty for other texts."""
    head = OPS_METADATA.arn(ctx, (ctx.account, ctx.region, ""), None)
    return text.removeprefix(head) if text.startswith(f"{head}/") else ""


def _by_arn(ctx: Context, req: dict[str, Any]) -> Named:
    id = _metadata(ctx, req["OpsMetadataArn"])
    return OPS_METADATA.name(ctx, id) if id else nobodys(req["OpsMetadataArn"])


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Thing:
    return OPS_METADATA.require(tx, ctx, _metadata(ctx, req["OpsMetadataArn"]))


@operation("ssm", "CreateOpsMetadata", resource=_created, fidelity="recorded")
def create_ops_metadata(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep the metadata of an application."""
    id = req["ResourceId"] if req["ResourceId"].startswith("/") else f"/{req['ResourceId']}"
    with ctx.write() as tx:
        if tx.get(OPS_METADATA.table, (ctx.account, ctx.region, id)) is not None:
            raise OpsMetadataAlreadyExistsException
        things.make(tx, ctx, OPS_METADATA, id, {"Metadata": req.get("Metadata") or {}}, req.get("Tags"))
    return {"OpsMetadataArn": ctx.arn("ssm", f"opsmetadata{id}")}


@operation("ssm", "GetOpsMetadata", resource=_by_arn, fidelity="recorded")
def get_ops_metadata(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The metadata of an application."""
    with ctx.read() as tx:
        found = _require(tx, ctx, req)
    pages = Pages(ctx, InvalidNextToken, f"{req['OpsMetadataArn']}/metadata")
    there = sorted(found.data["Metadata"].items())
    shown, more = pages.by_position(there, req.get("NextToken"), req.get("MaxResults") or 10)
    return {"ResourceId": found.id, "Metadata": dict(shown), **more}


@operation("ssm", "UpdateOpsMetadata", resource=_by_arn, fidelity="recorded")
def update_ops_metadata(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change entries of the metadata, and remove others."""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        held = {**found.data["Metadata"], **(req.get("MetadataToUpdate") or {})}
        gone = set(req.get("KeysToDelete") or ())
        kept = {key: value for key, value in held.items() if key not in gone}
        things.change(tx, ctx, OPS_METADATA, found, {"Metadata": kept})
    return {"OpsMetadataArn": req["OpsMetadataArn"]}


@operation("ssm", "DeleteOpsMetadata", resource=_by_arn, fidelity="recorded")
def delete_ops_metadata(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete the metadata of an application."""
    with ctx.write() as tx:
        things.drop(tx, OPS_METADATA, _require(tx, ctx, req))
    return {}


@operation("ssm", "ListOpsMetadata", resource="*", fidelity="recorded")
def list_ops_metadata(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The metadata objects of the account."""
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, OPS_METADATA)
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_key(there, req.get("NextToken"), req.get("MaxResults") or 50, lambda each: each.id)
    listed = [
        {"ResourceId": each.id, "OpsMetadataArn": ctx.arn("ssm", f"opsmetadata{each.id}"),
         "LastModifiedDate": each.changed, "CreationDate": each.created}
        for each in shown
    ]  # fmt: skip
    return {"OpsMetadataList": listed, **more}
