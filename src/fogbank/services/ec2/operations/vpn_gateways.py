"""Virtual private gateways and customer gateways. VPN connections between them are not built.

https://docs.aws.amazon.com/vpn/latest/s2svpn/how_it_works.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fogbank.auth.quotas import reached
from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.network.link_records import CUSTOMER_GATEWAYS, VPN_GATEWAYS, CustomerGateway, VpnGateway

from .. import jobs, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import CUSTOMER_GATEWAY, VPC, VPN_GATEWAY
from ..kinds import creates, on

AMAZON_ASN = 64512
TYPE = "ipsec.1"
QUOTA, CUSTOMER_QUOTA = "L-7029FAB6", "L-4FB7FF5D"
BOTH = on((VPN_GATEWAY, "VpnGatewayId"), (VPC, "VpcId"))


def _shape(found: VpnGateway) -> dict[str, Any]:
    return {
        "AmazonSideAsn": found.asn,
        "Tags": tags.listed(found.tags),
        "VpnGatewayId": found.id,
        "State": found.state,
        "Type": TYPE,
        **({"AvailabilityZone": found.zone} if found.zone else {}),
        "VpcAttachments": [{"VpcId": found.vpc, "State": "attached"}] if found.vpc else [],
    }


def _check_type(req: Request) -> None:
    if req["Type"] != TYPE:
        raise InvalidParameterValue(f"Value ({req['Type']}) for parameter type is invalid. The type is {TYPE}.")


def _check_asn(asn: int, *, amazon: bool) -> int:
    """ "The ASN must be in the private ASN range from 64512 to 65534, or 4200000000 to 4294967294" """
    private = 64512 <= asn <= 65534 or 4200000000 <= asn <= 4294967294
    if not private and (amazon or not 1 <= asn <= 4294967294):
        raise InvalidParameterValue(f"Invalid ASN {asn}. It must be in the private ASN range.")
    return asn


@action("CreateVpnGateway", resource=creates(VPN_GATEWAY))
def create_vpn_gateway(ctx: Context, req: Request) -> Answer:
    """Create a gateway that is attached to no VPC yet."""
    given = tags.created(req, "vpn-gateway")
    _check_type(req)
    asn = _check_asn(req.get("AmazonSideAsn") or AMAZON_ASN, amazon=True)
    zone = req.get("AvailabilityZone") or ""
    if zone and zone not in {each.name for each in regions.zones(ctx.region)}:
        raise InvalidParameterValue(f"Value ({zone}) for parameter availabilityZone is invalid.")
    with ctx.write() as tx:
        if reached(tx, ctx, "ec2", QUOTA, VPN_GATEWAYS, (ctx.account, ctx.region)) is not None:
            raise NetworkError(
                "VpnGatewayLimitExceeded", "The maximum number of virtual private gateways has been reached."
            )
        made = VpnGateway(**vpcs.common(ctx, "vgw", given), asn=asn, zone=zone)
        tx.put(VPN_GATEWAYS, made)
    return {"VpnGateway": _shape(made)}


@action("AttachVpnGateway", resource=BOTH)
def attach_vpn_gateway(ctx: Context, req: Request) -> Answer:
    """Attach a gateway to a VPC. Each has one."""
    with ctx.write() as tx:
        found = VPN_GATEWAY.require(tx, ctx, req["VpnGatewayId"])
        vpc = VPC.require(tx, ctx, req["VpcId"])
        if found.vpc and found.vpc != vpc.id:
            raise NetworkError(
                "Resource.AlreadyAssociated", f"resource {found.id} is already attached to network {found.vpc}"
            )
        other = tx.first(VPN_GATEWAYS, "vpc", (ctx.account, ctx.region, vpc.id))
        if other is not None and other.id != found.id:
            raise InvalidParameterValue(f"Network {vpc.id} already has a virtual private gateway attached")
        found.vpc = vpc.id
        tx.put(VPN_GATEWAYS, found)
    return {"VpcAttachment": {"VpcId": vpc.id, "State": "attaching"}}


@action("DetachVpnGateway", resource=BOTH)
def detach_vpn_gateway(ctx: Context, req: Request) -> Answer:
    """Detach a gateway."""
    with ctx.write() as tx:
        found = VPN_GATEWAY.require(tx, ctx, req["VpnGatewayId"])
        if found.vpc != req["VpcId"]:
            raise NetworkError(
                "InvalidVpnGatewayAttachment.NotFound",
                f"The attachment with vpn gateway ID '{found.id}' and vpc ID '{req['VpcId']}' does not exist",
            )
        found.vpc = ""
        tx.put(VPN_GATEWAYS, found)
    return {}


@action("DeleteVpnGateway", resource=on((VPN_GATEWAY, "VpnGatewayId")))
def delete_vpn_gateway(ctx: Context, req: Request) -> Answer:
    """Delete a gateway that is attached to no VPC. It is described as deleted for a while."""
    with ctx.write() as tx:
        found = VPN_GATEWAY.require(tx, ctx, req["VpnGatewayId"])
        if found.vpc:
            raise NetworkError("IncorrectState", f"The vpnGateway '{found.id}' is attached and cannot be deleted.")
        found.state = "deleted"
        tx.put(VPN_GATEWAYS, found)
        jobs.forget(tx, ctx, found.id)
    return {}


FILTERS: Filters[VpnGateway] = Filters(
    {
        "amazon-side-asn": "asn",
        "attachment.state": lambda found: "attached" if found.vpc else None,
        "attachment.vpc-id": lambda found: found.vpc or None,
        "availability-zone": "zone",
        "state": "state",
        "type": lambda found: TYPE,
        "vpn-gateway-id": "id",
    }
)


@action("DescribeVpnGateways", resource="*")
def describe_vpn_gateways(ctx: Context, req: Request) -> Answer:
    """Describe gateways."""
    return describe(
        ctx, req, VPN_GATEWAY, FILTERS, ids="VpnGatewayIds", into="VpnGateways", shape=lambda tx, each: _shape(each),
        index=("attachment.vpc-id", "vpc"),
    )  # fmt: skip


# -- customer gateways -------------------------------------------------------------------------------------------------


def _customer(found: CustomerGateway) -> dict[str, Any]:
    return {
        **({"CertificateArn": found.certificate} if found.certificate else {}),
        **({"DeviceName": found.device} if found.device else {}),
        "Tags": tags.listed(found.tags),
        **({"BgpAsnExtended": str(found.asn)} if found.asn > 2147483647 else {}),
        "CustomerGatewayId": found.id,
        "State": found.state,
        "Type": TYPE,
        **({"IpAddress": found.address} if found.address else {}),
        "BgpAsn": str(found.asn),
    }


@action("CreateCustomerGateway", resource=creates(CUSTOMER_GATEWAY))
def create_customer_gateway(ctx: Context, req: Request) -> Answer:
    """Record a device of the customer. The same address and number again are the same gateway."""
    given = tags.created(req, "customer-gateway")
    _check_type(req)
    asn = _check_asn(req.get("BgpAsn") or req.get("BgpAsnExtended") or 65000, amazon=False)
    address, certificate = req.get("IpAddress") or req.get("PublicIp") or "", req.get("CertificateArn") or ""
    if not address and not certificate:
        raise MissingParameter.of("ipAddress")
    if address:
        _check_address(address)
    with ctx.write() as tx:
        place = (ctx.account, ctx.region)
        for there in tx.scan(CUSTOMER_GATEWAYS, place):
            if (there.asn, there.address, there.certificate, there.state) == (asn, address, certificate, "available"):
                return {"CustomerGateway": _customer(there)}
        if reached(tx, ctx, "ec2", CUSTOMER_QUOTA, CUSTOMER_GATEWAYS, place) is not None:
            raise NetworkError(
                "CustomerGatewayLimitExceeded", "The maximum number of customer gateways has been reached."
            )
        made = CustomerGateway(
            **vpcs.common(ctx, "cgw", given), asn=asn, address=address, certificate=certificate,
            device=req.get("DeviceName") or "",
        )  # fmt: skip
        tx.put(CUSTOMER_GATEWAYS, made)
    return {"CustomerGateway": _customer(made)}


def _check_address(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise InvalidParameterValue(f"Invalid value '{text}' for IP address. Invalid IPv4 address.") from None


@action("DeleteCustomerGateway", resource=on((CUSTOMER_GATEWAY, "CustomerGatewayId")))
def delete_customer_gateway(ctx: Context, req: Request) -> Answer:
    """Delete a gateway. It is described as deleted for a while."""
    with ctx.write() as tx:
        found = CUSTOMER_GATEWAY.require(tx, ctx, req["CustomerGatewayId"])
        found.state = "deleted"
        tx.put(CUSTOMER_GATEWAYS, found)
        jobs.forget(tx, ctx, found.id)
    return {}


CUSTOMER_FILTERS: Filters[CustomerGateway] = Filters(
    {
        "bgp-asn": "asn",
        "customer-gateway-id": "id",
        "device-name": "device",
        "ip-address": "address",
        "state": "state",
        "type": lambda found: TYPE,
    }
)


@action("DescribeCustomerGateways", resource="*")
def describe_customer_gateways(ctx: Context, req: Request) -> Answer:
    """Describe gateways."""
    return describe(
        ctx, req, CUSTOMER_GATEWAY, CUSTOMER_FILTERS, ids="CustomerGatewayIds", into="CustomerGateways",
        shape=lambda tx, each: _customer(each), index=None,
    )  # fmt: skip
