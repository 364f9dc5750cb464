"""Internet, egress-only and NAT gateways.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
"""

from __future__ import annotations

from tests.support import refused


def test_internet_gateways(aws, ec2, net):
    made = ec2.create_internet_gateway()["InternetGateway"]
    id = made["InternetGatewayId"]
    assert (made["Attachments"], made["OwnerId"]) == ([], aws.id)
    both = {"InternetGatewayId": id, "VpcId": net.vpc}
    assert refused(ec2.detach_internet_gateway, **both)[:2] == (
        "Gateway.NotAttached",
        f"resource {id} is not attached to network {net.vpc}",
    )
    ec2.attach_internet_gateway(**both)
    assert refused(ec2.attach_internet_gateway, **both)[:2] == (
        "Resource.AlreadyAssociated",
        f"resource {id} is already attached to network {net.vpc}",
    )
    (found,) = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [net.vpc]}])[
        "InternetGateways"
    ]
    assert found["Attachments"] == [{"State": "available", "VpcId": net.vpc}]
    other = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    assert refused(ec2.attach_internet_gateway, InternetGatewayId=other, VpcId=net.vpc)[:2] == (
        "InvalidParameterValue",
        f"Network {net.vpc} already has an internet gateway attached",
    )
    assert refused(ec2.delete_internet_gateway, InternetGatewayId=id)[:2] == (
        "DependencyViolation",
        f"The internetGateway '{id}' has dependencies and cannot be deleted.",
    )
    ec2.detach_internet_gateway(**both)
    ec2.delete_internet_gateway(InternetGatewayId=id)
    assert refused(ec2.describe_internet_gateways, InternetGatewayIds=[id])[:2] == (
        "InvalidInternetGatewayID.NotFound",
        f"The internetGateway ID '{id}' does not exist",
    )


def test_egress_only_gateways(ec2, net):
    made = ec2.create_egress_only_internet_gateway(VpcId=net.vpc)["EgressOnlyInternetGateway"]
    id = made["EgressOnlyInternetGatewayId"]
    assert made["Attachments"] == [{"State": "attached", "VpcId": net.vpc}]
    asked = ec2.describe_egress_only_internet_gateways(EgressOnlyInternetGatewayIds=[id])
    assert len(asked["EgressOnlyInternetGateways"]) == 1
    assert ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=id)["ReturnCode"] is True
    assert ec2.describe_egress_only_internet_gateways()["EgressOnlyInternetGateways"] == []


def test_a_nat_gateway(ec2, net):
    net.gateway()
    address = ec2.allocate_address()
    request = {"SubnetId": net.subnet, "AllocationId": address["AllocationId"], "ClientToken": "once"}
    made = ec2.create_nat_gateway(**request)["NatGateway"]
    assert (made["State"], made["ConnectivityType"], made["VpcId"]) == ("pending", "public", net.vpc)
    id = made["NatGatewayId"]
    assert ec2.create_nat_gateway(**request)["NatGateway"]["NatGatewayId"] == id
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[id])
    (found,) = ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])["NatGateways"]
    (shown,) = found["NatGatewayAddresses"]
    assert (shown["PublicIp"], shown["IsPrimary"]) == (address["PublicIp"], True)
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[shown["NetworkInterfaceId"]])[
        "NetworkInterfaces"
    ]
    assert (interface["InterfaceType"], interface["RequesterManaged"], interface["Status"]) == (
        "nat_gateway",
        True,
        "in-use",
    )
    assert interface["Description"] == f"Interface for NAT Gateway {id}"
    associated = ec2.describe_addresses()["Addresses"][0]["AssociationId"]
    assert refused(ec2.disassociate_address, AssociationId=associated)[0] == "AuthFailure"
    assert refused(ec2.delete_network_interface, NetworkInterfaceId=shown["NetworkInterfaceId"])[0] == (
        "InvalidParameterValue"
    )
    ec2.delete_nat_gateway(NatGatewayId=id)
    (gone,) = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    assert gone["State"] == "deleted"
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.delete_subnet(SubnetId=net.subnet)


def test_a_deleted_nat_gateway_is_forgotten_after_an_hour(own_cloud):
    ec2 = own_cloud.account().client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    id = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    ec2.delete_nat_gateway(NatGatewayId=id)
    own_cloud.advance(3599)
    assert ec2.describe_nat_gateways()["NatGateways"]
    own_cloud.advance(2)
    assert ec2.describe_nat_gateways()["NatGateways"] == []
    code, text, _ = refused(ec2.describe_nat_gateways, NatGatewayIds=[id])
    assert (code, text) == ("NatGatewayNotFound", f"NAT gateway {id} was not found")


def test_a_nat_gateway_that_fails(ec2, net):
    address = ec2.allocate_address()["AllocationId"]
    id = ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    (found,) = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert found["FailureMessage"] == f"Network {net.vpc} has no Internet gateway attached"
    assert net.free() == 251
    assert refused(ec2.create_nat_gateway, SubnetId=net.subnet)[0] == "MissingParameter"


def test_further_addresses_of_a_nat_gateway(ec2, net):
    net.gateway()
    one, two = (ec2.allocate_address()["AllocationId"] for _ in range(2))
    id = ec2.create_nat_gateway(SubnetId=net.subnet, AllocationId=one)["NatGateway"]["NatGatewayId"]
    answer = ec2.associate_nat_gateway_address(NatGatewayId=id, AllocationIds=[two])
    (added,) = answer["NatGatewayAddresses"]
    assert (added["AllocationId"], added["IsPrimary"]) == (two, False)
    ec2.disassociate_nat_gateway_address(NatGatewayId=id, AssociationIds=[added["AssociationId"]])
    (found,) = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    assert len(found["NatGatewayAddresses"]) == 1
