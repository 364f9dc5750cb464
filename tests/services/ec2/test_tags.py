"""Tags of EC2's things.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

from __future__ import annotations

import json

import pytest
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.describe_vpcs()["Vpcs"][0]["VpcId"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_create_describe_delete(ec2, vpc):
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    ec2.create_tags(Resources=[vpc, subnet], Tags=tags)
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc]}])["Tags"]
    assert found == [{**tag, "ResourceId": vpc, "ResourceType": "vpc"} for tag in tags]
    assert len(ec2.describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"]) == 2
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "other"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "b"}])
    (left,) = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["vpc"]}])["Tags"]
    assert left["Key"] == "a"
    ec2.delete_tags(Resources=[vpc])
    assert ec2.describe_vpcs()["Vpcs"][0].get("Tags", []) == []


def test_refusals(ec2, vpc):
    tag = [{"Key": "k", "Value": "v"}]
    assert refused(ec2.create_tags, Resources=["nothing"], Tags=tag)[:2] == (
        "InvalidID",
        "The ID 'nothing' is not valid",
    )
    gone = "subnet-00000000000000000"
    assert refused(ec2.create_tags, Resources=[vpc, gone], Tags=tag)[0] == "InvalidSubnetID.NotFound"
    assert ec2.describe_tags()["Tags"] == []  # all or none
    code, text, _ = refused(ec2.create_tags, Resources=[vpc], Tags=[{"Key": "aws:x", "Value": "v"}])
    assert (code, text) == (
        "InvalidParameterValue",
        "Tag keys starting with 'aws:' are reserved for internal use",
    )
    many = [{"Key": f"k{at}", "Value": ""} for at in range(51)]
    assert refused(ec2.create_tags, Resources=[vpc], Tags=many)[0] == "TagLimitExceeded"
    spec = [{"ResourceType": "subnet", "Tags": tag}]
    assert refused(ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=spec)[0] == "InvalidParameterValue"


def test_tags_on_creation_need_their_permission(aws, ec2):
    create = {"Effect": "Allow", "Action": "ec2:CreateVpc", "Resource": "*"}
    tag = {
        "Effect": "Allow",
        "Action": "ec2:CreateTags",
        "Resource": "arn:aws:ec2:*:*:vpc/*",
        "Condition": {"StringEquals": {"ec2:CreateAction": "CreateVpc", "aws:RequestTag/team": "a"}},
    }
    request = {
        "CidrBlock": "10.0.0.0/16",
        "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "a"}]}],
    }
    only_create = aws.user(policy(create)).client("ec2")
    only_create.create_vpc(CidrBlock="10.0.0.0/16")
    code, text, _ = refused(only_create.create_vpc, **request)
    assert code == "UnauthorizedOperation"
    assert "ec2:CreateTags" in text
    both = aws.user(policy(create, tag)).client("ec2")
    made = both.create_vpc(**request)["Vpc"]["VpcId"]
    request["TagSpecifications"][0]["Tags"][0]["Value"] = "b"
    assert refused(both.create_vpc, **request)[0] == "UnauthorizedOperation"
    assert refused(both.create_tags, Resources=[made], Tags=[{"Key": "team", "Value": "a"}])[0] == (
        "UnauthorizedOperation"
    )


def test_policies_see_tags_and_places(aws, ec2, vpc):
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
    ec2.create_tags(Resources=[subnets[0]], Tags=[{"Key": "env", "Value": "dev"}])
    delete = {"Effect": "Allow", "Action": "ec2:DeleteSubnet", "Resource": "*"}
    tagged = {**delete, "Condition": {"StringEquals": {"ec2:ResourceTag/env": "dev", "ec2:Region": "us-east-1"}}}
    user = aws.user(policy(tagged)).client("ec2")
    assert refused(user.delete_subnet, SubnetId=subnets[1])[0] == "UnauthorizedOperation"
    user.delete_subnet(SubnetId=subnets[0])
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:vpc/{vpc}"
    inside = {**delete, "Condition": {"ArnEquals": {"ec2:Vpc": arn}}}
    aws.user(policy(inside)).client("ec2").delete_subnet(SubnetId=subnets[1])
