"""Attributes and options of instances.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
"""

from __future__ import annotations

import base64
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import interfaces
from fogbank.network.records import INTERFACES
from fogbank.store.api import Transaction

from ..calls import Answer, Request, action
from ..compute import attachments, instance_types, launch_options, launching, settings
from ..compute.find import INSTANCE, PLACEMENT_NAME
from ..compute.instance_shapes import Around, Seen, instance
from ..compute.records import INSTANCES, Instance
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import page
from ..find import GROUP
from ..kinds import on

BY_ID = on((INSTANCE, "InstanceId"))
# attributes with one value: the member, and how it is read
VALUES: dict[str, tuple[str, Any]] = {
    "instanceType": ("InstanceType", lambda found: found.type),
    "kernel": ("KernelId", lambda found: found.kernel),
    "ramdisk": ("RamdiskId", lambda found: found.ramdisk),
    "userData": ("UserData", lambda found: found.user_data),
    "disableApiTermination": ("DisableApiTermination", lambda found: not found.api_termination),
    "disableApiStop": ("DisableApiStop", lambda found: not found.api_stop),
    "instanceInitiatedShutdownBehavior": ("InstanceInitiatedShutdownBehavior", lambda found: found.shutdown),
    "rootDeviceName": ("RootDeviceName", lambda found: found.root_device),
    "ebsOptimized": ("EbsOptimized", lambda found: found.ebs_optimized),
    "enaSupport": ("EnaSupport", lambda found: found.ena),
    "sriovNetSupport": ("SriovNetSupport", lambda found: found.sriov),
}


@action("DescribeInstanceAttribute", resource=BY_ID)
def describe_instance_attribute(ctx: Context, req: Request) -> Answer:
    """One attribute of an instance."""
    name = req["Attribute"]
    with ctx.read() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        seen = Seen(Around(tx, ctx), found)
        if name in VALUES:
            member, read = VALUES[name]
            value = read(found)
            return {"InstanceId": found.id, member: {} if value == "" else {"Value": value}}
        match name:
            case "blockDeviceMapping":
                return {"InstanceId": found.id, "BlockDeviceMappings": instance(seen)["BlockDeviceMappings"]}
            case "groupSet":
                groups = seen.around.groups(seen.primary.groups) if seen.primary else []
                return {"InstanceId": found.id, "Groups": groups}
            case "sourceDestCheck":
                check = bool(seen.primary and seen.primary.source_check)
                return {"InstanceId": found.id, "SourceDestCheck": {"Value": check}}
            case "productCodes":
                return {"InstanceId": found.id, "ProductCodes": []}
            case "enclaveOptions":
                return {"InstanceId": found.id, "EnclaveOptions": {"Enabled": found.enclave}}
    raise InvalidParameterValue(f"Value ({name}) for parameter attribute is invalid. Unknown attribute.")


def _modified(ctx: Context, req: Request) -> list[Access]:
    return [Access("", INSTANCE.name(ctx, req.get("InstanceId") or "")),
            *(Access("", GROUP.name(ctx, id)) for id in req.get("Groups") or ())]  # fmt: skip


def _value(req: Request, member: str) -> Any:
    given = req.get(member)
    return given.get("Value") if isinstance(given, dict) else given


@action("ModifyInstanceAttribute", resource=_modified)
def modify_instance_attribute(ctx: Context, req: Request) -> Answer:
    """Change one attribute of an instance."""
    given = _given(req)
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        if found.state in ("shutting-down", "terminated"):
            raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is terminated.")
        member, value = given
        if member == "Groups":
            _groups(tx, ctx, found, value)
        elif member == "SourceDestCheck":
            _source_check(tx, ctx, found, bool(value))
        elif member == "BlockDeviceMappings":
            _devices(tx, found, value)
        else:
            _change(tx, ctx, found, member, value)
            tx.put(INSTANCES, found)
    return {}


MODIFIABLE = (
    "InstanceType", "Kernel", "Ramdisk", "UserData", "DisableApiTermination", "DisableApiStop", "EbsOptimized",
    "EnaSupport", "SriovNetSupport", "InstanceInitiatedShutdownBehavior", "SourceDestCheck", "Groups",
    "BlockDeviceMappings",
)  # fmt: skip
BY_WORD = {member[0].lower() + member[1:]: member for member in MODIFIABLE} | {
    "groupSet": "Groups",
    "blockDeviceMapping": "BlockDeviceMappings",
}


def _given(req: Request) -> tuple[str, Any]:
    """The one attribute that a request changes: in a member of its own, or named by Attribute."""
    found = [(member, _value(req, member)) for member in MODIFIABLE if _value(req, member) not in (None, [])]
    if req.get("Attribute") and not found:
        member = BY_WORD.get(req["Attribute"])
        if member is None:
            raise InvalidParameterValue(f"Value ({req['Attribute']}) for parameter attribute is invalid.")
        found = [(member, req.get("Value"))]
    if not found:
        raise MissingParameter("The request must contain exactly one attribute")
    if len(found) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    return found[0]


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _change(tx: Transaction, ctx: Context, found: Instance, member: str, value: Any) -> None:
    if member in STOPPED and found.state != "stopped":
        raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is not in the 'stopped' state.")
    match member:
        case "DisableApiTermination":
            found.api_termination = not _truth(value)
        case "DisableApiStop":
            found.api_stop = not _truth(value)
        case "EbsOptimized":
            found.ebs_optimized = _truth(value)
        case "EnaSupport":
            found.ena = _truth(value)
        case "InstanceInitiatedShutdownBehavior":
            if value not in ("stop", "terminate"):
                raise InvalidParameterValue(
                    f"Value ({value}) for parameter instanceInitiatedShutdownBehavior is invalid."
                )
            found.shutdown = value
        case "InstanceType":
            _retype(tx, ctx, found, str(value))
        case "UserData":
            launching.check_user_data({"UserData": _text(value)})
            found.user_data = _text(value)
        case "Kernel":
            found.kernel = str(value)
        case "Ramdisk":
            found.ramdisk = str(value)
        case "SriovNetSupport":
            found.sriov = str(value)


STOPPED = ("InstanceType", "UserData", "Kernel", "Ramdisk", "EbsOptimized", "EnaSupport", "SriovNetSupport")


def _text(value: Any) -> str:
    """User data are a blob here: they come decoded, and are kept as instances show them."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _retype(tx: Transaction, ctx: Context, found: Instance, name: str) -> None:
    kind = instance_types.require(name)
    if found.architecture not in instance_types.architectures(kind):
        raise InvalidParameterValue(
            f"The instance type '{name}' does not support the architecture '{found.architecture}' of the instance."
        )
    found.type = name
    found.cores = kind["VCpuInfo"].get("DefaultCores") or instance_types.vcpus(kind)
    found.threads = kind["VCpuInfo"].get("DefaultThreadsPerCore") or 1
    found.credits = launch_options.credits_of(tx, ctx, {}, kind)


def _groups(tx: Transaction, ctx: Context, found: Instance, ids: list[str]) -> None:
    for id in ids:
        GROUP.require(tx, ctx, id)
    interface = interfaces.of_instance(tx, ctx, found.id)[0]
    interface.groups = interfaces.groups(tx, ctx, interface.vpc, ids)
    tx.put(INTERFACES, interface)


def _source_check(tx: Transaction, ctx: Context, found: Instance, on: bool) -> None:
    own = interfaces.of_instance(tx, ctx, found.id)
    if len(own) > 1:
        raise NetworkError("InvalidInstanceID", f"There are multiple interfaces attached to instance '{found.id}'. "
                           "Please specify an interface ID for the operation instead.")  # fmt: skip
    own[0].source_check = on
    tx.put(INTERFACES, own[0])


def _devices(tx: Transaction, found: Instance, mappings: list[Request]) -> None:
    for mapping in mappings:
        goes = (mapping.get("Ebs") or {}).get("DeleteOnTermination")
        name = mapping.get("DeviceName") or ""
        if goes is not None and not attachments.keep_with(tx, found, name, bool(goes)):
            raise NetworkError("InvalidInstanceAttributeValue", f"No device is currently mapped at {name}")


@action("ResetInstanceAttribute", resource=BY_ID)
def reset_instance_attribute(ctx: Context, req: Request) -> Answer:
    """Give an attribute its default value again."""
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        match req["Attribute"]:
            case "sourceDestCheck":
                _source_check(tx, ctx, found, True)
            case "kernel" | "ramdisk":
                setattr(found, req["Attribute"], "")
                tx.put(INSTANCES, found)
            case other:
                raise InvalidParameterValue(f"Value ({other}) for parameter attribute is invalid.")
    return {}


# -- options -----------------------------------------------------------------------------------------------------------


@action("ModifyInstanceMetadataOptions", resource=BY_ID, fidelity="recorded")
def modify_instance_metadata_options(ctx: Context, req: Request) -> Answer:
    """Change the options of the metadata service."""
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        found.metadata = launch_options.metadata(req, found.metadata)
        tx.put(INSTANCES, found)
    return {"InstanceId": found.id, "InstanceMetadataOptions": {"State": "pending", **found.metadata}}


@action("GetInstanceMetadataDefaults", resource="*")
def get_instance_metadata_defaults(ctx: Context, req: Request) -> Answer:
    """The options that new instances of the region have."""
    with ctx.read() as tx:
        kept = settings.of_region(tx, ctx).get("MetadataDefaults") or {}
    return {"AccountLevel": {**kept, "ManagedBy": "account"} if kept else {}}


@action("ModifyInstanceMetadataDefaults", resource="*")
def modify_instance_metadata_defaults(ctx: Context, req: Request) -> Answer:
    """Change the options that new instances of the region have: `no-preference` and -1 take one away."""
    with ctx.write() as tx:
        kept = dict(settings.of_region(tx, ctx).get("MetadataDefaults") or {})
        for member in ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags"):
            given = req.get(member)
            if given in ("no-preference", -1):
                kept.pop(member, None)
            elif given is not None:
                kept |= launch_options.metadata({member: given}, {})
        settings.keep(tx, ctx, MetadataDefaults=kept)
    return {"Return": True}


@action("ModifyInstanceMaintenanceOptions", resource=BY_ID, fidelity="recorded")
def modify_instance_maintenance_options(ctx: Context, req: Request) -> Answer:
    """Change whether an instance recovers by itself."""
    given = {member: req[member] for member in ("AutoRecovery", "RebootMigration") if req.get(member)}
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        found.maintenance = {**found.maintenance, **given}
        tx.put(INSTANCES, found)
    return {"InstanceId": found.id, **found.maintenance}


@action("ModifyPrivateDnsNameOptions", resource=BY_ID)
def modify_private_dns_name_options(ctx: Context, req: Request) -> Answer:
    """Change the private name of an instance, and what is answered for it."""
    names = {
        "PrivateDnsHostnameType": "HostnameType",
        "EnableResourceNameDnsARecord": "EnableResourceNameDnsARecord",
        "EnableResourceNameDnsAAAARecord": "EnableResourceNameDnsAAAARecord",
    }
    given = {name: req[member] for member, name in names.items() if req.get(member) is not None}
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        if "HostnameType" in given and found.state != "stopped":
            raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is not in the 'stopped' state.")
        found.dns = {**found.dns, **given}
        tx.put(INSTANCES, found)
    return {"Return": True}


@action("ModifyInstanceCpuOptions", resource=BY_ID, fidelity="recorded")
def modify_instance_cpu_options(ctx: Context, req: Request) -> Answer:
    """Change the processors of an instance that is stopped."""
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        if found.state != "stopped":
            raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is not in the 'stopped' state.")
        found.cores, found.threads = launch_options.processors(req, instance_types.require(found.type))
        tx.put(INSTANCES, found)
    return {"InstanceId": found.id, "CoreCount": found.cores, "ThreadsPerCore": found.threads}


@action("ModifyInstancePlacement", resource=BY_ID, fidelity="recorded")
def modify_instance_placement(ctx: Context, req: Request) -> Answer:
    """Change where an instance that is stopped will run."""
    with ctx.write() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
        if found.state != "stopped":
            raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is not in the 'stopped' state.")
        if req.get("GroupName"):
            found.group = PLACEMENT_NAME.known(tx, ctx, req["GroupName"]).name
        elif req.get("GroupName") == "":
            found.group = ""
        found.tenancy = req.get("Tenancy") or found.tenancy
        found.affinity = req.get("Affinity") or found.affinity
        found.host = req.get("HostId") or found.host
        found.partition = req.get("PartitionNumber") or found.partition
        tx.put(INSTANCES, found)
    return {"Return": True}


# -- credits -----------------------------------------------------------------------------------------------------------


@action("DescribeInstanceCreditSpecifications", resource="*")
def describe_instance_credit_specifications(ctx: Context, req: Request) -> Answer:
    """How burstable instances earn and spend CPU credits."""
    with ctx.read() as tx:
        named = req.get("InstanceIds")
        found = INSTANCE.all(tx, ctx, named) if named else list(tx.scan(INSTANCES, (ctx.account, ctx.region)))
    shown = [each for each in found if each.credits and (named or each.credits == "unlimited")]
    return page(
        ctx, req, shown, key=lambda each: each.id, into="InstanceCreditSpecifications",
        shape=lambda each: {"InstanceId": each.id, "CpuCredits": each.credits},
    )  # fmt: skip


def _credited(ctx: Context, req: Request) -> list[Access]:
    found = req.get("InstanceCreditSpecifications") or ()
    return [Access("", INSTANCE.name(ctx, each.get("InstanceId") or "")) for each in found] or [
        Access("", INSTANCE.new(ctx))
    ]


@action("ModifyInstanceCreditSpecification", resource=_credited, fidelity="recorded")
def modify_instance_credit_specification(ctx: Context, req: Request) -> Answer:
    """Change how burstable instances spend CPU credits. Each that cannot be changed has an error of its own."""
    done: list[Answer] = []
    failed: list[Answer] = []
    with ctx.write() as tx:
        for each in req["InstanceCreditSpecifications"]:
            found = INSTANCE.find(tx, ctx, each.get("InstanceId") or "")
            if found is None:
                failed.append(_failed(each, "InvalidInstanceID.NotFound", "The instance ID does not exist"))
            elif not found.credits or each.get("CpuCredits") not in ("standard", "unlimited"):
                text = "The instance is not a burstable performance instance."
                failed.append(_failed(each, "InstanceCreditSpecification.NotSupported", text))
            else:
                found.credits = each["CpuCredits"]
                tx.put(INSTANCES, found)
                done.append({"InstanceId": found.id})
    return {
        "SuccessfulInstanceCreditSpecifications": done,
        "UnsuccessfulInstanceCreditSpecifications": failed,
    }


def _failed(each: Request, code: str, text: str) -> Answer:
    return {"InstanceId": each.get("InstanceId"), "Error": {"Code": code, "Message": text}}
