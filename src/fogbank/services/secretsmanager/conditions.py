"""The condition keys of Secrets Manager's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.conditions import Asked, Keys, Read, member

from .records import CURRENT, Secret


def _of_secret(field: str) -> Read:
    def read(asked: Asked) -> Any:
        return getattr(asked.record, field) or None if isinstance(asked.record, Secret) else None

    return read


def _flag(name: str, default: bool = False) -> Read:
    return lambda asked: bool(asked.request.get(name, default))


def _stage(asked: Asked) -> str | None:
    """What GetSecretValue gives without a version and a label is the current version; that the key says so then is not
    confirmed.
    """
    named = asked.request.get("VersionStage")
    return named or (None if asked.request.get("VersionId") else CURRENT)


def _regions(asked: Asked) -> list[str] | None:
    return [each.get("Region", "") for each in asked.request.get("AddReplicaRegions") or ()] or None


def _key_arn(asked: Asked) -> str | None:
    """The ARN of the key, where the request names it by one, or by its id."""
    text = asked.request.get("KmsKeyId") or ""
    if not text or text.startswith("arn:"):
        return text or None
    return asked.ctx.arn("kms", text if text.startswith("alias/") else f"key/{text}")


KEYS = Keys(
    "secretsmanager",
    {
        "secretsmanager:AddReplicaRegions": _regions,
        "secretsmanager:BlockPublicPolicy": _flag("BlockPublicPolicy"),
        "secretsmanager:Description": member("Description"),
        "secretsmanager:ExternalSecretRotationRoleArn": member("ExternalSecretRotationRoleArn"),
        "secretsmanager:ForceDeleteWithoutRecovery": _flag("ForceDeleteWithoutRecovery"),
        "secretsmanager:ForceOverwriteReplicaSecret": _flag("ForceOverwriteReplicaSecret"),
        "secretsmanager:KmsKeyArn": _key_arn,
        "secretsmanager:KmsKeyId": member("KmsKeyId"),
        "secretsmanager:ModifyRotationRules": lambda asked: bool(asked.request.get("RotationRules")),
        "secretsmanager:Name": member("Name"),
        "secretsmanager:RecoveryWindowInDays": member("RecoveryWindowInDays"),
        "secretsmanager:ResourceTag/": _of_secret("tags"),
        "secretsmanager:RotateImmediately": _flag("RotateImmediately", default=True),
        "secretsmanager:RotationLambdaARN": member("RotationLambdaARN"),
        "secretsmanager:SecretId": lambda asked: asked.resource if asked.resource != "*" else None,
        "secretsmanager:SecretPrimaryRegion": _of_secret("primary"),
        "secretsmanager:Type": member("Type"),
        "secretsmanager:VersionId": member("VersionId"),
        "secretsmanager:VersionStage": _stage,
        "secretsmanager:resource/AllowRotationLambdaArn": _of_secret("function"),
        "secretsmanager:resource/Type": lambda asked: (_of_secret("external")(asked) or {}).get("Type"),
    },
)
