"""Instances and their states.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

import re

import pytest
from tests.support import refused


@pytest.fixture
def aws(own_cloud):
    return own_cloud.account()


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def image(ec2):
    (found,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-kernel-6.1-x86_64"]}])[
        "Images"
    ]
    return found["ImageId"]


def run(ec2, image, count=1, **more):
    return ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, InstanceType="t3.nano", **more)["Instances"]


def only(ec2, id):
    (reservation,) = ec2.describe_instances(InstanceIds=[id])["Reservations"]
    (found,) = reservation["Instances"]
    return found


def states(ec2, id):
    return only(ec2, id)["State"]["Name"]


def test_a_launch_in_the_default_vpc(own_cloud, ec2, image):
    launch = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")
    (made,) = launch["Instances"]
    id = made["InstanceId"]
    assert re.fullmatch("r-0[0-9a-f]{16}", launch["ReservationId"])
    assert made["State"] == {"Code": 0, "Name": "pending"}
    assert made["StateReason"] == {"Code": "pending", "Message": "pending"}
    own_cloud.advance(2)
    found = only(ec2, id)
    assert found["State"] == {"Code": 16, "Name": "running"}
    (subnet,) = ec2.describe_subnets(SubnetIds=[found["SubnetId"]])["Subnets"]
    assert subnet["DefaultForAz"] is True
    assert found["Placement"]["AvailabilityZone"] == subnet["AvailabilityZone"]
    assert found["PrivateDnsName"] == f"ip-{found['PrivateIpAddress'].replace('.', '-')}.ec2.internal"
    assert found["PublicDnsName"].startswith("ec2-198-")
    assert found["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 2}
    assert found["MetadataOptions"]["HttpTokens"] == "required"  # as the image wants it
    assert [group["GroupName"] for group in found["SecurityGroups"]] == ["default"]
    (interface,) = found["NetworkInterfaces"]
    assert interface["Attachment"]["DeviceIndex"] == 0
    assert interface["Association"]["PublicIp"] == found["PublicIpAddress"]
    (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])[
        "NetworkInterfaces"
    ]
    assert shown["Attachment"]["InstanceId"] == id
    (disk,) = found["BlockDeviceMappings"]
    (volume,) = ec2.describe_volumes(VolumeIds=[disk["Ebs"]["VolumeId"]])["Volumes"]
    assert (disk["DeviceName"], volume["Size"], volume["VolumeType"], volume["State"]) == (
        "/dev/xvda",
        8,
        "gp3",
        "in-use",
    )
    assert volume["Attachments"][0]["InstanceId"] == id


def test_states_on_the_clock(own_cloud, ec2, image):
    id = run(ec2, image)[0]["InstanceId"]
    own_cloud.advance(2)
    public = only(ec2, id)["PublicIpAddress"]
    (change,) = ec2.stop_instances(InstanceIds=[id])["StoppingInstances"]
    assert change["CurrentState"] == {"Code": 64, "Name": "stopping"}
    assert change["PreviousState"] == {"Code": 16, "Name": "running"}
    own_cloud.advance(2)
    found = only(ec2, id)
    assert found["State"]["Name"] == "stopped"
    assert "PublicIpAddress" not in found
    assert found["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert re.fullmatch(r"User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)", found["StateTransitionReason"])
    assert refused(ec2.reboot_instances, InstanceIds=[id])[0] == "IncorrectInstanceState"
    ec2.start_instances(InstanceIds=[id])
    own_cloud.advance(2)
    found = only(ec2, id)
    assert (found["State"]["Name"], found["StateTransitionReason"]) == ("running", "")
    assert found["PublicIpAddress"] != public
    ec2.reboot_instances(InstanceIds=[id])
    (change,) = ec2.terminate_instances(InstanceIds=[id])["TerminatingInstances"]
    assert change["CurrentState"]["Name"] == "shutting-down"
    own_cloud.advance(2)
    found = only(ec2, id)
    assert found["State"] == {"Code": 48, "Name": "terminated"}
    assert "SubnetId" not in found
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert refused(ec2.start_instances, InstanceIds=[id])[:2] == (
        "IncorrectInstanceState", f"The instance '{id}' is not in a state from which it can be started.",
    )  # fmt: skip
    assert ec2.terminate_instances(InstanceIds=[id])["TerminatingInstances"][0]["CurrentState"]["Name"] == "terminated"
    own_cloud.advance(3601)
    assert refused(ec2.describe_instances, InstanceIds=[id])[:2] == (
        "InvalidInstanceID.NotFound", f"The instance ID '{id}' does not exist",
    )  # fmt: skip
