"""A network of the victim's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import World


def make(world: World, region: str, victim: str, secret: str) -> None:
    """Descriptions are authorised on everything, so what they tell is no secret."""

    def own(name: str, /, **request: Any) -> dict[str, Any]:
        return world.own("ec2", name, **request)

    made = own("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    vpc = made["VpcId"]
    subnet = own("CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = own("CreateSecurityGroup", VpcId=vpc, GroupName="Group", Description=secret)["GroupId"]
    gateway = own("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    own("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    table = own("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    interface = own("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = own("AllocateAddress")
    nat = own("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    prefixes = own("CreateManagedPrefixList", PrefixListName="n", MaxEntries=1, AddressFamily="IPv4",
                   Entries=[{"Cidr": "10.0.0.0/8", "Description": secret}])["PrefixList"]  # fmt: skip
    for word, member, id in (
        ("vpc", "VpcId", vpc), ("subnet", "SubnetId", subnet), ("security-group", "GroupId", group),
        ("internet-gateway", "InternetGatewayId", gateway), ("route-table", "RouteTableId", table),
        ("network-interface", "NetworkInterfaceId", interface), ("natgateway", "NatGatewayId", nat),
        ("elastic-ip", "AllocationId", address["AllocationId"]),
        ("prefix-list", "PrefixListId", prefixes["PrefixListId"]), *_links(world, region, secret, vpc, subnet),
    ):  # fmt: skip
        world.thing("ec2", f"arn:aws:ec2:{region}:{victim}:{word}/{id}", **{member: id, "Resources": id})
    world.texts["ec2", "PublicIp"] = [address["PublicIp"]]
    blocks = (*made["CidrBlockAssociationSet"], *made["Ipv6CidrBlockAssociationSet"])
    associated = own("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)["AssociationId"]
    world.texts["ec2", "AssociationId"] = [*(block["AssociationId"] for block in blocks), associated]
    for several, one in (
        ("Groups", "GroupId"), ("SecurityGroupIds", "GroupId"), ("SubnetIds", "SubnetId"),
        ("RouteTableIds", "RouteTableId"), ("AllocationIds", "AllocationId"), ("GatewayId", "VpnGatewayId"),
        ("VpcEndpointIds", "VpcEndpointId"), ("FlowLogIds", "FlowLogId"), ("ServiceIds", "ServiceId"),
        ("PeerVpcId", "VpcId"), ("ResourceIds", "VpcId"),
    ):  # fmt: skip
        world.texts["ec2", several] = world.texts["ec2", one]


def _links(world: World, region: str, secret: str, vpc: str, subnet: str) -> list[tuple[str, str, str]]:
    """What links the VPC with others: resource types, members and ids."""

    def own(name: str, /, **request: Any) -> Any:
        (answer,) = (each for each in world.own("ec2", name, **request).values() if isinstance(each, dict | list))
        return answer

    egress = own("CreateEgressOnlyInternetGateway", VpcId=vpc)["EgressOnlyInternetGatewayId"]
    vpn = own("CreateVpnGateway", Type="ipsec.1")["VpnGatewayId"]
    customer = own("CreateCustomerGateway", Type="ipsec.1", IpAddress="203.0.113.9")["CustomerGatewayId"]
    acl = world.own("ec2", "CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    dhcp = own("CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": [secret]}])
    endpoint = own("CreateVpcEndpoint", VpcId=vpc, ServiceName=f"com.amazonaws.{region}.s3")["VpcEndpointId"]
    service = own("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=["arn:x"])["ServiceId"]
    other = own("CreateVpc", CidrBlock="10.5.0.0/16")["VpcId"]
    peering = own("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=other)["VpcPeeringConnectionId"]
    kept = own("CreateSubnetCidrReservation", SubnetId=subnet, Cidr="10.0.0.0/28", ReservationType="explicit")
    transit = own("CreateTransitGateway")
    attachment = own("CreateTransitGatewayVpcAttachment", TransitGatewayId=transit["TransitGatewayId"], VpcId=vpc,
                     SubnetIds=[subnet])["TransitGatewayAttachmentId"]  # fmt: skip
    world.own("ec2", "CreateFlowLogs", ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL",
             LogGroupName="x", DeliverLogsPermissionArn=world.role)  # fmt: skip
    log = own("DescribeFlowLogs")[0]["FlowLogId"]
    world.arns.append(f"arn:aws:ec2:{region}:{world.owner.account}:vpc/{other}")
    return [
        ("egress-only-internet-gateway", "EgressOnlyInternetGatewayId", egress),
        ("vpn-gateway", "VpnGatewayId", vpn),
        ("customer-gateway", "CustomerGatewayId", customer),
        ("network-acl", "NetworkAclId", acl),
        ("dhcp-options", "DhcpOptionsId", dhcp["DhcpOptionsId"]),
        ("vpc-endpoint", "VpcEndpointId", endpoint),
        ("vpc-endpoint-service", "ServiceId", service),
        ("vpc-peering-connection", "VpcPeeringConnectionId", peering),
        ("subnet-cidr-reservation", "SubnetCidrReservationId", kept["SubnetCidrReservationId"]),
        ("transit-gateway", "TransitGatewayId", transit["TransitGatewayId"]),
        ("transit-gateway-attachment", "TransitGatewayAttachmentId", attachment),
        ("transit-gateway-route-table", "TransitGatewayRouteTableId",
         transit["Options"]["AssociationDefaultRouteTableId"]),
        ("vpc-flow-log", "FlowLogId", log),
    ]  # fmt: skip
