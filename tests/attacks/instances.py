"""The victim's instances, and what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import World

ZONE = {"AvailabilityZone": "us-east-1a"}


def make(world: World, region: str, victim: str, secret: str) -> None:
    """One of each; descriptions are authorised on everything, so what they tell is no secret."""

    def own(name: str, /, **request: Any) -> dict[str, Any]:
        return world.own("ec2", name, **request)

    images = own("DescribeImages", Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023*x86_64"]}])
    public = images["Images"][0]["ImageId"]
    (instance,) = own("RunInstances", ImageId=public, MinCount=1, MaxCount=1, InstanceType="t3.nano")["Instances"]
    volume = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    snapshot = own("CreateSnapshot", VolumeId=volume, Description=secret)["SnapshotId"]
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot}}
    image = own("RegisterImage", Name="Image", RootDeviceName="/dev/sda1", BlockDeviceMappings=[disk])["ImageId"]
    key = own("CreateKeyPair", KeyName="Key", KeyType="ed25519")["KeyPairId"]
    template = own("CreateLaunchTemplate", LaunchTemplateName="Template", LaunchTemplateData={"UserData": "c2VjcmV0"})
    group = own("CreatePlacementGroup", GroupName="Placement")["PlacementGroup"]["GroupId"]
    reserved = own("CreateCapacityReservation", InstanceType="t3.nano", InstancePlatform="Linux/UNIX", InstanceCount=1,
                   **ZONE)["CapacityReservation"]["CapacityReservationId"]  # fmt: skip
    bid = own("RequestSpotInstances", LaunchSpecification={"ImageId": public, "InstanceType": "t3.nano"})
    host = own("AllocateHosts", InstanceType="m5.large", **ZONE)["HostIds"][0]
    endpoint = own("CreateInstanceConnectEndpoint", SubnetId=instance["SubnetId"])["InstanceConnectEndpoint"]
    for word, members, id in (
        ("instance", ("InstanceId", "InstanceIds", "Instances"), instance["InstanceId"]),
        ("volume", ("VolumeId", "VolumeIds", "SourceVolumeId"), volume),
        ("key-pair", ("KeyPairId",), key),
        ("launch-template", ("LaunchTemplateId",), template["LaunchTemplate"]["LaunchTemplateId"]),
        ("placement-group", ("GroupId",), group),
        ("capacity-reservation", ("CapacityReservationId",), reserved),
        (
            "spot-instances-request",
            ("SpotInstanceRequestIds",),
            bid["SpotInstanceRequests"][0]["SpotInstanceRequestId"],
        ),
        ("dedicated-host", ("HostIds",), host),
        ("instance-connect-endpoint", ("InstanceConnectEndpointId",), endpoint["InstanceConnectEndpointId"]),
    ):
        arn = f"arn:aws:ec2:{region}:{victim}:{word}/{id}"
        world.thing("ec2", arn, **{member: id for member in (*members, "Resources")})
    for word, member, id in (("snapshot", "SnapshotId", snapshot), ("image", "ImageId", image)):
        world.thing("ec2", f"arn:aws:ec2:{region}::{word}/{id}", **{member: id, "Resources": id})
    for word, member, name in (("key-pair", "KeyName", "Key"), ("placement-group", "GroupName", "Placement")):
        world.thing("ec2", f"arn:aws:ec2:{region}:{victim}:{word}/{name}", **{member: name})
    world.texts["ec2", "LaunchTemplateName"] = ["Template"]
    world.texts["ec2", "SourceSnapshotIds"] = [snapshot]
    _fleets(world, template["LaunchTemplate"]["LaunchTemplateId"], region, victim)


def _fleets(world: World, template: str, region: str, victim: str) -> None:
    """Fleets without instances."""
    config = {"LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"}}
    fleet = world.own("ec2", "CreateFleet", LaunchTemplateConfigs=[config],
                      TargetCapacitySpecification={"TotalTargetCapacity": 0})["FleetId"]  # fmt: skip
    request = {"IamFleetRole": world.role, "TargetCapacity": 0, "LaunchTemplateConfigs": [config]}
    spot = world.own("ec2", "RequestSpotFleet", SpotFleetRequestConfig=request)["SpotFleetRequestId"]
    for word, members, id in (
        ("fleet", ("FleetId", "FleetIds"), fleet),
        ("spot-fleet-request", ("SpotFleetRequestId", "SpotFleetRequestIds"), spot),
    ):
        world.thing("ec2", f"arn:aws:ec2:{region}:{victim}:{word}/{id}", **dict.fromkeys(members, id))
