"""Cloud Control: resources from their creation to their deletion, real and recorded ones."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

QUEUE, MESH = "AWS::SQS::Queue", "AWS::CodeArtifact::Domain"


class Control:
    """A client with the steps that every test takes."""

    def __init__(self, account):
        self.client = account.client("cloudcontrol")

    def ended(self, answer):
        """The progress of a request once it has ended."""
        token = answer["ProgressEvent"]["RequestToken"]
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = self.client.get_resource_request_status(RequestToken=token)["ProgressEvent"]
            if found["OperationStatus"] not in ("PENDING", "IN_PROGRESS"):
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    def create(self, kind, **desired):
        return self.ended(self.client.create_resource(TypeName=kind, DesiredState=json.dumps(desired)))

    def update(self, kind, id, *patch):
        answer = self.client.update_resource(TypeName=kind, Identifier=id, PatchDocument=json.dumps(patch))
        return self.ended(answer)

    def delete(self, kind, id):
        return self.ended(self.client.delete_resource(TypeName=kind, Identifier=id))

    def get(self, kind, id):
        found = self.client.get_resource(TypeName=kind, Identifier=id)
        assert found["ResourceDescription"]["Identifier"] == id
        return json.loads(found["ResourceDescription"]["Properties"])


@pytest.fixture
def control(aws):
    return Control(aws)


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_queue(control, aws):
    made = control.create(QUEUE, QueueName="q", VisibilityTimeout=40)
    assert made["OperationStatus"] == "SUCCESS", made
    assert (made["Operation"], made["TypeName"]) == ("CREATE", QUEUE)
    url = made["Identifier"]
    assert json.loads(made["ResourceModel"])["QueueUrl"] == url
    assert aws.client("sqs").get_queue_url(QueueName="q")["QueueUrl"] == url
    found = control.get(QUEUE, url)
    assert str(found["VisibilityTimeout"]) == "40"
    assert found["Arn"] == f"arn:aws:sqs:us-east-1:{aws.id}:q"
    changed = control.update(
        QUEUE,
        url,
        {"op": "replace", "path": "/VisibilityTimeout", "value": 50},
        {"op": "add", "path": "/Tags", "value": [{"Key": "a", "Value": "b"}]},
    )
    assert changed["OperationStatus"] == "SUCCESS", changed
    assert aws.client("sqs").list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"] == {"VisibilityTimeout": "50"}
    assert control.delete(QUEUE, url)["OperationStatus"] == "SUCCESS"
    with pytest.raises(ClientError) as error:
        control.get(QUEUE, url)
    assert code_of(error) == (
        "ResourceNotFoundException",
        f"Resource of type '{QUEUE}' with identifier '{url}' was not found.",
    )


def test_what_others_made_is_read_and_listed(control, aws):
    url = aws.client("sqs").create_queue(QueueName="others", Attributes={"DelaySeconds": "7"})["QueueUrl"]
    assert str(control.get(QUEUE, url)["DelaySeconds"]) == "7"
    listed = control.client.list_resources(TypeName=QUEUE)["ResourceDescriptions"]
    assert [(each["Identifier"], json.loads(each["Properties"])) for each in listed] == [(url, {"QueueUrl": url})]
    for number in range(3):
        aws.client("sqs").create_queue(QueueName=f"more{number}")
    pages = control.client.get_paginator("list_resources").paginate(TypeName=QUEUE, PaginationConfig={"PageSize": 2})
    assert [len(page["ResourceDescriptions"]) for page in pages] == [2, 2]


def test_a_recorded_resource(control, aws):
    made = control.create(MESH, DomainName="d")
    arn = f"arn:aws:codeartifact:us-east-1:{aws.id}:domain/d"
    assert (made["OperationStatus"], made["Identifier"]) == ("SUCCESS", arn)
    assert control.get(MESH, arn)["Owner"] == aws.id
    again = control.create(MESH, DomainName="d")
    assert (again["OperationStatus"], again["ErrorCode"]) == ("FAILED", "AlreadyExists")
    fixed = control.update(MESH, arn, {"op": "replace", "path": "/DomainName", "value": "e"})
    assert (fixed["OperationStatus"], fixed["ErrorCode"]) == ("FAILED", "NotUpdatable")
    assert [each["Identifier"] for each in control.client.list_resources(TypeName=MESH)["ResourceDescriptions"]] == [
        arn
    ]
    assert control.delete(MESH, arn)["OperationStatus"] == "SUCCESS"
    assert control.client.list_resources(TypeName=MESH)["ResourceDescriptions"] == []


def test_a_type_without_reading(control):
    """What Cloud Control itself made can be read, whatever the type."""
    made = control.create("AWS::SNS::TopicPolicy", Topics=[], PolicyDocument={"Statement": []})
    assert made["OperationStatus"] == "SUCCESS", made
    assert control.get("AWS::SNS::TopicPolicy", made["Identifier"])["Topics"] == []
    with pytest.raises(ClientError) as error:
        control.get("AWS::SNS::TopicPolicy", "other")
    assert code_of(error)[0] == "UnsupportedActionException"


def test_a_handler_that_fails(control, aws):
    failed = control.create(QUEUE, QueueName="bad name!")
    assert (failed["OperationStatus"], failed["ErrorCode"]) == ("FAILED", "InvalidRequest")
    assert "Identifier" not in failed and failed["StatusMessage"]


def test_what_is_refused_at_once(control):
    with pytest.raises(ClientError) as error:
        control.create("AWS::Nobody::Knows")
    assert code_of(error) == ("TypeNotFoundException", "The type 'AWS::Nobody::Knows' cannot be found.")
    with pytest.raises(ClientError) as error:
        control.create(QUEUE, Colour="grey")
    assert code_of(error) == (
        "ValidationException",
        "Model validation failed (#: extraneous key [Colour] is not permitted)",
    )
    with pytest.raises(ClientError) as error:
        control.client.create_resource(TypeName=QUEUE, DesiredState="[")
    assert code_of(error)[0] == "InvalidRequestException"
    with pytest.raises(ClientError) as error:
        control.create("AWS::CloudFormation::CustomResource")
    assert code_of(error)[0] == "UnsupportedActionException"
    url = control.create(QUEUE, QueueName="patched")["Identifier"]
    for patch in ({"op": "remove", "path": "/Tags"}, {"op": "test", "path": "/QueueName", "value": "x"}, {"op": "?"}):
        with pytest.raises(ClientError) as error:
            control.update(QUEUE, url, patch)
        assert code_of(error)[0] == "InvalidRequestException"


def test_client_tokens(control):
    request = {"TypeName": QUEUE, "DesiredState": json.dumps({"QueueName": "once"}), "ClientToken": "t"}
    first = control.client.create_resource(**request)["ProgressEvent"]["RequestToken"]
    assert control.client.create_resource(**request)["ProgressEvent"]["RequestToken"] == first
    with pytest.raises(ClientError) as error:
        control.client.create_resource(**request | {"DesiredState": json.dumps({"QueueName": "twice"})})
    assert code_of(error)[0] == "ClientTokenConflictException"


def test_requests_are_listed_and_cancelled(control):
    done = control.create(QUEUE, QueueName="listed")
    control.create(MESH, DomainName="listed")
    found = control.client.list_resource_requests()["ResourceRequestStatusSummaries"]
    assert [each["TypeName"] for each in found] == [MESH, QUEUE]
    asked = {"Operations": ["DELETE"]}
    found = control.client.list_resource_requests(ResourceRequestStatusFilter=asked)
    assert found["ResourceRequestStatusSummaries"] == []
    with pytest.raises(ClientError) as error:
        control.client.cancel_resource_request(RequestToken=done["RequestToken"])
    assert code_of(error)[0] == "ConcurrentModificationException"
    with pytest.raises(ClientError) as error:
        control.client.get_resource_request_status(RequestToken="none")
    assert code_of(error)[0] == "RequestTokenNotFoundException"


def test_iam_decides(aws):
    """Cloud Control's actions are CloudFormation's in IAM; the handlers need those of the service as well."""

    def user(*actions):
        allowed = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
        return Control(aws.user(json.dumps({"Version": "2012-10-17", "Statement": allowed})))

    with pytest.raises(ClientError) as error:
        user("sqs:*").create(QUEUE, QueueName="q")
    assert "not authorized to perform: cloudformation:CreateResource" in code_of(error)[1]
    failed = user("cloudformation:*").create(QUEUE, QueueName="q")
    assert (failed["OperationStatus"], failed["ErrorCode"]) == ("FAILED", "AccessDenied")
    assert user("cloudformation:*", "sqs:*").create(QUEUE, QueueName="q")["OperationStatus"] == "SUCCESS"
