"""Blobs: streamed in and out, published by a transaction, removed after the last release, swept after a crash."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import resource
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fogbank.core.settings import Settings
from fogbank.store import blobs as module
from fogbank.store import open_blobs
from fogbank.store.api import StoreFull, StoreReadOnly
from fogbank.store.blobs import Blob, BlobDamaged, BlobMissing, BlobStore
from fogbank.store.memory import MemoryStore
from fogbank.store.sqlite import SqliteStore

MEGABYTE = 1 << 20


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


@pytest.fixture(params=["process", "full"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store = BlobStore(tmp_path / "blobs", durability=request.param)
    yield store
    store.close()


@pytest.mark.parametrize("size", [0, 1, 5000, 64 << 10, (64 << 10) + 1, MEGABYTE, 3 * MEGABYTE + 17])
def test_what_goes_in_comes_out(blobs: BlobStore, size: int) -> None:
    content = os.urandom(size)

    async def main() -> None:
        writer = await blobs.create()
        for at in range(0, size, 100_000):
            await writer.write(content[at : at + 100_000])
        blob = await writer.commit()
        assert blob.size == size
        assert blob.md5 == hashlib.md5(content).hexdigest()
        assert blob.crc32 == zlib.crc32(content)
        assert await collect(blobs.read(blob.id)) == content
        length = max(0, min(3, size - 1))
        assert await collect(blobs.read(blob.id, 1, length)) == content[1 : 1 + length]
        assert await collect(blobs.read(blob.id, size // 2)) == content[size // 2 :]
        part = blobs.slice(blob.id, size // 2)
        with open(part.path, "rb") as file:
            file.seek(part.offset)
            assert file.read(part.length) == content[size // 2 :]
        assert await blobs.load(blob.id) == content
        await blobs.verify(blob)
        assert not list((blobs.directory / "incoming").iterdir())

    run(main)


def test_sha256_is_computed_where_it_is_asked_for(blobs: BlobStore) -> None:
    content = os.urandom(3 * MEGABYTE)

    async def main() -> None:
        writer = await blobs.create(use_sha256=True)
        await writer.write(content)
        blob = await writer.commit()
        assert (blob.sha256, blob.md5) == (hashlib.sha256(content).hexdigest(), "")
        assert (await blobs.put(content)).sha256 == ""
        await blobs.verify(blob)

    run(main)


def test_an_abandoned_blob_leaves_nothing(blobs: BlobStore) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with await blobs.create() as writer:
                await writer.write(b"." * (2 * MEGABYTE))
                assert list((blobs.directory / "incoming").iterdir())
                raise ZeroDivisionError
        blob = await blobs.put(b"not wanted")
        await blobs.discard(blob)
        assert not list(blobs.files()) and not list((blobs.directory / "incoming").iterdir())

    run(main)


def test_references_and_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.05)
    store, blobs = MemoryStore(), BlobStore(tmp_path)

    async def main() -> None:
        blob = await blobs.put(b"shared")
        with store.write() as tx:
            blobs.publish(tx, blob, "s3")
        with store.write() as tx:
            blobs.share(tx, blob.id, "s3")
        with pytest.raises(KeyError), store.write() as tx:
            blobs.share(tx, "no such blob", "s3")
        with pytest.raises(ZeroDivisionError), store.write() as tx:
            blobs.release(tx, blob.id, "s3")
            blobs.release(tx, blob.id, "s3")
            raise ZeroDivisionError
        with store.write() as tx:
            blobs.release(tx, blob.id, "s3")
        await asyncio.sleep(0.3)
        assert await blobs.load(blob.id) == b"shared", "one reference is left"
        with store.write() as tx:
            blobs.release(tx, blob.id, "s3")
            blobs.release(tx, blob.id, "s3")
        assert blobs.path(blob.id).exists(), "for a response that is about to open it"
        for _ in range(100):
            if not blobs.path(blob.id).exists():
                break
            await asyncio.sleep(0.02)
        with pytest.raises(BlobMissing, match="removed from outside"):
            blobs.slice(blob.id)

    run(main)


def test_nothing_is_removed_while_held(tmp_path: Path) -> None:
    store, blobs = MemoryStore(), BlobStore(tmp_path / "blobs")

    async def main() -> None:
        blob = await blobs.put(b"copied")
        with store.write() as tx:
            blobs.publish(tx, blob, "s3")
        with blobs.held():
            await store.copy_to(tmp_path / "copy")
            with store.write() as tx:
                blobs.release(tx, blob.id, "s3")
            blobs.purge(everything=True)
            await blobs.copy_to(tmp_path / "copied")
        blobs.purge(everything=True)
        with pytest.raises(BlobMissing):
            await blobs.load(blob.id)
        await store.restore(tmp_path / "copy")
        await blobs.restore(tmp_path / "copied")
        assert await blobs.load(blob.id) == b"copied"
        assert await blobs.sweep(store) == 0

    run(main)


def test_sweep_removes_what_a_crash_left(tmp_path: Path) -> None:
    store, before = SqliteStore(tmp_path), BlobStore(tmp_path / "blobs")

    async def crash() -> Blob:
        kept, lost = await before.put(b"kept"), await before.put(b"committed, not published")
        with store.write() as tx:
            before.publish(tx, kept, "s3")
        with store.write() as tx:
            before.publish(tx, await before.put(b"another's"), "lambda")
        half = await before.create()
        await half.write(b"." * (2 * MEGABYTE))
        gone = await before.put(b"released, the process died before the file went")
        with store.write() as tx:
            before.publish(tx, gone, "s3")
        with store.write() as tx:
            before.release(tx, gone.id, "s3")
        assert lost.size
        return kept

    async def after(kept: Blob) -> None:
        blobs = BlobStore(tmp_path / "blobs")
        fresh = await blobs.put(b"committed by this process, soon to be published")
        writing = await blobs.create()
        await writer_flushed(writing)
        assert await blobs.sweep(store) == 3
        assert len(list(blobs.files())) == 3
        assert await blobs.load(kept.id) == b"kept"
        assert await blobs.load(fresh.id)
        assert (await writing.commit()).size == 2 * MEGABYTE
        blobs.close()

    async def writer_flushed(writer: Any) -> None:
        await writer.write(b"." * (2 * MEGABYTE))

    kept = asyncio.run(crash())
    asyncio.run(after(kept))
    store.close()


def test_wiping_a_service_frees_its_blobs(tmp_path: Path) -> None:
    store, blobs = MemoryStore(), BlobStore(tmp_path)

    async def main() -> None:
        for owner in ("s3", "lambda"):
            with store.write() as tx:
                blobs.publish(tx, await blobs.put(owner.encode()), owner)
        store.wipe("s3/")
        assert await blobs.sweep(store) == 1
        assert [path.read_bytes() for path in blobs.files()] == [b"lambda"]

    run(main)


def test_damage_is_found(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)

    async def main() -> None:
        content = os.urandom(200_000)
        blob = await blobs.put(content)
        path = blobs.path(blob.id)
        path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        with pytest.raises(BlobDamaged, match=f"instead of 200000 bytes with {blob.crc32:08x}"):
            await blobs.verify(blob)
        path.write_bytes(content[:150_000])
        with pytest.raises(BlobDamaged):
            await blobs.verify(blob)
        with pytest.raises(BlobDamaged, match="ends 50000 bytes early"):
            await collect(blobs.read(blob.id, 0, 200_000))
        path.unlink()
        with pytest.raises(BlobMissing):
            await blobs.verify(blob)

    run(main)


def test_memory_stays_bounded(tmp_path: Path) -> None:
    """Sixty-four megabytes go through with the few that wait to be written."""
    blobs = BlobStore(tmp_path)
    chunk = b"." * 65_536

    async def main() -> None:
        tracemalloc.start()
        writer = await blobs.create()
        for _ in range(1024):
            await writer.write(chunk)
        blob = await writer.commit()
        async for _ in blobs.read(blob.id):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert blob.size == 64 * MEGABYTE
        assert peak < 6 * MEGABYTE

    run(main)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def main() -> None:
        small = await blobs.put(b"small")
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, before[1]))
        try:
            writer = await blobs.create()
            with pytest.raises(StoreFull, match="no room left"):
                for _ in range(40):
                    await writer.write(b"." * 100_000)
                await writer.commit()
            await writer.abort()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert not list((blobs.directory / "incoming").iterdir())
        assert await blobs.load(small.id) == b"small"

    run(main)


def test_a_read_only_directory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a patched open, since root may write anywhere."""
    blobs = BlobStore(tmp_path)

    def refuse(*args: Any, **options: Any) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    async def main() -> None:
        writer = await blobs.create()
        await writer.write(b"x")
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(StoreReadOnly, match="cannot be written"):
            await writer.commit()
        monkeypatch.undo()

    run(main)


def test_the_settings_choose(tmp_path: Path) -> None:
    kept = open_blobs(Settings(data=tmp_path))
    assert kept.directory == tmp_path / "blobs" and not kept.full
    kept.close()
    assert kept.directory.exists()
    assert open_blobs(Settings(data=tmp_path, durability="full")).full
    passing = open_blobs(Settings(ephemeral=True))
    assert passing.directory.exists() and not passing.directory.is_relative_to(tmp_path)
    passing.close()
    assert not passing.directory.exists()
