"""Creates files and folders that only this user can read, whatever the umask is.

A cloud may run in a thread of another program, and must not change that program's umask. So all code that creates
files sets their modes itself. `python -m fogbank.server` and `fogbank up` set the umask as well.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER, FILE, PROGRAM = 0o700, 0o600, 0o700
OTHERS = 0o077  # the mode bits of group and others, and the umask of a server
FUNCTIONS = 0o022  # the umask of users' programs


def folder(path: Path) -> Path:
    """Create a folder and its missing parents. An existing one stays as it is."""
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
    """Create or empty a file. For libraries that would create it with another mode."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, FILE))


def write(path: Path, data: bytes) -> None:
    """Create or overwrite a file with this content."""
    create(path)
    path.write_bytes(data)


def copy(source: str | Path, target: Path) -> None:
    """Copy a file's content to a private file."""
    create(target)
    shutil.copyfile(source, target)


def shut(path: Path) -> None:
    """Remove the permissions of group and others. Does nothing for a link or a path that does not exist."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if mode & OTHERS and not path.is_symlink():
        os.chmod(path, mode & ~OTHERS & 0o7777)
