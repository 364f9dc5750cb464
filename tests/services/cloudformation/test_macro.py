"""Macros: functions that rewrite templates.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

MACRO = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 20
      Code:
        ZipFile: |
          def handler(event, context):
              params, fragment = event["params"], event["fragment"]
              if params.get("Fail"):
                  return {"requestId": event["requestId"], "status": "failure", "errorMessage": "told to"}
              if "Resources" in fragment:
                  fragment["Outputs"] = {"Macro": {"Value": event["templateParameterValues"]["Word"]}}
              else:
                  fragment["Value"] = params["Text"].upper()
              return {"requestId": event["requestId"], "status": "success", "fragment": fragment}
  Macro:
    Type: AWS::CloudFormation::Macro
    Properties: {Name: Upper, FunctionName: !GetAtt Function.Arn}
"""


@pytest.fixture
def macro(cfn):
    stack = cfn.create("macro", MACRO, Capabilities=["CAPABILITY_IAM"])
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("macro")
    return cfn


def user(**params):
    call = {"Fn::Transform": {"Name": "Upper", "Parameters": {"Text": {"Ref": "Word"}, **params}}}
    return {
        "Parameters": {"Word": {"Type": "String", "Default": "quiet"}},
        "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", **call}}},
    }


def test_a_macro_rewrites_a_part_and_the_whole(macro, aws):
    template = user() | {"Transform": ["Upper"]}
    stack = macro.create("user", template, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert stack["StackStatus"] == "CREATE_COMPLETE", macro.failures("user")
    name = macro.physical("user")["P"]
    assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "QUIET"
    assert macro.outputs("user") == {"Macro": "quiet"}
    processed = macro.client.get_template(StackName="user", TemplateStage="Processed")["TemplateBody"]
    assert processed["Resources"]["P"]["Properties"] == {"Type": "String", "Value": "QUIET"}
    assert macro.client.get_template(StackName="user")["TemplateBody"] == template


def test_a_macro_that_fails_and_one_that_is_gone(macro):
    with pytest.raises(ClientError) as error:
        macro.create("no", user(Fail="yes"), Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert "Upper failed with: told to" in error.value.response["Error"]["Message"]
    macro.delete("macro")
    with pytest.raises(ClientError) as error:
        macro.create("no", json.dumps(user()), Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert error.value.response["Error"]["Message"] == "No transform named Upper found."
