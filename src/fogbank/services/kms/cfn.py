"""AWS::KMS::Key and AWS::KMS::Alias.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html

"If you change the value of the KeySpec, KeyUsage, Origin, or MultiRegion properties of an existing KMS key, the update
request fails, regardless of the value of the UpdateReplacePolicy attribute. This prevents you from accidentally
deleting a KMS key."
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, everything, given, text, unless
from fogbank.core.cfn_tables import Call, Named, Tags, change_tags, table, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import KMSInvalidStateException, NotFoundException
from .records import ALIASES, KEYS, Key

_CREATED_WITH = ("Description", "KeySpec", "KeyUsage", "Origin", "MultiRegion", "BypassPolicyLockoutSafetyCheck")
_TAGS = Tags(
    untag=("UntagResource", lambda ctx, key, names: {"KeyId": key, "TagKeys": names}),
    tag=("TagResource", lambda ctx, key, tags: {"KeyId": key, "Tags": _tags(tags)}),
)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


@resource(
    "AWS::KMS::Key",
    fixed={"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": False},
)
class KeyResource:
    """Ref: the key id. GetAtt: Arn, KeyId."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {**given(properties, *_CREATED_WITH), "Tags": _tags(tags_of(properties))}
        if "KeyPolicy" in properties:
            request["Policy"] = text(properties["KeyPolicy"])

        async def create() -> str:
            return str((await ctx.call("kms", "CreateKey", request))["KeyMetadata"]["KeyId"])

        made = await create_once(name, create, lambda: ctx.fetch(_earlier, ctx, name, request))
        await self._switches(ctx, made, {}, properties)
        return await self._made(ctx, made)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        target = {"KeyId": physical_id}
        if new.get("KeyPolicy") and new.get("KeyPolicy") != old.get("KeyPolicy"):
            await ctx.call("kms", "PutKeyPolicy", {**target, "Policy": text(new["KeyPolicy"])})
        if new.get("Description", "") != old.get("Description", ""):
            await ctx.call("kms", "UpdateKeyDescription", {**target, "Description": new.get("Description", "")})
        await change_tags(ctx, "kms", _TAGS, physical_id, old, new)
        await self._switches(ctx, physical_id, old, new)
        return await self._made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"KeyId": physical_id, "PendingWindowInDays": int(properties.get("PendingWindowInDays", 30))}
        gone = (NotFoundException.code, KMSInvalidStateException.code)
        await unless(ctx.call("kms", "ScheduleKeyDeletion", request), *gone)

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        key = {"KeyId": physical_id}
        answer = await unless(ctx.call("kms", "DescribeKey", key), NotFoundException.code)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        found = answer["KeyMetadata"]
        policy = await ctx.call("kms", "GetKeyPolicy", {**key, "PolicyName": "default"})
        properties = {
            "Description": found.get("Description") or None,
            "Enabled": found["Enabled"],
            "KeyPolicy": json.loads(policy["Policy"]),
            **given(found, "KeySpec", "KeyUsage", "MultiRegion", "Origin"),
        }
        if found["KeySpec"] == "SYMMETRIC_DEFAULT":
            rotation = await ctx.call("kms", "GetKeyRotationStatus", key)
            properties["EnableKeyRotation"] = rotation["KeyRotationEnabled"]
        return properties

    async def list(self, ctx: Context) -> list[str]:
        found = await everything(lambda more: ctx.call("kms", "ListKeys", more), "Keys")
        return [key["KeyId"] for key in found]

    @staticmethod
    async def _switches(ctx: Context, key_id: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Rotation and whether the key is enabled, where they differ from before or from what a new key has."""
        rotation = new.get("EnableKeyRotation", False)
        period = given(new, "RotationPeriodInDays") if rotation else {}
        if (rotation, period) != (old.get("EnableKeyRotation", False), given(old, "RotationPeriodInDays")):
            operation = "EnableKeyRotation" if rotation else "DisableKeyRotation"
            await ctx.call("kms", operation, {"KeyId": key_id, **period})
        enabled = new.get("Enabled", True)
        if enabled != old.get("Enabled", True):
            await ctx.call("kms", "EnableKey" if enabled else "DisableKey", {"KeyId": key_id})

    @staticmethod
    async def _made(ctx: Context, key_id: str) -> Resource:
        arn = (await ctx.call("kms", "DescribeKey", {"KeyId": key_id}))["KeyMetadata"]["Arn"]
        return Resource(key_id, {"Arn": arn, "KeyId": key_id})


def _earlier(tx: Reader, ctx: Context, name: Name, request: dict[str, Any]) -> str | None:
    """The key that an earlier try of this creation made with this request."""

    def fits(key: Key) -> bool:
        return (
            (key.description, key.spec, key.usage, key.multi_region)
            == (
                request.get("Description", ""),
                request.get("KeySpec", "SYMMETRIC_DEFAULT"),
                request.get("KeyUsage", "ENCRYPT_DECRYPT"),
                request.get("MultiRegion", False),
            )
            and key.policy == request.get("Policy", key.policy)
            and _tags(key.tags) == request["Tags"]
        )

    keys = tx.scan(KEYS, (ctx.account, ctx.region))
    return next((key.id for key in keys if fits(key) and name.made(key.created, key.id)), None)


def _alias_made(tx: Reader, ctx: Context, name: Name, alias: str, properties: dict[str, Any]) -> bool:
    kept = tx.get(ALIASES, (ctx.account, ctx.region, alias))
    return kept is not None and name.made(kept.created)


def _aliased(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"AliasName": name, "TargetKeyId": properties["TargetKeyId"]}


ALIAS = table(
    "AWS::KMS::Alias",  # Ref: the alias name
    Named(
        "kms",
        name="AliasName",
        create=Call("CreateAlias", _aliased),
        update=Call("UpdateAlias", _aliased),
        delete=Call("DeleteAlias", lambda name, properties: {"AliasName": name}),
        gone=(NotFoundException.code,),
        made=_alias_made,
    ),
)
