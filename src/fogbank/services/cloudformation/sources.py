"""Reads templates from the request itself, or from the S3 object that its URL names."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.http import FileSlice

from .engine.acting import encrypted
from .template.parse import MAX_BODY, MAX_URL_BODY

_S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9.-]+)?")
MAX_HOST = 253  # characters of a host's name (RFC 1035)


async def template_text(ctx: Context, req: dict[str, Any], *, what: str = "Template") -> str | None:
    """The text of {what}Body, or of the object at {what}URL; None when the request has neither."""
    body, url = req.get(f"{what}Body"), req.get(f"{what}URL")
    if body and url:
        raise ValidationError(f"You cannot specify both {what} URL and {what} Body")
    if body:
        if len(body.encode()) > MAX_BODY:
            raise ValidationError(
                f"1 validation error detected: Value '{body}' at '{what[0].lower()}{what[1:]}Body' failed to satisfy "
                f"constraint: Member must have length less than or equal to {MAX_BODY}"
            )
        return str(body)
    if not url:
        return None
    return await object_text(ctx, *object_of(url), limit=MAX_URL_BODY)


def object_of(url: str) -> tuple[str, str, str]:
    """Bucket, key and version id of an S3 URL, in virtual-host, path or s3:// form."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets around something that is no IP address
        raise ValidationError("TemplateURL must be a supported URL.") from None
    host, path = (parts.hostname or ""), unquote(parts.path).lstrip("/")
    if parts.scheme == "s3":
        return parts.netloc, path, ""
    if parts.scheme not in ("https", "http") or not 0 < len(host) <= MAX_HOST:
        raise ValidationError("TemplateURL must be a supported URL.")
    match = _S3_HOST.fullmatch(host)
    bucket = match["bucket"] if match else None
    if not bucket:
        bucket, _, path = path.partition("/")
    if not bucket or not path:
        raise ValidationError("TemplateURL must be a supported URL.")
    version = parse_qs(parts.query).get("versionId", [""])[0]
    return bucket, path, version


async def object_text(ctx: Context, bucket: str, key: str, version: str, *, limit: int) -> str:
    """Read an S3 object as the caller and return its text. Raises ValidationError."""
    request = {"Bucket": bucket, "Key": key}
    if version:
        request["VersionId"] = version
    try:
        answer = await encrypted(ctx).call("s3", "GetObject", request)
    except ServiceError as error:
        raise ValidationError(f"S3 error: {error.message}\nFor more information check "
                              "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html")  # fmt: skip
    content = await read_body(answer.get("Body", b""), limit)
    if len(content) > limit:
        raise ValidationError(f"Template may not exceed {limit} bytes in size.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationError("Template format error: unsupported structure.")


async def read_body(body: Any, limit: int) -> bytes:
    """Read a streaming member of a response as bytes: at most `limit` + 1, so the caller can detect an excess."""
    if isinstance(body, bytes | bytearray):
        return bytes(body[: limit + 1])
    if isinstance(body, FileSlice):
        return body.read(limit + 1)  # at most a megabyte of a local file
    content = bytearray()
    async for chunk in body:
        content += chunk
        if len(content) > limit:
            break
    return bytes(content)
