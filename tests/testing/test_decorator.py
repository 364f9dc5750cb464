"""`with_cloud` on classes: each test method on a cloud of its own, its set-up included.

As moto's mock_aws on a class: https://docs.getmoto.org/en/latest/docs/getting_started.html#class-decorator
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fogbank.testing import with_cloud

UNITTEST = """
import os
import unittest

import boto3

from fogbank.testing import with_cloud as mock_aws


@mock_aws
class Mine(unittest.TestCase):
    def setUp(self):
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="mine")

    def tearDown(self):
        assert len(self.s3.list_buckets()["Buckets"]) == 1

    def test_one(self):
        self.s3.put_object(Bucket="mine", Key="k", Body=b"")

    def test_two(self, account):
        assert "Contents" not in self.s3.list_objects_v2(Bucket="mine")
        assert account.id == os.environ["AWS_ACCESS_KEY_ID"]


@mock_aws(iam="off")
class Later(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        boto3.client("sqs").create_queue(QueueName="q")

    async def test_later(self):
        assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1


class Plain(unittest.TestCase):
    def test_nothing_is_left(self):
        assert "AWS_ENDPOINT_URL" not in os.environ


if __name__ == "__main__":
    unittest.main()
"""

PYTEST = """
import boto3
import pytest

from fogbank.testing import with_cloud


@with_cloud
class TestMine:
    def setup_method(self):
        boto3.client("s3").create_bucket(Bucket="mine")

    def teardown_method(self, method):
        assert method.__name__.startswith("test_")
        assert len(boto3.client("s3").list_buckets()["Buckets"]) == 1

    def test_one(self, tmp_path, cloud):
        boto3.client("s3").put_object(Bucket="mine", Key="k", Body=b"")
        assert tmp_path.exists() and cloud.endpoint

    @pytest.mark.parametrize("n", [1, 2])
    def test_two(self, n):
        assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="mine")


@with_cloud
class TestNoSetup:
    def test_one(self, account):
        assert boto3.client("sts").get_caller_identity()["Account"] == account.id
"""


def run(folder: Path, text: str, *command: str) -> str:
    (folder / "test_mine.py").write_text(text)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    done = subprocess.run(
        [sys.executable, *command, "test_mine.py"], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_class_of_unittest(tmp_path: Path) -> None:
    said = run(tmp_path, UNITTEST)
    assert "Ran 4 tests" in said, said
    assert "OK" in said, said


@pytest.mark.parametrize(("text", "passed"), [(UNITTEST, "4 passed"), (PYTEST, "4 passed")])
def test_under_pytest(tmp_path: Path, text: str, passed: str) -> None:
    said = run(tmp_path, text, "-m", "pytest", "-p", "no:cacheprovider", "-q")
    assert passed in said, said


def test_nothing_else_is_decorated() -> None:
    with pytest.raises(TypeError, match="functions and classes"):
        with_cloud(3)  # type: ignore[call-overload]
