"""A cloud in a child process, which a test can kill and start again on the same data."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from fogbank.core import tokens

from .handles import Cloud, CloudFailed

PATIENCE = 30.0


class ProcessCloud(Cloud):
    """A cloud in a child process. `kill()` is kill -9, `start()` starts it again on the same data and port.

    `restart()` does both. The child watches a pipe from its parent and stops when the parent ends, however it ends.
    """

    def __init__(self, settings: dict[str, Any], client_config: Any = None) -> None:
        super().__init__(client_config)
        self._scratch: str | None = None
        if settings.pop("ephemeral") and "data" not in settings:
            self._scratch = tempfile.mkdtemp(prefix="fogbank-")
            settings["data"] = Path(self._scratch)  # kept across restarts, deleted by `stop`
        self._settings = settings
        self.region = settings.get("region", self.region)
        self.data: Path = settings["data"]
        self.process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def port(self) -> int:
        return int(self._settings["port"])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return tokens.kept(self.data)

    def start(self) -> None:
        """Start the process and return when it answers. Raises CloudFailed with its message."""
        settings = msgspec.json.encode(self._settings, enc_hook=str).decode()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fogbank.testing.child"],
            env=os.environ | {"FOGBANK_SETTINGS": settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()  # "ready PORT"; empty if it could not start
        if not line.startswith("ready "):
            self.kill()
            raise CloudFailed(line.strip() or "the cloud did not start: its last words are on stderr")
        self._settings["port"] = int(line.split()[1])

    def kill(self) -> None:
        """End the process at once, as kill -9 does."""
        self._end(lambda process: process.kill())

    def restart(self) -> None:
        """kill -9, then start again on the same data."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Stop the cloud gracefully and wait until it is gone. May be called twice."""
        self._end(lambda process: process.terminate())
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _end(self, how: Any) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        how(process)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
