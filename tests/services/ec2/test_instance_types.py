"""Instance types.

https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html
"""

from __future__ import annotations

import pytest
from tests.support import refused


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


def where(**values):
    return [{"Name": name.replace("__", ".").replace("_", "-"), "Values": each} for name, each in values.items()]


def test_what_a_type_has(ec2):
    (found,) = ec2.describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"]
    assert found["VCpuInfo"]["DefaultVCpus"] == 2
    assert found["MemoryInfo"]["SizeInMiB"] == 8192
    assert found["ProcessorInfo"]["SupportedArchitectures"] == ["x86_64"]
    assert found["NetworkInfo"]["MaximumNetworkInterfaces"] == 3
    assert found["NetworkInfo"]["Ipv4AddressesPerInterface"] == 10
    assert found["Hypervisor"] == "nitro"
    assert refused(ec2.describe_instance_types, InstanceTypes=["m5.tiny"])[:2] == (
        "InvalidInstanceType", "The following supplied instance types do not exist: [m5.tiny]",
    )  # fmt: skip


def test_filters_and_pages(ec2):
    pages = ec2.get_paginator("describe_instance_types")
    filters = where(
        processor_info__supported_architecture=["arm64"],
        vcpu_info__default_vcpus=["2"],
        instance_type=["t4g.*", "m7g*"],
    )
    shown = pages.paginate(Filters=filters, PaginationConfig={"PageSize": 5})
    found = [each["InstanceType"] for page in shown for each in page["InstanceTypes"]]
    assert {"t4g.micro", "t4g.small", "m7g.large"} <= set(found)
    assert "m7g.xlarge" not in found
    assert len(found) == len(set(found))
    gpus = ec2.describe_instance_types(Filters=where(instance_type=["g4dn.xlarge"]))["InstanceTypes"]
    assert gpus[0]["GpuInfo"]["Gpus"][0]["Name"] == "T4"
    assert len(ec2.describe_instance_types()["InstanceTypes"]) == 100
    assert refused(ec2.describe_instance_types, Filters=where(no_such=["x"]))[1] == "The filter 'no-such' is invalid"


def test_offerings(ec2):
    found = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=where(instance_type=["t3.micro"])
    )["InstanceTypeOfferings"]
    assert "us-east-1a" in {each["Location"] for each in found}
    (found,) = ec2.describe_instance_type_offerings(Filters=where(instance_type=["t3.micro"]))["InstanceTypeOfferings"]
    assert found == {"InstanceType": "t3.micro", "LocationType": "region", "Location": "us-east-1"}


def test_requirements(ec2):
    found = ec2.get_instance_types_from_instance_requirements(
        ArchitectureTypes=["x86_64"], VirtualizationTypes=["hvm"],
        InstanceRequirements={
            "VCpuCount": {"Min": 2, "Max": 2}, "MemoryMiB": {"Min": 8192, "Max": 8192}, "CpuManufacturers": ["intel"],
            "InstanceGenerations": ["current"],
        },
    )["InstanceTypes"]  # fmt: skip
    names = {each["InstanceType"] for each in found}
    assert "m7i.large" in names
    assert not names & {
        "m6a.large",
        "t3.large",
        "m6g.large",
        "m5.large",
    }  # of another maker, burstable, arm64, previous
    assert refused(
        ec2.get_instance_types_from_instance_requirements, ArchitectureTypes=["x86_64"], VirtualizationTypes=["hvm"],
        InstanceRequirements={"VCpuCount": {"Min": 2}},
    )[0] == "MissingParameter"  # fmt: skip
