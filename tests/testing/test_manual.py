"""Every example of docs/testing.md that is marked as a test runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
EXAMPLES = re.findall(r"<!-- test: (\w+) -->\n\n```python\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize(("kind", "code"), EXAMPLES, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(EXAMPLES)])
def test_an_example(kind, code, tmp_path):
    file = tmp_path / "test_example.py"
    file.write_text(code)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_", "FOGBANK_"))}
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)] if kind == "pytest" else [str(file)]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_examples():
    assert [kind for kind, _ in EXAMPLES] == ["pytest", "plain", "plain"]
