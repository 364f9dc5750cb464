"""Jobs of one lane do not wait for those of another, those that wait hold no place, and an order is kept."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from tests.jobs.conftest import eventually

from fogbank.core.context import Context
from fogbank.jobs.records import JOBS, PAYLOADS
from fogbank.testing import control

Payload = dict[str, Any]


@pytest.mark.parametrize(("lane", "most"), [("slow", 5), ("", 64)])
def test_a_lane_has_so_many_places_and_leaves_the_others_theirs(yard: Any, lane: str, most: int) -> None:
    gate, began, quick = asyncio.Event(), [], []

    async def slow(ctx: Context, payload: Payload) -> None:
        began.append(payload["n"])
        await gate.wait()

    async def fast(ctx: Context, payload: Payload) -> None:
        quick.append(payload["n"])

    yard.declare("test.slow", slow, lane=lane, width=most)
    yard.declare("test.fast", fast, lane="" if lane else "fast")
    yard.later("test.slow", *({"n": n} for n in range(most + 20)))
    eventually(lambda: len(began) == most)
    yard.later("test.fast", *({"n": n} for n in range(100)))
    eventually(lambda: sorted(quick) == list(range(100)))
    assert len(began) == most
    yard.app._loop.call_soon_threadsafe(gate.set)
    eventually(lambda: sorted(began) == list(range(most + 20)))


@pytest.mark.parametrize("how", ["topic", "clock"])
def test_who_waits_holds_no_place(yard: Any, how: str) -> None:
    """As nested stacks do: more parents than places, each of which waits for a child in the same lane."""
    done: list[str] = []

    async def parent(ctx: Context, payload: Payload) -> None:
        topic = f"child/{payload['n']}"
        with ctx.watch(topic) as watch:
            await ctx.transact(lambda tx: ctx.later(tx, "test.child", {"topic": topic}))
            while topic not in done:
                await (watch.wait(3600) if how == "topic" else ctx.clock.sleep(0.05))
        done.append("parent")

    async def child(ctx: Context, payload: Payload) -> None:
        done.append(payload["topic"])
        await ctx.transact(lambda tx: tx.signal(payload["topic"]))

    yard.declare("test.parent", parent, lane="stacks", width=3)
    yard.declare("test.child", child, lane="stacks", width=3)
    yard.later("test.parent", *({"n": n} for n in range(20)))
    eventually(lambda: done.count("parent") == 20)


def test_64_slow_functions_do_not_hold_up_a_message(own_cloud: Any) -> None:
    """Events of functions have a lane of their own."""
    from fogbank.services.lambda_ import jobs
    from fogbank.services.sns import delivery

    declared = [own_cloud.app.find_job(kind) for kind in ("lambda.event", "sns.deliver", "cloudformation.run")]
    assert len({one.lane for one in declared}) == 3
    assert jobs.EVENT == "lambda.event"
    assert delivery.deliver.__fogbank__ is declared[1]  # type: ignore[attr-defined]


def test_jobs_of_one_commit_begin_in_their_order(yard: Any) -> None:
    began: list[int] = []

    async def handler(ctx: Context, payload: Payload) -> None:
        began.append(payload["n"])

    yard.declare("test.work", handler)
    yard.later("test.work", *({"n": n} for n in range(60)))
    eventually(lambda: began == list(range(60)))


def test_an_order_is_kept_though_tries_fail(yard: Any) -> None:
    done: list[tuple[str, int]] = []
    dice = random.Random(1)

    async def handler(ctx: Context, payload: Payload) -> None:
        await asyncio.sleep(dice.random() * 0.01)
        if dice.random() < 0.2:
            raise ValueError("bad luck")
        done.append((payload["to"], payload["n"]))

    yard.declare("test.work", handler, attempts=100, backoff=0.001)

    def put(tx: Any) -> None:
        for n in range(30):
            for to in ("a", "b"):
                yard.ctx.later(tx, "test.work", {"to": to, "n": n}, order=to)

    yard.transact(put)
    eventually(lambda: len(done) == 60)
    for to in ("a", "b"):
        assert [n for other, n in done if other == to] == list(range(30))


def test_what_gives_up_lets_those_behind_it_run(yard: Any) -> None:
    done: list[int] = []

    async def handler(ctx: Context, payload: Payload) -> None:
        if payload["n"] == 0:
            raise ValueError("never")
        done.append(payload["n"])

    yard.declare("test.work", handler, attempts=2)
    yard.later("test.work", {"n": 0}, {"n": 1}, {"n": 2}, order="o")
    eventually(lambda: done == [1, 2])
    (failed,) = control.call(yard.cloud.endpoint, "GET", "jobs")["failed"]
    assert failed["attempts"] == 2


def test_an_order_goes_on_after_kill_9(restarted: Any) -> None:
    """A FIFO topic delivers to a FIFO queue what it accepted before, in the order in which it accepted it."""
    account = restarted.account()
    sns, sqs = account.client("sns"), account.client("sqs")
    queue = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    topic = sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    arn = f"arn:aws:sqs:us-east-1:{account.id}:q.fifo"
    policy = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}'
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    for batch in range(6):
        entries = [
            {"Id": str(n), "Message": f"{batch * 10 + n}", "MessageGroupId": "g",
             "MessageDeduplicationId": f"{batch * 10 + n}"}
            for n in range(10)
        ]  # fmt: skip
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    restarted.restart()
    bodies: list[str] = []

    def look() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for message in answer.get("Messages", ()):
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(bodies) >= 60

    eventually(look)
    assert bodies == [str(n) for n in range(60)]


def test_large_payloads_lie_apart_and_go_with_their_jobs(yard: Any) -> None:
    gate, seen = asyncio.Event(), []

    async def handler(ctx: Context, payload: Payload) -> None:
        await gate.wait()
        seen.append(payload)

    yard.declare("test.work", handler)
    large = {"data": b"x" * 100_000, "n": 1}
    yard.later("test.work", large, {"n": 2})
    yard.later("test.work", large, delay=3600, name="replaced")
    yard.later("test.work", {"n": 3}, delay=3600, name="replaced")
    sizes = yard.transact(lambda tx: [len(job.payload) for job in tx.scan(JOBS)])
    assert max(sizes) < 100
    assert yard.transact(lambda tx: tx.count(PAYLOADS)) == 1
    yard.app._loop.call_soon_threadsafe(gate.set)
    eventually(lambda: len(seen) == 2)
    assert large in seen
    eventually(lambda: yard.transact(lambda tx: tx.count(PAYLOADS)) == 0)


def test_no_back_off_is_longer_than_five_minutes(yard: Any) -> None:
    """Lambda: "The retry interval increases exponentially from 1 second after the first attempt to a maximum of
    5 minutes" (docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html), as long as an event lasts.
    """

    async def handler(ctx: Context, payload: Payload) -> None:
        raise ValueError("always")

    yard.declare("test.work", handler, attempts=1000, backoff=1.0)
    yard.cloud.clock.set(1_900_000_000, freeze=True)
    yard.later("test.work", {})
    waits = []
    for _ in range(14):
        (job,) = eventually(
            lambda: [job for job in control.call(yard.cloud.endpoint, "GET", "jobs")["pending"]
                     if job["attempts"] == len(waits) + 1]
        )  # fmt: skip
        waits.append((job["due_ms"] - yard.app.clock.now_ms()) / 1000)
        yard.cloud.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]
