"""What must not hold up the jobs behind it: records that cannot be read, handlers that cannot be had or end oddly."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable
from typing import Any
from zlib import crc32

import msgspec
import pytest

from fogbank.core.context import Context
from fogbank.core.operation import Job
from fogbank.core.principal import root
from fogbank.jobs.records import JOBS, JobRecord
from fogbank.store.records import codec
from fogbank.store.sqlite import SqliteStore
from fogbank.store.typed import CATALOG
from fogbank.testing import control

ACCOUNT = "111122223333"
PATIENCE = 20.0
LATER = 9  # a version of the table that this Fogbank does not know


def job(job_id: str, **fields: Any) -> JobRecord:
    made: dict[str, Any] = {"kind": "test.work", "due_ms": 1, "payload": {"name": job_id}} | fields
    return JobRecord(id=job_id, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), **made)


def row(name: str) -> bytes:
    return codec(JOBS).row((name,))


def sealed(name: str, body: bytes, version: int = 1) -> bytes:
    """A value whose checksum holds."""
    value = bytes([version]) + body
    return value + crc32(value, crc32(row(name))).to_bytes(4, "little")


UNREADABLE = {  # id of a job: what stands in its place, and what is said of it
    "damaged": (b"\x01\x80\x00\x00\x00\x00", "damaged"),
    "of-later": (
        sealed("of-later", msgspec.msgpack.encode({"id": "of-later", "shape": "new"}), LATER),
        "later Fogbank",
    ),
    "odd": (sealed("odd", msgspec.msgpack.encode({"id": "odd", "kind": 7})), "cannot be read: .*kind"),
}


def listed(cloud: Any, state: str) -> dict[str, dict[str, Any]]:
    return {job["id"]: job for job in control.call(cloud.endpoint, "GET", "jobs")[state]}


def eventually(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found, "not in time"
    return found


@pytest.mark.parametrize("reindexed", [False, True], ids=["as they are", "with indexes made anew"])
def test_a_record_that_cannot_be_read_is_skipped_and_listed(restarted: Any, reindexed: bool) -> None:
    restarted.kill()
    store = SqliteStore(restarted.data)
    with store.write() as tx:
        for name in UNREADABLE:
            tx.put(JOBS, job(name))
        tx.put(JOBS, job("behind", kind="sqs.no_such_job", due_ms=2))
    store.close()
    connection = sqlite3.connect(restarted.data / "store.db", isolation_level=None)
    for name, (value, _) in UNREADABLE.items():
        assert connection.execute("UPDATE kv SET v = ? WHERE k = ?", (value, row(name))).rowcount == 1
    if reindexed:  # as after an upgrade
        changed = connection.execute("UPDATE kv SET v = ? WHERE k = ?", (b"older", CATALOG + JOBS.name.encode()))
        assert changed.rowcount == 1
    connection.close()
    for start_again in (False, True):
        restarted.restart() if start_again else restarted.start()
        failed = eventually(lambda: "behind" in listed(restarted, "failed") and listed(restarted, "failed"))
        assert set(failed) == {*UNREADABLE, "behind"}
        assert "no handler" in failed["behind"]["error"], "it ran"
        for name, (_, why) in UNREADABLE.items():
            with pytest.raises(control.ControlError, match=f"{name} cannot be retried: .*{why}"):
                control.call(restarted.endpoint, "POST", "jobs", {"retry": name})
            assert re.search(why, failed[name]["error"])
        assert not {*UNREADABLE, "behind"} & set(listed(restarted, "pending"))
    account = restarted.account()
    sns, sqs = account.client("sns"), account.client("sqs")
    queue, topic = sqs.create_queue(QueueName="q")["QueueUrl"], sns.create_topic(Name="t")["TopicArn"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": msgspec.json.encode(policy).decode()})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{account.id}:q")
    sns.publish(TopicArn=topic, Message="m")
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"], "its delivery is a job"
    restarted.advance(3600)  # asks for what is due next
    assert control.call(restarted.endpoint, "POST", "jobs", {"retry_all": True}) == {"retrying": ["behind"]}


@pytest.fixture
def work(own_cloud: Any, monkeypatch: Any) -> Callable[..., list[str]]:
    """`work(handler)`: jobs of the kind test.work await handler(name); the list it returns fills with the names."""
    runs: list[str] = []

    def declare(handler: Callable[[str], Any]) -> list[str]:
        async def call(ctx: Any, payload: dict[str, Any]) -> None:
            runs.append(payload["name"])
            await handler(payload["name"])

        found = own_cloud.app.worker._find
        monkeypatch.setattr(
            own_cloud.app.worker,
            "_find",
            lambda kind: Job(kind, call, 2, 0.01) if kind == "test.work" else found(kind),
        )
        return runs

    return declare


def put(cloud: Any, *jobs: JobRecord, damaged: tuple[str, ...] = ()) -> None:
    async def in_loop() -> None:
        with cloud.app.store.write() as tx:
            for record in jobs:
                tx.put(JOBS, record)
            for name in damaged:
                tx._put(row(name), UNREADABLE["damaged"][0])
            tx.signal("jobs")

    cloud.run(in_loop())


async def nothing(name: str) -> None:
    return


def test_more_unreadable_ones_than_run_at_once(own_cloud: Any, work: Any, caplog: Any) -> None:
    runs = work(nothing)
    names = tuple(f"bad-{n:03}" for n in range(150))
    put(own_cloud, *map(job, names), job("good", due_ms=2), damaged=names)
    eventually(lambda: runs == ["good"])
    put(own_cloud, job("next", due_ms=2))
    eventually(lambda: runs == ["good", "next"])
    said = [record.getMessage() for record in caplog.records if "is skipped" in record.getMessage()]
    assert len(said) == len(names), "each is logged once"
    assert set(listed(own_cloud, "failed")) == set(names)


def test_a_named_job_is_asked_for_again_though_the_old_one_is_damaged(own_cloud: Any, work: Any) -> None:
    runs = work(nothing)
    ctx = Context(app=own_cloud.app, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), request_id="r")
    put(own_cloud, job("0-old", name="n", due_ms=4_000_000_000_000), damaged=("0-old",))

    async def ask(name: str, delay: float) -> None:
        with own_cloud.app.store.write() as tx:
            ctx.later(tx, "test.work", {"name": name}, delay=delay, name="n")

    own_cloud.run(ask("replaced", 3600))
    own_cloud.run(ask("new", 0))
    eventually(lambda: runs == ["new"])
    assert set(listed(own_cloud, "failed")) == {"0-old"}
    assert not [found for found in listed(own_cloud, "pending").values() if found["kind"] == "test.work"]


def test_an_order_goes_on_past_one_that_is_damaged(own_cloud: Any, work: Any) -> None:
    runs = work(nothing)
    ctx = Context(app=own_cloud.app, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), request_id="r")
    order = {"order": f"test.work/{ACCOUNT}/us-east-1/o", "due_ms": 4_000_000_000_000}
    put(own_cloud, job("0-first", **order), job("1-second", state="behind", turn=1, **order | {"due_ms": 1}),
        damaged=("0-first",))  # fmt: skip

    async def ask() -> None:
        with own_cloud.app.store.write() as tx:
            ctx.later(tx, "test.work", {"name": "third"}, order="o")

    own_cloud.run(ask())
    eventually(lambda: runs == ["1-second", "third"])
    put(own_cloud, job("2-fourth", **order), damaged=("2-fourth",))
    own_cloud.run(ask())
    eventually(lambda: runs == ["1-second", "third", "third"])


def test_a_job_that_is_damaged_while_it_runs(own_cloud: Any, work: Any) -> None:
    async def damage(name: str) -> None:
        with own_cloud.app.store.write() as tx:
            tx._put(row("running"), UNREADABLE["damaged"][0])

    runs = work(damage)
    put(own_cloud, job("running"))
    eventually(lambda: "running" in listed(own_cloud, "failed"))
    time.sleep(0.2)
    assert runs == ["running"]


async def cancelled(name: str) -> None:
    inner = asyncio.ensure_future(asyncio.sleep(60))
    inner.cancel()
    await inner


async def surrogate(name: str) -> None:
    raise ValueError("half a character: \ud800")


@pytest.mark.parametrize(
    ("handler", "says"), [(cancelled, "CancelledError"), (surrogate, r"ValueError: half a character: \ud800")]
)
def test_a_handler_that_ends_oddly_has_failed(own_cloud: Any, work: Any, handler: Any, says: str) -> None:
    runs = work(handler)
    put(own_cloud, job("odd"))
    failed = eventually(lambda: listed(own_cloud, "failed"))["odd"]
    assert says in failed["error"]
    assert (failed["attempts"], runs) == (2, ["odd", "odd"])


def test_a_service_that_cannot_be_imported(own_cloud: Any, monkeypatch: Any) -> None:
    finds: list[str] = []

    def broken(kind: str) -> Job | None:
        finds.append(kind)
        raise ImportError(f"no module for {kind}")

    monkeypatch.setattr(own_cloud.app.worker, "_find", broken)
    put(own_cloud, job("a"))
    failed = eventually(lambda: listed(own_cloud, "failed"))["a"]
    assert "no module for test.work" in failed["error"]
    assert finds == ["test.work"]


def test_the_worker_outlives_an_error_that_nobody_thought_of(own_cloud: Any, work: Any, monkeypatch: Any) -> None:
    runs, worker = work(nothing), own_cloud.app.worker
    take, failures = worker._leases.take, [RuntimeError("odd"), RuntimeError("odd")]

    async def sometimes(*args: Any) -> Any:
        if failures:
            raise failures.pop()
        return await take(*args)

    monkeypatch.setattr("fogbank.jobs.worker.STORE_RETRY", 0.05)
    monkeypatch.setattr(worker._leases, "take", sometimes)
    put(own_cloud, job("a"))
    eventually(lambda: runs == ["a"])


def test_all_that_failed_run_again(own_cloud: Any, work: Any) -> None:
    """More than one transaction puts back."""
    names = [f"job-{n:03}" for n in range(250)]
    runs = work(nothing)
    put(own_cloud, *(job(name, state="failed", attempts=2, error="ValueError: x") for name in names))
    with pytest.raises(control.ControlError, match=r'say \{"retry": ID\}'):
        control.call(own_cloud.endpoint, "POST", "jobs", {})
    answer = control.call(own_cloud.endpoint, "POST", "jobs", {"retry_all": True})
    assert answer == {"retrying": names}
    eventually(lambda: sorted(runs) == names)
    assert not listed(own_cloud, "failed")
    assert control.call(own_cloud.endpoint, "POST", "jobs", {"retry_all": True}) == {"retrying": []}


def test_one_that_has_not_failed_is_not_retried(own_cloud: Any) -> None:
    put(own_cloud, job("waits", due_ms=4_000_000_000_000))
    with pytest.raises(control.ControlError, match="waits cannot be retried: it has not failed, and will run"):
        control.call(own_cloud.endpoint, "POST", "jobs", {"retry": "waits"})
    assert "waits" in listed(own_cloud, "pending")
