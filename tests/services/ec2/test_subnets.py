"""Subnets.

https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
"""

from __future__ import annotations

import pytest
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]


def test_create_describe_and_delete(aws, ec2, vpc):
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    assert (subnet["AvailabilityZone"], subnet["AvailabilityZoneId"]) == ("us-east-1b", "use1-az2")
    assert subnet["AvailableIpAddressCount"] == 251
    assert subnet["SubnetArn"] == f"arn:aws:ec2:us-east-1:{aws.id}:subnet/{subnet['SubnetId']}"
    assert subnet["MapPublicIpOnLaunch"] is False
    assert subnet["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "ip-name"
    assert "Tags" not in subnet or subnet["Tags"] == []
    assert refused(ec2.delete_vpc, VpcId=vpc["VpcId"])[0] == "DependencyViolation"
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    code, text, _ = refused(ec2.delete_subnet, SubnetId=subnet["SubnetId"])
    assert (code, text) == (
        "InvalidSubnetID.NotFound",
        f"The subnet ID '{subnet['SubnetId']}' does not exist",
    )
    ec2.delete_vpc(VpcId=vpc["VpcId"])


def test_blocks(ec2, vpc):
    def code(cidr):
        return refused(ec2.create_subnet, VpcId=vpc["VpcId"], CidrBlock=cidr)[:2]

    ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24")
    assert code("10.0.0.0/16") == (
        "InvalidSubnet.Conflict",
        "The CIDR '10.0.0.0/16' conflicts with another subnet",
    )
    assert code("10.1.0.0/24") == ("InvalidSubnet.Range", "The CIDR '10.1.0.0/24' is invalid.")
    assert code("10.0.2.0/29")[0] == "InvalidSubnet.Range"
    assert refused(ec2.create_subnet, VpcId=vpc["VpcId"])[0] == "MissingParameter"
    assert refused(ec2.create_subnet, CidrBlock="10.0.3.0/24")[:2] == (
        "MissingParameter",
        "The request must contain the parameter VpcId",
    )
    code, text, _ = refused(
        ec2.create_subnet, VpcId=vpc["VpcId"], CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1z"
    )
    assert code == "InvalidParameterValue"
    assert text.startswith("Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently only")
    gone = "vpc-00000000000000000"
    assert refused(ec2.create_subnet, VpcId=gone, CidrBlock="10.0.1.0/24")[0] == "InvalidVpcID.NotFound"


def test_attributes_one_at_a_time(ec2, vpc):
    id = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=id, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=id, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(SubnetId=id, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    (found,) = ec2.describe_subnets(SubnetIds=[id])["Subnets"]
    assert found["MapPublicIpOnLaunch"] is True
    assert found["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }
    both = {"MapPublicIpOnLaunch": {"Value": True}, "EnableDns64": {"Value": True}}
    assert refused(ec2.modify_subnet_attribute, SubnetId=id, **both)[0] == "InvalidParameterCombination"
    wrong = {"AssignIpv6AddressOnCreation": {"Value": True}}
    assert refused(ec2.modify_subnet_attribute, SubnetId=id, **wrong)[0] == "InvalidParameterValue"


def test_ipv6(ec2, vpc):
    (found,) = ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"]
    block = found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("::/56", "::/64").replace("/56", "/64")
    id = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24", Ipv6CidrBlock=block)["Subnet"]["SubnetId"]
    (subnet,) = ec2.describe_subnets(SubnetIds=[id])["Subnets"]
    (association,) = subnet["Ipv6CidrBlockAssociationSet"]
    assert (association["Ipv6CidrBlock"], association["Ipv6CidrBlockState"]["State"]) == (block, "associated")
    ec2.disassociate_subnet_cidr_block(AssociationId=association["AssociationId"])
    answer = ec2.associate_subnet_cidr_block(SubnetId=id, Ipv6CidrBlock=block)
    assert answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlockState"]["State"] == "associating"


def test_a_default_subnet_again(ec2):
    (subnet,) = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"]
    code, _, _ = refused(ec2.create_default_subnet, AvailabilityZone="us-east-1a")
    assert code == "DefaultSubnetAlreadyExistsInAvailabilityZone"
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    made = ec2.create_default_subnet(AvailabilityZone="us-east-1a")["Subnet"]
    assert (made["DefaultForAz"], made["CidrBlock"]) == (True, subnet["CidrBlock"])


def test_filters(ec2, vpc):
    ids = [ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock=f"10.0.{at}.0/24")["Subnet"]["SubnetId"] for at in range(3)]

    def found(**filters):
        named = [
            {"Name": name.replace("_", "-"), "Values": values if isinstance(values, list) else [values]}
            for name, values in filters.items()
        ]
        return {subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=named)["Subnets"]}

    assert found(vpc_id=vpc["VpcId"]) == set(ids)
    assert found(vpc_id=vpc["VpcId"], cidr_block=["10.0.1.*", "10.0.2.?/24"]) == set(ids[1:])
    assert found(vpc_id=vpc["VpcId"], default_for_az="true") == set()
    assert found(subnet_id=ids[0], state="available") == {ids[0]}
    assert found(vpc_id="\\*") == set()
    wrong = [{"Name": "no-such", "Values": ["x"]}]
    assert refused(ec2.describe_subnets, Filters=wrong)[:2] == (
        "InvalidParameterValue",
        "The filter 'no-such' is invalid",
    )


def test_pages(ec2):
    pages = list(ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Subnets"]) for page in pages] == [5, 1]
    assert len({subnet["SubnetId"] for page in pages for subnet in page["Subnets"]}) == 6
    assert refused(ec2.describe_subnets, MaxResults=4)[0] == "InvalidParameterValue"
    assert refused(ec2.describe_subnets, NextToken="nobodys")[0] == "InvalidParameterValue"
