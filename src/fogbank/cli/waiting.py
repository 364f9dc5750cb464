"""A server process that has loaded its code and waits for its settings, or for the order to exit."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path


class Waiting:
    """`python -m fogbank.server` with FOGBANK_SETTINGS=-: settings on its stdin start it, a closed stdin ends it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process: subprocess.Popen[bytes] | None = process

    def go(self, settings: str, log: Path) -> subprocess.Popen[bytes]:
        """Start the cloud with these settings (JSON, one line). Its output goes to `log`."""
        process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has exited, which `answered` will notice
            process.stdin.write(f"{log}\n{settings}\n".encode())
            process.stdin.close()
        return process

    def dismiss(self) -> None:
        """End the process unless `go` was called. May be called twice."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait()


def answered(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until a process after `go` reports that the cloud answers. False if it exits or `seconds` are over."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], seconds)
    return bool(readable) and process.stdout.readline() != b""


def begin() -> Waiting:
    """Start the process without waiting for it."""
    return Waiting(
        subprocess.Popen(
            [sys.executable, "-m", "fogbank.server"],
            env=os.environ | {"FOGBANK_SETTINGS": "-"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    )
