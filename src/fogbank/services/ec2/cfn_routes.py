"""Gateways, route tables and routes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-routetable.html
"""

from __future__ import annotations

from fogbank.core.cfn import Name, Resource
from fogbank.core.cfn_calls import given, unless
from fogbank.core.cfn_tables import table
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from . import find
from .cfn_things import ById, Create, Delete, Linked, Properties

INTERNET_GATEWAY = table(
    "AWS::EC2::InternetGateway",
    ById(
        find.INTERNET_GATEWAY,
        Create("CreateInternetGateway", ("InternetGateway", "InternetGatewayId")),
        Delete("DeleteInternetGateway", "InternetGatewayId"),
        attributes=lambda tx, each: {"InternetGatewayId": each.id},
    ),
)
EGRESS_GATEWAY = table(
    "AWS::EC2::EgressOnlyInternetGateway",
    ById(
        find.EGRESS_GATEWAY,
        Create(
            "CreateEgressOnlyInternetGateway", ("EgressOnlyInternetGateway", "EgressOnlyInternetGatewayId"), ("VpcId",)
        ),
        Delete("DeleteEgressOnlyInternetGateway", "EgressOnlyInternetGatewayId"),
        attributes=lambda tx, each: {"Id": each.id},
        same=lambda each, properties: each.vpc == properties["VpcId"],
    ),
)
VPN_GATEWAY = table(
    "AWS::EC2::VPNGateway",
    ById(
        find.VPN_GATEWAY,
        Create("CreateVpnGateway", ("VpnGateway", "VpnGatewayId"), ("AmazonSideAsn", "Type")),
        Delete("DeleteVpnGateway", "VpnGatewayId"),
        attributes=lambda tx, each: {"VPNGatewayId": each.id},
        same=lambda each, properties: each.state != "deleted",
    ),
)
CUSTOMER_GATEWAY = table(
    "AWS::EC2::CustomerGateway",
    ById(
        find.CUSTOMER_GATEWAY,
        Create(
            "CreateCustomerGateway", ("CustomerGateway", "CustomerGatewayId"),
            ("BgpAsn", "CertificateArn", "DeviceName", "IpAddress", "Type"),
            request=lambda name, properties: (
                {"BgpAsnExtended": int(properties["BgpAsnExtended"])} if properties.get("BgpAsnExtended") else {}
            ),
        ),
        Delete("DeleteCustomerGateway", "CustomerGatewayId"),
        attributes=lambda tx, each: {"CustomerGatewayId": each.id},
        same=lambda each, properties: each.state != "deleted",
    ),
)  # fmt: skip

# -- attachments of gateways -------------------------------------------------------------------------------------------


def _attachment(properties: Properties) -> Resource:
    kind = "IGW" if properties.get("InternetGatewayId") else "VGW"
    return Resource(f"{kind}|{properties['VpcId']}", {"AttachmentType": kind})


async def _attach(ctx: Context, name: Name, properties: Properties) -> Resource:
    vpc = properties["VpcId"]
    if gateway := properties.get("InternetGatewayId"):
        try:
            await ctx.call("ec2", "AttachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})
        except ServiceError as error:
            found = await ctx.fetch(find.INTERNET_GATEWAY.known, ctx, gateway)
            if error.code != "Resource.AlreadyAssociated" or not name.began or found.vpc != vpc:
                raise
    else:
        await ctx.call("ec2", "AttachVpnGateway", {"VpnGatewayId": properties["VpnGatewayId"], "VpcId": vpc})
    return _attachment(properties)


async def _detach(ctx: Context, physical_id: str, properties: Properties) -> None:
    vpc = properties["VpcId"]
    if gateway := properties.get("InternetGatewayId"):
        call = ctx.call("ec2", "DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": vpc})
        await unless(call, "Gateway.NotAttached", find.INTERNET_GATEWAY.absent("").code, find.VPC.absent("").code)
        return
    call = ctx.call("ec2", "DetachVpnGateway", {"VpnGatewayId": properties["VpnGatewayId"], "VpcId": vpc})
    await unless(call, "InvalidVpnGatewayAttachment.NotFound", find.VPN_GATEWAY.absent("").code)


async def _reattach(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    if old != new:
        await _detach(ctx, physical_id, old)
        await _attach(ctx, Name("", "", "", "", ctx.now()), new)
    return _attachment(new)


GATEWAY_ATTACHMENT = table("AWS::EC2::VPCGatewayAttachment", Linked(_attach, _detach, _reattach))

# -- route tables ------------------------------------------------------------------------------------------------------

ROUTE_TABLE = table(
    "AWS::EC2::RouteTable",
    ById(
        find.ROUTE_TABLE,
        Create("CreateRouteTable", ("RouteTable", "RouteTableId"), ("VpcId",)),
        Delete("DeleteRouteTable", "RouteTableId"),
        attributes=lambda tx, each: {"RouteTableId": each.id},
        same=lambda each, properties: each.vpc == properties["VpcId"] and not any(a.main for a in each.associations),
    ),
)


def _association(attribute: str) -> Linked:
    async def make(ctx: Context, name: Name, properties: Properties) -> Resource:
        id = (await ctx.call("ec2", "AssociateRouteTable", dict(properties)))["AssociationId"]
        return Resource(id, {attribute: id})

    async def end(ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("ec2", "DisassociateRouteTable", {"AssociationId": physical_id})
        await unless(call, "InvalidAssociationID.NotFound")

    async def change(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        if old["RouteTableId"] == new["RouteTableId"]:
            return Resource(physical_id, {attribute: physical_id})
        request = {"AssociationId": physical_id, "RouteTableId": new["RouteTableId"]}
        id = (await ctx.call("ec2", "ReplaceRouteTableAssociation", request))["NewAssociationId"]
        return Resource(id, {attribute: id})

    return Linked(make, end, change)


SUBNET_ASSOCIATION = table("AWS::EC2::SubnetRouteTableAssociation", _association("Id"))
GATEWAY_ASSOCIATION = table("AWS::EC2::GatewayRouteTableAssociation", _association("AssociationId"))

_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def _route(properties: Properties) -> Resource:
    destination = next(str(properties[name]) for name in _DESTINATIONS if properties.get(name))
    return Resource(f"{properties['RouteTableId']}|{destination}", {"CidrBlock": destination})


async def _make_route(ctx: Context, name: Name, properties: Properties) -> Resource:
    await ctx.call("ec2", "CreateRoute", dict(properties))
    return _route(properties)


async def _change_route(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    if old != new:
        await ctx.call("ec2", "ReplaceRoute", dict(new))
    return _route(new)


async def _end_route(ctx: Context, physical_id: str, properties: Properties) -> None:
    call = ctx.call("ec2", "DeleteRoute", given(properties, "RouteTableId", *_DESTINATIONS))
    await unless(call, "InvalidRoute.NotFound", find.ROUTE_TABLE.absent("").code)


ROUTE = table(
    "AWS::EC2::Route",
    Linked(_make_route, _end_route, _change_route),
    unbuilt=("CarrierGatewayId", "CoreNetworkArn", "LocalGatewayId", "OdbNetworkArn"),
)


async def _propagate(ctx: Context, name: Name, properties: Properties) -> Resource:
    for id in properties["RouteTableIds"]:
        request = {"RouteTableId": id, "GatewayId": properties["VpnGatewayId"]}
        await ctx.call("ec2", "EnableVgwRoutePropagation", request)
    return Resource(name.physical(), {"Id": name.physical()})


async def _end_propagation(ctx: Context, physical_id: str, properties: Properties) -> None:
    for id in properties["RouteTableIds"]:
        request = {"RouteTableId": id, "GatewayId": properties["VpnGatewayId"]}
        call = ctx.call("ec2", "DisableVgwRoutePropagation", request)
        await unless(call, find.ROUTE_TABLE.absent("").code, find.VPN_GATEWAY.absent("").code)


async def _change_propagation(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    if old != new:
        await _end_propagation(ctx, physical_id, old)
        await _propagate(ctx, Name("", "", "", ""), new)
    return Resource(physical_id, {"Id": physical_id})


PROPAGATION = table("AWS::EC2::VPNGatewayRoutePropagation", Linked(_propagate, _end_propagation, _change_propagation))
