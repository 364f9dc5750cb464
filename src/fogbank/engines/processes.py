"""Supervised child processes: started by the nursery, each in its own group, killed when the server dies.

    supervisor = Supervisor()
    process = await supervisor.spawn(["/usr/bin/node", "x.js"], env={...}, cwd="…", stdout=lines, on_exit=gone)
    process.suspend(); process.resume(); process.kill(); status = await process.wait()
    await supervisor.close()

A child gets exactly the given environment, /dev/null as its input, and only the named descriptors.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fogbank.core import private

from .nursery import LENGTH
from .pipes import Lines, Pipe, Splitter

log = logging.getLogger("fogbank.engines")

Exit = Callable[["Process"], None]
DEFAULT_LIMITS: Mapping[str, int] = {"CORE": 0}
SEND_TIMEOUT = 5.0  # seconds before a nursery that does not read counts as lost


class SpawnFailed(Exception):
    """The program could not be started; `errno` and the text say why."""

    def __init__(self, argv: Sequence[str], number: int, text: str) -> None:
        self.errno = number
        super().__init__(f"cannot start {argv[0]}: {text}")


class Process:
    """One child and its group.

    `returncode` is None while it runs, then its exit code, or minus the signal that ended it. `peak` is its largest
    resident size in bytes, known after it has exited.
    """

    def __init__(self, supervisor: Supervisor, pid: int, argv: Sequence[str], pipes: list[Pipe], on_exit: Exit | None):
        self.pid = pid
        self.argv = list(argv)
        self.returncode: int | None = None
        self.peak = 0
        self.suspended = False
        self._supervisor, self._pipes, self._on_exit = supervisor, pipes, on_exit
        self._exited = asyncio.Event()

    def send(self, number: int) -> None:
        """Send a signal to the group. Does nothing when the process has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def suspend(self) -> None:
        """Freeze the group (SIGSTOP): no thread of it runs until `resume`."""
        if not self.suspended:
            self.suspended = True
            self.send(signal.SIGSTOP)

    def resume(self) -> None:
        if self.suspended:
            self.suspended = False
            self.send(signal.SIGCONT)

    def kill(self) -> None:
        """Have the nursery kill the group and every descendant (SIGKILL), while it can still find the descendants."""
        if self.returncode is None:
            self._supervisor.kill(self.pid)

    async def stop(self, grace: float = 2.0, number: int = signal.SIGTERM) -> int:
        """Send a signal to end, and kill after `grace` real seconds. Returns the exit status."""
        self.send(number)
        self.resume()
        try:
            await asyncio.wait_for(self._exited.wait(), grace)
        except TimeoutError:
            self.kill()
        return await self.wait()

    async def wait(self) -> int:
        """Return the exit status, once the process has exited and its output has been read."""
        await self._exited.wait()
        assert self.returncode is not None
        return self.returncode

    def drain(self) -> None:
        """Deliver all output written so far, now."""
        for pipe in self._pipes:
            pipe.drain()

    def memory(self) -> tuple[int, int] | None:
        """Resident bytes now and at their peak, of the leader only. None where there is no /proc."""
        try:
            with open(f"/proc/{self.pid}/status", "rb") as file:
                text = file.read()
        except OSError:
            return None
        values = dict.fromkeys((b"VmRSS", b"VmHWM"), 0)
        for line in text.split(b"\n"):
            name, _, value = line.partition(b":")
            if name in values:
                values[name] = int(value.split()[0]) * 1024
        return values[b"VmRSS"], values[b"VmHWM"]

    def _ended(self, status: int, peak: int) -> None:
        self.drain()
        self.returncode, self.peak = status, peak
        for pipe in self._pipes:
            pipe.close()
        self._exited.set()
        if self._on_exit is not None:
            self._on_exit(self)


class Supervisor:
    """Starts children through one nursery. Starts the nursery on first use, and again if it is lost."""

    def __init__(self) -> None:
        self._nursery: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._received = bytearray()
        self._spawning: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._processes: dict[int, Process] = {}
        self._early: dict[int, tuple[int, int]] = {}  # exits reported before `spawn` has registered the process
        self._sequence = 0
        self._closed = False

    @property
    def processes(self) -> tuple[Process, ...]:
        return tuple(self._processes.values())

    @property
    def nursery_pid(self) -> int | None:
        return self._nursery.pid if self._nursery is not None else None

    def start(self) -> None:
        """Start the nursery now rather than with the first child (it takes about 20 ms to be ready)."""
        if self._nursery is not None or self._closed:
            return
        ours, theirs = socket.socketpair()
        script = Path(__file__).with_name("nursery.py")
        with theirs:
            self._nursery = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", "-S", str(script), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        ours.settimeout(SEND_TIMEOUT)
        self._control = ours
        self._received.clear()
        asyncio.get_running_loop().add_reader(ours.fileno(), self._readable)

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | Path = "",
        stdout: Callable[[str], None] | Splitter | None = None,
        stderr: Callable[[str], None] | Splitter | None = None,
        channels: Mapping[int, Splitter] | None = None,
        on_exit: Exit | None = None,
        limits: Mapping[str, int] | None = None,
        umask: int = private.OTHERS,
        mounts: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a program. Returns after exec. Raises SpawnFailed.

        `argv[0]` is a path (PATH is not searched). `stdout` and `stderr` receive lines of text (or are splitters);
        output without a receiver goes to /dev/null. `channels` are further descriptors that the child writes to, by
        their number. `limits` are RLIMIT_* names without their prefix. `mounts` are folders that the child sees at
        other places, by place; where the system does not allow it, a line on its stderr says so. `on_exit` is called
        once, after the last output.
        """
        if self._closed:
            raise SpawnFailed(argv, 0, "the supervisor is closed")
        self.start()
        pipes: dict[int, Pipe] = {}
        for number, sink in {1: stdout, 2: stderr, **(channels or {})}.items():
            if sink is not None:
                pipes[number] = Pipe(Lines(sink) if callable(sink) else sink)
        try:
            answer = await self._request(
                argv, dict(env), str(cwd), pipes, {**DEFAULT_LIMITS, **(limits or {})}, umask, mounts or {}
            )
        except BaseException:
            for pipe in pipes.values():
                pipe.close()
            raise
        for pipe in pipes.values():
            pipe.close_inner()
        if "pid" not in answer:
            for pipe in pipes.values():
                pipe.close()
            raise SpawnFailed(argv, answer.get("errno", 0), answer.get("error", "the nursery was lost"))
        process = Process(self, answer["pid"], argv, list(pipes.values()), on_exit)
        early = self._early.pop(process.pid, None)
        if early is not None:
            process._ended(*early)
        else:
            self._processes[process.pid] = process
        return process

    async def _request(
        self,
        argv: Sequence[str],
        env: dict[str, str],
        cwd: str,
        pipes: dict[int, Pipe],
        limits: Mapping[str, int],
        umask: int,
        mounts: Mapping[str, str],
    ) -> dict[str, Any]:
        self._sequence += 1
        number = self._sequence
        future = asyncio.get_running_loop().create_future()
        self._spawning[number] = future
        null = os.open(os.devnull, os.O_RDWR)
        try:
            fds = {0: null, 1: null, 2: null} | {target: pipe.inner for target, pipe in pipes.items()}
            message = {
                "op": "spawn", "id": number, "argv": list(argv), "env": env, "cwd": cwd, "limits": dict(limits),
                "fds": list(fds), "umask": umask, "mounts": dict(mounts),
            }  # fmt: skip
            self._send(message, list(fds.values()))
        finally:
            os.close(null)
        try:
            answer: dict[str, Any] = await future
            return answer
        except asyncio.CancelledError:
            future.add_done_callback(self._unwanted)
            raise
        finally:
            if future.done():
                self._spawning.pop(number, None)

    def _unwanted(self, future: asyncio.Future[dict[str, Any]]) -> None:
        """Kill the child of a spawn whose caller was cancelled."""
        if not future.cancelled() and "pid" in future.result():
            self.kill(future.result()["pid"])

    def _send(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        if self._control is None:
            return
        data = json.dumps(message).encode()
        try:
            socket.send_fds(self._control, [LENGTH.pack(len(data))], fds or [])
            self._control.sendall(data)
        except OSError as error:
            log.error("the nursery does not answer (%s): its children are killed", error)
            self._lost()

    def kill(self, pid: int) -> None:
        """Have the nursery kill a group and all its descendants."""
        self._send({"op": "kill", "pid": pid})

    def _readable(self) -> None:
        assert self._control is not None
        try:
            data = self._control.recv(65536)
        except (BlockingIOError, TimeoutError):
            return
        except OSError:
            data = b""
        if not data:
            if not self._closed:
                log.error("the nursery process died: its children are killed")
            self._lost()
            return
        self._received += data
        while len(self._received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._received)
            end = LENGTH.size + length
            if len(self._received) < end:
                return
            message = json.loads(self._received[LENGTH.size : end])
            del self._received[:end]
            self._on_message(message)

    def _on_message(self, message: dict[str, Any]) -> None:
        if "exit" in message:
            process = self._processes.pop(message["exit"], None)
            if process is None:
                self._early[message["exit"]] = (message["status"], message["peak"])
            else:
                process._ended(message["status"], message["peak"])
            return
        future = self._spawning.pop(message["id"], None)
        if future is not None and not future.done():
            future.set_result(message)
        elif "pid" in message:
            self.kill(message["pid"])  # the caller of `spawn` was cancelled

    def _lost(self) -> None:
        """Kill all children, since nothing supervises them without the nursery. The next spawn starts a new one."""
        control, self._control = self._control, None
        nursery, self._nursery = self._nursery, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control.fileno())
            control.close()
        processes, self._processes = self._processes, {}
        for process in processes.values():
            process.send(signal.SIGKILL)
            process._ended(-signal.SIGKILL, 0)
        spawning, self._spawning = self._spawning, {}
        for future in spawning.values():
            if not future.done():
                future.set_result({})
        self._early.clear()
        if nursery is not None:
            nursery.kill()
            nursery.wait()

    async def close(self) -> None:
        """Kill every child and end the nursery. Returns when they have ended."""
        self._closed = True
        nursery, self._nursery = self._nursery, None
        for process in self.processes:
            process.send(signal.SIGKILL)
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        if nursery is not None:
            while nursery.poll() is None:  # noqa: ASYNC110 - a child's end has no event here
                await asyncio.sleep(0.002)
        self._lost()
