"""The whole cloud on PostgreSQL: one node through boto3, writers that meet, and two nodes on one database.

What services do is tested with them, on the embedded store; here it is that the same operations hold when they run in
a pool of threads, on transactions that may have to be repeated, beside another node.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import botocore.config
import psycopg
import pytest
from botocore.exceptions import ClientError

from fogbank import testing
from fogbank.core.operation import Job
from fogbank.core.principal import root
from fogbank.jobs.records import JOBS, JobRecord
from fogbank.testing import control

CONFIG = botocore.config.Config(
    retries={"max_attempts": 0}, parameter_validation=False, read_timeout=60, max_pool_connections=32
)
WRITERS = 8


@pytest.fixture(scope="module")
def nodes(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """Two nodes on one database and one folder of blobs."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    data = tmp_path_factory.mktemp("cloud")
    with (
        testing.cloud(store=postgres_url, data=data, client_config=CONFIG) as one,
        testing.cloud(store=postgres_url, data=data, client_config=CONFIG) as two,
    ):
        yield one, two


@pytest.fixture
def node(nodes: tuple[Any, Any]) -> Any:
    return nodes[0]


@pytest.fixture
def aws(node: Any) -> Any:
    return node.account()


def both(nodes: tuple[Any, Any]) -> tuple[Any, Any]:
    """One fresh account, seen through each of the nodes."""
    first = nodes[0].account()
    return first, nodes[1].account(first.id)


def at_once(work: Callable[[int], Any], count: int = WRITERS) -> list[Any]:
    """The results of work(0) … work(count - 1), which all start at the same moment."""
    start = threading.Barrier(count)

    def run(n: int) -> Any:
        start.wait()
        return work(n)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def eventually(holds: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first truthy answer of `holds`."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found or time.monotonic() > end:
            assert found
            return found
        time.sleep(0.05)


def table(account: Any, name: str) -> Any:
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return dynamodb


def key(sk: str, pk: str = "p") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def arn_of(sqs: Any, url: str) -> str:
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def subscribed_queue(account: Any) -> tuple[str, str]:
    """A topic, and the URL of a queue that receives what is published to it."""
    sqs, sns = account.client("sqs"), account.client("sns")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    topic = sns.create_topic(Name="said")["TopicArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn_of(sqs, url)}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of(sqs, url), Attributes=raw)
    return topic, url


def received(sqs: Any, url: str, count: int, seconds: float = 15.0) -> list[str]:
    """The bodies of `count` messages, and of those that come within a moment after them."""
    bodies: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        bodies += [message["Body"] for message in answer.get("Messages", ())]
        if len(bodies) >= count and not answer.get("Messages"):
            break
    return bodies


# -- one node ----------------------------------------------------------------------------------------------------------


def test_parameters(aws: Any) -> None:
    ssm = aws.client("ssm")
    assert ssm.put_parameter(Name="/a/b", Value="1", Type="String")["Version"] == 1
    assert ssm.put_parameter(Name="/a/b", Value="2", Type="String", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/a/b")["Parameter"]["Value"] == "2"
    with pytest.raises(ClientError, match="ParameterAlreadyExists"):
        ssm.put_parameter(Name="/a/b", Value="3", Type="String")


def test_a_long_poll_is_woken(aws: Any) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    timer = threading.Timer(0.5, lambda: aws.client("sqs").send_message(QueueUrl=url, MessageBody="hello"))
    timer.start()
    started = time.monotonic()
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    timer.join()
    assert [message["Body"] for message in answer["Messages"]] == ["hello"]
    assert time.monotonic() - started < 19  # woken by the message, not by the end of the wait
    sqs.delete_message(QueueUrl=url, ReceiptHandle=answer["Messages"][0]["ReceiptHandle"])
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_topic_delivers_to_a_queue(aws: Any) -> None:
    topic, url = subscribed_queue(aws)
    aws.client("sns").publish(TopicArn=topic, Message="news")
    assert received(aws.client("sqs"), url, 1) == ["news"]


def test_items_queries_and_transactions(aws: Any) -> None:
    dynamodb = table(aws, "items")
    for n in range(30):
        dynamodb.put_item(TableName="items", Item={**key(f"{n:03}"), "n": {"N": str(n)}})
    found = dynamodb.query(
        TableName="items",
        KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :b",
        ExpressionAttributeValues={":p": {"S": "p"}, ":a": {"S": "010"}, ":b": {"S": "019"}},
        ScanIndexForward=False,
    )["Items"]
    assert [item["n"]["N"] for item in found] == [str(n) for n in range(19, 9, -1)]
    move = [
        {"Delete": {"TableName": "items", "Key": key("000"), "ConditionExpression": "attribute_exists(pk)"}},
        {"Put": {"TableName": "items", "Item": key("moved")}},
    ]
    dynamodb.transact_write_items(TransactItems=move)
    with pytest.raises(ClientError, match=r"TransactionCanceledException.*ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[move[0], {"Put": {"TableName": "items", "Item": key("never")}}])
    assert "Item" in dynamodb.get_item(TableName="items", Key=key("moved"))
    assert "Item" not in dynamodb.get_item(TableName="items", Key=key("never"))


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_objects_in_the_database_and_in_the_blob_store(aws: Any, size: int) -> None:
    s3 = aws.client("s3")
    bucket = f"objects-{aws.id}-{size}"
    s3.create_bucket(Bucket=bucket)
    body = bytes(range(256)) * (size // 256 + 1)
    s3.put_object(Bucket=bucket, Key="k", Body=body, Metadata={"a": "b"})
    answer = s3.get_object(Bucket=bucket, Key="k")
    assert answer["Body"].read() == body
    assert answer["Metadata"] == {"a": "b"}
    assert [item["Size"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [len(body)]
    s3.delete_object(Bucket=bucket, Key="k")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="k")


def test_iam_denies_and_admits(aws: Any) -> None:
    aws.client("ssm").put_parameter(Name="/open", Value="v", Type="String")
    allow = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/open"}
    ssm = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allow]})).client("ssm")
    assert ssm.get_parameter(Name="/open")["Parameter"]["Value"] == "v"
    with pytest.raises(ClientError, match=r"AccessDenied.*not authorized to perform: ssm:GetParameter"):
        ssm.get_parameter(Name="/shut")


def test_a_stack_is_made_and_removed(aws: Any) -> None:
    cloudformation = aws.client("cloudformation")
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": {"Type": "AWS::SNS::Topic"}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resources}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
    cloudformation.delete_stack(StackName="s")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_metrics(aws: Any) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
    assert [metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="N")["Metrics"]] == ["m"]


# -- writers that meet -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [1, 2], ids=["one node", "two nodes"])
def test_concurrent_updates_of_one_item_are_each_applied_once(nodes: tuple[Any, Any], spread: int) -> None:
    accounts = both(nodes)[:spread]
    table(accounts[0], "counters")
    clients = [accounts[n % spread].client("dynamodb") for n in range(WRITERS)]

    def add(n: int) -> None:
        for _ in range(10):
            clients[n].update_item(
                TableName="counters",
                Key=key("one"),
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    at_once(add)
    item = clients[0].get_item(TableName="counters", Key=key("one"), ConsistentRead=True)["Item"]
    assert item["n"] == {"N": str(WRITERS * 10)}


def test_one_of_many_creators_wins(nodes: tuple[Any, Any]) -> None:
    accounts = both(nodes)
    clients = [accounts[n % 2].client("ssm") for n in range(WRITERS)]

    def create(n: int) -> str:
        try:
            clients[n].put_parameter(Name="/once", Value=str(n), Type="String")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    outcomes = at_once(create)
    assert sorted(outcomes) == ["ParameterAlreadyExists"] * (WRITERS - 1) + ["created"]
    winner = clients[0].get_parameter(Name="/once")["Parameter"]["Value"]
    assert winner == str(outcomes.index("created"))


def test_each_message_is_given_to_one_receiver(nodes: tuple[Any, Any]) -> None:
    accounts = both(nodes)
    clients = [account.client("sqs") for account in accounts]
    url = clients[0].create_queue(QueueName="shared")["QueueUrl"]
    clients = [accounts[n % 2].client("sqs") for n in range(WRITERS)]
    for n in range(0, 40, 10):
        entries = [{"Id": str(m), "MessageBody": str(n + m)} for m in range(10)]
        assert len(clients[0].send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10

    def receive(n: int) -> list[str]:
        bodies: list[str] = []
        while messages := clients[n].receive_message(QueueUrl=url, MaxNumberOfMessages=3).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return bodies

    bodies = [body for some in at_once(receive) for body in some]
    assert sorted(bodies, key=int) == [str(n) for n in range(40)]


# -- two nodes ---------------------------------------------------------------------------------------------------------


def test_a_message_sent_at_one_node_wakes_a_poll_at_the_other(nodes: tuple[Any, Any]) -> None:
    here, there = both(nodes)
    url = here.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    timer = threading.Timer(0.5, lambda: here.client("sqs").send_message(QueueUrl=url, MessageBody="over"))
    timer.start()
    started = time.monotonic()
    answer = there.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
    timer.join()
    assert [message["Body"] for message in answer["Messages"]] == ["over"]
    assert time.monotonic() - started < 19  # woken by the message, not by the end of the wait


def test_a_job_runs_once(nodes: tuple[Any, Any]) -> None:
    here, there = both(nodes)
    topic, url = subscribed_queue(here)
    sns = [account.client("sns") for account in (here, there)]
    at_once(lambda n: [sns[n % 2].publish(TopicArn=topic, Message=f"{n}-{m}") for m in range(5)])
    expected = sorted(f"{n}-{m}" for n in range(WRITERS) for m in range(5))
    assert sorted(received(there.client("sqs"), url, len(expected))) == expected


def test_what_iam_changes_at_one_node_holds_at_the_other(nodes: tuple[Any, Any]) -> None:
    here, there = both(nodes)
    here.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    user = here.user(name="somebody")
    ssm = there.as_keys({"AccessKeyId": user.keys["aws_access_key_id"],
                         "SecretAccessKey": user.keys["aws_secret_access_key"]}).client("ssm")  # fmt: skip

    def admitted() -> bool:
        try:
            ssm.get_parameter(Name="/p")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            return False
        return True

    assert not admitted()
    allow = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    here.client("iam").put_user_policy(UserName="somebody", PolicyName="p", PolicyDocument=document)
    eventually(admitted)
    here.client("iam").delete_user_policy(UserName="somebody", PolicyName="p")
    eventually(lambda: not admitted())


def test_a_table_changed_at_one_node_is_known_at_the_other(nodes: tuple[Any, Any]) -> None:
    here, there = both(nodes)
    table(here, "shared")
    other = there.client("dynamodb")
    other.put_item(TableName="shared", Item=key("a"))
    assert "Item" in here.client("dynamodb").get_item(TableName="shared", Key=key("a"), ConsistentRead=True)
    here.client("dynamodb").delete_table(TableName="shared")

    def gone() -> bool:
        try:
            other.put_item(TableName="shared", Item=key("b"))
        except ClientError as error:
            return bool(error.response["Error"]["Code"] == "ResourceNotFoundException")
        return False

    eventually(gone)


def put_job(node: Any, name: str, **fields: Any) -> None:
    """A job that is due, as an operation would leave it."""
    owner = root("111122223333")
    job = JobRecord(id=name, kind="test.work", account=owner.account, region="us-east-1", principal=owner,
                    payload={"name": name}, due_ms=1, **fields)  # fmt: skip

    def put() -> None:
        with node.app.store.write() as tx:
            tx.put(JOBS, job)
            tx.signal("jobs")

    node.run(node.app.run(put))


@pytest.fixture
def work(nodes: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], list[tuple[int, str]]]]:
    """`work(handler)`: jobs of the kind test.work await handler(name); the list it returns fills with (node, name)."""
    runs: list[tuple[int, str]] = []

    def declare(handler: Callable[[str], Any]) -> list[tuple[int, str]]:
        for number, node in enumerate(nodes):

            async def call(ctx: Any, payload: dict[str, Any], number: int = number) -> None:
                runs.append((number, payload["name"]))
                await handler(payload["name"])

            declared = Job("test.work", call, 3, 0.01)
            monkeypatch.setattr(node.app.worker, "_find", lambda kind, declared=declared: declared)
        return runs

    yield declare
    eventually(lambda: not jobs_of(nodes[0], "pending"))


def jobs_of(node: Any, state: str) -> list[dict[str, Any]]:
    """The jobs of these tests; services have others that wait for their time."""
    return [job for job in control.call(node.endpoint, "GET", "jobs")[state] if job["kind"] == "test.work"]


def test_many_jobs_run_once_each_and_both_nodes_take_some(nodes: tuple[Any, Any], work: Any) -> None:
    async def a_moment(name: str) -> None:
        await asyncio.sleep(0.2)

    runs = work(a_moment)
    names = [f"many-{n:03}" for n in range(200)]
    at_once(lambda n: [put_job(nodes[0], name) for name in names[n::WRITERS]])
    eventually(lambda: not jobs_of(nodes[0], "pending"), 20)
    assert sorted(name for _, name in runs) == names
    assert {number for number, _ in runs} == {0, 1}


def test_a_lease_is_renewed_while_its_job_runs(work: Any, nodes: tuple[Any, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("fogbank.jobs.leases.LEASE_SECONDS", 0.9)

    async def long(name: str) -> None:
        await asyncio.sleep(2.5)

    runs = work(long)
    put_job(nodes[0], "long")
    eventually(lambda: not jobs_of(nodes[0], "pending"))
    assert [name for _, name in runs] == ["long"]


def test_the_job_of_a_node_that_died_runs_when_its_lease_ends(nodes: tuple[Any, Any], work: Any) -> None:
    async def nothing(name: str) -> None:
        return

    runs = work(nothing)
    until = time.time() + 1.5
    put_job(nodes[0], "orphan", lease_until_ms=int(until * 1000), lease_by="a node that died")
    time.sleep(0.5)
    assert runs == []
    eventually(lambda: runs)
    assert time.time() >= until
    eventually(lambda: not jobs_of(nodes[0], "pending"))
    assert len(runs) == 1


def test_a_job_that_keeps_failing_ends_on_the_failed_list_of_both(nodes: tuple[Any, Any], work: Any) -> None:
    async def fail(name: str) -> None:
        raise ValueError(f"{name} cannot be done")

    runs = work(fail)
    put_job(nodes[0], "hopeless")
    for node in nodes:
        (job,) = eventually(lambda node=node: [job for job in jobs_of(node, "failed") if job["id"] == "hopeless"])
        assert (job["attempts"], job["error"]) == (3, "ValueError: hopeless cannot be done")
    assert len(runs) == 3


def test_what_changed_while_nobody_listened_is_looked_at_again(
    nodes: tuple[Any, Any], postgres_url: str, monkeypatch: Any
) -> None:
    """Notifications are lost while the listening connection is down; what was remembered must not outlive that."""
    here, there = both(nodes)
    here.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    allow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}}
    user = here.user(json.dumps(allow), name="fired")
    ssm = there.as_keys({"AccessKeyId": user.keys["aws_access_key_id"],
                         "SecretAccessKey": user.keys["aws_secret_access_key"]}).client("ssm")  # fmt: skip
    ssm.get_parameter(Name="/p")
    listening, gate, connect = nodes[1].app.store._listening, threading.Event(), psycopg.connect

    def connect_when_let(*args: Any, **more: Any) -> Any:
        """The listening threads come back when the change is made, and not before."""
        if threading.current_thread().name == "fogbank-listen":
            assert gate.wait(60)
        return connect(*args, **more)

    monkeypatch.setattr(psycopg, "connect", connect_when_let)
    listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    try:
        with connect(postgres_url, autocommit=True) as connection:
            assert len(connection.execute(listeners).fetchall()) == len(nodes)
        eventually(lambda: not listening.ready.is_set())
        here.client("iam").delete_user_policy(UserName="fired", PolicyName="inline")
        assert not listening.ready.is_set(), "the change came while nobody listened"
    finally:
        gate.set()
    eventually(listening.ready.is_set)

    def refused() -> bool:
        try:
            ssm.get_parameter(Name="/p")
        except ClientError as error:
            return bool(error.response["Error"]["Code"] == "AccessDeniedException")
        return False

    eventually(refused)


def test_connections_that_broke_are_replaced(nodes: tuple[Any, Any], postgres_url: str) -> None:
    """The database was restarted: what has not begun yet takes a new connection, and nobody notices."""
    account = nodes[0].account()
    at_once(lambda n: account.client("ssm").put_parameter(Name=f"/{n}", Value="v", Type="String"))
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND state = 'idle'"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(others)
    user = account.user()  # read on the event loop
    with pytest.raises(ClientError, match="AccessDenied"):
        user.client("ssm").get_parameter(Name="/1")
    values = at_once(lambda n: account.client("ssm").get_parameter(Name=f"/{n}")["Parameter"]["Value"])
    assert values == ["v"] * WRITERS


def test_the_clock_moves_for_both_nodes(nodes: tuple[Any, Any]) -> None:
    """Last: it leaves the clock moved. Delays end on the way, and the other node follows."""
    here, there = both(nodes)
    sqs = here.client("sqs")
    url = sqs.create_queue(QueueName="later", Attributes={"DelaySeconds": "600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="slow")
    assert "Messages" not in there.client("sqs").receive_message(QueueUrl=url)
    nodes[0].clock.advance(601)
    eventually(lambda: abs((nodes[1].clock.now() - nodes[0].clock.now()).total_seconds()) < 1)
    answer = there.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert [message["Body"] for message in answer["Messages"]] == ["slow"]
    nodes[1].clock.resume()
    eventually(lambda: abs((nodes[1].clock.now() - nodes[0].clock.now()).total_seconds()) < 1)


def test_threads_share_one_of_each_thing_and_no_id(nodes: tuple[Any, Any]) -> None:
    """Operations run in the pool's threads here: what they reach through the context has to bear that."""
    app = nodes[0].app
    made: list[object] = []

    def kind(_: Any) -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    assert len(set(map(id, at_once(lambda n: app.local(kind))))) == len(made) == 1
    drawn = [name for some in at_once(lambda n: [app.ids.uuid() for _ in range(5000)]) for name in some]
    assert len(set(drawn)) == len(drawn)
