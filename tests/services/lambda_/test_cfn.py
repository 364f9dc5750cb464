"""Lambda's resources in CloudFormation stacks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

INLINE = """
import os
def handler(event, context):
    return [os.environ["STAGE"], context.function_version]
"""
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String", "Default": "one"}},
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.11", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": INLINE}, "Timeout": "9", "Tags": [{"Key": "a", "Value": "1"}],
                "Environment": {"Variables": {"STAGE": {"Ref": "Stage"}}}, "ReservedConcurrentExecutions": "5",
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Function"}, "Name": "live",
                "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
            },
        },
        "Url": {
            "Type": "AWS::Lambda::Url",
            "Properties": {
                "TargetFunctionArn": {"Ref": "Function"}, "AuthType": "NONE",
                "Cors": {"AllowOrigins": ["*"], "MaxAge": "5"},
            },
        },
        "Events": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": "0"},
        },
    },
    "Outputs": {
        "Name": {"Value": {"Ref": "Function"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}},
        "Url": {"Value": {"Fn::GetAtt": ["Url", "FunctionUrl"]}},
        "Alias": {"Value": {"Ref": "Alias"}},
    },
}  # fmt: skip


def finish(client: Any, stack: str, wanted: str) -> dict[str, str]:
    for _ in range(600):
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.05)
    reasons = [e.get("ResourceStatusReason") for e in client.describe_stack_events(StackName=stack)["StackEvents"]]
    assert found["StackStatus"] == wanted, reasons
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}


def test_a_stack_of_a_function_and_what_belongs_to_it(fn: Any) -> None:
    cfn = fn.account.client("cloudformation")
    made = cfn.create_stack(StackName="s", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])[
        "StackId"
    ]
    outputs = finish(cfn, made, "CREATE_COMPLETE")
    name = outputs["Name"]
    assert name.startswith("s-Function-")
    assert outputs["Arn"].endswith(f":function:{name}")
    assert ".lambda-url." in outputs["Url"]
    assert outputs["Alias"].endswith(f":function:{name}:live")
    assert fn.call(name)[0] == ["one", "$LATEST"]
    assert fn.call(f"{name}:live")[0] == ["one", "1"]
    got = fn.client.get_function(FunctionName=name)
    assert got["Configuration"]["Timeout"] == 9
    assert got["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert got["Tags"]["a"] == "1"
    assert len(json.loads(fn.client.get_policy(FunctionName=name)["Policy"])["Statement"]) == 1
    # a new value changes the function in place; without ReservedConcurrentExecutions the reservation goes
    changed = json.loads(json.dumps(TEMPLATE))
    del changed["Resources"]["Function"]["Properties"]["ReservedConcurrentExecutions"]
    parameters = [{"ParameterKey": "Stage", "ParameterValue": "two"}]
    cfn.update_stack(
        StackName="s", TemplateBody=json.dumps(changed), Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
    )
    assert finish(cfn, made, "UPDATE_COMPLETE")["Name"] == name
    assert fn.call(name)[0] == ["two", "$LATEST"]
    assert "Concurrency" not in fn.client.get_function(FunctionName=name)
    cfn.delete_stack(StackName="s")
    finish(cfn, made, "DELETE_COMPLETE")
    assert fn.client.list_functions()["Functions"] == []


@pytest.mark.parametrize("runtime", ["python3.11", "nodejs20.x"])
def test_inline_code_can_import_cfnresponse(fn: Any, runtime: str) -> None:
    from fogbank.services.lambda_.cfnresponse import inline_package

    text = {
        "python3.11": "import cfnresponse\ndef handler(event, context):\n    return cfnresponse.SUCCESS\n",
        "nodejs20.x": "const r = require('cfnresponse');\nexports.handler = async () => r.SUCCESS;\n",
    }[runtime]
    fn.make(Code={"ZipFile": inline_package(runtime, text)}, Runtime=runtime, Handler="index.handler", MemorySize=256)
    assert fn.call()[0] == "SUCCESS"
