"""Change sets, as sam, the CDK, serverless and `aws cloudformation deploy` use them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def changes_of(cfn, change_set_id, **kw):
    found = cfn.client.describe_change_set(ChangeSetName=change_set_id, **kw)
    return {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in found["Changes"]}


def propose(cfn, stack, name, template, **kw):
    return cfn.client.create_change_set(StackName=stack, ChangeSetName=name, TemplateBody=json.dumps(template), **kw)


def test_a_change_set_creates_a_stack(cfn, parameter):
    template = {"Resources": {"P": parameter()}}
    made = propose(cfn, "new", "first", template, ChangeSetType="CREATE", Description="d")
    assert cfn.stack("new")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert cfn.client.list_stack_resources(StackName="new")["StackResourceSummaries"] == []
    found = cfn.client.describe_change_set(StackName="new", ChangeSetName="first")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert found["Description"] == "d"
    assert changes_of(cfn, made["Id"])["P"]["Action"] == "Add"
    cfn.client.get_waiter("change_set_create_complete").wait(StackName="new", ChangeSetName="first")
    cfn.client.execute_change_set(StackName="new", ChangeSetName="first")
    stack = cfn.settled("new")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["ChangeSetId"] == made["Id"]
    assert cfn.story("new")[:2] == [("new", "REVIEW_IN_PROGRESS"), ("new", "CREATE_IN_PROGRESS")]
    with pytest.raises(ClientError) as error:
        cfn.client.execute_change_set(StackName="new", ChangeSetName="first")
    assert code_of(error)[0] == "InvalidChangeSetStatus"
    with pytest.raises(ClientError) as error:
        propose(cfn, "new", "again", template, ChangeSetType="CREATE")
    assert code_of(error)[1].startswith("Stack [new] already exists and cannot be created again with the changeSet")


def test_no_changes_is_a_failed_change_set(cfn, parameter):
    """The CLI, sam and serverless look for this text."""
    template = {"Resources": {"P": parameter()}}
    cfn.create("same", template)
    propose(cfn, "same", "none", template)
    found = cfn.client.describe_change_set(StackName="same", ChangeSetName="none")
    assert found["Status"] == "FAILED" and found["ExecutionStatus"] == "UNAVAILABLE"
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError) as error:
        cfn.client.execute_change_set(StackName="same", ChangeSetName="none")
    assert "cannot be executed in its current status of [FAILED]" in code_of(error)[1]


def test_the_kinds_of_change(cfn, parameter):
    old = {
        "Parameters": {"W": {"Type": "String", "Default": "w"}},
        "Resources": {
            "Direct": parameter("old"),
            "ByParameter": parameter({"Ref": "W"}),
            "Renamed": parameter(name="/kinds/old"),
            "Follows": parameter({"Ref": "Renamed"}),
            "Left": parameter(),
            "Noted": parameter(Metadata={"a": 1}),
            "Gone": parameter(DeletionPolicy="Retain"),
        },
    }
    cfn.create("kinds", old)
    new = json.loads(json.dumps(old))
    new["Resources"]["Direct"] = parameter("new")
    new["Resources"]["Renamed"] = parameter(name="/kinds/new")
    new["Resources"]["Noted"]["Metadata"] = {"a": 2}
    new["Resources"]["Added"] = parameter()
    del new["Resources"]["Gone"]
    made = propose(cfn, "kinds", "c", new, Parameters=[{"ParameterKey": "W", "ParameterValue": "x"}])
    changes = changes_of(cfn, made["Id"], IncludePropertyValues=True)
    assert {name: change["Action"] for name, change in changes.items()} == {
        "Added": "Add",
        "ByParameter": "Modify",
        "Direct": "Modify",
        "Follows": "Modify",
        "Gone": "Remove",
        "Noted": "Modify",
        "Renamed": "Modify",
    }
    direct = changes["Direct"]
    assert (direct["Replacement"], direct["Scope"]) == ("False", ["Properties"])
    (detail,) = direct["Details"]
    assert detail["ChangeSource"] == "DirectModification" and detail["Evaluation"] == "Static"
    assert detail["Target"]["Name"] == "Value" and detail["Target"]["RequiresRecreation"] == "Never"
    assert (detail["Target"]["BeforeValue"], detail["Target"]["AfterValue"]) == ("old", "new")
    (detail,) = changes["ByParameter"]["Details"]
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ParameterReference", "W")
    assert changes["Renamed"]["Replacement"] == "True"
    assert changes["Renamed"]["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    (detail,) = changes["Follows"]["Details"]
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ResourceReference", "Renamed")
    assert detail["Evaluation"] == "Dynamic"
    assert detail["Target"]["AfterValue"] == "{{changeSet:KNOWN_AFTER_APPLY}}"
    assert changes["Noted"]["Scope"] == ["Metadata"]
    assert changes["Gone"]["PolicyAction"] == "Retain"
    before = cfn.physical("kinds")
    cfn.client.execute_change_set(ChangeSetName=made["Id"])
    assert cfn.settled("kinds")["StackStatus"] == "UPDATE_COMPLETE"
    after = cfn.physical("kinds")
    assert after["Direct"] == before["Direct"] and after["Renamed"] == "/kinds/new"


def test_values_are_shown_on_request_only(cfn, parameter):
    cfn.create("hide", {"Resources": {"P": parameter("one")}})
    made = propose(cfn, "hide", "c", {"Resources": {"P": parameter("two")}})
    change = changes_of(cfn, made["Id"])["P"]
    assert "AfterContext" not in change and "AfterValue" not in change["Details"][0]["Target"]
    shown = changes_of(cfn, made["Id"], IncludePropertyValues=True)["P"]
    assert json.loads(shown["AfterContext"])["Properties"]["Value"] == "two"


def test_tags_and_outputs_alone_are_changes(cfn, parameter):
    template = {"Resources": {"P": parameter()}}
    cfn.create("only", template)
    propose(cfn, "only", "tags", template, Tags=[{"Key": "a", "Value": "b"}])
    found = cfn.client.describe_change_set(StackName="only", ChangeSetName="tags")
    assert found["Status"] == "CREATE_COMPLETE" and found["Changes"][0]["ResourceChange"]["Scope"] == ["Tags"]
    propose(cfn, "only", "outputs", template | {"Outputs": {"O": {"Value": "x"}}})
    found = cfn.client.describe_change_set(StackName="only", ChangeSetName="outputs")
    assert found["Status"] == "CREATE_COMPLETE" and found["Changes"] == []
    cfn.client.execute_change_set(StackName="only", ChangeSetName="outputs")
    cfn.settled("only")
    assert cfn.outputs("only") == {"O": "x"}


def test_listing_and_deleting(cfn, parameter):
    cfn.create("list", {"Resources": {"P": parameter()}})
    propose(cfn, "list", "a", {"Resources": {"P": parameter("a")}})
    propose(cfn, "list", "b", {"Resources": {"P": parameter("b")}})
    names = {s["ChangeSetName"] for s in cfn.client.list_change_sets(StackName="list")["Summaries"]}
    assert names == {"a", "b"}
    with pytest.raises(ClientError) as error:
        propose(cfn, "list", "a", {"Resources": {"P": parameter("c")}})
    assert code_of(error)[0] == "AlreadyExistsException"
    cfn.client.delete_change_set(StackName="list", ChangeSetName="a")
    with pytest.raises(ClientError) as error:
        cfn.client.describe_change_set(StackName="list", ChangeSetName="a")
    assert code_of(error) == ("ChangeSetNotFound", "ChangeSet [a] does not exist")
    with pytest.raises(ClientError) as error:
        cfn.client.describe_change_set(StackName="nothing", ChangeSetName="a")
    assert code_of(error) == ("ValidationError", "Stack [nothing] does not exist")
    with pytest.raises(ClientError) as error:
        propose(cfn, "nothing", "a", {"Resources": {"P": parameter("c")}})
    assert code_of(error) == ("ValidationError", "Stack [nothing] does not exist")


def test_import_takes_over_what_exists(cfn, aws, parameter):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html"""
    aws.client("ssm").put_parameter(Name="/made/by/hand", Type="String", Value="v")
    cfn.create("adopt", {"Resources": {"P": parameter()}})
    template = {"Resources": {"P": parameter(), "Q": parameter(name="/made/by/hand", DeletionPolicy="Retain")}}
    wanted = [
        {
            "ResourceType": "AWS::SSM::Parameter",
            "LogicalResourceId": "Q",
            "ResourceIdentifier": {"Name": "/made/by/hand"},
        }
    ]
    made = propose(cfn, "adopt", "i", template, ChangeSetType="IMPORT", ResourcesToImport=wanted)
    assert changes_of(cfn, made["Id"])["Q"]["Action"] == "Import"
    cfn.client.execute_change_set(ChangeSetName=made["Id"])
    assert cfn.settled("adopt")["StackStatus"] == "IMPORT_COMPLETE"
    assert cfn.physical("adopt")["Q"] == "/made/by/hand"
    cfn.delete("adopt")
    assert [p["Name"] for p in aws.client("ssm").describe_parameters()["Parameters"]] == ["/made/by/hand"]


def test_a_broken_macro_fails_the_change_set(cfn, parameter):
    template = {"Transform": "Unheard", "Resources": {"P": parameter()}}
    propose(cfn, "macro", "c", template, ChangeSetType="CREATE")
    found = cfn.client.describe_change_set(StackName="macro", ChangeSetName="c")
    assert found["Status"] == "FAILED"
    assert "No transform named Unheard found" in found["StatusReason"]


def test_what_an_empty_change_set_shows(cfn, parameter):
    """Recorded from AWS: Tags and Parameters are left out, the other lists are empty."""
    propose(cfn, "bare", "c", {"Resources": {"P": parameter()}}, ChangeSetType="CREATE")
    found = cfn.client.describe_change_set(StackName="bare", ChangeSetName="c")
    assert "Tags" not in found and "Parameters" not in found
    assert (found["Capabilities"], found["NotificationARNs"], found["RollbackConfiguration"]) == ([], [], {})
    assert found["IncludeNestedStacks"] is False
    cfn.client.execute_change_set(StackName="bare", ChangeSetName="c")
    stack = cfn.settled("bare")
    assert stack["LastUpdatedTime"] >= stack["CreationTime"]
    (last,) = stack["LastOperations"]
    assert last["OperationType"] == "CREATE_STACK" and len(last["OperationId"]) == 36


def test_a_parameter_through_a_mapping_has_two_details(cfn, parameter):
    """Recorded from AWS: the parameter's reference, and a direct modification that is evaluated dynamically."""
    template = {
        "Parameters": {"Size": {"Type": "String", "Default": "small"}},
        "Mappings": {"Sizes": {"small": {"v": "1"}, "large": {"v": "2"}}},
        "Resources": {"P": parameter({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "v"]})},
    }
    cfn.create("mapped", template)
    made = propose(cfn, "mapped", "c", template, Parameters=[{"ParameterKey": "Size", "ParameterValue": "large"}])
    details = changes_of(cfn, made["Id"])["P"]["Details"]
    assert [(d["ChangeSource"], d["Evaluation"], d.get("CausingEntity")) for d in details] == [
        ("ParameterReference", "Static", "Size"),
        ("DirectModification", "Dynamic", None),
    ]


@pytest.fixture
def child_url(aws):
    """Store a template in S3 and return its URL."""

    def put(name, template):
        bucket = f"nested-{aws.id}"
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=name, Body=json.dumps(template))
        return f"https://{bucket}.s3.amazonaws.com/{name}"

    return put


def test_nested_change_sets(cfn, parameter, child_url):
    """One change set for each nested stack; the root's execution executes all of them."""

    def outer(value):
        url = child_url(f"{value}.json", {"Resources": {"Inner": parameter(value)}})
        return {"Resources": {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}}

    made = propose(cfn, "outer", "c", outer("one"), ChangeSetType="CREATE", IncludeNestedStacks=True)
    change = changes_of(cfn, made["Id"])["Child"]
    child = cfn.client.describe_change_set(ChangeSetName=change["ChangeSetId"])
    assert child["ParentChangeSetId"] == child["RootChangeSetId"] == made["Id"]
    assert [c["ResourceChange"]["LogicalResourceId"] for c in child["Changes"]] == ["Inner"]
    assert cfn.stack(child["StackId"])["StackStatus"] == "REVIEW_IN_PROGRESS"
    with pytest.raises(ClientError) as error:
        cfn.client.execute_change_set(ChangeSetName=child["ChangeSetId"])
    assert made["Id"] in code_of(error)[1]
    cfn.client.execute_change_set(ChangeSetName=made["Id"])
    assert cfn.settled("outer")["StackStatus"] == "CREATE_COMPLETE", cfn.failures("outer")

    second = propose(cfn, "outer", "d", outer("two"), IncludeNestedStacks=True)
    change = changes_of(cfn, second["Id"])["Child"]
    child = cfn.client.describe_change_set(ChangeSetName=change["ChangeSetId"])
    inner = child["Changes"][0]["ResourceChange"]
    assert (inner["Action"], inner["LogicalResourceId"], inner["Replacement"]) == ("Modify", "Inner", "False")
    assert child["StackId"] == cfn.physical("outer")["Child"]
    cfn.client.delete_change_set(ChangeSetName=second["Id"])
    with pytest.raises(ClientError) as error:
        cfn.client.describe_change_set(ChangeSetName=change["ChangeSetId"])
    assert code_of(error)[0] == "ChangeSetNotFound"


def test_a_nested_change_set_that_fails_fails_its_parent(cfn, child_url):
    url = child_url("bad.json", {"Resources": {"A": {"Type": "AWS::Nobody::Knows"}}})
    template = {"Resources": {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}}
    with pytest.raises(ClientError) as error:
        propose(cfn, "outer", "c", template, ChangeSetType="CREATE", IncludeNestedStacks=True)
    assert "Unrecognized resource types" in code_of(error)[1]


def test_existing_resources_are_imported(cfn, aws):
    """ImportExistingResources: a resource with a custom name that exists already becomes the stack's."""
    aws.client("iam").create_role(RoleName="there", AssumeRolePolicyDocument=json.dumps(TRUST))
    properties = {"RoleName": "there", "AssumeRolePolicyDocument": TRUST}
    role = {"Type": "AWS::IAM::Role", "DeletionPolicy": "Retain", "Properties": properties}
    other = {"Type": "AWS::IAM::Role", "Properties": {**properties, "RoleName": "new"}}
    template = {"Resources": {"There": role, "New": other}}
    made = propose(cfn, "mine", "c", template, ChangeSetType="CREATE", ImportExistingResources=True,
                   Capabilities=["CAPABILITY_NAMED_IAM"])  # fmt: skip
    found = changes_of(cfn, made["Id"])
    assert (found["There"]["Action"], found["There"]["PhysicalResourceId"]) == ("Import", "there")
    assert found["New"]["Action"] == "Add"
    cfn.client.execute_change_set(ChangeSetName=made["Id"])
    assert cfn.settled("mine")["StackStatus"] == "CREATE_COMPLETE", cfn.failures("mine")
    assert ("There", "IMPORT_COMPLETE") in cfn.story("mine")
    summary = cfn.client.get_template_summary(TemplateBody=json.dumps(template))["ResourceIdentifierSummaries"]
    assert summary == [{"ResourceType": "AWS::IAM::Role", "LogicalResourceIds": ["There", "New"],
                        "ResourceIdentifiers": ["RoleName"]}]  # fmt: skip


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
