"""The condition keys of EC2's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.conditions import Asked, Keys

from .compute import conditions as compute


def _attribute(name: str) -> Callable[[Asked], Any]:
    """An attribute of the record; None where it has none."""
    return lambda asked: getattr(asked.record, name, None) or None


def _id(word: str) -> Callable[[Asked], Any]:
    """The id in the ARN of a thing of one type."""

    def read(asked: Asked) -> Any:
        kind, _, id = asked.resource.rpartition(":")[2].partition("/")
        return id if kind == word else None

    return read


def _arn(word: str, name: str) -> Callable[[Asked], Any]:
    """The ARN of what an attribute of the record names: ec2:Vpc of a subnet."""

    def read(asked: Asked) -> Any:
        id = getattr(asked.record, name, None)
        owner = getattr(asked.record, "account", "")
        return asked.ctx.arn("ec2", f"{word}/{id}", account=owner) if id else None

    return read


KEYS = Keys(
    "ec2",
    {
        "ec2:Region": lambda asked: asked.ctx.region,
        "ec2:ResourceTag/": lambda asked: getattr(asked.record, "tags", None),
        "ec2:AvailabilityZone": _attribute("zone"),
        "ec2:AvailabilityZoneId": _attribute("zone_id"),
        "ec2:Tenancy": _attribute("tenancy"),
        "ec2:Vpc": _arn("vpc", "vpc"),
        "ec2:Subnet": _arn("subnet", "subnet"),
        "ec2:VpcID": _id("vpc"),
        "ec2:SubnetID": _id("subnet"),
        "ec2:DhcpOptionsID": _id("dhcp-options"),
        "ec2:InternetGatewayID": _id("internet-gateway"),
        "ec2:RouteTableID": _id("route-table"),
        "ec2:NetworkAclID": _id("network-acl"),
        "ec2:SecurityGroupID": _id("security-group"),
        "ec2:NetworkInterfaceID": _id("network-interface"),
        "ec2:AllocationId": _id("elastic-ip"),
        **compute.READS,
    },
    given=("ec2:CreateAction", *compute.GIVEN),
)
