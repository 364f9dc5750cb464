"""The data folder: readable by this user only. Tightens modes that an earlier start or a person left open."""

from __future__ import annotations

import errno
import logging
import stat
from pathlib import Path

from fogbank.core import private

from .api import StoreReadOnly

log = logging.getLogger("fogbank.store")

IGNORED = b"# Made by Fogbank: access keys and secrets lie here.\n*\n"
# what is directly in a data folder; closing these closes everything below them
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
    """Create the data folder, or restrict an existing one to this user. Raises StoreReadOnly.

    Restricting a folder that everybody may write into (such as /tmp) would harm other users, so it is refused.
    """
    data = data.resolve()  # a link is followed to its target
    try:
        if data.is_dir() and data.stat().st_mode & stat.S_ISVTX:
            raise StoreReadOnly(f"the data directory {data} is everybody's: choose a folder below it with --data")
        if not data.is_dir():  # an existing folder may hold more than Fogbank's files
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
