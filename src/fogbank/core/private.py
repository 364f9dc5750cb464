"""Files and folders that nobody but this user may look into, whatever the umask is.

A cloud may run in a thread of somebody else's process, whose umask is not ours to change: so everything that is kept
says its mode. `python -m fogbank.server` and `fogbank up` set the umask as well.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER, FILE, PROGRAM = 0o700, 0o600, 0o700
OTHERS = 0o077  # the bits of group and others, and the umask of a server
FUNCTIONS = 0o022  # the umask of programs that users bring along


def folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing; one that is there stays as it is."""
    missing = []
    above = path
    while not above.is_dir():
        missing.append(above)
        above = above.parent
    for each in reversed(missing):
        try:
            os.mkdir(each, FOLDER)
        except FileExistsError:
            if not each.is_dir():
                raise
    return path


def create(path: Path) -> None:
    """An empty file, for libraries that would make it with a mode of their own; one that is there is emptied."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, FILE))


def write(path: Path, data: bytes) -> None:
    """A new file with this content."""
    create(path)
    path.write_bytes(data)


def copy(source: str | Path, target: Path) -> None:
    """A copy of a file's content."""
    create(target)
    shutil.copyfile(source, target)


def shut(path: Path) -> None:
    """Take the rights of group and others away, where they have any; of a link, and of nothing, it does nothing."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if mode & OTHERS and not path.is_symlink():
        os.chmod(path, mode & ~OTHERS & 0o7777)
