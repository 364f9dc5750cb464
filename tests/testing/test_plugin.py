"""The pytest plugin as a user's test run sees it, and what its import costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import boto3

TESTS = """
import os
import boto3
import pytest

SEEN = []


def test_one(aws):
    boto3.client("sqs").create_queue(QueueName="q")
    SEEN.append(aws.id)
    assert os.environ["AWS_ACCESS_KEY_ID"] == aws.id


def test_two(aws, fogbank_cloud):
    assert aws.id not in SEEN
    assert "QueueUrls" not in boto3.client("sqs").list_queues()
    assert os.environ["AWS_ENDPOINT_URL"] == fogbank_cloud.endpoint


def test_clock(aws, fogbank_clock):
    before = fogbank_clock.now()
    assert (fogbank_clock.advance(86400) - before).total_seconds() >= 86400


def test_clock_is_back(fogbank_cloud):
    import time
    assert abs(fogbank_cloud.clock.now().timestamp() - time.time()) < 60


def test_a_bucket(aws):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="everybodys-name")
    s3.put_bucket_versioning(Bucket="everybodys-name", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two" * 100_000):
        s3.put_object(Bucket="everybodys-name", Key="k", Body=body)
    s3.delete_object(Bucket="everybodys-name", Key="k")
    s3.create_multipart_upload(Bucket="everybodys-name", Key="u")


def test_the_same_bucket(aws, fogbank_cloud):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="everybodys-name")
    assert s3.list_object_versions(Bucket="everybodys-name").get("Versions") is None
    other = fogbank_cloud.account()
    other.client("s3").create_bucket(Bucket="anothers")
    fogbank_cloud.release(aws.id)
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert len(other.client("s3").list_buckets()["Buckets"]) == 1


def test_environment_is_back():
    assert os.environ.get("AWS_ACCESS_KEY_ID") not in SEEN
"""


def test_fixtures_of_a_users_run(tmp_path):
    (tmp_path / "test_mine.py").write_text(TESTS)
    done = _pytest(tmp_path)
    assert "7 passed" in done.stdout, done.stdout + done.stderr


def test_options_come_from_the_users_conftest(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(scope='session')\ndef fogbank_options():\n    return {'region': 'eu-west-3'}\n"
    )
    (tmp_path / "test_mine.py").write_text(
        "import boto3\ndef test(aws):\n    assert boto3.client('sqs').meta.region_name == 'eu-west-3'\n"
    )
    done = _pytest(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_loads_nothing_that_a_run_without_it_does_not():
    script = (
        "import sys, pytest\nimport fogbank.testing.plugin, fogbank.testing\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('boto3', 'botocore', 'uvloop', 'msgspec', 'httptools',"
        " 'cryptography') or n in ('fogbank.app', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_own_suites_fixture_sets_the_environment(aws):
    assert boto3.client("sts").get_caller_identity()["Account"] == aws.id


def _pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(folder)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
