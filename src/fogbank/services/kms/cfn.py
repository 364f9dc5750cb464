"""AWS::KMS::Key and AWS::KMS::Alias.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-kms-key.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context

from .errors import KMSInvalidStateException, NotFoundException


def _tags(properties: dict[str, Any]) -> list[dict[str, str]]:
    return [{"TagKey": tag["Key"], "TagValue": str(tag["Value"])} for tag in properties.get("Tags", ())]


@resource("AWS::KMS::Key", immutable=("KeySpec", "KeyUsage", "Origin", "MultiRegion"))
class Key:
    """Ref: the key id. GetAtt: Arn, KeyId."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        copied = ("Description", "KeySpec", "KeyUsage", "Origin", "MultiRegion", "BypassPolicyLockoutSafetyCheck")
        request = {key: properties[key] for key in copied if key in properties}
        if "KeyPolicy" in properties:
            request["Policy"] = json.dumps(properties["KeyPolicy"])
        made = (await ctx.call("kms", "CreateKey", {**request, "Tags": _tags(properties)}))["KeyMetadata"]
        await self._switches(ctx, made["KeyId"], {}, properties)
        return Resource(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        target = {"KeyId": physical_id}
        if new.get("KeyPolicy") and new.get("KeyPolicy") != old.get("KeyPolicy"):
            await ctx.call("kms", "PutKeyPolicy", {**target, "Policy": json.dumps(new["KeyPolicy"])})
        if new.get("Description", "") != old.get("Description", ""):
            await ctx.call("kms", "UpdateKeyDescription", {**target, "Description": new.get("Description", "")})
        gone = {t["TagKey"] for t in _tags(old)} - {t["TagKey"] for t in _tags(new)}
        if gone:
            await ctx.call("kms", "UntagResource", {**target, "TagKeys": sorted(gone)})
        if _tags(new):
            await ctx.call("kms", "TagResource", {**target, "Tags": _tags(new)})
        await self._switches(ctx, physical_id, old, new)
        arn = (await ctx.call("kms", "DescribeKey", target))["KeyMetadata"]["Arn"]
        return Resource(physical_id, {"Arn": arn, "KeyId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        days = int(properties.get("PendingWindowInDays", 30))
        request = {"KeyId": physical_id, "PendingWindowInDays": days}
        gone = (NotFoundException.code, KMSInvalidStateException.code)
        await unless(ctx.call("kms", "ScheduleKeyDeletion", request), *gone)

    @staticmethod
    async def _switches(ctx: Context, key_id: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        rotation = bool(new.get("EnableKeyRotation", False))
        if rotation != bool(old.get("EnableKeyRotation", False)):
            period = {"RotationPeriodInDays": int(new["RotationPeriodInDays"])} if "RotationPeriodInDays" in new else {}
            request = {"KeyId": key_id, **(period if rotation else {})}
            await ctx.call("kms", "EnableKeyRotation" if rotation else "DisableKeyRotation", request)
        enabled = bool(new.get("Enabled", True))
        if enabled != bool(old.get("Enabled", True)):
            await ctx.call("kms", "EnableKey" if enabled else "DisableKey", {"KeyId": key_id})


@resource("AWS::KMS::Alias", immutable=("AliasName",))
class Alias:
    """Ref: the alias name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {"AliasName": properties["AliasName"], "TargetKeyId": properties["TargetKeyId"]}
        await ctx.call("kms", "CreateAlias", request)
        return Resource(properties["AliasName"])

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = {"AliasName": physical_id, "TargetKeyId": new["TargetKeyId"]}
        await ctx.call("kms", "UpdateAlias", request)
        return Resource(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("kms", "DeleteAlias", {"AliasName": physical_id}), NotFoundException.code)
