"""AWS::EC2::Instance.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, ResourceType
from fogbank.core.cfn_calls import given, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.core.tags import to_list
from fogbank.store.api import Reader

from .cfn_things import ById, Create, Delete, Properties, changed
from .compute.find import INSTANCE
from .compute.instance_shapes import Around, Seen
from .compute.records import Instance

POLL = 0.5  # seconds of the cloud's clock
SAME = (
    "AdditionalInfo", "CpuOptions", "DisableApiTermination", "EbsOptimized", "EnclaveOptions", "HibernationOptions",
    "ImageId", "InstanceInitiatedShutdownBehavior", "InstanceType", "Ipv6AddressCount", "Ipv6Addresses", "KernelId",
    "KeyName", "LaunchTemplate", "LicenseSpecifications", "MetadataOptions", "PrivateDnsNameOptions",
    "PrivateIpAddress", "RamdiskId", "SecurityGroupIds", "SecurityGroups", "SubnetId", "UserData",
)  # fmt: skip
PLACEMENT = {
    "AvailabilityZone": "AvailabilityZone", "Tenancy": "Tenancy", "HostId": "HostId", "Affinity": "Affinity",
    "PlacementGroupName": "GroupName", "HostResourceGroupArn": "HostResourceGroupArn",
}  # fmt: skip
# "Update requires: Replacement"; of block devices all but DeleteOnTermination does
REPLACING = (
    "AdditionalInfo", "AvailabilityZone", "BlockDeviceMappings", "CpuOptions", "EnclaveOptions", "HibernationOptions",
    "HostResourceGroupArn", "ImageId", "Ipv6AddressCount", "Ipv6Addresses", "KernelId", "KeyName", "LaunchTemplate",
    "LicenseSpecifications", "NetworkInterfaces", "PlacementGroupName", "PrivateIpAddress", "RamdiskId",
    "SecurityGroups", "SubnetId",
)  # fmt: skip


def _interface(spec: Properties) -> Properties:
    """An interface as RunInstances takes it."""
    found = {name: value for name, value in spec.items() if name not in ("GroupSet", "DeviceIndex")}
    index = {"DeviceIndex": int(spec["DeviceIndex"])} if spec.get("DeviceIndex") is not None else {}
    return {**found, **index, **({"Groups": spec["GroupSet"]} if spec.get("GroupSet") else {})}


def _device(mapping: Properties) -> Properties:
    return {**mapping, "NoDevice": ""} if mapping.get("NoDevice") is not None else mapping


def _request(name: Name, properties: Properties) -> Properties:
    """The request of RunInstances, but for the instance's own tags."""
    request = {"MinCount": 1, "MaxCount": 1, "ClientToken": name.token, **given(properties, *SAME)}
    placement = {theirs: properties[own] for own, theirs in PLACEMENT.items() if properties.get(own)}
    if placement:
        request["Placement"] = placement
    if properties.get("BlockDeviceMappings"):
        request["BlockDeviceMappings"] = [_device(each) for each in properties["BlockDeviceMappings"]]
    if properties.get("NetworkInterfaces"):
        request["NetworkInterfaces"] = [_interface(each) for each in properties["NetworkInterfaces"]]
    if properties.get("IamInstanceProfile"):
        request["IamInstanceProfile"] = {"Name": properties["IamInstanceProfile"]}
    if properties.get("Monitoring") is not None:
        request["Monitoring"] = {"Enabled": properties["Monitoring"]}
    if (properties.get("CreditSpecification") or {}).get("CPUCredits"):
        request["CreditSpecification"] = {"CpuCredits": properties["CreditSpecification"]["CPUCredits"]}
    return request


async def _wait(ctx: Context, id: str, *states: str) -> str:
    """Wait until an instance is in one of some states."""
    while True:
        found: Instance | None = await ctx.fetch(lambda tx: tx.get(INSTANCE.table, (ctx.account, ctx.region, id)))
        state = found.state if found else "terminated"
        if state in states:
            return state
        await ctx.clock.sleep(POLL)


async def _furnish(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """What an update can change, and what a launch cannot."""
    if await _wait(ctx, id, "running", "stopped", "terminated") == "terminated":
        raise ResourceFailed(f"The instance {id} is terminated.")
    if not old:
        await _volumes(ctx, id, [], new.get("Volumes") or [])
        if new.get("SourceDestCheck") is False:
            await _modify(ctx, id, SourceDestCheck={"Value": False})
        if new.get("PropagateTagsToVolumeOnCreation") and (tags := to_list(tags_of(new))):
            found = await ctx.fetch(INSTANCE.known, ctx, id)
            await ctx.call("ec2", "CreateTags", {"Resources": [each.volume for each in found.devices], "Tags": tags})
        return
    await _running(ctx, id, old, new)
    await _stopped(ctx, id, old, new)
    await _volumes(ctx, id, old.get("Volumes") or [], new.get("Volumes") or [])


async def _modify(ctx: Context, id: str, **members: Any) -> None:
    await ctx.call("ec2", "ModifyInstanceAttribute", {"InstanceId": id, **members})


async def _running(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """Changes for which an instance goes on running."""
    for name, default in (
        ("DisableApiTermination", False), ("SourceDestCheck", True), ("InstanceInitiatedShutdownBehavior", "stop"),
    ):  # fmt: skip
        if changed(old, new, name):
            value = default if new.get(name) is None else new[name]
            await _modify(ctx, id, **{name: {"Value": value}})
    if changed(old, new, "SecurityGroupIds") and new.get("SecurityGroupIds"):
        await _modify(ctx, id, Groups=new["SecurityGroupIds"])
    if changed(old, new, "Monitoring"):
        await ctx.call("ec2", f"{'M' if new.get('Monitoring') else 'Unm'}onitorInstances", {"InstanceIds": [id]})
    if changed(old, new, "MetadataOptions") and new.get("MetadataOptions"):
        await ctx.call("ec2", "ModifyInstanceMetadataOptions", {"InstanceId": id, **new["MetadataOptions"]})
    if changed(old, new, "CreditSpecification"):
        credits = (new.get("CreditSpecification") or {}).get("CPUCredits") or "standard"
        wanted = [{"InstanceId": id, "CpuCredits": credits}]
        await ctx.call("ec2", "ModifyInstanceCreditSpecification", {"InstanceCreditSpecifications": wanted})
    if changed(old, new, "IamInstanceProfile"):
        await _profile(ctx, id, new.get("IamInstanceProfile") or "")


async def _profile(ctx: Context, id: str, name: str) -> None:
    found = await ctx.fetch(INSTANCE.known, ctx, id)
    if not name and found.profile:
        await ctx.call("ec2", "DisassociateIamInstanceProfile", {"AssociationId": found.profile.id})
    elif found.profile:
        request = {"AssociationId": found.profile.id, "IamInstanceProfile": {"Name": name}}
        await ctx.call("ec2", "ReplaceIamInstanceProfileAssociation", request)
    elif name:
        request = {"InstanceId": id, "IamInstanceProfile": {"Name": name}}
        await ctx.call("ec2", "AssociateIamInstanceProfile", request)


async def _stopped(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """Changes for which an instance is stopped and started again."""
    values = {name: new[name] for name in ("InstanceType", "EbsOptimized") if changed(old, new, name) and name in new}
    placement = {
        theirs: new[own]
        for own, theirs in PLACEMENT.items()
        if own in ("Tenancy", "HostId", "Affinity") and changed(old, new, own) and new.get(own)
    }
    user_data, dns = changed(old, new, "UserData"), changed(old, new, "PrivateDnsNameOptions")
    if not values and not placement and not user_data and not dns:
        return
    await ctx.call("ec2", "StopInstances", {"InstanceIds": [id]})
    await _wait(ctx, id, "stopped")
    for name, value in values.items():
        await _modify(ctx, id, **{name: {"Value": value}})
    if user_data:
        await _modify(ctx, id, Attribute="userData", Value=new.get("UserData") or "")
    if placement:
        await ctx.call("ec2", "ModifyInstancePlacement", {"InstanceId": id, **placement})
    if dns and new.get("PrivateDnsNameOptions"):
        options = dict(new["PrivateDnsNameOptions"])
        hostname = {"PrivateDnsHostnameType": options.pop("HostnameType")} if options.get("HostnameType") else {}
        await ctx.call("ec2", "ModifyPrivateDnsNameOptions", {"InstanceId": id, **options, **hostname})
    await ctx.call("ec2", "StartInstances", {"InstanceIds": [id]})
    await _wait(ctx, id, "running")


async def _volumes(ctx: Context, id: str, old: list[Properties], new: list[Properties]) -> None:
    """Detach the volumes that are no longer in the list, and attach those that are not attached yet."""
    for each in old:
        if each not in new:
            call = ctx.call("ec2", "DetachVolume", {"VolumeId": each["VolumeId"], "InstanceId": id})
            await unless(call, "IncorrectState", "InvalidVolume.NotFound", "InvalidAttachment.NotFound")
    has = {each.volume for each in (await ctx.fetch(INSTANCE.known, ctx, id)).devices}
    for each in new:
        if each["VolumeId"] not in has:
            await ctx.call("ec2", "AttachVolume", {**each, "InstanceId": id})


def _attributes(tx: Reader, found: Instance, ctx: Context) -> Properties:
    seen = Seen(Around(tx, ctx), found)
    address = seen.address
    return {
        "InstanceId": found.id,
        "AvailabilityZone": found.zone,
        "PrivateDnsName": seen.private_name,
        "PrivateIp": address.address if address else "",
        "PublicDnsName": seen.public_name,
        "PublicIp": address.public if address else "",
        "VpcId": found.vpc,
        "State": {"Code": "16", "Name": found.state},
    }


class InstanceHandler(ById):
    """An instance is there when it runs, and gone when it is terminated: what it had is free then."""

    def _resource(self, tx: Reader, ctx: Context, id: str, look: Any) -> Resource:
        found = look(tx, ctx, id)
        return Resource(found.id, _attributes(tx, found, ctx))

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await super().delete(ctx, physical_id, properties)
        await _wait(ctx, physical_id, "terminated")


INSTANCE_TYPE = ResourceType(
    "AWS::EC2::Instance",
    InstanceHandler(
        INSTANCE,
        Create("RunInstances", ("Instances", 0, "InstanceId"), request=_request),
        Delete("TerminateInstances", "InstanceIds", lambda id: {"InstanceIds": [id]}),
        attributes=lambda tx, found: {},
        furnish=_furnish,
        same=lambda found, properties: found.state not in ("shutting-down", "terminated"),
    ),
    immutable=REPLACING,
    unbuilt=("ElasticGpuSpecifications", "ElasticInferenceAccelerators", "SsmAssociations"),
)
