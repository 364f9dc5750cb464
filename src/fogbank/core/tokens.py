"""The token of the control API: a file in the data folder that only the cloud's owner can read.

Anybody who can read the file controls the cloud. Functions are not given the token, though they are processes of the
same user and could read the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import private

FILE = "control.token"
HEADER = "X-Fogbank-Control"
VARIABLE = "FOGBANK_CONTROL_TOKEN"
BYTES = 32
SHAPE = re.compile(r"[\w-]{43}", re.ASCII)  # BYTES random bytes in URL-safe base64
ROOT = 0
LISTENS = "0A"  # the state of a listening socket in /proc/net/tcp


def kept(data: Path) -> str:
    """Read the token of a data folder; creates it if there is none. Nodes that share the folder share the token."""
    private.folder(data)
    path = data / FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, private.FILE)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed: another node may start at the same time
        token = file.read().strip()
        if not token:
            token = secrets.token_urlsafe(BYTES)
            file.write(f"{token}\n")
        return token


def candidates(health: Mapping[str, Any], host: str, port: int, environ: Mapping[str, str]) -> list[str]:
    """Possible tokens of the cloud at `host`: first the environment variable, then the file of that cloud.

    `health` is the cloud's answer, which names its data folder. The variable may be for another cloud. The token in the
    file is only used for a cloud of this machine and this user: a program of another user could pretend to be the cloud
    of our folder.
    """
    found = [environ[VARIABLE].strip()] if environ.get(VARIABLE) else []
    if health.get("data") and is_here(host) and is_ours(port):
        with contextlib.suppress(OSError, UnicodeDecodeError):  # the folder of another user, or inside a container
            found.append(_read(Path(str(health["data"])) / FILE))
    return list(dict.fromkeys(filter(None, found)))


def _read(path: Path) -> str:
    """Read a token from a file that only this user can read. Empty if the file is anything else."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)) as file:
        about = os.fstat(file.fileno())
        text = file.read(200).strip()
    mine = about.st_uid == os.getuid() and not about.st_mode & 0o077
    return text if mine and SHAPE.fullmatch(text) else ""


def is_ours(port: int) -> bool:
    """Whether a process of this user (or root) listens on a local port. True if the system does not tell."""
    users = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            users |= {int(row[7]) for row in rows if row[3] == LISTENS and row[1].endswith(f":{port:04X}")}
    return not users or bool(users & {os.getuid(), ROOT})


def is_here(host: str) -> bool:
    """Whether an address or host name belongs to this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True
