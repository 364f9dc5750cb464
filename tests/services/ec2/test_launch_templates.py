"""Launch templates.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-launch-templates.html
"""

from __future__ import annotations

import base64
import json

import pytest
from tests.support import refused


@pytest.fixture
def image(ec2):
    (found,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-kernel-6.1-x86_64"]}])[
        "Images"
    ]
    return found["ImageId"]


@pytest.fixture
def template(ec2, image):
    data = {
        "ImageId": image, "InstanceType": "t3.nano", "UserData": base64.b64encode(b"hello").decode(),
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 3},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 11}}],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "t"}, {"Key": "b", "Value": "t"}]}],
    }  # fmt: skip
    made = ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData=data, VersionDescription="first",
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "k", "Value": "v"}]}],
    )["LaunchTemplate"]  # fmt: skip
    return made["LaunchTemplateId"]


def test_create_describe_and_delete(aws, ec2, template):
    (found,) = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"]
    assert (found["LaunchTemplateId"], found["DefaultVersionNumber"], found["LatestVersionNumber"]) == (template, 1, 1)
    assert (found["Tags"], found["CreatedBy"]) == ([{"Key": "k", "Value": "v"}], f"arn:aws:iam::{aws.id}:root")
    data = {"LaunchTemplateData": {"InstanceType": "t3.micro"}}
    assert refused(ec2.create_launch_template, LaunchTemplateName="web", **data)[0] == (
        "InvalidLaunchTemplateName.AlreadyExistsException"
    )
    assert refused(ec2.create_launch_template, LaunchTemplateName="?", **data)[0] == (
        "InvalidLaunchTemplateName.MalformedException"
    )
    ec2.delete_launch_template(LaunchTemplateName="web")
    assert refused(ec2.describe_launch_templates, LaunchTemplateIds=[template])[:2] == (
        "InvalidLaunchTemplateId.NotFound",
        f"The specified launch template, with template ID {template}, does not exist.",
    )
    assert refused(ec2.describe_launch_templates, LaunchTemplateNames=["web"])[0] == (
        "InvalidLaunchTemplateName.NotFoundException"
    )


def test_versions(ec2, template):
    id = {"LaunchTemplateId": template}
    made = ec2.create_launch_template_version(
        **id, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.micro"}, VersionDescription="second"
    )["LaunchTemplateVersion"]
    assert (made["VersionNumber"], made["DefaultVersion"]) == (2, False)
    assert made["LaunchTemplateData"]["MetadataOptions"]["HttpPutResponseHopLimit"] == 3  # from version 1
    plain = ec2.create_launch_template_version(**id, LaunchTemplateData={"InstanceType": "t3.small"})
    assert plain["LaunchTemplateVersion"]["LaunchTemplateData"] == {"InstanceType": "t3.small"}

    def numbers(**more):
        found = ec2.describe_launch_template_versions(**id, **more)["LaunchTemplateVersions"]
        return [each["VersionNumber"] for each in found]

    assert numbers() == [3, 2, 1]
    assert numbers(Versions=["$Latest", "$Default"]) == [3, 1]
    assert numbers(MinVersion="2") == [3, 2]
    assert numbers(Filters=[{"Name": "instance-type", "Values": ["t3.micro"]}]) == [2]
    assert numbers(Filters=[{"Name": "is-default-version", "Values": ["true"]}]) == [1]
    assert ec2.modify_launch_template(**id, DefaultVersion="2")["LaunchTemplate"]["DefaultVersionNumber"] == 2
    everywhere = ec2.describe_launch_template_versions(Versions=["$Default"])["LaunchTemplateVersions"]
    assert [each["VersionNumber"] for each in everywhere] == [2]
    assert refused(ec2.delete_launch_template_versions, **id, Versions=["2"])[0] == "InvalidParameterValue"
    answer = ec2.delete_launch_template_versions(**id, Versions=["1", "9"])
    assert [each["VersionNumber"] for each in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    assert [each["VersionNumber"] for each in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [9]
    assert refused(ec2.describe_launch_template_versions, **id, Versions=["1"])[0] == (
        "InvalidLaunchTemplateId.VersionNotFound"
    )


@pytest.mark.parametrize(("data", "code"), [
    ({}, "MissingParameter"),
    ({"UserData": "%"}, "InvalidUserData.Malformed"),
    ({"InstanceType": "t3.nano", "InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}},
     "InvalidParameterCombination"),
    ({"NetworkInterfaces": [{"DeviceIndex": 0}], "SecurityGroupIds": ["sg-1"]}, "InvalidParameterCombination"),
])  # fmt: skip
def test_data_that_is_refused(ec2, data, code):
    assert refused(ec2.create_launch_template, LaunchTemplateName="bad", LaunchTemplateData=data)[0] == code


def test_a_launch_overrides_its_template(ec2, template):
    specs = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "mine"}]}]
    (made,) = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateName": "web"}, MinCount=1, MaxCount=1, InstanceType="t3.micro",
        TagSpecifications=specs,
    )["Instances"]  # fmt: skip
    assert made["InstanceType"] == "t3.micro"
    assert (made["MetadataOptions"]["HttpTokens"], made["MetadataOptions"]["HttpPutResponseHopLimit"]) == (
        "required",
        3,
    )
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {
        "a": "mine", "b": "t", "aws:ec2launchtemplate:id": template, "aws:ec2launchtemplate:version": "1",
    }  # fmt: skip
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert volume["Size"] == 11
    attribute = ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="userData")
    assert base64.b64decode(attribute["UserData"]["Value"]) == b"hello"
    data = ec2.get_launch_template_data(InstanceId=made["InstanceId"])["LaunchTemplateData"]
    assert (data["InstanceType"], data["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"]) == ("t3.micro", 11)
    wrong = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "7"}, "MinCount": 1, "MaxCount": 1}
    assert refused(ec2.run_instances, **wrong)[0] == "InvalidLaunchTemplateId.VersionNotFound"
    both = {"LaunchTemplateId": template, "LaunchTemplateName": "web"}
    assert refused(ec2.run_instances, LaunchTemplate=both, MinCount=1, MaxCount=1)[0] == "InvalidParameterCombination"


def test_a_policy_may_demand_a_template(aws, ec2, template, image):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-launch-templates-to-control-launching-instances.html"""
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:launch-template/{template}"
    allow = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*",
             "Condition": {"ArnLike": {"ec2:LaunchTemplate": arn}}}  # fmt: skip
    tag = {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*"}
    named = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, tag, named]})
    user = aws.user(policy).client("ec2")
    user.run_instances(LaunchTemplate={"LaunchTemplateId": template}, MinCount=1, MaxCount=1)
    alone = refused(user.run_instances, ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1)
    assert alone[0] == "UnauthorizedOperation"
