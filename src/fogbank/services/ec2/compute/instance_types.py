"""The instance types that AWS offers, as its DescribeInstanceTypes describes them in us-east-1.

All of them are offered in every region and zone here. `tools/instance_types.py` writes the file.

https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-types.html
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ..errors import InvalidParameterValue, NetworkError

InstanceType = dict[str, Any]


class _File(msgspec.Struct):
    members: list[str]
    values: list[list[Any]]
    types: dict[str, list[int]]


@cache
def known() -> dict[str, InstanceType]:
    """All instance types by name. Types share the values of their members."""
    text = gzip.decompress((Path(__file__).parent / "instance_types.json.gz").read_bytes())
    file = msgspec.json.decode(text, type=_File)
    return {
        name: {
            "InstanceType": name,
            **{
                member: values[at] for member, values, at in zip(file.members, file.values, row, strict=True) if at >= 0
            },
        }
        for name, row in file.types.items()
    }


def all_of(names: list[str]) -> list[InstanceType]:
    """The types that a description names, or all."""
    if wrong := [name for name in names if name not in known()]:
        raise NetworkError(
            "InvalidInstanceType",
            f"The following supplied instance types do not exist: [{', '.join(wrong)}]",
        )
    return [known()[name] for name in sorted(names)] if names else list(known().values())


def require(name: str) -> InstanceType:
    """The type that an instance shall have."""
    found = known().get(name)
    if found is None:
        raise InvalidParameterValue(f"Invalid value '{name}' for InstanceType.")
    return found


def architectures(found: InstanceType) -> list[str]:
    return list(found["ProcessorInfo"]["SupportedArchitectures"])


def vcpus(found: InstanceType) -> int:
    return int(found["VCpuInfo"]["DefaultVCpus"])


def family(name: str) -> str:
    """The letters that a type begins with, which decide which quota it counts in: m of m5.large, inf of inf1.xlarge."""
    return name[: next((at for at, letter in enumerate(name) if not letter.isalpha()), len(name))]
