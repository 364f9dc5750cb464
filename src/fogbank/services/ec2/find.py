"""The things of the network by their ids, and AWS's errors when they are not there.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from fogbank.network.link_records import (
    CUSTOMER_GATEWAYS,
    EGRESS_GATEWAYS,
    ENDPOINT_SERVICES,
    ENDPOINTS,
    FLOW_LOGS,
    NAT_GATEWAYS,
    PEERINGS,
    PREFIX_LISTS,
    VPN_GATEWAYS,
    CustomerGateway,
    EgressGateway,
    Endpoint,
    EndpointService,
    FlowLog,
    NatGateway,
    Peering,
    PrefixList,
    VpnGateway,
)
from fogbank.network.records import (
    DHCP_OPTIONS,
    ELASTIC_IPS,
    GROUP_RULES,
    INTERFACES,
    INTERNET_GATEWAYS,
    NETWORK_ACLS,
    RESERVATIONS,
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
    Reservation,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from fogbank.network.transit_records import (
    TRANSIT_ATTACHMENTS,
    TRANSIT_GATEWAYS,
    TRANSIT_TABLES,
    TransitAttachment,
    TransitGateway,
    TransitTable,
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
PREFIX_LIST: ById[PrefixList] = ById(
    "prefix-list", "pl", PREFIX_LISTS, code="InvalidPrefixListID", malformed="InvalidPrefixListId.Malformed",
    text="The prefix list ID '{id}' does not exist.",
)  # fmt: skip
PEERING: ById[Peering] = ById(
    "vpc-peering-connection", "pcx", PEERINGS, code="InvalidVpcPeeringConnectionID", label="vpcPeeringConnection ID",
    malformed="InvalidVpcPeeringConnectionId.Malformed",
)  # fmt: skip
EGRESS_GATEWAY: ById[EgressGateway] = ById(
    "egress-only-internet-gateway", "eigw", EGRESS_GATEWAYS, code="InvalidGatewayID",
    label="egressOnlyInternetGateway ID",
)  # fmt: skip
NAT_GATEWAY: ById[NatGateway] = ById(
    "natgateway", "nat", NAT_GATEWAYS, code="NatGateway", text="NAT gateway {id} was not found",
    whole="NatGatewayNotFound", malformed="NatGatewayMalformed",
)  # fmt: skip
VPN_GATEWAY: ById[VpnGateway] = ById(
    "vpn-gateway", "vgw", VPN_GATEWAYS, code="InvalidVpnGatewayID", label="vpnGateway ID"
)
CUSTOMER_GATEWAY: ById[CustomerGateway] = ById(
    "customer-gateway", "cgw", CUSTOMER_GATEWAYS, code="InvalidCustomerGatewayID", label="customerGateway ID",
    malformed="InvalidCustomerGatewayId.Malformed",
)  # fmt: skip
ENDPOINT: ById[Endpoint] = ById("vpc-endpoint", "vpce", ENDPOINTS, code="InvalidVpcEndpointId", label="Vpc Endpoint Id")
ENDPOINT_SERVICE: ById[EndpointService] = ById(
    "vpc-endpoint-service", "vpce-svc", ENDPOINT_SERVICES, code="InvalidVpcEndpointServiceId",
    label="VpcEndpointService Id",
)  # fmt: skip
FLOW_LOG: ById[FlowLog] = ById(
    "vpc-flow-log", "fl", FLOW_LOGS, code="InvalidFlowLogId",
    text="These flow log ids in the input list are not found: [TotalCount: 1] {id}",
)  # fmt: skip
RESERVATION: ById[Reservation] = ById(
    "subnet-cidr-reservation", "scr", RESERVATIONS, code="InvalidSubnetCidrReservationID",
    label="subnet CIDR reservation ID",
)  # fmt: skip
TRANSIT_GATEWAY: ById[TransitGateway] = ById(
    "transit-gateway", "tgw", TRANSIT_GATEWAYS, code="InvalidTransitGatewayID",
    text="Transit Gateway {id} was deleted or does not exist.",
)  # fmt: skip
TRANSIT_ATTACHMENT: ById[TransitAttachment] = ById(
    "transit-gateway-attachment", "tgw-attach", TRANSIT_ATTACHMENTS, code="InvalidTransitGatewayAttachmentID",
    text="Transit Gateway Attachment {id} was deleted or does not exist.",
)  # fmt: skip
TRANSIT_TABLE: ById[TransitTable] = ById(
    "transit-gateway-route-table", "tgw-rtb", TRANSIT_TABLES, code="InvalidRouteTableID",
    text="Transit Gateway Route Table {id} was deleted or does not exist.",
)  # fmt: skip
