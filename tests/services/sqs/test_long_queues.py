"""Queues with many messages: counts and receives do not read them all.

Work is counted in calls of Python functions, which a busy machine does not change.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from fogbank.core.context import Context
from fogbank.core.principal import root
from fogbank.services.sqs import delivery
from fogbank.services.sqs.records import GROUPS, MESSAGES, QUEUES
from fogbank.services.sqs.tallies import Tallies

MANY = 20_000
SOME = 200  # messages in a transaction
ALL = ["All"]


@pytest.fixture
def sqs(aws):
    return aws.client("sqs")


def numbers(sqs: Any, url: str) -> tuple[int, int, int]:
    """Visible, in flight, delayed."""
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=ALL)["Attributes"]
    names = ("", "NotVisible", "Delayed")
    visible, flying, delayed = (int(shown[f"ApproximateNumberOfMessages{name}"]) for name in names)
    return visible, flying, delayed


def inside(cloud: Any, aws: Any) -> Context:
    return Context(
        app=cloud.app, account=aws.id, region="us-east-1", principal=root(aws.id), request_id="r", names=None
    )


def fill(cloud: Any, aws: Any, name: str, count: int, group: str = "") -> None:
    """Send messages as the operation does, many in a transaction."""
    ctx = inside(cloud, aws)

    def some(tx: Any, first: int) -> None:
        queue = tx.get(QUEUES, (aws.id, "us-east-1", name))
        for n in range(first, min(first + SOME, count)):
            extra = {"MessageGroupId": group, "MessageDeduplicationId": str(n)} if group else {}
            delivery.send(tx, ctx, queue, {"MessageBody": f"m{n}", **extra})

    async def send() -> None:
        for first in range(0, count, SOME):
            await ctx.transact(some, first)
            await asyncio.sleep(0)

    cloud.run(send())


def calls(cloud: Any, function: Any) -> tuple[int, Any]:
    """How many Python functions a function calls on the cloud's loop, and what it returns."""

    async def run() -> tuple[int, Any]:
        seen = 0

        def note(frame: Any, event: str, arg: Any) -> None:
            nonlocal seen
            seen += event == "call"

        sys.setprofile(note)
        try:
            result = function()
        finally:
            sys.setprofile(None)
        return seen, result

    return cloud.run(run())


@pytest.mark.one_node(reason="it counts steps in the embedded store")
def test_counting_does_not_read_the_messages(cloud, aws, sqs):
    url = sqs.create_queue(QueueName="many")["QueueUrl"]
    fill(cloud, aws, "many", MANY)
    assert numbers(sqs, url) == (MANY, 0, 0)
    store = cloud.app.store
    queue = look(cloud, aws, "many")

    def count() -> Any:
        with store.read() as tx:
            return cloud.app.local(Tallies).counts(tx, queue, int(cloud.app.clock.now() * 1000))

    steps, found = calls(cloud, count)
    assert found == (MANY, 0, 0)
    assert steps < 300


def look(cloud: Any, aws: Any, name: str) -> Any:
    async def get() -> Any:
        with cloud.app.store.read() as tx:
            return tx.get(QUEUES, (aws.id, "us-east-1", name))

    return cloud.run(get())


def test_counts_follow_every_change(own_cloud):
    aws = own_cloud.account()
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=ALL)["Attributes"]["QueueArn"]
    url = sqs.create_queue(
        QueueName="q", Attributes={"RedrivePolicy": f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}'}
    )["QueueUrl"]
    assert numbers(sqs, url) == (0, 0, 0)
    for n in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(n), DelaySeconds=60 if n == 4 else 0)
    assert numbers(sqs, url) == (4, 0, 1)
    first, second = (sqs.receive_message(QueueUrl=url, VisibilityTimeout=30)["Messages"][0] for _ in range(2))
    assert numbers(sqs, url) == (2, 2, 1)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert numbers(sqs, url) == (2, 1, 1)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    assert numbers(sqs, url) == (3, 0, 1)
    own_cloud.advance(61)
    assert numbers(sqs, url) == (4, 0, 0)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)  # the one that was received before moves on
    assert numbers(sqs, url) == (0, 3, 0)
    assert numbers(sqs, dead) == (1, 0, 0)
    with pytest.raises(Exception, match="MessageBody"):
        sqs.send_message(QueueUrl=url, MessageBody="")
    assert numbers(sqs, url) == (0, 3, 0)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    own_cloud.advance(61)
    assert numbers(sqs, url) == (0, 0, 0)
    sqs.purge_queue(QueueUrl=dead)
    own_cloud.advance(1)
    assert numbers(sqs, dead) == (0, 0, 0)


def test_counts_are_exact_after_a_crash(restarted):
    sqs = restarted.account("111122223333").client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    numbers(sqs, url)
    for n in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(n))
    sqs.receive_message(QueueUrl=url)
    restarted.restart()
    sqs = restarted.account("111122223333").client("sqs")
    assert numbers(sqs, url) == (2, 1, 0)
    sqs.send_message(QueueUrl=url, MessageBody="4")
    assert numbers(sqs, url) == (3, 1, 0)


def test_messages_that_come_and_go_while_others_are_counted(cloud, aws, sqs):
    url = sqs.create_queue(QueueName="busy")["QueueUrl"]
    fill(cloud, aws, "busy", 5_000)
    ctx, tallies, queue = inside(cloud, aws), cloud.app.local(Tallies), look(cloud, aws, "busy")

    def swap(tx: Any) -> None:
        """One less where it was counted already, one less and one more where it was not."""
        for end in (False, True):
            delivery.remove(tx, ctx, next(iter(tx.scan(MESSAGES, (queue.id,), reverse=end))))
        delivery.send(tx, ctx, queue, {"MessageBody": "late"})

    async def both() -> None:
        counting = asyncio.ensure_future(tallies.make_ready(ctx, queue))
        while not counting.done():
            await asyncio.sleep(0)
            await ctx.transact(swap)
        await counting

    cloud.run(both())

    async def real() -> int:
        with cloud.app.store.read() as tx:
            return sum(1 for _ in tx.scan(MESSAGES, (queue.id,)))

    assert numbers(sqs, url)[0] == cloud.run(real()) < 5_000


# -- FIFO ------------------------------------------------------------------------------------------------------------


FIFO = {"FifoQueue": "true"}


def bodies(answer: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in answer.get("Messages", ())]


def test_a_receive_does_not_read_groups_that_wait(cloud, aws, sqs):
    url = sqs.create_queue(QueueName="long.fifo", Attributes=FIFO)["QueueUrl"]
    fill(cloud, aws, "long.fifo", MANY, group="slow")
    assert bodies(sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)) == ["m0"]
    ctx, queue = inside(cloud, aws), look(cloud, aws, "long.fifo")

    def receive() -> Any:
        with ctx.write() as tx:
            return delivery.receive(tx, ctx, queue, 10, 30)

    steps, found = calls(cloud, receive)
    assert found == []
    assert steps < 300
    sqs.send_message(QueueUrl=url, MessageBody="other", MessageGroupId="quick", MessageDeduplicationId="other")
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["other"]


def test_one_group_after_the_other(sqs):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html

    "SQS first attempts to return as many messages with the same message group ID as possible."
    """
    url = sqs.create_queue(QueueName="g.fifo", Attributes=FIFO)["QueueUrl"]
    for body in ("a1", "b1", "a2", "b2", "a3"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=body)
    first = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)
    assert bodies(first) == ["a1", "a2"]
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["b1", "b2"]
    for message in first["Messages"]:
        assert bodies(sqs.receive_message(QueueUrl=url)) == []
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert bodies(sqs.receive_message(QueueUrl=url)) == ["a3"]


def test_messages_of_a_fifo_queue_that_an_earlier_version_kept(cloud, aws, sqs):
    url = sqs.create_queue(QueueName="old.fifo", Attributes=FIFO)["QueueUrl"]
    for body in ("a1", "b1", "a2"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=body)

    async def as_before() -> None:
        with cloud.app.store.write() as tx:
            queue = tx.get(QUEUES, (aws.id, "us-east-1", "old.fifo"))
            for name in ("a", "b"):
                assert tx.delete(GROUPS, (queue.id, name))
            queue.grouped = False
            tx.put(QUEUES, queue)

    cloud.run(as_before())
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["a1", "a2", "b1"]
