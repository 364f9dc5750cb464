"""Templates sent, checked, transformed and given back."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

SAM = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 10}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: "def handler(event, context): return {}"
      Policies: [AmazonSQSReadOnlyAccess, {DynamoDBReadPolicy: {TableName: t}}]
      Events:
        Get: {Type: HttpApi, Properties: {Path: /hello, Method: get}}
"""


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_get_template_returns_what_was_sent(cfn):
    text = "# a comment\nResources:\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub 'x'}}\n"
    cfn.create("yaml", text)
    assert cfn.client.get_template(StackName="yaml")["TemplateBody"] == text
    assert cfn.client.get_template(StackName="yaml", TemplateStage="Processed")["TemplateBody"] == text
    with pytest.raises(ClientError) as error:
        cfn.client.get_template(StackName="none")
    assert code_of(error) == ("ValidationError", "Stack [none] does not exist")


def test_validate_template(cfn):
    template = {
        "Description": "d",
        "Parameters": {"P": {"Type": "String", "Default": 1, "NoEcho": True, "Description": "p"}},
        "Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}},
    }
    found = cfn.client.validate_template(TemplateBody=json.dumps(template))
    assert found["Description"] == "d"
    assert found["Parameters"] == [{"ParameterKey": "P", "DefaultValue": "1", "NoEcho": True, "Description": "p"}]
    assert found["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert found["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::Role]"
    with pytest.raises(ClientError) as error:
        cfn.client.validate_template(TemplateBody="{}")
    assert code_of(error)[1] == "Template format error: At least one Resources member must be defined."
    with pytest.raises(ClientError) as error:
        cfn.client.validate_template()
    assert code_of(error)[1] == "Either Template URL or Template Body must be specified."


def test_circles_are_refused(cfn, parameter):
    template = {"Resources": {"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"}), "C": parameter()}}
    for call in (cfn.client.validate_template, lambda **kw: cfn.client.create_stack(StackName="loop", **kw)):
        with pytest.raises(ClientError) as error:
            call(TemplateBody=json.dumps(template))
        assert code_of(error) == ("ValidationError", "Circular dependency between resources: [A, B]")


def test_get_template_summary(cfn):
    """The call that sam deploy makes first."""
    found = cfn.client.get_template_summary(TemplateBody=SAM)
    assert found["ResourceTypes"] == ["AWS::Serverless::Function"]
    assert found["DeclaredTransforms"] == ["AWS::Serverless-2016-10-31"]
    assert found["Version"] == "2010-09-09"
    text = json.dumps({"Parameters": {"P": {"Type": "String", "AllowedValues": ["a"]}},
                       "Resources": {"R": {"Type": "AWS::SSM::Parameter"}}})  # fmt: skip
    (declared,) = cfn.client.get_template_summary(TemplateBody=text)["Parameters"]
    assert declared["ParameterConstraints"] == {"AllowedValues": ["a"]}
    cfn.create("sum", "Resources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}")
    of_stack = cfn.client.get_template_summary(StackName="sum")
    assert of_stack["ResourceTypes"] == ["AWS::CloudFormation::WaitConditionHandle"]


def test_capabilities(cfn):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": "r"}}
    with pytest.raises(ClientError) as error:
        cfn.create("caps", {"Resources": {"R": role}}, Capabilities=["CAPABILITY_IAM"])
    assert code_of(error) == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
    with pytest.raises(ClientError) as error:
        cfn.create("caps", SAM, Capabilities=["CAPABILITY_IAM"])
    assert code_of(error) == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")


def test_body_size(cfn, parameter):
    """51,200 bytes of TemplateBody: "CloudFormation quotas"."""
    with pytest.raises(ClientError) as error:
        cfn.create("big", {"Description": "x", "Resources": {"P": parameter("x" * 52_000)}})
    assert (
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200"
        in (code_of(error)[1])
    )


def test_the_serverless_transform(cfn):
    made = cfn.client.create_change_set(
        StackName="sam", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=SAM, Capabilities=["CAPABILITY_IAM"]
    )
    found = cfn.client.describe_change_set(ChangeSetName=made["Id"])
    assert found["Status"] == "CREATE_COMPLETE", found.get("StatusReason")
    types = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"]["ResourceType"] for c in found["Changes"]}
    assert types["Hello"] == "AWS::Lambda::Function"
    assert types["HelloRole"] == "AWS::IAM::Role"
    assert types["ServerlessHttpApi"] == "AWS::ApiGatewayV2::Api"
    assert "AWS::Lambda::Permission" in types.values()
    processed = cfn.client.get_template(ChangeSetName=made["Id"], TemplateStage="Processed")["TemplateBody"]
    role = processed["Resources"]["HelloRole"]["Properties"]
    assert {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/AmazonSQSReadOnlyAccess"]]} in (
        role["ManagedPolicyArns"]
    ) or "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess" in role["ManagedPolicyArns"]
    assert cfn.client.get_template(ChangeSetName=made["Id"])["TemplateBody"] == SAM


def test_a_broken_serverless_template_says_what_is_wrong(cfn):
    text = SAM.replace("      Handler: index.handler\n", "").replace("Runtime: python3.12", "Runtime: [1]")
    made = cfn.client.create_change_set(
        StackName="bad", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=text, Capabilities=["CAPABILITY_IAM"]
    )
    found = cfn.client.describe_change_set(ChangeSetName=made["Id"])
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith(
        "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document."
    )


def test_language_extensions(cfn, aws):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html"""
    text = """
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'a-1,b'}
Resources:
  Fn::ForEach::Each:
    - Name
    - !Ref Names
    - 'P&{Name}':
        Type: AWS::SSM::Parameter
        Properties: {Type: String, Name: !Sub '/each/${Name}', Value: !Sub 'v-${Name}'}
  Count:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub ['${n} ${json}', {n: !Length [!Ref Names, x], json: {'Fn::ToJsonString': {a: !Ref Names}}}]
Outputs:
  Fn::ForEach::Out:
    - Name
    - [b]
    - 'Out${Name}': {Value: !GetAtt 'Pb.Value'}
"""
    with pytest.raises(ClientError):
        cfn.create("each", text)  # a macro that was not acknowledged
    cfn.create("each", text, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert cfn.stack("each")["StackStatus"] == "CREATE_COMPLETE", cfn.events("each")
    assert set(cfn.physical("each")) == {"Pa1", "Pb", "Count"}
    ssm = aws.client("ssm")
    assert ssm.get_parameter(Name="/each/a-1")["Parameter"]["Value"] == "v-a-1"
    count = ssm.get_parameter(Name=cfn.physical("each")["Count"])["Parameter"]["Value"]
    assert count == '2 {"a":["a-1","b"]}'
    assert cfn.outputs("each") == {"Outb": "v-b"}


def test_resource_types_that_are_allowed(cfn, parameter):
    with pytest.raises(ClientError) as error:
        cfn.create("types", {"Resources": {"P": parameter()}}, ResourceTypes=["AWS::S3::*"])
    assert "AWS::SSM::Parameter" in code_of(error)[1]
    cfn.create("types", {"Resources": {"P": parameter()}}, ResourceTypes=["AWS::SSM::*"])


def test_a_stack_under_review_has_an_empty_template(cfn, parameter):
    """The CDK asks for it before the first change set is executed, and takes no body for an empty template."""
    body = json.dumps({"Resources": {"P": parameter()}})
    cfn.client.create_change_set(StackName="review", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)
    assert "TemplateBody" not in cfn.client.get_template(StackName="review")


def test_account_limits(cfn):
    limits = {limit["Name"]: limit["Value"] for limit in cfn.client.describe_account_limits()["AccountLimits"]}
    assert limits == {"StackLimit": 2000, "StackOutputsLimit": 200, "ConcurrentResourcesLimit": 2500}


# -- functions that need a transform, and outputs of other stacks ------------------------------------------------------


@pytest.mark.parametrize("value", [{"Fn::Length": ["a"]}, {"Fn::ToJsonString": {"a": 1}}])
def test_functions_of_language_extensions_need_the_transform(cfn, value):
    """User Guide, "AWS::LanguageExtensions transform"."""
    template = {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}}
    with pytest.raises(ClientError) as error:
        cfn.create("plain", template)
    said = error.value.response["Error"]["Message"]
    name = next(iter(value))
    assert said.startswith(
        f"Template error: Encountered unsupported function: {name} Supported functions are: [Fn::Bas"
    )
    extended = {**template, "Transform": "AWS::LanguageExtensions"}
    stack = cfn.create("extended", extended, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_an_attribute_that_a_type_does_not_have(cfn, parameter):
    """AWS refuses the template before it makes anything."""
    template = {"Resources": {"P": parameter()}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["P", "Colour"]}}}}
    with pytest.raises(ClientError) as error:
        cfn.create("colour", template)
    assert error.value.response["Error"]["Message"] == (
        "Template error: resource P does not support attribute type Colour in Fn::GetAtt"
    )


def test_the_output_of_another_stack(cfn, cfn_of, aws, cloud, parameter):
    """Fn::GetStackOutput: in the same region, in another one, and in another account with a role."""
    made = {"Resources": {"P": parameter("here")}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["P", "Value"]}}}}
    cfn.create("source", made)
    far = aws.client("cloudformation", region="eu-west-1")
    far.create_stack(StackName="far", TemplateBody=json.dumps(made).replace("here", "far"))
    far.get_waiter("stack_create_complete").wait(StackName="far", WaiterConfig={"Delay": 0.1})
    other = cloud.account()
    theirs = cfn_of(other)
    theirs.create("theirs", json.loads(json.dumps(made).replace("here", "theirs")))
    trust = {"Effect": "Allow", "Principal": {"AWS": aws.id}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": "*"}
    iam = other.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]  # fmt: skip
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [allow]}))  # fmt: skip

    def of(**members):
        return {"Fn::GetStackOutput": {"OutputName": "O", **members}}

    template = {
        "Resources": {
            "Near": parameter(of(StackName="source")),
            "Far": parameter(of(StackName={"Fn::Sub": "far"}, Region="eu-west-1")),
        },
        "Outputs": {
            "Near": {"Value": {"Fn::GetAtt": ["Near", "Value"]}},
            "Far": {"Value": {"Fn::GetAtt": ["Far", "Value"]}},
            "Theirs": {"Value": of(StackName="theirs", RoleArn=role)},
        },
    }
    assert cfn.create("user", template)["StackStatus"] == "CREATE_COMPLETE", cfn.failures("user")
    assert cfn.outputs("user") == {"Near": "here", "Far": "far", "Theirs": "theirs"}
    lacking = {"Resources": {"P": parameter(of(StackName="source", OutputName="none"))}}
    assert cfn.create("lacking", lacking)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "none" in cfn.reason("lacking", "P", "CREATE_FAILED")
