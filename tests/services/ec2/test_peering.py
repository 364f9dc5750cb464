"""VPC peering connections.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
"""

from __future__ import annotations

import json

import pytest
from tests.support import refused


@pytest.fixture
def pair(ec2):
    return [ec2.create_vpc(CidrBlock=f"10.{at}.0.0/16")["Vpc"]["VpcId"] for at in (1, 2)]


def status(ec2, id):
    (found,) = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[id])["VpcPeeringConnections"]
    return found["Status"]["Code"]


def test_in_one_account(aws, ec2, pair):
    one, two = pair
    made = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=two)["VpcPeeringConnection"]
    id = made["VpcPeeringConnectionId"]
    assert made["Status"] == {"Code": "initiating-request", "Message": f"Initiating Request to {aws.id}"}
    assert "CidrBlock" not in made["AccepterVpcInfo"]
    assert status(ec2, id) == "pending-acceptance"
    again = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=two)["VpcPeeringConnection"]
    assert again["VpcPeeringConnectionId"] == id
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    (found,) = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert found["Status"] == {"Code": "active", "Message": "Active"}
    assert found["AccepterVpcInfo"]["CidrBlock"] == "10.2.0.0/16"
    assert refused(ec2.create_vpc_peering_connection, VpcId=two, PeerVpcId=one)[0] == (
        "VpcPeeringConnectionAlreadyExists"
    )
    options = {"AllowDnsResolutionFromRemoteVpc": True}
    answer = ec2.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=id, RequesterPeeringConnectionOptions=options
    )
    assert answer["RequesterPeeringConnectionOptions"] == options
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [one]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=id)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert status(ec2, id) == "deleted"
    (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    assert [route["State"] for route in found["Routes"]] == ["active", "blackhole"]


def test_groups_of_peered_vpcs_can_be_named(ec2, pair):
    groups = [ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"] for vpc in pair]
    rule = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": groups[1]}]}]
    call = ec2.authorize_security_group_ingress
    assert refused(call, GroupId=groups[0], IpPermissions=rule)[0] == "InvalidGroup.NotFound"
    id = ec2.create_vpc_peering_connection(VpcId=pair[0], PeerVpcId=pair[1])["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    call(GroupId=groups[0], IpPermissions=rule)
    (found,) = ec2.describe_security_group_references(GroupId=[groups[1]])["SecurityGroupReferenceSet"]
    assert (found["ReferencingVpcId"], found["VpcPeeringConnectionId"]) == (pair[0], id)


def test_between_accounts(cloud, ec2, pair):
    other = cloud.account()
    theirs = other.client("ec2", region="eu-west-1")
    vpc = theirs.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=pair[0], PeerVpcId=vpc, PeerOwnerId=other.id, PeerRegion="eu-west-1")
    id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    assert status(theirs, id) == "pending-acceptance"
    assert refused(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=id)[0] == "OperationNotPermitted"
    theirs.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert status(ec2, id) == "active"
    theirs.create_tags(Resources=[id], Tags=[{"Key": "k", "Value": "theirs"}])
    assert ec2.describe_vpc_peering_connections()["VpcPeeringConnections"][0]["Tags"] == []
    theirs.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert status(ec2, id) == "deleted"


def test_policies_see_both_sides(aws, ec2, pair):
    allow = {"Effect": "Allow", "Action": "ec2:CreateVpcPeeringConnection", "Resource": "*"}
    arn = f"arn:aws:ec2:us-east-1:{aws.id}:vpc/{pair[1]}"
    only = {**allow, "Condition": {"ArnEquals": {"ec2:AccepterVpc": arn}}}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [only]})).client("ec2")
    user.create_vpc_peering_connection(VpcId=pair[0], PeerVpcId=pair[1])
    assert refused(user.create_vpc_peering_connection, VpcId=pair[1], PeerVpcId=pair[0])[0] == "UnauthorizedOperation"


def test_what_fails(ec2, pair):
    overlapping = ec2.create_vpc(CidrBlock="10.1.0.0/20")["Vpc"]["VpcId"]
    id = ec2.create_vpc_peering_connection(VpcId=pair[0], PeerVpcId=overlapping)["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    assert status(ec2, id) == "failed"
    gone = "vpc-00000000000000000"
    assert refused(ec2.create_vpc_peering_connection, VpcId=pair[0], PeerVpcId=gone)[0] == "InvalidVpcID.NotFound"
    id = ec2.create_vpc_peering_connection(VpcId=pair[0], PeerVpcId=pair[1])["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert status(ec2, id) == "rejected"
    assert refused(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=id)[0] == "InvalidStateTransition"


def test_a_request_expires_after_seven_days(own_cloud):
    ec2 = own_cloud.account().client("ec2")
    one, two = (ec2.create_vpc(CidrBlock=f"10.{at}.0.0/16")["Vpc"]["VpcId"] for at in (1, 2))
    id = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=two)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    own_cloud.advance(7 * 86400 + 1)
    assert status(ec2, id) == "expired"
    assert refused(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=id)[0] == "InvalidStateTransition"
