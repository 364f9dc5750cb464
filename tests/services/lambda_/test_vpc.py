"""The VPC of a function.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
"""

from __future__ import annotations

import json
from typing import Any

from tests.support import refused

GONE = "subnet-00000000000000000"


def test_subnets_and_groups_are_looked_up(fn: Any) -> None:
    ec2 = fn.account.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
    group = ec2.create_security_group(GroupName="f", Description="d")["GroupId"]
    made = fn.make(VpcConfig={"SubnetIds": subnets, "SecurityGroupIds": [group]})
    assert made["VpcConfig"] == {
        "SubnetIds": subnets,
        "SecurityGroupIds": [group],
        "VpcId": vpc["VpcId"],
        "Ipv6AllowedForDualStack": False,
    }
    change = fn.client.update_function_configuration
    wrong = {"SubnetIds": [GONE], "SecurityGroupIds": [group]}
    code, text, _ = refused(change, FunctionName="f", VpcConfig=wrong)
    assert (code, text) == (
        "InvalidParameterValueException",
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet "
        f"ID '{GONE}' does not exist",
    )
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    elsewhere = ec2.create_security_group(GroupName="f", Description="d", VpcId=other)["GroupId"]
    both = {"SubnetIds": subnets, "SecurityGroupIds": [elsewhere]}
    assert refused(change, FunctionName="f", VpcConfig=both)[0] == "InvalidParameterValueException"
    none = change(FunctionName="f", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    assert none["VpcConfig"]["VpcId"] == ""


def test_policies_see_the_vpc(fn: Any) -> None:
    ec2 = fn.account.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.create_security_group(GroupName="f", Description="d")["GroupId"]
    fn.make()
    allow = {
        "Effect": "Allow",
        "Action": "lambda:UpdateFunctionConfiguration",
        "Resource": "*",
        "Condition": {
            "ForAllValues:StringEquals": {"lambda:VpcIds": [vpc["VpcId"]]},
            "Null": {"lambda:VpcIds": "false"},
        },
    }
    user = fn.account.user(json.dumps({"Version": "2012-10-17", "Statement": [allow]})).client("lambda")
    user.update_function_configuration(FunctionName="f", VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]})
    assert refused(user.update_function_configuration, FunctionName="f", Timeout=5)[0] == "AccessDeniedException"
