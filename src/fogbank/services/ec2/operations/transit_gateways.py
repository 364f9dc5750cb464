"""Transit gateways and the attachments of VPCs. Their route tables are in `transit_routes`.

https://docs.aws.amazon.com/vpc/latest/tgw/what-is-transit-gateway.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.quotas import reached
from fogbank.core.context import Context
from fogbank.network import interfaces, vpcs
from fogbank.network.records import INTERFACES
from fogbank.network.transit_records import (
    TRANSIT_ATTACHMENTS,
    TRANSIT_GATEWAYS,
    TRANSIT_TABLES,
    TransitAttachment,
    TransitGateway,
    TransitTable,
)
from fogbank.store.api import Reader, Transaction

from .. import jobs, tags
from ..calls import Answer, Request, action
from ..errors import IncorrectState, InvalidParameterValue, NetworkError
from ..filters import Filters, describe
from ..find import SUBNET, TRANSIT_ATTACHMENT, TRANSIT_GATEWAY, VPC
from ..kinds import creates, on

QUOTA = "L-A2478D36"
DEFAULTS = {
    "AutoAcceptSharedAttachments": "disable", "DefaultRouteTableAssociation": "enable",
    "DefaultRouteTablePropagation": "enable", "VpnEcmpSupport": "enable", "DnsSupport": "enable",
    "SecurityGroupReferencingSupport": "disable", "MulticastSupport": "disable",
}  # fmt: skip
OF_ATTACHMENT = {
    "DnsSupport": "enable", "SecurityGroupReferencingSupport": "enable", "Ipv6Support": "disable",
    "ApplianceModeSupport": "disable",
}  # fmt: skip
ENABLED = "enable"
BY_ID = on((TRANSIT_GATEWAY, "TransitGatewayId"))
BY_ATTACHMENT = on((TRANSIT_ATTACHMENT, "TransitGatewayAttachmentId"))


def shape(ctx: Context, found: TransitGateway, state: str = "") -> dict[str, Any]:
    tables: dict[str, str] = {}
    if found.association_table:
        tables["AssociationDefaultRouteTableId"] = found.association_table
    if found.propagation_table:
        tables["PropagationDefaultRouteTableId"] = found.propagation_table
    blocks = {"TransitGatewayCidrBlocks": found.cidrs} if found.cidrs else {}
    return {
        "TransitGatewayId": found.id,
        "TransitGatewayArn": TRANSIT_GATEWAY.arn_of(ctx, found.id, found.account),
        "State": state or found.state,
        "OwnerId": found.account,
        **({"Description": found.description} if found.description else {}),
        "CreationTime": found.created,
        "Options": {"AmazonSideAsn": found.asn, **blocks, **found.options, **tables},
        "Tags": tags.listed(found.tags),
    }


def _options(given: dict[str, Any], known: dict[str, str]) -> dict[str, str]:
    found = {name: given[name] for name in known if given.get(name) is not None}
    if wrong := next((value for value in found.values() if value not in ("enable", "disable")), None):
        raise InvalidParameterValue(f"Invalid option '{wrong}'. Use enable or disable.")
    return {**known, **found}


@action("CreateTransitGateway", resource=creates(TRANSIT_GATEWAY))
def create_transit_gateway(ctx: Context, req: Request) -> Answer:
    """Create a gateway with its default route table."""
    given, wanted = tags.created(req, "transit-gateway"), req.get("Options") or {}
    options = _options(wanted, DEFAULTS)
    with ctx.write() as tx:
        if reached(tx, ctx, "ec2", QUOTA, TRANSIT_GATEWAYS, (ctx.account, ctx.region)) is not None:
            raise NetworkError(
                "TransitGatewayLimitExceeded", "The maximum number of transit gateways has been reached."
            )
        made = TransitGateway(
            **vpcs.common(ctx, "tgw", given), description=req.get("Description") or "", options=options,
            asn=wanted.get("AmazonSideAsn") or 64512, cidrs=wanted.get("TransitGatewayCidrBlocks") or [],
        )  # fmt: skip
        association = options["DefaultRouteTableAssociation"] == ENABLED
        propagation = options["DefaultRouteTablePropagation"] == ENABLED
        if association or propagation:
            table = TransitTable(**vpcs.common(ctx, "tgw-rtb"), gateway=made.id)
            tx.put(TRANSIT_TABLES, table)
            made.association_table = table.id if association else ""
            made.propagation_table = table.id if propagation else ""
        tx.put(TRANSIT_GATEWAYS, made)
    return {"TransitGateway": shape(ctx, made, "pending")}


def live(found: TransitGateway) -> TransitGateway:
    """The gateway again; IncorrectState if it has been deleted."""
    if found.state != "available":
        raise IncorrectState(f"{found.id} is in invalid state")
    return found


@action("ModifyTransitGateway", resource=BY_ID)
def modify_transit_gateway(ctx: Context, req: Request) -> Answer:
    """Change the options of a gateway."""
    wanted = req.get("Options") or {}
    with ctx.write() as tx:
        found = live(TRANSIT_GATEWAY.require(tx, ctx, req["TransitGatewayId"]))
        found.options = _options(wanted, found.options)
        found.description = found.description if req.get("Description") is None else req["Description"]
        found.asn = wanted.get("AmazonSideAsn") or found.asn
        gone = wanted.get("RemoveTransitGatewayCidrBlocks") or ()
        found.cidrs = [each for each in found.cidrs if each not in gone]
        found.cidrs = list(dict.fromkeys([*found.cidrs, *(wanted.get("AddTransitGatewayCidrBlocks") or ())]))
        found.association_table = wanted.get("AssociationDefaultRouteTableId") or found.association_table
        found.propagation_table = wanted.get("PropagationDefaultRouteTableId") or found.propagation_table
        tx.put(TRANSIT_GATEWAYS, found)
    return {"TransitGateway": shape(ctx, found, "modifying")}


@action("DeleteTransitGateway", resource=BY_ID)
def delete_transit_gateway(ctx: Context, req: Request) -> Answer:
    """Delete a gateway to which nothing is attached. It is described as deleted for a while."""
    with ctx.write() as tx:
        found = TRANSIT_GATEWAY.require(tx, ctx, req["TransitGatewayId"])
        place = (ctx.account, ctx.region, found.id)
        attached = [a.id for a in tx.scan_index(TRANSIT_ATTACHMENTS, "gateway", place) if a.state != "deleted"]
        if attached:
            raise IncorrectState(f"{found.id} has non-deleted VPC Attachments: {', '.join(attached)}")
        for table in list(tx.scan_index(TRANSIT_TABLES, "gateway", place)):
            tx.delete(TRANSIT_TABLES, TRANSIT_TABLES.key(table))
        if found.state != "deleted":
            found.state = "deleted"
            tx.put(TRANSIT_GATEWAYS, found)
            jobs.forget(tx, ctx, found.id)
    return {"TransitGateway": shape(ctx, found, "deleting")}


FILTERS: Filters[TransitGateway] = Filters(
    {
        "options.amazon-side-asn": "asn",
        "options.association-default-route-table-id": "association_table",
        "options.auto-accept-shared-attachments": lambda found: found.options["AutoAcceptSharedAttachments"],
        "options.default-route-table-association": lambda found: found.options["DefaultRouteTableAssociation"],
        "options.default-route-table-propagation": lambda found: found.options["DefaultRouteTablePropagation"],
        "options.dns-support": lambda found: found.options["DnsSupport"],
        "options.propagation-default-route-table-id": "propagation_table",
        "options.vpn-ecmp-support": lambda found: found.options["VpnEcmpSupport"],
        "owner-id": "account",
        "state": "state",
        "transit-gateway-id": "id",
    }
)


@action("DescribeTransitGateways", resource="*")
def describe_transit_gateways(ctx: Context, req: Request) -> Answer:
    """Describe gateways."""
    return describe(
        ctx, req, TRANSIT_GATEWAY, FILTERS, ids="TransitGatewayIds", into="TransitGateways",
        shape=lambda tx, found: shape(ctx, found), index=None,
    )  # fmt: skip


# -- attachments of VPCs -----------------------------------------------------------------------------------------------

CREATES = creates(TRANSIT_ATTACHMENT, (TRANSIT_GATEWAY, "TransitGatewayId"), (VPC, "VpcId"), (SUBNET, "SubnetIds"))


def attachment_shape(found: TransitAttachment, state: str = "") -> dict[str, Any]:
    return {
        "TransitGatewayAttachmentId": found.id,
        "TransitGatewayId": found.gateway,
        "VpcId": found.vpc,
        "VpcOwnerId": found.account,
        "State": state or found.state,
        "SubnetIds": found.subnets,
        "CreationTime": found.created,
        "Options": found.options,
        "Tags": tags.listed(found.tags),
    }


@action("CreateTransitGatewayVpcAttachment", resource=CREATES)
def create_transit_gateway_vpc_attachment(ctx: Context, req: Request) -> Answer:
    """Attach a VPC, with an interface in one subnet of each zone."""
    given = tags.created(req, "transit-gateway-attachment")
    with ctx.write() as tx:
        gateway = live(TRANSIT_GATEWAY.require(tx, ctx, req["TransitGatewayId"]))
        vpc = VPC.require(tx, ctx, req["VpcId"])
        others = tx.scan_index(TRANSIT_ATTACHMENTS, "vpc", (ctx.account, ctx.region, vpc.id))
        if any(other.gateway == gateway.id for other in others):
            raise NetworkError(
                "DuplicateTransitGatewayAttachment", f"{gateway.id} has non-deleted Transit Gateway Attachments with "
                "same VPC ID.",
            )  # fmt: skip
        options = _options(req.get("Options") or {}, OF_ATTACHMENT)
        made = TransitAttachment(
            **vpcs.common(ctx, "tgw-attach", given), gateway=gateway.id, vpc=vpc.id, subnets=[], options=options
        )
        for id in dict.fromkeys(req["SubnetIds"]):
            _add_subnet(tx, ctx, made, id)
        made.table = gateway.association_table
        tx.put(TRANSIT_ATTACHMENTS, made)
        table = _table(tx, gateway)
        if table is not None:
            table.propagations = [*table.propagations, made.id]
            tx.put(TRANSIT_TABLES, table)
    return {"TransitGatewayVpcAttachment": attachment_shape(made, "pending")}


def _table(tx: Reader, gateway: TransitGateway) -> TransitTable | None:
    """The table to which new attachments propagate."""
    return tx.get(TRANSIT_TABLES, (gateway.account, gateway.region, gateway.propagation_table))


def _add_subnet(tx: Transaction, ctx: Context, made: TransitAttachment, id: str) -> None:
    subnet = SUBNET.require(tx, ctx, id)
    if subnet.vpc != made.vpc:
        raise NetworkError("InvalidSubnetID.NotFound", f"The subnet ID '{id}' does not exist in {made.vpc}")
    if subnet.zone in {interfaces.subnet(tx, ctx, other).zone for other in made.subnets}:
        raise NetworkError("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")
    interface = interfaces.create(
        tx, ctx, subnet, None, requester="amazon-tgw", type="transit_gateway",
        description=f"Network Interface for Transit Gateway Attachment {made.id}",
    )  # fmt: skip
    interfaces.attach(tx, ctx, interface, "", owner="amazon-aws", index=1)
    made.subnets = [*made.subnets, id]
    made.interfaces = [*made.interfaces, interface.id]


def _drop_subnet(tx: Transaction, found: TransitAttachment, id: str) -> None:
    for each in list(found.interfaces):
        interface = tx.get(INTERFACES, (found.account, found.region, each))
        if interface is not None and interface.subnet == id:
            interfaces.delete(tx, interface)
            found.interfaces = [other for other in found.interfaces if other != each]
    found.subnets = [each for each in found.subnets if each != id]


MODIFIES = on((TRANSIT_ATTACHMENT, "TransitGatewayAttachmentId"), (SUBNET, "AddSubnetIds"))


@action("ModifyTransitGatewayVpcAttachment", resource=MODIFIES)
def modify_transit_gateway_vpc_attachment(ctx: Context, req: Request) -> Answer:
    """Change the subnets and options of an attachment."""
    with ctx.write() as tx:
        found = TRANSIT_ATTACHMENT.require(tx, ctx, req["TransitGatewayAttachmentId"])
        if found.state != "available":
            raise IncorrectState(f"{found.id} is in invalid state")
        for id in req.get("RemoveSubnetIds") or ():
            _drop_subnet(tx, found, id)
        for id in req.get("AddSubnetIds") or ():
            if id not in found.subnets:
                _add_subnet(tx, ctx, found, id)
        if not found.subnets:
            raise InvalidParameterValue("An attachment needs a subnet.")
        found.options = _options(req.get("Options") or {}, found.options)
        tx.put(TRANSIT_ATTACHMENTS, found)
    return {"TransitGatewayVpcAttachment": attachment_shape(found, "modifying")}


@action("DeleteTransitGatewayVpcAttachment", resource=BY_ATTACHMENT)
def delete_transit_gateway_vpc_attachment(ctx: Context, req: Request) -> Answer:
    """Detach a VPC. The attachment is described as deleted for a while."""
    with ctx.write() as tx:
        found = TRANSIT_ATTACHMENT.require(tx, ctx, req["TransitGatewayAttachmentId"])
        if found.state != "deleted":
            for id in list(found.subnets):
                _drop_subnet(tx, found, id)
            for table in list(tx.scan_index(TRANSIT_TABLES, "gateway", (ctx.account, ctx.region, found.gateway))):
                table.propagations = [each for each in table.propagations if each != found.id]
                tx.put(TRANSIT_TABLES, table)
            found.state, found.table = "deleted", ""
            tx.put(TRANSIT_ATTACHMENTS, found)
            jobs.forget(tx, ctx, found.id)
    return {"TransitGatewayVpcAttachment": attachment_shape(found, "deleting")}


ATTACHMENT_FILTERS: Filters[TransitAttachment] = Filters(
    {
        "association.state": lambda found: "associated" if found.table else None,
        "association.transit-gateway-route-table-id": "table",
        "resource-id": "vpc",
        "resource-owner-id": "account",
        "resource-type": lambda found: "vpc",
        "state": "state",
        "transit-gateway-attachment-id": "id",
        "transit-gateway-id": "gateway",
        "transit-gateway-owner-id": "account",
        "vpc-id": "vpc",
    }
)


@action("DescribeTransitGatewayVpcAttachments", resource="*")
def describe_transit_gateway_vpc_attachments(ctx: Context, req: Request) -> Answer:
    """Describe the attachments of VPCs."""
    return describe(
        ctx, req, TRANSIT_ATTACHMENT, ATTACHMENT_FILTERS, ids="TransitGatewayAttachmentIds",
        into="TransitGatewayVpcAttachments", shape=lambda tx, found: attachment_shape(found),
        index=("transit-gateway-id", "gateway"),
    )  # fmt: skip


def _any_shape(found: TransitAttachment) -> dict[str, Any]:
    associated: dict[str, Any] = {}
    if found.table:
        associated = {"Association": {"TransitGatewayRouteTableId": found.table, "State": "associated"}}
    return {
        "TransitGatewayAttachmentId": found.id,
        "TransitGatewayId": found.gateway,
        "TransitGatewayOwnerId": found.account,
        "ResourceOwnerId": found.account,
        "ResourceType": "vpc",
        "ResourceId": found.vpc,
        "State": found.state,
        **associated,
        "CreationTime": found.created,
        "Tags": tags.listed(found.tags),
    }


@action("DescribeTransitGatewayAttachments", resource="*")
def describe_transit_gateway_attachments(ctx: Context, req: Request) -> Answer:
    """Describe attachments of all types: here those of VPCs."""
    return describe(
        ctx, req, TRANSIT_ATTACHMENT, ATTACHMENT_FILTERS, ids="TransitGatewayAttachmentIds",
        into="TransitGatewayAttachments", shape=lambda tx, found: _any_shape(found),
        index=("transit-gateway-id", "gateway"),
    )  # fmt: skip
