"""The README's tour: every block between `<!-- tour -->` and `<!-- /tour -->` runs, in order, and prints what it shows.

A `bash` or `python` block that an `output` block follows must print that, standard error included; `…` stands for
anything, and the port 4566 for the one that was free. A block that nothing follows must only succeed. Variables that a
`bash` block exports or sets are there in the ones after it.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from fogbank.cli.commands import up
from fogbank.core.settings import Settings

README = Path(__file__).parent.parent / "README.md"
BIN = Path(sys.executable).parent
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
NEEDS = ("bash", "curl", "aws", "fogbank")


class Block(NamedTuple):
    line: int
    language: str
    code: str
    output: str | None


def blocks(text: str) -> list[Block]:
    """The tour's blocks, each with the output that is shown after it."""
    start = text.index("<!-- tour -->")
    tour = text[: text.index("<!-- /tour -->")]
    found: list[Block] = []
    for match in FENCE.finditer(tour, start):
        language, body = match.groups()
        if language == "output":
            found[-1] = found[-1]._replace(output=body)
        else:
            found.append(Block(text.count("\n", 0, match.start()) + 1, language, body, None))
    return found


def shown(output: str, port: int) -> re.Pattern[str]:
    """What an output block matches."""
    parts = output.strip().replace("4566", str(port)).split("…")
    return re.compile(".*".join(re.escape(part) for part in parts), re.S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Reader:
    """Somebody who types the tour into a terminal, in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FOGBANK_"))}
        self.env = kept | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "FOGBANK_PORT": str(port),
            "COLUMNS": "200",
            "SHELL": "/bin/bash",
        }

    def run(self, block: Block) -> str:
        """Everything the block prints; fails when it fails."""
        after = self.folder / "env"
        if block.language == "bash":
            # what the shell knows at the block's end, for the next one: a reader types into one shell
            script = f"set -ea\ntrap 'env -0 > \"{after}\"' EXIT\n{block.code}"
            command = ["bash", "-c", script]
        elif block.language == "python":
            command = [sys.executable, "-c", block.code]
        else:
            raise AssertionError(f"README.md:{block.line}: a tour block in {block.language!r}")
        done = subprocess.run(
            command,
            cwd=self.work,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        if block.language == "bash":
            self.env = dict(pair.split("=", 1) for pair in after.read_text().split("\0") if "=" in pair)
        assert done.returncode == 0, f"README.md:{block.line} failed:\n{block.code}\nprinted:\n{done.stdout}"
        return done.stdout


def test_the_tour_has_what_it_is_there_for() -> None:
    found = blocks(README.read_text())
    code = "\n".join(block.code for block in found)
    for word in (
        "s3",
        "sns",
        "sqs",
        "dynamodb",
        "lambda",
        "put-role-policy",
        "fogbank why",
        "clock advance",
        "kill -9",
    ):
        assert word in code
    assert sum(block.output is not None for block in found) >= 10


def test_outputs_are_compared() -> None:
    assert shown("port 4566 …\nend", 1234).fullmatch("port 1234 of many\nand\nend")
    assert not shown("200", 1).fullmatch("500")
    assert not shown("a …", 1).fullmatch("b a c")


def test_every_setting_is_told() -> None:
    table = README.read_text().split("## Settings", 1)[1].split("\n## ", 1)[0]
    told = set(re.findall(r"`FOGBANK_(\w+)`", table))
    assert told == {name.upper() for name in Settings.__struct_fields__}
    flags = {name.replace("-", "_") for name in re.findall(r"^\| `--([\w-]+)`", table, re.M)}
    assert flags == set(inspect.signature(up).parameters) & set(Settings.__struct_fields__)


def test_the_test_that_is_shown(tmp_path: Path) -> None:
    match = FENCE.search(README.read_text(), README.read_text().index("<!-- pytest -->"))
    assert match is not None
    (tmp_path / "test_shown.py").write_text(match[2])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shown.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_links_lead_somewhere() -> None:
    for page in (README, README.parent / "docs" / "ARCHITECTURE.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_walk_names_what_is_there() -> None:
    """The files and functions that ARCHITECTURE.md's walk names exist."""
    root = README.parent / "src" / "fogbank"
    sources = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.py")}
    defined = {name for text in sources.values() for name in re.findall(r"^ *(?:async )?def (\w+)\(", text, re.M)}
    text = (README.parent / "docs" / "ARCHITECTURE.md").read_text()
    walk = text.split("## The walk", 1)[1].split("\n## ", 1)[0]
    hops = [line.split("|") for line in walk.splitlines() if re.match(r"\| \d", line)]
    assert len(hops) > 30
    for _, number, where, *_ in hops:
        named = re.findall(r"`([\w./]+)`", where)
        assert named, number
        for name in named:
            if name.endswith(".py"):
                assert any(f"/{path}".endswith(f"/{name}") for path in sources), f"hop{number}names {name}"
            elif (function := name.rpartition(".")[2])[0] in "_abcdefghijklmnopqrstuvwxyz":
                assert function in defined, f"hop{number}names {name}"


@pytest.mark.skipif(os.name != "posix", reason="the tour is for a POSIX shell")
def test_the_tour(tmp_path: Path) -> None:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    missing = [name for name in NEEDS if shutil.which(name, path=path) is None]
    if missing:
        pytest.skip(f"the tour needs {', '.join(missing)}")
    port = free_port()
    reader = Reader(tmp_path, port)
    try:
        for block in blocks(README.read_text()):
            began = time.monotonic()
            printed = reader.run(block).strip()
            print(f"README.md:{block.line} {time.monotonic() - began:.1f} s")
            if block.output is not None:
                assert shown(block.output, port).fullmatch(printed), (
                    f"README.md:{block.line}\n{block.code}\nshows:\n{block.output}\nbut printed:\n{printed}"
                )
    finally:
        stop = [str(BIN / "fogbank"), "down", "--port", str(port)]
        subprocess.run(stop, cwd=reader.work, env=reader.env, timeout=60, check=False)
