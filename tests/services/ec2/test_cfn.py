"""A network as templates and the CDK's Vpc construct describe it: made, changed and deleted in AWS's order.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
"""

from __future__ import annotations

import json

import pytest
from tests.support import refused

REF = {"Ref": "Vpc"}
TEMPLATE = {
    "Resources": {
        "Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True,
                           "Tags": [{"Key": "Name", "Value": "net"}]},
        },
        "Public": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": REF, "CidrBlock": "10.0.0.0/24", "MapPublicIpOnLaunch": True,
                           "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}},
        },
        "Private": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": REF, "CidrBlock": "10.0.1.0/24"}},
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": REF, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Routes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": REF}},
        "Out": {
            "Type": "AWS::EC2::Route",
            "DependsOn": "Attachment",
            "Properties": {"RouteTableId": {"Ref": "Routes"}, "DestinationCidrBlock": "0.0.0.0/0",
                           "GatewayId": {"Ref": "Gateway"}},
        },
        "Association": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"SubnetId": {"Ref": "Public"}, "RouteTableId": {"Ref": "Routes"}},
        },
        "Address": {"Type": "AWS::EC2::EIP", "DependsOn": "Attachment", "Properties": {"Domain": "vpc"}},
        "Nat": {
            "Type": "AWS::EC2::NatGateway",
            "DependsOn": ["Out", "Association"],
            "Properties": {"SubnetId": {"Ref": "Public"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}},
        },
        "Web": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "web", "VpcId": REF,
                "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
            },
        },
        "Database": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "db", "VpcId": REF}},
        "FromWeb": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {"GroupId": {"Fn::GetAtt": ["Database", "GroupId"]}, "IpProtocol": "tcp", "FromPort": 5432,
                           "ToPort": 5432, "SourceSecurityGroupId": {"Fn::GetAtt": ["Web", "GroupId"]}},
        },
    },
    "Outputs": {
        "Vpc": {"Value": REF},
        "DefaultGroup": {"Value": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}},
        "Address": {"Value": {"Ref": "Address"}},
        "Nat": {"Value": {"Ref": "Nat"}},
        "Zone": {"Value": {"Fn::GetAtt": ["Public", "AvailabilityZone"]}},
        "Web": {"Value": {"Ref": "Web"}},
    },
}  # fmt: skip
QUICK = {"Delay": 1, "MaxAttempts": 120}


@pytest.fixture
def stacks(aws):
    return aws.client("cloudformation")


def outputs(stacks):
    (stack,) = stacks.describe_stacks(StackName="net")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_network_comes_changes_and_goes(aws, ec2, stacks):
    stacks.create_stack(StackName="net", TemplateBody=json.dumps(TEMPLATE))
    stacks.get_waiter("stack_create_complete").wait(StackName="net", WaiterConfig=QUICK)
    made = outputs(stacks)
    (vpc,) = ec2.describe_vpcs(VpcIds=[made["Vpc"]])["Vpcs"]
    tags = {tag["Key"]: tag["Value"] for tag in vpc["Tags"]}
    assert (tags["Name"], tags["aws:cloudformation:logical-id"]) == ("net", "Vpc")
    assert made["Zone"] == "us-east-1a"
    (address,) = ec2.describe_addresses(PublicIps=[made["Address"]])["Addresses"]
    (nat,) = ec2.describe_nat_gateways(NatGatewayIds=[made["Nat"]])["NatGateways"]
    assert nat["NatGatewayAddresses"][0]["AllocationId"] == address["AllocationId"]
    (default,) = ec2.describe_security_groups(GroupIds=[made["DefaultGroup"]])["SecurityGroups"]
    assert default["GroupName"] == "default"

    changed = json.loads(json.dumps(TEMPLATE))
    resources = changed["Resources"]
    resources["Web"]["Properties"]["SecurityGroupIngress"][0]["CidrIp"] = "10.0.0.0/8"
    resources["Web"]["Properties"]["SecurityGroupEgress"] = [{"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"}]
    resources["Vpc"]["Properties"]["EnableDnsHostnames"] = False
    resources["Vpc"]["Properties"]["Tags"][0]["Value"] = "other"
    stacks.update_stack(StackName="net", TemplateBody=json.dumps(changed))
    stacks.get_waiter("stack_update_complete").wait(StackName="net", WaiterConfig=QUICK)
    assert outputs(stacks) == made
    (web,) = ec2.describe_security_groups(GroupIds=[made["Web"]])["SecurityGroups"]
    assert [range_["CidrIp"] for range_ in web["IpPermissions"][0]["IpRanges"]] == ["10.0.0.0/8"]
    assert [range_["CidrIp"] for range_ in web["IpPermissionsEgress"][0]["IpRanges"]] == ["10.0.0.0/8"]
    attribute = ec2.describe_vpc_attribute(VpcId=made["Vpc"], Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is False

    stacks.delete_stack(StackName="net")
    stacks.get_waiter("stack_delete_complete").wait(StackName="net", WaiterConfig=QUICK)
    assert [each["IsDefault"] for each in ec2.describe_vpcs()["Vpcs"]] == [True]
    assert ec2.describe_addresses()["Addresses"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_users_cannot_write_the_tags_of_stacks(ec2):
    spec = [{"ResourceType": "vpc", "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": "x"}]}]
    code, text, _ = refused(ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=spec)
    assert (code, text) == (
        "InvalidParameterValue",
        "Tag keys starting with 'aws:' are reserved for internal use",
    )
