"""Supervised children: output, exits, freezing, and that none outlives the server, even one killed with -9."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fogbank.engines.pipes import FRAME, FRAME_TYPE, Events, Lines
from fogbank.engines.processes import SpawnFailed, Supervisor

SH = "/bin/sh"
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@asynccontextmanager
async def supervising() -> AsyncIterator[Supervisor]:
    supervisor = Supervisor()
    try:
        yield supervisor
    finally:
        await supervisor.close()


def run(body: Callable[[Supervisor], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with supervising() as supervisor:
            await asyncio.wait_for(body(supervisor), 20)

    asyncio.run(main())


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone_within(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.01)
    return False


def test_output_environment_and_exit_code() -> None:
    async def body(supervisor: Supervisor) -> None:
        out, err, told = [], [], []
        process = await supervisor.spawn(
            [SH, "-c", "echo one; echo two >&2; printf half; exit 3"],
            env={"ONLY": "this"},
            stdout=out.append,
            stderr=err.append,
            on_exit=lambda p: told.append((p.returncode, list(out))),
        )
        assert await process.wait() == 3
        assert out == ["one", "half"]
        assert err == ["two"]
        assert told == [(3, ["one", "half"])]  # after the last output
        assert process.peak > 0

    run(body)


@linux
def test_nothing_of_the_servers_environment_or_descriptors_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")

    async def body(supervisor: Supervisor) -> None:
        out: list[str] = []
        code = "import os; print(sorted(os.environ)); print(sorted(map(int, os.listdir('/proc/self/fd'))))"
        process = await supervisor.spawn(
            [sys.executable, "-I", "-S", "-c", code], env={"A": "1"}, stdout=out.append, cwd="/"
        )
        assert await process.wait() == 0
        assert "SECRET" not in out[0]
        # 0, 1, 2 and the directory that is being listed
        assert out[1] == "[0, 1, 2, 3]"

    run(body)


def test_a_group_is_killed_as_one() -> None:
    async def body(supervisor: Supervisor) -> None:
        out: list[str] = []
        process = await supervisor.spawn([SH, "-c", "sleep 100 & echo $!; wait"], env={}, stdout=out.append)
        while not out:
            await asyncio.sleep(0.005)
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        assert gone_within([process.pid, int(out[0])], 2)

    run(body)


@linux
def test_a_descendant_that_left_the_group_is_killed_too() -> None:
    async def body(supervisor: Supervisor) -> None:
        out: list[str] = []
        code = "import os,time\nif os.fork() == 0:\n os.setsid()\n print(os.getpid(), flush=True)\ntime.sleep(100)"
        process = await supervisor.spawn([sys.executable, "-I", "-S", "-c", code], env={}, stdout=out.append)
        while not out:
            await asyncio.sleep(0.005)
        process.kill()
        await process.wait()
        assert gone_within([int(out[0])], 2)

    run(body)


def test_a_suspended_child_stands_still() -> None:
    async def body(supervisor: Supervisor) -> None:
        out: list[str] = []
        code = "import time\nwhile True:\n print('tick', flush=True)\n time.sleep(0.01)"
        process = await supervisor.spawn([sys.executable, "-I", "-S", "-c", code], env={}, stdout=out.append)
        while not out:
            await asyncio.sleep(0.005)
        process.suspend()
        await asyncio.sleep(0.05)
        process.drain()
        count = len(out)
        await asyncio.sleep(0.15)
        assert len(out) == count
        process.resume()
        await asyncio.sleep(0.15)
        assert len(out) > count

    run(body)


def test_stop_asks_first_then_kills() -> None:
    async def body(supervisor: Supervisor) -> None:
        polite = await supervisor.spawn([SH, "-c", "trap 'exit 5' TERM; while :; do sleep 0.01; done"], env={})
        await asyncio.sleep(0.05)
        assert await polite.stop(2.0) == 5
        deaf = await supervisor.spawn([SH, "-c", "trap '' TERM; while :; do sleep 0.01; done"], env={})
        await asyncio.sleep(0.05)
        assert await deaf.stop(0.1) == -signal.SIGKILL

    run(body)


def test_stop_reaches_a_suspended_child() -> None:
    async def body(supervisor: Supervisor) -> None:
        process = await supervisor.spawn(["/bin/sleep", "100"], env={})
        process.suspend()
        assert await process.stop(2.0) == -signal.SIGTERM

    run(body)


def test_a_program_that_is_not_there_is_said_so() -> None:
    async def body(supervisor: Supervisor) -> None:
        with pytest.raises(SpawnFailed, match="No such file or directory") as caught:
            await supervisor.spawn(["/nowhere/program"], env={})
        assert caught.value.errno == 2
        with pytest.raises(SpawnFailed, match="/nowhere"):
            await supervisor.spawn([SH], env={}, cwd="/nowhere")
        process = await supervisor.spawn([SH, "-c", "exit 0"], env={})
        assert await process.wait() == 0

    run(body)


def test_a_further_channel_carries_frames() -> None:
    async def body(supervisor: Supervisor) -> None:
        messages: list[str] = []
        code = (
            "import os, struct\n"
            "for m in (b'one\\nevent', b'two'):\n"
            "    os.write(3, struct.pack('>IIQ', 0xa55a0003, len(m), 0) + m)"
        )
        process = await supervisor.spawn(
            [sys.executable, "-I", "-S", "-c", code], env={}, channels={3: Events(messages.append)}
        )
        assert await process.wait() == 0
        assert messages == ["one\nevent", "two"]

    run(body)


def test_limits_and_memory_are_there() -> None:
    async def body(supervisor: Supervisor) -> None:
        out: list[str] = []
        process = await supervisor.spawn(
            [SH, "-c", "ulimit -n; ulimit -c; sleep 100"], env={}, stdout=out.append, limits={"NOFILE": 300}
        )
        while len(out) < 2:
            await asyncio.sleep(0.005)
        assert out == ["300", "0"]
        memory = process.memory()
        if sys.platform == "linux":
            assert memory is not None
            assert 0 < memory[0] <= memory[1]

    run(body)


def test_many_children_at_once() -> None:
    async def body(supervisor: Supervisor) -> None:
        spawned = await asyncio.gather(*(supervisor.spawn([SH, "-c", f"exit {n}"], env={}) for n in range(20)))
        assert [await process.wait() for process in spawned] == list(range(20))
        assert supervisor.processes == ()

    run(body)


def test_close_leaves_nobody_behind() -> None:
    async def main() -> list[int]:
        supervisor = Supervisor()
        processes = [await supervisor.spawn(["/bin/sleep", "100"], env={}) for _ in range(3)]
        nursery = supervisor.nursery_pid
        assert nursery is not None
        await supervisor.close()
        assert all(process.returncode == -signal.SIGKILL for process in processes)
        return [nursery, *(process.pid for process in processes)]

    assert gone_within(asyncio.run(main()), 1)


def test_a_lost_nursery_ends_its_children_and_a_new_one_serves() -> None:
    async def body(supervisor: Supervisor) -> None:
        process = await supervisor.spawn(["/bin/sleep", "100"], env={})
        assert supervisor.nursery_pid is not None
        os.kill(supervisor.nursery_pid, signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        assert gone_within([process.pid], 2)
        again = await supervisor.spawn([SH, "-c", "exit 4"], env={})
        assert await again.wait() == 4

    run(body)


@linux
def test_no_child_outlives_a_server_that_is_killed() -> None:
    """kill -9 of the server: the group, a frozen child and a daemon that left its group all die."""
    server = textwrap.dedent(
        """
        import asyncio, sys
        from fogbank.engines.processes import Supervisor

        DAEMON = "import os,time\\nif not os.fork():\\n os.setsid()\\n print(os.getpid(), flush=True)\\ntime.sleep(100)"

        async def main():
            supervisor = Supervisor()
            lines = []
            one = await supervisor.spawn(["/bin/sh", "-c", "sleep 100 & echo $!; wait"], env={}, stdout=lines.append)
            two = await supervisor.spawn(["/bin/sleep", "100"], env={})
            three = await supervisor.spawn([sys.executable, "-I", "-S", "-c", DAEMON], env={}, stdout=lines.append)
            two.suspend()
            while len(lines) < 2:
                await asyncio.sleep(0.01)
            print(supervisor.nursery_pid, one.pid, two.pid, three.pid, *lines, flush=True)
            await asyncio.sleep(100)

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 6
        assert all(alive(pid) for pid in pids)
        process.kill()
    assert gone_within(pids, 3)


def test_lines_are_cut_at_their_limit_and_kept_across_chunks() -> None:
    got: list[str] = []
    lines = Lines(got.append, limit=4)
    for chunk in (b"ab", b"c\nlonger line\n\n", b"\xff\nrest"):
        lines.feed(chunk)
    lines.finish()
    assert got == ["abc", "long", "er l", "ine", "", "�", "rest"]


def test_frames_and_lines_keep_their_order_wherever_the_stream_is_cut() -> None:
    def frame(message: bytes) -> bytes:
        return FRAME.pack(FRAME_TYPE, len(message), 0) + message

    data = b"one\n" + frame(b"two\nlines\n") + frame(b"") + b"half" + frame(b"three") + "4é\n".encode() + b"\xa5\x5a"
    for cut in range(len(data)):
        got: list[str] = []
        events = Events(got.append)
        events.feed(data[:cut])
        events.feed(data[cut:])
        events.finish()
        assert got == ["one", "two\nlines\n", "", "half", "three", "4é", "\ufffdZ"]
