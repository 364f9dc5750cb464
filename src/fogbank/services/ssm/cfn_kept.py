"""The CloudFormation types of what Systems Manager keeps: windows, baselines, associations, documents, policies, syncs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SSM.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, given, text, unless
from fogbank.core.cfn_tables import Call, Named, Tags, change_tags, table, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .documents import DOCUMENTS
from .kinds import ASSOCIATION, DATA_SYNC
from .things import all_of

Properties = dict[str, Any]


def _tagging(kind: str) -> Tags:
    def where(id: str) -> Properties:
        return {"ResourceType": kind, "ResourceId": id}

    return Tags(
        untag=("RemoveTagsFromResource", lambda ctx, id, keys: {**where(id), "TagKeys": keys}),
        tag=("AddTagsToResource", lambda ctx, id, new: {**where(id), "Tags": tags.to_list(new)}),
    )


def _tags(properties: Properties) -> Properties:
    return {"Tags": tags.to_list(tags_of(properties))} if properties.get("Tags") else {}


@resource("AWS::SSM::Document", unbuilt=("Attachments",))
class Document:
    """Ref is the name. An update adds a version and makes it the default one, whatever UpdateMethod says."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        chosen = properties.get("Name") or name.physical(limit=128)

        def made(tx: Reader) -> Properties | None:
            kept = tx.get(DOCUMENTS, (ctx.account, ctx.region, chosen))
            return {} if kept is not None and name.made(kept.created) else None

        async def found() -> Properties | None:
            return await ctx.fetch(made)

        more = given(properties, "DocumentType", "DocumentFormat", "TargetType", "VersionName", "Requires")
        request = {"Name": chosen, "Content": text(properties["Content"]), **more, **_tags(properties)}
        await create_once(name, lambda: ctx.call("ssm", "CreateDocument", request), found)
        return Resource(chosen)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        if old["Content"] != new["Content"]:
            more = given(new, "DocumentFormat", "TargetType", "VersionName")
            request = {"Name": physical_id, "Content": text(new["Content"]), "DocumentVersion": "$LATEST", **more}
            await unless(ctx.call("ssm", "UpdateDocument", request), "DuplicateDocumentContent")
            latest = await ctx.call("ssm", "DescribeDocument", {"Name": physical_id})
            version = {"Name": physical_id, "DocumentVersion": latest["Document"]["LatestVersion"]}
            await ctx.call("ssm", "UpdateDocumentDefaultVersion", version)
        await change_tags(ctx, "ssm", _tagging("Document"), physical_id, old, new)
        return Resource(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("ssm", "DeleteDocument", {"Name": physical_id}), "InvalidDocument")


@resource("AWS::SSM::Association", unbuilt=("WaitForSuccessTimeoutSeconds",))
class Association:
    """Ref is the id. It has no client token, so a repeated creation looks for what the first try made."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        def made(tx: Reader) -> str | None:
            there = (each for each in all_of(tx, ctx, ASSOCIATION) if each.data["Name"] == properties["Name"])
            return next((each.id for each in there if name.made(each.created, each.id)), None)

        async def found() -> str | None:
            return await ctx.fetch(made)

        async def create() -> str:
            answer = await ctx.call("ssm", "CreateAssociation", {**_without_tags(properties), **_tags(properties)})
            return str(answer["AssociationDescription"]["AssociationId"])

        id = await create_once(name, create, found)
        return Resource(id, {"AssociationId": id})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        request = {key: value for key, value in _without_tags(new).items() if key != "InstanceId"}
        await ctx.call("ssm", "UpdateAssociation", {**request, "AssociationId": physical_id})
        await change_tags(ctx, "ssm", _tagging("Association"), physical_id, old, new)
        return Resource(physical_id, {"AssociationId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("ssm", "DeleteAssociation", {"AssociationId": physical_id})
        await unless(call, "AssociationDoesNotExist")


def _without_tags(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if key != "Tags" and value is not None}


class Tokened:
    """The handler of things that are created with a client token, so that a repeated creation makes no second one.

    `id` is the member with their id, in requests and answers. `within` are the properties that say where they belong.
    """

    def __init__(
        self, create: str, update: str, delete: str, id: str, *, within: tuple[str, ...] = (), kind: str = "",
        fixed: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._calls = create, update, delete
        self._id = id
        self._within = within
        self._kind = kind
        self._fixed = (*fixed, "Tags")

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = {**_without_tags(properties), **_tags(properties), "ClientToken": f"{name.logical_id}-{name.token}"}
        made = await ctx.call("ssm", self._calls[0], request)
        return await self._made(ctx, made[self._id], {}, properties)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        request = {key: value for key, value in new.items() if key not in self._fixed and value is not None}
        await ctx.call("ssm", self._calls[1], {**request, self._id: physical_id, "Replace": True})
        if self._kind:
            await change_tags(ctx, "ssm", _tagging(self._kind), physical_id, old, new)
        return await self._made(ctx, physical_id, old, new)

    async def _made(self, ctx: Context, id: str, old: Properties, new: Properties) -> Resource:
        return Resource(id, {self._id: id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {self._id: physical_id, **given(properties, *self._within)}
        await unless(ctx.call("ssm", self._calls[2], request), "DoesNotExistException")


WINDOW = table(
    "AWS::SSM::MaintenanceWindow",
    Tokened("CreateMaintenanceWindow", "UpdateMaintenanceWindow", "DeleteMaintenanceWindow", "WindowId",
            kind="MaintenanceWindow"),
)  # fmt: skip
WINDOW_TARGET = table(
    "AWS::SSM::MaintenanceWindowTarget",
    Tokened("RegisterTargetWithMaintenanceWindow", "UpdateMaintenanceWindowTarget",
            "DeregisterTargetFromMaintenanceWindow", "WindowTargetId", within=("WindowId",), fixed=("ResourceType",)),
)  # fmt: skip
WINDOW_TASK = table(
    "AWS::SSM::MaintenanceWindowTask",
    Tokened("RegisterTaskWithMaintenanceWindow", "UpdateMaintenanceWindowTask",
            "DeregisterTaskFromMaintenanceWindow", "WindowTaskId", within=("WindowId",), fixed=("TaskType",)),
)  # fmt: skip


class Baseline(Tokened):
    """Baselines, with their patch groups, and whether they are the default ones."""

    def __init__(self) -> None:
        super().__init__("CreatePatchBaseline", "UpdatePatchBaseline", "DeletePatchBaseline", "BaselineId",
                         kind="PatchBaseline", fixed=("OperatingSystem", "PatchGroups", "DefaultBaseline"))  # fmt: skip

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        own = {key: value for key, value in properties.items() if key not in ("PatchGroups", "DefaultBaseline")}
        made = await super().create(ctx, name, own)
        return await self._made(ctx, made.physical_id, {}, properties)

    async def _made(self, ctx: Context, id: str, old: Properties, new: Properties) -> Resource:
        before, after = set(old.get("PatchGroups") or ()), set(new.get("PatchGroups") or ())
        for group in sorted(before - after):
            request = {"BaselineId": id, "PatchGroup": group}
            await unless(ctx.call("ssm", "DeregisterPatchBaselineForPatchGroup", request), "InvalidResourceId")
        held = (await ctx.call("ssm", "GetPatchBaseline", {"BaselineId": id})).get("PatchGroups", [])
        for group in sorted(after - set(held)):
            await ctx.call("ssm", "RegisterPatchBaselineForPatchGroup", {"BaselineId": id, "PatchGroup": group})
        if new.get("DefaultBaseline") and not old.get("DefaultBaseline"):
            await ctx.call("ssm", "RegisterDefaultPatchBaseline", {"BaselineId": id})
        return Resource(id, {"Id": id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(self._made(ctx, physical_id, properties, {}), "DoesNotExistException")
        await super().delete(ctx, physical_id, properties)


BASELINE = table("AWS::SSM::PatchBaseline", Baseline())


@resource("AWS::SSM::ResourcePolicy")
class ResourcePolicy:
    """Ref is the policy's id and the parameter's ARN, with a bar between."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        arn, policy = properties["ResourceArn"], text(properties["Policy"])

        async def found() -> Properties | None:
            listed = await ctx.call("ssm", "GetResourcePolicies", {"ResourceArn": arn})
            return next((each for each in listed["Policies"] if each["Policy"] == policy), None)

        put = {"ResourceArn": arn, "Policy": policy}
        made = await create_once(name, lambda: ctx.call("ssm", "PutResourcePolicy", put), found)
        return _policy(made, arn)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        kept = await self._kept(ctx, physical_id, new["ResourceArn"])
        put = {"ResourceArn": new["ResourceArn"], "Policy": text(new["Policy"]), **kept}
        return _policy(await ctx.call("ssm", "PutResourcePolicy", put), new["ResourceArn"])

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        kept = await unless(self._kept(ctx, physical_id, properties["ResourceArn"]), "ResourceNotFoundException")
        if kept:
            await ctx.call("ssm", "DeleteResourcePolicy", {"ResourceArn": properties["ResourceArn"], **kept})

    async def _kept(self, ctx: Context, physical_id: str, arn: str) -> Properties:
        """The id and hash of the policy; empty if it is gone."""
        listed = await ctx.call("ssm", "GetResourcePolicies", {"ResourceArn": arn})
        id = physical_id.partition("|")[0]
        return next(
            (given(each, "PolicyId", "PolicyHash") for each in listed["Policies"] if each["PolicyId"] == id), {}
        )


def _policy(made: Properties, arn: str) -> Resource:
    return Resource(f"{made['PolicyId']}|{arn}", given(made, "PolicyId", "PolicyHash"))


def _sync(name: str, properties: Properties) -> Properties:
    """The request of a sync. The older properties describe the bucket one by one."""
    old = {"BucketName": "BucketName", "Prefix": "BucketPrefix", "Region": "BucketRegion", "SyncFormat": "SyncFormat",
           "AWSKMSKeyARN": "KMSKeyArn"}  # fmt: skip
    found = properties.get("S3Destination") or {key: properties.get(each) for key, each in old.items()}
    names = {"KMSKeyArn": "AWSKMSKeyARN", "BucketRegion": "Region", "BucketPrefix": "Prefix"}
    target = {names.get(key, key): value for key, value in found.items() if value is not None}
    target = {"SyncFormat": "JsonSerDe", **target} if target else {}
    made = {"SyncName": name, **given(properties, "SyncType", "SyncSource")}
    return {**made, **({"S3Destination": target} if target else {})}


def _sync_made(tx: Reader, ctx: Context, name: Name, sync: str, properties: Properties) -> bool:
    kept = tx.get(DATA_SYNC.table, (ctx.account, ctx.region, sync))
    return kept is not None and name.made(kept.created)


async def _sync_changed(ctx: Context, name: str, old: Properties, new: Properties) -> None:
    """Change the source, which is all of a sync that can be changed."""
    if old and new.get("SyncSource") and old.get("SyncSource") != new["SyncSource"]:
        request = {"SyncName": name, "SyncType": "SyncFromSource", "SyncSource": new["SyncSource"]}
        await ctx.call("ssm", "UpdateResourceDataSync", request)


DATA_SYNC_TYPE = table(
    "AWS::SSM::ResourceDataSync",
    Named(
        "ssm",
        name="SyncName",
        create=Call("CreateResourceDataSync", _sync),
        unchanging=True,
        settle=_sync_changed,
        delete=Call("DeleteResourceDataSync", lambda name, p: {"SyncName": name}),
        gone=("ResourceDataSyncNotFoundException",),
        made=_sync_made,
    ),
)  # fmt: skip
