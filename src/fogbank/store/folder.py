"""The data folder: made for this user alone, and made so again where an earlier start or a hand left it open."""

from __future__ import annotations

import errno
import logging
import stat
from pathlib import Path

from fogbank.core import private

from .api import StoreReadOnly

log = logging.getLogger("fogbank.store")

IGNORED = b"# Made by Fogbank: access keys and secrets lie here.\n*\n"
# what lies directly in a data folder; what is below these is behind them
NAMES = (
    "lock",
    "store.db",
    "store.db-wal",
    "store.db-shm",
    "control.token",
    "blobs",
    "engines",
    "lambda",
    "snapshots",
    "tls",
)


def prepare(data: Path) -> None:
    """Make the data folder, or shut the one that is there. Raises StoreReadOnly.

    A folder that everybody may write into (as /tmp) cannot be shut without harm to others, and is refused.
    """
    data = data.resolve()  # of a link, what it leads to
    try:
        if data.is_dir() and data.stat().st_mode & stat.S_ISVTX:
            raise StoreReadOnly(f"the data directory {data} is everybody's: choose a folder below it with --data")
        if not data.is_dir():  # a folder that was there may hold more than ours
            private.folder(data)
            private.write(data / ".gitignore", IGNORED)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise unwritable(data, error) from error
        raise
    for path in (data, *(data / name for name in NAMES)):
        try:
            private.shut(path)
        except OSError as error:  # another user's, or a file system without modes
            log.warning("other users of this machine may read %s: its mode cannot be changed (%s)", path, error)


def unwritable(data: Path, error: OSError) -> StoreReadOnly:
    return StoreReadOnly(
        f"the data directory {data} cannot be written ({error.strerror}). Give this user the right "
        "to write there, or choose another one with --data"
    )
