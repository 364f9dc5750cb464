"""Starts and stops a cloud in the background."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec

from fogbank.core import exposure, private
from fogbank.core.settings import Settings

from . import client, ports, waiting

PATIENCE = 30.0
OF_THE_START = {"port", "data", "init"}  # settings not to compare with those of a cloud that runs already


class NotStarted(Exception):
    """The cloud did not start. The text says why."""


def log_file(port: int) -> Path:
    """The log file of a background cloud."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(state) / "fogbank"
    return private.folder(folder) / f"{port}.log"


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
    said = "\n".join(tail).removeprefix("fogbank: ")
    raise NotStarted(said or f"the server did not answer within {PATIENCE:.0f} s; its log: {path}")


def check_port(settings: Settings) -> None:
    """Raise NotStarted if the cloud must not listen there, or if the port is taken (by the process in the text)."""
    found = client.health(settings.port, settings.host)
    if found is not None:
        raise NotStarted(
            f"a Fogbank (process {found['pid']}, data in {found['data']}) already holds port {settings.port}: "
            f"`fogbank down --port {settings.port}` stops it, `--port N` starts another beside it"
        )
    try:
        ports.check(settings.host, settings.port)
        exposure.refuse_exposure(settings)
    except (ports.CannotListen, exposure.Exposed) as error:
        raise NotStarted(str(error)) from None


def differences(settings: Settings, port: int) -> str:
    """Describe how the cloud on a port differs from these settings. Secrets are named without their values."""
    runs, token = client.owned(port, "GET", "config", host=settings.host)
    asked = msgspec.json.decode(msgspec.json.encode(exposure.shown(settings, token)))
    secrets = exposure.secret_names()
    other = [name for name in asked if name not in OF_THE_START and runs.get(name) != asked[name]]
    return ", ".join(name if name in secrets else f"{name} is {runs.get(name)}, not {asked[name]}" for name in other)


def stop(port: int) -> dict[str, Any] | None:
    """Stop the cloud on a port and wait until it is gone. Returns its last health, or None if there was no cloud."""
    try:
        found = client.running(port)
    except client.NotFogbank:
        raise
    except client.NotRunning:
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
    try:  # a zombie is dead, too
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return True
