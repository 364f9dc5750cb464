"""The condition keys of EC2's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.conditions import Asked, Keys
from fogbank.network.link_records import Endpoint, Peering, Side
from fogbank.network.records import ElasticIp

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


def _peer(side: str) -> Callable[[Asked], Any]:
    """The ARN of one VPC of a peering connection: of the record, or of the request that makes it."""

    def read(asked: Asked) -> Any:
        if isinstance(asked.record, Peering):
            found: Side = getattr(asked.record, side)
            return asked.ctx.arn("ec2", f"vpc/{found.vpc}", account=found.account, region=found.region)
        request, ctx = asked.request, asked.ctx
        if ctx.operation != "CreateVpcPeeringConnection":
            return None
        if side == "requester":
            return ctx.arn("ec2", f"vpc/{request.get('VpcId')}")
        account, region = request.get("PeerOwnerId") or ctx.account, request.get("PeerRegion") or ctx.region
        return ctx.arn("ec2", f"vpc/{request.get('PeerVpcId')}", account=account, region=region)

    return read


def _endpoint_service(asked: Asked) -> Any:
    """The name of the service of an endpoint: of the record, or of the request that makes it."""
    if isinstance(asked.record, Endpoint):
        return asked.record.service
    return asked.request.get("ServiceName") if asked.ctx.operation == "CreateVpcEndpoint" else None


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
        "ec2:PublicIpAddress": lambda asked: asked.record.address if isinstance(asked.record, ElasticIp) else None,
        "ec2:Domain": lambda asked: asked.record.domain if isinstance(asked.record, ElasticIp) else None,
        "ec2:VpcPeeringConnectionID": _id("vpc-peering-connection"),
        "ec2:AccepterVpc": _peer("accepter"),
        "ec2:RequesterVpc": _peer("requester"),
        "ec2:VpceServiceName": _endpoint_service,
        "ec2:transitGatewayId": _id("transit-gateway"),
        "ec2:transitGatewayAttachmentId": _id("transit-gateway-attachment"),
        "ec2:transitGatewayRouteTableId": _id("transit-gateway-route-table"),
        **compute.READS,
    },
    given=("ec2:CreateAction", *compute.GIVEN),
)
