"""What a policy grants or denies beyond the names: by tags, to other accounts; and what a refusal leaves behind."""

from __future__ import annotations

import json

import pytest

from fogbank.core.errors import InternalFailure, ServiceError
from fogbank.core.trace import LONGEST, Hop, Trace

from .world import ALL, REGION, SECRET, STRANGER, VICTIM, World

URL = f"http://127.0.0.1:4566/{VICTIM}/Jobs"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html and its neighbours:
# "Cross-account permissions don't apply to this action."
OWNERS = [
    ("AddPermission", {"Label": "x", "AWSAccountIds": [STRANGER], "Actions": ["*"]}),
    ("DeleteQueue", {}),
    ("ListQueueTags", {}),
    ("RemovePermission", {"Label": "x"}),
    ("SetQueueAttributes", {"Attributes": {"Policy": ""}}),
    ("TagQueue", {"Tags": {"a": "b"}}),
    ("UntagQueue", {"TagKeys": ["k"]}),
]


@pytest.mark.parametrize(("operation", "more"), OWNERS)
def test_a_queue_is_managed_by_its_account_only(world: World, operation: str, more: dict[str, object]) -> None:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": everything})
    world.own("sqs", "SetQueueAttributes", QueueUrl=URL, Attributes={"Policy": document})
    world.call(world.stranger, "sqs", "SendMessage", QueueUrl=URL, MessageBody="hello")
    before = world.rows()
    with pytest.raises(ServiceError):
        world.call(world.stranger, "sqs", operation, QueueUrl=URL, **more)
    assert world.rows() == before


@pytest.mark.parametrize(("service", "operation", "request_"), [
    ("sqs", "GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["All"]}),
    ("sqs", "DeleteQueue", {"QueueUrl": URL}),
    ("logs", "FilterLogEvents", {"logGroupName": "/deep/Log"}),
    ("dynamodb", "Scan", {"TableName": "Items"}),
    ("iam", "DeleteUser", {"UserName": "Boss"}),
    ("lambda", "GetFunction", {"FunctionName": "Work"}),
])  # fmt: skip
def test_a_deny_by_the_tags_of_a_thing_holds(world: World, service: str, operation: str, request_: dict) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html"""
    condition = {"StringEquals": {"aws:ResourceTag/k": SECRET}}
    name = f"by-tag-{operation}"
    who = world._user(name, ALL, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition})
    with pytest.raises(ServiceError, match="explicit deny"):
        world.call(who, service, operation, **request_)


@pytest.mark.parametrize(
    "url", ["http://[x", "http://\uff45\u2100.com/q", f"http://[::1/{VICTIM}/Jobs", "a/b/c" + "x" * 9_000]
)
def test_what_is_no_url_is_refused_in_few_words(world: World, url: str) -> None:
    with pytest.raises(ServiceError) as caught:
        world.own("sqs", "GetQueueAttributes", QueueUrl=url)
    assert not isinstance(caught.value, InternalFailure) and len(caught.value.message) < 1000


def test_a_policy_of_one_statement_can_be_added_to(world: World) -> None:
    statement = {"Sid": "one", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    world.own("sqs", "SetQueueAttributes", QueueUrl=URL, Attributes={"Policy": document})
    world.own("sqs", "AddPermission", QueueUrl=URL, Label="two", AWSAccountIds=[STRANGER], Actions=["SendMessage"])
    world.own("sqs", "RemovePermission", QueueUrl=URL, Label="one")
    with pytest.raises(ServiceError, match="must contain the parameter AWSAccountIds"):
        world.own("sqs", "AddPermission", QueueUrl=URL, Label="three", AWSAccountIds=[], Actions=["SendMessage"])


def test_what_is_kept_of_a_call_is_short() -> None:
    trace = Trace()
    trace.add(Hop("id", 0.0, "sqs", "x" * 100_000, VICTIM, REGION, "", error="Wrong", message="y" * 8_000_000))
    kept = trace.get("id")
    assert kept is not None and len(kept.message) <= LONGEST + 1 and len(kept.operation) <= LONGEST + 1


def test_fields_of_a_form_are_counted_with_what_is_around_them(aws, raw, cloud) -> None:
    """S3 takes 20 KB in front of the file: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html"""
    aws.client("s3").create_bucket(Bucket=f"form-{aws.id}")
    part = b'\r\nContent-Disposition: form-data; name=""\r\n\r\n\r\n--b'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    ask = raw.Ask("POST", f"127.0.0.1:{cloud.app.port}", f"/form-{aws.id}", kind, b"--b" + part * 20_000)
    status, _, body = raw.send(cloud, ask)
    assert status == 400 and b"too large" in body
