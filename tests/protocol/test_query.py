# ruff: noqa: E501 - requests as they travel
"""AWS Query and EC2 Query, in the forms old and new clients send."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from fogbank.core.errors import AccessDenied, ServiceError, ValidationError
from fogbank.core.http import Request
from fogbank.wire import error_response, load
from fogbank.wire.query import action_of

SQS = "{http://queue.amazonaws.com/doc/2012-11-05/}"


def parse(service: str, operation: str, body: str, protocol: str = "query", query: str = "") -> dict[str, Any]:
    return load(service).operations[operation].parse(protocol, Request("POST", "/", query), {}, body.encode())


def test_the_old_query_form_of_sqs() -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html"""
    assert parse("sqs", "CreateQueue", "Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b") == {
        "QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"a": "b"},
    }  # fmt: skip
    assert parse("sqs", "ReceiveMessage", "QueueUrl=u&AttributeName.1=All&MessageAttributeName.1=x&MaxNumberOfMessages=10") == {
        "QueueUrl": "u", "AttributeNames": ["All"], "MessageAttributeNames": ["x"], "MaxNumberOfMessages": 10,
    }  # fmt: skip
    batch = "QueueUrl=u&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x+y%26z&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AAE%3D"
    assert parse("sqs", "SendMessageBatch", batch) == {
        "QueueUrl": "u",
        "Entries": [
            {
                "Id": "a",
                "MessageBody": "x y&z",
                "MessageAttributes": {"n": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}},
            },
            {"Id": "b", "MessageBody": ""},
        ],
    }
    message = {"MessageId": "m", "Body": "<b>", "Attributes": {"SentTimestamp": "1"}}
    message["MessageAttributes"] = {"n": {"DataType": "String", "StringValue": "v"}}
    response = (
        load("sqs").operations["ReceiveMessage"].serialize("query", {"Messages": [message, {"MessageId": "o"}]}, "id")
    )
    root = ElementTree.fromstring(response.body)
    assert root.tag == f"{SQS}ReceiveMessageResponse"
    messages = root.findall(f"{SQS}ReceiveMessageResult/{SQS}Message")
    assert [m.findtext(f"{SQS}MessageId") for m in messages] == ["m", "o"]
    assert messages[0].findtext(f"{SQS}Body") == "<b>"
    assert messages[0].findtext(f"{SQS}Attribute/{SQS}Name") == "SentTimestamp"
    assert messages[0].findtext(f"{SQS}MessageAttribute/{SQS}Value/{SQS}StringValue") == "v"
    assert root.findtext(f"{SQS}ResponseMetadata/{SQS}RequestId") == "id"
    response = load("sqs").operations["ListQueues"].serialize("query", {"QueueUrls": ["a", "b"]}, "id")
    assert [e.text for e in ElementTree.fromstring(response.body).iter(f"{SQS}QueueUrl")] == ["a", "b"]


class NoQueue(ServiceError):
    code = "QueueDoesNotExist"


def test_errors() -> None:
    response = load("sqs").operations["SendMessage"].error("query", NoQueue("gone"), "id")
    assert (
        ElementTree.fromstring(response.body).findtext(f"{SQS}Error/{SQS}Code")
        == "AWS.SimpleQueueService.NonExistentQueue"
    )
    response = error_response(load("iam"), "query", "", AccessDenied("a < b"), "id")
    assert response.status == 403
    assert response.body.decode() == (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code>'
        "<Message>a &lt; b</Message></Error><RequestId>id</RequestId></ErrorResponse>"
    )
    response = error_response(load("ec2"), "ec2", "", AccessDenied("no"), "id")
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no'
        "</Message></Error></Errors><RequestID>id</RequestID></Response>"
    )
    assert b"ValidationError" in error_response(None, "query", "", ValidationError("x"), "id").body


def test_parameters_may_stand_in_the_url() -> None:
    query = "Action=ListQueues&QueueNamePrefix=a%20b&Version=2012-11-05"
    assert load("sqs").operations["ListQueues"].parse("query", Request("GET", "/", query), {}, b"") == {
        "QueueNamePrefix": "a b"
    }
    assert action_of(Request("GET", "/", query), b"") == ("ListQueues", "2012-11-05")
    assert action_of(Request("POST", "/"), b"Version=v&Action=A") == ("A", "v")


def test_lists_and_maps() -> None:
    assert parse("sns", "CreateTopic", "Name=n&Attributes.entry.1.key=a&Attributes.entry.1.value=b&Tags.member.1.Key=k&Tags.member.1.Value=v") == {
        "Name": "n", "Attributes": {"a": "b"}, "Tags": [{"Key": "k", "Value": "v"}],
    }  # fmt: skip
    gaps = "StackName=s&Capabilities.member.10=CAPABILITY_IAM&Capabilities.member.2=CAPABILITY_NAMED_IAM"
    assert parse("cloudformation", "CreateStack", gaps)["Capabilities"] == ["CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"]
    assert parse("cloudformation", "UpdateStack", "StackName=s&NotificationARNs=")["NotificationARNs"] == []


def test_ec2_names() -> None:
    body = (
        "MinCount=1&MaxCount=2&ImageId=ami-1&SecurityGroupId.1=sg-1&SecurityGroupId.2=sg-2&TagSpecification.1.ResourceType=instance"
        "&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=x&NetworkInterface.1.PrivateIpAddresses.1.Primary=true"
        "&NetworkInterface.1.DeviceIndex=0&DryRun=false"
    )
    assert parse("ec2", "RunInstances", body, "ec2") == {
        "MinCount": 1,
        "MaxCount": 2,
        "ImageId": "ami-1",
        "SecurityGroupIds": ["sg-1", "sg-2"],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "x"}]}],
        "NetworkInterfaces": [{"DeviceIndex": 0, "PrivateIpAddresses": [{"Primary": True}]}],
        "DryRun": False,
    }
    vpc = {"VpcId": "vpc-1", "IsDefault": True, "Tags": [{"Key": "a", "Value": "b"}]}
    root = ElementTree.fromstring(load("ec2").operations["CreateVpc"].serialize("ec2", {"Vpc": vpc}, "id").body)
    space = "{http://ec2.amazonaws.com/doc/2016-11-15}"
    assert root.tag == f"{space}CreateVpcResponse"
    assert root.findtext(f"{space}requestId") == "id"
    assert root.findtext(f"{space}vpc/{space}isDefault") == "true"
    assert root.findtext(f"{space}vpc/{space}tagSet/{space}item/{space}key") == "a"


@pytest.mark.parametrize(
    ("service", "operation", "body", "code"),
    [
        ("iam", "ListRoles", "MaxItems=abc", "MalformedInput"),
        ("iam", "ListRoles", "MaxItems=99999999999999999999", "MalformedInput"),
        ("iam", "ListRoles", "PathPrefix=%ff", "MalformedQueryString"),
        ("ec2", "DescribeInstances", "MaxResults=abc", "InvalidParameterValue"),
        ("sns", "CreateTopic", "Name.member.1=a", "MalformedInput"),
        ("sns", "CreateTopic", "Name=a&Attributes=x", "MalformedInput"),
    ],
)
def test_what_cannot_be_read(service: str, operation: str, body: str, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse(service, operation, body, "ec2" if service == "ec2" else "query")
    assert caught.value.code_for("ec2" if service == "ec2" else "query") == code
