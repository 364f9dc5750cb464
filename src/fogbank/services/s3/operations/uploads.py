"""Listing multipart uploads and their parts.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, shapes
from ..errors import InvalidArgument
from ..listing import Page, page
from ..lookups import page_size, part_marker, require_bucket
from ..records import UPLOADED, UPLOADS, Upload
from .multipart import _on_upload, owner_members, require_upload


@operation("s3", "ListParts", resource=_on_upload("s3:ListMultipartUploadParts"), data_event=True)
def list_parts(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists the parts that were uploaded, by number."""
    limit = page_size(req, "MaxParts", "max-parts")
    marker = part_marker(req)
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        upload = require_upload(tx, req)
        found = list(
            tx.scan(UPLOADED, (bucket.name, upload.id), after=(bucket.name, upload.id, marker), limit=limit + 1)
        )
    shown = found[:limit]
    answer: dict[str, Any] = {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": shown[-1].number if shown else 0,
        "MaxParts": limit,
        "IsTruncated": len(found) > limit,
        "Parts": [
            {
                "PartNumber": part.number,
                "LastModified": part.modified,
                "ETag": f'"{part.etag}"',
                "Size": part.size,
                **{f"Checksum{name}": value for name, value in part.checksums.items()},
            }
            for part in shown
        ],
        **owner_members(bucket, upload),
    }
    if upload.algorithm:
        answer |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.checksum_type}
    return answer


@operation("s3", "ListMultipartUploads", action="s3:ListBucketMultipartUploads", resource=arns.bucket)
def list_multipart_uploads(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists the uploads that are neither completed nor aborted, by key and then upload id."""
    limit = page_size(req, "MaxUploads", "max-uploads")
    encode = req.get("EncodingType") == "url"
    key_marker, id_marker = req.get("KeyMarker") or "", req.get("UploadIdMarker") or ""
    prefix, delimiter = req.get("Prefix") or "", req.get("Delimiter") or ""
    if limit == 0 and req.get("MaxUploads") is not None:
        raise InvalidArgument(
            "max-uploads must be greater than 0", ArgumentName="max-uploads", ArgumentValue=str(req["MaxUploads"])
        )
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        begun: list[Upload] = []
        if key_marker and id_marker:  # the remaining uploads of the marker's key come first
            after = (bucket.name, key_marker, id_marker)
            begun = list(tx.scan(UPLOADS, (bucket.name, key_marker), after=after, limit=limit + 1))

        def seek(key: str) -> Iterator[Upload]:
            return tx.scan(UPLOADS, (bucket.name,), start=(bucket.name, key))

        found: Page[Upload] = Page(begun[:limit], [], len(begun) > limit, key_marker)
        if not found.truncated:
            more = page(
                seek,
                lambda upload: upload.key,
                prefix=prefix,
                delimiter=delimiter,
                marker=key_marker,
                limit=max(limit - len(begun), 1),
            )
            if len(begun) == limit:
                found.truncated = bool(more.items or more.prefixes)
            else:
                found = Page(begun + more.items, more.prefixes, more.truncated, more.last)

    def text(value: str) -> str:
        return shapes.url_encoded(value) if encode else value

    answer: dict[str, Any] = {
        "Bucket": bucket.name,
        "KeyMarker": text(key_marker),
        "UploadIdMarker": id_marker,
        "MaxUploads": limit,
        "IsTruncated": found.truncated,
        "Uploads": [
            {
                "UploadId": upload.id,
                "Key": text(upload.key),
                "Initiated": int(upload.initiated),
                **owner_members(bucket, upload),
                **(
                    {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.checksum_type}
                    if upload.algorithm
                    else {}
                ),
            }
            for upload in found.items
        ],
        "CommonPrefixes": [{"Prefix": text(each)} for each in found.prefixes],
    }
    for member in ("Prefix", "Delimiter"):
        if req.get(member):
            answer[member] = text(req[member])
    if encode:
        answer["EncodingType"] = "url"
    if found.truncated:
        answer["NextKeyMarker"] = text(found.last)
        answer["NextUploadIdMarker"] = found.items[-1].id if found.items else ""
    return answer
