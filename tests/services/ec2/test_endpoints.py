"""VPC endpoints and endpoint services.

https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html
"""

from __future__ import annotations

import json

from tests.support import refused

S3 = "com.amazonaws.us-east-1.s3"


def test_a_gateway_is_a_route(aws, ec2, net):
    table = net.main_table()["RouteTableId"]
    made = ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3, RouteTableIds=[table])["VpcEndpoint"]
    id = made["VpcEndpointId"]
    assert (made["VpcEndpointType"], made["State"], made["RouteTableIds"]) == ("Gateway", "available", [table])
    assert json.loads(made["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    assert (made["OwnerId"], made["PrivateDnsEnabled"]) == (aws.id, False)
    route = net.main_table()["Routes"][1]
    assert (route["DestinationPrefixListId"], route["GatewayId"], route["State"]) == ("pl-63a5400a", id, "active")
    call = ec2.delete_route
    assert refused(call, RouteTableId=table, DestinationPrefixListId="pl-63a5400a")[0] == "InvalidParameterValue"
    policy = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]})
    ec2.modify_vpc_endpoint(VpcEndpointId=id, PolicyDocument=policy, RemoveRouteTableIds=[table])
    (found,) = ec2.describe_vpc_endpoints(Filters=[{"Name": "service-name", "Values": [S3]}])["VpcEndpoints"]
    assert (found["PolicyDocument"], found["RouteTableIds"]) == (policy, [])
    ec2.modify_vpc_endpoint(VpcEndpointId=id, ResetPolicy=True, AddRouteTableIds=[table])
    assert refused(ec2.delete_vpc, VpcId=net.vpc)[0] == "DependencyViolation"
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[id])["Unsuccessful"] == []
    assert len(net.main_table()["Routes"]) == 1
    (fault,) = ec2.delete_vpc_endpoints(VpcEndpointIds=[id])["Unsuccessful"]
    assert fault["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert refused(ec2.describe_vpc_endpoints, VpcEndpointIds=[id])[:2] == (
        "InvalidVpcEndpointId.NotFound",
        f"The Vpc Endpoint Id '{id}' does not exist",
    )


def test_an_interface_endpoint(ec2, net):
    service = "com.amazonaws.us-east-1.secretsmanager"
    request = {"VpcId": net.vpc, "ServiceName": service, "VpcEndpointType": "Interface", "SubnetIds": [net.subnet]}
    assert refused(ec2.create_vpc_endpoint, **request, PrivateDnsEnabled=True)[0] == "InvalidParameter"
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    made = ec2.create_vpc_endpoint(**request, PrivateDnsEnabled=True, ClientToken="once")["VpcEndpoint"]
    assert made["State"] == "pending"
    again = ec2.create_vpc_endpoint(**request, PrivateDnsEnabled=True, ClientToken="once")["VpcEndpoint"]
    assert again["VpcEndpointId"] == made["VpcEndpointId"]
    (found,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert (found["State"], found["SubnetIds"]) == ("available", [net.subnet])
    assert found["DnsEntries"][0]["DnsName"].endswith(".secretsmanager.us-east-1.vpce.amazonaws.com")
    assert found["DnsEntries"][1]["DnsName"] == "secretsmanager.us-east-1.amazonaws.com"
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=found["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    assert (interface["InterfaceType"], interface["RequesterManaged"]) == ("vpc_endpoint", True)
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=net.vpc)["GroupId"]
    old = found["Groups"][0]["GroupId"]
    other = net.add("10.0.2.0/24", AvailabilityZone="us-east-1b")
    ec2.modify_vpc_endpoint(
        VpcEndpointId=found["VpcEndpointId"], AddSecurityGroupIds=[group], RemoveSecurityGroupIds=[old],
        AddSubnetIds=[other],
    )  # fmt: skip
    (found,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert [each["GroupId"] for each in found["Groups"]] == [group]
    assert len(found["NetworkInterfaceIds"]) == 2
    same_zone = net.add("10.0.3.0/24", AvailabilityZone="us-east-1b")
    assert refused(ec2.modify_vpc_endpoint, VpcEndpointId=found["VpcEndpointId"], AddSubnetIds=[same_zone])[0] == (
        "DuplicateSubnetsInSameZone"
    )
    ec2.delete_vpc_endpoints(VpcEndpointIds=[found["VpcEndpointId"]])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_services(ec2, net):
    found = ec2.describe_vpc_endpoint_services(ServiceNames=[S3])
    assert {kind["ServiceType"] for each in found["ServiceDetails"] for kind in each["ServiceType"]} == {
        "Gateway",
        "Interface",
    }
    filters = [{"Name": "service-type", "Values": ["Gateway"]}]
    assert ec2.describe_vpc_endpoint_services(Filters=filters)["ServiceNames"] == [
        "com.amazonaws.us-east-1.dynamodb",
        S3,
    ]
    code, text, _ = refused(ec2.create_vpc_endpoint, VpcId=net.vpc, ServiceName="com.amazonaws.us-east-1.nothing")
    assert (code, text) == (
        "InvalidServiceName",
        "The Vpc Endpoint Service 'com.amazonaws.us-east-1.nothing' does not exist",
    )


def test_a_service_of_a_customer(cloud, ec2, net):
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/n/0123456789abcdef"
    made = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn], AcceptanceRequired=False)
    id, name = (made["ServiceConfiguration"][key] for key in ("ServiceId", "ServiceName"))
    assert name == f"com.amazonaws.vpce.us-east-1.{id}"
    other = cloud.account()
    theirs = other.client("ec2")
    assert refused(theirs.describe_vpc_endpoint_services, ServiceNames=[name])[0] == "InvalidServiceName"
    principal = f"arn:aws:iam::{other.id}:root"
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=id, AddAllowedPrincipals=[principal])
    (allowed,) = ec2.describe_vpc_endpoint_service_permissions(ServiceId=id)["AllowedPrincipals"]
    assert (allowed["Principal"], allowed["PrincipalType"]) == (principal, "Account")
    assert theirs.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"][0]["Owner"] != other.id
    vpc = theirs.describe_vpcs()["Vpcs"][0]["VpcId"]
    endpoint = theirs.create_vpc_endpoint(VpcId=vpc, ServiceName=name, VpcEndpointType="Interface")["VpcEndpoint"]
    (fault,) = ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[id])["Unsuccessful"]
    assert fault["Error"]["Code"] == "ExistingVpcEndpointConnections"
    theirs.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    ec2.modify_vpc_endpoint_service_configuration(ServiceId=id, AcceptanceRequired=True)
    (found,) = ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[id])["ServiceConfigurations"]
    assert found["AcceptanceRequired"] is True
    assert ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[id])["Unsuccessful"] == []


def test_policies_see_the_service(aws, ec2, net):
    allow = {"Effect": "Allow", "Action": "ec2:CreateVpcEndpoint", "Resource": "*"}
    only = {**allow, "Condition": {"StringEquals": {"ec2:VpceServiceName": S3}}}
    vpcs = {**allow, "Resource": f"arn:aws:ec2:us-east-1:{aws.id}:vpc/*"}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [only, vpcs]})).client("ec2")
    user.create_vpc_endpoint(VpcId=net.vpc, ServiceName=S3)
    other = "com.amazonaws.us-east-1.dynamodb"
    assert refused(user.create_vpc_endpoint, VpcId=net.vpc, ServiceName=other)[0] == "UnauthorizedOperation"
