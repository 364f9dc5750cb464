"""Resource types that Fogbank does not have: recorded from their published schemas."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from fogbank import testing
from fogbank.core.cfn import Name
from fogbank.services.cloudformation.engine import registry
from fogbank.services.cloudformation.recorded.values import Maker, ref_of
from fogbank.testing import control
from fogbank.wire import resource_schemas

NOTE = "recorded: {} is kept, nothing else happens"
MESH = "AWS::AppMesh::Mesh"


@pytest.fixture(scope="module", autouse=True)
def these_types_are_recorded():
    assert registry.find(MESH) is None, "choose types that nobody has built"


def mesh(name=None, **properties):
    named = {"MeshName": name} if name else {}
    return {"Type": MESH, "Properties": {**named, **properties}}


def test_a_recorded_resource_has_an_id_and_attributes(cfn, aws):
    template = {
        "Resources": {"Mesh": mesh("m")},
        "Outputs": {
            "Ref": {"Value": {"Ref": "Mesh"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Mesh", "Arn"]}},
            "Owner": {"Value": {"Fn::GetAtt": ["Mesh", "MeshOwner"]}},
        },
    }
    stack = cfn.create("mesh", template)
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("mesh")
    assert cfn.reason("mesh", "Mesh", "CREATE_COMPLETE") == NOTE.format(MESH)
    out = cfn.outputs("mesh")
    assert out["Ref"] == out["Arn"] == f"arn:aws:appmesh:us-east-1:{aws.id}:mesh/m"
    assert out["Owner"] == aws.id
    shown = cfn.client.describe_stack_resource(StackName="mesh", LogicalResourceId="Mesh")["StackResourceDetail"]
    assert shown["PhysicalResourceId"] == out["Ref"]
    assert shown["ResourceStatusReason"] == NOTE.format(MESH)
    assert cfn.delete("mesh")["StackStatus"] == "DELETE_COMPLETE"


def test_names_are_made_and_stay_over_updates(cfn):
    """A change of a create-only property replaces the resource, another change keeps it."""

    def fleet(**properties):
        return {
            "Resources": {
                "Repo": {"Type": "AWS::CodeArtifact::Domain", "Properties": {"DomainName": "first", **properties}}
            }
        }

    cfn.create("fleet", fleet())
    first = cfn.physical("fleet")["Repo"]
    tagged = fleet(Tags=[{"Key": "a", "Value": "b"}])
    assert cfn.update("fleet", tagged)["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.physical("fleet")["Repo"] == first
    assert cfn.reason("fleet", "Repo", "UPDATE_COMPLETE") == NOTE.format("AWS::CodeArtifact::Domain")
    renamed = fleet(DomainName="second")
    assert cfn.update("fleet", renamed)["StackStatus"] == "UPDATE_COMPLETE"
    second = cfn.physical("fleet")["Repo"]
    assert second != first and "second" in second
    again = fleet()
    assert cfn.update("fleet", again)["StackStatus"] == "UPDATE_COMPLETE", "the first one was deleted"


def test_a_name_that_is_taken_fails(cfn):
    """AlreadyExists is the registry's code."""
    cfn.create("one", {"Resources": {"Mesh": mesh("taken")}})
    stack = cfn.create("two", {"Resources": {"Mesh": mesh("taken")}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exists" in cfn.reason("two", "Mesh", "CREATE_FAILED")
    assert "HandlerErrorCode: AlreadyExists" in cfn.reason("two", "Mesh", "CREATE_FAILED")


def test_properties_are_checked_by_the_schema(cfn):
    domain = {"Type": "AWS::CodeArtifact::Domain", "Properties": {"DomainName": "d", "Colour": "grey"}}
    cfn.create("strange", {"Resources": {"D": domain}})
    assert "extraneous key [Colour] is not permitted" in cfn.failures("strange")[0][1]


def test_enumerations_are_checked_since_no_service_does(cfn):
    stack = cfn.create("enum", {"Resources": {"A": {"Type": "AWS::Athena::WorkGroup",
                                                    "Properties": {"Name": "w", "State": "MAYBE"}}}})  # fmt: skip
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "#/State: MAYBE is not a valid enum value" in cfn.failures("enum")[0][1]


def test_retained_resources_stay(cfn):
    cfn.create("kept", {"Resources": {"Mesh": {**mesh("stays"), "DeletionPolicy": "Retain"}}})
    assert cfn.delete("kept")["StackStatus"] == "DELETE_COMPLETE"
    stack = cfn.create("again", {"Resources": {"Mesh": mesh("stays")}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_caller_without_the_handlers_permission_fails(cfn_of, aws):
    """The stack's caller needs appmesh:CreateMesh, as AWS's handler does."""
    allowed = [{"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}]
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": allowed}))
    stack = cfn_of(user).create("denied", {"Resources": {"Mesh": mesh("m")}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = cfn_of(user).reason("denied", "Mesh", "CREATE_FAILED")
    assert "appmesh:CreateMesh" in reason and "HandlerErrorCode: AccessDenied" in reason


def test_a_type_that_aws_does_not_have(cfn):
    with pytest.raises(ClientError) as error:
        cfn.create("nobody", {"Resources": {"A": {"Type": "AWS::Nobody::Knows"}}})
    assert error.value.response["Error"]["Message"] == (
        "Template format error: Unrecognized resource types: [AWS::Nobody::Knows]"
    )


# what public templates ask most of types that one cloud or another does not have: type, Ref, attribute
FORMS = [
    ("AWS::AppSync::GraphQLApi", "arn:aws:appsync:us-east-1:[0-9]{12}:apis/[a-z]{26}", "ApiId", "[a-z]{26}"),
    ("AWS::Batch::JobQueue", "arn:aws:batch:us-east-1:[0-9]{12}:job-queue/.+", "JobQueueArn", "arn:aws:batch:.+"),
    ("AWS::EKS::Cluster", "[a-zA-Z0-9-]+", "Arn", "arn:aws:eks:us-east-1:[0-9]{12}:cluster/.+"),
    ("AWS::Glue::Job", "[a-zA-Z0-9-]+", "", ""),
    ("AWS::MSK::Cluster", "arn:aws:kafka:us-east-1:[0-9]{12}:cluster/C/[0-9a-f-]{36}", "Arn", "arn:aws:kafka:.+"),
    ("AWS::Transfer::Server", "arn:aws:transfer:us-east-1:[0-9]{12}:server/s-[0-9a-f]{17}", "ServerId",
     "s-[0-9a-f]{17}"),
    ("AWS::Redshift::Cluster", "[a-z0-9-]+", "Endpoint.Port", "5439"),
]  # fmt: skip
REQUIRED = {
    "AWS::AppSync::GraphQLApi": {"Name": "n", "AuthenticationType": "API_KEY"},
    "AWS::Batch::JobQueue": {"Priority": 1, "ComputeEnvironmentOrder": []},
    "AWS::EKS::Cluster": {"ResourcesVpcConfig": {"SubnetIds": ["s"]}, "RoleArn": "r"},
    "AWS::Glue::Job": {"Role": "r", "Command": {}},
    "AWS::MSK::Cluster": {"BrokerNodeGroupInfo": {"ClientSubnets": ["s"], "InstanceType": "t"}, "ClusterName": "C",
                          "KafkaVersion": "3", "NumberOfBrokerNodes": 2},
    "AWS::Transfer::Server": {},
    "AWS::Redshift::Cluster": {"ClusterType": "single-node", "DBName": "d", "MasterUsername": "u", "NodeType": "t"},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "ref", "attribute", "value"), FORMS, ids=[form[0] for form in FORMS])
def test_the_forms_of_values(cfn, kind, ref, attribute, value):
    if registry.find(kind) is not None:
        pytest.skip(f"{kind} is built; take another type: see docs/coverage.md")
    template = {"Resources": {"R": {"Type": kind, "Properties": REQUIRED[kind]}}}
    if attribute:
        template["Outputs"] = {"A": {"Value": {"Fn::GetAtt": ["R", attribute]}}}
    assert cfn.create("forms", template)["StackStatus"] == "CREATE_COMPLETE", cfn.failures("forms")
    assert re.fullmatch(ref, cfn.physical("forms")["R"]), cfn.physical("forms")["R"]
    if attribute:
        assert re.fullmatch(value, cfn.outputs("forms")["A"]), cfn.outputs("forms")["A"]


def test_every_type_that_aws_publishes_has_a_handler():
    missing = [name for name in resource_schemas.all_types() if registry.find_or_record(name) is None]
    assert missing == []


def test_doctor_lists_what_is_recorded(cfn, cloud, aws):
    """`fogbank doctor STACK` asks the control API."""
    cfn.create("ill", {"Resources": {"Mesh": mesh("m"), "T": {"Type": "AWS::SNS::Topic"}}})
    where = f"recorded?stack=ill&account={aws.id}"
    found = control.call(cloud.endpoint, "GET", where, token=cloud.app.control.token)
    assert found == [{"name": "Mesh", "type": MESH, "reason": NOTE.format(MESH)}]


def test_fail_refuses(cfn_of):
    """With --cfn-unknown=fail a type or property that is not built fails the stack before anything is made."""
    with testing.cloud(ephemeral=True, cfn_unknown="fail") as cloud:
        cfn = cfn_of(cloud.account())
        assert cfn.create("typed", {"Resources": {"Mesh": mesh("m")}})["StackStatus"] == "ROLLBACK_COMPLETE"
        assert f"Fogbank has not built the resource type {MESH}" in cfn.failures("typed")[0][1]
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"MaximumMessageSize": 1024}}
        assert cfn.create("property", {"Resources": {"T": topic}})["StackStatus"] == "ROLLBACK_COMPLETE"
        said = cfn.failures("property")[0][1]
        assert "Fogbank has not built the property MaximumMessageSize of AWS::SNS::Topic" in said


def test_the_values_of_every_type():
    """Each type gets an identifier, the same at every retry, and its ARN has the region and account or none."""
    ctx = SimpleNamespace(
        account="111122223333",
        region="eu-west-1",
        partition="aws",
        now=lambda: 1.7e9,
        arn=lambda service, rest: f"arn:aws:{service}:eu-west-1:111122223333:{rest}",
    )
    name = Name("Stack", "arn:aws:cloudformation:eu-west-1:111122223333:stack/Stack/1", "Thing", "ABCDEFGHIJKL")
    for kind in resource_schemas.all_types():
        schema = resource_schemas.find(kind)
        given = {path: "given" for path in schema.required if schema.properties.get(path) == "string"}
        model = Maker(ctx, name, kind, schema, given).model()  # type: ignore[arg-type]
        assert model == Maker(ctx, name, kind, schema, given).model()  # type: ignore[arg-type]
        assert ref_of(kind, schema, model).strip("|"), kind
        assert not any("${" in text or re.search("<[adlxA][0-9]", text) for text in texts(model)), kind
        for arn in (value for path in schema.read_only if isinstance(value := model.get(path), str)):
            if arn.startswith("arn:"):
                assert len(arn.split(":", 5)) == 6, (kind, arn)
                assert arn.split(":")[3] in ("", "eu-west-1"), (kind, arn)


def texts(value):
    """All texts in a model."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    return [text for item in value for text in texts(item)] if isinstance(value, list) else [str(value)]
