"""Digest files: each lists an hour's log files with their hashes, is signed, and names the previous digest file.

`aws cloudtrail validate-logs` follows the chain. AWS writes a digest every hour; Fogbank only for hours with a log
file.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Reader, Transaction

from . import destinations, keys
from .delivery import HOUR, Place, stamp
from .records import PROGRESS, TRAILS, Progress, SigningKey, Trail


async def write(ctx: Context, place: Place, end: float) -> bool:
    """Write the digest file of the files delivered until the hour `end`. Returns False if the bucket refuses it."""
    trail, progress = await ctx.fetch(_read, place)
    if trail is None or not progress.files:
        return True
    if not trail.validation:
        await ctx.transact(_break, place)
        return True
    key = await keys.current(ctx, trail.region)
    content = _content(trail, progress, key, end)
    text = json.dumps(content, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest()
    name = content["digestS3Object"]
    signed = f"{content['digestEndTime']}\n{trail.bucket}/{name}\n{digest}\n{progress.digest_signature or 'null'}"
    signature = await asyncio.to_thread(keys.sign, key, signed)
    metadata = {"signature": signature, "signature-algorithm": "SHA256withRSA"}
    request = destinations.put_request(trail, name, gzip.compress(text, mtime=0), metadata)
    try:
        await destinations.itself(ctx, trail).call("s3", "PutObject", request)
    except ServiceError as error:
        await ctx.transact(_note, place, {"LatestDigestDeliveryError": error.code})
        return False
    known = Progress(**_place(place), digest_end=end, digest_bucket=trail.bucket, digest_key=name,
                     digest_sha256=digest, digest_signature=signature)  # fmt: skip
    await ctx.transact(_written, ctx, known, {file.key for file in progress.files})
    return True


def _place(place: Place) -> dict[str, Any]:
    return {"account": place.account, "home": place.home, "name": place.name, "region": place.region}


def _read(tx: Reader, place: Place) -> tuple[Trail | None, Progress]:
    return tx.get(TRAILS, place.trail), tx.get(PROGRESS, place.key) or Progress(**_place(place))


def _content(trail: Trail, progress: Progress, key: SigningKey, end: float) -> dict[str, Any]:
    at = datetime.fromtimestamp(end, UTC)
    name = (
        f"{destinations.folder(trail, 'CloudTrail-Digest')}/{progress.region}/{at:%Y/%m/%d}/{trail.account}"
        f"_CloudTrail-Digest_{progress.region}_{trail.name}_{trail.region}_{at:%Y%m%dT%H%M%SZ}.json.gz"
    )
    first = not progress.digest_key
    return {
        "awsAccountId": trail.account,
        "digestStartTime": stamp(end - HOUR if first else progress.digest_end),
        "digestEndTime": stamp(end),
        "digestS3Bucket": trail.bucket,
        "digestS3Object": name,
        "digestPublicKeyFingerprint": key.fingerprint,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": stamp(max(file.newest for file in progress.files)),
        "oldestEventTime": stamp(min(file.oldest for file in progress.files)),
        "previousDigestS3Bucket": progress.digest_bucket or None,
        "previousDigestS3Object": progress.digest_key or None,
        "previousDigestHashValue": progress.digest_sha256 or None,
        "previousDigestHashAlgorithm": None if first else "SHA-256",
        "previousDigestSignature": progress.digest_signature or None,
        "logFiles": [
            {
                "s3Bucket": file.bucket,
                "s3Object": file.key,
                "hashValue": file.sha256,
                "hashAlgorithm": "SHA-256",
                "newestEventTime": stamp(file.newest),
                "oldestEventTime": stamp(file.oldest),
            }
            for file in progress.files
        ],
    }


def _break(tx: Transaction, place: Place) -> None:
    """End the chain when validation is switched off: "the chain of digest files is broken"."""
    progress = tx.get(PROGRESS, place.key)
    if progress is not None:
        tx.put(PROGRESS, Progress(**_place(place), until_us=progress.until_us))


def _written(tx: Transaction, ctx: Context, known: Progress, named: set[str]) -> None:
    place = Place(known.account, known.home, known.name, known.region)
    progress = tx.get(PROGRESS, place.key)
    if progress is None:
        return
    known.until_us = progress.until_us
    known.files = [file for file in progress.files if file.key not in named]
    tx.put(PROGRESS, known)
    _note(tx, place, {"LatestDigestDeliveryTime": ctx.now(), "LatestDigestDeliveryError": ""})


def _note(tx: Transaction, place: Place, status: dict[str, Any]) -> None:
    trail = tx.get(TRAILS, place.trail)
    if trail is not None:
        trail.status = trail.status | status
        tx.put(TRAILS, trail)
