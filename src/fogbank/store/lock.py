"""One process per data directory: a file lock that the kernel releases when the process ends, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from .api import StoreLocked
from .folder import prepare, unwritable


class DirectoryLock:
    """Holds `DIR/lock`, which contains the holder's pid. A lock file left behind by a killed process does not block."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        prepare(directory)
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise unwritable(directory, error) from error
            raise
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise StoreLocked(
                f"the data directory {directory} is in use by process {holder or '(unknown)'}. Stop that cloud with "
                f"`fogbank down` (or kill {holder or 'it'}), or start this one with another --data"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1
