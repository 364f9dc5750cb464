"""Sending to an ARN: what arrives, as whom, and what an error says. Through the services that do it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.core import targets
from fogbank.core.context import Context
from fogbank.core.errors import ServiceUnavailable, Throttling
from fogbank.core.principal import service
from fogbank.core.targets import Undeliverable
from fogbank.services.sns.records import OUTGOING, WAITING


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def deliver(cloud: Any, aws: Any, arn: str, text: str = "text", **more: Any) -> None:
    """Send as s3.amazonaws.com, for a bucket of the account."""

    async def go() -> None:
        app = cloud.app
        who = service("s3.amazonaws.com", aws.id, "arn:aws:s3:::bucket")
        ctx = Context(app=app, account=aws.id, region="us-east-1", principal=who, request_id=app.ids.uuid(),
                      endpoint=app.endpoint)  # fmt: skip
        await targets.deliver(ctx, arn, text, **more)

    cloud.run(go())


def queue(aws: Any, name: str, allow: str = "", region: str = "us-east-1", **attributes: str) -> tuple[str, str]:
    """The URL and ARN of a queue that lets a service in."""
    sqs = aws.client("sqs", region)
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = f"arn:aws:sqs:{region}:{aws.id}:{name}"
    if allow:
        statement = {"Effect": "Allow", "Principal": {"Service": allow}, "Action": "sqs:SendMessage", "Resource": arn,
                     "Condition": {"StringEquals": {"aws:SourceAccount": aws.id}}}  # fmt: skip
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(
            {"Version": "2012-10-17", "Statement": [statement]})})  # fmt: skip
    return url, arn


def bodies(aws: Any, url: str, region: str = "us-east-1", wait: int = 10) -> list[str]:
    answer = aws.client("sqs", region).receive_message(QueueUrl=url, WaitTimeSeconds=wait, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_queue_in_its_own_region(cloud: Any, aws: Any) -> None:
    url, arn = queue(aws, "far", "s3.amazonaws.com", "eu-west-1")
    deliver(cloud, aws, arn, attributes={"k": {"DataType": "String", "StringValue": "v"}})
    sqs = aws.client("sqs", "eu-west-1")
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"])["Messages"][0]
    assert (message["Body"], message["MessageAttributes"]["k"]["StringValue"]) == ("text", "v")


def test_a_fifo_queue_gets_group_and_deduplication(cloud: Any, aws: Any) -> None:
    url, arn = queue(aws, "q.fifo", "s3.amazonaws.com", FifoQueue="true")
    for _ in range(2):
        deliver(cloud, aws, arn, group="g", dedup="d")
    assert bodies(aws, url) == ["text"]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:sqs:us-east-1:{account}:shut", "AccessDenied"),
        ("arn:aws:sqs:us-east-1:{account}:gone", "AccessDenied"),
        ("arn:aws:sns:us-east-1:{account}:gone", "AuthorizationError"),
        ("arn:aws:lambda:us-east-1:{account}:function:gone", "AccessDeniedException"),
        ("arn:aws:mediaconvert:us-east-1:{account}:queue", "NotImplemented"),
        ("gone", "ValidationError"),
    ],
)
def test_what_another_try_does_not_mend(cloud: Any, aws: Any, arn: str, code: str) -> None:
    queue(aws, "shut")
    with pytest.raises(Undeliverable) as caught:
        deliver(cloud, aws, arn.format(account=aws.id))
    assert not caught.value.again
    error = caught.value.error
    assert code in (error.code, error.code_for("query"), error.code_for("json"))


def test_what_another_try_may_mend() -> None:
    assert Undeliverable("a", ServiceUnavailable()).again
    assert Undeliverable("a", Throttling()).again


def topic(aws: Any, name: str = "t") -> str:
    arn: str = aws.client("sns").create_topic(Name=name)["TopicArn"]
    return arn


def test_subscriptions_that_fail_are_nobody_elses_matter(cloud: Any, aws: Any) -> None:
    """The publisher hears of none of it; the message is kept once for all, and forgotten when all are done."""
    sns, arn = aws.client("sns"), topic(aws)
    good, good_arn = queue(aws, "good", "sns.amazonaws.com")
    dead, dead_arn = queue(aws, "dead", "sns.amazonaws.com")
    _, shut_arn = queue(aws, "shut")
    raw = {"RawMessageDelivery": "true"}
    redrive = {**raw, "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})}
    lost = {**raw, "RedrivePolicy": json.dumps({"deadLetterTargetArn": shut_arn})}
    gone = f"arn:aws:lambda:us-east-1:{aws.id}:function:gone"
    for protocol, endpoint, attributes in (
        ("sqs", good_arn, raw), ("sqs", shut_arn, redrive), ("lambda", gone, redrive), ("lambda", f"{gone}2", lost),
    ):  # fmt: skip
        sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    assert sns.publish(TopicArn=arn, Message="m")["MessageId"]
    assert bodies(aws, good) == ["m"]
    arrived: list[str] = []
    assert eventually(lambda: arrived.extend(bodies(aws, dead, wait=1)) or len(arrived) >= 2)
    assert arrived == ["m", "m"]

    def kept() -> int:
        with cloud.app.store.read() as tx:
            return len(list(tx.scan(OUTGOING, (arn,)))) + len(list(tx.scan(WAITING, (arn,))))

    assert eventually(lambda: kept() == 0)


def test_a_message_to_many_survives_kill_9(restarted: Any) -> None:
    aws = restarted.account()
    sns, arn = aws.client("sns"), topic(aws)
    urls = []
    for number in range(5):
        url, queue_arn = queue(aws, f"q{number}", "sns.amazonaws.com")
        urls.append(url)
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=arn, Message="m" * 200_000)
    restarted.restart()
    for url in urls:
        assert "m" * 200_000 in bodies(aws, url)


def function(aws: Any, name: str) -> str:
    """A function that prints what it is given; its log shows it."""
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:*", "sqs:*"], "Resource": "*"}]}
    iam = aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(may))
    code = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", code)
    client = aws.client("lambda")
    arn: str = client.create_function(FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=role,
                                      Code={"ZipFile": archive.getvalue()})["FunctionArn"]  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    return arn


def printed(aws: Any, name: str) -> list[Any]:
    logs = aws.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def test_a_groups_filters_send_each_for_itself(aws: Any) -> None:
    """One function lets Logs in and gets the events once, the other does not.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
    """
    logs, client = aws.client("logs"), aws.client("lambda")
    group = f"arn:aws:logs:us-east-1:{aws.id}:log-group:g:*"
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    for name, allowed in (("a-shut", False), ("b-open", True)):
        arn = function(aws, name)
        if allowed:
            client.add_permission(FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction",
                                  Principal="logs.amazonaws.com", SourceArn=group, SourceAccount=aws.id)  # fmt: skip
        logs.put_subscription_filter(logGroupName="g", filterName=name, filterPattern="wanted", destinationArn=arn)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": text} for text in ("wanted one", "other", "wanted two")]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    seen = eventually(lambda: printed(aws, "b-open"))
    assert len(seen) == 1
    sent = json.loads(gzip.decompress(base64.b64decode(seen[0]["awslogs"]["data"])))
    assert [event.pop("message") for event in sent.pop("logEvents")] == ["wanted one", "wanted two"]
    assert sent == {"messageType": "DATA_MESSAGE", "owner": aws.id, "logGroup": "g", "logStream": "s",
                    "subscriptionFilters": ["b-open"]}  # fmt: skip
    assert not printed(aws, "a-shut")


def test_a_stack_tells_each_of_its_topics(aws: Any) -> None:
    """One of them is gone when it does."""
    sns = aws.client("sns")
    gone, good = topic(aws, "a-gone"), topic(aws, "good")
    url, arn = queue(aws, "told", "sns.amazonaws.com")
    sns.subscribe(TopicArn=good, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    template = {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}}
    sns.delete_topic(TopicArn=gone)
    aws.client("cloudformation").create_stack(
        StackName="s", TemplateBody=json.dumps(template), NotificationARNs=[gone, good]
    )
    texts: list[str] = []

    def told() -> bool:
        texts.extend(bodies(aws, url, wait=1))
        return any("LogicalResourceId='P'" in text and "ResourceStatus='CREATE_COMPLETE'" in text for text in texts)

    assert eventually(told)
