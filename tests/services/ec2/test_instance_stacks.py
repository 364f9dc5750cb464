"""Instances and what they are made of in CloudFormation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
"""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization

IMAGE = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}"
TEMPLATE = {
    "Parameters": {"Type": {"Type": "String", "Default": "t3.nano"}},
    "Resources": {
        "Key": {"Type": "AWS::EC2::KeyPair", "Properties": {"KeyName": "stack", "KeyType": "ed25519"}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "web"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}},
        },
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Template": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateData": {"ImageId": IMAGE, "MetadataOptions": {"HttpTokens": "required"}}},
        },
        "Instance": {
            "Type": "AWS::EC2::Instance",
            "Properties": {
                "InstanceType": {"Ref": "Type"}, "KeyName": {"Ref": "Key"}, "IamInstanceProfile": {"Ref": "Profile"},
                "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Template"},
                                   "Version": {"Fn::GetAtt": "Template.LatestVersionNumber"}},
                "SecurityGroupIds": [{"Fn::GetAtt": "Group.GroupId"}],
                "UserData": {"Fn::Base64": "#!/bin/sh\n"},
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3"}}],
                "Tags": [{"Key": "Name", "Value": "web"}],
            },
        },
        "Volume": {
            "Type": "AWS::EC2::Volume",
            "Properties": {"Size": 5, "AvailabilityZone": {"Fn::GetAtt": "Instance.AvailabilityZone"}},
        },
        "Attachment": {
            "Type": "AWS::EC2::VolumeAttachment",
            "Properties": {"VolumeId": {"Ref": "Volume"}, "InstanceId": {"Ref": "Instance"}, "Device": "/dev/sdh"},
        },
    },
    "Outputs": {
        name: {"Value": {"Fn::GetAtt": f"Instance.{name}"}}
        for name in ("PrivateIp", "PublicIp", "PrivateDnsName", "PublicDnsName", "AvailabilityZone")
    } | {"Id": {"Value": {"Ref": "Instance"}}, "KeyId": {"Value": {"Fn::GetAtt": "Key.KeyPairId"}}},
}  # fmt: skip


@pytest.fixture
def stack(aws):
    cloudformation = aws.client("cloudformation")

    def deploy(verb="create", **parameters):
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        call = getattr(cloudformation, f"{verb}_stack")
        call(StackName="s", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"], Parameters=given)
        waiter = cloudformation.get_waiter(f"stack_{verb}_complete")
        waiter.wait(StackName="s", WaiterConfig={"Delay": 1})
        (found,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}

    return deploy


def test_a_stack_with_an_instance(aws, stack):
    ec2 = aws.client("ec2")
    out = stack()
    (reservation,) = ec2.describe_instances(InstanceIds=[out["Id"]])["Reservations"]
    (found,) = reservation["Instances"]
    assert found["State"]["Name"] == "running"
    assert (found["PrivateIpAddress"], found["PublicIpAddress"]) == (out["PrivateIp"], out["PublicIp"])
    assert (found["KeyName"], found["IamInstanceProfile"]["Arn"].rpartition("/")[2][:2]) == ("stack", "s-")
    assert {"Key": "Name", "Value": "web"} in found["Tags"]
    assert {device["DeviceName"] for device in found["BlockDeviceMappings"]} == {"/dev/xvda", "/dev/sdh"}
    parameter = aws.client("ssm").get_parameter(Name=f"/ec2/keypair/{out['KeyId']}", WithDecryption=True)["Parameter"]
    serialization.load_ssh_private_key(parameter["Value"].encode(), None)
    # another type stops the instance, and starts it again
    again = stack("update", Type="t3.micro")
    assert again["Id"] == out["Id"]
    (reservation,) = ec2.describe_instances(InstanceIds=[out["Id"]])["Reservations"]
    assert reservation["Instances"][0]["InstanceType"] == "t3.micro"
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="s")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    (reservation,) = ec2.describe_instances(InstanceIds=[out["Id"]])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    assert ec2.describe_volumes()["Volumes"] == []
