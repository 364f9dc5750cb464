"""A server process that has loaded its code and waits to be told its settings, or to go."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path


class Waiting:
    """`python -m fogbank.server`, told FOGBANK_SETTINGS=-: lines on its stdin start it, their end ends it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process: subprocess.Popen[bytes] | None = process

    def go(self, settings: str, log: Path) -> subprocess.Popen[bytes]:
        """Start it with these settings (JSON, one line); what it prints goes to `log`."""
        process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended: whoever waits for its answer sees that
            process.stdin.write(f"{log}\n{settings}\n".encode())
            process.stdin.close()
        return process

    def dismiss(self) -> None:
        """Let it go unless it was started; twice is once."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait()


def answered(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether a process that was told to go says that it answers, before it ends or `seconds` are over."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], seconds)
    return bool(readable) and process.stdout.readline() != b""


def begin() -> Waiting:
    """Start the process; returns at once."""
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
