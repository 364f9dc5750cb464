"""The options of an instance that its image, its type and a request decide together.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader

from ..errors import InvalidParameterCombination, InvalidParameterValue
from . import instance_types, settings
from .records import Image, PlacementGroup

METADATA = {
    "HttpTokens": ("optional", "required"),
    "HttpEndpoint": ("enabled", "disabled"),
    "HttpProtocolIpv6": ("disabled", "enabled"),
    "InstanceMetadataTags": ("disabled", "enabled"),
}
HOPS = (1, 64)
MAINTENANCE = {"AutoRecovery": "default", "RebootMigration": "default"}
TENANCIES = ("default", "dedicated", "host")
FAMILIES = ("t2", "t3", "t3a", "t4g", "t8i")
UNLIMITED = ("t3", "t3a", "t4g", "t8i")  # burstable families whose default is unlimited; t2's is standard


def members(
    tx: Reader, ctx: Context, req: Mapping[str, Any], image: Image, type: instance_types.InstanceType
) -> dict[str, Any]:
    """The members of an Instance that follow from options."""
    placement = req.get("Placement") or {}
    tenancy = placement.get("Tenancy") or "default"
    if tenancy not in TENANCIES:
        raise InvalidParameterValue(f"Value ({tenancy}) for parameter tenancy is invalid.")
    shutdown = req.get("InstanceInitiatedShutdownBehavior") or "stop"
    if shutdown not in ("stop", "terminate"):
        raise InvalidParameterValue(f"Value ({shutdown}) for parameter instanceInitiatedShutdownBehavior is invalid.")
    cores, threads = processors(req.get("CpuOptions") or {}, type)
    return {
        "root_device": image.root_device, "root_type": image.root_type, "virtualization": image.virtualization,
        "platform": image.platform, "platform_details": image.platform_details, "ena": image.ena, "sriov": image.sriov,
        "usage_operation": image.usage_operation, "boot_mode": image.boot_mode, "tpm": image.tpm,
        "current_boot_mode": _boot_mode(image, type), "kernel": req.get("KernelId") or image.kernel,
        "ramdisk": req.get("RamdiskId") or image.ramdisk, "ebs_optimized": bool(req.get("EbsOptimized")),
        "client_token": req.get("ClientToken") or "", "monitoring": bool((req.get("Monitoring") or {}).get("Enabled")),
        "hibernation": bool((req.get("HibernationOptions") or {}).get("Configured")), "tenancy": tenancy,
        "partition": placement.get("PartitionNumber") or 0, "affinity": placement.get("Affinity") or "",
        "host": placement.get("HostId") or "", "cores": cores, "threads": threads,
        "sev_snp": (req.get("CpuOptions") or {}).get("AmdSevSnp") or "",
        "metadata": metadata(req.get("MetadataOptions") or {}, _metadata_defaults(tx, ctx, image)),
        "enclave": bool((req.get("EnclaveOptions") or {}).get("Enabled")),
        "dns": dict(req.get("PrivateDnsNameOptions") or {}),
        "maintenance": {**MAINTENANCE, **(req.get("MaintenanceOptions") or {})},
        "bandwidth": (req.get("NetworkPerformanceOptions") or {}).get("BandwidthWeighting") or "default",
        "credits": credits_of(tx, ctx, req.get("CreditSpecification") or {}, type),
        "user_data": req.get("UserData") or "",
        "api_termination": not req.get("DisableApiTermination"), "api_stop": not req.get("DisableApiStop"),
        "shutdown": shutdown,
        "capacity": dict(req.get("CapacityReservationSpecification") or {"CapacityReservationPreference": "open"}),
        "licenses": [each.get("LicenseConfigurationArn") or "" for each in req.get("LicenseSpecifications") or ()],
    }  # fmt: skip


def processors(options: Mapping[str, Any], type: instance_types.InstanceType) -> tuple[int, int]:
    info = type["VCpuInfo"]
    cores = options.get("CoreCount") or info.get("DefaultCores") or info["DefaultVCpus"]
    threads = options.get("ThreadsPerCore") or info.get("DefaultThreadsPerCore") or 1
    if options.get("CoreCount") and cores not in (info.get("ValidCores") or (cores,)):
        raise InvalidParameterValue(f"Value ({cores}) for parameter cpuOptions.coreCount is invalid.")
    if options.get("ThreadsPerCore") and threads not in (info.get("ValidThreadsPerCore") or (threads,)):
        raise InvalidParameterValue(f"Value ({threads}) for parameter cpuOptions.threadsPerCore is invalid.")
    return cores, threads


def _boot_mode(image: Image, type: instance_types.InstanceType) -> str:
    """What it boots in: UEFI where the image wants it and the type can."""
    modes = type["SupportedBootModes"]
    if image.boot_mode in ("uefi", "uefi-preferred") and "uefi" in modes:
        return "uefi"
    return "legacy-bios" if "legacy-bios" in modes else "uefi"


def metadata(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the instance metadata service, after a request."""
    found = dict(before)
    for member, allowed in METADATA.items():
        value = given.get(member)
        if value is None:
            continue
        if value not in allowed:
            raise InvalidParameterValue(f"Value ({value}) for parameter {member} is invalid.")
        found[member] = value
    hops = given.get("HttpPutResponseHopLimit")
    if hops is not None:
        if not HOPS[0] <= hops <= HOPS[1]:
            raise InvalidParameterValue(f"Value ({hops}) for parameter HttpPutResponseHopLimit is invalid.")
        found["HttpPutResponseHopLimit"] = hops
    return found


def _metadata_defaults(tx: Reader, ctx: Context, image: Image) -> dict[str, Any]:
    """Those of the account for the region, of the image, or AWS's."""
    own = settings.of_region(tx, ctx).get("MetadataDefaults") or {}
    new = image.imds == "v2.0"
    found: dict[str, Any] = {
        "HttpTokens": "required" if new else "optional", "HttpPutResponseHopLimit": 2 if new else 1,
        "HttpEndpoint": "enabled", "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "disabled",
    }  # fmt: skip
    return {**found, **own}


def credits_of(tx: Reader, ctx: Context, given: Mapping[str, Any], type: instance_types.InstanceType) -> str:
    """How a burstable instance earns and spends CPU credits; empty for others."""
    asked = given.get("CpuCredits")
    if asked not in (None, "", "standard", "unlimited"):
        raise InvalidParameterValue(f"Value ({asked}) for parameter CpuCredits is invalid.")
    if not type["BurstablePerformanceSupported"]:
        if asked:
            raise InvalidParameterCombination("The specified instance type does not support credit specifications")
        return ""
    return asked or default_credits(tx, ctx, str(type["InstanceType"]).partition(".")[0])


def default_credits(tx: Reader, ctx: Context, family: str) -> str:
    """How new instances of a burstable family spend CPU credits, unless a launch says otherwise."""
    own = settings.of_region(tx, ctx).get("Credits") or {}
    return str(own.get(family) or ("unlimited" if family in UNLIMITED else "standard"))


def check_group(group: PlacementGroup, type: instance_types.InstanceType, req: Mapping[str, Any]) -> None:
    """What a placement group's strategy demands."""
    if group.strategy not in type["PlacementGroupInfo"]["SupportedStrategies"]:
        raise InvalidParameterCombination(
            f"{group.strategy.capitalize()} placement groups are not supported by the '{type['InstanceType']}' "
            "instance type. Specify a supported instance type or change the placement group strategy, and try again."
        )
    number = (req.get("Placement") or {}).get("PartitionNumber") or 0
    if number and (group.strategy != "partition" or number > group.partitions):
        raise InvalidParameterValue(f"Value ({number}) for parameter partitionNumber is invalid.")
