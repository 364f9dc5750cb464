"""VPCs: the default one, and those that are made.

https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
"""

from __future__ import annotations

import json
import re

import pytest
from tests.support import refused

LOOKING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
)


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


def test_each_region_begins_with_a_default_vpc(aws, ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert re.fullmatch("vpc-0[0-9a-f]{16}", vpc["VpcId"])
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["State"]) == ("172.31.0.0/16", True, "available")
    assert vpc["OwnerId"] == aws.id
    subnets = ec2.describe_subnets()["Subnets"]
    assert sorted(subnet["AvailabilityZone"] for subnet in subnets) == [f"us-east-1{zone}" for zone in "abcdef"]
    assert {subnet["AvailableIpAddressCount"] for subnet in subnets} == {4091}
    assert all(subnet["DefaultForAz"] and subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    (other,) = aws.client("ec2", region="eu-west-1").describe_vpcs()["Vpcs"]
    assert other["VpcId"] != vpc["VpcId"]


def test_create_describe_and_delete(aws, ec2):
    spec = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "main"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.7/16", TagSpecifications=spec)["Vpc"]
    assert (vpc["CidrBlock"], vpc["State"], vpc["IsDefault"]) == ("10.0.0.0/16", "pending", False)
    (found,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["m*n"]}])["Vpcs"]
    assert found["State"] == "available"
    assert found["Tags"] == [{"Key": "Name", "Value": "main"}]
    assert found["CidrBlockAssociationSet"][0]["CidrBlockState"] == {"State": "associated"}
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    code, text, status = refused(ec2.describe_vpcs, VpcIds=[vpc["VpcId"]])
    assert (code, text, status) == ("InvalidVpcID.NotFound", f"The vpc ID '{vpc['VpcId']}' does not exist", 400)


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.0.0.0/29", "224.0.0.0/16", "127.0.0.0/16"])
def test_blocks_that_no_vpc_has(ec2, cidr):
    assert refused(ec2.create_vpc, CidrBlock=cidr)[:2] == ("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid.")


def test_what_is_no_block(ec2):
    code, text, _ = refused(ec2.create_vpc, CidrBlock="10.0.0.0")
    assert code == "InvalidParameterValue"
    assert text == "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    assert refused(ec2.create_vpc)[0] == "MissingParameter"


def test_a_dry_run_changes_nothing(ec2):
    code, text, status = refused(ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    assert (code, status) == ("DryRunOperation", 412)
    assert text == "Request would have succeeded, but DryRun flag is set."
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1


def test_five_vpcs_to_a_region(ec2):
    for at in range(4):
        ec2.create_vpc(CidrBlock=f"10.{at}.0.0/16")
    code, text, _ = refused(ec2.create_vpc, CidrBlock="10.9.0.0/16")
    assert (code, text) == ("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


def test_attributes(ec2):
    id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def value(name):
        found = ec2.describe_vpc_attribute(VpcId=id, Attribute=name)
        return found[name[0].upper() + name[1:]]["Value"]

    assert [value("enableDnsSupport"), value("enableDnsHostnames")] == [True, False]
    ec2.modify_vpc_attribute(VpcId=id, EnableDnsHostnames={"Value": True})
    assert value("enableDnsHostnames") is True
    assert value("enableNetworkAddressUsageMetrics") is False
    both = {"EnableDnsHostnames": {"Value": True}, "EnableDnsSupport": {"Value": True}}
    assert refused(ec2.modify_vpc_attribute, VpcId=id, **both)[0] == "InvalidParameterCombination"
    assert ec2.modify_vpc_tenancy(VpcId=id, InstanceTenancy="default")["ReturnValue"] is True


def test_the_default_vpc_can_be_made_again(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert refused(ec2.create_default_vpc)[0] == "DefaultVpcAlreadyExists"
    code, text, _ = refused(ec2.delete_vpc, VpcId=vpc["VpcId"])
    assert (code, text) == (
        "DependencyViolation",
        f"The vpc '{vpc['VpcId']}' has dependencies and cannot be deleted.",
    )


def test_further_blocks(ec2):
    id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    added = ec2.associate_vpc_cidr_block(VpcId=id, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    assert added["CidrBlockState"]["State"] == "associating"
    assert refused(ec2.associate_vpc_cidr_block, VpcId=id, CidrBlock="10.1.0.0/20")[0] == "InvalidVpc.Conflict"
    assert refused(ec2.associate_vpc_cidr_block, VpcId=id, CidrBlock="192.168.0.0/16")[0] == "InvalidVpc.Range"
    (found,) = ec2.describe_vpcs(Filters=[{"Name": "cidr-block-association.cidr-block", "Values": ["10.1.0.0/16"]}])[
        "Vpcs"
    ]
    assert len(found["CidrBlockAssociationSet"]) == 2
    subnet = ec2.create_subnet(VpcId=id, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    association = added["AssociationId"]
    assert refused(ec2.disassociate_vpc_cidr_block, AssociationId=association)[0] == "DependencyViolation"
    ec2.delete_subnet(SubnetId=subnet)
    ec2.disassociate_vpc_cidr_block(AssociationId=association)
    first = found["CidrBlockAssociationSet"][0]["AssociationId"]
    assert refused(ec2.disassociate_vpc_cidr_block, AssociationId=first)[0] == "OperationNotPermitted"


def test_ipv6(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (block,) = vpc["Ipv6CidrBlockAssociationSet"]
    assert block["Ipv6CidrBlockState"]["State"] == "associating"
    assert block["Ipv6CidrBlock"].endswith("::/56") or block["Ipv6CidrBlock"].endswith("/56")
    assert (block["Ipv6Pool"], block["NetworkBorderGroup"]) == ("Amazon", "us-east-1")


def test_what_a_user_may(aws, ec2):
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    user = aws.user(LOOKING).client("ec2")
    code, text, status = refused(user.delete_vpc, VpcId=vpc)
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert text.startswith("You are not authorized to perform this operation. User: arn:aws:iam::")
    assert f"ec2:DeleteVpc on resource: arn:aws:ec2:us-east-1:{aws.id}:vpc/{vpc}" in text
    assert refused(user.delete_vpc, VpcId=vpc, DryRun=True)[0] == "UnauthorizedOperation"
    assert refused(user.describe_vpcs, DryRun=True)[0] == "DryRunOperation"
