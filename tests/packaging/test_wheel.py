"""The wheel is the product: built, installed alone into a fresh environment, and used."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("wheel")  # one worker builds and installs it once


def _run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FOGBANK_", "AWS_", "PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run([str(c) for c in command], cwd=cwd, env=kept | env, capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of an environment that holds the wheel and what it asks for, at the locked versions."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check"]
    done = _run(*pip, wheel, "--constraint", _constraints(folder), cwd=folder)
    if done.returncode and ("No matching distribution" in done.stderr or "connection" in done.stderr.lower()):
        pytest.skip(f"no package index is reachable: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return folder


def _constraints(folder: Path) -> Path:
    pins = [line.split()[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line]
    target = folder / "constraints.txt"
    target.write_text("\n".join(pin.rstrip("\\").strip() for pin in pins) + "\n")
    return target


def test_what_is_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in (
        "fogbank/py.typed",
        "fogbank/wire/data/index.json",
        "fogbank/auth/managed_policies.json",
        "fogbank/core/quotas.json",
        "fogbank/examples/salad/template.yaml",
        "fogbank/testing/plugin.py",
        "fogbank/services/lambda_/bootstraps/python/bootstrap.py",
    ):
        assert wanted in names, wanted
    tracked = subprocess.run(["git", "ls-files", "src/fogbank"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode == 0:
        missing = {line.removeprefix("src/") for line in tracked.stdout.split() if (ROOT / line).exists()} - names
        assert not missing
    assert {name.split("/")[0].split("-")[0] for name in names} == {"fogbank"}, "nothing else is installed"
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_it_runs_and_serves(installed, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fogbank = installed / "bin" / "fogbank"
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "FOGBANK_PORT": str(port), "PATH": os.environ["PATH"]}
    up = _run(fogbank, "up", "-d", "--json", cwd=tmp_path, **state)
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        endpoint = json.loads(up.stdout)["endpoint"]
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        s3 = boto3.client("s3", endpoint_url=endpoint, **keys)
        s3.create_bucket(Bucket="hello-from-a-wheel")
        s3.put_object(Bucket="hello-from-a-wheel", Key="k", Body=b"from a wheel")
        assert s3.get_object(Bucket="hello-from-a-wheel", Key="k")["Body"].read() == b"from a wheel"
        queues = boto3.client("sqs", endpoint_url=endpoint, **keys)
        assert queues.create_queue(QueueName="q")["QueueUrl"].endswith("/000000000000/q")
        for words in (("status",), ("coverage",), ("doctor",), ("clock", "show"), ("ca",)):
            done = _run(fogbank, *words, cwd=tmp_path, **state)
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        down = _run(fogbank, "down", cwd=tmp_path, **state)
    assert "Stopped" in down.stdout, down.stdout + down.stderr


def test_its_command_needs_nothing_that_only_the_tests_install(installed, tmp_path):
    done = _run(installed / "bin" / "python", "-c", "import fogbank.testing, fogbank.testing.plugin", cwd=tmp_path)
    assert done.returncode != 0, "pytest is not a dependency, so the plugin alone needs it"
    assert "pytest" in done.stderr
    done = _run(installed / "bin" / "python", "-c",
                "from fogbank import testing\nwith testing.cloud() as c: print(c.endpoint)", cwd=tmp_path)  # fmt: skip
    assert done.stdout.startswith("http://127.0.0.1:"), done.stderr
