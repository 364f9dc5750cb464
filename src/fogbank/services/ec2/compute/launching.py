"""Launches instances: a request, with what its launch template adds, becomes instances with volumes and interfaces.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.network import ids, interfaces, vpcs
from fogbank.network.records import Interface, Subnet
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..find import GROUP, INTERFACE, SUBNET
from . import attachments, capacity, disks, instance_types, launch_options, lifecycle, placing, profiles
from .find import IMAGE, KEY_NAME, PLACEMENT_GROUP, PLACEMENT_NAME
from .records import IMAGES, VOLUMES, Device, Image, Instance, PlacementGroup, Volume

MOST_USER_DATA = 16384
WORDS = ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu")


class Plan(msgspec.Struct):
    """What all instances of a launch have in common."""

    req: dict[str, Any]
    image: Image
    type: instance_types.InstanceType
    specs: list[placing.Spec]
    subnet: Subnet | None  # of the first interface, if the launch makes it
    devices: list[Device]
    keys: dict[str, str]  # ARNs of KMS keys
    reservation: str
    tags: dict[str, dict[str, str]]  # by resource type

    @property
    def type_name(self) -> str:
        return str(self.type["InstanceType"])


def launch(
    tx: Transaction, ctx: Context, req: dict[str, Any], keys: dict[str, str], image: str, **members: Any
) -> list[Instance]:
    """Launch as many instances as the request wants and quotas allow. `members` are further ones of each Instance."""
    least, most = _counts(req)
    plan = _plan(tx, ctx, req, keys, image)
    group = _placement(tx, ctx, req)
    common = launch_options.members(tx, ctx, req, plan.image, plan.type)
    if group is not None:
        launch_options.check_group(group, plan.type, req)
        common["group"] = group.name
    count = capacity.room(tx, ctx, plan.type_name, most, spot=members.get("lifecycle") == "spot", least=least)
    made = [_instance(tx, ctx, plan, at, {**common, **members}) for at in range(count)]
    lifecycle.take(tx, ctx, made, "pending")
    if plan.image.account == ctx.account:
        plan.image.launched = ctx.now()
        tx.put(IMAGES, plan.image)
    return made


def _counts(req: dict[str, Any]) -> tuple[int, int]:
    least, most = req["MinCount"], req["MaxCount"]
    for name, value in (("minCount", least), ("maxCount", most)):
        if value < 1:
            raise InvalidParameterValue(f"Value ({value}) for parameter {name} is invalid. It must be at least 1.")
    if least > most:
        raise InvalidParameterValue(
            f"Value ({least}) for parameter minCount is invalid. Minimum count cannot exceed the maximum count."
        )
    return least, most


def _plan(tx: Transaction, ctx: Context, req: dict[str, Any], keys: dict[str, str], image: str) -> Plan:
    placing.check(req)
    found = IMAGE.find(tx, ctx, image) if req.get("ImageId") == image else IMAGE.look(tx, ctx, image)
    if found is None:
        raise IMAGE.absent(image)
    if found.state != "available":
        raise NetworkError("InvalidAMIID.Unavailable", f"The image ID '{found.id}' is not available")
    type = instance_types.require(req.get("InstanceType") or "m1.small")
    _check_fit(found, type)
    if req.get("KeyName"):
        KEY_NAME.require(tx, ctx, req["KeyName"])
    check_user_data(req)
    specs = placing.interfaces_of(tx, ctx, req)
    _check_interfaces(req, specs, type)
    subnet = SUBNET.require(tx, ctx, specs[0]["SubnetId"]) if specs[0].get("SubnetId") else None
    if subnet is not None:
        placing.check_zone(req, subnet)
    tags.created(req, *WORDS)
    given = {word: tags.given(req, word) for word in WORDS}
    for each in given.values():
        tags.check(each)
    given["instance"] |= req.get("TemplateTags") or {}
    return Plan(
        req=req, image=found, type=type, specs=specs, subnet=subnet, keys=keys, devices=_devices(req, found),
        reservation=ids.new(ctx, "r"), tags=given,
    )  # fmt: skip


def _check_fit(image: Image, type: instance_types.InstanceType) -> None:
    name, supported = type["InstanceType"], instance_types.architectures(type)
    if image.architecture not in supported:
        raise InvalidParameterValue(
            f"The architecture '{','.join(supported)}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the "
            "architecture of the instance type or AMI."
        )
    if image.virtualization not in type["SupportedVirtualizationTypes"]:
        raise InvalidParameterCombination(
            f"Virtualization type '{image.virtualization}' is required for instances of type '{name}'. Ensure that you "
            f"are using an AMI with virtualization type '{image.virtualization}'."
        )
    if type["NetworkInfo"]["EnaSupport"] == "required" and not image.ena:
        raise InvalidParameterCombination(
            f"Enhanced networking with the Elastic Network Adapter (ENA) is required for the '{name}' instance type. "
            "Ensure that you are using an AMI that is enabled for ENA."
        )


def check_user_data(req: dict[str, Any]) -> None:
    """ "User data is limited to 16 KB, in raw form, before it is base64-encoded." """
    try:
        raw = base64.b64decode(req.get("UserData") or "", validate=False)
    except (binascii.Error, ValueError):
        raise InvalidParameterValue("Invalid BASE64 encoding of user data.") from None
    if len(raw) > MOST_USER_DATA:
        raise InvalidParameterValue("User data is limited to 16384 bytes")


def _check_interfaces(req: dict[str, Any], specs: list[placing.Spec], type: instance_types.InstanceType) -> None:
    most = type["NetworkInfo"]["MaximumNetworkInterfaces"]
    if len(specs) > most:
        raise NetworkError(
            "AttachmentLimitExceeded", f"Interface count {len(specs)} exceeds the limit for {type['InstanceType']}"
        )
    fixed = any(spec.get("NetworkInterfaceId") or spec.get("PrivateIpAddress") for spec in specs)
    if fixed and req["MaxCount"] > 1:
        raise InvalidParameterCombination(
            "Only one instance can be launched with a network interface ID or a private IP address."
        )


def _placement(tx: Reader, ctx: Context, req: dict[str, Any]) -> PlacementGroup | None:
    where = req.get("Placement") or {}
    if where.get("GroupId"):
        return PLACEMENT_GROUP.require(tx, ctx, where["GroupId"])
    return PLACEMENT_NAME.require(tx, ctx, where["GroupName"]) if where.get("GroupName") else None


def _devices(req: dict[str, Any], image: Image) -> list[Device]:
    """The devices of the image, as the request changes them, and those that it adds."""
    found = {device.name: device for device in image.devices}
    for mapping in req.get("BlockDeviceMappings") or ():
        name = mapping.get("DeviceName") or ""
        if not name:
            raise MissingParameter("The request must contain the parameter deviceName")
        if mapping.get("NoDevice") is not None:
            found.pop(name, None)
        elif mapping.get("Ebs") is not None:
            known = found.get(name)
            before = dict(known.ebs or {}) if known else {}
            changed = {key: value for key, value in mapping["Ebs"].items() if value is not None}
            if changed.get("VolumeType") not in (None, before.get("VolumeType")):
                before = {key: value for key, value in before.items() if key not in ("Iops", "Throughput")}
            moved = changed.get("SnapshotId") not in (None, before.get("SnapshotId"))
            if known and moved and name == image.root_device:
                raise NetworkError("InvalidBlockDeviceMapping", "snapshotId can only be modified on EBS devices that "
                                   "are not the root device")  # fmt: skip
            found[name] = Device(name=name, ebs={**before, **changed})
        elif mapping.get("VirtualName"):
            found[name] = Device(name=name, virtual=mapping["VirtualName"])
    return list(found.values())


# -- one instance ------------------------------------------------------------------------------------------------------


def _instance(tx: Transaction, ctx: Context, plan: Plan, at: int, members: dict[str, Any]) -> Instance:
    base = vpcs.common(ctx, "i", plan.tags["instance"])
    now = base["created"]
    primary = _primary(tx, ctx, plan)
    where = SUBNET.known(tx, ctx, primary.subnet)
    profile = plan.req.get("IamInstanceProfile") or {}
    instance = Instance(
        **base, image=plan.image.id, type=plan.type_name, state="pending", since=now, launched=now,
        reservation=plan.reservation, index=at, architecture=plan.image.architecture, zone=where.zone,
        zone_id=where.zone_id, subnet=where.id, vpc=where.vpc, key_name=plan.req.get("KeyName") or "",
        public_ip=_public(plan.specs[0], where) and len(plan.specs) == 1,
        profile=profiles.associate(tx, ctx, profile),
        **members,
    )  # fmt: skip
    for spec in plan.specs:
        first = spec is plan.specs[0]
        _attach(tx, ctx, instance, spec, primary if first else _interface(tx, ctx, plan, spec))
    if instance.public_ip:
        lifecycle.show(tx, ctx, primary)
    for device in plan.devices:
        if device.ebs is not None:
            _volume(tx, ctx, plan, instance, device)
    return instance


def _public(spec: placing.Spec, subnet: Subnet) -> bool:
    asked = spec.get("AssociatePublicIpAddress")
    return subnet.public_ip and not spec.get("NetworkInterfaceId") if asked is None else bool(asked)


def _primary(tx: Transaction, ctx: Context, plan: Plan) -> Interface:
    return _interface(tx, ctx, plan, plan.specs[0])


def _interface(tx: Transaction, ctx: Context, plan: Plan, spec: placing.Spec) -> Interface:
    """The interface that a specification names, or a new one."""
    if spec.get("NetworkInterfaceId"):
        found = INTERFACE.require(tx, ctx, spec["NetworkInterfaceId"])
        if found.attachment is not None:
            raise NetworkError("InvalidNetworkInterface.InUse", f"Interface: [{found.id}] in use.")
        return found
    subnet = SUBNET.require(tx, ctx, spec["SubnetId"])
    if plan.subnet is not None and subnet.zone != plan.subnet.zone:
        raise InvalidParameterValue("All network interfaces of an instance must be in the same availability zone.")
    groups = spec.get("Groups") or []
    for id in groups:
        GROUP.require(tx, ctx, id)
    return interfaces.create(
        tx, ctx, subnet, groups, wanted=_addresses(spec), more=spec.get("SecondaryPrivateIpAddressCount") or 0,
        ipv6=[each["Ipv6Address"] for each in spec.get("Ipv6Addresses") or () if each.get("Ipv6Address")],
        ipv6_count=spec.get("Ipv6AddressCount") or 0, tags=plan.tags["network-interface"],
        description=spec.get("Description") or "", type=spec.get("InterfaceType") or "interface",
    )  # fmt: skip


def _addresses(spec: placing.Spec) -> list[str]:
    """The private addresses that a specification wants, the primary one first."""
    listed = sorted(spec.get("PrivateIpAddresses") or (), key=lambda each: not each.get("Primary"))
    found = [each["PrivateIpAddress"] for each in listed]
    first = spec.get("PrivateIpAddress")
    return [first, *(each for each in found if each != first)] if first else found


def _attach(tx: Transaction, ctx: Context, instance: Instance, spec: placing.Spec, interface: Interface) -> None:
    own = not spec.get("NetworkInterfaceId")
    goes = spec.get("DeleteOnTermination")
    interfaces.attach(
        tx, ctx, interface, instance.id, index=spec.get("DeviceIndex") or 0, card=spec.get("NetworkCardIndex") or 0,
        delete_with=own if goes is None else bool(goes),
    )  # fmt: skip


def _volume(tx: Transaction, ctx: Context, plan: Plan, instance: Instance, device: Device) -> None:
    ebs = device.ebs or {}
    named = {mapping.get("DeviceName"): mapping for mapping in plan.req.get("BlockDeviceMappings") or ()}
    asked = (named.get(device.name) or {}).get("Ebs") or {}
    disk = disks.disk(tx, ctx, ebs, plan.keys, own=not asked.get("SnapshotId"))
    volume = Volume(
        **vpcs.common(ctx, "vol", plan.tags["volume"]), zone=instance.zone, zone_id=instance.zone_id, size=disk.size,
        type=disk.type, iops=disk.iops, throughput=disk.throughput, encrypted=disk.encrypted, kms_key=disk.kms_key,
        snapshot=disk.snapshot,
    )  # fmt: skip
    tx.put(VOLUMES, volume)
    goes = ebs.get("DeleteOnTermination")
    root = device.name == instance.root_device
    attachments.attach(tx, ctx, instance, volume, device.name, delete_with=root if goes is None else bool(goes))


def check_room(tx: Reader, ctx: Context, starting: list[Instance]) -> None:
    """Whether quotas let instances start that are stopped."""
    for instance in starting:
        capacity.room(tx, ctx, instance.type, 1, spot=instance.lifecycle == "spot")
