"""Other users of the machine see nothing of a cloud: every file and folder it makes is its owner's, whatever the umask.

A strict look: what lies below a folder of mode 0700 could not be reached anyway, and has to be shut all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.config import Config

from fogbank import testing
from fogbank.core import private
from fogbank.testing import control

BIG = b"x" * 400_000
PART = b"y" * (5 << 20)
HANDLER = """
import os

def handler(event, context):
    mask = os.umask(0)
    os.umask(mask)
    with open(os.path.join(os.environ["TMPDIR"], "made"), "w") as file:
        made = os.fstat(file.fileno()).st_mode & 0o777
    print("a line for the log")
    return [mask, made]
"""


@pytest.fixture
def open_umask():
    """New files are everybody's, unless their maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def loose(folder: Path) -> list[str]:
    """What group or others have any right to. A link has no mode of its own.

    `__pycache__` is written by a function's own interpreter, below its package's folder, with its own umask.
    """
    found = []
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if mode & private.OTHERS and not stat.S_ISLNK(mode) and "__pycache__" not in path.parts:
            found.append(f"{path.relative_to(folder)} {stat.filemode(mode)}")
    return found


def use(cloud, function_of, zipped) -> list[int]:
    """Have every service that writes files write some; what the function says of its umask."""
    account = cloud.account()
    s3, bucket = account.client("s3"), f"b-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="small", Body=b"s")
    s3.put_object(Bucket=bucket, Key="big", Body=BIG)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/big")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    tags = [
        s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=n, Body=PART)["ETag"] for n in (1, 2)
    ]
    parts = {"Parts": [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]}
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    account.client("ssm").put_parameter(Name="p", Value="v" * 4000, Type="String")
    layer = zipped({"python/shared.py": "X = 1\n", "bin/tool": "#!/bin/sh\n"})
    arn = account.client("lambda").publish_layer_version(LayerName="l", Content={"ZipFile": layer})["LayerVersionArn"]
    client = function_of(account, HANDLER, Layers=[arn])
    answer = json.loads(client.invoke(FunctionName="f", Payload=b"{}")["Payload"].read())
    port = int(cloud.endpoint.rpartition(":")[2])
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    for host in ("localhost", f"{bucket}.s3.localhost"):
        request = urllib.request.Request(f"https://127.0.0.1:{port}/_fogbank/health", headers={"Host": host})
        with contextlib.suppress(urllib.error.HTTPError):  # the bucket's host has no health; its certificate is made
            urllib.request.urlopen(request, context=trusting, timeout=30)
    control.call(cloud.endpoint, "POST", "snapshots", {"save": "s"}, token=cloud.token)
    return answer


def go_back(cloud) -> None:
    """Every file of the store is a new one after this."""
    control.call(cloud.endpoint, "POST", "snapshots", {"load": "s"}, token=cloud.token)
    cloud.account().client("ssm").put_parameter(Name="after", Value="v" * 4000, Type="String")


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_everything_that_is_kept(mode, tmp_path, open_umask, function_of, zip_of):
    data = tmp_path / "above" / "data"
    config = Config(retries={"max_attempts": 0}, read_timeout=60)
    with testing.cloud(mode, data=data, client_config=config) as cloud:
        umask, made = use(cloud, function_of, zip_of)
        names = {path.name for path in data.rglob("*")}
        assert {"store.db", "store.db-wal", "lock", "control.token", "ca.pem", "ca.key", "snapshot.json", "shared.py",
                "tool", "app.py", "incoming"} <= names  # fmt: skip
        assert loose(tmp_path / "above") == []
        go_back(cloud)
        assert loose(tmp_path / "above") == []
        assert (umask, made) == (0o022, 0o644), "as on AWS, a function's files are readable"
    assert loose(tmp_path / "above") == []
    mask = os.umask(0)
    assert mask == 0, "a cloud in a thread leaves the umask of its process alone"


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_what_an_ephemeral_cloud_keeps_for_a_while(mode, monkeypatch, tmp_path, open_umask, function_of, zip_of):
    scratch = tmp_path / "scratch"
    scratch.mkdir(mode=0o700)
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    with testing.cloud(mode) as cloud:
        use(cloud, function_of, zip_of)
        assert len(list(scratch.rglob("*"))) > 10
        # what a function makes is its own, below a folder of mode 0700
        assert [line for line in loose(scratch) if not line.startswith("fogbank-lambda-")] == []
        folders = [path for path in scratch.iterdir() if path.name.startswith("fogbank-lambda-")]
        assert [stat.S_IMODE(path.stat().st_mode) for path in folders] == [0o700]
    assert list(scratch.iterdir()) == []


def test_the_command_and_its_log(tmp_path, open_umask):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOGBANK_", "AWS_"))}
    env = kept | {"XDG_STATE_HOME": str(tmp_path / "state")}

    def run(*words):
        command = [sys.executable, "-m", "fogbank.cli.main", *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout

    port = str(json.loads(run("up", "-d", "--port", "0", "--json"))["port"])
    try:
        assert loose(tmp_path / ".fogbank") == []
        assert loose(tmp_path / "state") == []
    finally:
        run("down", "--port", port)
    log = tmp_path / "state" / "fogbank" / f"{port}.log"
    log.chmod(0o644)
    run("up", "-d", "--port", port)
    run("down", "--port", port)
    assert loose(tmp_path / "state") == [], "an old log is shut as well"


def test_a_folder_that_was_open_is_shut(tmp_path):
    """As earlier versions left it."""
    data = tmp_path / "data"
    with testing.cloud(data=data) as cloud:
        cloud.account().client("ssm").put_parameter(Name="p", Value="v", Type="String")
        control.call(cloud.endpoint, "POST", "snapshots", {"save": "s"})
    mine = data / "notes"
    mine.mkdir()
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with testing.cloud(data=data):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "store.db").stat().st_mode) == 0o600
        for name in ("snapshots", "blobs"):
            assert stat.S_IMODE((data / name).stat().st_mode) == 0o700
        assert stat.S_IMODE(mine.stat().st_mode) == 0o755, "what is not of the cloud stays as it is"


def test_a_folder_of_everybody_is_refused(tmp_path):
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(testing.CloudFailed, match="is everybody's: choose a folder below it"):
        testing.clouds.start(data=shared)
    assert list(shared.iterdir()) == []
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
