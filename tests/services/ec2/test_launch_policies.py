"""Policies about launches, as AWS's user guide has them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
"""

from __future__ import annotations

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
def user(aws):
    def make(*statements):
        return aws.user(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})).client("ec2")

    return make


def allow(resource="*", action="ec2:RunInstances", **condition):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def deny(resource, **condition):
    return {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": resource, "Condition": condition}


def run(client, image, **more):
    request = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, **more}
    return client.run_instances(**request)


def denied(client, image, **more):
    request = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, **more}
    return refused(client.run_instances, **request)[0] == "UnauthorizedOperation"


def test_instance_types(user, image):
    only = deny("arn:aws:ec2:*:*:instance/*", StringNotEquals={"ec2:InstanceType": ["t3.nano"]})
    client = user(allow(), only)
    run(client, image)
    assert denied(client, image, InstanceType="t3.micro")


def test_metadata_must_have_tokens(user, image):
    only = deny("arn:aws:ec2:*:*:instance/*", StringNotEquals={"ec2:MetadataHttpTokens": "required"})
    client = user(allow(), only)
    run(client, image, MetadataOptions={"HttpTokens": "required"})
    assert denied(client, image)


def test_volumes(user, image):
    small = deny("arn:aws:ec2:*:*:volume/*", NumericGreaterThan={"ec2:VolumeSize": "10"})
    client = user(allow(), small)
    run(client, image)
    assert denied(client, image, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 11}}])
    encrypted = deny("arn:aws:ec2:*:*:volume/*", Bool={"ec2:Encrypted": "false"})
    assert denied(user(allow(), encrypted), image)


def test_a_public_address(user, image):
    public = deny("arn:aws:ec2:*:*:network-interface/*", Bool={"ec2:AssociatePublicIpAddress": "true"})
    client = user(allow(), public)
    specs = [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]
    assert denied(client, image, NetworkInterfaces=specs)
    run(client, image, NetworkInterfaces=[{**specs[0], "AssociatePublicIpAddress": False}])


def test_a_subnet(aws, ec2, user, image):
    first, second = (each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2])
    arn = "arn:aws:ec2:us-east-1:{}:{}"
    others = [arn.format(aws.id, f"{word}/*") for word in ("instance", "volume", "network-interface", "security-group")]
    client = user(allow([*others, "arn:aws:ec2:us-east-1::image/ami-*", arn.format(aws.id, f"subnet/{first}")]))
    run(client, image, SubnetId=first)
    assert denied(client, image, SubnetId=second)


def test_only_what_the_template_says(aws, ec2, user, image):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-launch-templates-to-control-launching-instances.html"""
    data = {"ImageId": image, "InstanceType": "t3.nano"}
    id = ec2.create_launch_template(LaunchTemplateName="only", LaunchTemplateData=data)["LaunchTemplate"][
        "LaunchTemplateId"
    ]
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:launch-template/{id}"
    only = {"ArnLike": {"ec2:LaunchTemplate": arn}, "Bool": {"ec2:IsLaunchTemplateResource": "true"}}
    client = user(allow(**only), allow(arn), allow(action="ec2:CreateTags"))
    template = {"LaunchTemplate": {"LaunchTemplateId": id}, "MinCount": 1, "MaxCount": 1}
    client.run_instances(**template)
    assert refused(client.run_instances, **template, InstanceType="t3.micro")[0] == "UnauthorizedOperation"


def test_tags_on_creation(user, image):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"""
    on_launch = allow(action="ec2:CreateTags", StringEquals={"ec2:CreateAction": "RunInstances"})
    specs = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    run(user(allow(), on_launch), image, TagSpecifications=specs)
    assert denied(user(allow()), image, TagSpecifications=specs)


def test_instances_by_their_tags(ec2, user, image):
    ids = [
        run(ec2, image, TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": team}]}])[
            "Instances"
        ][0]["InstanceId"]
        for team in ("a", "b")
    ]
    client = user(allow(action="ec2:TerminateInstances", StringEquals={"aws:ResourceTag/team": "a"}))
    client.terminate_instances(InstanceIds=[ids[0]])
    assert refused(client.terminate_instances, InstanceIds=[ids[1]])[0] == "UnauthorizedOperation"
    typed = user(allow(action="ec2:TerminateInstances", StringEquals={"ec2:InstanceType": "t3.nano"}))
    typed.terminate_instances(InstanceIds=[ids[1]])
