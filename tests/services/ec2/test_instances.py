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


def test_protection_and_missing_instances(own_cloud, ec2, image):
    id = run(ec2, image, DisableApiTermination=True, DisableApiStop=True)[0]["InstanceId"]
    own_cloud.advance(2)
    code, text, _ = refused(ec2.terminate_instances, InstanceIds=[id])
    assert code == "OperationNotPermitted"
    assert text.startswith(f"The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance")
    assert refused(ec2.stop_instances, InstanceIds=[id])[0] == "OperationNotPermitted"
    ec2.modify_instance_attribute(InstanceId=id, DisableApiTermination={"Value": False})
    ec2.modify_instance_attribute(InstanceId=id, DisableApiStop={"Value": False})
    gone = ["i-00000000000000000", "i-00000000000000001"]
    assert refused(ec2.terminate_instances, InstanceIds=[id, *gone])[:2] == (
        "InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(gone)}' do not exist",
    )  # fmt: skip
    assert states(ec2, id) == "running"  # all of them or none
    assert refused(ec2.describe_instances, InstanceIds=["i-1"])[:2] == (
        "InvalidInstanceID.Malformed", 'Invalid id: "i-1" (expecting "i-...")',
    )  # fmt: skip
    assert refused(ec2.describe_instances, InstanceIds=[id], MaxResults=5)[0] == "InvalidParameterCombination"
    ec2.terminate_instances(InstanceIds=[id])


def test_volumes_and_interfaces_that_stay(own_cloud, ec2, image):
    mappings = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": False}},
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "VolumeType": "gp2", "DeleteOnTermination": True}},
        {"DeviceName": "/dev/sdg", "VirtualName": "ephemeral0"},
    ]
    (subnet,) = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"]
    interface = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    specs = [{"DeviceIndex": 0, "NetworkInterfaceId": interface}]
    (made,) = run(ec2, image, BlockDeviceMappings=mappings, NetworkInterfaces=specs)
    own_cloud.advance(2)
    found = only(ec2, made["InstanceId"])
    assert {device["DeviceName"] for device in found["BlockDeviceMappings"]} == {"/dev/xvda", "/dev/sdf"}
    assert "PublicIpAddress" not in found
    assert refused(run, ec2=ec2, image=image, NetworkInterfaces=specs)[:2] == (
        "InvalidNetworkInterface.InUse", f"Interface: [{interface}] in use.",
    )  # fmt: skip
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    own_cloud.advance(2)
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["State"]) == (20, "available")
    (kept,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (kept["NetworkInterfaceId"], kept["Status"]) == (interface, "available")


def test_a_volume_is_attached_and_detached(own_cloud, ec2, image):
    id = run(ec2, image, Placement={"AvailabilityZone": "us-east-1a"})[0]["InstanceId"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    elsewhere = ec2.create_volume(AvailabilityZone="us-east-1b", Size=1)["VolumeId"]
    own_cloud.advance(2)
    made = ec2.attach_volume(VolumeId=volume, InstanceId=id, Device="/dev/sdf")
    assert (made["State"], made["DeleteOnTermination"]) == ("attaching", False)
    assert refused(ec2.attach_volume, VolumeId=volume, InstanceId=id, Device="/dev/sdg")[0] == "VolumeInUse"
    assert refused(ec2.attach_volume, VolumeId=elsewhere, InstanceId=id, Device="/dev/sdg")[0] == (
        "InvalidVolume.ZoneMismatch"
    )
    assert refused(ec2.delete_volume, VolumeId=volume)[:2] == (
        "VolumeInUse", f"Volume {volume} is currently attached to {id}",
    )  # fmt: skip
    by_instance = [{"Name": "attachment.instance-id", "Values": [id]}]
    assert len(ec2.describe_volumes(Filters=by_instance)["Volumes"]) == 2
    mapping = [{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}]
    ec2.modify_instance_attribute(InstanceId=id, BlockDeviceMappings=mapping)
    (found,) = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert found["Attachments"][0]["DeleteOnTermination"] is True
    assert ec2.detach_volume(VolumeId=volume)["State"] == "detaching"
    assert refused(ec2.detach_volume, VolumeId=volume)[0] == "IncorrectState"
    root = only(ec2, id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert refused(ec2.detach_volume, VolumeId=root)[0] == "OperationNotPermitted"


@pytest.mark.parametrize(("request_", "code", "text"), [
    ({"InstanceType": "t3.none"}, "InvalidParameterValue", "Invalid value 't3.none' for InstanceType."),
    ({"InstanceType": "t4g.nano"}, "InvalidParameterValue", "The architecture 'arm64' of the specified instance type"),
    ({"ImageId": "ami-00000000000000000"}, "InvalidAMIID.NotFound", "The image id '[ami-00000000000000000]' does not"),
    ({"KeyName": "none"}, "InvalidKeyPair.NotFound", "The key pair 'none' does not exist"),
    ({"UserData": "x" * 16385}, "InvalidParameterValue", "User data is limited to 16384 bytes"),
    ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue", "Minimum count"),
    ({"IamInstanceProfile": {"Name": "none"}}, "InvalidParameterValue", "Invalid IAM Instance Profile name"),
    ({"SubnetId": "subnet-00000000000000000"}, "InvalidSubnetID.NotFound", "does not exist"),
    ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound", "does not exist"),
    ({"NetworkInterfaces": [{"DeviceIndex": 0}], "SecurityGroupIds": ["sg-0"]}, "InvalidParameterCombination", "Net"),
    ({"NetworkInterfaces": [{"DeviceIndex": n} for n in range(3)]}, "AttachmentLimitExceeded", "Interface count 3"),
    ({"Placement": {"AvailabilityZone": "us-east-1z"}}, "InvalidParameterValue", "Invalid availability zone"),
    ({"Placement": {"GroupName": "none"}}, "InvalidPlacementGroup.Unknown", "The Placement Group 'none' is unknown."),
    ({"MinCount": 3, "MaxCount": 3}, "VcpuLimitExceeded", "more vCPU capacity than your current vCPU limit of 5"),
    ({"InstanceType": "p4d.24xlarge"}, "VcpuLimitExceeded", "vCPU limit of 0"),
    ({"TagSpecifications": [{"ResourceType": "vpc"}]}, "InvalidParameterValue", "'vpc' is not a valid taggable"),
    ({"CreditSpecification": {"CpuCredits": "some"}}, "InvalidParameterValue", "CpuCredits"),
    ({"DryRun": True}, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
])  # fmt: skip
def test_what_is_refused(ec2, image, request_, code, text):
    request = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, **request_}
    found = refused(ec2.run_instances, **request)
    assert found[0] == code, found
    assert text in found[1]


def test_the_quota_limits_the_count(own_cloud, ec2, image):
    launch = {"ImageId": image, "InstanceType": "t3.nano"}
    assert len(ec2.run_instances(**launch, MinCount=1, MaxCount=10)["Instances"]) == 2  # 5 processors, 2 for each
    assert refused(ec2.run_instances, **launch, MinCount=1, MaxCount=1)[0] == "VcpuLimitExceeded"


def test_client_tokens(ec2, image):
    request = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1, "ClientToken": "once"}
    first, second = ec2.run_instances(**request), ec2.run_instances(**request)
    assert first["Instances"][0]["InstanceId"] == second["Instances"][0]["InstanceId"]
    assert first["ReservationId"] == second["ReservationId"]
    assert refused(ec2.run_instances, **{**request, "InstanceType": "t3.micro"})[0] == "IdempotentParameterMismatch"


def test_tags_by_type(ec2, image):
    specs = [
        {"ResourceType": word, "Tags": [{"Key": "is", "Value": word}]}
        for word in ("instance", "volume", "network-interface")
    ]
    (made,) = run(ec2, image, TagSpecifications=specs)
    assert made["Tags"] == [{"Key": "is", "Value": "instance"}]
    assert ec2.describe_volumes()["Volumes"][0]["Tags"] == [{"Key": "is", "Value": "volume"}]
    assert ec2.describe_network_interfaces()["NetworkInterfaces"][0]["TagSet"] == [
        {"Key": "is", "Value": "network-interface"}
    ]
    ec2.create_tags(Resources=[made["InstanceId"]], Tags=[{"Key": "b", "Value": "c"}])
    found = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["instance"]}])["Tags"]
    assert [(tag["Key"], tag["ResourceId"]) for tag in found] == [("b", made["InstanceId"]), ("is", made["InstanceId"])]


def test_filters(own_cloud, ec2, image):
    one = run(
        ec2, image, TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}]}]
    )[0]
    two = run(ec2, image)[0]
    own_cloud.advance(2)
    ec2.stop_instances(InstanceIds=[two["InstanceId"]])
    own_cloud.advance(2)
    shown = only(ec2, one["InstanceId"])

    def found(**filters):
        given = [
            {"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]} for name, value in filters.items()
        ]
        answer = ec2.describe_instances(Filters=given)["Reservations"]
        return {each["InstanceId"] for reservation in answer for each in reservation["Instances"]}

    both = {one["InstanceId"], two["InstanceId"]}
    assert found(instance_state_name="running") == {one["InstanceId"]}
    assert found(instance_state_code="80") == {two["InstanceId"]}
    assert found(instance_type="t3.*") == both
    assert found(vpc_id=shown["VpcId"], image_id=image) == both
    assert found(private_ip_address=shown["PrivateIpAddress"]) == {one["InstanceId"]}
    assert found(ip_address=shown["PublicIpAddress"]) == {one["InstanceId"]}
    assert found(dns_name=shown["PublicDnsName"]) == {one["InstanceId"]}
    assert found(network_interface__addresses__private_ip_address=shown["PrivateIpAddress"]) == {one["InstanceId"]}
    assert found(instance__group_name="default") == both
    assert found(block_device_mapping__device_name="/dev/xvda", root_device_type="ebs") == both
    by_tag = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["web-*"]}])["Reservations"]
    assert by_tag[0]["Instances"][0]["InstanceId"] == one["InstanceId"]
    assert refused(ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])[:2] == (
        "InvalidParameterValue", "The filter 'colour' is invalid",
    )  # fmt: skip
    assert found(launch_index="0", tenancy="default", hypervisor="xen", monitoring_state="disabled") == both


def test_pages(own_cloud, ec2, image):
    for _ in range(7):
        id = run(ec2, image)[0]["InstanceId"]
        ec2.terminate_instances(InstanceIds=[id])
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    found = [
        each["InstanceId"]
        for page in pages
        for reservation in page["Reservations"]
        for each in reservation["Instances"]
    ]
    assert (len(pages), len(found), len(set(found))) == (2, 7, 7)
    assert refused(ec2.describe_instances, NextToken="x")[0] == "InvalidParameterValue"


def test_several_interfaces_and_a_placement_group(own_cloud, ec2, image):
    (subnet,) = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"]
    group = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    ec2.create_placement_group(GroupName="pg", Strategy="spread")
    free = subnet["AvailableIpAddressCount"]
    specs = [
        {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Groups": [group], "SecondaryPrivateIpAddressCount": 1},
        {"DeviceIndex": 1, "SubnetId": subnet["SubnetId"], "Description": "second"},
    ]
    made = run(ec2, image, NetworkInterfaces=specs, Placement={"GroupName": "pg"})[0]
    first, second = made["NetworkInterfaces"]
    assert [each["Attachment"]["DeviceIndex"] for each in (first, second)] == [0, 1]
    assert [each["Primary"] for each in first["PrivateIpAddresses"]] == [True, False]
    assert made["SecurityGroups"] == [{"GroupId": group, "GroupName": "web"}]
    assert (made["Placement"]["GroupName"], second["Description"]) == ("pg", "second")
    assert "PublicIpAddress" not in made  # "… if you're launching with multiple network interfaces"
    (subnet,) = ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"]
    assert subnet["AvailableIpAddressCount"] == free - 3
    assert refused(ec2.delete_placement_group, GroupName="pg")[0] == "InvalidPlacementGroup.InUse"
    assert refused(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    assert refused(ec2.modify_instance_attribute, InstanceId=made["InstanceId"], SourceDestCheck={"Value": False})[
        0
    ] == ("InvalidInstanceID")


def test_an_elastic_address_stays(own_cloud, ec2, image):
    id = run(ec2, image)[0]["InstanceId"]
    own_cloud.advance(2)
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=id)
    assert only(ec2, id)["PublicIpAddress"] == address["PublicIp"]
    ec2.stop_instances(InstanceIds=[id])
    own_cloud.advance(2)
    assert only(ec2, id)["PublicIpAddress"] == address["PublicIp"]
    ec2.terminate_instances(InstanceIds=[id])
    own_cloud.advance(2)
    (found,) = ec2.describe_addresses()["Addresses"]
    assert "AssociationId" not in found


def test_monitoring(ec2, image):
    id = run(ec2, image)[0]["InstanceId"]
    (answer,) = ec2.monitor_instances(InstanceIds=[id])["InstanceMonitorings"]
    assert answer == {"InstanceId": id, "Monitoring": {"State": "pending"}}
    assert only(ec2, id)["Monitoring"]["State"] == "enabled"
    (answer,) = ec2.unmonitor_instances(InstanceIds=[id])["InstanceMonitorings"]
    assert answer["Monitoring"]["State"] == "disabling"
    assert only(ec2, id)["Monitoring"]["State"] == "disabled"


def test_an_image_by_parameter_and_of_an_instance(own_cloud, ec2, image):
    name = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"
    (made,) = run(ec2, name)
    assert made["ImageId"] == image
    own_cloud.advance(2)
    own = ec2.create_image(InstanceId=made["InstanceId"], Name="own", Description="mine")["ImageId"]
    (found,) = ec2.describe_images(ImageIds=[own])["Images"]
    assert (found["State"], found["SourceInstanceId"]) == ("pending", made["InstanceId"])
    assert refused(run, ec2=ec2, image=own)[0] == "InvalidAMIID.Unavailable"
    own_cloud.advance(2)
    again = run(ec2, own)[0]
    assert again["ImageId"] == own
    snapshot = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    (disk,) = again["BlockDeviceMappings"]
    assert ec2.describe_volumes(VolumeIds=[disk["Ebs"]["VolumeId"]])["Volumes"][0]["SnapshotId"] == snapshot
    of_instance = {"InstanceId": made["InstanceId"]}
    made = ec2.create_snapshots(InstanceSpecification=of_instance, Description="all")["Snapshots"]
    assert [each["State"] for each in made] == ["pending"]


def test_a_restart_keeps_instances(restarted):
    ec2 = restarted.account("111122223333").client("ec2")
    (found,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-kernel-6.1-x86_64"]}])[
        "Images"
    ]
    id = run(ec2, found["ImageId"])[0]["InstanceId"]
    restarted.restart()
    ec2 = restarted.account("111122223333").client("ec2")
    ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig={"Delay": 1})
