"""Network interfaces and the addresses that they have of their subnets.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
"""

from __future__ import annotations

from tests.support import refused


def test_an_interface_has_an_address_of_its_subnet(aws, ec2, net):
    before = net.free()
    made = net.interface(Description="d", TagSpecifications=[
        {"ResourceType": "network-interface", "Tags": [{"Key": "k", "Value": "v"}]}])  # fmt: skip
    assert made["PrivateIpAddress"].startswith("10.0.1.")
    assert made["PrivateIpAddresses"][0]["Primary"] is True
    assert (made["Status"], made["InterfaceType"], made["SourceDestCheck"]) == ("pending", "interface", True)
    assert [group["GroupName"] for group in made["Groups"]] == ["default"]
    assert net.free() == before - 1
    id = made["NetworkInterfaceId"]
    (found,) = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [net.subnet]}])[
        "NetworkInterfaces"
    ]
    assert (found["NetworkInterfaceId"], found["Status"], found["TagSet"]) == (
        id,
        "available",
        [{"Key": "k", "Value": "v"}],
    )
    code, text, _ = refused(ec2.delete_subnet, SubnetId=net.subnet)
    assert (code, text) == (
        "DependencyViolation",
        f"The subnet '{net.subnet}' has dependencies and cannot be deleted.",
    )
    ec2.delete_network_interface(NetworkInterfaceId=id)
    assert net.free() == before
    assert refused(ec2.delete_network_interface, NetworkInterfaceId=id)[:2] == (
        "InvalidNetworkInterfaceID.NotFound",
        f"The networkInterface ID '{id}' does not exist",
    )


def test_addresses_that_are_asked_for(net):
    made = net.interface(PrivateIpAddress="10.0.1.50", SecondaryPrivateIpAddressCount=2)
    assert made["PrivateIpAddress"] == "10.0.1.50"
    assert len(made["PrivateIpAddresses"]) == 3

    def code(address):
        return refused(net.ec2.create_network_interface, SubnetId=net.subnet, PrivateIpAddress=address)[:2]

    assert code("10.0.1.50") == ("InvalidIPAddress.InUse", "Address 10.0.1.50 is in use.")
    assert code("10.0.2.50") == (
        "InvalidParameterValue",
        "Address 10.0.2.50 does not fall within the subnet's address range",
    )
    reserved = "Address 10.0.1.3 is in subnet's reserved address range"
    assert code("10.0.1.3") == ("InvalidParameterValue", reserved)


def test_a_subnet_that_is_full(net):
    small = net.add("10.0.9.0/28")
    for _ in range(11):
        net.ec2.create_network_interface(SubnetId=small)
    code, text, _ = refused(net.ec2.create_network_interface, SubnetId=small)
    assert (code, text) == (
        "InsufficientFreeAddressesInSubnet",
        "The specified subnet does not have enough free addresses to satisfy the request.",
    )


def test_secondary_addresses_come_and_go(ec2, net):
    id = net.interface()["NetworkInterfaceId"]
    added = ec2.assign_private_ip_addresses(NetworkInterfaceId=id, PrivateIpAddresses=["10.0.1.60"])
    assert added["AssignedPrivateIpAddresses"] == [{"PrivateIpAddress": "10.0.1.60"}]
    other = net.interface()["NetworkInterfaceId"]
    taken = {"NetworkInterfaceId": other, "PrivateIpAddresses": ["10.0.1.60"]}
    assert refused(ec2.assign_private_ip_addresses, **taken)[0] == "InvalidIPAddress.InUse"
    ec2.assign_private_ip_addresses(**taken, AllowReassignment=True)
    (first,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[id])["NetworkInterfaces"]
    assert len(first["PrivateIpAddresses"]) == 1
    ec2.unassign_private_ip_addresses(**taken)
    assert net.free() == 249
    assert refused(ec2.unassign_private_ip_addresses, **taken)[0] == "InvalidParameterValue"


def test_groups_of_an_interface(ec2, net):
    id = net.interface()["NetworkInterfaceId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=net.vpc)["GroupId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=id, Groups=[group])
    ec2.modify_network_interface_attribute(NetworkInterfaceId=id, SourceDestCheck={"Value": False})
    ec2.modify_network_interface_attribute(NetworkInterfaceId=id, Description={"Value": "new"})
    found = ec2.describe_network_interface_attribute(NetworkInterfaceId=id, Attribute="groupSet")
    assert found["Groups"] == [{"GroupId": group, "GroupName": "g"}]
    found = ec2.describe_network_interface_attribute(NetworkInterfaceId=id, Attribute="sourceDestCheck")
    assert found["SourceDestCheck"] == {"Value": False}
    ec2.reset_network_interface_attribute(NetworkInterfaceId=id, SourceDestCheck="true")
    assert refused(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    elsewhere = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    call = ec2.modify_network_interface_attribute
    assert refused(call, NetworkInterfaceId=id, Groups=[elsewhere])[0] == "InvalidParameter"
    many = [ec2.create_security_group(GroupName=f"g{at}", Description="d", VpcId=net.vpc)["GroupId"] for at in range(6)]
    assert refused(call, NetworkInterfaceId=id, Groups=many)[0] == "SecurityGroupsPerInterfaceLimitExceeded"


def test_ipv6_addresses(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24", Ipv6CidrBlock=block)["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet, Ipv6AddressCount=1)["NetworkInterface"]
    assert len(made["Ipv6Addresses"]) == 1
    id = made["NetworkInterfaceId"]
    (added,) = ec2.assign_ipv6_addresses(NetworkInterfaceId=id, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=id, Ipv6Addresses=[added])
    (found,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[id])["NetworkInterfaces"]
    assert found["Ipv6Addresses"] == [{**made["Ipv6Addresses"][0]}]


def test_attachments_that_are_not_there(ec2, net):
    id = net.interface()["NetworkInterfaceId"]
    gone = "i-00000000000000000"
    call = ec2.attach_network_interface
    assert refused(call, NetworkInterfaceId=id, InstanceId=gone, DeviceIndex=1)[0] == "InvalidInstanceID.NotFound"
    code, text, _ = refused(ec2.detach_network_interface, AttachmentId="eni-attach-1")
    assert (code, text) == ("InvalidAttachmentID.NotFound", "The attachment ID 'eni-attach-1' does not exist")


def test_addresses_survive_a_crash(restarted):
    ec2 = restarted.account().client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    restarted.restart()
    (found,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert found["PrivateIpAddress"] == made["PrivateIpAddress"]
    (there,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert there["AvailableIpAddressCount"] == 4090
