"""NAT gateways.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network import elastic, interfaces, vpcs
from fogbank.network.link_records import NAT_GATEWAYS, NatAddress, NatGateway
from fogbank.network.records import ELASTIC_IPS, INTERFACES, Interface, Subnet
from fogbank.store.api import Transaction

from .. import jobs, quotas, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import ELASTIC_IP, NAT_GATEWAY, SUBNET
from ..kinds import creates, on

BY_ID = on((NAT_GATEWAY, "NatGatewayId"))
CREATES = creates(
    NAT_GATEWAY, (SUBNET, "SubnetId"), (ELASTIC_IP, "AllocationId"), (ELASTIC_IP, "SecondaryAllocationIds")
)


def shape(found: NatGateway, state: str = "") -> dict[str, Any]:
    code, text = found.failure
    failed = {"FailureCode": code, "FailureMessage": text} if code else {}
    gone = {"DeleteTime": found.deleted} if found.deleted else {}
    return {
        "CreateTime": found.created,
        **gone,
        **failed,
        "NatGatewayAddresses": [_address(found, each) for each in found.addresses],
        "NatGatewayId": found.id,
        "State": state or found.state,
        "SubnetId": found.subnet,
        "VpcId": found.vpc,
        "Tags": tags.listed(found.tags),
        "ConnectivityType": found.connectivity,
        "AvailabilityMode": "zonal",
    }


def _address(found: NatGateway, each: NatAddress) -> dict[str, Any]:
    elastic_ip = {}
    if each.allocation:
        elastic_ip = {
            "AllocationId": each.allocation, "PublicIp": each.public, "AssociationId": each.association,
        }  # fmt: skip
    return {
        **elastic_ip,
        "NetworkInterfaceId": each.interface,
        "PrivateIp": each.private,
        "IsPrimary": each.primary,
        "Status": "succeeded",
    }


@action("CreateNatGateway", resource=CREATES)
def create_nat_gateway(ctx: Context, req: Request) -> Answer:
    """Create a gateway with an interface in a subnet. The same ClientToken makes the same gateway."""
    given = tags.created(req, "natgateway")
    kind, token = req.get("ConnectivityType") or "public", req.get("ClientToken") or ""
    _check(req, kind)
    with ctx.write() as tx:
        earlier = tx.first(NAT_GATEWAYS, "token", (ctx.account, ctx.region, token)) if token else None
        if earlier is not None:
            return {"ClientToken": token, "NatGateway": shape(earlier)}
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        quotas.room_in(
            tx, ctx, quotas.NAT_GATEWAYS, NAT_GATEWAYS, "zone", subnet.zone,
            ("NatGatewayLimitExceeded", "The maximum number of NAT gateways has been reached."),
        )  # fmt: skip
        made = NatGateway(
            **vpcs.common(ctx, "nat", given), vpc=subnet.vpc, subnet=subnet.id, zone=subnet.zone,
            zone_id=subnet.zone_id, connectivity=kind, token=token,
        )  # fmt: skip
        _furnish(tx, ctx, made, subnet, req)
        tx.put(NAT_GATEWAYS, made)
        if made.state == "failed":
            jobs.forget(tx, ctx, made.id)
    return {"ClientToken": token or ctx.ids.uuid(), "NatGateway": shape(made, "pending")}


def _check(req: Request, kind: str) -> None:
    if req.get("AvailabilityMode") == "regional" or req.get("AvailabilityZoneAddresses"):
        raise NetworkError("UnsupportedOperation", "NAT gateways of a whole VPC are not supported here.")
    if not req.get("SubnetId"):
        raise MissingParameter.of("subnetId")
    if kind not in ("public", "private"):
        raise InvalidParameterValue(f"Value ({kind}) for parameter connectivityType is invalid.")
    if kind == "public" and not req.get("AllocationId"):
        raise MissingParameter.of("AllocationId")
    if kind == "private" and (req.get("AllocationId") or req.get("SecondaryAllocationIds")):
        raise InvalidParameterCombination("A private NAT gateway has no elastic address.")


def _furnish(tx: Transaction, ctx: Context, made: NatGateway, subnet: Subnet, req: Request) -> None:
    """Give a gateway its interface and addresses; or let it fail, as AWS does after the call has been answered."""
    allocations = [req.get("AllocationId"), *(req.get("SecondaryAllocationIds") or ())]
    elastics = [ELASTIC_IP.require(tx, ctx, id) for id in allocations if id]
    wanted = [req.get("PrivateIpAddress") or "", *(req.get("SecondaryPrivateIpAddresses") or ())]
    more = max(req.get("SecondaryPrivateIpAddressCount") or 0, len(elastics) - len(wanted))
    interface = interfaces.create(
        tx, ctx, subnet, None, wanted=wanted, more=max(more, 0), requester="amazon-aws",
        description=f"Interface for NAT Gateway {made.id}", type="nat_gateway",
    )  # fmt: skip
    made.failure = _obstacle(tx, interface, made, [each.association and each.id for each in elastics])
    if made.failure[0]:
        made.state = "failed"
        interfaces.delete(tx, interface)
        return
    interfaces.attach(tx, ctx, interface, "", owner="amazon-aws", index=1)
    for address, private in zip(elastics, interface.addresses, strict=False):
        elastic.associate(tx, ctx, address, interface, private.address, service="natgateway")
    _keep_addresses(made, interface)


def _obstacle(tx: Transaction, interface: Interface, made: NatGateway, taken: list[str]) -> tuple[str, str]:
    if made.connectivity == "public" and not elastic.has_gateway(tx, interface):
        return "Gateway.NotAttached", f"Network {made.vpc} has no Internet gateway attached"
    used = next((id for id in taken if id), None)
    if used:
        return "Resource.AlreadyAssociated", f"Elastic IP address [{used}] is already associated"
    return "", ""


def _keep_addresses(made: NatGateway, interface: Interface) -> None:
    made.addresses = [
        NatAddress(
            private=each.address, interface=interface.id, primary=each.primary, public=each.public,
            allocation=each.allocation, association=each.association,
        )
        for each in interface.addresses
    ]  # fmt: skip


@action("DeleteNatGateway", resource=BY_ID)
def delete_nat_gateway(ctx: Context, req: Request) -> Answer:
    """Delete a gateway. It is described as deleted for about an hour; its addresses are free at once."""
    with ctx.write() as tx:
        found = NAT_GATEWAY.require(tx, ctx, req["NatGatewayId"])
        if found.state != "deleted":
            _clear(tx, found)
            found.state, found.deleted = "deleted", ctx.now()
            tx.put(NAT_GATEWAYS, found)
            jobs.forget(tx, ctx, found.id)
    return {"NatGatewayId": found.id}


def _clear(tx: Transaction, found: NatGateway) -> None:
    for id in dict.fromkeys(each.interface for each in found.addresses):
        interface = tx.get(INTERFACES, (found.account, found.region, id))
        if interface is not None:
            interfaces.delete(tx, interface)


def _gateway_interface(tx: Transaction, found: NatGateway) -> Interface:
    interface = tx.get(INTERFACES, (found.account, found.region, found.addresses[0].interface))
    assert interface is not None  # it goes with the gateway only
    return interface


@action("AssociateNatGatewayAddress", resource=on((NAT_GATEWAY, "NatGatewayId"), (ELASTIC_IP, "AllocationIds")))
def associate_nat_gateway_address(ctx: Context, req: Request) -> Answer:
    """Give a public gateway further elastic addresses, each with a private one."""
    with ctx.write() as tx:
        found = NAT_GATEWAY.require(tx, ctx, req["NatGatewayId"])
        if found.state != "available" or found.connectivity != "public":
            raise NetworkError("InvalidParameter", f"The NAT gateway {found.id} cannot have a further elastic address.")
        added = []
        for allocation, wanted in _pairs(req):
            interface = _gateway_interface(tx, found)
            subnet = interfaces.subnet(tx, ctx, found.subnet)
            private = interfaces.add_address(tx, ctx, subnet, interface, wanted)
            address = ELASTIC_IP.require(tx, ctx, allocation)
            elastic.associate(tx, ctx, address, interface, private, service="natgateway")
            added.append(private)
        _keep_addresses(found, _gateway_interface(tx, found))
        tx.put(NAT_GATEWAYS, found)
    shown = [_address(found, each) for each in found.addresses if each.private in added]
    return {"NatGatewayId": found.id, "NatGatewayAddresses": shown}


def _pairs(req: Request) -> list[tuple[str, str]]:
    allocations, wanted = req["AllocationIds"], req.get("PrivateIpAddresses") or []
    return list(zip(allocations, [*wanted, *[""] * len(allocations)], strict=False))


@action("DisassociateNatGatewayAddress", resource=BY_ID)
def disassociate_nat_gateway_address(ctx: Context, req: Request) -> Answer:
    """Take further elastic addresses from a gateway, with their private ones."""
    wanted = set(req["AssociationIds"])
    with ctx.write() as tx:
        found = NAT_GATEWAY.require(tx, ctx, req["NatGatewayId"])
        gone = [each for each in found.addresses if each.association in wanted]
        if len(gone) < len(wanted) or any(each.primary for each in gone):
            raise InvalidParameterValue("Only further addresses of a NAT gateway can be taken from it.")
        for each in gone:
            address = tx.get(ELASTIC_IPS, (found.account, found.region, each.allocation))
            if address is not None:
                elastic.disassociate(tx, address)
            subnet = interfaces.subnet(tx, ctx, found.subnet)
            interfaces.drop_address(tx, subnet, _gateway_interface(tx, found), each.private)
        _keep_addresses(found, _gateway_interface(tx, found))
        tx.put(NAT_GATEWAYS, found)
    shown = [{**_address(found, each), "Status": "disassociating"} for each in gone]
    return {"NatGatewayId": found.id, "NatGatewayAddresses": shown}


FILTERS: Filters[NatGateway] = Filters(
    {"nat-gateway-id": "id", "state": "state", "subnet-id": "subnet", "vpc-id": "vpc"}
)


@action("DescribeNatGateways", resource="*")
def describe_nat_gateways(ctx: Context, req: Request) -> Answer:
    """Describe gateways."""
    return describe(
        ctx, req, NAT_GATEWAY, FILTERS, ids="NatGatewayIds", into="NatGateways", shape=lambda tx, each: shape(each)
    )
