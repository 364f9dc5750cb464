"""The CDK, unmodified: bootstrap, deploy, use, deploy a change, diff, destroy.

https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping.html
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE.parent / "npm" / "node_modules"
CDK = MODULES / ".bin" / "cdk"

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="needs node and npm: apt install nodejs npm"),
    pytest.mark.skipif(not CDK.exists(), reason="needs the CDK: cd tests/npm && npm ci"),
]


class Cdk:
    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._env = os.environ | variables | {
            "CDK_HOME": str(folder / "home"), "CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "1",
            "CI": "true", "NODE_PATH": str(MODULES), "NO_COLOR": "1",
        }  # fmt: skip

    def synth(self, greeting: str) -> None:
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        env = self._env | {"CDK_OUTDIR": str(out), "GREETING": greeting}
        subprocess.run(["node", HERE / "cdk" / "app.js"], env=env, check=True, timeout=300)

    def run(self, *words: str) -> str:
        command = [CDK, *words, "--app", str(self._folder / "out")]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=600, check=False,
                              cwd=self._folder)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def eventually(url: str, host: str) -> bytes:
    """The answer of an API by its host's name, which not every resolver knows."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if error.code != 404 or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


@pytest.mark.xdist_group("cdk")
def test_an_application_comes_works_changes_and_goes(own_cloud, tmp_path):
    account = own_cloud.account("000000000000")
    cdk = Cdk(tmp_path, account.env)
    cdk.synth("hello")
    cdk.run("bootstrap", "aws://000000000000/us-east-1")
    cdk.run("deploy", "--require-approval", "never")
    (stack,) = account.client("cloudformation").describe_stacks(StackName="Harbour")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    s3 = account.client("s3")
    assert s3.get_object(Bucket=outputs["BucketName"], Key="hello.txt")["Body"].read() == b"hello"

    account.client("sns").publish(TopicArn=outputs["TopicArn"], Message="buoy")
    host = f"{outputs['ApiId']}.execute-api.us-east-1.amazonaws.com"
    assert json.loads(eventually(f"{own_cloud.endpoint}/things/buoy", host)) == {"pk": {"S": "buoy"}}

    assert "no differences" in cdk.run("diff", "--fail").lower()
    cdk.synth("good morning")
    cdk.run("deploy", "--require-approval", "never")
    assert s3.get_object(Bucket=outputs["BucketName"], Key="hello.txt")["Body"].read() == b"good morning"

    cdk.run("destroy", "--force")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if "assets" not in bucket["Name"]] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert [vpc["IsDefault"] for vpc in account.client("ec2").describe_vpcs()["Vpcs"]] == [True]
