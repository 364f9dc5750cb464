"""The servers that are compared: how each is installed (its own environment) and started."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".bench"


@dataclass
class Peer:
    """`package`: what pip installs into an environment of its own; empty: this checkout; "-": a program on PATH."""

    name: str
    package: str
    command: list[str]
    env: dict[str, str]
    path: str = "/"

    def executable(self) -> str | None:
        """The program, installed on first use; None when it cannot be."""
        if not self.package:
            return sys.executable
        if self.package == "-":
            return shutil.which(self.command[0])
        folder = CACHE / self.name
        program = folder / "bin" / self.command[0]
        if not program.exists():
            print(f"Installing {self.package} into .bench/{self.name} …", flush=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            done = subprocess.run([folder / "bin/pip", "install", "-q", self.package], check=False)
            if done.returncode or not program.exists():
                shutil.rmtree(folder, ignore_errors=True)
                return None
        return str(program)


def peers(port: int, data: Path) -> list[Peer]:
    """Fogbank (signatures and IAM enforced, state durable), the bare server, and the peers on PyPI."""
    settings = f'{{"port": {port}, "data": "{data}", "log_level": "warning"}}'
    return [
        Peer("bare", "", ["benchmarks/bare.py", "--port", str(port)], {}),
        Peer("fogbank", "", ["-m", "fogbank.server"], {"FOGBANK_SETTINGS": settings}, "/_fogbank/health"),
        Peer("ministack", "ministack", ["ministack"], {"GATEWAY_PORT": str(port)}),
        Peer("moto", "moto[server]", ["moto_server", "-p", str(port)], {}),
        Peer("fakecloud", "-", ["fakecloud", "--addr", f"127.0.0.1:{port}"], {}),  # cargo install fakecloud
    ]


@dataclass
class Server:
    """A running peer: seconds from its start to its first answer, and its memory then (MB)."""

    peer: Peer
    process: subprocess.Popen[bytes]
    ready: float
    idle: float

    def memory(self) -> float:
        """Resident memory of the process and its children, in MB."""
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
                if os.getpgid(int(status.parent.name)) == self.process.pid and "VmRSS" in text:
                    total += int(text.split("VmRSS:")[1].split()[0])
            except (OSError, ValueError):
                continue
        return total / 1024


@contextmanager
def running(peer: Peer, port: int) -> Iterator[Server | None]:
    """Start a peer, wait for its first HTTP answer, stop it (and its children) at the end."""
    program = peer.executable()
    if program is None:
        yield None
        return
    command = [program, *(peer.command if not peer.package else peer.command[1:])]
    with tempfile.TemporaryDirectory() as home:
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"HOME": home} | peer.env
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            ready = _first_answer(peer, port, started)
            server = Server(peer, process, ready, 0.0)
            server.idle = server.memory()
            yield server
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _first_answer(peer: Peer, port: int, started: float) -> float:
    while time.perf_counter() - started < 60:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{peer.path}", timeout=5).read()
        except urllib.error.HTTPError:
            pass
        except OSError:
            time.sleep(0.005)
            continue
        return time.perf_counter() - started
    raise RuntimeError(f"{peer.name} did not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
