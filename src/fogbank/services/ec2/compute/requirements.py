"""Attribute-based selection of instance types. Prices are not known here, so limits on them select all.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceRequirementsRequest.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.core import wildcards

from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter
from .instance_types import InstanceType, vcpus

MAKERS = {"Intel": "intel", "AMD": "amd", "AWS": "amazon-web-services", "Apple": "apple"}
ACCELERATORS = {
    "gpu": ("GpuInfo", "Gpus"),
    "fpga": ("FpgaInfo", "Fpgas"),
    "inference": ("InferenceAcceleratorInfo", "Accelerators"),
    "media": ("MediaAcceleratorInfo", "Accelerators"),
}
ACCELERATOR_MAKERS = {
    "NVIDIA": "nvidia",
    "AMD": "amd",
    "AWS": "amazon-web-services",
    "Xilinx": "xilinx",
    "Habana": "habana",
}


class Wanted(msgspec.Struct):
    architectures: set[str]
    virtualization: set[str]
    requirements: Mapping[str, Any]

    def __post_init__(self) -> None:
        needs = self.requirements
        for member in ("VCpuCount", "MemoryMiB"):
            if (needs.get(member) or {}).get("Min") is None:
                raise MissingParameter(f"The request must contain the parameter {member}.Min")
        if needs.get("AllowedInstanceTypes") and needs.get("ExcludedInstanceTypes"):
            raise InvalidParameterCombination(
                "AllowedInstanceTypes and ExcludedInstanceTypes cannot be specified in the same request"
            )
        for member, value in needs.items():
            if isinstance(value, Mapping) and (value.get("Max") or value.get("Min") or 0) < (value.get("Min") or 0):
                raise InvalidParameterValue(f"{member}: Min cannot be greater than Max")


def meets(found: InstanceType, wanted: Wanted) -> bool:
    """Whether a type meets the requirements. What is not required of accelerators and storage excludes types with it:
    "Default: excluded" for bare metal and burstable types, "included" for local storage."""
    needs = wanted.requirements
    return (
        bool(wanted.architectures & set(found["ProcessorInfo"]["SupportedArchitectures"]))
        and bool(wanted.virtualization & set(found["SupportedVirtualizationTypes"]))
        and _between(vcpus(found), needs["VCpuCount"])
        and _between(found["MemoryInfo"]["SizeInMiB"], needs["MemoryMiB"])
        and _between(found["MemoryInfo"]["SizeInMiB"] / 1024 / vcpus(found), needs.get("MemoryGiBPerVCpu"))
        and _choice(found["BareMetal"], needs.get("BareMetal") or "excluded")
        and _choice(found["BurstablePerformanceSupported"], needs.get("BurstablePerformance") or "excluded")
        and (not needs.get("RequireHibernateSupport") or found["HibernationSupported"])
        and (not needs.get("RequireEncryptionInTransit") or bool(found["NetworkInfo"]["EncryptionInTransitSupported"]))
        and _among(MAKERS.get(found["ProcessorInfo"].get("Manufacturer", ""), ""), needs.get("CpuManufacturers"))
        and _among("current" if found["CurrentGeneration"] else "previous", needs.get("InstanceGenerations"))
        and _between(found["NetworkInfo"]["MaximumNetworkInterfaces"], needs.get("NetworkInterfaceCount"))
        and _between(_bandwidth(found), needs.get("NetworkBandwidthGbps"))
        and _between(_ebs(found), needs.get("BaselineEbsBandwidthMbps"))
        and _named(found["InstanceType"], needs)
        and _stores(found, needs)
        and _accelerates(found, needs)
    )


def _between(value: float, limits: Mapping[str, Any] | None) -> bool:
    least, most = (limits or {}).get("Min"), (limits or {}).get("Max")
    return (least is None or value >= least) and (most is None or value <= most)


def _among(value: str, allowed: Iterable[str] | None) -> bool:
    return not allowed or value in allowed


def _choice(has: bool, choice: str) -> bool:
    return choice == "included" or has == (choice == "required")


def _named(name: str, needs: Mapping[str, Any]) -> bool:
    allowed, excluded = needs.get("AllowedInstanceTypes"), needs.get("ExcludedInstanceTypes")
    return (not allowed or any(wildcards.compile(each)(name) for each in allowed)) and not any(
        wildcards.compile(each)(name) for each in excluded or ()
    )


def _bandwidth(found: InstanceType) -> float:
    cards = found["NetworkInfo"].get("NetworkCards") or ()
    return float(sum(card.get("PeakBandwidthInGbps") or 0 for card in cards))


def _ebs(found: InstanceType) -> float:
    return float((found["EbsInfo"].get("EbsOptimizedInfo") or {}).get("BaselineBandwidthInMbps") or 0)


def _stores(found: InstanceType, needs: Mapping[str, Any]) -> bool:
    storage = found.get("InstanceStorageInfo") or {}
    disks = storage.get("Disks") or ()
    types = needs.get("LocalStorageTypes")
    return (
        _choice(bool(found["InstanceStorageSupported"]), needs.get("LocalStorage") or "included")
        and (not types or not disks or any(disk["Type"] in types for disk in disks))
        and _between(storage.get("TotalSizeInGB") or 0, needs.get("TotalLocalStorageGB"))
    )


def _accelerates(found: InstanceType, needs: Mapping[str, Any]) -> bool:
    has = [
        (kind, each)
        for kind, (info, members) in ACCELERATORS.items()
        for each in (found.get(info) or {}).get(members) or ()
    ]
    asked = any(needs.get(member) for member in needs if member.startswith("Accelerator"))
    if not asked:
        return not has
    names = needs.get("AcceleratorNames")
    return (
        _between(sum(each.get("Count") or 0 for _, each in has), needs.get("AcceleratorCount"))
        and _between(
            (found.get("GpuInfo") or {}).get("TotalGpuMemoryInMiB") or 0, needs.get("AcceleratorTotalMemoryMiB")
        )
        and (not needs.get("AcceleratorTypes") or any(kind in needs["AcceleratorTypes"] for kind, _ in has))
        and (
            not needs.get("AcceleratorManufacturers")
            or any(ACCELERATOR_MAKERS.get(each["Manufacturer"]) in needs["AcceleratorManufacturers"] for _, each in has)
        )
        and (not names or any(each["Name"].lower() in names for _, each in has))
    )
