"""Machine images.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.support import refused


@pytest.fixture
def aws(own_cloud):
    return own_cloud.account()


@pytest.fixture
def ec2(aws):
    return aws.client("ec2")


@pytest.fixture
def snapshot(own_cloud, ec2):
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=4)["VolumeId"]
    own_cloud.advance(2)
    id = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    own_cloud.advance(2)
    return id


@pytest.fixture
def image(ec2, snapshot):
    return ec2.register_image(
        Name="mine", Architecture="x86_64", RootDeviceName="/dev/xvda", VirtualizationType="hvm", EnaSupport=True,
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]  # fmt: skip


def where(**values):
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


@pytest.mark.parametrize(("owner", "name", "architecture", "root"), [
    ("amazon", "al2023-ami-2023*-kernel-6.1-x86_64", "x86_64", "/dev/xvda"),
    ("amazon", "al2023-ami-minimal-2023*arm64", "arm64", "/dev/xvda"),
    ("amazon", "amzn2-ami-hvm-*-x86_64-gp2", "x86_64", "/dev/xvda"),
    ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-*", "x86_64", "/dev/sda1"),
    ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*", "x86_64", "/dev/sda1"),
    ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*", "arm64", "/dev/sda1"),
    ("136693071363", "debian-12-amd64-*", "x86_64", "/dev/xvda"),
    ("amazon", "Windows_Server-2022-English-Full-Base-*", "x86_64", "/dev/sda1"),
    ("591542846629", "al2023-ami-ecs-hvm-*-x86_64", "x86_64", "/dev/xvda"),
    ("602401143452", "amazon-eks-node-al2023-x86_64-standard-1.33-*", "x86_64", "/dev/xvda"),
])  # fmt: skip
def test_the_images_that_tools_look_up(ec2, owner, name, architecture, root):
    found = ec2.describe_images(Owners=[owner], Filters=where(name=name, state="available", virtualization_type="hvm"))
    assert found["Images"]
    for image in found["Images"]:
        assert (image["Architecture"], image["RootDeviceName"]) == (architecture, root)
        disk = image["BlockDeviceMappings"][0]["Ebs"]
        assert disk["SnapshotId"].startswith("snap-0")
        assert image["Public"] is True
        datetime.fromisoformat(image["CreationDate"])


def test_public_parameters_are_ids_of_images(aws, ec2):
    pages = aws.client("ssm").get_paginator("get_parameters_by_path")
    values = {
        parameter["Value"]
        for page in pages.paginate(Path="/aws/service", Recursive=True)
        for parameter in page["Parameters"]
        if parameter["Value"].startswith("ami-")
    }
    assert len(values) > 50
    shown = {image["ImageId"] for image in ec2.describe_images(Owners=["amazon"])["Images"]}
    assert values == shown
    (default,) = aws.client("ssm").get_parameters(
        Names=["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"]
    )["Parameters"]
    (image,) = ec2.describe_images(ImageIds=[default["Value"]])["Images"]
    assert "kernel-6.1" in image["Name"]
    assert ec2.describe_images(Owners=["self"])["Images"] == []


def test_register_and_deregister(ec2, snapshot, image):
    (found,) = ec2.describe_images(Owners=["self"])["Images"]
    assert (found["ImageId"], found["State"], found["Name"], found["Public"]) == (image, "available", "mine", False)
    assert found["BlockDeviceMappings"] == [
        {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": True, "SnapshotId": snapshot, "VolumeSize": 4,
                                            "VolumeType": "gp2", "Encrypted": False}}
    ]  # fmt: skip
    assert refused(ec2.delete_snapshot, SnapshotId=snapshot)[:2] == (
        "InvalidSnapshot.InUse", f"The snapshot {snapshot} is currently in use by {image}",
    )  # fmt: skip
    same = {"Name": "mine", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": found["BlockDeviceMappings"]}
    assert refused(ec2.register_image, **same)[:2] == (
        "InvalidAMIName.Duplicate", f"AMI name mine is already in use by AMI {image}",
    )  # fmt: skip
    assert refused(ec2.register_image, **{**same, "Name": "a"})[0] == "InvalidAMIName.Malformed"
    ec2.enable_image_deregistration_protection(ImageId=image)
    assert refused(ec2.deregister_image, ImageId=image)[0] == "OperationNotPermitted"
    ec2.disable_image_deregistration_protection(ImageId=image)
    ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    assert refused(ec2.describe_images, ImageIds=[image])[:2] == (
        "InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist",
    )  # fmt: skip
    assert refused(ec2.describe_snapshots, SnapshotIds=[snapshot])[0] == "InvalidSnapshot.NotFound"
    assert refused(ec2.describe_images, ImageIds=["ami-xyz"])[0] == "InvalidAMIID.Malformed"


def test_launch_permissions(own_cloud, ec2, image):
    stranger = own_cloud.account()
    other = stranger.client("ec2")
    assert refused(other.describe_images, ImageIds=[image])[0] == "InvalidAMIID.NotFound"
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": stranger.id}]})
    (found,) = other.describe_images(ExecutableUsers=["self"])["Images"]
    assert found["ImageId"] == image
    assert refused(other.deregister_image, ImageId=image)[0] == "InvalidAMIID.NotFound"
    permissions = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
    assert permissions == [{"UserId": stranger.id}]
    ec2.modify_image_attribute(
        ImageId=image, Attribute="launchPermission", OperationType="remove", UserIds=[stranger.id]
    )
    assert refused(other.describe_images, ImageIds=[image])[0] == "InvalidAMIID.NotFound"
    everybody = {"Add": [{"Group": "all"}]}
    assert refused(ec2.modify_image_attribute, ImageId=image, LaunchPermission=everybody)[0] == "OperationNotPermitted"
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"
    ec2.disable_image_block_public_access()
    ec2.modify_image_attribute(ImageId=image, LaunchPermission=everybody)
    assert other.describe_images(ImageIds=[image])["Images"][0]["Public"] is True
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    assert refused(other.describe_images, ImageIds=[image])[0] == "InvalidAMIID.NotFound"
    assert refused(ec2.modify_image_attribute, ImageId=image, LaunchPermission={"Add": [{"UserId": "x"}]})[0] == (
        "InvalidAMIAttributeItemValue"
    )


def test_deprecation_and_disabling(own_cloud, ec2, image):
    ec2.modify_image_attribute(ImageId=image, Description={"Value": "new"})
    ec2.disable_image_block_public_access()
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    other = own_cloud.account().client("ec2")
    soon = datetime.now(UTC) + timedelta(days=1)
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt=soon)
    mine = where(description="new")
    assert len(other.describe_images(Filters=mine)["Images"]) == 1
    own_cloud.advance(2 * 86400)
    assert other.describe_images(Filters=mine)["Images"] == []
    assert len(other.describe_images(Filters=mine, IncludeDeprecated=True)["Images"]) == 1
    assert len(ec2.describe_images(Filters=mine)["Images"]) == 1
    assert refused(ec2.enable_image_deprecation, ImageId=image, DeprecateAt=soon)[0] == "InvalidParameterValue"
    ec2.disable_image_deprecation(ImageId=image)
    assert "DeprecationTime" not in ec2.describe_images(ImageIds=[image])["Images"][0]
    ec2.disable_image(ImageId=image)
    assert ec2.describe_images(ImageIds=[image])["Images"][0]["State"] == "disabled"
    ec2.enable_image(ImageId=image)
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    again = {"ImageId": image, "LaunchPermission": {"Add": [{"Group": "all"}]}}
    assert refused(ec2.modify_image_attribute, **again)[0] == "OperationNotPermitted"


def test_copy(own_cloud, aws, ec2, image):
    west = aws.client("ec2", region_name="us-west-2")
    id = west.copy_image(Name="copy", SourceImageId=image, SourceRegion="us-east-1", Encrypted=True)["ImageId"]
    own_cloud.advance(2)
    (found,) = west.describe_images(ImageIds=[id])["Images"]
    assert (found["State"], found["SourceImageId"], found["SourceImageRegion"]) == ("available", image, "us-east-1")
    disk = found["BlockDeviceMappings"][0]["Ebs"]
    (snapshot,) = west.describe_snapshots(SnapshotIds=[disk["SnapshotId"]])["Snapshots"]
    assert (disk["Encrypted"], snapshot["Encrypted"]) == (True, True)


def test_policies_name_images_without_an_account(aws, ec2, image):
    allow = {"Effect": "Allow", "Action": "ec2:*", "Resource": f"arn:aws:ec2:us-east-1::image/{image}"}
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": allow})).client("ec2")
    user.deregister_image(ImageId=image)
