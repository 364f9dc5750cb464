"""What the tools generate is what the code says, and what they lay out is in order."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tool(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_coverage_pages_are_what_the_code_says():
    for name in ("coverage", "condition_keys"):
        done = subprocess.run([sys.executable, f"tools/{name}.py", "--check"], cwd=ROOT, capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", ["firehose", "cognito-idp", "lambda"])
def test_a_scaffolded_service_is_good_code_with_failing_tests(service, tmp_path):
    scaffold = tool("scaffold")
    laid = scaffold.files(service)
    for path, text in laid.items():
        if path.endswith(".py"):
            ast.parse(text)
            assert text == "" or ast.get_docstring(ast.parse(text)), path
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"),
                               str(tmp_path)], capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout
    tests = next(text for path, text in laid.items() if path.startswith("tests/"))
    assert tests.count("pytest.fail(") >= 3


def test_a_scaffold_wants_a_name_that_aws_has():
    for word, code in (("sqqs", 2), ("ssm", 1)):
        done = subprocess.run([sys.executable, "tools/scaffold.py", word], cwd=ROOT, capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == code
        assert done.stdout


def test_notice_names_what_is_installed():
    assert (ROOT / "NOTICE").read_text() == tool("notice").text(), "python tools/notice.py"
