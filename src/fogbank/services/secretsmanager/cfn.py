"""AWS::SecretsManager::Secret, ResourcePolicy and RotationSchedule. Ref of each is the ARN of the secret.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SecretsManager.html

That a secret is deleted without a recovery window, together with its stack, is not confirmed.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from fogbank.core import documents, tags
from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import create_once, given, retag, text, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import ResourceNotFoundException
from .find import secret_arn
from .records import SECRETS

_PASSWORD = (
    "ExcludeCharacters", "ExcludeLowercase", "ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase",
    "IncludeSpace", "PasswordLength", "RequireEachIncludedType",
)  # fmt: skip
_GONE = ResourceNotFoundException.code
Properties = dict[str, Any]


def _made(arn: str) -> Resource:
    return Resource(arn, {"Id": arn})


async def _value(ctx: Context, properties: Properties) -> dict[str, str]:
    """The SecretString of a request: as given, or generated, alone or as a member of a template."""
    wanted = properties.get("GenerateSecretString")
    if wanted is None:
        return given(properties, "SecretString")
    if properties.get("SecretString") is not None:
        raise ResourceFailed("You can't specify both SecretString and GenerateSecretString.")  # not confirmed
    request = given(wanted, *_PASSWORD)
    password = (await ctx.call("secretsmanager", "GetRandomPassword", request))["RandomPassword"]
    template, key = wanted.get("SecretStringTemplate"), wanted.get("GenerateStringKey")
    if (template is None) != (key is None):
        raise ResourceFailed("SecretStringTemplate and GenerateStringKey have to be specified together.")
    if template is None:
        return {"SecretString": password}
    try:
        document = documents.read_object(template)
    except documents.BadDocument:
        raise ResourceFailed("Could not parse SecretStringTemplate JSON.") from None
    return {"SecretString": json.dumps({**document, key: password})}


@resource("AWS::SecretsManager::Secret")
class SecretResource:
    """GetAtt: Id, which is the ARN. A new GenerateSecretString makes a new value."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        chosen = properties.get("Name") or f"{name.logical_id}-{name.token}"

        async def create() -> str:
            request = {
                "Name": chosen,
                **given(properties, "Description", "KmsKeyId", "Type"),
                **await _value(ctx, properties),
                **({"AddReplicaRegions": properties["ReplicaRegions"]} if properties.get("ReplicaRegions") else {}),
                **({"Tags": tags.to_list(tags_of(properties))} if tags_of(properties) else {}),
            }
            return str((await ctx.call("secretsmanager", "CreateSecret", request))["ARN"])

        return _made(await create_once(name, create, lambda: ctx.fetch(_earlier, ctx, name, chosen)))

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        changed = {
            member: new.get(member) or ""
            for member in ("Description", "KmsKeyId", "Type")
            if new.get(member) != old.get(member)
        }
        if (new.get("SecretString"), new.get("GenerateSecretString")) != (
            old.get("SecretString"), old.get("GenerateSecretString"),
        ):  # fmt: skip
            changed |= await _value(ctx, new)
        if changed:
            await ctx.call("secretsmanager", "UpdateSecret", {"SecretId": physical_id, **changed})
        await self._replicate(ctx, physical_id, old, new)
        await retag(
            tags_of(old),
            tags_of(new),
            lambda keys: ctx.call("secretsmanager", "UntagResource", {"SecretId": physical_id, "TagKeys": keys}),
            lambda more: ctx.call(
                "secretsmanager", "TagResource", {"SecretId": physical_id, "Tags": tags.to_list(more)}
            ),
        )
        return _made(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        about = await unless(ctx.call("secretsmanager", "DescribeSecret", {"SecretId": physical_id}), _GONE)
        if about is None:
            return
        if regions := [each["Region"] for each in about.get("ReplicationStatus") or ()]:
            request = {"SecretId": physical_id, "RemoveReplicaRegions": regions}
            await ctx.call("secretsmanager", "RemoveRegionsFromReplication", request)
        gone = {"SecretId": physical_id, "ForceDeleteWithoutRecovery": True}
        await ctx.call("secretsmanager", "DeleteSecret", gone)

    @staticmethod
    async def _replicate(ctx: Context, arn: str, old: Properties, new: Properties) -> None:
        """Replicas that are wanted and not there, and those that are there and not wanted."""
        wanted = {each["Region"]: each for each in new.get("ReplicaRegions") or ()}
        if wanted == {each["Region"]: each for each in old.get("ReplicaRegions") or ()}:
            return
        about = await ctx.call("secretsmanager", "DescribeSecret", {"SecretId": arn})
        there = {each["Region"] for each in about.get("ReplicationStatus") or ()}
        if gone := sorted(there - wanted.keys()):
            request = {"SecretId": arn, "RemoveReplicaRegions": gone}
            await ctx.call("secretsmanager", "RemoveRegionsFromReplication", request)
        if more := [wanted[region] for region in sorted(wanted.keys() - there)]:
            request = {"SecretId": arn, "AddReplicaRegions": more}
            await ctx.call("secretsmanager", "ReplicateSecretToRegions", request)


def _earlier(tx: Reader, ctx: Context, name: Name, chosen: str) -> str | None:
    kept = tx.get(SECRETS, (ctx.account, ctx.region, chosen))
    return secret_arn(ctx, kept) if kept is not None and name.made(kept.created) else None


async def _arn(ctx: Context, properties: Properties) -> str:
    about = await ctx.call("secretsmanager", "DescribeSecret", {"SecretId": properties["SecretId"]})
    return str(about["ARN"])


@resource("AWS::SecretsManager::ResourcePolicy")
class PolicyResource:
    """The policy of a secret."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        return await self._put(ctx, properties)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return await self._put(ctx, new)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("secretsmanager", "DeleteResourcePolicy", {"SecretId": physical_id}), _GONE)

    @staticmethod
    async def _put(ctx: Context, properties: Properties) -> Resource:
        request = {"ResourcePolicy": text(properties["ResourcePolicy"])}
        request |= given(properties, "SecretId", "BlockPublicPolicy")
        return _made(str((await ctx.call("secretsmanager", "PutResourcePolicy", request))["ARN"]))


@resource("AWS::SecretsManager::RotationSchedule")
class ScheduleResource:
    """The rotation of a secret."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        token = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name.stack_id}/{name.logical_id}/{name.token}"))
        return await self._rotate(ctx, properties, ClientRequestToken=token)  # a second try is the same request

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return _made(physical_id) if new == old else await self._rotate(ctx, new)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("secretsmanager", "CancelRotateSecret", {"SecretId": physical_id}), _GONE)

    @staticmethod
    async def _rotate(ctx: Context, properties: Properties, **more: str) -> Resource:
        if properties.get("HostedRotationLambda"):  # without its function nothing would rotate
            raise ResourceFailed("Fogbank has not built the property HostedRotationLambda: give a RotationLambdaARN.")
        request = given(
            properties, "SecretId", "RotationLambdaARN", "RotationRules", "ExternalSecretRotationMetadata",
            "ExternalSecretRotationRoleArn",
        )  # fmt: skip
        request["RotateImmediately"] = properties.get("RotateImmediatelyOnUpdate", True)
        answer = await ctx.call("secretsmanager", "RotateSecret", {**request, **more})
        return _made(str(answer["ARN"]))
