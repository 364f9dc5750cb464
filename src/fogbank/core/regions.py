"""AWS's regions: their names and zones, and the regions of global services.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html

Names and global services come from botocore's data, which is read on first use. What start-up needs (the partition of
a region, the main region of a partition) is in `core.arns`.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import msgspec

from . import arns, botocore_data


class Zone(NamedTuple):
    name: str  # us-east-1a
    id: str  # use1-az1


# the zones that a new account sees if they are not a, b and c; the numbers in their ids if they are not 1, 2 and 3
_LETTERS = {
    "us-east-1": "abcdef",
    "us-west-2": "abcd",
    "us-west-1": "ac",
    "ca-central-1": "abd",
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
}
_NUMBERS = {"us-west-1": (1, 3), "ca-central-1": (1, 2, 4), "ap-northeast-1": (1, 2, 4)}
_SHORT = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}


class _Described(msgspec.Struct):
    description: str = ""


class _Partition(msgspec.Struct):
    id: str
    regions: dict[str, _Described]


class _Partitions(msgspec.Struct):
    partitions: list[_Partition]


class _Scope(msgspec.Struct, rename="camel"):
    region: str = ""


class _Endpoint(msgspec.Struct, rename="camel"):
    credential_scope: _Scope = msgspec.field(default_factory=_Scope)


class _Service(msgspec.Struct, rename="camel"):
    endpoints: dict[str, _Endpoint] = {}
    is_regionalized: bool = True
    partition_endpoint: str = ""


class _Services(msgspec.Struct):
    partition: str
    services: dict[str, _Service]


class _Endpoints(msgspec.Struct):
    partitions: list[_Services]


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    text = (botocore_data.root() / "partitions.json").read_bytes()
    found = msgspec.json.decode(text, type=_Partitions)
    return {
        partition.id: {
            region: facts.description
            for region, facts in sorted(partition.regions.items())
            if not region.endswith("-global")
        }
        for partition in found.partitions
    }


def names(partition: str) -> tuple[str, ...]:
    """The regions of a partition, in order."""
    return tuple(_descriptions()[partition])


def description(region: str) -> str:
    """The region's name in AWS's console ("US East (N. Virginia)"); an unknown region's own name."""
    return _descriptions().get(arns.partition_of(region), {}).get(region, region)


def zones(region: str) -> list[Zone]:
    """The availability zones of a region, as a new account sees them.

    In older regions AWS assigns names to ids at random for each account. Here the order is always the same.
    """
    letters = _LETTERS.get(region, "abc")
    numbers = _NUMBERS.get(region, range(1, len(letters) + 1))
    return [
        Zone(region + letter, f"{_prefix(region)}-az{number}") for letter, number in zip(letters, numbers, strict=True)
    ]


def _prefix(region: str) -> str:
    """`us-east-1` is use1, `ap-northeast-2` apne2, `us-gov-west-1` usgw1."""
    place, *words, number = region.split("-")
    return place + "".join(_SHORT.get(word, word[:1]) for word in words) + number


@cache
def _global() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    text = (botocore_data.root() / "endpoints.json").read_bytes()
    for partition in msgspec.json.decode(text, type=_Endpoints).partitions:
        here = found[partition.partition] = {"support": arns.MAIN_REGIONS[partition.partition]}
        for name, service in partition.services.items():
            if not service.is_regionalized and service.partition_endpoint:
                endpoint = service.endpoints.get(service.partition_endpoint)
                scope = endpoint.credential_scope.region if endpoint else ""
                here[name] = scope or arns.MAIN_REGIONS[partition.partition]
    return found


def home(service: str, partition: str) -> str | None:
    """The region where a global service (IAM, Route 53, …) is called and signed for; None for a regional service.

    Support is global by its reference; botocore's data does not say so.
    https://docs.aws.amazon.com/general/latest/gr/awssupport.html
    """
    return _global().get(partition, {}).get(service)
