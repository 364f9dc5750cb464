"""Route tables and routes.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
"""

from __future__ import annotations

import pytest
from tests.support import refused


@pytest.fixture
def table(net):
    return net.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]


def routes(ec2, table):
    (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return {next(route[name] for name in names if name in route): route for route in found["Routes"]}


LOCAL = {
    "DestinationCidrBlock": "10.0.0.0/16",
    "GatewayId": "local",
    "Origin": "CreateRouteTable",
    "State": "active",
}


def test_the_main_table_and_others(aws, ec2, net, table):
    main = net.main_table()
    assert main["Routes"] == [LOCAL]
    assert main["OwnerId"] == aws.id
    assert routes(ec2, table) == {"10.0.0.0/16": LOCAL}
    assert refused(ec2.delete_route_table, RouteTableId=main["RouteTableId"])[0] == "DependencyViolation"
    assert refused(ec2.delete_vpc, VpcId=net.vpc)[0] == "DependencyViolation"
    ec2.delete_route_table(RouteTableId=table)
    assert refused(ec2.delete_route_table, RouteTableId=table)[:2] == (
        "InvalidRouteTableID.NotFound",
        f"The routeTable ID '{table}' does not exist",
    )


def test_routes(ec2, net, table):
    gateway = net.gateway()
    target = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    assert ec2.create_route(**target)["Return"] is True
    ec2.create_route(**target)  # the same again is fine
    assert routes(ec2, table)["0.0.0.0/0"] == {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    interface = net.interface()["NetworkInterfaceId"]
    other = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": interface}
    assert refused(ec2.create_route, **other)[:2] == (
        "RouteAlreadyExists",
        "The route identified by 0.0.0.0/0 already exists.",
    )
    ec2.replace_route(**other)
    assert routes(ec2, table)["0.0.0.0/0"]["State"] == "blackhole"  # the interface is attached to nothing
    ec2.replace_route(**target)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    assert routes(ec2, table)["0.0.0.0/0"]["State"] == "blackhole"
    where = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.delete_route(**where)
    assert refused(ec2.delete_route, **where)[:2] == (
        "InvalidRoute.NotFound",
        f"no route with destination-cidr-block 0.0.0.0/0 in route table {table}",
    )


def test_what_is_no_route(ec2, net, table):
    elsewhere = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def code(**request):
        return refused(ec2.create_route, RouteTableId=table, **request)[:2]

    assert code(DestinationCidrBlock="0.0.0.0/0", GatewayId=elsewhere) == (
        "InvalidParameterValue",
        f"route table {table} and network gateway {elsewhere} belong to different networks",
    )
    assert code(DestinationCidrBlock="0.0.0.0/0")[0] == "MissingParameter"
    assert code(GatewayId=elsewhere)[0] == "MissingParameter"
    gone = "nat-00000000000000000"
    assert code(DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gone) == (
        "InvalidNatGatewayID.NotFound",
        f"The natGateway ID '{gone}' does not exist",
    )
    gateway = net.gateway()
    inside = code(DestinationCidrBlock="10.0.3.0/24", GatewayId=gateway)
    assert inside[0] == "InvalidParameterValue"
    assert "is equal to or more specific than one of this VPC's CIDR blocks" in inside[1]
    call = ec2.replace_route
    assert refused(call, RouteTableId=table, DestinationCidrBlock="1.0.0.0/8", GatewayId=gateway)[:2] == (
        "InvalidParameterValue",
        "There is no route defined for '1.0.0.0/8' in the route table. Use CreateRoute instead.",
    )
    assert refused(ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")[:2] == (
        "InvalidParameterValue",
        f"cannot remove local route 10.0.0.0/16 in route table {table}",
    )


def test_fifty_routes(ec2, net, table):
    gateway = net.gateway()
    for at in range(50):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=f"20.{at}.0.0/16", GatewayId=gateway)
    code, text, _ = refused(ec2.create_route, RouteTableId=table, DestinationCidrBlock="30.0.0.0/16", GatewayId=gateway)
    assert (code, text) == ("RouteLimitExceeded", "The maximum number of routes has been reached.")


def test_associations(ec2, net, table):
    made = ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)
    assert made["AssociationState"] == {"State": "associated"}
    assert (
        ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)["AssociationId"] == (made["AssociationId"])
    )
    filters = [{"Name": "association.subnet-id", "Values": [net.subnet]}]
    (found,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    (association,) = found["Associations"]
    assert (association["Main"], association["SubnetId"]) == (False, net.subnet)
    other = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    assert refused(ec2.associate_route_table, RouteTableId=other, SubnetId=net.subnet)[0] == (
        "Resource.AlreadyAssociated"
    )
    assert refused(ec2.delete_route_table, RouteTableId=table)[:2] == (
        "DependencyViolation",
        f"The routeTable '{table}' has dependencies and cannot be deleted.",
    )
    new = ec2.replace_route_table_association(AssociationId=made["AssociationId"], RouteTableId=other)
    ec2.disassociate_route_table(AssociationId=new["NewAssociationId"])
    code, text, _ = refused(ec2.disassociate_route_table, AssociationId=new["NewAssociationId"])
    assert (code, text) == (
        "InvalidAssociationID.NotFound",
        f"The association ID '{new['NewAssociationId']}' does not exist",
    )


def test_another_main_table(ec2, net, table):
    main = net.main_table()
    (association,) = main["Associations"]
    id = association["RouteTableAssociationId"]
    assert refused(ec2.disassociate_route_table, AssociationId=id)[:2] == (
        "InvalidParameterValue",
        f"cannot disassociate the main route table association {id}",
    )
    ec2.replace_route_table_association(AssociationId=id, RouteTableId=table)
    assert net.main_table()["RouteTableId"] == table
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])
