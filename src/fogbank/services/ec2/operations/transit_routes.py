"""Route tables of transit gateways.

https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fogbank.core.context import Context
from fogbank.network import cidrs, vpcs
from fogbank.network.records import VPCS
from fogbank.network.transit_records import (
    TRANSIT_ATTACHMENTS,
    TRANSIT_GATEWAYS,
    TRANSIT_TABLES,
    TransitAttachment,
    TransitRoute,
    TransitTable,
)
from fogbank.store.api import Reader

from .. import jobs, tags
from ..calls import Answer, Request, action
from ..errors import IncorrectState, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe, page
from ..find import TRANSIT_ATTACHMENT, TRANSIT_GATEWAY, TRANSIT_TABLE
from ..kinds import creates, on
from .transit_gateways import live

BY_ID = on((TRANSIT_TABLE, "TransitGatewayRouteTableId"))
BOTH = on((TRANSIT_TABLE, "TransitGatewayRouteTableId"), (TRANSIT_ATTACHMENT, "TransitGatewayAttachmentId"))


def _shape(tx: Reader, found: TransitTable, state: str = "") -> dict[str, Any]:
    gateway = tx.get(TRANSIT_GATEWAYS, (found.account, found.region, found.gateway))
    return {
        "TransitGatewayRouteTableId": found.id,
        "TransitGatewayId": found.gateway,
        "State": state or found.state,
        "DefaultAssociationRouteTable": bool(gateway and gateway.association_table == found.id),
        "DefaultPropagationRouteTable": bool(gateway and gateway.propagation_table == found.id),
        "CreationTime": found.created,
        "Tags": tags.listed(found.tags),
    }


@action("CreateTransitGatewayRouteTable", resource=creates(TRANSIT_TABLE, (TRANSIT_GATEWAY, "TransitGatewayId")))
def create_transit_gateway_route_table(ctx: Context, req: Request) -> Answer:
    """Create a route table."""
    given = tags.created(req, "transit-gateway-route-table")
    with ctx.write() as tx:
        gateway = live(TRANSIT_GATEWAY.require(tx, ctx, req["TransitGatewayId"]))
        made = TransitTable(**vpcs.common(ctx, "tgw-rtb", given), gateway=gateway.id)
        tx.put(TRANSIT_TABLES, made)
        answer = _shape(tx, made, "pending")
    return {"TransitGatewayRouteTable": answer}


def _associated(tx: Reader, found: TransitTable) -> list[TransitAttachment]:
    attached = tx.scan_index(TRANSIT_ATTACHMENTS, "gateway", (found.account, found.region, found.gateway))
    return [each for each in attached if each.table == found.id]


@action("DeleteTransitGatewayRouteTable", resource=BY_ID)
def delete_transit_gateway_route_table(ctx: Context, req: Request) -> Answer:
    """Delete a table that no attachment uses; the default one stays."""
    with ctx.write() as tx:
        found = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
        answer = _shape(tx, found, "deleting")
        if answer["DefaultAssociationRouteTable"] or answer["DefaultPropagationRouteTable"]:
            raise IncorrectState(f"{found.id} is the default route table and cannot be deleted")
        if _associated(tx, found):
            raise IncorrectState(f"Cannot have any associations or propagations with the route table: {found.id}")
        found.state = "deleted"
        tx.put(TRANSIT_TABLES, found)
        jobs.forget(tx, ctx, found.id)
    return {"TransitGatewayRouteTable": answer}


FILTERS: Filters[TransitTable] = Filters(
    {"state": "state", "transit-gateway-id": "gateway", "transit-gateway-route-table-id": "id",
     "default-association-route-table": lambda found: None, "default-propagation-route-table": lambda found: None}
)  # fmt: skip


@action("DescribeTransitGatewayRouteTables", resource="*")
def describe_transit_gateway_route_tables(ctx: Context, req: Request) -> Answer:
    """Describe route tables."""
    return describe(
        ctx, req, TRANSIT_TABLE, FILTERS, ids="TransitGatewayRouteTableIds", into="TransitGatewayRouteTables",
        shape=_shape, index=("transit-gateway-id", "gateway"),
    )  # fmt: skip


# -- associations and propagations -------------------------------------------------------------------------------------


def _link(found: TransitAttachment, state: str) -> dict[str, Any]:
    return {
        "TransitGatewayAttachmentId": found.id,
        "ResourceId": found.vpc,
        "ResourceType": "vpc",
        "State": state,
    }


def _both(tx: Reader, ctx: Context, req: Request) -> tuple[TransitTable, TransitAttachment]:
    if not req.get("TransitGatewayAttachmentId"):
        raise MissingParameter.of("TransitGatewayAttachmentId")
    table = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
    attachment = TRANSIT_ATTACHMENT.require(tx, ctx, req["TransitGatewayAttachmentId"])
    if attachment.gateway != table.gateway or attachment.state != "available":
        raise IncorrectState(f"{attachment.id} is in invalid state")
    return table, attachment


@action("AssociateTransitGatewayRouteTable", resource=BOTH)
def associate_transit_gateway_route_table(ctx: Context, req: Request) -> Answer:
    """Let a table route what comes from an attachment. Each attachment has one table."""
    with ctx.write() as tx:
        table, attachment = _both(tx, ctx, req)
        if attachment.table:
            raise NetworkError(
                "Resource.AlreadyAssociated",
                f"Transit Gateway Attachment {attachment.id} is already associated to a route table.",
            )
        attachment.table = table.id
        tx.put(TRANSIT_ATTACHMENTS, attachment)
    made = {"TransitGatewayRouteTableId": table.id, **_link(attachment, "associating")}
    return {"Association": made}


@action("DisassociateTransitGatewayRouteTable", resource=BOTH)
def disassociate_transit_gateway_route_table(ctx: Context, req: Request) -> Answer:
    """End an association."""
    with ctx.write() as tx:
        table, attachment = _both(tx, ctx, req)
        if attachment.table != table.id:
            raise NetworkError(
                "InvalidAssociation.NotFound", f"Transit Gateway Attachment {attachment.id} is not associated to "
                f"{table.id}",
            )  # fmt: skip
        attachment.table = ""
        tx.put(TRANSIT_ATTACHMENTS, attachment)
    made = {"TransitGatewayRouteTableId": table.id, **_link(attachment, "disassociating")}
    return {"Association": made}


@action("EnableTransitGatewayRouteTablePropagation", resource=BOTH)
def enable_transit_gateway_route_table_propagation(ctx: Context, req: Request) -> Answer:
    """Let a table have routes to the blocks of an attachment."""
    with ctx.write() as tx:
        table, attachment = _both(tx, ctx, req)
        if attachment.id in table.propagations:
            raise NetworkError(
                "TransitGatewayRouteTablePropagation.Duplicate",
                f"Propagation {attachment.id} already exists in Transit Gateway Route Table {table.id}.",
            )
        table.propagations = [*table.propagations, attachment.id]
        tx.put(TRANSIT_TABLES, table)
    made = {"TransitGatewayRouteTableId": table.id, **_link(attachment, "enabled")}
    return {"Propagation": made}


@action("DisableTransitGatewayRouteTablePropagation", resource=BOTH)
def disable_transit_gateway_route_table_propagation(ctx: Context, req: Request) -> Answer:
    """End a propagation."""
    with ctx.write() as tx:
        table, attachment = _both(tx, ctx, req)
        if attachment.id not in table.propagations:
            raise NetworkError(
                "TransitGatewayRouteTablePropagation.NotFound",
                f"Propagation {attachment.id} does not exist in Transit Gateway Route Table {table.id}.",
            )
        table.propagations = [each for each in table.propagations if each != attachment.id]
        tx.put(TRANSIT_TABLES, table)
    made = {"TransitGatewayRouteTableId": table.id, **_link(attachment, "disabled")}
    return {"Propagation": made}


LINK_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "resource-id": lambda each: each["ResourceId"],
        "resource-type": lambda each: each["ResourceType"],
        "transit-gateway-attachment-id": lambda each: each["TransitGatewayAttachmentId"],
    },
    tags=False,
)


def _links(ctx: Context, req: Request, found: list[dict[str, Any]], into: str) -> Answer:
    test = LINK_FILTERS.test(req.get("Filters"))
    passed = [each for each in found if test is None or test(each)]
    passed.sort(key=lambda each: each["TransitGatewayAttachmentId"])
    return page(
        ctx, req, passed, key=lambda each: each["TransitGatewayAttachmentId"], into=into, shape=lambda each: each
    )


@action("GetTransitGatewayRouteTableAssociations", resource=BY_ID)
def get_transit_gateway_route_table_associations(ctx: Context, req: Request) -> Answer:
    """The attachments that a table is for."""
    with ctx.read() as tx:
        table = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
        found = [_link(each, "associated") for each in _associated(tx, table)]
    return _links(ctx, req, found, "Associations")


@action("GetTransitGatewayRouteTablePropagations", resource=BY_ID)
def get_transit_gateway_route_table_propagations(ctx: Context, req: Request) -> Answer:
    """The attachments whose blocks a table has routes to."""
    with ctx.read() as tx:
        table = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
        found = [_link(each, "enabled") for each in _propagating(tx, table)]
    return _links(ctx, req, found, "TransitGatewayRouteTablePropagations")


def _propagating(tx: Reader, table: TransitTable) -> list[TransitAttachment]:
    known = (tx.get(TRANSIT_ATTACHMENTS, (table.account, table.region, id)) for id in table.propagations)
    return [each for each in known if each is not None]


# -- routes ------------------------------------------------------------------------------------------------------------


def _block(text: str) -> str:
    return str(cidrs.v6(text, "destinationCidrBlock") if ":" in text else cidrs.v4(text, "destinationCidrBlock"))


def _route(tx: Reader, table: TransitTable, route: TransitRoute, kind: str = "static") -> dict[str, Any]:
    attachment = tx.get(TRANSIT_ATTACHMENTS, (table.account, table.region, route.attachment))
    live = attachment is not None and attachment.state == "available"
    there: list[dict[str, Any]] = []
    if attachment is not None:
        there = [{"ResourceId": attachment.vpc, "TransitGatewayAttachmentId": attachment.id, "ResourceType": "vpc"}]
    return {
        "DestinationCidrBlock": route.cidr,
        "TransitGatewayAttachments": there,
        "Type": kind,
        "State": "active" if live else "blackhole",
    }


def _write(ctx: Context, req: Request, *, new: bool) -> Answer:
    cidr, hole = _block(req["DestinationCidrBlock"]), bool(req.get("Blackhole"))
    if hole == bool(req.get("TransitGatewayAttachmentId")):
        raise InvalidParameterValue("A route has an attachment, or is a black hole.")
    with ctx.write() as tx:
        table = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
        attachment = "" if hole else TRANSIT_ATTACHMENT.require(tx, ctx, req["TransitGatewayAttachmentId"]).id
        others = [each for each in table.routes if each.cidr != cidr]
        if new and len(others) < len(table.routes):
            raise NetworkError(
                "RouteAlreadyExists", f"Route {cidr} already exists in Transit Gateway Route Table {table.id}"
            )
        if not new and len(others) == len(table.routes):
            raise NetworkError(
                "InvalidRoute.NotFound", f"Route {cidr} does not exist in Transit Gateway Route Table {table.id}"
            )
        made = TransitRoute(cidr=cidr, attachment=attachment)
        table.routes = [*others, made]
        tx.put(TRANSIT_TABLES, table)
        return {"Route": _route(tx, table, made)}


@action("CreateTransitGatewayRoute", resource=BOTH)
def create_transit_gateway_route(ctx: Context, req: Request) -> Answer:
    """Add a static route."""
    return _write(ctx, req, new=True)


@action("ReplaceTransitGatewayRoute", resource=BOTH)
def replace_transit_gateway_route(ctx: Context, req: Request) -> Answer:
    """Let a static route lead elsewhere."""
    return _write(ctx, req, new=False)


@action("DeleteTransitGatewayRoute", resource=BY_ID)
def delete_transit_gateway_route(ctx: Context, req: Request) -> Answer:
    """Take a static route away."""
    cidr = _block(req["DestinationCidrBlock"])
    with ctx.write() as tx:
        table = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
        gone = next((each for each in table.routes if each.cidr == cidr), None)
        if gone is None:
            raise NetworkError(
                "InvalidRoute.NotFound", f"Route {cidr} does not exist in Transit Gateway Route Table {table.id}"
            )
        answer = _route(tx, table, gone)
        table.routes = [each for each in table.routes if each.cidr != cidr]
        tx.put(TRANSIT_TABLES, table)
    return {"Route": {**answer, "State": "deleted"}}


def _search(name: str) -> Any:
    """The filters of SearchTransitGatewayRoutes that compare blocks."""

    def read(each: dict[str, Any], wanted: str) -> bool:
        own, other = ipaddress.ip_network(each["DestinationCidrBlock"]), ipaddress.ip_network(wanted, strict=False)
        if own.version != other.version:
            return False
        match name:
            case "exact-match":
                return own == other
            case "subnet-of-match":
                return own.subnet_of(other)  # type: ignore[arg-type]
        return own.supernet_of(other)  # type: ignore[arg-type]

    return read


ROUTE_FILTERS: Filters[dict[str, Any]] = Filters(
    {
        "attachment.resource-id": lambda each: [link["ResourceId"] for link in each["TransitGatewayAttachments"]],
        "attachment.resource-type": lambda each: [link["ResourceType"] for link in each["TransitGatewayAttachments"]],
        "attachment.transit-gateway-attachment-id": (
            lambda each: [link["TransitGatewayAttachmentId"] for link in each["TransitGatewayAttachments"]]
        ),
        "state": lambda each: each["State"],
        "type": lambda each: each["Type"],
    },
    tags=False,
)
PREFIX = "route-search."


@action("SearchTransitGatewayRoutes", resource=BY_ID)
def search_transit_gateway_routes(ctx: Context, req: Request) -> Answer:
    """The static and propagated routes of a table that pass the filters."""
    given = req["Filters"]
    searches = [(_search(each["Name"].removeprefix(PREFIX)), each.get("Values") or []) for each in given
                if (each.get("Name") or "").startswith(PREFIX)]  # fmt: skip
    test = ROUTE_FILTERS.test([each for each in given if not (each.get("Name") or "").startswith(PREFIX)])
    for _, values in searches:
        for text in values:
            _block(text)
    with ctx.read() as tx:
        table = TRANSIT_TABLE.require(tx, ctx, req["TransitGatewayRouteTableId"])
        found = [_route(tx, table, route) for route in table.routes]
        static = {route.cidr for route in table.routes}
        for attachment in _propagating(tx, table):
            vpc = tx.get(VPCS, (ctx.account, ctx.region, attachment.vpc))
            found += [
                _route(tx, table, TransitRoute(cidr=block.cidr, attachment=attachment.id), "propagated")
                for block in (vpc.cidrs if vpc else ())
                if block.cidr not in static
            ]
    passed = [each for each in found if test is None or test(each)]
    for search, values in searches:
        passed = [each for each in passed if any(search(each, text) for text in values)]
    passed.sort(key=lambda each: each["DestinationCidrBlock"])
    answer = page(
        ctx, req, passed, key=lambda each: each["DestinationCidrBlock"], into="Routes", shape=lambda each: each
    )
    return {**answer, "AdditionalRoutesAvailable": "NextToken" in answer}
