"""Zip files that users upload: checks them on arrival, and unpacks them without writing outside their folder.

A package comes from outside: its names, sizes and links are not trusted before they are checked.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fogbank.core import private

from .errors import InvalidParameterValue

UNZIPPED_LIMIT = 262_144_000  # bytes of a package and its layers on disk
BAD_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1  # bit in an entry's flags
LONGEST_NAME, LONGEST_PART = 3072, 255  # bytes: with our folder in front, a path must stay below Linux's 4,096
DEEPEST = 256  # parts of a name; AWS names no limit, but a deeper tree could not be deleted again
LONGEST_LINK = 4095


def check(file: BinaryIO) -> int:
    """Returns the unzipped size of a package. Raises InvalidParameterValue if any of it cannot be unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if not entries:
                raise InvalidParameterValue("Uploaded file must be a non-empty zip")
            for entry in entries:
                if inside(entry.filename) is None or entry.flag_bits & ENCRYPTED or entry.compress_type not in METHODS:
                    raise InvalidParameterValue(BAD_ZIP)
            total = sum(entry.file_size for entry in entries)
            if total > UNZIPPED_LIMIT:
                raise InvalidParameterValue(f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")
            if archive.testzip() is not None:  # zipfile reads no more of an entry than it declares
                raise InvalidParameterValue(BAD_ZIP)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, UnicodeDecodeError, EOFError):
        raise InvalidParameterValue(BAD_ZIP) from None
    return total


def inside(name: str) -> PurePosixPath | None:
    """Converts an entry's name to a path below the target folder; None if it leaves the folder or is too long."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return None
    if len(name.encode()) > LONGEST_NAME or len(path.parts) > DEEPEST:
        return None
    if any(len(part.encode()) > LONGEST_PART for part in path.parts):
        return None
    return path


def unpack(archives: list[Path], folder: Path) -> None:
    """Unpacks zip files over each other into `folder`, which appears only when it is complete."""
    private.folder(folder.parent)
    incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder.parent)).resolve()
    try:
        tree = _Tree(incoming)
        for path in archives:
            with zipfile.ZipFile(path) as archive:
                tree.add(archive)
        os.rename(incoming, folder)
    except OSError:
        shutil.rmtree(incoming, ignore_errors=True)
        if not folder.is_dir():
            raise
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise


class _Tree:
    """A folder into which archives are unpacked.

    An archive's links are created after its files, so none of its files can pass through them. Links of earlier
    archives lead to places inside, and every folder is resolved through them before anything is written to it. Links
    that lead outside, even if only in combination, are deleted.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._links: list[Path] = []

    def add(self, archive: zipfile.ZipFile) -> None:
        links: dict[PurePosixPath, str] = {}
        known: dict[PurePosixPath, Path | None] = {}
        for entry in archive.infolist():
            name = inside(entry.filename)
            if name is None or not name.parts:
                continue
            if entry.is_dir():
                self._folder(name, known)
            elif stat.S_ISLNK(entry.external_attr >> 16):
                if entry.file_size <= LONGEST_LINK:
                    links[name] = archive.read(entry).decode("utf-8", "replace")
            else:
                links.pop(name, None)
                self._file(archive, entry, name, known)
        for name, goal in links.items():
            self._link(name, goal)
        while leaving := [link for link in self._links if link.is_symlink() and not self._holds(link)]:
            for link in leaving:
                link.unlink()

    def _folder(self, name: PurePosixPath, known: dict[PurePosixPath, Path | None]) -> Path | None:
        """Returns the folder of this name, and creates it if needed. None: it lies outside, or a file is in the way.

        `known` caches results: while an archive's files are unpacked, no link changes.
        """
        if name not in known:
            path = self._root / name
            known[name] = path.resolve() if self._holds(path) else None
            if (found := known[name]) is not None:
                try:
                    private.folder(found)
                except (FileExistsError, NotADirectoryError):  # skip what cannot be unpacked, like unzip
                    known[name] = None
        return known[name]

    def _place(self, name: PurePosixPath, known: dict[PurePosixPath, Path | None]) -> Path | None:
        """Returns a free path for a file or link of this name (deletes what is there); None when there can be none."""
        folder = self._folder(name.parent, known)
        if folder is None:
            return None
        path = folder / name.name
        if path.is_dir() and not path.is_symlink():
            return None
        path.unlink(missing_ok=True)
        return path

    def _file(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: PurePosixPath,
        known: dict[PurePosixPath, Path | None],
    ) -> None:  # fmt: skip
        path = self._place(name, known)
        if path is None:
            return
        mode = private.PROGRAM if (entry.external_attr >> 16) & 0o111 else private.FILE
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file, archive.open(entry) as source:
            shutil.copyfileobj(source, file)

    def _link(self, name: PurePosixPath, goal: str) -> None:
        if not goal or os.path.isabs(goal) or "\0" in goal:
            return
        path = self._place(name, {})
        if path is not None:
            path.symlink_to(goal)
            self._links.append(path)

    def _holds(self, path: Path) -> bool:
        """Returns whether a path, with all links resolved, lies inside. A circle of links does not."""
        try:
            return path.resolve().is_relative_to(self._root)
        except (OSError, RuntimeError):  # the exception for a circle depends on Python's version
            return False
