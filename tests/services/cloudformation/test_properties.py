"""Properties are held against AWS's schemas before anything is made.

The texts are those of stack events that users report; the event's DetailedStatus is VALIDATION_FAILED:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fogbank.core import services
from fogbank.services.cloudformation.engine import registry
from fogbank.services.cloudformation.engine.properties import refusal, typed
from fogbank.wire import resource_schemas

SAID = "Properties validation failed for resource R with message:\n"


def refused(type_name, properties):
    kind = registry.find(type_name)
    assert kind is not None
    return refusal(kind, "R", properties, early=True)


@pytest.mark.parametrize(
    ("type_name", "properties", "said"),
    [
        ("AWS::S3::Bucket", {"BuketName": "x"}, "[#: extraneous key [BuketName] is not permitted]"),
        ("AWS::SQS::Queue", {"VisibilityTimeoutt": 3}, "[#: extraneous key [VisibilityTimeoutt] is not permitted]"),
        ("AWS::SQS::Queue", {"Arn": "arn"}, "[#: extraneous key [Arn] is not permitted]"),
        ("AWS::KMS::Alias", {"AliasName": "alias/a"}, "[#: required key [TargetKeyId] not found]"),
        ("AWS::SQS::Queue", {"DelaySeconds": "soon"}, "[#/DelaySeconds: expected type: Integer, found: String]"),
        ("AWS::SQS::Queue", {"DelaySeconds": 1.5}, "[#/DelaySeconds: expected type: Integer, found: BigDecimal]"),
        ("AWS::SQS::Queue", {"DelaySeconds": "9" * 5000}, "[#/DelaySeconds: expected type: Integer, found: String]"),
        ("AWS::SQS::Queue", {"DelaySeconds": "٣"}, "[#/DelaySeconds: expected type: Integer, found: String]"),
        ("AWS::SQS::Queue", {"FifoQueue": "yes"}, "[#/FifoQueue: expected type: Boolean, found: String]"),
        ("AWS::SQS::Queue", {"QueueName": ["a"]}, "[#/QueueName: expected type: String, found: JSONArray]"),
        ("AWS::SQS::Queue", {"QueueName": {"a": 1}}, "[#/QueueName: expected type: String, found: JSONObject]"),
        ("AWS::SQS::Queue", {"Tags": {"a": "b"}}, "[#/Tags: expected type: JSONArray, found: JSONObject]"),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a"}]}, "[#/Tags/0: required key [Value] not found]"),
        ("AWS::SSM::Parameter", {"Type": "String", "Value": "v", "Tags": {"a": []}},
         "[#/Tags/a: expected type: String, found: JSONArray]"),
        ("AWS::SQS::Queue", {"Tags": [{"Key": "a", "Value": "b", "Colour": 1}], "Name": "q"},
         "[#: extraneous key [Name] is not permitted, #/Tags/0: extraneous key [Colour] is not permitted]"),
    ],
)  # fmt: skip
def test_what_is_refused(type_name, properties, said):
    assert refused(type_name, properties) == SAID + said


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"UserName": "u", "Statuss": "Active"}, "Encountered unsupported property Statuss"),
        ({}, "Property UserName cannot be empty."),
        ({"UserName": ["u"]}, "Value of property UserName must be of type String"),
    ],
)
def test_types_without_handlers_have_the_older_texts(properties, said):
    assert refused("AWS::IAM::AccessKey", properties) == said


@pytest.mark.parametrize(
    "properties",
    [
        {"DelaySeconds": "3", "FifoQueue": "True", "QueueName": 7},
        {"DelaySeconds": 3.0, "Tags": [{"Key": 1, "Value": True}]},
        {"DelaySeconds": "{{resolve:ssm:delay:1}}", "Tags": "{{changeSet:KNOWN_AFTER_APPLY}}"},
        {"RedrivePolicy": {"deadLetterTargetArn": "a"}},
    ],
)
def test_what_is_taken(properties):
    assert refused("AWS::SQS::Queue", properties) == ""


def test_handlers_get_the_types_of_the_schema():
    given = {"DelaySeconds": "3", "FifoQueue": "True", "QueueName": 7, "Tags": [{"Key": "a", "Value": True}]}
    assert typed("AWS::SQS::Queue", given) == {
        "DelaySeconds": 3,
        "FifoQueue": True,
        "QueueName": "7",
        "Tags": [{"Key": "a", "Value": "true"}],
    }
    assert typed("AWS::CloudWatch::Alarm", {"Threshold": "0.5", "Period": "60"}) == {"Threshold": 0.5, "Period": 60}
    assert typed("Custom::Thing", {"Any": ["thing"]}) == {"Any": ["thing"]}


def test_nothing_is_made_of_a_template_with_a_wrong_property(cfn, aws):
    """The stack event is as users report it: "Validation failed for following resources: [X]. Rollback …"."""
    template = {
        "Parameters": {"Delay": {"Type": "String", "Default": "never"}},
        "Resources": {
            "Good": {"Type": "AWS::SQS::Queue"},
            "Bad": {"Type": "AWS::S3::Bucket", "DependsOn": "Good", "Properties": {"BuketName": "xx"}},
            "Worse": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Ref": "Delay"}}},
        },
    }
    stack = cfn.create("typo", template)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    said = {event["LogicalResourceId"]: event for event in cfn.events("typo") if "DetailedStatus" in event}
    assert set(said) == {"Bad", "Worse"}
    assert said["Bad"]["DetailedStatus"] == "VALIDATION_FAILED"
    assert said["Bad"]["ResourceStatus"] == "CREATE_FAILED"
    assert said["Bad"]["ResourceStatusReason"] == (
        "Properties validation failed for resource Bad with message:\n[#: extraneous key [BuketName] is not permitted]"
    )
    rolled = next(e for e in cfn.events("typo") if e["ResourceStatus"] == "ROLLBACK_IN_PROGRESS")
    assert rolled["ResourceStatusReason"] == (
        "Validation failed for following resources: [Bad, Worse]. Rollback requested by user."
    )
    assert ("Good", "CREATE_IN_PROGRESS") not in cfn.story("typo")
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []


def test_an_update_with_a_wrong_property_changes_nothing(cfn, aws):
    queues = {"A": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}, "B": {"Type": "AWS::SQS::Queue"}}
    cfn.create("live", {"Resources": queues})
    before = cfn.physical("live")
    wrong = {
        "A": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 2}},
        "B": {"Type": "AWS::SQS::Queue", "Properties": {"Delay": 2}},
        "C": {"Type": "AWS::SQS::Queue"},
    }
    assert cfn.update("live", {"Resources": wrong})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("B", "UPDATE_FAILED") in cfn.story("live")
    assert ("A", "UPDATE_IN_PROGRESS") not in cfn.story("live")
    assert cfn.physical("live") == before
    shown = aws.client("sqs").get_queue_attributes(QueueUrl=before["A"], AttributeNames=["DelaySeconds"])
    assert shown["Attributes"] == {"DelaySeconds": "1"}


def test_what_only_shows_later_fails_when_its_turn_has_come(cfn):
    template = {
        "Resources": {
            "Q": {"Type": "AWS::SQS::Queue"},
            "P": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Fn::GetAtt": ["Q", "Arn"]}}},
        }
    }
    assert cfn.create("late", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    said = next(e["ResourceStatusReason"] for e in cfn.events("late") if e["ResourceStatus"] == "CREATE_FAILED")
    assert said == (
        "Properties validation failed for resource P with message:\n"
        "#/DelaySeconds: expected type: Integer, found: String"
    )


@pytest.mark.parametrize(
    ("type_name", "properties", "name"),
    [
        ("AWS::DynamoDB::Table", {"ResourcePolicy": {"PolicyDocument": {}}}, "ResourcePolicy"),
        ("AWS::SNS::Topic", {"MaximumMessageSize": 1024}, "MaximumMessageSize"),
        ("AWS::S3::Bucket", {"MetadataTableConfiguration": {"S3TablesDestination": {"TableBucketArn": "a",
         "TableName": "t"}}}, "MetadataTableConfiguration"),
    ],
)  # fmt: skip
def test_a_property_that_is_not_built_is_recorded_and_named(cfn, type_name, properties, name):
    table = {
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    more = table if type_name == "AWS::DynamoDB::Table" else {}
    stack = cfn.create("later", {"Resources": {"R": {"Type": type_name, "Properties": {**more, **properties}}}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("later")
    note = f"recorded: {name} of {type_name} is kept, nothing else happens"
    assert cfn.reason("later", "R", "CREATE_COMPLETE") == note
    assert cfn.delete("later")["StackStatus"] == "DELETE_COMPLETE"


TYPES = sorted(
    kind.type_name
    for name in services.built()
    for kind in services.load(name).resource_types.values()  # type: ignore[union-attr]
)


@pytest.mark.parametrize("type_name", TYPES)
def test_every_type_is_awss_and_found_by_its_name(type_name):
    kind, schema = registry.find(type_name), resource_schemas.find(type_name)
    assert kind is not None, "registry._SERVICES leads elsewhere"
    assert schema is not None
    named = {name.partition("/")[0] for name in (*(kind.immutable or ()), *kind.fixed, *kind.unbuilt)}
    assert named <= set(schema.properties)
    assert kind.immutable is None or set(kind.immutable) != set(schema.create_only), "AWS's schema says the same"


# handlers that pass on whatever there is, and properties that mean nothing to an API
PASSED_ON = {
    "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route", "AWS::ECR::PullThroughCacheRule", "AWS::EC2::FlowLog", "AWS::EC2::TransitGatewayRoute",
    "AWS::EC2::VPCCidrBlock", "AWS::SSM::Association", "AWS::SSM::MaintenanceWindow",
    "AWS::SSM::MaintenanceWindowTarget", "AWS::SSM::MaintenanceWindowTask", "AWS::SSM::PatchBaseline",
    "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard",
    "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ParameterGroup", "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache", "AWS::ElastiCache::User", "AWS::ElastiCache::UserGroup",
}  # fmt: skip
MEANINGLESS = {
    "AWS::CertificateManager::Certificate": {"Id"},  # the ARN, which only AWS gives
    "AWS::CDK::Metadata": {"Analytics", "Modules"},
    "AWS::CloudFormation::Macro": {"Description"},
    "AWS::IAM::AccessKey": {"Serial"},  # a change of it asks for a new key
}


@pytest.mark.parametrize("service", services.built())
def test_no_property_is_dropped_without_a_word(service):
    """Each one stands in the handlers' source, or among what is not built."""
    declared = services.load(service)
    assert declared is not None
    (folder,) = importlib.import_module(services.package_of(service)).__path__
    source = "".join(
        path.read_text() for path in Path(folder).rglob("*.py") if "cfn" in path.name or "types" in path.parts
    )
    words = set(re.findall(r"\w+", source))
    dropped = {}
    for kind in declared.resource_types.values():
        schema = resource_schemas.find(kind.type_name)
        assert schema is not None
        if kind.type_name in PASSED_ON:
            continue
        expected = set(schema.properties) - set(schema.read_only) - MEANINGLESS.get(kind.type_name, set())
        if missing := expected - words - {"PolicyDocument"}:
            dropped[kind.type_name] = missing
    assert dropped == {}


def test_a_type_that_nobody_has_imports_nothing():
    code = (
        "import sys; from fogbank.services.cloudformation.engine import registry;"
        "before = set(sys.modules);"
        "print([registry.find(n) for n in ('AWS::Nobody::Knows', 'AWS::SQS::Nothing', 'AWS::AppMesh::Mesh')],"
        " sorted(n for n in set(sys.modules) - before if n.startswith('fogbank.services')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[None, None, None] []"


def test_a_permission_of_what_is_no_layer_version(cfn):
    made = {"LayerVersionArn": "layer", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    cfn.create("odd", {"Resources": {"P": {"Type": "AWS::Lambda::LayerVersionPermission", "Properties": made}}})
    assert cfn.reason("odd", "P", "CREATE_FAILED") == "layer is not the ARN of a layer version"
