"""A gateway server with any handler, on both event loops, and a client that sends exactly the bytes it is told."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

import fogbank.services
from fogbank.core import doors, services
from fogbank.gateway.limits import HttpLimits
from fogbank.gateway.loop import factory
from fogbank.gateway.server import Server
from fogbank.wire import hosts


class Answer:
    """One response as it came."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name]
        assert len(found) <= 1, self.headers
        return found[0] if found else None


class Raw:
    """A client that knows only sockets."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.held = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def more(self) -> bytes:
        data = self.socket.recv(65536)
        self.held += data
        return data

    def closed(self) -> bool:
        """Whether the server ends the connection, with nothing more said."""
        try:
            return not self.held and not self.socket.recv(65536)
        except ConnectionResetError:
            return True

    def until(self, mark: bytes) -> bytes:
        while mark not in self.held:
            assert self.more(), f"the connection ended after {self.held!r}"
        data, _, self.held = self.held.partition(mark)
        return data

    def take(self, count: int) -> bytes:
        while len(self.held) < count:
            assert self.more(), f"the connection ended {count - len(self.held)} bytes early"
        data, self.held = self.held[:count], self.held[count:]
        return data

    def answer(self, head_only: bool = False) -> Answer:
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1"
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines[1:])]
        answer = Answer(int(status), headers, b"")
        if head_only or answer.status in (100, 204, 304):
            return answer
        if answer.header("transfer-encoding") == "chunked":
            while size := int(self.until(b"\r\n"), 16):
                answer.body += self.take(size)
                assert self.take(2) == b"\r\n"
            assert self.take(2) == b"\r\n"
        elif (length := answer.header("content-length")) is not None:
            answer.body = self.take(int(length))
        else:
            while self.more():
                pass
            answer.body, self.held = self.held, b""
        return answer

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.answer()

    def close(self) -> None:
        self.socket.close()


class Running:
    """A server on a loop in a thread of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, handler: Any, limits: HttpLimits) -> None:
        self.loop = loop
        self.server = Server(handler, port=0, limits=limits)
        self.clients: list[Raw] = []
        self.thread = threading.Thread(target=loop.run_forever, daemon=True)
        self.thread.start()
        self.wait(self.server.start())

    @property
    def port(self) -> int:
        return self.server.port

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def client(self) -> Raw:
        client = Raw(self.port)
        self.clients.append(client)
        return client

    def ask(self, data: bytes) -> Answer:
        """One exchange on a connection of its own."""
        return self.client().ask(data)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.wait(self.server.stop(0.5))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(params=["uvloop", "asyncio"])
def serve(request: pytest.FixtureRequest) -> Iterator[Callable[..., Running]]:
    """`serve(handler, **limits)` starts a server; all are stopped after the test."""
    started: list[Running] = []

    def start(handler: Any, **limits: Any) -> Running:
        loop = factory()() if request.param == "uvloop" else asyncio.new_event_loop()
        running = Running(loop, handler, HttpLimits(**limits))
        started.append(running)
        return running

    yield start
    for running in started:
        running.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, dict[str, str]], None]]:
    """Put a service's folder beside the others."""

    def forget() -> None:
        for remembered in (services.built, services.load, services.operation, services._folders, hosts.parse):
            remembered.cache_clear()

    def put(name: str, files: dict[str, str]) -> None:
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
        table = (*doors.table(), *doors.generate(tmp_path))
        monkeypatch.setattr(doors, "table", lambda: table)
        monkeypatch.setattr(fogbank.services, "__path__", [*fogbank.services.__path__, str(tmp_path)])
        forget()

    yield put
    monkeypatch.undo()
    forget()
