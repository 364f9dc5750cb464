"""Starting a cloud in the background, and finding what holds a port."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import msgspec

from fogbank.core.settings import Settings

from . import client, waiting

PATIENCE = 30.0


class NotStarted(Exception):
    """The cloud did not come up; the text says why."""


def log_file(port: int) -> Path:
    """Where a background cloud's log goes."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(state) / "fogbank"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{port}.log"


def start(settings: Settings, ready: waiting.Waiting | None = None) -> dict[str, Any]:
    """Start a cloud in the background (`ready`: in this process) and return its health once it answers.

    Raises NotStarted.
    """
    check_port(settings)
    path = log_file(settings.port)
    process = (ready or waiting.begin()).go(msgspec.json.encode(settings, enc_hook=str).decode(), path)
    if waiting.answered(process, PATIENCE):
        found = client.health(settings.port, settings.host)
        if found is not None:
            return found
    if process.poll() is None:
        process.terminate()
    tail = path.read_text(errors="replace").strip().splitlines()[-5:]
    raise NotStarted("\n".join(tail) or f"the server did not answer within {PATIENCE:.0f} s; its log: {path}")


def check_port(settings: Settings) -> None:
    """Raise NotStarted, naming the process, when the port is taken."""
    found = client.health(settings.port, settings.host)
    if found is not None:
        raise NotStarted(
            f"a Fogbank (process {found['pid']}, data in {found['data']}) already holds port {settings.port}: "
            f"`fogbank down --port {settings.port}` stops it, `--port N` starts another beside it"
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            holder = port_holder(settings.port)
            who = f"process {holder[0]} ({holder[1]})" if holder else "another process"
            raise NotStarted(f"port {settings.port} is taken by {who}: use --port N ({error.strerror})") from None


def port_holder(port: int) -> tuple[int, str] | None:
    """(pid, name) of whoever listens on a TCP port, where /proc tells."""
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
                return int(folder.parent.name), (folder.parent / "comm").read_text().strip()
        except OSError:
            continue
    return None


def stop(port: int) -> dict[str, Any] | None:
    """Stop the cloud on a port and wait until it is gone; its last health, or None when there was none."""
    found = client.health(port)
    if found is None:
        return None
    client.call(port, "POST", "stop", {})
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and _alive(int(found["pid"])):
        time.sleep(0.02)
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # a child that nobody has waited for is dead all the same
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return True
