"""A user's shell: `shell` with a cloud that runs for the module, `apart` with none yet."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import boto3
import pytest


class Shell:
    """A user's folder: `run("status", "--json")` there; no variable of this test run gets in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FOGBANK_", "AWS_", "LOCALSTACK"))}
        self.env = kept | {
            "FOGBANK_PORT": str(self.port),
            "XDG_STATE_HOME": str(folder / "state"),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, *words: str, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fogbank.cli.main", *words]
        done = subprocess.run(command, cwd=self.folder, env=self.env | env, capture_output=True, text=True, check=False)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> object:
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def client(self, service: str, endpoint: str = ""):
        return boto3.client(
            service, endpoint_url=endpoint or f"http://127.0.0.1:{self.port}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    shell = Shell(tmp_path_factory.mktemp("user"))
    shell.up = shell.run("up", "-d")
    yield shell
    shell.run("down", code=None)


@pytest.fixture
def apart(tmp_path):
    shell = Shell(tmp_path)
    yield shell
    shell.run("down", code=None)
