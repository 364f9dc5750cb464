"""The things of the network by their ids, and AWS's errors when they are not there.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from fogbank.network.records import (
    DHCP_OPTIONS,
    ELASTIC_IPS,
    GROUP_RULES,
    INTERFACES,
    INTERNET_GATEWAYS,
    NETWORK_ACLS,
    ROUTE_TABLES,
    SECURITY_GROUPS,
    SUBNETS,
    VPCS,
    DhcpOptions,
    ElasticIp,
    GroupRule,
    Interface,
    InternetGateway,
    NetworkAcl,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)

from .kinds import ById

VPC: ById[Vpc] = ById("vpc", "vpc", VPCS, code="InvalidVpcID", label="vpc ID", malformed="InvalidVpcId.Malformed")
SUBNET: ById[Subnet] = ById("subnet", "subnet", SUBNETS, code="InvalidSubnetID", label="subnet ID")
DHCP: ById[DhcpOptions] = ById(
    "dhcp-options", "dopt", DHCP_OPTIONS, code="InvalidDhcpOptionID", label="dhcpOption ID",
    malformed="InvalidDhcpOptionsId.Malformed",
)  # fmt: skip
INTERNET_GATEWAY: ById[InternetGateway] = ById(
    "internet-gateway", "igw", INTERNET_GATEWAYS, code="InvalidInternetGatewayID", label="internetGateway ID",
    malformed="InvalidInternetGatewayId.Malformed",
)  # fmt: skip
ROUTE_TABLE: ById[RouteTable] = ById(
    "route-table", "rtb", ROUTE_TABLES, code="InvalidRouteTableID", label="routeTable ID",
    malformed="InvalidRouteTableId.Malformed",
)  # fmt: skip
ACL: ById[NetworkAcl] = ById(
    "network-acl", "acl", NETWORK_ACLS, code="InvalidNetworkAclID", label="networkAcl ID",
    malformed="InvalidNetworkAclId.Malformed",
)  # fmt: skip
GROUP: ById[SecurityGroup] = ById(
    "security-group", "sg", SECURITY_GROUPS, code="InvalidGroup", text="The security group '{id}' does not exist",
    malformed="InvalidGroupId.Malformed",
)  # fmt: skip
GROUP_RULE: ById[GroupRule] = ById(
    "security-group-rule", "sgr", GROUP_RULES, code="InvalidSecurityGroupRuleId",
    text="The security group rule ID '{id}' does not exist",
)  # fmt: skip
INTERFACE: ById[Interface] = ById(
    "network-interface", "eni", INTERFACES, code="InvalidNetworkInterfaceID", label="networkInterface ID",
    malformed="InvalidNetworkInterfaceId.Malformed",
)  # fmt: skip
ELASTIC_IP: ById[ElasticIp] = ById(
    "elastic-ip", "eipalloc", ELASTIC_IPS, code="InvalidAllocationID", label="allocation ID"
)
