"""PutImage, BatchGetImage, BatchDeleteImage, DescribeImages, ListImages, and the tags of public images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import find, images, names, pulls, pushes, shapes
from ..declaration import both
from ..errors import ImageDigestDoesNotMatch, InvalidParameter
from ..manifests import BadManifest, parse
from ..records import IMAGES, TAGS, Image, Repository, Tag

Req = dict[str, Any]


def _bad_token() -> InvalidParameter:
    return InvalidParameter.at("nextToken", "must be a token that this operation returned")


def _put(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""
    content, tag = req["imageManifest"].encode(), req.get("imageTag")
    if tag and not names.TAG.fullmatch(tag):
        raise InvalidParameter.at("imageTag", f"must satisfy regular expression '{names.TAG.pattern}'")
    try:
        manifest = parse(content, req.get("imageManifestMediaType") or "")
    except BadManifest as error:
        raise InvalidParameter.at("ImageManifest", str(error)) from None
    if req.get("imageDigest") and req["imageDigest"] != manifest.digest:
        raise ImageDigestDoesNotMatch(
            f"Image digest '{req['imageDigest']}' does not match the digest of the image manifest, '{manifest.digest}'"
        )
    with ctx.write() as tx:
        repository = find.require(tx, ctx, req)
        image, changed = images.push(tx, ctx, repository, manifest, content, tag)
        if not changed:
            raise images.already_exists(repository, image, tag)
        pushes.follow(tx, ctx, repository, image)
    return {"image": shapes.pushed(repository, image, tag)}


put_image, put_public_image = both("PutImage", __name__, _put)


@operation("ecr", "BatchGetImage", resource=find.repository)
def batch_get_image(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html"""
    shown, failures = [], []
    with ctx.write() as tx:
        repository = find.require(tx, ctx, req)
        for image_id in req["imageIds"]:
            found = images.named(tx, repository, image_id)
            if isinstance(found, Image) and found.is_archived:
                found = "ImageInaccessible", "The image is archived"
            if isinstance(found, Image):
                pulls.record(tx, ctx, found)
                shown.append(shapes.pushed(repository, found, image_id.get("imageTag")))
            else:
                failures.append(_failure(image_id, *found))
    return {"images": shown, "failures": failures}


def _failure(image_id: dict[str, Any], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def _delete(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html"""
    deleted: list[dict[str, str]] = []
    failures = []
    with ctx.write() as tx:
        repository = find.require(tx, ctx, req)
        for image_id in _indexes_first(tx, repository, req["imageIds"]):
            found = images.named(tx, repository, image_id)
            if not isinstance(found, Image):
                failures.append(_failure(image_id, *found))
                continue
            try:
                gone = images.take_away(tx, ctx, found, image_id.get("imageTag"))
            except images.InUse as error:
                reason = f"Requested image referenced by manifest list: [{error.index}]"
                failures.append(_failure(image_id, "ImageReferencedByManifestList", reason))
                continue
            deleted += gone
            pushes.forget(tx, ctx, repository, gone)
    return {"imageIds": deleted, "failures": failures}


def _indexes_first(tx: Reader, repository: Repository, image_ids: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A request may name an index and its images in any order."""

    def is_image(image_id: dict[str, Any]) -> bool:
        found = images.named(tx, repository, image_id)
        return not (isinstance(found, Image) and found.children)

    return sorted(image_ids, key=is_image)


batch_delete_image, batch_delete_public_image = both("BatchDeleteImage", __name__, _delete)


def _selected(tx: Reader, repository: Repository, req: Req, default: str, start: str = "") -> Iterator[Image]:
    """The images that the filter of a request selects, from a digest on. Without a filter, `default` is the status."""
    asked = req.get("filter") or {}
    status, tagged = asked.get("imageStatus") or default, asked.get("tagStatus") or "ANY"
    for image in tx.scan(IMAGES, repository.place, start=(*repository.place, start) if start else None):
        if status not in ("ANY", "ARCHIVED" if image.is_archived else "ACTIVE"):
            continue
        if tagged == "ANY" or (tagged == "TAGGED") is bool(images.tags_of(tx, image)):
            yield image


def _pages(ctx: Context, repository: Repository, req: Req) -> Pages:
    scope = f"{ctx.operation}/{repository.id}/{req.get('filter')}"
    return Pages(ctx, _bad_token, scope, member="nextToken")


def _describe(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html"""
    limit = req.get("maxResults") or 100
    with ctx.read() as tx:
        repository = find.require(tx, ctx, req)
        if req.get("imageIds"):
            if req.get("maxResults") or req.get("nextToken"):
                raise InvalidParameter("nextToken and maxResults cannot be specified together with imageIds")
            found = {image.digest: image for each in req["imageIds"] if (image := images.require(tx, repository, each))}
            return {"imageDetails": [shapes.detail(tx, repository, image) for image in found.values()]}
        pages = _pages(ctx, repository, req)
        last = pages.after(req.get("nextToken")) or ""
        listed = (image for image in _selected(tx, repository, req, "ANY", last) if image.digest > last)
        shown, more = pages.cut(list(islice(listed, limit + 1)), limit, lambda image: image.digest)
        return {"imageDetails": [shapes.detail(tx, repository, image) for image in shown], **more}


describe_images, describe_public_images = both("DescribeImages", __name__, _describe)


@operation("ecr", "ListImages", resource=find.repository)
def list_images(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html"""
    limit = req.get("maxResults") or 100
    with ctx.read() as tx:
        repository = find.require(tx, ctx, req)
        pages = _pages(ctx, repository, req)
        last = pages.after(req.get("nextToken")) or ("", "")
        ids = (
            (image.digest, tag)
            for image in _selected(tx, repository, req, "ACTIVE", last[0])
            for tag in images.tags_of(tx, image) or [""]
        )
        found = list(islice((each for each in ids if each > last), limit + 1))
    shown, more = pages.cut(found, limit, lambda each: each)
    named = [{"imageDigest": digest, **({"imageTag": tag} if tag else {})} for digest, tag in shown]
    return {"imageIds": named, **more}


@operation("ecr-public", "DescribeImageTags", resource=find.repository)
def describe_image_tags(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DescribeImageTags.html"""
    pages = Pages(ctx, _bad_token, member="nextToken")
    with ctx.read() as tx:
        repository = find.require(tx, ctx, req)
        found = list(tx.scan(TAGS, repository.place))
        shown, more = pages.by_key(found, req.get("nextToken"), req.get("maxResults") or 100, lambda tag: tag.tag)
        return {"imageTagDetails": [_tag(tx, repository, tag) for tag in shown], **more}


def _tag(tx: Reader, repository: Repository, tag: Tag) -> dict[str, Any]:
    image = images.by_digest(tx, repository, tag.digest)
    assert image is not None  # a tag goes with its image
    detail = shapes.detail(tx, repository, image)
    kept = ("imageDigest", "imageSizeInBytes", "imagePushedAt", "imageManifestMediaType", "artifactMediaType")
    shown = {name: detail[name] for name in kept if name in detail}
    return {"imageTag": tag.tag, "createdAt": tag.created, "imageDetail": shown}
