"""What instances are made of, and what is only recorded: key pairs, launch templates, volumes, fleets, hosts.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fogbank.core.cfn import Name, Resource
from fogbank.core.cfn_calls import create_once, given, unless
from fogbank.core.cfn_tables import table, tags_of
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.tags import to_list
from fogbank.store.api import Reader

from .cfn_things import ById, Create, Delete, Linked, Properties, changed, same
from .compute import template_data, templates
from .compute.find import (
    CAPACITY_RESERVATION,
    CONNECT_ENDPOINT,
    HOST,
    KEY_NAME,
    PLACEMENT_GROUP,
    PLACEMENT_NAME,
    SPOT_FLEET,
    TEMPLATE,
    TEMPLATE_NAME,
    VOLUME,
)
from .compute.records import KeyPair, LaunchTemplate
from .compute.shapes import stamp

POLL = 0.5  # seconds of the cloud's clock

# -- key pairs ---------------------------------------------------------------------------------------------------------


def _parameter(key: str) -> str:
    """Where the private key of a new pair is: "AWS Systems Manager Parameter Store … /ec2/keypair/{key_pair_id}"."""
    return f"/ec2/keypair/{key}"


class KeyPairHandler:
    """A key pair that is imported or made. The private key of a new one goes to Parameter Store."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        title = properties["KeyName"]
        found = await ctx.fetch(KEY_NAME.seen, ctx, title) if name.began else None
        if found is not None and name.made(found.created, title):
            if properties.get("PublicKeyMaterial") or await self._kept(ctx, found):
                return await self.update(ctx, title, {}, properties)
            await self.delete(ctx, title, properties)  # its private key is lost
        request: Properties = {"KeyName": title}
        if tags := to_list(tags_of(properties)):
            request["TagSpecifications"] = [{"ResourceType": "key-pair", "Tags": tags}]
        if properties.get("PublicKeyMaterial"):
            material = str(properties["PublicKeyMaterial"]).encode()
            made = await ctx.call("ec2", "ImportKeyPair", {**request, "PublicKeyMaterial": material})
        else:
            request |= given(properties, "KeyType", "KeyFormat")
            made = await ctx.call("ec2", "CreateKeyPair", request)
            parameter = {"Name": _parameter(made["KeyPairId"]), "Value": made["KeyMaterial"], "Type": "SecureString"}
            await ctx.call("ssm", "PutParameter", {**parameter, "Overwrite": True})
        return Resource(title, {"KeyPairId": made["KeyPairId"], "KeyFingerprint": made["KeyFingerprint"]})

    async def _kept(self, ctx: Context, found: KeyPair) -> bool:
        """Whether the private key is in Parameter Store."""
        call = ctx.call("ssm", "GetParameter", {"Name": _parameter(found.id)})
        return await unless(call, "ParameterNotFound") is not None

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        found: KeyPair = await ctx.fetch(KEY_NAME.known, ctx, physical_id)
        return Resource(physical_id, {"KeyPairId": found.id, "KeyFingerprint": found.fingerprint})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        found = await ctx.fetch(KEY_NAME.seen, ctx, physical_id)
        if found is not None and not properties.get("PublicKeyMaterial"):
            call = ctx.call("ssm", "DeleteParameter", {"Name": _parameter(found.id)})
            await unless(call, "ParameterNotFound")
        await ctx.call("ec2", "DeleteKeyPair", {"KeyName": physical_id})


KEY_PAIR_TYPE = table("AWS::EC2::KeyPair", KeyPairHandler())

# -- launch templates --------------------------------------------------------------------------------------------------


class LaunchTemplateHandler:
    """Each update is a new version; the default version stays the first one."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        title = properties.get("LaunchTemplateName") or name.physical(limit=128)
        request = {"LaunchTemplateName": title, "LaunchTemplateData": _data(properties),
                   **given(properties, "TagSpecifications", "VersionDescription")}  # fmt: skip

        async def make() -> str:
            made = await ctx.call("ec2", "CreateLaunchTemplate", request)
            return str(made["LaunchTemplate"]["LaunchTemplateId"])

        async def find() -> str | None:
            found = await ctx.fetch(TEMPLATE_NAME.seen, ctx, title)
            return found.id if found is not None and name.made(found.created, found.id) else None

        return await self._resource(ctx, await create_once(name, make, find))

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        data = _data(new)
        request = {"LaunchTemplateId": physical_id, "LaunchTemplateData": data, **given(new, "VersionDescription")}
        if await ctx.fetch(self._latest, ctx, physical_id) != template_data.check(data):
            await ctx.call("ec2", "CreateLaunchTemplateVersion", request)
        return await self._resource(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("ec2", "DeleteLaunchTemplate", {"LaunchTemplateId": physical_id})
        await unless(call, TEMPLATE.absent("").code)

    def _latest(self, tx: Reader, ctx: Context, id: str) -> Properties:
        """The data of the latest version, which an update that is repeated has made already."""
        return templates.version(tx, TEMPLATE.known(tx, ctx, id), templates.LATEST).data

    async def _resource(self, ctx: Context, id: str) -> Resource:
        found: LaunchTemplate = await ctx.fetch(TEMPLATE.known, ctx, id)
        numbers = {"DefaultVersionNumber": str(found.default), "LatestVersionNumber": str(found.latest)}
        return Resource(id, {"LaunchTemplateId": id, **numbers})


def _data(properties: Properties) -> Properties:
    """The data of a version: a time in it is written as text in templates."""
    data = dict(properties["LaunchTemplateData"])
    options = (data.get("InstanceMarketOptions") or {}).get("SpotOptions") or {}
    if options.get("ValidUntil"):
        market = data["InstanceMarketOptions"]
        data["InstanceMarketOptions"] = {
            **market,
            "SpotOptions": {**options, "ValidUntil": _time(options["ValidUntil"])},
        }
    return data


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


LAUNCH_TEMPLATE_TYPE = table("AWS::EC2::LaunchTemplate", LaunchTemplateHandler())

# -- volumes -----------------------------------------------------------------------------------------------------------

CHANGEABLE = ("Size", "VolumeType", "Iops", "Throughput", "MultiAttachEnabled")


async def _volume(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    while (await ctx.fetch(VOLUME.known, ctx, id)).state == "creating":
        await ctx.clock.sleep(POLL)
    changes = {name: new[name] for name in CHANGEABLE if changed(old, new, name) and new.get(name) is not None}
    if old and changes:
        await ctx.call("ec2", "ModifyVolume", {"VolumeId": id, **changes})
    if changed(old, new, "AutoEnableIO") and new.get("AutoEnableIO") is not None:
        request = {"VolumeId": id, "AutoEnableIO": {"Value": new["AutoEnableIO"]}}
        await ctx.call("ec2", "ModifyVolumeAttribute", request)


# "Updates are not supported" for the others
VOLUME_TYPE = table(
    "AWS::EC2::Volume",
    ById(
        VOLUME,
        Create("CreateVolume", ("VolumeId",), (
            "AvailabilityZone", "AvailabilityZoneId", "Encrypted", "Iops", "KmsKeyId", "MultiAttachEnabled", "Size",
            "SnapshotId", "Throughput", "VolumeInitializationRate", "VolumeType",
        )),
        Delete("DeleteVolume", "VolumeId"),
        attributes=lambda tx, found: {"VolumeId": found.id},
        furnish=_volume,
    ),
    fixed={"AvailabilityZone": None, "Encrypted": None, "KmsKeyId": None, "SnapshotId": None},
    unbuilt=("OutpostArn", "SourceVolumeId"),
)  # fmt: skip


async def _attach(ctx: Context, name: Name, properties: Properties) -> Resource:
    request = given(properties, "VolumeId", "InstanceId", "EbsCardIndex") | {
        "Device": properties.get("Device") or "/dev/sdf"
    }
    try:
        await ctx.call("ec2", "AttachVolume", request)
    except ServiceError as error:
        volume = await ctx.fetch(VOLUME.known, ctx, request["VolumeId"])
        there = any(each.instance == request["InstanceId"] for each in volume.attachments)
        if error.code != "VolumeInUse" or not name.began or not there:
            raise
    return Resource(f"{request['VolumeId']}|{request['InstanceId']}")


async def _detach(ctx: Context, physical_id: str, properties: Properties) -> None:
    volume, _, instance = physical_id.partition("|")
    call = ctx.call("ec2", "DetachVolume", {"VolumeId": volume, "InstanceId": instance})
    await unless(
        call, "IncorrectState", "InvalidVolume.NotFound", "InvalidInstanceID.NotFound", "InvalidAttachment.NotFound"
    )


VOLUME_ATTACHMENT = table("AWS::EC2::VolumeAttachment", Linked(_attach, _detach, same()))

# -- placement groups --------------------------------------------------------------------------------------------------

PLACEMENT_GROUP_TYPE = table(
    "AWS::EC2::PlacementGroup",
    ById(
        PLACEMENT_GROUP,
        Create("CreatePlacementGroup", ("PlacementGroup", "GroupId"), ("PartitionCount", "SpreadLevel", "Strategy"),
               lambda name, properties: {"GroupName": name.physical(limit=255)}),
        Delete("DeletePlacementGroup", "GroupName"),
        attributes=lambda tx, found: {"GroupName": found.name, "GroupId": found.id},
        ref=lambda found: str(found.name),
        of_ref=PLACEMENT_NAME.known,
    ),
    unbuilt=("ParentGroupId",),
)  # fmt: skip

# -- what is recorded --------------------------------------------------------------------------------------------------


def _end(properties: Properties) -> Properties:
    return {"EndDate": _time(properties["EndDate"])} if properties.get("EndDate") else {}


async def _reserve(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    names = ("InstanceCount", "EndDateType", "InstanceMatchCriteria")
    changes = {name: new[name] for name in names if changed(old, new, name) and name in new}
    if old and (changes or changed(old, new, "EndDate")):
        kind = given(new, "EndDateType")
        request = {"CapacityReservationId": id, **kind, **changes, **_end(new)}
        await ctx.call("ec2", "ModifyCapacityReservation", request)


def _reserved(tx: Reader, found: Any) -> Properties:
    names = (
        "AvailabilityZone", "AvailableInstanceCount", "CapacityReservationArn", "InstanceType", "OwnerId", "State",
        "Tenancy", "TotalInstanceCount", "ReservationType",
    )  # fmt: skip
    unset = {
        "CapacityAllocationSet": [],
        "CommitmentInfo": {},
        "CapacityReservationFleetId": "",
        "DeliveryPreference": "",
    }
    dates = {name: stamp(found.shown[name]) for name in ("CreateDate", "StartDate")}
    return {"Id": found.id, **unset, **dates, **{name: found.shown[name] for name in names}}


CAPACITY_RESERVATION_TYPE = table(
    "AWS::EC2::CapacityReservation",
    ById(
        CAPACITY_RESERVATION,
        Create("CreateCapacityReservation", ("CapacityReservation", "CapacityReservationId"), (
            "AvailabilityZone", "AvailabilityZoneId", "EbsOptimized", "EndDateType", "EphemeralStorage",
            "InstanceCount", "InstanceMatchCriteria", "InstancePlatform", "InstanceType", "PlacementGroupArn",
            "TagSpecifications", "Tenancy",
        ), lambda name, properties: {**_end(properties), "ClientToken": name.token}),
        Delete("CancelCapacityReservation", "CapacityReservationId"),
        attributes=_reserved,
        furnish=_reserve,
        same=lambda found, properties: found.shown["State"] == "active",
    ),
    unbuilt=("OutPostArn", "UnusedReservationBillingOwnerId"),
)  # fmt: skip


async def _host(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    names = ("AutoPlacement", "HostMaintenance", "HostRecovery")
    changes = {name: new[name] for name in names if changed(old, new, name) and name in new}
    if old and changes:
        await ctx.call("ec2", "ModifyHosts", {"HostIds": [id], **changes})


HOST_TYPE = table(
    "AWS::EC2::Host",
    ById(
        HOST,
        Create("AllocateHosts", ("HostIds", 0), (
            "AutoPlacement", "AvailabilityZone", "HostMaintenance", "HostRecovery", "InstanceFamily", "InstanceType",
        ), lambda name, properties: {"Quantity": 1, "ClientToken": name.token}),
        Delete("ReleaseHosts", "HostIds", lambda id: {"HostIds": [id]}),
        attributes=lambda tx, found: {"HostId": found.id},
        furnish=_host,
        same=lambda found, properties: found.shown["State"] == "available",
    ),
    unbuilt=("AssetId", "OutpostArn"),
)  # fmt: skip


def _endpoint(tx: Reader, found: Any) -> Properties:
    names = (
        "AvailabilityZone", "AvailabilityZoneId", "InstanceConnectEndpointArn", "NetworkInterfaceIds", "OwnerId",
        "State", "StateMessage", "VpcId",
    )  # fmt: skip
    dns = {"Ipv4": {"DnsName": found.shown["DnsName"], "FipsDnsName": found.shown["FipsDnsName"]}}
    times = {"CreatedAt": stamp(found.shown["CreatedAt"])}
    return {"Id": found.id, "PublicDnsNames": dns, **times, **{name: found.shown[name] for name in names}}


CONNECT_ENDPOINT_TYPE = table(
    "AWS::EC2::InstanceConnectEndpoint",
    ById(
        CONNECT_ENDPOINT,
        Create("CreateInstanceConnectEndpoint", ("InstanceConnectEndpoint", "InstanceConnectEndpointId"),
               ("ClientToken", "PreserveClientIp", "SecurityGroupIds", "SubnetId")),
        Delete("DeleteInstanceConnectEndpoint", "InstanceConnectEndpointId"),
        attributes=_endpoint,
        same=lambda found, properties: found.shown["SubnetId"] == properties["SubnetId"],
    ),
)  # fmt: skip


def _spot_request(name: Name, properties: Properties) -> Properties:
    config = dict(properties["SpotFleetRequestConfigData"])
    for member in ("ValidFrom", "ValidUntil"):
        if config.get(member):
            config[member] = _time(config[member])
    tags = to_list(tags_of(properties))
    if tags and not config.get("TagSpecifications"):
        config["TagSpecifications"] = [{"ResourceType": "spot-fleet-request", "Tags": tags}]
    return {"SpotFleetRequestConfig": {"TargetCapacity": 0, **config}}


class SpotFleetHandler:
    """A spot fleet; its target can change, which launches and ends nothing."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        async def make() -> str:
            made = await ctx.call("ec2", "RequestSpotFleet", _spot_request(name, properties))
            return str(made["SpotFleetRequestId"])

        async def find() -> str | None:
            return await ctx.fetch(self._found, ctx, name)

        id = await create_once(name, make, find)
        return Resource(id, {"Id": id})

    def _found(self, tx: Reader, ctx: Context, name: Name) -> str | None:
        for found in tx.scan(SPOT_FLEET.table, (ctx.account, ctx.region)):
            if found.shown["SpotFleetRequestState"] == "active" and name.made(found.created, found.id):
                return str(found.id)
        return None

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        config = new["SpotFleetRequestConfigData"]
        request = given(config, "TargetCapacity", "OnDemandTargetCapacity", "ExcessCapacityTerminationPolicy")
        await ctx.call("ec2", "ModifySpotFleetRequest", {"SpotFleetRequestId": physical_id, **request})
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {"SpotFleetRequestIds": [physical_id], "TerminateInstances": True}
        await unless(ctx.call("ec2", "CancelSpotFleetRequests", request), SPOT_FLEET.absent("").code)


SPOT_FLEET_TYPE = table("AWS::EC2::SpotFleet", SpotFleetHandler())
