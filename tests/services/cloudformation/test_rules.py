"""Pure rules of the provisioner: comparison, names, policies, tags, the wording of failures."""

import json

import pytest

from fogbank.core import errors
from fogbank.services.cloudformation.engine import compare
from fogbank.services.cloudformation.engine.failures import handler_code
from fogbank.services.cloudformation.engine.tagging import with_stack_tags, with_system_tags
from fogbank.services.cloudformation.policies import denied
from fogbank.services.cloudformation.sources import object_of


def test_numbers_and_their_texts_are_equal():
    assert (
        compare.changed({"A": 5, "B": True, "C": {"x": 1, "y": 2}}, {"A": "5", "B": "true", "C": {"y": 2, "x": 1}})
        == []
    )
    assert compare.changed({"A": [1, 2]}, {"A": [2, 1]}) == ["A"]
    assert compare.changed({"A": 1}, {"B": 1}) == ["B", "A"]


@pytest.mark.parametrize(
    ("immutable", "physical_id", "old", "new", "name"),
    [
        # a table with a name of its own and another key
        (("TableName", "KeySchema"), "t", {"TableName": "t", "KeySchema": 1}, {"TableName": "t", "KeySchema": 2}, "t"),
        # an ARN that ends in the name
        (("TopicName", "FifoTopic"), "arn:aws:sns:r:1:t", {"TopicName": "t"}, {"TopicName": "t", "FifoTopic": 1}, "t"),
        # the name itself changes
        (("TableName",), "t", {"TableName": "t"}, {"TableName": "u"}, ""),
        # a generated name
        (("TableName", "KeySchema"), "st-T-ABC", {"KeySchema": 1}, {"KeySchema": 2}, ""),
        # the name counts within a parent that changes
        (("StageName", "RestApiId"), "s", {"StageName": "s", "RestApiId": 1}, {"StageName": "s", "RestApiId": 2}, ""),
    ],
)
def test_custom_names(immutable, physical_id, old, new, name):
    """ "CloudFormation cannot update a stack when a custom-named resource requires replacing." """
    assert compare.custom_name(immutable, physical_id, old, new) == name


def test_stack_policies():
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "NotResource": "LogicalResourceId/Db*"},
            {
                "Effect": "Deny",
                "Action": ["Update:Replace", "Update:Delete"],
                "Principal": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"ResourceType": ["AWS::SQS::Queue"]}},
            },
        ]
    }
    text = json.dumps(policy)
    assert denied("", "X", "AWS::SQS::Queue", "Update:Modify") == ""
    assert denied(text, "X", "AWS::SQS::Queue", "Update:Modify") == ""
    assert "Statement [#2] does not allow [Update:Replace]" in denied(text, "X", "AWS::SQS::Queue", "Update:Replace")
    assert denied(text, "X", "AWS::SNS::Topic", "Update:Replace") == ""
    assert denied(text, "DbMain", "AWS::SNS::Topic", "Update:Modify") != ""  # what nothing allows is denied


def test_tags_by_the_form_each_type_takes():
    tags = {"team": "fog", "own": "stack"}
    mine = [{"Key": "own", "Value": "mine"}]
    merged = with_stack_tags("AWS::SQS::Queue", {"Tags": mine}, tags)["Tags"]
    assert merged == [{"Key": "own", "Value": "mine"}, {"Key": "team", "Value": "fog"}]
    assert with_stack_tags("AWS::SSM::Parameter", {"Tags": {"own": "mine"}}, tags)["Tags"] == {
        "team": "fog",
        "own": "mine",
    }
    assert with_stack_tags("AWS::Cognito::UserPool", {}, tags) == {"UserPoolTags": tags}
    assert with_stack_tags("AWS::SQS::QueuePolicy", {}, tags) == {}
    assert with_system_tags("AWS::S3::Bucket", {}, "s", "id", "L") == {}


@pytest.mark.parametrize(
    ("code", "status", "wanted"),
    [
        ("ParameterAlreadyExists", 400, "AlreadyExists"),
        ("ResourceInUseException", 400, "AlreadyExists"),
        ("NoSuchBucket", 404, "NotFound"),
        ("ResourceNotFoundException", 400, "NotFound"),
        ("LimitExceededException", 400, "ServiceLimitExceeded"),
        ("AccessDeniedException", 403, "AccessDenied"),
        ("ThrottlingException", 400, "Throttling"),
        ("ConflictException", 409, "ResourceConflict"),
        ("ValidationException", 400, "InvalidRequest"),
        ("Whatever", 503, "ServiceInternalError"),
        ("Whatever", 400, "GeneralServiceException"),
    ],
)
def test_handler_error_codes(code, status, wanted):
    """https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html"""
    error = type("Made", (errors.ServiceError,), {"code": code, "status": status})("m")
    assert handler_code(error) == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://b.s3.amazonaws.com/k/x.json", ("b", "k/x.json", "")),
        ("https://b.s3.eu-west-1.amazonaws.com/k", ("b", "k", "")),
        ("https://s3.eu-west-1.amazonaws.com/b/k", ("b", "k", "")),
        ("https://s3-eu-west-1.amazonaws.com/b/k", ("b", "k", "")),
        ("https://s3.amazonaws.com/b/k%20x?versionId=v1", ("b", "k x", "v1")),
        ("http://127.0.0.1:4566/b/k", ("b", "k", "")),
        ("http://localhost:4566/b/k", ("b", "k", "")),
        ("http://b.s3.localhost.localstack.cloud:4566/k", ("b", "k", "")),
        ("s3://b/k/x", ("b", "k/x", "")),
    ],
)
def test_urls_of_templates(url, wanted):
    assert object_of(url) == wanted
