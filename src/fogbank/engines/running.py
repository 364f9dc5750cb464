"""The running engines: `ctx.app.local(Engines)`, the one supervisor of a cloud's child processes.

    async with engines.run("elasticache", id, engine) as process:      # it answers requests inside the block
        await process.wait()                                           # it is stopped when the block ends

An engine's folder is DATA/engines/SERVICE/ID; its output goes to `log` in that folder. The engine dies with the server,
even after kill -9 (`processes`). To run it again after it died, or after a restart, enter the block again: residents do
this.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fogbank.core import private

from . import folders, programs
from .engine import Engine, NotReady
from .folders import LOG
from .processes import Process, Supervisor

if TYPE_CHECKING:
    from fogbank.core.context import Cloud

log = logging.getLogger("fogbank.engines")

LOG_BYTES = 1 << 20
START_SECONDS = 30.0  # real time after which an engine that does not answer has failed
LOOK_SECONDS = 0.02
STOP_SECONDS = 3.0  # residents have five seconds to end


class EngineFailed(Exception):
    """An engine did not start. The text contains the end of its log."""


class Running(msgspec.Struct):
    engine: Engine
    process: Process
    source: str
    since: float


class Engines:
    """Runs engines: `ctx.app.local(Engines)`."""

    def __init__(self, app: Cloud) -> None:
        self.supervisor = Supervisor()
        self._data = app.settings.data
        self._running: dict[str, Running] = {}
        app.on_stop(self.supervisor.close)

    def folder(self, service: str, name: str) -> Path:
        return folders.of(self._data, service, name)

    @asynccontextmanager
    async def run(self, service: str, name: str, engine: Engine) -> AsyncIterator[Process]:
        """Run an engine for the duration of the block. Raises NotInstalled, SpawnFailed and EngineFailed."""
        program = programs.find(engine.program)
        private.folder(engine.folder)
        with contextlib.closing(Log(engine.folder / LOG)) as output:
            argv = [program.path, *engine.command()]
            process = await self.supervisor.spawn(
                argv, env={"PATH": os.defpath}, cwd=engine.folder.absolute(), stdout=output.line, stderr=output.line
            )
            try:
                await _ready(engine, process)
                key = f"{service}/{name}"
                self._running[key] = Running(engine, process, program.source, time.time())
                try:
                    yield process
                finally:
                    del self._running[key]
            finally:
                await process.stop(STOP_SECONDS)

    def discard(self, service: str, name: str) -> None:
        """Delete the data of a stopped engine."""
        shutil.rmtree(self.folder(service, name), ignore_errors=True)

    def shown(self) -> list[dict[str, object]]:
        """For `fogbank status`: the running engines, where their programs come from, and since when they run."""
        return [
            {"name": name, "engine": one.engine.program, "source": one.source, "pid": one.process.pid,
             "since": one.since, "log": str(one.engine.folder / LOG)}
            for name, one in sorted(self._running.items())
        ]  # fmt: skip


async def _ready(engine: Engine, process: Process) -> None:
    """Wait until the engine answers. Raises EngineFailed when the process ends or does not answer in time."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            await engine.ready()
            return
        except (NotReady, OSError) as error:
            if process.returncode is not None or time.monotonic() > deadline:
                state = f"ended with {process.returncode}" if process.returncode is not None else "does not answer"
                raise EngineFailed(f"{engine.program} {state} ({error}): {tail(engine.folder / LOG)}") from error
        await asyncio.sleep(LOOK_SECONDS)


def tail(path: Path, lines: int = 5) -> str:
    """The end of an engine's log, for an error text."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return "it has written no log"
    return " | ".join(text.splitlines()[-lines:])


class Log:
    """Writes an engine's output to a file. A full file is renamed to `log.1`, replacing the previous one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, private.FILE)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace", buffering=1)

    def line(self, text: str) -> None:
        self._file.write(text + "\n")
        if self._file.tell() > LOG_BYTES:
            self._file.close()
            self._path.replace(self._path.with_name(LOG + ".1"))
            self._open()

    def close(self) -> None:
        self._file.close()
