"""Stacks from creation to deletion, with Parameter Store's parameters as their resources."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: two parameters
Parameters:
  Word: {Type: String, Default: hello}
Resources:
  First:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Ref Word}
  Second:
    Type: AWS::SSM::Parameter
    Metadata: {about: !Ref First}
    Properties: {Type: String, Value: !Sub '${First}=${First.Value}'}
Outputs:
  Both: {Value: !GetAtt Second.Value, Description: first and second}
"""


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_create_makes_resources_in_order(cfn, aws):
    stack = cfn.create("make", TEMPLATE, Tags=[{"Key": "team", "Value": "fog"}])
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Description"] == "two parameters"
    assert stack["Parameters"] == [{"ParameterKey": "Word", "ParameterValue": "hello"}]
    assert stack["Tags"] == [{"Key": "team", "Value": "fog"}]
    first = cfn.physical("make")["First"]
    assert cfn.outputs("make") == {"Both": f"{first}=hello"}
    assert first.startswith("CFN-make-First-")
    ssm = aws.client("ssm")
    assert ssm.get_parameter(Name=first)["Parameter"]["Value"] == "hello"
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=first)["TagList"]
    assert {"Key": "team", "Value": "fog"} in tags  # the stack's tags travel (User Guide, "Resource tag")
    assert cfn.story("make") == [
        ("make", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_COMPLETE"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_COMPLETE"),
        ("make", "CREATE_COMPLETE"),
    ]
    events = cfn.events("make")
    assert events[0]["ResourceStatusReason"] == "User Initiated"
    assert events[2]["ResourceStatusReason"] == "Resource creation Initiated"
    assert len({event["EventId"] for event in events}) == len(events)
    assert json.loads(events[3]["ResourceProperties"])["Value"] == "hello"


def test_resources_described(cfn):
    cfn.create("shown", TEMPLATE)
    first = cfn.physical("shown")["First"]
    detail = cfn.client.describe_stack_resource(StackName="shown", LogicalResourceId="Second")["StackResourceDetail"]
    assert detail["ResourceStatus"] == "CREATE_COMPLETE"
    assert json.loads(detail["Metadata"]) == {"about": first}
    listed = cfn.client.list_stack_resources(StackName="shown")["StackResourceSummaries"]
    assert [r["LogicalResourceId"] for r in listed] == ["First", "Second"]
    by_id = cfn.client.describe_stack_resources(PhysicalResourceId=first)["StackResources"]
    assert {r["StackName"] for r in by_id} == {"shown"}
    with pytest.raises(ClientError) as error:
        cfn.client.describe_stack_resource(StackName="shown", LogicalResourceId="None")
    assert code_of(error) == ("ValidationError", "Resource None does not exist for stack shown")


def test_a_stack_that_does_not_exist(cfn):
    """The texts that serverless, the CDK and the AWS CLI read."""
    with pytest.raises(ClientError) as error:
        cfn.client.describe_stacks(StackName="nope")
    assert code_of(error) == ("ValidationError", "Stack with id nope does not exist")
    with pytest.raises(ClientError) as error:
        cfn.client.update_stack(StackName="nope", TemplateBody=TEMPLATE)
    assert code_of(error) == ("ValidationError", "Stack [nope] does not exist")
    cfn.client.delete_stack(StackName="nope")  # no error, as in AWS


def test_names(cfn):
    cfn.create("taken", TEMPLATE)
    with pytest.raises(ClientError) as error:
        cfn.create("taken", TEMPLATE)
    assert code_of(error) == ("AlreadyExistsException", "Stack [taken] already exists")
    with pytest.raises(ClientError) as error:
        cfn.create("1bad", TEMPLATE)
    assert code_of(error)[0] == "ValidationError"
    assert "failed to satisfy constraint" in code_of(error)[1]


def test_update_changes_only_what_changed(cfn, aws):
    cfn.create("grow", TEMPLATE)
    before = cfn.physical("grow")
    stack = cfn.update("grow", Parameters=[{"ParameterKey": "Word", "ParameterValue": "bye"}])
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.physical("grow") == before
    assert aws.client("ssm").get_parameter(Name=before["Second"])["Parameter"]["Value"] == f"{before['First']}=bye"
    assert cfn.story("grow")[-7:] == [
        ("grow", "UPDATE_IN_PROGRESS"),
        ("First", "UPDATE_IN_PROGRESS"),
        ("First", "UPDATE_COMPLETE"),
        ("Second", "UPDATE_IN_PROGRESS"),
        ("Second", "UPDATE_COMPLETE"),
        ("grow", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("grow", "UPDATE_COMPLETE"),
    ]
    with pytest.raises(ClientError) as error:
        cfn.update("grow", Parameters=[{"ParameterKey": "Word", "UsePreviousValue": True}])
    assert code_of(error) == ("ValidationError", "No updates are to be performed.")


def test_replacement_makes_the_new_one_before_it_deletes_the_old(cfn, aws, parameter):
    cfn.create("swap", {"Resources": {"P": parameter(name="/swap/old")}})
    stack = cfn.update("swap", {"Resources": {"P": parameter(name="/swap/new")}})
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    names = {p["Name"] for p in aws.client("ssm").describe_parameters()["Parameters"]}
    assert names == {"/swap/new"}
    story = cfn.story("swap")
    assert story[-7:] == [
        ("P", "UPDATE_IN_PROGRESS"),
        ("P", "UPDATE_IN_PROGRESS"),
        ("P", "UPDATE_COMPLETE"),
        ("swap", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("P", "DELETE_IN_PROGRESS"),
        ("P", "DELETE_COMPLETE"),
        ("swap", "UPDATE_COMPLETE"),
    ]
    assert cfn.reason("swap", "P", "UPDATE_IN_PROGRESS") == (
        "Requested update requires the creation of a new physical resource; hence creating one."
    )


def test_resources_leave_with_the_template(cfn, aws, parameter):
    both = {"Resources": {"A": parameter(name="/go/a"), "B": parameter(name="/go/b", DeletionPolicy="Retain")}}
    cfn.create("go", both)
    cfn.update("go", {"Resources": {"C": parameter(name="/go/c")}})
    names = {p["Name"] for p in aws.client("ssm").describe_parameters()["Parameters"]}
    assert names == {"/go/b", "/go/c"}  # B is retained
    assert ("B", "DELETE_SKIPPED") in cfn.story("go")
    assert set(cfn.physical("go")) == {"C"}


def test_failed_creation_rolls_back(cfn, aws, parameter):
    template = {"Resources": {"Good": parameter(), "Bad": parameter(name="ssm-reserved", DependsOn="Good")}}
    stack = cfn.create("fail", template)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = cfn.reason("fail", "Bad", "CREATE_FAILED")
    assert reason.startswith("Resource handler returned message: \"Parameter name: can't be prefixed with")
    assert "HandlerErrorCode: " in reason
    assert cfn.reason("fail", "fail", "ROLLBACK_IN_PROGRESS") == (
        "The following resource(s) failed to create: [Bad]. Rollback requested by user."
    )
    assert ("Good", "DELETE_COMPLETE") in cfn.story("fail")
    assert aws.client("ssm").describe_parameters()["Parameters"] == []
    with pytest.raises(ClientError) as error:
        cfn.update("fail", template)
    assert code_of(error)[1] == f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
    assert cfn.delete("fail")["StackStatus"] == "DELETE_COMPLETE"


def test_failed_creation_may_stay(cfn, aws, parameter):
    template = {"Resources": {"Good": parameter(), "Bad": parameter(name="ssm-reserved", DependsOn="Good")}}
    stack = cfn.create("stay", template, DisableRollback=True)
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert len(aws.client("ssm").describe_parameters()["Parameters"]) == 1
    fixed = {"Resources": {"Good": parameter(), "Bad": parameter(name="fine", DependsOn="Good")}}
    assert cfn.update("stay", fixed)["StackStatus"] == "UPDATE_COMPLETE"
    stack_id = cfn.stack("stay")["StackId"]
    cfn.client.create_stack(StackName="gone", TemplateBody=json.dumps(template), OnFailure="DELETE")
    end = time.monotonic() + 10
    while time.monotonic() < end and "gone" in [s["StackName"] for s in cfn.client.describe_stacks()["Stacks"]]:
        time.sleep(0.02)
    assert [s["StackId"] for s in cfn.client.describe_stacks()["Stacks"]] == [stack_id]


def test_failed_update_rolls_back_to_what_was(cfn, aws, parameter):
    old = {"Resources": {"A": parameter("one"), "B": parameter("b", name="/up/b")}}
    cfn.create("up", old)
    before = cfn.physical("up")
    bad = {
        "Resources": {
            "A": parameter("two"),
            "B": parameter("b", name="/up/b2"),
            "C": parameter(),
            "Bad": parameter(name="ssm-reserved", DependsOn=["A", "B", "C"]),
        }
    }
    stack = cfn.update("up", bad)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cfn.physical("up") == before
    ssm = aws.client("ssm")
    assert {p["Name"] for p in ssm.describe_parameters()["Parameters"]} == set(before.values())
    assert ssm.get_parameter(Name=before["A"])["Parameter"]["Value"] == "one"
    assert cfn.reason("up", "up", "UPDATE_ROLLBACK_IN_PROGRESS") == (
        "The following resource(s) failed to create: [Bad]."
    )
    assert json.loads(json.dumps(cfn.client.get_template(StackName="up")["TemplateBody"])) == old
    assert cfn.update("up", {"Resources": {"A": parameter("three")}})["StackStatus"] == "UPDATE_COMPLETE"


def test_failed_update_may_stay_and_be_rolled_back_later(cfn, aws, parameter):
    cfn.create("later", {"Resources": {"A": parameter("one")}})
    bad = {"Resources": {"A": parameter("two"), "Bad": parameter(name="ssm-x", DependsOn="A")}}
    assert cfn.update("later", bad, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    name = cfn.physical("later")["A"]
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "two"
    cfn.client.rollback_stack(StackName="later")
    assert cfn.settled("later")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "one"


def test_delete(cfn, aws, parameter):
    template = {"Resources": {"A": parameter(DeletionPolicy="Retain"), "B": parameter(DependsOn="A")}}
    stack_id = cfn.create("end", template)["StackId"]
    kept = cfn.physical("end")["A"]
    cfn.client.update_termination_protection(StackName="end", EnableTerminationProtection=True)
    with pytest.raises(ClientError) as error:
        cfn.delete("end")
    assert code_of(error)[1] == "Stack [end] cannot be deleted while TerminationProtection is enabled"
    cfn.client.update_termination_protection(StackName="end", EnableTerminationProtection=False)
    assert cfn.delete("end")["StackStatus"] == "DELETE_COMPLETE"
    assert [p["Name"] for p in aws.client("ssm").describe_parameters()["Parameters"]] == [kept]
    with pytest.raises(ClientError):
        cfn.stack("end")  # by name it is gone, by id it is remembered
    assert cfn.stack(stack_id)["DeletionTime"] is not None
    statuses = {s["StackStatus"] for s in cfn.client.list_stacks()["StackSummaries"]}
    assert statuses == {"DELETE_COMPLETE"}
    assert cfn.create("end", template)["StackId"] != stack_id  # the name is free again


def test_deletion_of_a_stack_that_is_being_created(cfn, aws, parameter):
    template = {
        "Resources": {
            "P": parameter(),
            "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "W": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "DependsOn": "P",
                "Properties": {"Handle": {"Ref": "H"}, "Timeout": "300"},
            },
        }
    }
    cfn.create("halt", template, wait=False)
    cfn.until("halt", "W", "CREATE_IN_PROGRESS")
    cfn.until("halt", "P", "CREATE_COMPLETE")
    assert cfn.delete("halt")["StackStatus"] == "DELETE_COMPLETE"
    assert aws.client("ssm").describe_parameters()["Parameters"] == []


def test_cancelled_update_rolls_back(cfn, aws, parameter):
    cfn.create("cancel", {"Resources": {"P": parameter("one")}})
    waiting = {
        "Resources": {
            "P": parameter("two"),
            "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "W": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "DependsOn": "P",
                "Properties": {"Handle": {"Ref": "H"}, "Timeout": "300"},
            },
        }
    }
    with pytest.raises(ClientError):
        cfn.client.cancel_update_stack(StackName="cancel")
    cfn.update("cancel", waiting, wait=False)
    cfn.until("cancel", "W", "CREATE_IN_PROGRESS")
    cfn.until("cancel", "P", "UPDATE_COMPLETE")
    cfn.client.cancel_update_stack(StackName="cancel")
    assert cfn.settled("cancel")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cfn.reason("cancel", "W", "CREATE_FAILED") == "Resource creation cancelled"
    name = cfn.physical("cancel")["P"]
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "one"
    assert set(cfn.physical("cancel")) == {"P"}


def test_in_progress_stacks_are_left_alone(cfn):
    template = {
        "Resources": {
            "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "W": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "Properties": {"Handle": {"Ref": "H"}, "Timeout": "300"},
            },
        }
    }
    cfn.create("busy", template, wait=False)
    with pytest.raises(ClientError) as error:
        cfn.update("busy", TEMPLATE)
    assert "is in CREATE_IN_PROGRESS state and can not be updated." in code_of(error)[1]
    cfn.delete("busy")


def test_exports_bind_stacks(cfn, parameter):
    exporter = {
        "Resources": {"P": parameter("x")},
        "Outputs": {"O": {"Value": {"Fn::GetAtt": ["P", "Value"]}, "Export": {"Name": "shared"}}},
    }
    importer = {"Resources": {"Q": parameter({"Fn::ImportValue": "shared"})}}
    assert cfn.create("early", importer)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert cfn.reason("early", "Q", "CREATE_FAILED") == "No export named shared found."
    stack_id = cfn.create("exporter", exporter)["StackId"]
    cfn.create("importer", importer)
    exports = cfn.client.list_exports()["Exports"]
    assert exports == [{"ExportingStackId": stack_id, "Name": "shared", "Value": "x"}]
    assert cfn.client.list_imports(ExportName="shared")["Imports"] == ["importer"]
    with pytest.raises(ClientError) as error:
        cfn.delete("exporter")
    assert code_of(error)[1] == "Export shared cannot be deleted as it is in use by importer"
    changed = json.loads(json.dumps(exporter).replace('"x"', '"y"'))
    assert cfn.update("exporter", changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cfn.reason("exporter", "exporter", "UPDATE_ROLLBACK_IN_PROGRESS") == (
        "Export shared cannot be updated as it is in use by importer"
    )
    assert cfn.create("second", exporter)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is already exported by stack exporter" in cfn.reason("second", "second", "ROLLBACK_IN_PROGRESS")
    cfn.delete("importer")
    cfn.delete("exporter")
    assert cfn.client.list_exports()["Exports"] == []
    with pytest.raises(ClientError) as error:
        cfn.client.list_imports(ExportName="shared")
    assert code_of(error)[1] == "Export 'shared' is not imported by any stack."


def test_conditions_decide_what_exists(cfn, parameter):
    template = {
        "Parameters": {"Make": {"Type": "String", "AllowedValues": ["yes", "no"]}},
        "Conditions": {"Made": {"Fn::Equals": [{"Ref": "Make"}, "yes"]}},
        "Resources": {
            "Always": parameter({"Fn::If": ["Made", {"Ref": "Sometimes"}, "none"]}),
            "Sometimes": parameter(Condition="Made"),
        },
        "Outputs": {"Name": {"Condition": "Made", "Value": {"Ref": "Sometimes"}}},
    }
    cfn.create("if", template, Parameters=[{"ParameterKey": "Make", "ParameterValue": "no"}])
    assert set(cfn.physical("if")) == {"Always"}
    assert cfn.outputs("if") == {}
    cfn.update("if", Parameters=[{"ParameterKey": "Make", "ParameterValue": "yes"}])
    assert cfn.outputs("if") == {"Name": cfn.physical("if")["Sometimes"]}
    with pytest.raises(ClientError) as error:
        cfn.update("if", Parameters=[{"ParameterKey": "Make", "ParameterValue": "maybe"}])
    assert code_of(error) == ("ValidationError", "Parameter 'Make' must be one of AllowedValues")


def test_values_of_parameter_store(cfn, aws, parameter):
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/in/list", Type="StringList", Value="a,b")
    ssm.put_parameter(Name="/in/text", Type="String", Value="deep")
    template = {
        "Parameters": {"L": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/in/list"}},
        "Resources": {"P": parameter({"Fn::Sub": ["${one}-{{resolve:ssm:/in/text}}",
                                                  {"one": {"Fn::Select": [1, {"Ref": "L"}]}}]})},
    }  # fmt: skip
    stack = cfn.create("look", template)
    assert stack["Parameters"] == [{"ParameterKey": "L", "ParameterValue": "/in/list", "ResolvedValue": "a,b"}]
    name = cfn.physical("look")["P"]
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "b-deep"
    with pytest.raises(ClientError) as error:
        cfn.create("blind", template, Parameters=[{"ParameterKey": "L", "ParameterValue": "/none"}])
    assert code_of(error)[1] == "Unable to fetch parameters [/none] from parameter store for this account."


def test_no_echo(cfn, parameter):
    template = {
        "Parameters": {"S": {"Type": "String", "NoEcho": True}},
        "Resources": {"P": parameter({"Ref": "S"})},
    }
    cfn.create("quiet", template, Parameters=[{"ParameterKey": "S", "ParameterValue": "secret"}])
    assert cfn.stack("quiet")["Parameters"] == [{"ParameterKey": "S", "ParameterValue": "****"}]


def test_retained_once_deletion_failed_is_only_for_failed_deletions(cfn, parameter):
    cfn.create("keep", {"Resources": {"P": parameter()}})
    with pytest.raises(ClientError) as error:
        cfn.delete("keep", RetainResources=["P"])
    assert "RetainResources is only supported for stacks in DELETE_FAILED state." in code_of(error)[1]


def test_stack_policies_deny_updates(cfn, aws, parameter):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html"""
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "Update:Modify", "Principal": "*", "Resource": "LogicalResourceId/P"},
        ]
    }
    cfn.create("guard", {"Resources": {"P": parameter("one")}})
    assert "StackPolicyBody" not in cfn.client.get_stack_policy(StackName="guard")
    cfn.client.set_stack_policy(StackName="guard", StackPolicyBody=json.dumps(policy))
    assert json.loads(cfn.client.get_stack_policy(StackName="guard")["StackPolicyBody"]) == policy
    stack = cfn.update("guard", {"Resources": {"P": parameter("two")}})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cfn.reason("guard", "P", "UPDATE_FAILED").startswith("Action denied by stack policy: Statement [#2]")
    free = json.dumps({"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]})
    update = cfn.update("guard", {"Resources": {"P": parameter("two")}}, StackPolicyDuringUpdateBody=free)
    assert update["StackStatus"] == "UPDATE_COMPLETE"
    with pytest.raises(ClientError):
        cfn.client.set_stack_policy(StackName="guard", StackPolicyBody="{")


def test_pages_of_events_and_resources(cfn, parameter):
    cfn.create("many", {"Resources": {f"P{n}": parameter() for n in range(120)}})
    assert cfn.stack("many")["StackStatus"] == "CREATE_COMPLETE"
    first = cfn.client.list_stack_resources(StackName="many")
    assert len(first["StackResourceSummaries"]) == 100
    rest = cfn.client.list_stack_resources(StackName="many", NextToken=first["NextToken"])
    assert len(rest["StackResourceSummaries"]) == 20 and "NextToken" not in rest
    story = cfn.story("many")
    assert len(story) == 2 + 3 * 120
    with pytest.raises(ClientError) as error:
        cfn.client.list_stack_resources(StackName="many", NextToken="nonsense")
    assert code_of(error)[0] == "ValidationError"


def test_one_token_one_stack(cfn, parameter):
    template = json.dumps({"Resources": {"P": parameter()}})
    kw = {"StackName": "once", "TemplateBody": template, "ClientRequestToken": "t-1"}
    stack_id = cfn.client.create_stack(**kw)["StackId"]
    assert cfn.client.create_stack(**kw)["StackId"] == stack_id
    cfn.settled("once")
    assert cfn.events("once")[0]["ClientRequestToken"] == "t-1"
