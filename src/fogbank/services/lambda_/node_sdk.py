"""AWS's SDK for JavaScript v3, which Lambda's Node.js runtimes bring along: npm fetches what a function's code names.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html

The packages are this user's: they lie beside the engines, and all clouds share them. Packages that the code, a layer or
the machine has already are not fetched. With `--fetch never` nothing is.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fogbank.core import private
from fogbank.core.clock import Clock
from fogbank.core.context import Cloud

from .environments.spec import Spec
from .runtimes import Interpreter, node_path, sdk_folder

_NAMED = re.compile(rb"""["'](@(?:aws-sdk|smithy)/[a-z0-9-]+)(?:/[^"'\s]*)?["']""")
_SOURCES = (".js", ".mjs", ".cjs")
_SEARCHED = 64 << 20  # bytes of source that are searched for names
_LIMIT = 300.0  # seconds for npm
_AGAIN = 60.0  # seconds until npm is tried again for packages that it could not fetch


def named(root: Path) -> set[str]:
    """The packages of the SDK that source files below `root` name, those of its own dependencies left out."""
    found: set[str] = set()
    left = _SEARCHED
    for path in _sources(root):
        if left <= 0:
            break
        with contextlib.suppress(OSError), open(path, "rb") as file:
            text = file.read(left)
            left -= len(text)
            found.update(name.decode() for name in _NAMED.findall(text))
    return found


def _sources(root: Path) -> Iterator[str]:
    for where, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != "node_modules"]
        for name in files:
            if name.endswith(_SOURCES):
                yield os.path.join(where, name)


class NodeSdk:
    """Sees to it that Node.js functions find the SDK. Get it with `app.local(NodeSdk)`."""

    def __init__(self, app: Cloud) -> None:
        self._fetches = app.settings.fetch == "auto"
        self._lock = asyncio.Lock()
        self._complete: set[str] = set()  # folders of code whose packages are all there
        self._failed: tuple[float, str] = (-_AGAIN, "")  # when npm failed last, and what it said

    async def prepare(self, spec: Spec, node: Interpreter) -> str:
        """Fetch what a function lacks. Returns a note for its log: what could not be fetched, and why; or nothing."""
        if not self._fetches or spec.task_root in self._complete:
            return ""
        async with self._lock:
            note = await asyncio.get_running_loop().run_in_executor(None, self._prepare, spec, node)
        if not note:
            self._complete.add(spec.task_root)
        return note

    def _prepare(self, spec: Spec, node: Interpreter) -> str:
        root = Path(spec.task_root)
        places = [root / "node_modules", *map(Path, node_path(spec.opt_root, node.version).split(":"))]
        missing = sorted(name for name in named(root) if not any((place / name).is_dir() for place in places))
        if not missing:
            return ""
        at, note = self._failed
        if Clock.monotonic() - at < _AGAIN:
            return note
        try:
            fetch(missing, node.path)
        except (OSError, subprocess.SubprocessError) as error:
            note = f"{', '.join(missing)} could not be fetched with npm: {_last_line(error)}"
            self._failed = Clock.monotonic(), note
            return note
        return ""


def fetch(packages: list[str], node: str) -> None:
    """Install packages with npm, one process at a time. Raises OSError and SubprocessError."""
    beside = Path(node).with_name("npm")
    npm = str(beside) if os.access(beside, os.X_OK) else shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm on this machine")
    private.folder(sdk_folder())
    wanted = [f"{name}@^3" if name.startswith("@aws-sdk/") else name for name in packages]
    command = [npm, "install", "--prefix", str(sdk_folder()), "--ignore-scripts", "--no-audit", "--no-fund",
               "--loglevel=error", "--fetch-retries=1", *wanted]  # fmt: skip
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", os.defpath)])
    with open(sdk_folder() / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(  # noqa: S603 - npm, with names that match _NAMED
            command, check=True, capture_output=True, text=True, timeout=_LIMIT, cwd=sdk_folder(),
            env={**os.environ, "PATH": path},
        )  # fmt: skip


def _last_line(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line for line in str(error.stderr).splitlines() if line.strip() and "complete log" not in line]
        return lines[0] if lines else f"npm ended with {error.returncode}"
    return str(error)
