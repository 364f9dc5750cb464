"""The parameters that AWS publishes.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
"""

import json
import re

import pytest
from tests.support import refused

LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
REGIONS = "/aws/service/global-infrastructure/regions"


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


def below(ssm, path, **kw):
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, **kw)
    return {parameter["Name"]: parameter["Value"] for page in pages for parameter in page["Parameters"]}


def test_an_image(ssm, aws):
    found = ssm.get_parameter(Name=LINUX)["Parameter"]
    assert re.fullmatch(r"ami-[0-9a-f]{17}", found["Value"])
    assert found["ARN"] == f"arn:aws:ssm:us-east-1::parameter{LINUX}"
    assert (found["Type"], found["Version"], found["DataType"]) == ("String", 1, "text")
    assert ssm.get_parameter(Name=found["ARN"])["Parameter"] == found
    assert ssm.get_parameter(Name=f"{LINUX}:1")["Parameter"] == {**found, "Selector": ":1"}
    assert refused(ssm.get_parameter, Name=f"{LINUX}:2").code == "ParameterVersionNotFound"
    assert refused(ssm.get_parameter, Name=f"{LINUX}:latest").code == "ParameterNotFound"
    elsewhere = aws.client("ssm", region_name="eu-west-1").get_parameter(Name=LINUX)["Parameter"]
    assert elsewhere["Value"] != found["Value"]
    assert elsewhere["ARN"].startswith("arn:aws:ssm:eu-west-1::")


def test_images_of_a_path_have_ids_of_their_own(ssm):
    found = below(ssm, "/aws/service/ami-amazon-linux-latest")
    assert LINUX in found
    assert "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2" in found
    same = [name for name in found if "-kernel-default-" in name]  # AL2023's default kernel is 6.1
    assert all(found[name] == found[name.replace("-default-", "-6.1-")] for name in same)
    assert len(set(found.values())) == len(found) - len(same) > 10


def test_regions(ssm):
    codes = below(ssm, REGIONS)
    assert codes[f"{REGIONS}/eu-west-1"] == "eu-west-1"
    assert {"us-east-1", "cn-north-1", "us-gov-west-1"} < set(codes.values())
    assert below(ssm, f"{REGIONS}/us-west-1", Recursive=True) == {
        f"{REGIONS}/us-west-1/domain": "amazonaws.com",
        f"{REGIONS}/us-west-1/geolocationCountry": "US",
        f"{REGIONS}/us-west-1/longName": "US West (N. California)",
        f"{REGIONS}/us-west-1/partition": "aws",
        f"{REGIONS}/us-west-1/availability-zones/usw1-az1": "usw1-az1",
        f"{REGIONS}/us-west-1/availability-zones/usw1-az3": "usw1-az3",
    }


def test_the_recommended_image_of_ecs(ssm):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html"""
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
    found = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    assert found["image_id"] == ssm.get_parameter(Name=f"{name}/image_id")["Parameter"]["Value"]
    assert found["schema_version"] == 1


def test_they_do_not_show_among_ones_own(ssm):
    ssm.put_parameter(Name="/mine", Value="x", Type="String")
    assert below(ssm, "/", Recursive=True) == {"/mine": "x"}
    assert [p["Name"] for p in ssm.describe_parameters()["Parameters"]] == ["/mine"]
    both = ssm.get_parameters(Names=[LINUX, "/mine", "/aws/service/nothing"])
    assert [p["Name"] for p in both["Parameters"]] == [LINUX, "/mine"]
    assert both["InvalidParameters"] == ["/aws/service/nothing"]


@pytest.mark.parametrize("name", [LINUX, "/aws/test", "awslimitschecker"])
def test_nobody_changes_them(ssm, name):
    text = f"No access to reserved parameter name: {name.strip('/')}."
    for call, given in ((ssm.put_parameter, {"Value": "x", "Type": "String"}), (ssm.delete_parameter, {})):
        denied = refused(call, Name=name, **given)
        assert (denied.code, denied.message) == ("AccessDeniedException", text)


def test_iam_knows_them_by_an_arn_without_account(aws):
    allowed = {
        "Effect": "Allow",
        "Action": ["ssm:GetParameter", "ssm:GetParametersByPath"],
        "Resource": "arn:aws:ssm:*::parameter/aws/service/*",
    }
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})).client("ssm")
    assert user.get_parameter(Name=LINUX)["Parameter"]["Name"] == LINUX
    assert below(user, REGIONS)
    denied = refused(user.get_parameter, Name="/mine")
    assert denied.code == "AccessDeniedException"
    assert f":{aws.id}:parameter/mine" in denied.message


def test_a_template_asks_for_an_image(aws, ssm):
    """As SAM and CDK write it."""
    template = {
        "Parameters": {
            "Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": LINUX},
        },
        "Resources": {
            "Kept": {"Type": "AWS::SSM::Parameter",
                     "Properties": {"Name": "/kept", "Type": "String", "Value": {"Ref": "Image"}}},
            "Resolved": {"Type": "AWS::SSM::Parameter",
                         "Properties": {"Name": "/resolved", "Type": "String",
                                        "Value": f"{{{{resolve:ssm:{LINUX}:1}}}}"}},
        },
    }  # fmt: skip
    cfn = aws.client("cloudformation")
    cfn.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    image = ssm.get_parameter(Name=LINUX)["Parameter"]["Value"]
    assert [ssm.get_parameter(Name=name)["Parameter"]["Value"] for name in ("/kept", "/resolved")] == [image, image]
