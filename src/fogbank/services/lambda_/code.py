"""Deployment packages: loads them from the request or S3, checks and stores them as blobs, unpacks them for runtimes.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import RequestTooLarge, ServiceError
from fogbank.core.http import FileSlice
from fogbank.store.blobs import Blob

from .archives import UNZIPPED_LIMIT, check, unpack
from .errors import AccessDeniedByRole, InvalidParameterValue

if TYPE_CHECKING:
    from fogbank.core.context import Cloud

ZIPPED_LIMIT = 52_428_800  # bytes of a package in the request
S3_LIMIT = UNZIPPED_LIMIT  # a zipped package is not larger than the limit of its contents


class Package(msgspec.Struct):
    """A package in the blob store that is not published yet. Sizes are in bytes."""

    blob: Blob
    sha256: str  # base64
    size: int
    unzipped: int


async def load(ctx: Context, code: dict[str, Any], operation: str) -> Package:
    """Loads, checks and stores the package named by `Code`, UpdateFunctionCode's members or a layer's Content."""
    if "ZipFile" in code:
        content = code["ZipFile"]
        if len(content) > ZIPPED_LIMIT:
            raise RequestTooLarge(f"Request must be smaller than 69905067 bytes for the {operation} operation")
    elif code.get("S3Bucket") and code.get("S3Key"):
        content = await _from_s3(ctx, code)
    else:
        raise InvalidParameterValue("Please provide a source for function code.")
    return await store(ctx, content)


@contextlib.asynccontextmanager
async def loaded(ctx: Context, code: dict[str, Any], operation: str) -> AsyncIterator[Package]:
    """Loads a package for a block that publishes it. Discards the package when the block raises a ServiceError."""
    package = await load(ctx, code, operation)
    try:
        yield package
    except ServiceError:
        await ctx.blobs.discard(package.blob)
        raise


async def store(ctx: Context, content: bytes) -> Package:
    """Checks a zip file and stores it as a blob."""
    unzipped, digest = await asyncio.get_running_loop().run_in_executor(None, _examine, content)
    blob = await ctx.blobs.put(content)
    return Package(blob, digest, len(content), unzipped)


def _examine(content: bytes) -> tuple[int, str]:
    """Returns (unzipped size, base64 SHA-256). Raises InvalidParameterValue for an invalid package."""
    return check(io.BytesIO(content)), base64.b64encode(hashlib.sha256(content).digest()).decode()


async def _from_s3(ctx: Context, code: dict[str, Any]) -> bytes:
    request = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    if code.get("S3ObjectVersion"):
        request["VersionId"] = code["S3ObjectVersion"]
    try:
        answer = await ctx.call("s3", "GetObject", request)
    except ServiceError as error:
        number = error.code_for("s3")
        detail = f"S3 Error Code: {number}. S3 Error Message: {error.message}"
        if number == "AccessDenied":
            raise AccessDeniedByRole(
                "Your access has been denied by S3, please make sure your request credentials have permission to "
                f"GetObject for {code['S3Bucket']}/{code['S3Key']}. {detail}"
            ) from None
        raise InvalidParameterValue(f"Error occurred while GetObject. {detail}") from None
    return await read_body(answer["Body"], S3_LIMIT)


async def read_body(body: Any, limit: int) -> bytes:
    """Reads a streaming member in any of its forms."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, FileSlice):
        if body.length > limit:
            raise InvalidParameterValue(f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")
        return await asyncio.get_running_loop().run_in_executor(None, body.read)
    chunks, size = [], 0
    async for chunk in body:
        size += len(chunk)
        if size > limit:
            raise InvalidParameterValue(f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


class Unpacked:
    """Packages on disk, one folder per content, in the data directory. Get it with `ctx.app.local(Unpacked)`."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self._root = Path(app.settings.data).resolve() / "lambda"
        self._locks: dict[str, asyncio.Lock] = {}

    def code_root(self, sha256: str) -> Path:
        """Returns the folder of a package, which need not exist yet."""
        return self._root / "code" / base64.b64decode(sha256).hex()[:40]

    def opt_root(self, layers: tuple[str, ...]) -> Path:
        """Returns the folder for these layer versions (their blobs, in order), unpacked over each other."""
        return self._root / "opt" / hashlib.sha256("\n".join(layers).encode()).hexdigest()[:40]

    async def code(self, sha256: str, blob: str) -> Path:
        """Returns the folder of a package, and unpacks the package if needed."""
        return await self._make(self.code_root(sha256), (blob,))

    async def opt(self, layers: tuple[str, ...]) -> Path:
        """Returns the folder that serves as /opt. Later layers overwrite earlier ones."""
        return await self._make(self.opt_root(layers), layers)

    async def sweep(self, used: set[str]) -> None:
        """Deletes every folder whose name is not in `used`."""

        def remove() -> None:
            for parent in (self._root / "code", self._root / "opt"):
                for folder in parent.iterdir() if parent.is_dir() else ():
                    if folder.name not in used and not folder.name.startswith("."):
                        shutil.rmtree(folder, ignore_errors=True)

        await asyncio.get_running_loop().run_in_executor(None, remove)

    async def _make(self, folder: Path, blobs: tuple[str, ...]) -> Path:
        if folder.is_dir():  # noqa: ASYNC240 - one look at the disk cache
            return folder
        lock = self._locks.setdefault(str(folder), asyncio.Lock())
        async with lock:
            if not folder.is_dir():  # noqa: ASYNC240 - as above
                paths = [self._app.blobs.path(blob) for blob in blobs]
                await asyncio.get_running_loop().run_in_executor(None, unpack, paths, folder)
        self._locks.pop(str(folder), None)
        return folder
