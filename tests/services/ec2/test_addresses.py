"""Elastic addresses.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html
"""

from __future__ import annotations

import ipaddress

from tests.support import refused


def test_allocate_associate_and_release(aws, ec2, net):
    made = ec2.allocate_address(
        Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": [{"Key": "k", "Value": "v"}]}]
    )
    assert ipaddress.ip_address(made["PublicIp"]) in ipaddress.ip_network("198.18.0.0/15")
    assert (made["Domain"], made["PublicIpv4Pool"], made["NetworkBorderGroup"]) == ("vpc", "amazon", "us-east-1")
    id, interface = made["AllocationId"], net.interface()
    target = {"AllocationId": id, "NetworkInterfaceId": interface["NetworkInterfaceId"]}
    code, text, _ = refused(ec2.associate_address, **target)
    assert (code, text) == (
        "Gateway.NotAttached",
        f"Network {net.vpc} is not attached to any internet gateway",
    )
    gateway = net.gateway()
    association = ec2.associate_address(**target)["AssociationId"]
    (found,) = ec2.describe_addresses(AllocationIds=[id])["Addresses"]
    assert found["AssociationId"] == association
    assert found["PrivateIpAddress"] == interface["PrivateIpAddress"]
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    (shown,) = ec2.describe_network_interfaces(
        Filters=[{"Name": "association.public-ip", "Values": [made["PublicIp"]]}]
    )["NetworkInterfaces"]
    assert shown["Association"]["IpOwnerId"] == aws.id
    assert refused(ec2.release_address, AllocationId=id)[:2] == (
        "InvalidIPAddress.InUse",
        f"Address {made['PublicIp']} is in use.",
    )
    assert refused(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=net.vpc)[0] == "DependencyViolation"
    ec2.disassociate_address(AssociationId=association)
    code, text, _ = refused(ec2.disassociate_address, AssociationId=association)
    assert (code, text) == ("InvalidAssociationID.NotFound", f"The association ID '{association}' does not exist")
    ec2.release_address(AllocationId=id)
    assert refused(ec2.describe_addresses, AllocationIds=[id])[:2] == (
        "InvalidAllocationID.NotFound",
        f"The allocation ID '{id}' does not exist",
    )


def test_five_addresses(ec2):
    made = [ec2.allocate_address() for _ in range(5)]
    assert len({each["PublicIp"] for each in made}) == 5
    code, text, _ = refused(ec2.allocate_address)
    assert (code, text) == ("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    ec2.release_address(PublicIp=made[0]["PublicIp"])
    assert refused(ec2.release_address, PublicIp=made[0]["PublicIp"])[:2] == (
        "InvalidAddress.NotFound",
        f"Address '{made[0]['PublicIp']}' not found.",
    )
    found = ec2.describe_addresses(Filters=[{"Name": "public-ip", "Values": [made[1]["PublicIp"]]}])["Addresses"]
    assert [each["AllocationId"] for each in found] == [made[1]["AllocationId"]]


def test_an_address_moves(ec2, net):
    net.gateway()
    id = ec2.allocate_address()["AllocationId"]
    one, other = (net.interface()["NetworkInterfaceId"] for _ in range(2))
    first = ec2.associate_address(AllocationId=id, NetworkInterfaceId=one)["AssociationId"]
    target = {"AllocationId": id, "NetworkInterfaceId": other}
    code, text, _ = refused(ec2.associate_address, **target, AllowReassociation=False)
    assert (code, text) == (
        "Resource.AlreadyAssociated",
        f"resource {id} is already associated with associate-id {first}",
    )
    ec2.associate_address(**target, AllowReassociation=True)
    (found,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[one])["NetworkInterfaces"]
    assert "Association" not in found
    ec2.delete_network_interface(NetworkInterfaceId=other)
    (free,) = ec2.describe_addresses()["Addresses"]
    assert "AssociationId" not in free


def test_reverse_names(ec2):
    id = ec2.allocate_address()["AllocationId"]
    ec2.modify_address_attribute(AllocationId=id, DomainName="mail.example.com")
    (found,) = ec2.describe_addresses_attribute(AllocationIds=[id], Attribute="domain-name")["Addresses"]
    assert found["PtrRecord"] == "mail.example.com."
    ec2.reset_address_attribute(AllocationId=id, Attribute="domain-name")
    assert ec2.describe_addresses_attribute(Attribute="domain-name")["Addresses"] == []
