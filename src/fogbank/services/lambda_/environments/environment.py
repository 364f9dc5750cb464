"""One execution environment: a supervised process, its Runtime API, and what the process is doing.

    starting → ready ⇄ busy → gone        (frozen while ready and parked)

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import msgspec

from fogbank.core import private
from fogbank.core.clock import Clock
from fogbank.engines.pipes import Events
from fogbank.engines.processes import Process, SpawnFailed, Supervisor

from ..runtimes import Interpreter
from .report import Reporter
from .runtime_api import Call, Reply, RuntimeApi
from .spec import RESPONSE_LIMIT, UNHANDLED, Credentials, Invocation, Outcome, Spec
from .variables import variables

INIT_LIMIT = 10.0  # seconds of the init phase; after that it is tried once more, within the function's timeout
RETURN_LIMIT = 0.05  # seconds that a result waits for the runtime to ask for the next event
MEMORY_CHECK = 0.1  # seconds between checks of a running function's memory
LIMITS: Mapping[str, int] = {"NOFILE": 1024}  # AWS's limit on file descriptors
TAIL = 4096  # bytes of X-Amz-Log-Result before base64
BOOTSTRAPS = Path(__file__).parent.parent / "bootstraps"


class Host(Protocol):
    """What an environment needs from the cloud."""

    supervisor: Supervisor
    clock: Clock

    def endpoint(self) -> str: ...

    def scratch(self) -> Path: ...


class Sink(Protocol):
    """A destination for log events (a LogStream)."""

    name: str

    def write(self, timestamp_ms: int, message: str) -> None: ...


class Gone(Exception):
    """The process ended before or during a phase. Carries the outcome for the caller."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error_type)
        self.outcome = outcome


class Tail:
    """The last output of an invocation; keeps no more than X-Amz-Log-Result shows."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def add(self, message: str) -> None:
        piece = message.encode("utf-8", "replace")[-TAIL:]
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= TAIL:
            self._size -= len(self._pieces.popleft())

    def shown(self) -> bytes:
        return b"".join(self._pieces)[-TAIL:]


class Running(msgspec.Struct):
    """The invocation in progress."""

    invocation: Invocation
    future: asyncio.Future[Outcome]
    started: float
    tail: Tail
    outcome: Outcome | None = None
    timer: asyncio.TimerHandle | None = None
    limit: asyncio.TimerHandle | None = None


def failure(error_type: str, message: str, status: str = "error") -> Outcome:
    payload = msgspec.json.encode({"errorType": error_type, "errorMessage": message})
    return Outcome(payload=payload, error=UNHANDLED, error_type=error_type, status=status)


class Environment:
    """An execution environment; serves one invocation at a time. Calls `on_idle(self)` and `on_gone(self)`."""

    def __init__(
        self,
        spec: Spec,
        host: Host,
        interpreter: Interpreter,
        credentials: Credentials,
        stream: Sink,
        *,
        sdk: str = "",
        notes: tuple[str, ...] = (),
        on_idle: Callable[[Environment], None] = lambda _: None,
        on_gone: Callable[[Environment], None] = lambda _: None,
    ) -> None:
        self.spec = spec
        self.idle_since = 0.0
        self.credentials = credentials
        self.retired = False
        self.alive = False
        self._host, self._interpreter, self._stream = host, interpreter, stream
        self._sdk, self._notes = sdk, notes
        self._on_idle, self._on_gone = on_idle, on_gone
        self._report = Reporter(spec)
        self._process: Process | None = None
        self._api: RuntimeApi | None = None
        self._reply: Reply | None = None
        self._ready: asyncio.Future[None] | None = None
        self._running: Running | None = None
        self._init: float | None = None  # milliseconds of the init phase, until the first invocation has reported them
        self._scratch = ""
        self._oom = False
        self._closed = False

    # -- the init phase ------------------------------------------------------------------------------------------------

    async def launch(self) -> None:
        """Starts the process and waits until it asks for its first event. Raises Gone when it fails to."""
        runtime = f"{self._interpreter.family}:{self._interpreter.text or self.spec.runtime}"
        self._write(self._report.init_start(self._now(), runtime, self._interpreter.path))
        for note in self._notes:
            self._log(f"[fogbank] {note}\n")
        try:
            await self._init_phase("init", INIT_LIMIT)
        except TimeoutError:
            self._end_process()
            try:
                await self._init_phase("invoke", float(self.spec.timeout))
            except TimeoutError:
                self.close()
                text = f"Task timed out after {self.spec.timeout}.00 seconds"
                raise Gone(failure("Sandbox.Timedout", text, "timeout")) from None

    async def _init_phase(self, phase: str, limit: float) -> None:
        started = Clock.monotonic()
        ready = self._ready = asyncio.get_running_loop().create_future()
        status, error_type = "success", ""
        try:
            await self._spawn()
            async with asyncio.timeout(limit):
                await ready
        except Gone as gone:
            status, error_type = "error", gone.outcome.error_type
            raise
        except TimeoutError:
            status = "timeout"
            raise
        finally:
            self._ready = None
            spent = (Clock.monotonic() - started) * 1000
            if status != "success" or phase != "init":
                self._write(self._report.init_report(self._now(), spent, phase, status, error_type))
            self._init = spent

    async def _spawn(self) -> None:
        self._scratch = tempfile.mkdtemp(prefix="env-", dir=self._host.scratch())
        self._api = await RuntimeApi.open(self)
        argv, runtime_dir = self._command()
        env = variables(
            self.spec,
            self._interpreter,
            self.credentials,
            runtime_api=self._api.address,
            runtime_dir=runtime_dir,
            endpoint=self._host.endpoint(),
            log_stream=self._stream.name,
            scratch=self._scratch,
            sdk=self._sdk,
        )
        sink = Events(self._output)
        try:
            self._process = await self._host.supervisor.spawn(
                argv, env=env, cwd=self.spec.task_root, stdout=sink, stderr=sink, limits=LIMITS, on_exit=self._exited,
                umask=private.FUNCTIONS, mounts=self._mounts(),
            )  # fmt: skip
        except SpawnFailed as error:
            self.close()
            raise Gone(failure("Runtime.InvalidEntrypoint", f"RequestId: {_NO_ID} Error: {error}")) from error
        self.alive = self._process.returncode is None
        if self.alive and self._api is not None:
            self._api.admit(self._process.pid)

    def _mounts(self) -> dict[str, str]:
        """Of a function with layers: they are at /opt, and their programs find the interpreter where AWS has it.

        https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html; /var/lang/bin is what scripts name that
        were packed in AWS's images.
        """
        if not self.spec.opt_root:
            return {}
        mounts = {"/opt": self.spec.opt_root}
        program = Path(self._interpreter.path)
        if program.is_absolute():
            var = Path(self._host.scratch()) / "var" / str(program).replace("/", "-")
            folder = var / "lang" / "bin"
            folder.mkdir(parents=True, exist_ok=True)
            names = {program.name, "python", "python3"} if self._interpreter.family == "python" else {program.name}
            for name in names:
                with contextlib.suppress(FileExistsError):
                    (folder / name).symlink_to(program)
            mounts["/var"] = str(var)
        return mounts

    def _command(self) -> tuple[list[str], str]:
        path = self._interpreter.path
        match self._interpreter.family:
            case "python":
                folder = BOOTSTRAPS / "python"
                return [path, "-S", str(folder / "bootstrap.py")], str(folder)
            case "nodejs":
                folder = BOOTSTRAPS / "nodejs"
                heap = max(int(self.spec.memory * 0.9), 64)
                return [path, f"--max-old-space-size={heap}", str(folder / "bootstrap.cjs")], str(folder)
        for folder in (Path(self.spec.task_root), Path(self.spec.opt_root or "/opt")):
            if os.access(folder / "bootstrap", os.X_OK):
                return [str(folder / "bootstrap")], self.spec.task_root
        text = f"Couldn't find valid bootstrap(s): [{self.spec.task_root}/bootstrap /opt/bootstrap]"
        raise Gone(failure("Runtime.InvalidEntrypoint", f"RequestId: {_NO_ID} Error: {text}"))

    # -- invocations ---------------------------------------------------------------------------------------------------

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Hands over an event and waits for its outcome. Failures of the function are outcomes, not exceptions."""
        loop = asyncio.get_running_loop()
        running = Running(invocation, loop.create_future(), Clock.monotonic(), Tail())
        self._running = running
        self._write(self._report.start(self._now(), invocation.request_id))
        if self._process is None or self._reply is None:  # it ended while it was idle
            self._finish(self._exit_outcome(invocation.request_id))
            return await running.future
        self._process.resume()
        deadline = int((self._host.clock.now() - self._host.clock.offset + self.spec.timeout) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
            "Lambda-Runtime-Client-Context": invocation.client_context,
            "Lambda-Runtime-Cognito-Identity": invocation.cognito_identity,
        }
        reply, self._reply = self._reply, None
        running.timer = loop.call_later(self.spec.timeout, self._timed_out, running)
        running.limit = loop.call_later(MEMORY_CHECK, self._check_memory, running)
        reply.send({name: value for name, value in headers.items() if value}, invocation.payload)
        try:
            return await running.future
        except asyncio.CancelledError:
            self._release_timers(running)
            self._running = None
            self.close()
            raise

    def refuse(self, invocation: Invocation, outcome: Outcome) -> Outcome:
        """Logs and reports an invocation whose environment did not start. Returns the outcome for the caller."""
        running = Running(invocation, asyncio.get_running_loop().create_future(), Clock.monotonic(), Tail())
        self._write(self._report.start(self._now(), invocation.request_id), running)
        self._init = None
        outcome = msgspec.structs.replace(
            outcome, payload=outcome.payload.replace(_NO_ID.encode(), invocation.request_id.encode())
        )
        self._running = running
        self._finish(outcome)
        return outcome

    def freeze(self) -> None:
        """Suspends the process until the next invocation."""
        self.idle_since = self._now()
        if self._process is not None:
            self._process.suspend()

    # -- the Runtime API -----------------------------------------------------------------------------------------------

    def on_next(self, reply: Reply) -> None:
        self._reply = reply
        if self._ready is not None:
            if not self._ready.done():
                self._ready.set_result(None)
            return
        running = self._running
        if running is not None:
            outcome = running.outcome or failure(
                "Runtime.Unknown", "The runtime asked for an event before it had answered the last one."
            )
            self._finish(outcome)
        self._on_idle(self)

    def on_response(self, request_id: str, call: Call) -> tuple[int, str]:
        running = self._running
        if running is None or running.invocation.request_id != request_id or running.outcome is not None:
            return 400, "InvalidRequestID"
        streaming = call.headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming"
        if len(call.body) > RESPONSE_LIMIT and not streaming:
            text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            self._settle(running, failure("Function.ResponseSizeTooLarge", text))
            return 413, "RequestEntityTooLarge"
        outcome = Outcome(
            payload=call.body,
            content_type=call.headers.get("content-type", "application/json"),
            streamed=streaming,
        )
        error_type = call.headers.get("lambda-runtime-function-error-type")
        if streaming and error_type:  # a trailer: the stream was aborted
            outcome.error, outcome.error_type, outcome.status = UNHANDLED, error_type, "error"
        self._settle(running, outcome)
        return 202, ""

    def on_error(self, request_id: str, call: Call) -> tuple[int, str]:
        running = self._running
        if running is None or running.invocation.request_id != request_id or running.outcome is not None:
            return 400, "InvalidRequestID"
        self._settle(running, self._function_error(call))
        return 202, ""

    def on_init_error(self, call: Call) -> None:
        if self._ready is not None and not self._ready.done():
            self._drain()
            self._ready.set_exception(Gone(self._function_error(call)))

    @staticmethod
    def _function_error(call: Call) -> Outcome:
        error_type = unquote(call.headers.get("lambda-runtime-function-error-type", "")) or "Unhandled"
        return Outcome(payload=call.body, error=UNHANDLED, error_type=error_type, status="error")

    # -- endings -------------------------------------------------------------------------------------------------------

    def _settle(self, running: Running, outcome: Outcome) -> None:
        """Records the result; delivers it when the runtime asks for the next event, or after RETURN_LIMIT."""
        running.outcome = outcome
        if running.timer is not None:
            running.timer.cancel()
        running.timer = asyncio.get_running_loop().call_later(RETURN_LIMIT, self._overstayed, running)

    def _overstayed(self, running: Running) -> None:
        if self._running is running and running.outcome is not None:
            self._finish(running.outcome)

    def _finish(self, outcome: Outcome) -> None:
        """Writes END and REPORT, and delivers the outcome."""
        running, self._running = self._running, None
        assert running is not None
        self._release_timers(running)
        outcome.duration = (Clock.monotonic() - running.started) * 1000
        outcome.init, self._init = self._init, None
        outcome.cold = outcome.init is not None
        self._drain(running)
        self._write(self._report.end(self._now(), running.invocation.request_id, outcome, self._peak()), running)
        outcome.log_tail = running.tail.shown()
        if not running.future.done():
            running.future.set_result(outcome)

    @staticmethod
    def _release_timers(running: Running) -> None:
        for timer in (running.timer, running.limit):
            if timer is not None:
                timer.cancel()

    def _timed_out(self, running: Running) -> None:
        if self._running is not running:
            return
        text = f"RequestId: {running.invocation.request_id} Error: Task timed out after {self.spec.timeout}.00 seconds"
        self._finish(failure("Sandbox.Timedout", text, "timeout"))
        self.close()

    def _check_memory(self, running: Running) -> None:
        """Kills a function that uses more memory than it is configured for; on AWS, the kernel does."""
        if self._running is not running or self._process is None:
            return
        memory = self._process.memory()
        if memory is not None and memory[0] > self.spec.memory * 1048576:
            self._oom = True
            self._process.kill()
            return
        running.limit = asyncio.get_running_loop().call_later(MEMORY_CHECK, self._check_memory, running)

    def _exit_outcome(self, request_id: str) -> Outcome:
        code = self._process.returncode if self._process is not None else None
        if code is not None and code < 0:
            reason = "signal: killed" if code == -9 else f"signal: {_signal_text(-code)}"
            text = f"Runtime exited with error: {reason}"
        elif code:
            text = f"Runtime exited with error: exit status {code}"
        else:
            text = "Runtime exited without providing a reason"
        outcome = failure("Runtime.ExitError", f"RequestId: {request_id} Error: {text}")
        if self._oom:
            outcome.error_type = "Runtime.OutOfMemory"
        return outcome

    def _exited(self, process: Process) -> None:
        if process is not self._process:
            return
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(Gone(self._exit_outcome(_NO_ID)))
        running = self._running
        if running is not None:
            self._finish(running.outcome or self._exit_outcome(running.invocation.request_id))
        self.close()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        if self._api is not None:
            self._api.close()
            self._api = None
        self._reply = None
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = ""

    async def gone(self) -> None:
        """Waits until the process of a closed environment has ended."""
        if self._process is not None:
            await self._process.wait()

    def close(self) -> None:
        """Kills the process if it still runs; calls `on_gone` once."""
        if self._closed:
            return
        self._closed = True
        self._drain()
        self._end_process()
        self.alive = False
        self._on_gone(self)

    # -- the log -------------------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._host.clock.now()

    def _output(self, message: str) -> None:
        self._log(message if message.endswith("\n") else message + "\n")

    def _log(self, message: str, running: Running | None = None) -> None:
        self._stream.write(int(self._now() * 1000), message)
        running = running or self._running
        if running is not None:
            running.tail.add(message)

    def _write(self, messages: list[str], running: Running | None = None) -> None:
        for message in messages:
            self._log(message, running)

    def _drain(self, running: Running | None = None) -> None:
        if self._process is not None:
            kept = self._running
            self._running = running or kept
            self._process.drain()
            self._running = kept

    def _peak(self) -> int:
        """Returns the peak memory in bytes; the function's configured size where the system does not report it."""
        if self._process is None:
            return 0
        if self._process.returncode is not None:
            return self._process.peak
        memory = self._process.memory()
        return memory[1] if memory is not None else self.spec.memory * 1048576


_NO_ID = "00000000-0000-0000-0000-000000000000"
_SIGNALS = {
    4: "illegal instruction",
    6: "aborted",
    7: "bus error",
    8: "floating point exception",
    11: "segmentation fault",
}


def _signal_text(number: int) -> str:
    return _SIGNALS.get(number, f"signal {number}")
