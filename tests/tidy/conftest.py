"""What the house rules look at: the files git tracks, parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class House:
    root = ROOT

    @functools.cached_property
    def files(self) -> list[Path]:
        """Tracked files, relative to the root. A copy without git has nothing to say about itself."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if listed.returncode:
            pytest.skip("not a git checkout")
        names = (Path(name) for name in listed.stdout.split("\0") if name)
        return [path for path in names if (ROOT / path).is_file()]

    @functools.cached_property
    def python(self) -> dict[str, ast.Module]:
        """Every Python file with its tree."""
        return {str(path): ast.parse(self.text(path)) for path in self.files if path.suffix == ".py"}

    def text(self, path: str | Path) -> str:
        return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def house() -> House:
    return House()
