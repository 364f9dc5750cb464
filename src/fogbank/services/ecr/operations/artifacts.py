"""Scans, signatures, referrers and storage classes of images."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from .. import door_lists, expiry, find, images, names, scans
from ..errors import (
    ImageArchived,
    InvalidParameter,
    LimitExceeded,
    ScanNotFound,
    StorageClassUpdateNotSupported,
    UnsupportedImageType,
)
from ..manifests import INDEXES
from ..records import IMAGES, Image, Repository

Req = dict[str, Any]
AGAIN = 86_400.0  # seconds between two scans of an image


def _image_id(image: Image, req: Req) -> dict[str, Any]:
    tag = req["imageId"].get("imageTag")
    return {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}


def _where(found: Repository, image: Image, req: Req) -> dict[str, Any]:
    return {"registryId": found.account, "repositoryName": found.name, "imageId": _image_id(image, req)}


@operation("ecr", "StartImageScan", resource=find.repository, fidelity="recorded")
def start_image_scan(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html"""
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        image = images.require(tx, found, req["imageId"])
        if image.is_archived:
            raise ImageArchived(f"The image with digest '{image.digest}' is archived")
        if image.media_type in INDEXES:
            raise UnsupportedImageType("The image is of a type that cannot be scanned")
        if image.scan is not None and ctx.now() - image.scan["at"] < AGAIN:
            raise LimitExceeded("The scan quota per image has been exceeded. Wait and try again.")
        scans.record(image, ctx.now())
        tx.put(IMAGES, image)
    return {**_where(found, image, req), "imageScanStatus": scans.status(image)}


@operation("ecr", "DescribeImageScanFindings", resource=find.repository, fidelity="recorded")
def describe_image_scan_findings(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html"""
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
        image = images.require(tx, found, req["imageId"])
    if req.get("nextToken"):
        raise _bad_token()  # none is given out: there are no findings
    if image.scan is None:
        raise ScanNotFound(
            f"Image scan does not exist for the image with '{{imageDigest:'{image.digest}'}}' in the repository with "
            f"name '{found.name}' in the registry with id '{found.account}'"
        )
    return {**_where(found, image, req), "imageScanStatus": scans.status(image)}


@operation("ecr", "DescribeImageSigningStatus", resource=find.repository, fidelity="recorded")
def describe_image_signing_status(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageSigningStatus.html"""
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
        image = images.require(tx, found, req["imageId"])
    return {**_where(found, image, req), "signingStatuses": []}  # AWS Signer does not run here


# "The IAM principal invoking this operation must have the ecr:BatchGetImage permission."
@operation("ecr", "ListImageReferrers", action="ecr:BatchGetImage", resource=find.repository)
def list_image_referrers(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html"""
    digest = req["subjectId"]["imageDigest"]
    if not names.DIGEST.fullmatch(digest):
        raise InvalidParameter.at("imageDigest", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'")
    asked = req.get("filter") or {}
    kinds, status = asked.get("artifactTypes"), asked.get("artifactStatus") or "ACTIVE"
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
        listed = [
            image
            for image in door_lists.referring(tx, found, digest)
            if (not kinds or image.artifact_type in kinds) and status in ("ANY", _status(image))
        ]
    pages = Pages(ctx, _bad_token, f"{found.id}/{digest}/{asked}", member="nextToken")
    shown, more = pages.by_key(listed, req.get("nextToken"), req.get("maxResults") or 50, lambda image: image.digest)
    return {
        "referrers": [{**door_lists.descriptor(image), "artifactStatus": _status(image)} for image in shown],
        **more,
    }


def _bad_token() -> InvalidParameter:
    return InvalidParameter.at("nextToken", "must be a token that this operation returned")


def _status(image: Image) -> str:
    return "ARCHIVED" if image.is_archived else "ACTIVE"


@operation("ecr", "UpdateImageStorageClass", resource=find.repository)
def update_image_storage_class(ctx: Context, req: Req) -> dict[str, Any]:
    """Archived images cannot be pulled. Here they are restored at once; AWS needs up to 20 minutes.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html
    """
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        image = images.require(tx, found, req["imageId"])
        if (req["targetStorageClass"] == "ARCHIVE") is image.is_archived:
            raise StorageClassUpdateNotSupported(f"The image is {_status(image)} already")
        if not image.is_archived:
            expiry.archive(tx, ctx, image)
        else:
            image.is_archived, image.activated = False, ctx.now()
            tx.put(IMAGES, image)
    return {**_where(found, image, req), "imageStatus": _status(image)}
