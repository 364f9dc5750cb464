"""Finds the process that holds a port, and free ports."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path


class CannotListen(Exception):
    """A port cannot be used. The text says why."""


def check(host: str, port: int) -> None:
    """Raise CannotListen unless a server could listen there."""
    try:
        _bound(host, port).close()
    except socket.gaierror:
        raise CannotListen(f"{host!r} is no address: use --host 127.0.0.1, or 0.0.0.0 for all there are") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(f"port {port} is taken by {holder(port)}: choose another one with --port N") from None
        if error.errno == errno.EACCES:
            raise CannotListen(f"port {port} is not for this user: choose one above 1023 with --port N") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotListen(
                f"{host} is not an address of this machine: use --host 127.0.0.1, or 0.0.0.0 for all it has"
            ) from None
        raise CannotListen(f"cannot listen on port {port} of {host}: {error.strerror}") from None


def free(host: str) -> int:
    """Find a free port."""
    with _bound(host, 0) as probe:
        port: int = probe.getsockname()[1]
        return port


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    probe = socket.socket(family, kind, protocol)
    try:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    except OSError:
        probe.close()
        raise
    return probe


def holder(port: int) -> str:
    """The process that listens on a TCP port: `process PID (NAME)` if /proc shows it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(link) in inodes for link in folder.iterdir()):
                return f"process {folder.parent.name} ({(folder.parent / 'comm').read_text().strip()})"
        except OSError:
            continue
    return "another process"
