# ruff: noqa: E501 - bodies as they travel
"""awsJson: what AWS's reader takes, how it refuses the rest, and what it writes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fogbank.core.errors import AccessDenied as AccessDeniedError
from fogbank.core.errors import CommonError, NotBuilt, SerializationError, ServiceError, Throttling, ValidationError
from fogbank.core.http import Request
from fogbank.wire import error_response, load


def parse(service: str, operation: str, body: Any) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return load(service).operations[operation].parse("json", Request("POST", "/"), {}, raw)


def refusal(service: str, operation: str, body: Any) -> tuple[ServiceError, dict[str, Any]]:
    with pytest.raises(ServiceError) as caught:
        parse(service, operation, body)
    response = load(service).operations[operation].error("json", caught.value, "id")
    assert response.status == 400
    return caught.value, json.loads(response.body)


# Answers of Athena and SES v2 recorded by authors of emulators in 2026: SerializationException, `Message` in capitals and
# absent where the body is no JSON object at all.
@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("ListWorkGroups", {"MaxResults": "1"}, "STRING_VALUE can not be converted to an Integer"),
        ("ListWorkGroups", {"MaxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("ListWorkGroups", {"MaxResults": [1]}, "Start of list found where not expected"),
        ("ListWorkGroups", {"MaxResults": {"a": 1}}, "Start of structure or map found where not expected."),
        ("ListWorkGroups", {"NextToken": 1}, "NUMBER_VALUE can not be converted to a String"),
        ("ListWorkGroups", {"NextToken": True}, "TRUE_VALUE can not be converted to a String"),
        ("StartQueryExecution", {"QueryString": "SELECT", "ExecutionParameters": [1]}, "NUMBER_VALUE can not be converted to a String"),
        ("StartQueryExecution", {"QueryString": "SELECT", "ExecutionParameters": "x"}, "Expected list or null"),
        ("StartQueryExecution", {"QueryString": "SELECT", "ResultConfiguration": "x"}, "Expected null"),
        ("ListWorkGroups", b"[]", "Start of list found where not expected"),
        ("ListWorkGroups", b"{", None),
        ("ListWorkGroups", b"null", None),
        ("ListWorkGroups", b'"x"', None),
        ("ListWorkGroups", b'{"MaxResults": 1,}', None),
        ("ListWorkGroups", b'{"NextToken": "\xff"}', None),
    ],
)  # fmt: skip
def test_words_of_most_services(operation: str, body: Any, message: str | None) -> None:
    _, told = refusal("athena", operation, body)
    assert told == {"__type": "SerializationException", **({"Message": message} if message else {})}


# Answers of DynamoDB recorded in dynalite's tests (test/helpers).
@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("GetItem", {"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": 23}, "NUMBER_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": 34.56}, "DECIMAL_VALUE cannot be converted to String"),
        ("GetItem", {"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ("GetItem", {"TableName": {}}, "Start of structure or map found where not expected"),
        ("GetItem", {"ConsistentRead": "23"}, "Unexpected token received from parser"),
        ("GetItem", {"ConsistentRead": 23}, "NUMBER_VALUE cannot be converted to Boolean"),
        ("GetItem", {"AttributesToGet": "23"}, "Unexpected field type"),
        ("GetItem", {"AttributesToGet": {}}, "Start of structure or map found where not expected"),
        ("GetItem", {"Key": {"a": 23}}, "Unexpected value type in payload"),
        ("GetItem", {"Key": {"a": []}}, "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
        ("GetItem", {"Key": {"a": {"B": 23}}}, "only base-64-encoded strings are convertible to bytes"),
        ("GetItem", {"Key": {"a": {"B": "23456"}}}, "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        ("GetItem", {"Key": {"a": {"B": "=+/="}}}, "Invalid last non-pad Base64 character dectected"),
        ("CreateTable", {"ProvisionedThroughput": "23"}, "Unexpected field type"),
        ("CreateTable", {"ProvisionedThroughput": []}, "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput"),
        ("CreateTable", {"ProvisionedThroughput": {"WriteCapacityUnits": "23"}}, "STRING_VALUE cannot be converted to Long"),
        ("CreateTable", {"KeySchema": ["23"]}, "Unexpected value type in payload"),
    ],
)  # fmt: skip
def test_words_of_dynamodb(operation: str, body: Any, message: str) -> None:
    _, told = refusal("dynamodb", operation, body)
    assert told == {"__type": "com.amazon.coral.service#SerializationException", "Message": message}


def test_what_is_taken_all_the_same() -> None:
    assert parse("sqs", "ReceiveMessage", {"QueueUrl": "u", "MaxNumberOfMessages": None, "Foo": [1]}) == {
        "QueueUrl": "u"
    }
    assert parse("sqs", "ReceiveMessage", {"QueueUrl": "u", "WaitTimeSeconds": 1.9})["WaitTimeSeconds"] == 1
    assert parse("sqs", "ReceiveMessage", {"QueueUrl": "u", "WaitTimeSeconds": 10**12})["WaitTimeSeconds"] == 2**31 - 1
    assert parse("kms", "DisableKey", b'{"KeyId":"a","KeyId":"b"}') == {"KeyId": "b"}
    assert parse("ssm", "GetParameter", {"Name": "n", "WithDecryption": "true"})["WithDecryption"] is True
    assert parse("dynamodb", "ListTables", b"") == {}


def test_timestamps_blobs_and_names_of_the_wire() -> None:
    moment = datetime(2015, 1, 25, 8, 0, 0, 500_000, tzinfo=UTC)
    for form in (1422172800.5, "1422172800.5", "2015-01-25T08:00:00.500Z", "2015-01-25T09:00:00.5+01:00"):
        item = {"EventId": "e", "EventTime": form}
        found = parse("cloudtrail", "LookupEvents", {"StartTime": item["EventTime"]})
        assert found == {"StartTime": moment}
    raw = base64.b64encode(b"\x00\xff").decode()
    assert parse("dynamodb", "GetItem", {"TableName": "abc", "Key": {"k": {"B": raw}}})["Key"] == {
        "k": {"B": b"\x00\xff"}
    }


def test_deep_nesting_is_refused_at_any_depth_an_operation_could_not_bear() -> None:
    def item(depth: int) -> bytes:
        return b'{"TableName":"abc","Item":{"k":' + b'{"M":{"a":' * depth + b'{"S":"x"}' + b"}}" * depth + b"}}"

    assert parse("dynamodb", "PutItem", item(32))["TableName"] == "abc"
    for depth in (120, 400, 5000):
        refusal("dynamodb", "PutItem", item(depth))


class NotFound(ServiceError):
    code = "ResourceNotFoundException"


class NoQueue(ServiceError):
    code = "QueueDoesNotExist"


class NoQueueByItsOldName(ServiceError):
    code = "AWS.SimpleQueueService.NonExistentQueue"


class Cancelled(ServiceError):
    code = "TransactionCanceledException"


def test_errors_of_the_service() -> None:
    response = load("dynamodb").operations["GetItem"].error("json", NotFound("Requested resource not found"), "id")
    assert json.loads(response.body) == {
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "Requested resource not found",
    }
    headers = dict(response.headers)
    assert headers["x-amzn-RequestId"] == "id"
    assert headers["x-amz-crc32"].isdigit()
    reasons = [{"Code": "ConditionalCheckFailed", "Item": {"a": {"B": b"\x00"}}, "Message": None}, {"Code": "None"}]
    response = load("dynamodb").operations["TransactWriteItems"].error(
        "json", Cancelled("Transaction cancelled", CancellationReasons=reasons), "id"
    )  # fmt: skip
    assert json.loads(response.body) == {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": {"a": {"B": "AA=="}}}, {"Code": "None"}],
    }


@pytest.mark.parametrize("error", [NoQueue("gone"), NoQueueByItsOldName("gone")])
def test_once_query_services_tell_the_old_code(error: ServiceError) -> None:
    """https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait"""
    response = load("sqs").operations["SendMessage"].error("json", error, "id")
    assert dict(response.headers)["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert json.loads(response.body) == {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"}
    assert response.status == 400


@pytest.mark.parametrize(
    ("service", "error", "status", "body"),
    [
        ("kms", AccessDeniedError("no"), 400, {"__type": "AccessDeniedException", "Message": "no"}),
        ("dynamodb", ValidationError("bad"), 400, {"__type": "com.amazon.coral.validate#ValidationException", "message": "bad"}),
        ("dynamodb", SerializationError(""), 400, {"__type": "com.amazon.coral.service#SerializationException"}),
        ("logs", Throttling(), 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
    ],
)  # fmt: skip
def test_errors_every_service_shares(service: str, error: CommonError, status: int, body: dict[str, Any]) -> None:
    response = error_response(load(service), "json", "", error, "id")
    assert (response.status, json.loads(response.body)) == (status, body)


def test_not_built_is_not_mistaken_for_a_fault_of_the_caller() -> None:
    response = error_response(load("kms"), "json", "", NotBuilt("kms", "Sign"), "id")
    assert response.status == 501
    assert "Sign" in json.loads(response.body)["message"]
    assert error_response(None, "json", "", NotBuilt("kms", "Sign"), "id").status == 501


def test_responses() -> None:
    response = load("dynamodb").operations["DescribeTable"].serialize(
        "json",
        {"Table": {"TableName": "t", "CreationDateTime": datetime(2020, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC), "ItemCount": 0,
                   "Replicas": None, "NotInTheModel": 1, "ProvisionedThroughput": {"LastDecreaseDateTime": 5, "x": 1}}},
        "id",
    )  # fmt: skip
    assert json.loads(response.body) == {
        "Table": {
            "TableName": "t",
            "CreationDateTime": 1577836800.25,
            "ItemCount": 0,
            "ProvisionedThroughput": {"LastDecreaseDateTime": 5},
        }
    }
    assert ("Content-Type", "application/x-amz-json-1.0") in response.headers
    assert load("sqs").operations["DeleteMessage"].serialize("json", {}, "id").body == b""
    assert load("logs").operations["DescribeLogGroups"].serialize("json", {}, "id").body == b"{}"
    item = {"a": {"B": b"\x00"}, "b": {"BS": [b"\x01"]}, "c": {"M": {"d": {"L": [{"N": "1"}]}}}}
    written = load("dynamodb").operations["GetItem"].serialize("json", {"Item": item}, "id").body
    assert json.loads(written)["Item"] == {
        "a": {"B": "AA=="}, "b": {"BS": ["AQ=="]}, "c": {"M": {"d": {"L": [{"N": "1"}]}}},
    }  # fmt: skip
    point = {"MetricDataResults": [{"Id": "m", "Values": [float("nan"), float("inf"), 1.5]}]}
    written = load("cloudwatch").operations["GetMetricData"].serialize("json", point, "id").body
    assert json.loads(written)["MetricDataResults"][0]["Values"] == ["NaN", "Infinity", 1.5]
