"""What tests of the network begin with."""

from __future__ import annotations

from typing import Any

import pytest


class Net:
    """A VPC with a subnet, and a gateway when it is asked for."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.add("10.0.1.0/24")

    def add(self, cidr: str, **more: Any) -> str:
        return self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, **more)["Subnet"]["SubnetId"]

    def gateway(self) -> str:
        id = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=self.vpc)
        return id

    def interface(self, **more: Any) -> Any:
        return self.ec2.create_network_interface(SubnetId=self.subnet, **more)["NetworkInterface"]

    def free(self) -> int:
        (found,) = self.ec2.describe_subnets(SubnetIds=[self.subnet])["Subnets"]
        return found["AvailableIpAddressCount"]

    def main_table(self) -> Any:
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "association.main", "Values": ["true"]}]
        (found,) = self.ec2.describe_route_tables(Filters=filters)["RouteTables"]
        return found


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws.client("ec2")


@pytest.fixture
def net(ec2: Any) -> Net:
    return Net(ec2)
