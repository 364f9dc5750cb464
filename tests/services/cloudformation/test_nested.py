"""Nested stacks, templates on S3, and AWS::Include."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def upload(aws):
    """Put a template on S3; gives its path-style URL on the endpoint, as the CDK and sam send it."""
    s3 = aws.client("s3")
    bucket = f"templates-{aws.id}"
    s3.create_bucket(Bucket=bucket)

    def put(key, template):
        text = template if isinstance(template, str) else json.dumps(template)
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
        return f"{aws.endpoint}/{bucket}/{key}"

    put.bucket = bucket
    return put


def child(parameter, value="v"):
    return {
        "Parameters": {"Word": {"Type": "String"}, "List": {"Type": "CommaDelimitedList", "Default": "x"}},
        "Resources": {"P": parameter({"Fn::Sub": value + "-${Word}"})},
        "Outputs": {"Value": {"Value": {"Fn::GetAtt": ["P", "Value"]}}},
    }


def parent(url, word="one", **more):
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": url, "Parameters": {"Word": word, "List": ["a", "b"]}},
    }
    return {
        "Resources": {"Child": nested, **more},
        "Outputs": {"Value": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Value"]}}},
    }


def test_a_template_on_s3(cfn, upload, parameter, aws):
    url = upload("t.json", {"Resources": {"P": parameter()}})
    cfn.client.create_stack(StackName="url", TemplateURL=url)
    assert cfn.settled("url")["StackStatus"] == "CREATE_COMPLETE"
    virtual = f"https://{upload.bucket}.s3.us-east-1.amazonaws.com/t.json"
    cfn.client.create_stack(StackName="virtual", TemplateURL=virtual)
    assert cfn.settled("virtual")["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError) as error:
        cfn.client.create_stack(StackName="no", TemplateURL=url.replace("t.json", "none.json"))
    assert error.value.response["Error"]["Message"].startswith("S3 error: ")
    with pytest.raises(ClientError):
        cfn.client.create_stack(StackName="no", TemplateURL="ftp://x/y")


def test_the_life_of_a_nested_stack(cfn, upload, parameter, aws):
    url = upload("child.json", child(parameter))
    assert cfn.create("outer", parent(url))["StackStatus"] == "CREATE_COMPLETE"
    assert cfn.outputs("outer") == {"Value": "v-one"}
    inner_id = cfn.physical("outer")["Child"]
    inner = cfn.stack(inner_id)
    assert inner["StackName"].startswith("outer-Child-")
    assert inner["ParentId"] == inner["RootId"] == cfn.stack("outer")["StackId"]
    assert {"ParameterKey": "List", "ParameterValue": "a,b"} in inner["Parameters"]
    cfn.update("outer", parent(url, "two"))
    assert cfn.outputs("outer") == {"Value": "v-two"}
    assert cfn.physical("outer")["Child"] == inner_id
    upload("child.json", child(parameter, "w"))  # the same URL with something else behind it
    assert cfn.update("outer", parent(url, "two"))["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.outputs("outer") == {"Value": "w-two"}
    cfn.delete("outer")
    assert cfn.stack(inner_id)["StackStatus"] == "DELETE_COMPLETE"
    assert aws.client("ssm").describe_parameters()["Parameters"] == []


def test_a_nested_stack_that_fails(cfn, upload, parameter, aws):
    bad = child(parameter)
    bad["Resources"]["Bad"] = parameter(name="ssm-x", DependsOn="P")
    url = upload("bad.json", bad)
    assert cfn.create("broken", parent(url))["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = cfn.reason("broken", "Child", "CREATE_FAILED")
    assert reason.startswith("Embedded stack arn:aws:cloudformation:")
    assert reason.endswith("was not successfully created: The following resource(s) failed to create: [Bad].")
    assert aws.client("ssm").describe_parameters()["Parameters"] == []
    alive = [s["StackName"] for s in cfn.client.describe_stacks()["Stacks"]]
    assert alive == ["broken"]


def test_a_failed_update_takes_the_nested_stack_back(cfn, upload, parameter):
    url = upload("child.json", child(parameter))
    cfn.create("back", parent(url))
    bad = parent(url, "two", Bad=parameter(name="ssm-x", DependsOn="Child"))
    assert cfn.update("back", bad)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cfn.outputs("back") == {"Value": "v-one"}
    inner = cfn.physical("back")["Child"]
    assert cfn.outputs(inner) == {"Value": "v-one"}


def test_included_files(cfn, upload, aws, parameter):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-include.html"""
    upload("props.yaml", "Type: String\nValue: !Sub '${Word}!'\n")
    upload("more.yaml", "Outputs:\n  Word: {Value: !Ref Word}\n")
    template = {
        "Transform": {"Name": "AWS::Include", "Parameters": {"Location": f"s3://{upload.bucket}/more.yaml"}},
        "Parameters": {"Word": {"Type": "String", "Default": "in"}},
        "Resources": {
            "P": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Name": "/included",
                    "Fn::Transform": {
                        "Name": "AWS::Include",
                        "Parameters": {"Location": f"s3://{upload.bucket}/props.yaml"},
                    },
                },
            }
        },
    }
    cfn.create("include", template, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert aws.client("ssm").get_parameter(Name="/included")["Parameter"]["Value"] == "in!"
    assert cfn.outputs("include") == {"Word": "in"}
    template["Transform"]["Parameters"]["Location"] = f"s3://{upload.bucket}/none.yaml"
    with pytest.raises(ClientError) as error:
        cfn.create("exclude", template, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert "Transform AWS::Include failed with: S3 error" in error.value.response["Error"]["Message"]
