"""What a launch needs permission for: the new instance, its volumes and interfaces, and all that it uses.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import defaults

from ..find import GROUP, INTERFACE, SUBNET
from ..kinds import created
from ..tags import given
from . import placing, profiles, templates
from .find import IMAGE, INSTANCE, KEY_NAME, PLACEMENT_GROUP, PLACEMENT_NAME, SNAPSHOT, VOLUME

BY_PARAMETER = "resolve:ssm:"


def needed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """For RunInstances. Condition keys go with what they describe."""
    defaults.ensure(ctx)
    found: list[Access] = []
    template = ""
    if req.get("LaunchTemplate"):
        template = templates.named(ctx, req["LaunchTemplate"])
        found.append(Access("", template, {"ec2:LaunchTemplate": str(template)}))
    with ctx.read() as tx:
        merged = templates.merged(tx, ctx, req)
        specs = placing.interfaces_of(tx, ctx, merged)
    origin = Origin(req, template)
    instance = {
        "ec2:InstanceType": merged.get("InstanceType") or "",
        "ec2:Tenancy": (merged.get("Placement") or {}).get("Tenancy") or "default",
        "ec2:EbsOptimized": _flag(merged.get("EbsOptimized")),
        "ec2:InstanceMarketType": (merged.get("InstanceMarketOptions") or {}).get("MarketType") or "on-demand",
        **_metadata(merged.get("MetadataOptions") or {}),
        **_profile(ctx, merged),
        **origin.keys("InstanceType"),
    }
    found += _with(created(ctx, INSTANCE.new(ctx), given(merged, "instance")), instance)
    found += _images(ctx, merged, origin)
    if merged.get("KeyName"):
        found.append(Access("", KEY_NAME.name(ctx, merged["KeyName"]), origin.keys("KeyName")))
    found += _network(ctx, merged, specs, origin)
    placement, shared = merged.get("Placement") or {}, origin.keys("Placement")
    if placement.get("GroupId"):
        found.append(Access("", PLACEMENT_GROUP.name(ctx, placement["GroupId"]), shared))
    elif placement.get("GroupName"):
        found.append(Access("", PLACEMENT_NAME.name(ctx, placement["GroupName"]), shared))
    return found + profiles.passed(ctx, merged.get("IamInstanceProfile"))


class Origin:
    """Whether the resources of a launch are those of its launch template."""

    def __init__(self, req: Mapping[str, Any], template: str) -> None:
        self._req, self._template = req, str(template)

    def keys(self, *members: str) -> dict[str, str]:
        """The condition keys of a resource that these members of the request would name."""
        own = any(self._req.get(member) for member in members)
        template = {"ec2:LaunchTemplate": self._template} if self._template else {}
        return {**template, "ec2:IsLaunchTemplateResource": _flag(self._template and not own)}


def _images(ctx: Context, req: dict[str, Any], origin: Origin) -> list[Access]:
    """The image, and the volumes that are made of its snapshots and of others."""
    found: list[Access] = []
    text, shared = req.get("ImageId") or "", origin.keys("ImageId")
    named = None if not text or text.startswith(BY_PARAMETER) else IMAGE.name(ctx, text)
    if text:
        found.append(Access("", IMAGE.new(ctx) if named is None else named, shared))
    mappings = req.get("BlockDeviceMappings") or ()
    shared = origin.keys("BlockDeviceMappings")
    for mapping in mappings:
        if (mapping.get("Ebs") or {}).get("SnapshotId"):
            found.append(Access("", SNAPSHOT.name(ctx, mapping["Ebs"]["SnapshotId"]), shared))
    disks = {
        device.name: device.ebs for device in (named.record.devices if named and named.record else ()) if device.ebs
    }
    for mapping in mappings:
        name = mapping.get("DeviceName") or ""
        if mapping.get("Ebs") is not None:
            disks[name] = {**(disks.get(name) or {}), **mapping["Ebs"]}
    for ebs in [*disks.values()] or [{}]:
        found += _with(created(ctx, VOLUME.new(ctx), given(req, "volume")), {**_disk(ebs), **shared})
    return found


def _disk(ebs: Mapping[str, Any]) -> dict[str, str]:
    keys = {
        "ec2:VolumeSize": ebs.get("VolumeSize"), "ec2:VolumeType": ebs.get("VolumeType"),
        "ec2:VolumeIops": ebs.get("Iops"), "ec2:VolumeThroughput": ebs.get("Throughput"),
    }  # fmt: skip
    found = {key: str(value) for key, value in keys.items() if value}
    return {**found, "ec2:Encrypted": _flag(ebs.get("Encrypted"))}


def _network(ctx: Context, req: dict[str, Any], specs: list[placing.Spec], origin: Origin) -> list[Access]:
    found: list[Access] = []
    shared = origin.keys("NetworkInterfaces", "SubnetId", "SecurityGroupIds", "SecurityGroups")
    for spec in specs:
        if spec.get("NetworkInterfaceId"):
            interface = INTERFACE.name(ctx, spec["NetworkInterfaceId"])
            found.append(Access("", interface, shared))
            continue
        subnet = SUBNET.name(ctx, spec["SubnetId"])
        found.append(Access("", subnet, shared))
        found += [Access("", GROUP.name(ctx, id), shared) for id in spec.get("Groups") or ()]
        conditions = {"ec2:Subnet": str(subnet), **shared}
        if spec.get("AssociatePublicIpAddress") is not None:
            conditions["ec2:AssociatePublicIpAddress"] = _flag(spec["AssociatePublicIpAddress"])
        found += _with(created(ctx, INTERFACE.new(ctx), given(req, "network-interface")), conditions)
    return found


def _with(needed: list[Access], conditions: Mapping[str, str]) -> list[Access]:
    """The same with further condition keys."""
    return [Access(each.action, each.resource, {**each.conditions, **conditions}) for each in needed]


def _flag(value: Any) -> str:
    return "true" if value else "false"


def _metadata(options: Mapping[str, Any]) -> dict[str, str]:
    keys = {
        "ec2:MetadataHttpEndpoint": options.get("HttpEndpoint"),
        "ec2:MetadataHttpTokens": options.get("HttpTokens"),
        "ec2:MetadataHttpPutResponseHopLimit": options.get("HttpPutResponseHopLimit"),
    }
    return {key: str(value) for key, value in keys.items() if value is not None}


def _profile(ctx: Context, req: Mapping[str, Any]) -> dict[str, str]:
    spec = req.get("IamInstanceProfile") or {}
    if not spec.get("Name") and not spec.get("Arn"):
        return {}
    with ctx.read() as tx:
        return {"ec2:InstanceProfile": profiles.arn_of(ctx, profiles.find(tx, ctx, spec))}
