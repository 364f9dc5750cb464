"""The condition keys of instances and what they are made of.

Those of what a launch makes go with what it needs (`launch_access`), as it makes several volumes and interfaces.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.conditions import Asked

Read = Callable[[Asked], Any]


def _type(asked: Asked) -> str:
    """The resource type in the ARN."""
    return asked.resource.rpartition(":")[2].partition("/")[0]


def _id(word: str) -> Read:
    return lambda asked: asked.resource.rpartition("/")[2] if _type(asked) == word else None


def _of(name: str, *words: str) -> Read:
    """An attribute of things of some types."""
    return lambda asked: getattr(asked.record, name, None) if _type(asked) in words else None


def _disk(name: str, member: str) -> Read:
    """An attribute of a volume; of one that CreateVolume makes, the member of the request."""

    def read(asked: Asked) -> Any:
        if _type(asked) != "volume":
            return None
        if asked.record is None:
            return asked.request.get(member) if asked.action == "ec2:CreateVolume" else None
        return getattr(asked.record, name) or None

    return read


def _encrypted(asked: Asked) -> bool | None:
    if asked.record is None:
        return bool(asked.request.get("Encrypted")) if asked.action == "ec2:CreateVolume" else None
    return getattr(asked.record, "encrypted", None)


def _metadata(member: str) -> Read:
    return lambda asked: (getattr(asked.record, "metadata", None) or {}).get(member)


def _profile(asked: Asked) -> str | None:
    found = getattr(asked.record, "profile", None)
    return found.arn if found is not None else None


def _market(asked: Asked) -> str | None:
    if _type(asked) != "instance" or asked.record is None:
        return None
    return getattr(asked.record, "lifecycle", "") or "on-demand"


def _owner(asked: Asked) -> str | None:
    """Of images and snapshots: the alias, or the account."""
    return getattr(asked.record, "alias", "") or getattr(asked.record, "owner_id", None)


def _source(word: str, name: str) -> Read:
    """The ARN of what a volume or snapshot was made of."""

    def read(asked: Asked) -> str | None:
        id = getattr(asked.record, name, None) or (asked.request.get("SnapshotId") if asked.record is None else None)
        account = "" if word == "snapshot" else asked.ctx.account
        return asked.ctx.arn("ec2", f"{word}/{id}", account=account) if id else None

    return read


READS: dict[str, Read] = {
    "ec2:InstanceID": _id("instance"),
    "ec2:VolumeID": _id("volume"),
    "ec2:SnapshotID": _id("snapshot"),
    "ec2:ImageID": _id("image"),
    "ec2:KeyPairName": _id("key-pair"),
    "ec2:KeyPairType": _of("type", "key-pair"),
    "ec2:PlacementGroupName": _id("placement-group"),
    "ec2:PlacementGroupStrategy": _of("strategy", "placement-group"),
    "ec2:InstanceType": _of("type", "instance"),
    "ec2:EbsOptimized": _of("ebs_optimized", "instance"),
    "ec2:RootDeviceType": _of("root_type", "instance", "image"),
    "ec2:InstanceProfile": _profile,
    "ec2:InstanceMarketType": _market,
    "ec2:MetadataHttpEndpoint": _metadata("HttpEndpoint"),
    "ec2:MetadataHttpTokens": _metadata("HttpTokens"),
    "ec2:MetadataHttpPutResponseHopLimit": _metadata("HttpPutResponseHopLimit"),
    "ec2:InstanceMetadataTags": _metadata("InstanceMetadataTags"),
    "ec2:VolumeSize": _disk("size", "Size"),
    "ec2:VolumeType": _disk("type", "VolumeType"),
    "ec2:VolumeIops": _disk("iops", "Iops"),
    "ec2:VolumeThroughput": _disk("throughput", "Throughput"),
    "ec2:Encrypted": _encrypted,
    "ec2:ParentSnapshot": _source("snapshot", "snapshot"),
    "ec2:ParentVolume": _source("volume", "volume"),
    "ec2:Owner": _owner,
    "ec2:Public": _of("public", "image"),
    "ec2:ImageType": lambda asked: "machine" if _type(asked) == "image" else None,
}
# with what RunInstances needs
GIVEN = ("ec2:LaunchTemplate", "ec2:IsLaunchTemplateResource", "ec2:AssociatePublicIpAddress")
