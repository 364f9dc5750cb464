"""Turns secrets into the structures of responses. Members that are not set are absent, for deployment tools compare."""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context

from .find import secret_arn
from .records import Secret, Version

_DAY = 86400.0
_DEFAULT_KEY = "DefaultEncryptionKey"  # what ListSecretVersionIds calls the AWS managed key


def named(ctx: Context, secret: Secret) -> dict[str, Any]:
    return {"ARN": secret_arn(ctx, secret), "Name": secret.name}


def listed(ctx: Context, secret: Secret) -> dict[str, Any]:
    """A `SecretListEntry`."""
    return {**_common(ctx, secret), **_stages(secret, "SecretVersionsToStages")}


def described(ctx: Context, secret: Secret) -> dict[str, Any]:
    """The answer of DescribeSecret."""
    replicas = {"ReplicationStatus": replication(secret)} if secret.replicas else {}
    return {**_common(ctx, secret), **_stages(secret, "VersionIdsToStages"), **replicas}


def _common(ctx: Context, secret: Secret) -> dict[str, Any]:
    shown = {
        "Description": secret.description,
        "KmsKeyId": secret.key_id,
        "RotationLambdaARN": secret.function,
        "RotationRules": secret.rules,
        "LastRotatedDate": secret.rotated,
        "LastAccessedDate": secret.accessed,
        "DeletedDate": secret.deleted,
        "NextRotationDate": secret.closes if secret.rotating else 0.0,
        "OwningService": secret.owner,
        "PrimaryRegion": secret.primary,
        **secret.external,
    }
    found = {**named(ctx, secret), **{member: value for member, value in shown.items() if value}}
    if secret.function or secret.rotated:
        found["RotationEnabled"] = secret.rotating
    return {
        **found,
        "LastChangedDate": secret.changed,
        "Tags": tags.to_list(secret.tags),
        "CreatedDate": secret.created,
    }


def _stages(secret: Secret, member: str) -> dict[str, Any]:
    """The labelled versions: deprecated ones are not shown."""
    found = {version.id: version.stages for version in secret.versions if version.stages}
    return {member: found} if found else {}


def replication(secret: Secret) -> list[dict[str, Any]]:
    def shape(each: Any) -> dict[str, Any]:
        key = each.key_id or "alias/aws/secretsmanager"
        shown = {"Region": each.region, "KmsKeyId": key, "Status": each.status}
        return {**shown, "StatusMessage": each.message} if each.message else shown

    return [shape(each) for each in secret.replicas]


def version(each: Version) -> dict[str, Any]:
    """A `SecretVersionsListEntry`."""
    shown: dict[str, Any] = {
        "VersionId": each.id, "CreatedDate": each.created, "KmsKeyIds": [each.key_id or _DEFAULT_KEY],
    }  # fmt: skip
    if each.stages:
        shown["VersionStages"] = each.stages
    if each.accessed:
        shown["LastAccessedDate"] = each.accessed
    return shown


def day(now: float) -> float:
    """Midnight: dates of access have no time."""
    return now - now % _DAY
