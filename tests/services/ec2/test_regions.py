"""Regions, zones and account attributes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
"""

from __future__ import annotations

import pytest
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


def test_regions(ec2):
    found = {region["RegionName"]: region for region in ec2.describe_regions()["Regions"]}
    assert len(found) == 17
    assert found["eu-west-1"] == {
        "OptInStatus": "opt-in-not-required",
        "RegionName": "eu-west-1",
        "Endpoint": "ec2.eu-west-1.amazonaws.com",
    }
    every = ec2.describe_regions(AllRegions=True, Filters=[{"Name": "opt-in-status", "Values": ["not-opted-in"]}])
    assert "af-south-1" in {region["RegionName"] for region in every["Regions"]}
    assert refused(ec2.describe_regions, RegionNames=["mars-1"])[0] == "InvalidParameterValue"


def test_zones(ec2):
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [zone["ZoneName"][-1] for zone in zones] == list("abcdef")
    assert zones[0]["ZoneId"] == "use1-az1"
    assert {zone["State"] for zone in zones} == {"available"}
    filters = [{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}]  # as Terraform's examples ask
    assert len(ec2.describe_availability_zones(Filters=filters)["AvailabilityZones"]) == 6
    (one,) = ec2.describe_availability_zones(ZoneNames=["us-east-1c"])["AvailabilityZones"]
    assert one["ZoneName"] == "us-east-1c"
    assert refused(ec2.describe_availability_zones, ZoneNames=["us-east-1z"])[0] == "InvalidParameterValue"


def test_account_attributes(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (found,) = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert found["AttributeValues"] == [{"AttributeValue": vpc["VpcId"]}]
    assert len(ec2.describe_account_attributes()["AccountAttributes"]) == 6
