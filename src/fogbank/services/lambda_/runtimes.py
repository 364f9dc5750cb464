"""Finds the program that runs a Lambda runtime on this machine: the exact version, otherwise the nearest one.

Ignores shims (scripts of version managers), since they start a shell at every cold start. Searches the version
managers' own folders instead.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fogbank.core import private
from fogbank.engines import programs

if TYPE_CHECKING:
    from fogbank.core.context import Cloud

Version = tuple[int, ...]

FAMILIES = {"python": re.compile(r"python(\d+)\.(\d+)"), "nodejs": re.compile(r"nodejs(\d+)\.x")}
CUSTOM = ("provided", "provided.al2", "provided.al2023")
OLDEST = {"python": (3, 8), "nodejs": (14,)}  # the oldest versions that the bootstraps support
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")


class Interpreter(msgspec.Struct, frozen=True):
    """A program for a runtime. `note` says how it differs from what was requested; empty when it does not."""

    family: str
    path: str
    version: Version
    exact: bool
    note: str = ""

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))


class NoRuntime(Exception):
    """No program on this machine can run the runtime; the text says why."""


def wanted(runtime: str) -> tuple[str, Version] | None:
    """Parses a runtime's name: ("python", (3, 12)) for "python3.12"; None for a runtime without an interpreter here."""
    for family, pattern in FAMILIES.items():
        match = pattern.fullmatch(runtime)
        if match:
            return family, tuple(map(int, match.groups()))
    return None


class Interpreters:
    """The interpreters of this machine, searched once per cloud."""

    def __init__(self, app: Cloud) -> None:
        self._exact = app.settings.runtimes == "exact"
        self._data = app.settings.data
        self._found: dict[str, dict[Version, str]] = {}
        self._sdk: tuple[str, str] | None = None

    def found(self, family: str) -> dict[Version, str]:
        """Returns the paths by version, which is as precise as the runtime's name: (3, 12), (20,)."""
        if family not in self._found:
            search = _pythons if family == "python" else _nodes
            versions: dict[Version, str] = {}
            for version, path in search():
                if version >= OLDEST[family]:
                    versions.setdefault(version, path)
            self._found[family] = versions
        return self._found[family]

    def looked(self, family: str) -> bool:
        """Returns whether `found` has its result already."""
        return family in self._found

    def resolve(self, runtime: str) -> Interpreter:
        """Returns the program for a runtime. Raises NoRuntime."""
        if runtime in CUSTOM:
            return Interpreter("provided", "", (), True)
        asked = wanted(runtime)
        if asked is None:
            raise NoRuntime(f"Fogbank has no engine for the runtime {runtime}")
        family, version = asked
        found = self.found(family)
        if version in found:
            return Interpreter(family, found[version], version, True)
        if not found:
            raise NoRuntime(f"no {family} was found on this machine to run {runtime}")
        if self._exact:
            have = ", ".join(".".join(map(str, v)) for v in sorted(found))
            raise NoRuntime(f"{runtime} is not on this machine (it has {have}), and runtimes are set to be exact")
        nearest = min(found, key=lambda v: (abs(v[-1] - version[-1]), -v[-1]))
        path = found[nearest]
        text = ".".join(map(str, nearest))
        note = f"{runtime} is not on this machine: running on {family} {text} ({path})"
        return Interpreter(family, path, nearest, False, note)

    def describe(self) -> list[str]:
        """Returns lines for `fogbank doctor`: the interpreters, and whether Python functions find boto3."""
        lines = []
        for family in FAMILIES:
            found = sorted(self.found(family).items())
            names = ", ".join(f"{'.'.join(map(str, version))} ({path})" for version, path in found)
            lines.append(f"Lambda {family}: {names or 'none found: its functions cannot run'}")
        missing = self.sdk()[1]
        lines.append(f"Lambda boto3: {missing or 'lent to Python functions'}")
        return lines

    def sdk(self) -> tuple[str, str]:
        """Returns a folder with nothing but boto3 and what it needs, and a note when boto3 is missing.

        On AWS the Python runtimes include boto3. The folder links to the boto3 that is installed with the server, so
        that functions can import no other package of the server.
        """
        if self._sdk is None:
            self._sdk = self._lend_sdk()
        return self._sdk

    def _lend_sdk(self) -> tuple[str, str]:
        missing = "boto3 is not installed beside Fogbank: functions that import it must bring it (pip install boto3)"
        spec = importlib.util.find_spec("boto3")
        if spec is None or not spec.submodule_search_locations:
            return "", missing
        site = Path(next(iter(spec.submodule_search_locations))).parent
        folder = self._data / "lambda" / "sdk"
        private.folder(folder)
        for name in SDK:
            source, link = site / name, folder / name
            if not source.exists():
                continue
            if link.is_symlink() and os.readlink(link) == str(source):
                continue
            link.unlink(missing_ok=True)
            link.symlink_to(source)
        return str(folder.resolve()), ""


def _is_program(path: Path) -> bool:
    """Returns whether a file is executable and not a script."""
    try:
        with path.open("rb") as file:
            return os.access(path, os.X_OK) and file.read(2) != b"#!"
    except OSError:
        return False


def _search_path() -> Iterator[Path]:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if folder:
            yield Path(folder)
    yield from (Path("/opt/homebrew/bin"), Path("/usr/local/bin"), Path("/usr/bin"))


def _home(*parts: str, variable: str = "") -> Path:
    root = os.environ.get(variable, "") if variable else ""
    return Path(root) if root else Path.home().joinpath(*parts)


def _pythons() -> Iterator[tuple[Version, str]]:
    """Yields Python interpreters: the server's own, on PATH, and of pyenv, uv, mise, asdf and /opt/python."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    own = Path(base).resolve()
    if _is_program(own):
        yield sys.version_info[:2], str(own)
    name = re.compile(r"python3\.(\d+)")
    for folder in _search_path():
        for path in sorted(folder.glob("python3.*")) if folder.is_dir() else ():
            match = name.fullmatch(path.name)
            if match and _is_program(path) and not (path.parent.parent / "pyvenv.cfg").exists():
                yield (3, int(match[1])), str(path.resolve())
    stores = (
        _home(".pyenv", variable="PYENV_ROOT") / "versions",
        _home(".local", "share", "uv", "python"),
        _home(".local", "share", "mise", "installs", "python"),
        _home(".asdf", "installs", "python"),
        Path("/opt/python"),
    )
    for store in stores:
        for path in sorted(store.glob("*/bin/python3.*"), reverse=True) if store.is_dir() else ():
            match = name.fullmatch(path.name)
            if match and _is_program(path):
                yield (3, int(match[1])), str(path.resolve())


def _nodes() -> Iterator[tuple[Version, str]]:
    """Yields Node.js interpreters: those of nvm, fnm, mise and asdf, those on PATH, and Homebrew's."""
    stores = (
        _home(".nvm", variable="NVM_DIR") / "versions" / "node",
        _home(".local", "share", "fnm", "node-versions"),
        _home(".local", "share", "mise", "installs", "node"),
        _home(".asdf", "installs", "nodejs"),
    )
    for store in stores:
        for pattern in ("*/bin/node", "*/installation/bin/node"):
            for path in sorted(store.glob(pattern), reverse=True) if store.is_dir() else ():
                match = re.search(r"/v?(\d+)\.\d+\.\d+/", str(path))
                if match and _is_program(path):
                    yield (int(match[1]),), str(path)
    seen = set()
    candidates = [folder / "node" for folder in _search_path()]
    candidates += sorted(Path("/opt/homebrew/opt").glob("node*/bin/node")) if Path("/opt/homebrew/opt").is_dir() else []
    for path in candidates:
        real = path.resolve()
        if real in seen or not _is_program(real):
            continue
        seen.add(real)
        version = _node_version(str(real))
        if version is not None:
            yield version, str(real)


def _node_version(path: str) -> Version | None:
    """Runs Node to get its version, which its name does not tell (about 0.1 s, once per cloud and program)."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program named node on PATH
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False, env={"PATH": os.defpath}
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v(\d+)\.", answer.stdout)
    return (int(match[1]),) if match else None


def sdk_folder() -> Path:
    """The folder into whose node_modules `node_sdk` fetches AWS's SDK."""
    return programs.home() / "aws-sdk-js"


def node_path(opt_root: str, version: Version) -> str:
    """Returns NODE_PATH: the layers, then folders with AWS's SDK that are shared by the machine.

    Such folders are npm's global ones (npm install -g @aws-sdk/…), npm's own where NPM_CONFIG_PREFIX moves it, and
    those in the server's NODE_PATH.
    """
    folders = (
        [f"{opt_root}/nodejs/node{version[0]}/node_modules", f"{opt_root}/nodejs/node_modules"] if opt_root else []
    )
    node = shutil.which("node")
    shared = [
        Path("/usr/lib/node_modules"),
        Path("/usr/local/lib/node_modules"),
        Path("/opt/homebrew/lib/node_modules"),
    ]
    if node:
        shared.insert(0, Path(node).resolve().parent.parent / "lib" / "node_modules")
    prefix = os.environ.get("NPM_CONFIG_PREFIX")
    if prefix:
        shared.insert(0, Path(prefix) / "lib" / "node_modules")
    shared = [Path(entry) for entry in os.environ.get("NODE_PATH", "").split(os.pathsep) if entry] + shared
    shared.append(sdk_folder() / "node_modules")
    folders += [str(folder) for folder in dict.fromkeys(shared) if (folder / "@aws-sdk").is_dir()]
    return ":".join(folders)
