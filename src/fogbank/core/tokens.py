"""The token of the control API: it lies in the data folder, readable by the cloud's owner alone.

Whoever can read the file owns the cloud. Functions do not get the token, though they are processes of the same user
and could read the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
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


def kept(data: Path) -> str:
    """The token of a data folder; drawn when there is none yet. Nodes that share the folder share the token."""
    private.folder(data)
    path = data / FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, private.FILE)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed: another node starts as well
        token = file.read().strip()
        if not token:
            token = secrets.token_urlsafe(BYTES)
            file.write(f"{token}\n")
        return token


def candidates(health: Mapping[str, Any], host: str, environ: Mapping[str, str]) -> list[str]:
    """What may be the token of the running cloud that says `health` at `host`: the variable, then that cloud's file.

    The variable may be another cloud's. A file is sent to a cloud of this machine only.
    """
    found = [environ[VARIABLE].strip()] if environ.get(VARIABLE) else []
    if health.get("data") and is_here(host):
        with contextlib.suppress(OSError, UnicodeDecodeError):  # another user's, or a container's
            found.append((Path(str(health["data"])) / FILE).read_text().strip())
    return list(dict.fromkeys(filter(None, found)))


def is_here(host: str) -> bool:
    """Whether an address or name is this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True
