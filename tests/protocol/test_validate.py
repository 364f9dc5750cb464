# ruff: noqa: E501 - the texts and requests are as AWS words them
"""The validator's words are AWS's. Where a text was recorded from AWS, the test says where it was published."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.http import Request
from fogbank.wire import load, patterns

ROLE = "arn:aws:iam::123456789012:role/r"


def refusal(service: str, operation: str, params: dict[str, Any]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        load(service).operations[operation].validate(params)
    return caught.value


@pytest.mark.parametrize(
    ("service", "operation", "params", "text"),
    [
        # https://github.com/aws/aws-cli/issues/790 (recorded on CreateTable, which has since got a text of its own)
        (
            "dynamodb", "ListTables", {"ExclusiveStartTableName": '"smart-dcb-messages"'},
            "1 validation error detected: Value '\"smart-dcb-messages\"' at 'exclusiveStartTableName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        # https://github.com/hasura/hasura-aws-stack/issues/3
        (
            "lambda", "GetAlias", {"FunctionName": "f", "Name": "7651210"},
            "1 validation error detected: Value '7651210' at 'name' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ),
        # https://github.com/matt-filion/serverless-external-s3-event/pull/51 (with 'exS3-v2-…' of more than 100)
        (
            "lambda", "RemovePermission", {"FunctionName": "f", "StatementId": "x" * 101},
            f"1 validation error detected: Value '{'x' * 101}' at 'statementId' failed to satisfy constraint: Member must "
            "have length less than or equal to 100",
        ),
        # https://github.com/humanmade/cf-to-tf/issues/5
        (
            "cloudformation", "GetTemplate", {"StackName": "https://x"},
            "1 validation error detected: Value 'https://x' at 'stackName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
        ),
        # https://github.com/serverless/serverless/issues/2036
        (
            "iam", "TagRole", {"RoleName": "r", "Tags": [{"Key": "a"}]},
            "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must "
            "not be null",
        ),
        # https://github.com/bosonprotocol/reference-backend/pull/113
        (
            "iam", "CreateUser", {"UserName": "u" * 65},
            f"1 validation error detected: Value '{'u' * 65}' at 'userName' failed to satisfy constraint: Member must "
            "have length less than or equal to 64",
        ),
        # https://github.com/SWO-GS/auto-tag/issues/90
        (
            "iam", "TagRole", {"RoleName": "r", "Tags": [{"Key": "a", "Value": "SourceIP: x, y"}]},
            "1 validation error detected: Value 'SourceIP: x, y' at 'tags.1.member.value' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
        ),
        (
            "dynamodb", "ListTables", {"Limit": 2147483647},
            "1 validation error detected: Value '2147483647' at 'limit' failed to satisfy constraint: Member must have "
            "value less than or equal to 100",
        ),
        (
            "lambda", "CreateEventSourceMapping", {"FunctionName": "f", "StartingPosition": ""},
            "1 validation error detected: Value '' at 'startingPosition' failed to satisfy constraint: Member must "
            "satisfy enum value set: [TRIM_HORIZON, LATEST, AT_TIMESTAMP]",
        ),
    ],
)  # fmt: skip
def test_one_error(service: str, operation: str, params: dict[str, Any], text: str) -> None:
    error = refusal(service, operation, params)
    assert error.message.startswith(text)
    assert isinstance(error, ValidationError)


def test_several_errors_are_counted_and_joined() -> None:
    error = refusal("dynamodb", "ListTables", {"Limit": 0, "ExclusiveStartTableName": "a;" * 128})
    assert error.message.startswith("3 validation errors detected: Value '")
    assert error.message.count("; Value '") == 2
    assert error.code_for("json") == "ValidationException"


def test_elements_of_lists_and_maps_break_the_rules_of_the_whole() -> None:
    """The rules are listed at the collection, all of them; recorded on EventBridge's inputPathsMap:

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
    """
    transformer = {"InputTemplate": "<a>", "InputPathsMap": {"de onde?": "$.a"}}
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:1:q", "InputTransformer": transformer}
    error = refusal("events", "PutTargets", {"Rule": "r", "Targets": [target]})
    assert error.message == (
        "1 validation error detected: Value '{de onde?=$.a}' at 'targets.1.member.inputTransformer.inputPathsMap' failed to "
        "satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 256, Member "
        "must have length greater than or equal to 1, Member must satisfy regular expression pattern: [A-Za-z0-9\\_\\-]+]"
    )
    error = refusal("lambda", "CreateAlias", {
        "FunctionName": "f", "Name": "a", "FunctionVersion": "1",
        "RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}},
    })  # fmt: skip
    assert (
        "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy"
        in error.message
    )
    assert error.message.endswith("regular expression pattern: [0-9]+, Member must not be null]")
    error = refusal("kms", "TagResource", {"KeyId": "k", "Tags": [{"TagKey": "a", "TagValue": "b" * 257}]})
    assert "at 'tags.1.member.tagValue'" in error.message


def test_secrets_are_not_told() -> None:
    """As Cognito answers: "Value at 'password' failed to satisfy constraint: …"."""
    error = refusal("cognito-idp", "SignUp", {"ClientId": "c", "Username": "u", "Password": "\x00 secret \x00"})
    assert "Value at 'password' failed to satisfy constraint" in error.message
    assert "secret" not in error.message
    assert error.code_for("json") == "InvalidParameterException"


def test_codes_of_services_that_have_their_own() -> None:
    error = refusal("logs", "CreateLogGroup", {"logGroupName": "a b"})
    assert error.code_for("json") == "InvalidParameterException"
    error = refusal("athena", "GetQueryExecution", {})
    assert error.code_for("json") == "InvalidRequestException"
    assert error.message == (
        "1 validation error detected: Value null at 'queryExecutionId' failed to satisfy constraint: Member must not be null"
    )
    error = refusal("athena", "ListWorkGroups", {"MaxResults": 99})
    assert error.message == (
        "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than "
        "or equal to 50"
    )


@pytest.mark.parametrize(
    ("service", "operation", "text"),
    [
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
        ("ec2", "StartInstances", "The request must contain the parameter InstanceIds"),
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
        ("sqs", "CreateQueue", "The request must contain the parameter QueueName."),
    ],
)
def test_missing_parameters(service: str, operation: str, text: str) -> None:
    error = refusal(service, operation, {})
    assert error.message == text
    assert error.code_for("query") == error.code_for("json") == "MissingParameter"


def test_what_is_valid_passes() -> None:
    load("iam").operations["CreateRole"].validate({"RoleName": "r", "AssumeRolePolicyDocument": "{\n}"})
    load("dynamodb").operations["ListTables"].validate(
        {"Limit": 1, "Unknown": object(), "ExclusiveStartTableName": None}
    )
    load("s3").operations["PutObject"].validate({"Bucket": "b", "Key": "", "ACL": "nosuch"})  # S3 has its own errors
    load("sqs").operations["SendMessage"].validate({"QueueUrl": "u", "MessageBody": "", "DelaySeconds": -1})
    weights = {"AdditionalVersionWeights": {"1": 1}}  # an integer where a float belongs
    alias = {"FunctionName": "f", "Name": "a", "FunctionVersion": "1", "RoutingConfig": weights}
    load("lambda").operations["CreateAlias"].validate(alias)


def test_json_bodies_are_validated_in_one_pass_and_alike() -> None:
    operation = load("dynamodb").operations["CreateTable"]
    body = b'{"TableName":"t","KeySchema":[{"KeyType":"Woop","AttributeName":"a"}],"AttributeDefinitions":[]}'
    with pytest.raises(ServiceError) as caught:
        operation.parse("json", Request("POST", "/"), {}, body)
    assert caught.value.message == (
        "1 validation error detected: Value 'Woop' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member "
        "must satisfy enum value set: [HASH, RANGE]"
    )


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", ["", "Ärger 5", "a:b"], ["a,b", "a\n", "😀"]),
        (r"[a-zA-Z][-a-zA-Z0-9]*|arn:.*", ["a-1", "arn:x"], ["1a", "a-1 ", " a"]),
        (r"[\w+=,.@-]+", ["a+b", "A_9"], ["ä", "a b", ""]),
        (r"[\w-_]*", ["a-_"], ["a b"]),
        (r"[^\p{C}]+", ["aä"], ["a\x00"]),
        (r"(?s).*", ["a\nb"], []),
        (r"[\u0009\u000A\u000D\u0020-\u00FF]+", ["aÿ\t"], ["Ā"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["😀 a"], ["\x01"]),
        (r"([a-z]+)+", ["abc"], ["a1"]),  # by the automaton
        (r"(a|b)*c{2,3}$", ["abcc", "ccc"], ["abc", "cccc"]),
        (r"\p{Alnum}+", ["a1"], ["_", "ä"]),
        (r"\S+", ["a"], ["a b"]),
        (r"(?i)abc", ["ABC"], ["abd"]),
    ],
)
def test_java_patterns(pattern: str, good: list[str], bad: list[str]) -> None:
    test = patterns.matcher(pattern)
    assert test is not None
    for value in good:
        assert test(value), value
    for value in bad:
        assert not test(value), value


def test_the_linear_engine_agrees_with_the_backtracking_one() -> None:
    import re

    from fogbank.wire import automaton

    for text in (
        r"([a-z0-9]+(-[a-z0-9]+)*)?",
        r"(a|ab)(c|bcd)*",
        r"x{0,3}y+[^z]?",
        r"^(a.)*$",
        r"a??b*?c",
        r"[\d_]+(\.\w)*",
    ):
        linear = automaton.compile_linear(text)
        assert linear is not None
        for value in (
            "",
            "a",
            "ab",
            "abcd",
            "a-b-c",
            "a--b",
            "xxy",
            "xxxxyq",
            "abac",
            "c",
            "bc",
            "1_.a.b",
            "1..",
            "yz",
        ):
            assert linear(value) == (re.fullmatch(text, value, re.ASCII) is not None), (text, value)
