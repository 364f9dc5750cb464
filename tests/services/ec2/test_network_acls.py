"""Network ACLs and DHCP options.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html
"""

from __future__ import annotations

from tests.support import refused


def test_the_default_acl_allows_everything(aws, ec2, net):
    filters = [{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "default", "Values": ["true"]}]
    (found,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert [(each["RuleNumber"], each["Egress"], each["RuleAction"]) for each in found["Entries"]] == [
        (100, True, "allow"),
        (32767, True, "deny"),
        (100, False, "allow"),
        (32767, False, "deny"),
    ]
    assert [each["SubnetId"] for each in found["Associations"]] == [net.subnet]
    assert found["OwnerId"] == aws.id
    assert refused(ec2.delete_network_acl, NetworkAclId=found["NetworkAclId"])[:2] == (
        "InvalidParameterValue",
        f"cannot delete default network ACL {found['NetworkAclId']}",
    )


def test_entries(ec2, net):
    made = ec2.create_network_acl(VpcId=net.vpc)["NetworkAcl"]
    id = made["NetworkAclId"]
    assert [each["RuleAction"] for each in made["Entries"]] == ["deny", "deny"]
    rule = {"NetworkAclId": id, "RuleNumber": 10, "Protocol": "tcp", "RuleAction": "allow", "Egress": False}
    web = {**rule, "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 80, "To": 80}}
    ec2.create_network_acl_entry(**web)
    assert refused(ec2.create_network_acl_entry, **web)[:2] == (
        "NetworkAclEntryAlreadyExists",
        "The network acl entry identified by 10 already exists.",
    )
    assert refused(ec2.create_network_acl_entry, **rule, CidrBlock="0.0.0.0/0")[0] == "MissingParameter"
    ec2.replace_network_acl_entry(**{**web, "RuleAction": "deny"})
    (found,) = ec2.describe_network_acls(NetworkAclIds=[id])["NetworkAcls"]
    assert found["Entries"][1] == {
        "CidrBlock": "0.0.0.0/0", "Egress": False, "PortRange": {"From": 80, "To": 80}, "Protocol": "6",
        "RuleAction": "deny", "RuleNumber": 10,
    }  # fmt: skip
    where = {"NetworkAclId": id, "RuleNumber": 10, "Egress": False}
    ec2.delete_network_acl_entry(**where)
    assert refused(ec2.delete_network_acl_entry, **where)[0] == "InvalidNetworkAclEntry.NotFound"
    assert refused(ec2.replace_network_acl_entry, **web)[0] == "InvalidNetworkAclEntry.NotFound"


def test_another_acl_for_a_subnet(ec2, net):
    id = ec2.create_network_acl(VpcId=net.vpc)["NetworkAcl"]["NetworkAclId"]
    filters = [{"Name": "association.subnet-id", "Values": [net.subnet]}]
    (before,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    association = before["Associations"][0]["NetworkAclAssociationId"]
    new = ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=id)["NewAssociationId"]
    (after,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert after["Associations"] == [{"NetworkAclAssociationId": new, "NetworkAclId": id, "SubnetId": net.subnet}]
    assert refused(ec2.delete_network_acl, NetworkAclId=id)[:2] == (
        "DependencyViolation",
        f"The networkAcl '{id}' has dependencies and cannot be deleted.",
    )
    assert refused(ec2.replace_network_acl_association, AssociationId=association, NetworkAclId=id)[0] == (
        "InvalidAssociationID.NotFound"
    )
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_network_acl(NetworkAclId=id)


def test_dhcp_options(ec2, net):
    (default,) = ec2.describe_dhcp_options()["DhcpOptions"]
    assert default["DhcpConfigurations"] == [
        {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
        {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]},
    ]
    (vpc,) = ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"]
    assert vpc["DhcpOptionsId"] == default["DhcpOptionsId"]
    options = [{"Key": "domain-name", "Values": ["example.com"]}]
    made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]
    id = made["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=id, VpcId=net.vpc)
    assert refused(ec2.delete_dhcp_options, DhcpOptionsId=id)[:2] == (
        "DependencyViolation",
        f"The dhcpOptions '{id}' has dependencies and cannot be deleted.",
    )
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=net.vpc)
    assert ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["DhcpOptionsId"] == "default"
    ec2.delete_dhcp_options(DhcpOptionsId=id)
    assert refused(ec2.create_dhcp_options, DhcpConfigurations=[{"Key": "x", "Values": ["y"]}])[0] == (
        "InvalidParameterValue"
    )
