"""Faults under the whole cloud: a full disk, damaged and missing data, folders it may not use, jobs that fail.

Each is met by a client over HTTP, on a cloud in a process of its own: what is hit answers an error that says what
happened, everything else goes on. AWS documents ServiceUnavailable (503) as the common error of a service that cannot
answer now (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html); that a full disk is one is ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from fogbank.core.operation import Job
from fogbank.core.principal import root
from fogbank.jobs.records import JOBS, JobRecord
from fogbank.store.faults import Fault, FaultyStore
from fogbank.store.sqlite import SqliteStore
from fogbank.testing import control

PATIENCE = 20.0
UNAVAILABLE = 503, "ServiceUnavailable"


def item(name: str, body: str = "") -> dict[str, Any]:
    return {"id": {"S": name}, "body": {"S": body}}


@pytest.fixture
def aws(restarted: Any) -> Any:
    """An account with the table `things` and a bucket named after it."""
    account = restarted.account()
    account.client("dynamodb").create_table(
        TableName="things",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account.client("dynamodb").get_waiter("table_exists").wait(TableName="things", WaiterConfig={"Delay": 1})
    account.client("s3").create_bucket(Bucket=f"b-{account.id}")
    return account


def until_refused(call: Callable[[int], Any], most: int = 200) -> tuple[int, ClientError]:
    """How many calls went well, and the error of the first that did not."""
    for n in range(most):
        try:
            call(n)
        except ClientError as error:
            return n, error
    pytest.fail(f"none of {most} calls was refused")


def answer_of(error: ClientError) -> tuple[int, str, str]:
    """Status, code (JSON protocols append "Exception" to the common ones) and text."""
    meta, said = error.response["ResponseMetadata"], error.response["Error"]
    return meta["HTTPStatusCode"], said["Code"].removesuffix("Exception"), said["Message"]


# -- a full disk -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def file_limit(pid: int, size: int) -> Iterator[None]:
    """No file of that process grows beyond `size`: to the process the disk is full (EFBIG instead of ENOSPC)."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit another process's files")
def test_a_full_disk_refuses_and_goes_on_when_there_is_room(restarted: Any, aws: Any) -> None:
    dynamodb, s3, bucket = aws.client("dynamodb"), aws.client("s3"), f"b-{aws.id}"
    dynamodb.put_item(TableName="things", Item=item("before"))
    s3.put_object(Bucket=bucket, Key="before", Body=b"small")
    s3.put_object(Bucket=bucket, Key="large-before", Body=b"L" * 2_000_000)
    log = restarted.data / "store.db-wal"
    with file_limit(restarted.process.pid, log.stat().st_size + 400_000):
        items, refused = until_refused(
            lambda n: dynamodb.put_item(TableName="things", Item=item(f"full-{n}", "x" * 100_000))
        )
        status, code, text = answer_of(refused)
        assert (status, code) == UNAVAILABLE
        assert "full" in text or "room" in text
        objects, refused = until_refused(lambda n: s3.put_object(Bucket=bucket, Key=f"full-{n}", Body=b"o" * 50_000))
        status, code, text = answer_of(refused)
        assert (status, code) == UNAVAILABLE
        assert "full" in text or "room" in text
        with pytest.raises(ClientError) as large:
            s3.put_object(Bucket=bucket, Key="large", Body=b"l" * 20_000_000)
        assert answer_of(large.value)[:2] == UNAVAILABLE
        assert dynamodb.get_item(TableName="things", Key={"id": {"S": "before"}})["Item"] == item("before")
        assert s3.get_object(Bucket=bucket, Key="before")["Body"].read() == b"small"
        assert s3.get_object(Bucket=bucket, Key="large-before")["Body"].read() == b"L" * 2_000_000
    dynamodb.put_item(TableName="things", Item=item("after"))
    s3.put_object(Bucket=bucket, Key="after", Body=b"a" * 2_000_000)
    expected = {"before", "after", *(f"full-{n}" for n in range(items))}
    kept = {"before", "large-before", "after", *(f"full-{n}" for n in range(objects))}
    for start_again in (False, True):
        if start_again:
            restarted.restart()
        pages = dynamodb.get_paginator("scan").paginate(TableName="things")
        assert {row["id"]["S"] for page in pages for row in page["Items"]} == expected
        listed = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        assert listed == kept
        assert s3.get_object(Bucket=bucket, Key="after")["Body"].read() == b"a" * 2_000_000
    assert not list((restarted.data / "blobs" / "incoming").iterdir()), "what was half written is gone"


# -- damage ------------------------------------------------------------------------------------------------------------


def flip(data: Path, inside: bytes) -> int:
    """Flip one bit of every stored value that contains these bytes; how many values those were."""
    changed = 0
    connection = sqlite3.connect(data / "store.db", isolation_level=None)
    for name, key in (("kv", "k"), ("large", "id")):
        found = connection.execute(f"SELECT {key}, v FROM {name} WHERE instr(v, ?)", (inside,)).fetchall()
        for row, value in found:
            at = value.index(inside)
            damaged = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
            connection.execute(f"UPDATE {name} SET v = ? WHERE {key} = ?", (damaged, row))
        changed += len(found)
    connection.close()
    return changed


@pytest.mark.parametrize("size", [10, 5000], ids=["in its row", "apart"])
def test_a_damaged_record_is_an_error_of_its_own(restarted: Any, aws: Any, size: int) -> None:
    dynamodb, s3, bucket = aws.client("dynamodb"), aws.client("s3"), f"b-{aws.id}"
    for name in ("a", "b", "c"):
        dynamodb.put_item(TableName="things", Item=item(name, f"body-of-{name}" + "." * size))
        s3.put_object(Bucket=bucket, Key=name, Body=f"object-{name}".encode() + b"." * size)
    restarted.kill()
    assert flip(restarted.data, b"body-of-b") == 1
    assert flip(restarted.data, b"object-b") == 1
    restarted.start()
    with pytest.raises(ClientError) as broken:
        dynamodb.get_item(TableName="things", Key={"id": {"S": "b"}})
    status, code, text = answer_of(broken.value)
    assert (status, code) == UNAVAILABLE
    assert "damaged" in text
    with pytest.raises(ClientError) as broken:
        s3.get_object(Bucket=bucket, Key="b")
    status, code, text = answer_of(broken.value)
    assert status == 503
    assert "damaged" in text
    for name in ("a", "c"):
        got = dynamodb.get_item(TableName="things", Key={"id": {"S": name}})["Item"]
        assert got == item(name, f"body-of-{name}" + "." * size)
        assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == f"object-{name}".encode() + b"." * size
    dynamodb.put_item(TableName="things", Item=item("d"))
    assert dynamodb.get_item(TableName="things", Key={"id": {"S": "d"}})["Item"] == item("d")


def blob_of(data: Path, content: bytes) -> Path:
    """The file of the blob store that begins with these bytes."""
    found = [path for path in (data / "blobs").rglob("*") if path.is_file() and path.read_bytes()[:64] == content[:64]]
    assert len(found) == 1
    return found[0]


def test_a_missing_blob_is_an_error_of_its_own(restarted: Any, aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{aws.id}"
    bodies = {name: name.encode() * 1_000_000 for name in ("one", "two")}
    for name, body in bodies.items():
        s3.put_object(Bucket=bucket, Key=name, Body=body)
    blob_of(restarted.data, bodies["one"]).unlink()
    for extra in ({}, {"Range": "bytes=5-10"}):
        with pytest.raises(ClientError) as missing:
            s3.get_object(Bucket=bucket, Key="one", **extra)
        status, code, text = answer_of(missing.value)
        assert (status, code) == UNAVAILABLE
        assert "missing" in text
    assert s3.get_object(Bucket=bucket, Key="two")["Body"].read() == bodies["two"]
    s3.delete_object(Bucket=bucket, Key="one")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="one")
    s3.put_object(Bucket=bucket, Key="one", Body=bodies["one"])
    assert s3.get_object(Bucket=bucket, Key="one")["Body"].read() == bodies["one"]


def test_a_blob_cut_short_is_never_a_whole_answer(restarted: Any, aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{aws.id}"
    body = os.urandom(3_000_000)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    path = blob_of(restarted.data, body)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.truncate(1_000_000)
    started = time.monotonic()
    with pytest.raises((ClientError, BotoCoreError)):
        s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert time.monotonic() - started < PATIENCE


def test_a_damaged_blob_is_seen_by_clients(restarted: Any, aws: Any) -> None:
    """Its bytes go from the file to the socket unread; the checksum that goes with them gives the damage away."""
    s3, bucket = aws.client("s3"), f"b-{aws.id}"
    body = os.urandom(3_000_000)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    path = blob_of(restarted.data, body)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(2_000_000)
        file.write(bytes([body[2_000_000] ^ 1]))
    with pytest.raises(FlexibleChecksumError):
        s3.get_object(Bucket=bucket, Key="k")["Body"].read()


# -- folders that cannot be used ---------------------------------------------------------------------------------------


def serve(data: Path, prefix: tuple[str, ...] = ()) -> tuple[int, str]:
    """Exit code and stderr of a server that is to end by itself."""
    settings = json.dumps({"data": str(data), "port": 0, "log_level": "warning"})
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "fogbank.server"],
        env=os.environ | {"FOGBANK_SETTINGS": settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_second_server_is_told_who_holds_the_data(restarted: Any) -> None:
    code, said = serve(restarted.data)
    assert code == 1
    assert said.startswith("fogbank: ")
    assert said.count("\n") == 1, said
    assert f"in use by process {restarted.process.pid}." in said
    assert "--data" in said
    restarted.account().client("sqs").create_queue(QueueName="still-here")


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("a file")
    code, said = serve(path)
    assert code == 1
    assert said.count("\n") == 1, said
    assert str(path) in said


@pytest.mark.parametrize("made", [False, True], ids=["a new folder", "one with data"])
def test_a_read_only_folder(tmp_path: Path, made: bool) -> None:
    """Root may write anywhere, so root runs the server without its rights, in a user namespace."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("unshare") is None:
            pytest.skip("root, and no unshare to become somebody else")
        prefix = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    data = tmp_path / "data"
    data.mkdir()
    if made:
        SqliteStore(data).close()
        for path in data.iterdir():
            path.chmod(0o444)
    data.chmod(0o555)
    try:
        code, said = serve(data, prefix)
    finally:
        data.chmod(0o755)
    assert code == 1, said
    assert said.startswith("fogbank: ")
    assert said.count("\n") == 1, said
    assert f"{data}" in said
    assert "cannot be written" in said
    assert "--data" in said


def test_a_port_that_is_taken(restarted: Any, tmp_path: Path) -> None:
    settings = json.dumps({"data": str(tmp_path / "other"), "port": restarted.port, "log_level": "warning"})
    done = subprocess.run(
        [sys.executable, "-m", "fogbank.server"],
        env=os.environ | {"FOGBANK_SETTINGS": settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert str(restarted.port) in done.stderr


# -- jobs that fail ----------------------------------------------------------------------------------------------------


def test_failed_jobs_are_listed(restarted: Any) -> None:
    """Two that cannot succeed, put where operations put theirs: both end on the failed list and stay there."""
    queue = restarted.account().client("sqs").create_queue(QueueName="q")["QueueUrl"]
    restarted.kill()
    store = SqliteStore(restarted.data)
    with store.write() as tx:
        for name, kind in (("unknown", "sqs.no_such_job"), ("bad", "sns.deliver")):
            tx.put(JOBS, JobRecord(id=name, kind=kind, account="111122223333", region="us-east-1",
                                   principal=root("111122223333"), payload={}, due_ms=1, cause="somebody"))  # fmt: skip
    store.close()
    restarted.start()
    restarted.advance(86_400)  # past every retry
    for start_again in (False, True):
        if start_again:
            restarted.restart()
        shown = control.call(restarted.endpoint, "GET", "jobs")
        failed = {job["id"]: job for job in shown["failed"]}
        assert set(failed) == {"unknown", "bad"}
        assert failed["unknown"]["error"] == "no handler for jobs of kind sqs.no_such_job"
        assert failed["bad"]["attempts"] > 1
        assert "KeyError" in failed["bad"]["error"]
        assert failed["bad"]["cause"] == "somebody"
        assert not {"unknown", "bad"} & {job["id"] for job in shown["pending"]}
    retried = control.call(restarted.endpoint, "POST", "jobs", {"retry": "unknown"})
    assert retried == {"retrying": "unknown"}
    with pytest.raises(control.ControlError, match="no failed job nobody"):
        control.call(restarted.endpoint, "POST", "jobs", {"retry": "nobody"})
    sqs = restarted.account(queue.split("/")[-2]).client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="m")
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "m"


def test_an_outcome_that_cannot_be_kept_does_not_run_the_job_again(own_cloud: Any, monkeypatch: Any) -> None:
    """The disk fills while a job runs: it has run once when there is room again, and the worker goes on."""
    app = own_cloud.app
    runs: list[str] = []

    async def work(ctx: Any, payload: dict[str, Any]) -> None:
        runs.append(payload["name"])
        if payload["name"] == "first":
            store.rates = {Fault.FULL: 1.0}

    store = FaultyStore(app.store)
    monkeypatch.setattr(app, "store", store)
    monkeypatch.setattr("fogbank.jobs.worker.STORE_RETRY", 0.05)
    monkeypatch.setattr(app.worker, "_find", lambda kind: Job(kind, work, 5, 0.01))

    async def put(name: str) -> None:
        with app.store.write() as tx:
            tx.put(JOBS, JobRecord(id=name, kind="test.work", account="111122223333", region="us-east-1",
                                   principal=root("111122223333"), payload={"name": name}, due_ms=1))  # fmt: skip
            tx.signal("jobs")

    own_cloud.run(put("first"))
    time.sleep(0.4)
    assert runs == ["first"]
    assert len(store.happened) > 1, "its outcome was tried to be kept"
    store.rates = {}
    own_cloud.run(put("second"))
    end = time.monotonic() + PATIENCE
    while control.call(own_cloud.endpoint, "GET", "jobs")["pending"] and time.monotonic() < end:
        time.sleep(0.05)
    assert runs == ["first", "second"]
