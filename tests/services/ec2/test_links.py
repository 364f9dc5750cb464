"""VPN and customer gateways, flow logs, reservations and transit gateways.

https://docs.aws.amazon.com/vpn/latest/s2svpn/how_it_works.html
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
"""

from __future__ import annotations

import json

from tests.support import refused


def test_vpn_gateways(ec2, net):
    made = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]
    id = made["VpnGatewayId"]
    assert (made["AmazonSideAsn"], made["State"], made["VpcAttachments"]) == (64512, "available", [])
    both = {"VpnGatewayId": id, "VpcId": net.vpc}
    assert refused(ec2.detach_vpn_gateway, **both)[0] == "InvalidVpnGatewayAttachment.NotFound"
    ec2.attach_vpn_gateway(**both)
    (found,) = ec2.describe_vpn_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [net.vpc]}])["VpnGateways"]
    assert found["VpcAttachments"] == [{"VpcId": net.vpc, "State": "attached"}]
    table = net.main_table()["RouteTableId"]
    ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId=id)
    assert net.main_table()["PropagatingVgws"] == [{"GatewayId": id}]
    ec2.disable_vgw_route_propagation(RouteTableId=table, GatewayId=id)
    assert refused(ec2.delete_vpn_gateway, VpnGatewayId=id)[0] == "IncorrectState"
    ec2.detach_vpn_gateway(**both)
    ec2.delete_vpn_gateway(VpnGatewayId=id)
    assert ec2.describe_vpn_gateways(VpnGatewayIds=[id])["VpnGateways"][0]["State"] == "deleted"


def test_customer_gateways(ec2):
    request = {"Type": "ipsec.1", "IpAddress": "203.0.113.1", "BgpAsn": 65000}
    made = ec2.create_customer_gateway(**request)["CustomerGateway"]
    assert (made["BgpAsn"], made["IpAddress"], made["State"]) == ("65000", "203.0.113.1", "available")
    again = ec2.create_customer_gateway(**request)["CustomerGateway"]
    assert again["CustomerGatewayId"] == made["CustomerGatewayId"]
    ec2.delete_customer_gateway(CustomerGatewayId=made["CustomerGatewayId"])
    (found,) = ec2.describe_customer_gateways()["CustomerGateways"]
    assert found["State"] == "deleted"


def test_flow_logs(aws, ec2, net):
    trust = {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.client("iam").create_role(
        RoleName="flow", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    request = {"ResourceType": "VPC", "ResourceIds": [net.vpc], "TrafficType": "ALL"}
    assert refused(ec2.create_flow_logs, **request, LogGroupName="/flow")[0] == "InvalidParameterValue"
    request |= {"LogGroupName": "/flow", "DeliverLogsPermissionArn": role}
    (id,) = ec2.create_flow_logs(**request)["FlowLogIds"]
    (found,) = ec2.describe_flow_logs(FlowLogIds=[id])["FlowLogs"]
    assert (found["FlowLogStatus"], found["ResourceId"], found["LogGroupName"]) == ("ACTIVE", net.vpc, "/flow")
    assert (found["MaxAggregationInterval"], found["LogDestinationType"]) == (600, "cloud-watch-logs")
    (fault,) = ec2.create_flow_logs(**request)["Unsuccessful"]
    assert fault["Error"]["Code"] == "FlowLogAlreadyExists"
    assert ec2.delete_flow_logs(FlowLogIds=[id])["Unsuccessful"] == []
    assert ec2.describe_flow_logs(FlowLogIds=[id])["FlowLogs"] == []


def test_flow_logs_into_a_bucket(aws, ec2, net):
    request = {
        "ResourceType": "Subnet", "ResourceIds": [net.subnet], "TrafficType": "REJECT", "LogDestinationType": "s3",
        "LogDestination": f"arn:aws:s3:::flow-{aws.id}/prefix/",
    }  # fmt: skip
    (fault,) = ec2.create_flow_logs(**request)["Unsuccessful"]
    assert fault["Error"]["Message"] == f"LogDestination: flow-{aws.id} does not exist"
    aws.client("s3").create_bucket(Bucket=f"flow-{aws.id}")
    (id,) = ec2.create_flow_logs(**request)["FlowLogIds"]
    (found,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [net.subnet]}])["FlowLogs"]
    assert (found["FlowLogId"], found["DestinationOptions"]["FileFormat"]) == (id, "plain-text")


def test_reservations(ec2, net):
    made = ec2.create_subnet_cidr_reservation(SubnetId=net.subnet, Cidr="10.0.1.0/25", ReservationType="explicit")
    id = made["SubnetCidrReservation"]["SubnetCidrReservationId"]
    for _ in range(20):
        address = net.interface()["PrivateIpAddress"]
        assert int(address.rpartition(".")[2]) >= 128
    assert net.interface(PrivateIpAddress="10.0.1.20")["PrivateIpAddress"] == "10.0.1.20"
    (found,) = ec2.get_subnet_cidr_reservations(SubnetId=net.subnet)["SubnetIpv4CidrReservations"]
    assert (found["Cidr"], found["ReservationType"]) == ("10.0.1.0/25", "explicit")
    wrong = {"SubnetId": net.subnet, "Cidr": "10.0.2.0/25", "ReservationType": "explicit"}
    assert refused(ec2.create_subnet_cidr_reservation, **wrong)[0] == "InvalidParameterValue"
    ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id)
    assert ec2.get_subnet_cidr_reservations(SubnetId=net.subnet)["SubnetIpv4CidrReservations"] == []


def test_a_transit_gateway(aws, ec2, net):
    made = ec2.create_transit_gateway(Description="d")["TransitGateway"]
    id, table = made["TransitGatewayId"], made["Options"]["AssociationDefaultRouteTableId"]
    assert (made["State"], made["Options"]["AmazonSideAsn"]) == ("pending", 64512)
    assert made["TransitGatewayArn"] == f"arn:aws:ec2:us-east-1:{aws.id}:transit-gateway/{id}"
    before = net.free()
    request = {"TransitGatewayId": id, "VpcId": net.vpc, "SubnetIds": [net.subnet]}
    attached = ec2.create_transit_gateway_vpc_attachment(**request)["TransitGatewayVpcAttachment"]
    attachment = attached["TransitGatewayAttachmentId"]
    assert net.free() == before - 1
    assert refused(ec2.create_transit_gateway_vpc_attachment, **request)[0] == "DuplicateTransitGatewayAttachment"
    (found,) = ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]
    assert (found["State"], found["SubnetIds"]) == ("available", [net.subnet])
    (found,) = ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    assert found["Association"] == {"TransitGatewayRouteTableId": table, "State": "associated"}
    main = net.main_table()["RouteTableId"]
    ec2.create_route(RouteTableId=main, DestinationCidrBlock="10.9.0.0/16", TransitGatewayId=id)
    assert net.main_table()["Routes"][1]["TransitGatewayId"] == id
    ec2.modify_transit_gateway_vpc_attachment(
        TransitGatewayAttachmentId=attachment, Options={"ApplianceModeSupport": "enable"}
    )
    ec2.modify_transit_gateway(TransitGatewayId=id, Description="new")
    assert ec2.describe_transit_gateways()["TransitGateways"][0]["Description"] == "new"
    assert refused(ec2.delete_transit_gateway, TransitGatewayId=id)[0] == "IncorrectState"
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    assert net.free() == before
    ec2.delete_transit_gateway(TransitGatewayId=id)
    assert ec2.describe_transit_gateways()["TransitGateways"][0]["State"] == "deleted"


def test_routes_of_a_transit_gateway(ec2, net):
    id = ec2.create_transit_gateway(Options={"DefaultRouteTableAssociation": "disable"})["TransitGateway"][
        "TransitGatewayId"
    ]
    attachment = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=id, VpcId=net.vpc, SubnetIds=[net.subnet])[
        "TransitGatewayVpcAttachment"
    ]["TransitGatewayAttachmentId"]
    table = ec2.create_transit_gateway_route_table(TransitGatewayId=id)["TransitGatewayRouteTable"][
        "TransitGatewayRouteTableId"
    ]
    both = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": attachment}
    ec2.associate_transit_gateway_route_table(**both)
    assert refused(ec2.associate_transit_gateway_route_table, **both)[0] == "Resource.AlreadyAssociated"
    ec2.enable_transit_gateway_route_table_propagation(**both)
    ec2.create_transit_gateway_route(**both, DestinationCidrBlock="0.0.0.0/0")
    ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=table, DestinationCidrBlock="192.168.0.0/16", Blackhole=True
    )
    every = [{"Name": "state", "Values": ["active", "blackhole"]}]
    found = ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=every)["Routes"]
    assert [(each["DestinationCidrBlock"], each["Type"], each["State"]) for each in found] == [
        ("0.0.0.0/0", "static", "active"),
        ("10.0.0.0/16", "propagated", "active"),
        ("192.168.0.0/16", "static", "blackhole"),
    ]
    inside = [{"Name": "route-search.subnet-of-match", "Values": ["10.0.0.0/8"]}]
    found = ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=inside)["Routes"]
    assert [each["DestinationCidrBlock"] for each in found] == ["10.0.0.0/16"]
    ec2.replace_transit_gateway_route(
        TransitGatewayRouteTableId=table, DestinationCidrBlock="0.0.0.0/0", Blackhole=True
    )
    ec2.delete_transit_gateway_route(TransitGatewayRouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    assert len(ec2.get_transit_gateway_route_table_associations(TransitGatewayRouteTableId=table)["Associations"]) == 1
    answer = ec2.get_transit_gateway_route_table_propagations(TransitGatewayRouteTableId=table)
    assert len(answer["TransitGatewayRouteTablePropagations"]) == 1
    ec2.disable_transit_gateway_route_table_propagation(**both)
    assert refused(ec2.delete_transit_gateway_route_table, TransitGatewayRouteTableId=table)[0] == "IncorrectState"
    ec2.disassociate_transit_gateway_route_table(**both)
    ec2.delete_transit_gateway_route_table(TransitGatewayRouteTableId=table)
    (found,) = ec2.describe_transit_gateway_route_tables(TransitGatewayRouteTableIds=[table])[
        "TransitGatewayRouteTables"
    ]
    assert found["State"] == "deleted"
