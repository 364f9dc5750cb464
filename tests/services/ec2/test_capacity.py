"""Placement groups, spot instances, fleets, reservations of capacity, dedicated hosts, connect endpoints.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-purchasing-options.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.support import refused

TRUST = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "spotfleet.amazonaws.com"}, "Action": "sts:AssumeRole"}}  # fmt: skip


@pytest.fixture
def image(ec2):
    (found,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-kernel-6.1-x86_64"]}])[
        "Images"
    ]
    return found["ImageId"]


@pytest.fixture
def template(ec2, image):
    data = {"ImageId": image, "InstanceType": "t3.nano"}
    made = ec2.create_launch_template(LaunchTemplateName="fleet", LaunchTemplateData=data)
    spec = {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"}
    return {"LaunchTemplateSpecification": spec}


def running(ec2):
    found = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}])
    return [each for reservation in found["Reservations"] for each in reservation["Instances"]]


def test_placement_groups(aws, ec2):
    made = ec2.create_placement_group(GroupName="p", Strategy="partition", PartitionCount=3)["PlacementGroup"]
    assert (made["State"], made["PartitionCount"]) == ("available", 3)
    assert made["GroupArn"] == f"arn:aws:ec2:us-east-1:{aws.id}:placement-group/p"
    assert refused(ec2.create_placement_group, GroupName="p")[0] == "InvalidPlacementGroup.Duplicate"
    assert refused(ec2.create_placement_group, GroupName="q", PartitionCount=3)[0] == "InvalidParameterCombination"
    assert refused(ec2.create_placement_group, GroupName="q", Strategy="partition", PartitionCount=8)[0] == (
        "InvalidParameterValue"
    )
    ec2.create_placement_group(GroupName="s", Strategy="spread")
    (found,) = ec2.describe_placement_groups(Filters=[{"Name": "strategy", "Values": ["spread"]}])["PlacementGroups"]
    assert (found["GroupName"], found["SpreadLevel"]) == ("s", "rack")
    assert ec2.describe_placement_groups(GroupIds=[made["GroupId"]])["PlacementGroups"][0]["GroupName"] == "p"
    ec2.delete_placement_group(GroupName="p")
    assert refused(ec2.describe_placement_groups, GroupNames=["p"])[:2] == (
        "InvalidPlacementGroup.Unknown", "The Placement Group 'p' is unknown.",
    )  # fmt: skip


def test_spot_instances(ec2, image):
    launch = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1}
    (made,) = ec2.run_instances(**launch, InstanceMarketOptions={"MarketType": "spot"})["Instances"]
    assert made["InstanceLifecycle"] == "spot"
    (request,) = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[made["SpotInstanceRequestId"]])[
        "SpotInstanceRequests"
    ]
    assert (request["State"], request["Status"]["Code"], request["InstanceId"]) == (
        "active", "fulfilled", made["InstanceId"],
    )  # fmt: skip
    code, text, _ = refused(ec2.stop_instances, InstanceIds=[made["InstanceId"]])
    assert code == "UnsupportedOperation"
    assert "one-time Spot Instance request" in text
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    (request,) = ec2.describe_spot_instance_requests(Filters=[{"Name": "state", "Values": ["closed"]}])[
        "SpotInstanceRequests"
    ]
    assert request["Status"]["Code"] == "instance-terminated-by-user"


def test_spot_requests(ec2, image):
    (made,) = ec2.request_spot_instances(
        SpotPrice="0.02", Type="persistent", LaunchSpecification={"ImageId": image, "InstanceType": "t3.nano"}
    )["SpotInstanceRequests"]
    assert (made["SpotPrice"], made["Type"], made["State"]) == ("0.02", "persistent", "active")
    (instance,) = running(ec2)
    assert instance["InstanceId"] == made["InstanceId"]
    (answer,) = ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[made["SpotInstanceRequestId"]])[
        "CancelledSpotInstanceRequests"
    ]
    assert answer["State"] == "cancelled"
    assert len(running(ec2)) == 1  # "does not terminate running Spot Instances"
    prices = ec2.describe_spot_price_history(InstanceTypes=["t3.nano"], AvailabilityZone="us-east-1a")
    assert [price["InstanceType"] for price in prices["SpotPriceHistory"]] == ["t3.nano"]


def test_fleets(ec2, template):
    target = {"TotalTargetCapacity": 2, "DefaultTargetCapacityType": "on-demand"}
    bad = {**template, "Overrides": [{"InstanceType": "t3.none"}, {"InstanceType": "t3.micro"}]}
    made = ec2.create_fleet(Type="instant", LaunchTemplateConfigs=[bad], TargetCapacitySpecification=target)
    assert [error["ErrorCode"] for error in made["Errors"]] == ["InvalidParameterValue"]
    (group,) = made["Instances"]
    assert (group["InstanceType"], group["Lifecycle"], len(group["InstanceIds"])) == ("t3.micro", "on-demand", 2)
    (fleet,) = ec2.describe_fleets(FleetIds=[made["FleetId"]])["Fleets"]
    assert (fleet["FleetState"], fleet["ActivityStatus"], fleet["FulfilledCapacity"]) == ("active", "fulfilled", 2.0)
    shown = ec2.describe_fleet_instances(FleetId=made["FleetId"])["ActiveInstances"]
    assert {each["InstanceId"] for each in shown} == set(group["InstanceIds"])
    answer = ec2.delete_fleets(FleetIds=[made["FleetId"]], TerminateInstances=True)
    assert answer["SuccessfulFleetDeletions"][0]["CurrentFleetState"] == "deleted_terminating"
    assert running(ec2) == []


def test_spot_fleets(aws, ec2, template):
    role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    config = {"IamFleetRole": role, "TargetCapacity": 1, "LaunchTemplateConfigs": [template]}
    id = ec2.request_spot_fleet(SpotFleetRequestConfig=config)["SpotFleetRequestId"]
    (found,) = ec2.describe_spot_fleet_requests(SpotFleetRequestIds=[id])["SpotFleetRequestConfigs"]
    assert (found["SpotFleetRequestState"], found["ActivityStatus"]) == ("active", "fulfilled")
    assert found["SpotFleetRequestConfig"]["AllocationStrategy"] == "lowestPrice"
    (instance,) = ec2.describe_spot_fleet_instances(SpotFleetRequestId=id)["ActiveInstances"]
    assert instance["SpotInstanceRequestId"].startswith("sir-")
    ec2.modify_spot_fleet_request(SpotFleetRequestId=id, TargetCapacity=3)
    early = datetime.now(UTC) - timedelta(days=1)
    history = ec2.describe_spot_fleet_request_history(SpotFleetRequestId=id, StartTime=early)["HistoryRecords"]
    assert [each["EventInformation"]["EventSubType"] for each in history] == ["submitted", "active"]
    answer = ec2.cancel_spot_fleet_requests(SpotFleetRequestIds=[id], TerminateInstances=True)
    assert answer["SuccessfulFleetRequests"][0]["CurrentSpotFleetRequestState"] == "cancelled_terminating"
    assert running(ec2) == []


def test_capacity_reservations(aws, ec2):
    request = {"InstanceType": "m5.large", "InstancePlatform": "Linux/UNIX", "InstanceCount": 2,
               "AvailabilityZone": "us-east-1a"}  # fmt: skip
    made = ec2.create_capacity_reservation(**request)["CapacityReservation"]
    id = made["CapacityReservationId"]
    assert made["CapacityReservationArn"] == f"arn:aws:ec2:us-east-1:{aws.id}:capacity-reservation/{id}"
    assert (made["State"], made["EndDateType"]) == ("active", "unlimited")
    ec2.modify_capacity_reservation(CapacityReservationId=id, InstanceCount=3)
    (found,) = ec2.describe_capacity_reservations(Filters=[{"Name": "state", "Values": ["active"]}])[
        "CapacityReservations"
    ]
    assert found["TotalInstanceCount"] == 3
    assert (
        refused(ec2.create_capacity_reservation, **request, EndDateType="limited")[0] == "InvalidParameterCombination"
    )
    ec2.cancel_capacity_reservation(CapacityReservationId=id)
    assert (
        ec2.describe_capacity_reservations(CapacityReservationIds=[id])["CapacityReservations"][0]["State"]
        == "cancelled"
    )


def test_hosts(ec2):
    (id,) = ec2.allocate_hosts(AvailabilityZone="us-east-1a", InstanceType="m5.large", Quantity=1)["HostIds"]
    (host,) = ec2.describe_hosts(HostIds=[id])["Hosts"]
    assert (host["State"], host["AutoPlacement"], host["HostProperties"]["InstanceType"]) == (
        "available",
        "on",
        "m5.large",
    )
    assert "InstanceFamily" not in host["HostProperties"]  # Terraform takes either one or the other
    assert ec2.modify_hosts(HostIds=[id], AutoPlacement="off")["Successful"] == [id]
    assert ec2.describe_hosts(HostIds=[id])["Hosts"][0]["AutoPlacement"] == "off"
    assert ec2.release_hosts(HostIds=[id])["Successful"] == [id]
    (failed,) = ec2.release_hosts(HostIds=[id])["Unsuccessful"]
    assert failed["Error"]["Code"] == "Client.InvalidHost.NotFound"


def test_connect_endpoints(ec2, net):
    made = ec2.create_instance_connect_endpoint(SubnetId=net.subnet)["InstanceConnectEndpoint"]
    id = made["InstanceConnectEndpointId"]
    (found,) = ec2.describe_instance_connect_endpoints(InstanceConnectEndpointIds=[id])["InstanceConnectEndpoints"]
    assert (found["State"], found["VpcId"]) == ("create-complete", net.vpc)
    (interface,) = found["NetworkInterfaceIds"]
    (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    assert shown["RequesterManaged"] is True
    ec2.delete_instance_connect_endpoint(InstanceConnectEndpointId=id)
    assert refused(ec2.describe_instance_connect_endpoints, InstanceConnectEndpointIds=[id])[0] == (
        "InvalidInstanceConnectEndpointId.NotFound"
    )
    assert refused(ec2.describe_network_interfaces, NetworkInterfaceIds=[interface])[0] == (
        "InvalidNetworkInterfaceID.NotFound"
    )
