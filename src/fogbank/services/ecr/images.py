"""Images in a repository: how they are found, pushed and deleted, for the APIs and for the registry alike."""

from __future__ import annotations

import re
from typing import Any

from fogbank.auth.quotas import reached
from fogbank.core import wildcards
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import layers, scans
from .errors import (
    ImageAlreadyExists,
    ImageNotFound,
    ImageTagAlreadyExists,
    InvalidParameter,
    LayersNotFound,
    LimitExceeded,
    ReferencedImagesNotFound,
)
from .manifests import Manifest
from .records import IMAGES, LAYERS, TAGS, Image, Repository, Tag

IMAGES_QUOTA, PUBLIC_IMAGES_QUOTA = "L-03A36CE1", "images-per-repository"
TAGS_PER_IMAGE = 1000


def by_digest(tx: Reader, repository: Repository, digest: str) -> Image | None:
    return tx.get(IMAGES, (*repository.place, digest))


def by_tag(tx: Reader, repository: Repository, tag: str) -> Image | None:
    found = tx.get(TAGS, (*repository.place, tag))
    return by_digest(tx, repository, found.digest) if found is not None else None


def by_reference(tx: Reader, repository: Repository, reference: str) -> Image | None:
    """The image that the registry's protocol calls so: by digest or tag."""
    find = by_digest if ":" in reference else by_tag
    return find(tx, repository, reference)


def tags_of(tx: Reader, image: Image) -> list[str]:
    return [tag.tag for tag in tx.scan_index(TAGS, "digest", (*image.place, image.digest))]


def is_mutable(repository: Repository, tag: str) -> bool:
    """Whether an existing tag may be moved to another image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    excluded = any(wildcards.compile(each["filter"], one=False)(tag) for each in repository.exclusions)
    return repository.mutability.startswith("MUTABLE") is not excluded


def push(
    tx: Transaction, ctx: Context, repository: Repository, manifest: Manifest, content: bytes, tag: str | None
) -> tuple[Image, bool]:
    """Store a manifest, with a tag if there is one. Returns the image, and whether that changed anything."""
    known = by_digest(tx, repository, manifest.digest)
    held = tx.get(TAGS, (*repository.place, tag)) if tag else None
    if held is not None and held.digest != manifest.digest and not is_mutable(repository, held.tag):
        raise ImageTagAlreadyExists(
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            "because the tag is immutable."
        )
    if known is None:
        service, code = ("ecr", IMAGES_QUOTA) if repository.region else ("ecr-public", PUBLIC_IMAGES_QUOTA)
        limit = reached(tx, ctx, service, code, IMAGES, repository.place)
        if limit is not None:
            raise LimitExceeded(f"The limit of {limit} images per repository has been exceeded")
        _check_parts(tx, repository, manifest)
    elif not tag or (held is not None and held.digest == manifest.digest):
        return known, False
    image = known or _image(tx, ctx, repository, manifest, content)
    if known is None:
        tx.put(IMAGES, image)
    if tag:
        if len(tags_of(tx, image)) >= TAGS_PER_IMAGE:
            raise LimitExceeded(f"The limit of {TAGS_PER_IMAGE} tags per image has been exceeded")
        entry = Tag(account=repository.account, region=repository.region, repository=repository.id, tag=tag,
                    digest=image.digest, created=ctx.now())  # fmt: skip
        tx.put(TAGS, entry)
    return image, True


def already_exists(repository: Repository, image: Image, tag: str | None) -> ImageAlreadyExists:
    tagged = f" and tag '{tag}'" if tag else ""
    return ImageAlreadyExists(
        f"Image with digest '{image.digest}'{tagged} already exists in the repository with name '{repository.name}' in "
        f"registry with id '{repository.account}'"
    )


def _check_parts(tx: Reader, repository: Repository, manifest: Manifest) -> None:
    """Raise LayersNotFound or ReferencedImagesNotFound unless the repository has all that the manifest names."""
    where = (
        f"required for pushing image into repository with name '{repository.name}' in the registry with id "
        f"'{repository.account}' do not exist"
    )
    missing = [digest for digest in manifest.layers if tx.get(LAYERS, (*repository.place, digest)) is None]
    if missing:
        raise LayersNotFound(f"Layers with digests '[{', '.join(missing)}]' {where}")
    missing = [digest for digest in manifest.children if by_digest(tx, repository, digest) is None]
    if missing:
        raise ReferencedImagesNotFound(f"Images with digests '[{', '.join(missing)}]' {where}")


def _image(tx: Reader, ctx: Context, repository: Repository, manifest: Manifest, content: bytes) -> Image:
    sizes = [manifest.size]
    for digest in manifest.children:
        child = by_digest(tx, repository, digest)
        sizes.append(child.size if child is not None else 0)
    image = Image(
        account=repository.account,
        region=repository.region,
        repository=repository.id,
        digest=manifest.digest,
        media_type=manifest.media_type,
        manifest=content,
        size=max(sizes),  # of an index: its largest image's
        pushed=ctx.now(),
        artifact_type=manifest.artifact_type,
        subject=manifest.subject,
        annotations=manifest.annotations,
        layers=list(manifest.layers),
        children=list(manifest.children),
    )
    if repository.region and not manifest.is_index and scans.on_push(tx, repository):
        scans.record(image, ctx.now())
    return image


class InUse(Exception):
    """An index names the image, so it cannot be deleted. `index` is that index's digest."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


def take_away(tx: Transaction, ctx: Context, image: Image, tag: str | None) -> list[dict[str, str]]:
    """Delete an image, or take one tag away: without its last tag an image is deleted. Raises InUse.

    Returns the imageIds that are gone.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
    """
    tags = tags_of(tx, image)
    gone = [tag] if tag else tags
    if not tag or tags == [tag]:
        index = tx.first(IMAGES, "child", (*image.place, image.digest))
        if index is None:
            delete(tx, ctx, image)
        elif tag:
            tx.delete(TAGS, (*image.place, tag))
        else:
            raise InUse(index.digest)
    else:
        tx.delete(TAGS, (*image.place, tag))
    return [{"imageDigest": image.digest, "imageTag": each} for each in gone] or [{"imageDigest": image.digest}]


def delete(tx: Transaction, ctx: Context, image: Image) -> None:
    """Delete an image with its tags, and the layers that no other image of the repository has."""
    for tag in tags_of(tx, image):
        tx.delete(TAGS, (*image.place, tag))
    tx.delete(IMAGES, IMAGES.key(image))
    layers.remove_unused(tx, ctx, image.place, image.layers)


def named(tx: Reader, repository: Repository, image_id: dict[str, Any]) -> Image | tuple[str, str]:
    """The image of an imageId; else the code and reason of the failure, as the batch operations have them.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
    """
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if not digest and not tag:
        return "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"
    if digest and not re.fullmatch(_DIGEST, digest):
        return "InvalidImageDigest", f"Invalid request parameters: image digest should satisfy the regex '{_DIGEST}'"
    image = by_digest(tx, repository, digest) if digest else by_tag(tx, repository, tag or "")
    if image is None:
        return "ImageNotFound", "Requested image not found"
    if digest and tag:
        held = tx.get(TAGS, (*repository.place, tag))
        if held is None or held.digest != digest:
            return "ImageTagDoesNotMatchDigest", "Requested tag and digest do not match"
    return image


_DIGEST = r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"


def require(tx: Reader, repository: Repository, image_id: dict[str, Any]) -> Image:
    """The image of an imageId. Raises ImageNotFound or InvalidParameter."""
    found = named(tx, repository, image_id)
    if isinstance(found, Image):
        return found
    code, why = found
    if code in ("MissingDigestAndTag", "InvalidImageDigest"):
        raise InvalidParameter(why)
    shown = ", ".join(f"{name}:'{image_id.get(name, 'null')}'" for name in ("imageDigest", "imageTag"))
    raise ImageNotFound(
        f"The image with imageId {{{shown}}} does not exist within the repository with name '{repository.name}' in the "
        f"registry with id '{repository.account}'"
    )
