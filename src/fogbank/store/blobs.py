"""Large bytes: files under fresh ids, streamed, checksummed, and published by a transaction.

    writer = await blobs.create()
    async for chunk in body:
        await writer.write(chunk)
    blob = await writer.commit()                # a complete file that nothing refers to yet
    with ctx.write() as tx:
        blobs.publish(tx, blob, "s3")           # from here on the file is kept
        tx.put(OBJECTS, Object(blob=blob.id, …))

A blob lives while a row of the table OWNER/blob refers to it. `publish` adds a reference and `release` takes one away.
After the commit that took the last reference, the file is deleted. A crash may leave files without a row; `sweep`
removes them. The bytes of a committed blob never change.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import md5, sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from fogbank.core import private
from fogbank.core.http import FileSlice

from .api import Record, StoreError, StoreFull, StoreReadOnly, Table, Transaction

if TYPE_CHECKING:
    from fogbank.core.settings import Settings

    from .api import Store

T = TypeVar("T")

INLINE = 64 << 10  # bytes handled on the event loop: up to this, a hop to a thread costs more than the disk cache
CHUNK = 1 << 20  # bytes per hop to a thread
GRACE = 2.0  # real seconds between a blob's release and the deletion of its file, for responses about to open it
THREADS = 4
BLOBS = "/blob"  # suffix of the names of the tables of published blobs
SLICE = 256  # files that a sweep looks up at a time


class BlobMissing(StoreError):
    """A blob's file is missing, though it should exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the bytes at {path} are missing: the file was removed from outside. Restore a snapshot, or delete what "
            "refers to it"
        )


class BlobDamaged(StoreError):
    """The content of a blob's file differs from what was written."""


class Blob(msgspec.Struct, frozen=True):
    """A committed blob: `md5` or `sha256` in hex, `crc32` of the whole content, `size` in bytes."""

    id: str
    size: int
    md5: str
    crc32: int
    sha256: str = ""


class Published(Record):
    """A blob that is in use. `references` counts the references to it."""

    id: str
    size: int
    crc32: int
    references: int = 1


class BlobWriter:
    """One blob being written. Buffers up to CHUNK bytes. Use `async with`, or call `commit` or `abort` in the end."""

    def __init__(self, blobs: BlobStore, *, use_sha256: bool = False) -> None:
        self.id = secrets.token_hex(16)
        self.size = 0
        self._blobs = blobs
        self._incoming = blobs.directory / "incoming" / self.id
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._use_sha256 = use_sha256
        self._digest = sha256() if use_sha256 else md5(usedforsecurity=False)
        self._crc = 0
        self._descriptor = -1
        self._done = False
        blobs._writing.add(self.id)

    async def __aenter__(self) -> BlobWriter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._done:
            await self.abort()

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append bytes. Raises StoreFull when the disk is full."""
        self._waiting.append(bytes(chunk))
        self._waiting_size += len(chunk)
        self.size += len(chunk)
        if self._waiting_size >= CHUNK:
            await self._blobs._run(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting, self._waiting_size = self._waiting, [], 0
        with explained(self._incoming):
            if self._descriptor < 0:
                self._descriptor = os.open(self._incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            for chunk in waiting:
                self._digest.update(chunk)
                self._crc = zlib.crc32(chunk, self._crc)
                view = memoryview(chunk)
                while view:
                    view = view[os.write(self._descriptor, view) :]

    def _finish(self) -> None:
        self._flush()
        target = self._blobs.path(self.id)
        with explained(target):
            if self._blobs.full:
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self._blobs._fresh.add(self.id)
            try:
                os.rename(self._incoming, target)
            except FileNotFoundError:
                private.folder(target.parent)
                os.rename(self._incoming, target)
            if self._blobs.full:
                from .copies import sync_directory

                sync_directory(target.parent)

    async def commit(self) -> Blob:
        """Complete the file (synced when the durability is `full`). Removes it when that fails."""
        try:
            if self.size <= INLINE and not self._blobs.full:
                self._finish()
            else:
                await self._blobs._run(self._finish)
        except BaseException:
            await self.abort()
            raise
        self._done = True
        self._blobs._writing.discard(self.id)
        digest = self._digest.hexdigest()
        if self._use_sha256:
            return Blob(self.id, self.size, "", self._crc, digest)
        return Blob(self.id, self.size, digest, self._crc)

    async def abort(self) -> None:
        """Give up the blob and remove its bytes."""
        self._done = True
        self._blobs._writing.discard(self.id)
        self._blobs._fresh.discard(self.id)
        self._waiting.clear()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._incoming.unlink(missing_ok=True)


class BlobStore:
    """Blobs as files: DIRECTORY/incoming while they are written, DIRECTORY/AB/ABCD… when they are complete."""

    def __init__(self, directory: Path, *, durability: str = "process", temporary: bool = False) -> None:
        self.directory = directory
        self.full = durability == "full"
        self._temporary = temporary
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fogbank-blob")
        self._tables: dict[str, Table[Published]] = {}
        self._fresh: set[str] = set()  # blobs that this process committed and has not published yet
        self._doomed: dict[str, float] = {}  # released blobs, with the instant from which they may be deleted
        self._writing: set[str] = set()
        self._closed = False
        self._holds = 0
        with explained(directory):
            private.folder(directory / "incoming")

    # -- writing -----------------------------------------------------------------------------------------------------

    async def create(self, *, use_sha256: bool = False) -> BlobWriter:
        """Begin a blob, whose SHA-256 is computed while it is written, or else its MD5."""
        return BlobWriter(self, use_sha256=use_sha256)

    async def put(self, content: bytes) -> Blob:
        """Store bytes that are already in memory as a blob."""
        writer = BlobWriter(self)
        await writer.write(content)
        return await writer.commit()

    def table(self, owner: str) -> Table[Published]:
        """The table of the blobs that `owner` (a service) refers to. Wiping the service's tables frees them."""
        table = self._tables.get(owner)
        if table is None:
            table = self._tables[owner] = Table(owner + BLOBS, Published, key=lambda blob: (blob.id,))
        return table

    def publish(self, tx: Transaction, blob: Blob, owner: str) -> None:
        """Refer to a blob, in the transaction that stores its id. A published blob gets one more reference."""
        found = tx.get(self.table(owner), (blob.id,))
        references = found.references + 1 if found is not None else 1
        tx.put(self.table(owner), Published(id=blob.id, size=blob.size, crc32=blob.crc32, references=references))
        tx.after_commit(partial(self._fresh.discard, blob.id))

    def share(self, tx: Transaction, blob_id: str, owner: str) -> None:
        """Add a reference to a published blob, for a copy. Raises KeyError when it is not published."""
        found = tx.get(self.table(owner), (blob_id,))
        if found is None:
            raise KeyError(blob_id)
        found.references += 1
        tx.put(self.table(owner), found)

    def release(self, tx: Transaction, blob_id: str, owner: str) -> None:
        """Take one reference away. After the last one, the file is deleted soon after the commit."""
        found = tx.get(self.table(owner), (blob_id,))
        if found is None:
            return
        found.references -= 1
        if found.references > 0:
            tx.put(self.table(owner), found)
        else:
            tx.delete(self.table(owner), (blob_id,))
            tx.after_commit(partial(self._doom, blob_id))

    async def discard(self, blob: Blob) -> None:
        """Remove a committed blob that will not be published after all."""
        self._fresh.discard(blob.id)
        self.path(blob.id).unlink(missing_ok=True)

    # -- reading -----------------------------------------------------------------------------------------------------

    def path(self, blob_id: str) -> Path:
        """Where the bytes of a blob are, or will be."""
        return self.directory / blob_id[:2] / blob_id

    def slice(self, blob_id: str, offset: int = 0, length: int | None = None) -> FileSlice:
        """Part of a blob, as a response body that the gateway sends without loading it. Raises BlobMissing."""
        path = self.path(blob_id)
        try:
            size = os.stat(path).st_size
        except FileNotFoundError:
            raise BlobMissing(path) from None
        return FileSlice(str(path), offset, size - offset if length is None else length)

    async def read(self, blob_id: str, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of (part of) a blob in chunks. Raises BlobMissing, and BlobDamaged when the file is too short."""
        path = self.path(blob_id)
        with explained(path):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            left = os.fstat(descriptor).st_size - offset if length is None else length
            while left > 0:
                if left <= INLINE:
                    chunk = os.pread(descriptor, left, offset)
                else:
                    chunk = await self._run(partial(os.pread, descriptor, min(left, CHUNK), offset))
                if not chunk:
                    raise BlobDamaged(f"{path} ends {left} bytes early: it was cut from outside")
                offset += len(chunk)
                left -= len(chunk)
                yield chunk
        finally:
            os.close(descriptor)

    async def load(self, blob_id: str) -> bytes:
        """Read the whole of a blob that is known to be small."""
        return b"".join([chunk async for chunk in self.read(blob_id)])

    async def verify(self, blob: Blob | Published) -> None:
        """Read a blob and compare it with its size and checksum. Raises BlobMissing or BlobDamaged."""
        crc = size = 0
        async for chunk in self.read(blob.id):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        if (size, crc) != (blob.size, blob.crc32):
            raise BlobDamaged(
                f"{self.path(blob.id)} is damaged: {size} bytes with checksum {crc:08x} instead of {blob.size} bytes "
                f"with {blob.crc32:08x}. Restore a snapshot, or delete what refers to it"
            )

    # -- removing ----------------------------------------------------------------------------------------------------

    def _doom(self, blob_id: str) -> None:
        self._doomed[blob_id] = time.monotonic() + GRACE
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # `sweep` or `close` will delete it
        if len(self._doomed) == 1:
            loop.call_later(GRACE + 0.05, self._purge_soon)

    def _purge_soon(self) -> None:
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        self._pool.submit(self.purge)
        if self._doomed:
            loop.call_later(GRACE, self._purge_soon)

    def purge(self, *, everything: bool = False) -> None:
        """Delete the files of released blobs whose grace period is over (or of all of them)."""
        if self._holds:
            return
        now = time.monotonic()
        for blob_id, due in list(self._doomed.items()):
            if everything or due <= now:
                self.path(blob_id).unlink(missing_ok=True)
                self._doomed.pop(blob_id, None)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Deletes no file inside the block: for a snapshot that copies them."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def files(self) -> Iterator[Path]:
        """All complete files."""
        for shard in sorted(self.directory.iterdir()):
            if len(shard.name) == 2:
                yield from (shard / entry.name for entry in os.scandir(shard))

    async def sweep(self, store: Store) -> int:
        """Remove files that a crash left unpublished or half-written. Returns how many.

        Runs once after each start, in slices, so requests are served meanwhile. Where other nodes share the directory
        (a networked store), it removes only files that are at least a day old.
        """
        old = time.time() + 1 if store.embedded else time.time() - 86_400
        writing = {path for path in (self.directory / "incoming").iterdir() if path.name not in self._writing}
        removed = await self._run(partial(_remove, writing, old))
        files = await self._run(lambda: [path for path in self.files() if path.name not in self._doomed])
        for at in range(0, len(files), SLICE):
            chunk = files[at : at + SLICE]
            if store.embedded:
                orphans = self._orphans(store, chunk)
                await asyncio.sleep(0)
            else:
                orphans = await self._run(partial(self._orphans, store, chunk))
            if orphans:
                removed += await self._run(partial(_remove, orphans, old))
        return removed

    def _orphans(self, store: Store, files: list[Path]) -> list[Path]:
        fresh = self._fresh
        with store.read() as tx:
            tables = [self.table(name.removesuffix(BLOBS)) for name in tx.tables() if name.endswith(BLOBS)]
            return [
                path
                for path in files
                if path.name not in fresh and not any(tx.get(table, (path.name,)) for table in tables)
            ]

    async def copy_to(self, directory: Path) -> None:
        """Copy every complete file into a new folder, by hard links where the file system can: blobs never change.

        Call it under `held()`, after the store has been copied, so that every file which that copy refers to still
        exists.
        """
        await self._run(partial(self._copy, self.directory, directory))

    async def restore(self, directory: Path) -> None:
        """Add the files of a copy. The next sweep removes files that no row refers to any more."""
        await self._run(partial(self._copy, directory, self.directory))

    def keep_released(self) -> None:
        """Forget which blobs were released: after a `restore` rows may refer to them. The next sweep finds the rest."""
        self._doomed.clear()

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        private.folder(target)
        with explained(target):
            for shard in source.iterdir():
                if len(shard.name) != 2:
                    continue
                private.folder(target / shard.name)
                for entry in os.scandir(shard):
                    _link(entry.path, target / shard.name / entry.name)

    # -- the pool ----------------------------------------------------------------------------------------------------

    async def _run(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def close(self) -> None:
        """Finish the work in the pool, and remove released files, or everything if the store is temporary."""
        self._closed = True
        self._pool.shutdown()
        self._holds = 0
        self.purge(everything=True)
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)


def _link(source: str, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:  # another file system
        private.copy(source, target)


def _remove(files: Iterable[Path], before: float) -> int:
    """Remove files last changed at or before `before`. Returns how many."""
    removed = 0
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime <= before:
                path.unlink()
                removed += 1
    return removed


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translate OSErrors into errors that tell the user of the store what they mean."""
    try:
        yield
    except FileNotFoundError:
        raise BlobMissing(path) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StoreFull(f"there is no room left for {path} ({error.strerror}). Free some disk space") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StoreReadOnly(f"{path} cannot be written ({error.strerror})") from error
        raise


def open_blobs(settings: Settings) -> BlobStore:
    """The blob store that the settings ask for: in the data directory, or in a temporary folder."""
    if settings.ephemeral:
        return BlobStore(Path(tempfile.mkdtemp(prefix="fogbank-")), temporary=True)
    return BlobStore(settings.data / "blobs", durability=settings.durability)
