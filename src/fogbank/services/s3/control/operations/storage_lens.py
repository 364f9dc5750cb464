"""Storage Lens configurations and groups. They are kept: nothing is measured.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage_lens.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from ..errors import InvalidRequest, InvalidToken
from ..find import LENS, LENS_GROUP, account, foreign, of
from ..records import LENS_GROUPS, LENSES, Thing

_named = of(LENS, "ConfigId")
_group = of(LENS_GROUP, "Name")
SERVICE = "s3control"


@operation(SERVICE, "PutStorageLensConfiguration", action="s3:PutStorageLensConfiguration", resource=_named,
           fidelity="recorded")  # fmt: skip
def put_storage_lens_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a configuration, instead of an earlier one with this id. Tags are only set on a new one."""
    given = req["StorageLensConfiguration"]
    if given["Id"] != req["ConfigId"]:
        raise InvalidRequest("The configuration id does not match the id of the request.")  # not confirmed
    with ctx.write() as tx:
        kept = LENS.find(tx, ctx, req["ConfigId"])
        held = tags.from_list(req.get("Tags")) if req.get("Tags") or kept is None else kept.tags
        tx.put(LENSES, Thing(account=ctx.account, region=ctx.region, id=req["ConfigId"], created=ctx.now(),
                             data=given, tags=held))  # fmt: skip
    return {}


def _arn(ctx: Context, found: Thing) -> str:
    return LENS.arn(ctx, (found.account, found.region, found.id), found)


@operation(SERVICE, "GetStorageLensConfiguration", action="s3:GetStorageLensConfiguration", resource=_named,
           fidelity="recorded")  # fmt: skip
def get_storage_lens_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A configuration."""
    with ctx.read() as tx:
        found = LENS.require(tx, ctx, req["ConfigId"])
    return {"StorageLensConfiguration": {**found.data, "StorageLensArn": _arn(ctx, found)}}


@operation(SERVICE, "ListStorageLensConfigurations", action="s3:ListStorageLensConfigurations", resource=account,
           fidelity="recorded")  # fmt: skip
def list_storage_lens_configurations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The configurations of the region."""
    with ctx.read() as tx:
        there = list(tx.scan(LENSES, (ctx.account, ctx.region)))
    shown, more = Pages(ctx, InvalidToken).by_key(there, req.get("NextToken"), 1000, lambda each: each.id)
    listed = [
        {"Id": each.id, "StorageLensArn": _arn(ctx, each), "HomeRegion": each.region,
         "IsEnabled": each.data["IsEnabled"]}
        for each in shown
    ]  # fmt: skip
    return {"StorageLensConfigurationList": listed, **more}


@operation(SERVICE, "DeleteStorageLensConfiguration", action="s3:DeleteStorageLensConfiguration", resource=_named,
           fidelity="recorded")  # fmt: skip
def delete_storage_lens_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a configuration."""
    with ctx.write() as tx:
        tx.delete(LENSES, LENSES.key(LENS.require(tx, ctx, req["ConfigId"])))
    return {}


@operation(SERVICE, "PutStorageLensConfigurationTagging", action="s3:PutStorageLensConfigurationTagging",
           resource=_named, fidelity="recorded")  # fmt: skip
def put_storage_lens_configuration_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replace the tags of a configuration."""
    return _tag(ctx, req, tags.from_list(req["Tags"]))


@operation(SERVICE, "DeleteStorageLensConfigurationTagging", action="s3:PutStorageLensConfigurationTagging",
           resource=_named, fidelity="recorded")  # fmt: skip
def delete_storage_lens_configuration_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove all tags of a configuration."""
    return _tag(ctx, req, {})


def _tag(ctx: Context, req: dict[str, Any], held: dict[str, str]) -> dict[str, Any]:
    with ctx.write() as tx:
        found = LENS.require(tx, ctx, req["ConfigId"])
        found.tags = held
        tx.put(LENSES, found)
    return {}


@operation(SERVICE, "GetStorageLensConfigurationTagging", action="s3:GetStorageLensConfigurationTagging",
           resource=_named, fidelity="recorded")  # fmt: skip
def get_storage_lens_configuration_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a configuration."""
    with ctx.read() as tx:
        return {"Tags": tags.to_list(LENS.require(tx, ctx, req["ConfigId"]).tags)}


# -- groups ------------------------------------------------------------------------------------------------------------


def _new_group(ctx: Context, req: dict[str, Any]) -> Named:
    found = LENS_GROUP.name(ctx, req["StorageLensGroup"]["Name"])
    return foreign(ctx, req) or found


@operation(SERVICE, "CreateStorageLensGroup", action="s3:CreateStorageLensGroup", resource=_new_group,
           fidelity="recorded")  # fmt: skip
def create_storage_lens_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a group."""
    given = req["StorageLensGroup"]
    with ctx.write() as tx:
        if LENS_GROUP.find(tx, ctx, given["Name"]) is not None:
            raise InvalidRequest("A Storage Lens group with this name exists already.")  # not confirmed
        tx.put(LENS_GROUPS, Thing(account=ctx.account, region=ctx.region, id=given["Name"], created=ctx.now(),
                                  data=given, tags=tags.from_list(req.get("Tags"))))  # fmt: skip
    return {}


def _shape(ctx: Context, found: Thing) -> dict[str, Any]:
    return {**found.data, "StorageLensGroupArn": LENS_GROUP.arn(ctx, (found.account, found.region, found.id), found)}


@operation(SERVICE, "GetStorageLensGroup", action="s3:GetStorageLensGroup", resource=_group, fidelity="recorded")
def get_storage_lens_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A group."""
    with ctx.read() as tx:
        return {"StorageLensGroup": _shape(ctx, LENS_GROUP.require(tx, ctx, req["Name"]))}


@operation(SERVICE, "UpdateStorageLensGroup", action="s3:UpdateStorageLensGroup", resource=_group, fidelity="recorded")
def update_storage_lens_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replace what a group selects."""
    with ctx.write() as tx:
        found = LENS_GROUP.require(tx, ctx, req["Name"])
        found.data = req["StorageLensGroup"] | {"Name": found.id}
        tx.put(LENS_GROUPS, found)
    return {}


@operation(SERVICE, "ListStorageLensGroups", action="s3:ListStorageLensGroups", resource=account, fidelity="recorded")
def list_storage_lens_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The groups of the region."""
    with ctx.read() as tx:
        there = list(tx.scan(LENS_GROUPS, (ctx.account, ctx.region)))
    shown, more = Pages(ctx, InvalidToken).by_key(there, req.get("NextToken"), 1000, lambda each: each.id)
    listed = [
        {"Name": each.id, "StorageLensGroupArn": _shape(ctx, each)["StorageLensGroupArn"], "HomeRegion": each.region}
        for each in shown
    ]
    return {"StorageLensGroupList": listed, **more}


@operation(SERVICE, "DeleteStorageLensGroup", action="s3:DeleteStorageLensGroup", resource=_group, fidelity="recorded")
def delete_storage_lens_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a group."""
    with ctx.write() as tx:
        tx.delete(LENS_GROUPS, LENS_GROUPS.key(LENS_GROUP.require(tx, ctx, req["Name"])))
    return {}
