"""Endpoints, peering connections, flow logs and transit gateways.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed
from fogbank.core.cfn_calls import given, text, unless
from fogbank.core.cfn_tables import table, tags_of
from fogbank.core.context import Context
from fogbank.core.tags import to_list
from fogbank.network.link_records import FLOW_LOGS, Endpoint
from fogbank.network.transit_records import TransitGateway
from fogbank.store.api import Reader

from . import find
from .cfn_things import ById, Create, Delete, Linked, Properties, changed, retag, same

# -- endpoints ---------------------------------------------------------------------------------------------------------


def _new_endpoint(name: Name, properties: Properties) -> Properties:
    policy = {"PolicyDocument": text(properties["PolicyDocument"])} if properties.get("PolicyDocument") else {}
    return {**policy, "ClientToken": name.token}


async def _furnish_endpoint(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    if not old:
        return
    request: Properties = {}
    for member, word in (
        ("RouteTableIds", "RouteTableIds"), ("SubnetIds", "SubnetIds"), ("SecurityGroupIds", "SecurityGroupIds"),
    ):  # fmt: skip
        before, after = old.get(member) or [], new.get(member) or []
        if added := [each for each in after if each not in before]:
            request[f"Add{word}"] = added
        if removed := [each for each in before if each not in after]:
            request[f"Remove{word}"] = removed
    if changed(old, new, "PolicyDocument"):
        policy = new.get("PolicyDocument")
        request |= {"PolicyDocument": text(policy)} if policy else {"ResetPolicy": True}
    request |= {name: new[name] for name in ("PrivateDnsEnabled", "IpAddressType", "DnsOptions")
                if new.get(name) is not None and changed(old, new, name)}  # fmt: skip
    if request:
        await ctx.call("ec2", "ModifyVpcEndpoint", {"VpcEndpointId": id, **request})


def _endpoint(tx: Reader, found: Endpoint) -> Properties:
    made = datetime.fromtimestamp(found.created, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    return {
        "Id": found.id,
        "CreationTimestamp": made,
        "DnsEntries": [f"{entry.zone}:{entry.name}" for entry in found.dns],
        "NetworkInterfaceIds": found.interfaces,
    }


ENDPOINT = table(
    "AWS::EC2::VPCEndpoint",
    ById(
        find.ENDPOINT,
        Create(
            "CreateVpcEndpoint", ("VpcEndpoint", "VpcEndpointId"),
            ("VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds", "SubnetIds", "SecurityGroupIds",
             "PrivateDnsEnabled", "IpAddressType", "DnsOptions"),
            request=_new_endpoint,
        ),
        Delete("DeleteVpcEndpoints", "VpcEndpointIds", request=lambda id: {"VpcEndpointIds": [id]}),
        attributes=_endpoint,
        furnish=_furnish_endpoint,
        same=lambda each, properties: each.vpc == properties["VpcId"],
    ),
    unbuilt=("ResourceConfigurationArn", "ServiceNetworkArn", "ServiceRegion",
             "DnsOptions/PrivateDnsOnlyForInboundResolverEndpoint"),
)  # fmt: skip


def _new_service(name: Name, properties: Properties) -> Properties:
    return {"ClientToken": name.token}


async def _furnish_service(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    if not old:
        return
    request = {name: new[name] for name in ("AcceptanceRequired", "PrivateDnsName")
               if new.get(name) is not None and changed(old, new, name)}  # fmt: skip
    for member in ("NetworkLoadBalancerArns", "GatewayLoadBalancerArns", "SupportedIpAddressTypes"):
        before, after = old.get(member) or [], new.get(member) or []
        if added := [each for each in after if each not in before]:
            request[f"Add{member}"] = added
        if removed := [each for each in before if each not in after]:
            request[f"Remove{member}"] = removed
    if request:
        await ctx.call("ec2", "ModifyVpcEndpointServiceConfiguration", {"ServiceId": id, **request})


ENDPOINT_SERVICE = table(
    "AWS::EC2::VPCEndpointService",
    ById(
        find.ENDPOINT_SERVICE,
        Create(
            "CreateVpcEndpointServiceConfiguration", ("ServiceConfiguration", "ServiceId"),
            ("AcceptanceRequired", "PrivateDnsName", "NetworkLoadBalancerArns", "GatewayLoadBalancerArns",
             "SupportedIpAddressTypes"),
            request=_new_service,
        ),
        Delete("DeleteVpcEndpointServiceConfigurations", "ServiceIds", request=lambda id: {"ServiceIds": [id]}),
        attributes=lambda tx, each: {"ServiceId": each.id},
        furnish=_furnish_service,
    ),
    unbuilt=("ContributorInsightsEnabled", "PayerResponsibility", "PrivateDnsNameConfiguration", "SupportedRegions"),
)  # fmt: skip


async def _permit(ctx: Context, name: Name, properties: Properties) -> Resource:
    return await _repermit(ctx, properties["ServiceId"], {}, properties)


async def _repermit(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    before, after = old.get("AllowedPrincipals") or [], new.get("AllowedPrincipals") or []
    request: Properties = {"ServiceId": physical_id, "AddAllowedPrincipals": after}
    if removed := [each for each in before if each not in after]:
        request["RemoveAllowedPrincipals"] = removed
    await ctx.call("ec2", "ModifyVpcEndpointServicePermissions", request)
    return Resource(physical_id)


async def _forbid(ctx: Context, physical_id: str, properties: Properties) -> None:
    def held(tx: Reader) -> list[str]:
        found = tx.get(find.ENDPOINT_SERVICE.table, (ctx.account, ctx.region, physical_id))
        return [] if found is None else found.principals

    wanted = properties.get("AllowedPrincipals") or []
    gone = [each for each in await ctx.fetch(held) if each in wanted]
    if gone:
        request = {"ServiceId": physical_id, "RemoveAllowedPrincipals": gone}
        await ctx.call("ec2", "ModifyVpcEndpointServicePermissions", request)


PERMISSIONS = table("AWS::EC2::VPCEndpointServicePermissions", Linked(_permit, _forbid, _repermit))

# -- peering -----------------------------------------------------------------------------------------------------------


async def _accept(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """Accept the request, where the other VPC is the account's own."""
    found = await ctx.fetch(find.PEERING.known, ctx, id)
    if found.status == "failed":
        raise ResourceFailed(f"VPC Peering Connection {id} failed.")
    if found.status == "pending-acceptance" and found.accepter.account == ctx.account:
        there = ctx.acting_as(ctx.principal, region=found.accepter.region)
        await there.call("ec2", "AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": id})


PEERING = table(
    "AWS::EC2::VPCPeeringConnection",
    ById(
        find.PEERING,
        Create(
            "CreateVpcPeeringConnection", ("VpcPeeringConnection", "VpcPeeringConnectionId"),
            ("VpcId", "PeerVpcId", "PeerOwnerId", "PeerRegion"),
        ),
        Delete("DeleteVpcPeeringConnection", "VpcPeeringConnectionId"),
        attributes=lambda tx, each: {"Id": each.id},
        furnish=_accept,
        same=lambda each, properties: each.requester.vpc == properties["VpcId"] and each.status != "deleted",
        gone=("InvalidStateTransition",),
    ),
    unbuilt=("PeerRoleArn", "AssumeRoleRegion"),
)  # fmt: skip

# -- flow logs ---------------------------------------------------------------------------------------------------------


async def _log(ctx: Context, name: Name, properties: Properties) -> Resource:
    def there(tx: Reader) -> str | None:
        logs = tx.scan_index(FLOW_LOGS, "resource", (ctx.account, ctx.region, properties["ResourceId"]))
        return next(
            (log.id for log in logs if log.tags == tags_of(properties) and name.made(log.created, log.id)), None
        )

    id = await ctx.fetch(there) if name.began else None
    if id is None:
        request = {key: value for key, value in properties.items() if key not in ("ResourceId", "Tags")}
        if tags := to_list(tags_of(properties)):
            request["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": tags}]
        answer: Any = await ctx.call("ec2", "CreateFlowLogs", {**request, "ResourceIds": [properties["ResourceId"]]})
        if answer["Unsuccessful"]:
            raise ResourceFailed(answer["Unsuccessful"][0]["Error"]["Message"])
        (id,) = answer["FlowLogIds"]
    return Resource(id, {"Id": id})


async def _relog(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    await retag(ctx, physical_id, old, new)
    return Resource(physical_id, {"Id": physical_id})


async def _unlog(ctx: Context, physical_id: str, properties: Properties) -> None:
    await unless(ctx.call("ec2", "DeleteFlowLogs", {"FlowLogIds": [physical_id]}), find.FLOW_LOG.absent("").code)


FLOW_LOG = table(
    "AWS::EC2::FlowLog",
    Linked(_log, _unlog, _relog),
    unbuilt=("DeliverCrossAccountRole", "TagFieldSpecifications"),
)

# -- transit gateways --------------------------------------------------------------------------------------------------

_OPTIONS = (
    "AmazonSideAsn", "AutoAcceptSharedAttachments", "DefaultRouteTableAssociation", "DefaultRouteTablePropagation",
    "DnsSupport", "MulticastSupport", "SecurityGroupReferencingSupport", "TransitGatewayCidrBlocks", "VpnEcmpSupport",
)  # fmt: skip


def _new_transit(name: Name, properties: Properties) -> Properties:
    return {**given(properties, "Description"), "Options": given(properties, *_OPTIONS)}


async def _furnish_transit(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    if not old:
        return
    names = (*_OPTIONS, "AssociationDefaultRouteTableId", "PropagationDefaultRouteTableId")
    options = {name: new[name] for name in names if name in new and changed(old, new, name)}
    before, after = old.get("TransitGatewayCidrBlocks") or [], options.pop("TransitGatewayCidrBlocks", None)
    if after is not None:
        options["AddTransitGatewayCidrBlocks"] = [each for each in after if each not in before]
        options["RemoveTransitGatewayCidrBlocks"] = [each for each in before if each not in after]
    if options or changed(old, new, "Description"):
        request = {"TransitGatewayId": id, "Description": new.get("Description") or "", "Options": options}
        await ctx.call("ec2", "ModifyTransitGateway", request)


def _transit(tx: Reader, found: TransitGateway) -> Properties:
    return {
        "Id": found.id,
        "TransitGatewayArn": f"arn:aws:ec2:{found.region}:{found.account}:transit-gateway/{found.id}",
    }


TRANSIT_GATEWAY = table(
    "AWS::EC2::TransitGateway",
    ById(
        find.TRANSIT_GATEWAY,
        Create("CreateTransitGateway", ("TransitGateway", "TransitGatewayId"), request=_new_transit),
        Delete("DeleteTransitGateway", "TransitGatewayId"),
        attributes=_transit,
        furnish=_furnish_transit,
        same=lambda each, properties: each.state != "deleted",
    ),
    unbuilt=("EncryptionSupport",),
)


async def _furnish_attachment(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    if not old:
        return
    before, after = old.get("SubnetIds") or [], new.get("SubnetIds") or []
    request = {
        "AddSubnetIds": [each for each in after if each not in before],
        "RemoveSubnetIds": [each for each in before if each not in after],
        "Options": new.get("Options") or {},
    }
    request = {name: value for name, value in request.items() if value}
    if after != before or changed(old, new, "Options"):
        await ctx.call("ec2", "ModifyTransitGatewayVpcAttachment", {"TransitGatewayAttachmentId": id, **request})


def _attachment() -> ById:
    return ById(
        find.TRANSIT_ATTACHMENT,
        Create(
            "CreateTransitGatewayVpcAttachment", ("TransitGatewayVpcAttachment", "TransitGatewayAttachmentId"),
            ("TransitGatewayId", "VpcId", "SubnetIds", "Options"),
        ),
        Delete("DeleteTransitGatewayVpcAttachment", "TransitGatewayAttachmentId"),
        attributes=lambda tx, each: {"Id": each.id},
        furnish=_furnish_attachment,
        same=lambda each, properties: each.vpc == properties["VpcId"] and each.state != "deleted",
    )  # fmt: skip


TRANSIT_ATTACHMENT = table("AWS::EC2::TransitGatewayAttachment", _attachment())
TRANSIT_VPC_ATTACHMENT = table(
    "AWS::EC2::TransitGatewayVpcAttachment", _attachment(), unbuilt=("AddSubnetIds", "RemoveSubnetIds")
)
TRANSIT_TABLE = table(
    "AWS::EC2::TransitGatewayRouteTable",
    ById(
        find.TRANSIT_TABLE,
        Create(
            "CreateTransitGatewayRouteTable", ("TransitGatewayRouteTable", "TransitGatewayRouteTableId"),
            ("TransitGatewayId",),
        ),
        Delete("DeleteTransitGatewayRouteTable", "TransitGatewayRouteTableId"),
        attributes=lambda tx, each: {"TransitGatewayRouteTableId": each.id},
        same=lambda each, properties: each.gateway == properties["TransitGatewayId"] and each.state != "deleted",
    ),
)  # fmt: skip


def _transit_link(make: str, end: str, there: tuple[str, ...], gone: tuple[str, ...], *names: str) -> Linked:
    """A link of a table: a route, an association or a propagation. Ref: its parts with | between them."""

    async def create(ctx: Context, name: Name, properties: Properties) -> Resource:
        await unless(ctx.call("ec2", make, dict(properties)), *(there if name.began else ()))
        return Resource("|".join(str(properties[each]) for each in names))

    async def delete(ctx: Context, physical_id: str, properties: Properties) -> None:
        parts = ("TransitGatewayRouteTableId", *(each for each in names if each != "TransitGatewayRouteTableId"))
        await unless(ctx.call("ec2", end, given(properties, *parts)), *gone, "IncorrectState",
                     find.TRANSIT_TABLE.absent("").code, find.TRANSIT_ATTACHMENT.absent("").code)  # fmt: skip

    return Linked(create, delete, same())


_TABLE, _ATTACHED = "TransitGatewayRouteTableId", "TransitGatewayAttachmentId"
TRANSIT_ROUTE = table(
    "AWS::EC2::TransitGatewayRoute",
    _transit_link(
        "CreateTransitGatewayRoute", "DeleteTransitGatewayRoute", ("RouteAlreadyExists",), ("InvalidRoute.NotFound",),
        _TABLE, "DestinationCidrBlock",
    ),
)  # fmt: skip
TRANSIT_ASSOCIATION = table(
    "AWS::EC2::TransitGatewayRouteTableAssociation",
    _transit_link(
        "AssociateTransitGatewayRouteTable", "DisassociateTransitGatewayRouteTable", ("Resource.AlreadyAssociated",),
        ("InvalidAssociation.NotFound",), _TABLE, _ATTACHED,
    ),
)  # fmt: skip
TRANSIT_PROPAGATION = table(
    "AWS::EC2::TransitGatewayRouteTablePropagation",
    _transit_link(
        "EnableTransitGatewayRouteTablePropagation", "DisableTransitGatewayRouteTablePropagation",
        ("TransitGatewayRouteTablePropagation.Duplicate",), ("TransitGatewayRouteTablePropagation.NotFound",),
        _TABLE, _ATTACHED,
    ),
)  # fmt: skip
