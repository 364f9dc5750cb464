"""Snapshots of a running cloud: store, large bytes, clock and jobs together."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from fogbank import testing
from fogbank.testing import control

BIG = b"x" * 300_000


@pytest.fixture(params=["ephemeral", "kept"])
def running(request, tmp_path, fogbank_options):
    kept = {"data": tmp_path / "data"} if request.param == "kept" else {}
    with testing.cloud(**kept, **fogbank_options) as cloud:
        yield cloud


def change(cloud, verb: str, name: str):
    return control.call(cloud.endpoint, "POST", "snapshots", {verb: name})


def test_load_brings_back_records_and_bytes_and_takes_away_what_came_later(running):
    account = running.account()
    s3, sqs = account.client("s3"), account.client("sqs")
    bucket = f"b-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="kept", Body=BIG)
    saved = change(running, "save", "before")
    assert saved["bytes"] > len(BIG)
    s3.delete_object(Bucket=bucket, Key="kept")
    s3.put_object(Bucket=bucket, Key="later", Body=b"y")
    sqs.create_queue(QueueName="later")
    change(running, "load", "before")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["kept"]
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == BIG
    assert "QueueUrls" not in sqs.list_queues()


def test_bytes_released_just_before_the_load_outlive_their_grace(running):
    account = running.account()
    s3, bucket = account.client("s3"), f"b-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=BIG)
    change(running, "save", "s")
    s3.delete_object(Bucket=bucket, Key="k")
    change(running, "load", "s")
    running.app.blobs.purge(everything=True)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == BIG


def test_keys_of_the_saved_time_hold_and_later_ones_do_not(running):
    account = running.account()
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    early = account.user(policy)
    change(running, "save", "s")
    late = account.user(policy)
    assert late.client("sqs").list_queues()
    change(running, "load", "s")
    assert early.client("sqs").list_queues()
    with pytest.raises(Exception, match=r"InvalidClientTokenId|security token"):
        late.client("sqs").list_queues()


def test_the_clock_is_saved_too(running):
    change(running, "save", "now")
    running.clock.advance(30 * 86400)
    change(running, "save", "later")
    change(running, "load", "now")
    assert abs(running.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    change(running, "load", "later")
    assert running.clock.now() - datetime.now(UTC) > timedelta(days=29)


def test_a_save_under_writes_is_one_instant(running):
    """Two parameters that are always written in order: a copy never holds the second without the first."""
    ssm = running.account("123456789012").client("ssm")
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            ssm.put_parameter(Name="first", Value=str(number), Type="String", Overwrite=True)
            ssm.put_parameter(Name="second", Value=str(number), Type="String", Overwrite=True)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for name in ("a", "b", "c"):
            change(running, "save", name)
    finally:
        done.set()
        thread.join()
    for name in ("a", "b", "c"):
        change(running, "load", name)
        found = {p["Name"]: int(p["Value"]) for p in ssm.get_parameters(Names=["first", "second"])["Parameters"]}
        assert found.get("first", 0) - found.get("second", 0) in (0, 1)


def test_list_rm_and_mistakes(running):
    assert control.call(running.endpoint, "GET", "snapshots") == []
    change(running, "save", "one")
    change(running, "save", "two")
    assert [entry["name"] for entry in control.call(running.endpoint, "GET", "snapshots")] == ["one", "two"]
    with pytest.raises(control.ControlError, match="already"):
        change(running, "save", "one")
    change(running, "rm", "one")
    with pytest.raises(control.ControlError, match="no snapshot one; there are: two"):
        change(running, "load", "one")
    for name in ("../etc", "", ".hidden", "a/b", "x" * 65):
        with pytest.raises(control.ControlError, match="no name"):
            change(running, "save", name)
    with pytest.raises(control.ControlError, match="say"):
        control.call(running.endpoint, "POST", "snapshots", {"what": "x"})


def test_a_snapshot_outlives_reset_and_kill(restarted):
    account = restarted.account()
    account.client("sqs").create_queue(QueueName="q")
    change(restarted, "save", "s")
    restarted.reset()
    restarted.restart()
    assert "QueueUrls" not in account.client("sqs").list_queues()
    change(restarted, "load", "s")
    restarted.restart()
    assert len(account.client("sqs").list_queues()["QueueUrls"]) == 1


def test_a_damaged_description_hides_no_other_snapshot(tmp_path, caplog):
    with testing.cloud(data=tmp_path / "data") as cloud:
        ssm = cloud.account("111122223333").client("ssm")
        ssm.put_parameter(Name="p", Value="saved", Type="String")
        for name in ("whole", "cut", "gone"):
            change(cloud, "save", name)
        folder = cloud.app.settings.data / "snapshots"
        (folder / "cut" / "snapshot.json").write_bytes(b'{"name": "cu')
        (folder / "gone" / "store.db").unlink()
        (folder / "gone" / "snapshot.json").write_bytes(b"\xff")
        found = {entry["name"]: entry["damaged"] for entry in control.call(cloud.endpoint, "GET", "snapshots")}
        assert found["whole"] == ""
        assert "snapshot.json cannot be read" in found["cut"]
        assert "snapshot.json cannot be read" in found["gone"]
        assert "the snapshot cut is damaged" in caplog.text
        ssm.put_parameter(Name="p", Value="later", Type="String", Overwrite=True)
        change(cloud, "load", "cut")
        assert ssm.get_parameter(Name="p")["Parameter"]["Value"] == "saved"
        with pytest.raises(control.ControlError, match=r"gone is damaged: its store.db is missing"):
            change(cloud, "load", "gone")
        for name in ("cut", "gone"):
            change(cloud, "rm", name)
        assert [entry["name"] for entry in control.call(cloud.endpoint, "GET", "snapshots")] == ["whole"]


def test_the_command_says_what_is_damaged(apart):
    apart.run("up", "-d")
    for name in ("whole", "cut"):
        apart.run("snapshot", "save", name)
    (apart.folder / ".fogbank" / "snapshots" / "cut" / "snapshot.json").write_text("{")
    said = apart.run("snapshot", "list").stdout
    assert "whole" in said
    assert "The description of cut is damaged: snapshot.json cannot be read" in said
    assert "`fogbank snapshot rm cut` deletes it" in said
    assert "Loaded cut" in apart.run("snapshot", "load", "cut").stdout
    apart.run("snapshot", "rm", "cut")
    assert [entry["name"] for entry in apart.json("snapshot", "list")] == ["whole"]
