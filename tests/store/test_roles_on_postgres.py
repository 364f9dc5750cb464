"""Roles that services act as, and messages to many, where two nodes share one PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from fogbank import testing
from fogbank.core.context import Context
from fogbank.core.principal import service
from fogbank.services.sns.records import OUTGOING, WAITING

LAMBDA = "lambda.amazonaws.com"


@pytest.fixture(scope="module")
def nodes(postgres_url: str, tmp_path_factory: pytest.TempPathFactory, fogbank_options: Any) -> Iterator[Any]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    data = tmp_path_factory.mktemp("cloud")
    with (
        testing.cloud(store=postgres_url, data=data, **fogbank_options) as one,
        testing.cloud(store=postgres_url, data=data, **fogbank_options) as two,
    ):
        yield one, two


def become(node: Any, account: str, role: str) -> Any:
    async def go() -> Any:
        app = node.app
        who = service("test.amazonaws.com", account)
        ctx = Context(app=app, account=account, region="us-east-1", principal=who, request_id=app.ids.uuid())
        return (await ctx.assume(role, by=LAMBDA, session="by-test")).principal

    return node.run(go())


def test_a_role_that_changes_on_one_node_is_another_on_the_other(nodes: Any) -> None:
    one, two = nodes
    aws = one.account()
    allow = {"Effect": "Allow", "Principal": {"Service": LAMBDA}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    first = become(one, aws.id, role)
    assert become(one, aws.id, role).access_key == first.access_key
    two.account(aws.id).client("iam").tag_role(RoleName="r", Tags=[{"Key": "team", "Value": "red"}])
    end = time.monotonic() + 20
    while become(one, aws.id, role).tags != {"team": "red"}:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_message_to_many_is_forgotten_when_the_last_has_it(nodes: Any) -> None:
    """Deliveries that end at the same time on both nodes agree which is the last."""
    one, _ = nodes
    aws = one.account()
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    urls = [sqs.create_queue(QueueName=f"q{n}")["QueueUrl"] for n in range(6)]
    for n, url in enumerate(urls):
        arn = f"arn:aws:sqs:us-east-1:{aws.id}:q{n}"
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="m")
    for url in urls:
        assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"] == "m"
    end = time.monotonic() + 30
    while True:
        with one.app.store.read() as tx:
            left = len(list(tx.scan(OUTGOING, (topic,)))) + len(list(tx.scan(WAITING, (topic,))))
        if not left:
            break
        assert time.monotonic() < end
        time.sleep(0.05)
