"""Records as the APIs show them."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader

from . import images, names, scans
from .find import arn_of
from .records import Image, Repository


def repository(ctx: Context, found: Repository) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "repositoryArn": arn_of(ctx, (found.account, found.region, found.name)),
        "registryId": found.account,
        "repositoryName": found.name,
        "repositoryUri": names.repository_uri(ctx, found.account, found.region, found.name),
        "createdAt": found.created,
    }
    if found.region:
        shown |= {
            "imageTagMutability": found.mutability,
            "imageScanningConfiguration": {"scanOnPush": found.scan_on_push},
            "encryptionConfiguration": found.encryption or {"encryptionType": "AES256"},
        }
        if found.exclusions:
            shown["imageTagMutabilityExclusionFilters"] = found.exclusions
    return shown


def pushed(found: Repository, image: Image, tag: str | None) -> dict[str, Any]:
    """An image with its manifest."""
    return {
        "registryId": found.account,
        "repositoryName": found.name,
        "imageId": {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})},
        "imageManifest": image.manifest.decode(),
        "imageManifestMediaType": image.media_type,
    }


def detail(tx: Reader, found: Repository, image: Image) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "registryId": found.account,
        "repositoryName": found.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": int(image.pushed),
        "imageManifestMediaType": image.media_type,
    }
    if tags := images.tags_of(tx, image):
        shown["imageTags"] = tags
    if image.artifact_type:
        shown["artifactMediaType"] = image.artifact_type
    if not found.region:
        return shown
    shown["imageStatus"] = "ARCHIVED" if image.is_archived else "ACTIVE"
    if image.pulled is not None:
        shown["lastRecordedPullTime"] = image.pulled
    if image.subject:
        shown["subjectManifestDigest"] = image.subject
    if image.archived is not None:
        shown["lastArchivedAt"] = image.archived
    if image.activated is not None:
        shown["lastActivatedAt"] = image.activated
    if image.scan is not None:
        shown["imageScanStatus"] = scans.status(image)
    return shown
