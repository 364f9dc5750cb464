"""Snapshots of a whole cloud, taken and loaded while it runs: DATA/snapshots/NAME/{store.db, blobs/, snapshot.json}.

The store is copied in one read transaction. Blobs are hard-linked, since they never change. A snapshot gets its name
only when it is complete: a crash leaves a `.part` folder, which the next `save` of that name removes.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from fogbank.core import private

from .api import Store
from .blobs import BlobStore

log = logging.getLogger("fogbank.store")

FOLDER = "snapshots"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


class SnapshotError(Exception):
    """A snapshot that cannot be saved, loaded or deleted; the text says why."""


class Snapshot(msgspec.Struct):
    """One snapshot. `saved` is in epoch seconds of the machine's clock; `bytes` is the size of its files.

    Hard links share their bytes, which `bytes` counts all the same. When the description cannot be read, `damaged` says
    why, and `saved` and `bytes` are taken from the files themselves.
    """

    name: str
    saved: float
    bytes: int
    damaged: str = ""


def listing(data: Path) -> list[Snapshot]:
    """The snapshots of a data directory, oldest first. One with a damaged description is listed too."""
    folders = [path.parent for path in (data / FOLDER).glob("*/snapshot.json") if not path.parent.name.startswith(".")]
    return sorted(map(_described, folders), key=lambda snapshot: snapshot.saved)


def _described(folder: Path) -> Snapshot:
    path = folder / "snapshot.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except (msgspec.DecodeError, OSError) as error:
        log.warning("the description of the snapshot %s is damaged: %s: %s", folder.name, path, error)
        reason = f"snapshot.json cannot be read ({error})"
        return Snapshot(name=folder.name, saved=folder.stat().st_mtime, bytes=_size(folder), damaged=reason)


async def save(
    store: Store, blobs: BlobStore, data: Path, name: str, now: float, also: Callable[[Path, Path], None]
) -> Snapshot:
    """Save everything under `name`, consistently, while the cloud is in use. Raises SnapshotError, StoreFull.

    `also(data, folder)` copies what is kept beside the store and the blobs.
    """
    folder = _folder(data, name)
    if folder.exists():
        raise SnapshotError(f"there is a snapshot {name} already: fogbank snapshot rm {name}, or take another name")
    part = folder.with_name(f".{name}.part")
    await asyncio.to_thread(_emptied, part)
    try:
        with blobs.held():  # deletes no blob that the copy refers to until it is linked
            await store.copy_to(part / "store.db")
            await blobs.copy_to(part / "blobs")
            await asyncio.to_thread(also, data, part)
        snapshot = await asyncio.to_thread(_describe, part, name, now)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return snapshot


async def load(store: Store, blobs: BlobStore, data: Path, name: str, also: Callable[[Path, Path], None]) -> None:
    """Replace everything by a snapshot. No transaction may be open. Raises SnapshotError, StoreCorrupt.

    `also(folder, data)` brings back what the `also` of `save` copied.
    """
    folder = _existing(data, name)
    for part in ("blobs", "store.db"):
        if not (folder / part).exists():
            raise SnapshotError(f"the snapshot {name} is damaged: its {part} is missing. Nothing was loaded")
    with blobs.held():
        await blobs.restore(folder / "blobs")
        await store.restore(folder / "store.db")
        blobs.keep_released()  # no await since the swap: the restored store may refer to these blobs again
    await asyncio.to_thread(also, folder, data)


async def remove(data: Path, name: str) -> None:
    """Delete a snapshot. Raises SnapshotError."""
    folder = _existing(data, name)
    part = folder.with_name(f".{name}.part")
    await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
    folder.rename(part)
    await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)


def _folder(data: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SnapshotError(f"{name!r} is no name for a snapshot: letters, digits, '.', '_' and '-', 64 at most")
    return data / FOLDER / name


def _existing(data: Path, name: str) -> Path:
    folder = _folder(data, name)
    if not (folder / "snapshot.json").exists():
        names = ", ".join(snapshot.name for snapshot in listing(data))
        raise SnapshotError(f"there is no snapshot {name}" + (f"; there are: {names}" if names else ""))
    return folder


def _emptied(part: Path) -> None:
    shutil.rmtree(part, ignore_errors=True)
    private.folder(part)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _describe(part: Path, name: str, now: float) -> Snapshot:
    snapshot = Snapshot(name=name, saved=now, bytes=_size(part))
    private.write(part / "snapshot.json", msgspec.json.encode(snapshot))
    return snapshot
