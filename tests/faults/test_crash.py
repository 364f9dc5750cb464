"""kill -9 at random moments under load: nothing acknowledged is lost, nothing is half done, every committed job runs.

10 rounds by default; `make test-faults` sets FOGBANK_CRASH_ROUNDS to 200.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

ROUNDS = int(os.environ.get("FOGBANK_CRASH_ROUNDS", "10"))
WRITERS = 3
GONE = (BotoCoreError, ClientError, OSError)


class Load:
    """Writers that note what was acknowledged, and what was at least tried."""

    def __init__(self, account, queue_url: str, topic: str) -> None:
        self.account, self.queue_url, self.topic = account, queue_url, topic
        self.numbers = itertools.count()
        self.tried: set[int] = set()
        self.acknowledged: set[int] = set()
        self.published: set[str] = set()

    def run(self, stop: threading.Event) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._write, args=(stop,)) for _ in range(WRITERS)]
        threads.append(threading.Thread(target=self._publish, args=(stop,)))
        for thread in threads:
            thread.start()
        return threads

    def _write(self, stop: threading.Event) -> None:
        dynamodb = self.account.client("dynamodb")
        while not stop.is_set():
            number = next(self.numbers)
            self.tried.add(number)
            halves = [
                {"Put": {"TableName": "pairs", "Item": {"id": {"S": f"{half}{number}"}, "n": {"N": str(number)}}}}
                for half in "ab"
            ]
            try:
                dynamodb.transact_write_items(TransactItems=halves)
            except GONE:
                return
            self.acknowledged.add(number)

    def _publish(self, stop: threading.Event) -> None:
        sns = self.account.client("sns")
        while not stop.is_set():
            text = f"m{next(self.numbers)}"
            try:
                sns.publish(TopicArn=self.topic, Message=text)
            except GONE:
                return
            self.published.add(text)

    def check_items(self) -> None:
        """Every acknowledged pair is whole; a pair that was not acknowledged is whole or absent."""
        found = set()
        for page in self.account.client("dynamodb").get_paginator("scan").paginate(TableName="pairs"):
            found |= {item["id"]["S"] for item in page["Items"]}
        lost = [n for n in self.acknowledged if f"a{n}" not in found or f"b{n}" not in found]
        torn = [n for n in self.tried if (f"a{n}" in found) != (f"b{n}" in found)]
        assert (lost, torn) == ([], [])

    def check_messages(self) -> None:
        """Every acknowledged publication arrives, at least once."""
        sqs = self.account.client("sqs")
        missing = set(self.published)
        deadline = time.monotonic() + 30
        while missing and time.monotonic() < deadline:
            answer = sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", ()):
                missing.discard(message["Body"])
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        assert missing == set()
        self.published.clear()


@pytest.fixture
def load(restarted):
    account = restarted.account()
    account.client("dynamodb").create_table(
        TableName="pairs",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sqs, sns = account.client("sqs"), account.client("sns")
    url = sqs.create_queue(QueueName="crash")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="crash")["TopicArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": queue_arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    return Load(account, url, topic)


def test_kill_at_random_moments(restarted, load):
    random_source = random.Random(20)
    for _ in range(ROUNDS):
        stop = threading.Event()
        threads = load.run(stop)
        time.sleep(random_source.uniform(0.05, 0.4))
        restarted.kill()
        stop.set()
        for thread in threads:
            thread.join()
        restarted.start()
        load.check_items()
        load.check_messages()
    assert len(load.acknowledged) > ROUNDS
