"""Elastic addresses.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.quotas import reached
from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import Access
from fogbank.network import elastic, interfaces, public, vpcs
from fogbank.network.records import ELASTIC_IPS, INTERFACES, ElasticIp, Interface
from fogbank.store.api import Reader

from .. import tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, page
from ..find import ELASTIC_IP, INTERFACE
from ..kinds import creates, on
from ..taggable import kinds

QUOTA = "L-0263D0A3"


@action("AllocateAddress", resource=creates(ELASTIC_IP))
def allocate_address(ctx: Context, req: Request) -> Answer:
    """Take a public address."""
    given = tags.created(req, "elastic-ip")
    if any(req.get(name) for name in ("CustomerOwnedIpv4Pool", "IpamPoolId", "Address")):
        raise InvalidParameterValue("Addresses come from Amazon's pool only.")
    if (req.get("PublicIpv4Pool") or "amazon") != "amazon":
        raise NetworkError("InvalidPublicIpv4PoolID.NotFound", f"The pool ID '{req['PublicIpv4Pool']}' does not exist")
    if (req.get("NetworkBorderGroup") or ctx.region) != ctx.region:
        raise InvalidParameterValue(f"Invalid NetworkBorderGroup: {req['NetworkBorderGroup']}")
    with ctx.write() as tx:
        if reached(tx, ctx, "ec2", QUOTA, ELASTIC_IPS, (ctx.account, ctx.region)) is not None:
            raise NetworkError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        made = ElasticIp(**vpcs.common(ctx, "eipalloc", given), address=public.address(tx, ctx), group=ctx.region)
        tx.put(ELASTIC_IPS, made)
    return {
        "PublicIp": made.address,
        "AllocationId": made.id,
        "PublicIpv4Pool": made.pool,
        "NetworkBorderGroup": made.group,
        "Domain": made.domain,
    }


def _look(tx: Reader, ctx: Context, name: str) -> ElasticIp | None:
    """An address by its text, or by its association."""
    return tx.first(ELASTIC_IPS, "name", (ctx.account, ctx.region, name))


def _allocation(tx: Reader, ctx: Context, req: Request) -> str:
    """The allocation that a request names in one of three ways. Empty if there is none."""
    if req.get("AllocationId"):
        return str(req["AllocationId"])
    name = req.get("AssociationId") or req.get("PublicIp")
    found = _look(tx, ctx, name) if name else None
    return found.id if found else ""


def of_address(ctx: Context, req: Request) -> Named:
    """The address of a request. Who names one that is not there needs the permission as well, to learn as much."""
    with ctx.read() as tx:
        id = _allocation(tx, ctx, req)
    return ELASTIC_IP.name(ctx, id) if id else ELASTIC_IP.new(ctx)


def _require(tx: Reader, ctx: Context, req: Request) -> ElasticIp:
    id = _allocation(tx, ctx, req)
    if id:
        return ELASTIC_IP.require(tx, ctx, id)
    if req.get("AssociationId"):
        raise _no_association(req["AssociationId"])
    if req.get("PublicIp"):
        raise NetworkError("InvalidAddress.NotFound", f"Address '{req['PublicIp']}' not found.")
    raise MissingParameter("Either public IP or allocation id must be specified")


def _no_association(id: str) -> NetworkError:
    return NetworkError("InvalidAssociationID.NotFound", f"The association ID '{id}' does not exist")


@action("ReleaseAddress", resource=of_address)
def release_address(ctx: Context, req: Request) -> Answer:
    """Give an address back that nothing has."""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        if found.association:
            raise NetworkError("InvalidIPAddress.InUse", f"Address {found.address} is in use.")
        public.give_back(tx, found.address)
        tx.delete(ELASTIC_IPS, ELASTIC_IPS.key(found))
    return {}


def _associating(ctx: Context, req: Request) -> list[Access]:
    found = [Access("", of_address(ctx, req))]
    instance = kinds().get("i")
    if req.get("NetworkInterfaceId"):
        found.append(Access("", INTERFACE.name(ctx, req["NetworkInterfaceId"])))
    if req.get("InstanceId") and instance is not None:
        found.append(Access("", instance.name(ctx, req["InstanceId"])))
    return found


@action("AssociateAddress", resource=_associating)
def associate_address(ctx: Context, req: Request) -> Answer:
    """Associate an address with an interface, or with the primary one of an instance."""
    if req.get("NetworkInterfaceId") and req.get("InstanceId"):
        raise InvalidParameterCombination("You may specify either an instance or a network interface, not both.")
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        interface = _interface(tx, ctx, req)
        again = req.get("AllowReassociation")
        id = elastic.associate(
            tx, ctx, found, interface, req.get("PrivateIpAddress") or "", again=again is None or bool(again)
        )
    return {"AssociationId": id}


def _interface(tx: Reader, ctx: Context, req: Request) -> Interface:
    if req.get("NetworkInterfaceId"):
        return INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
    if not req.get("InstanceId"):
        raise MissingParameter("Either instance ID or network interface id must be specified")
    of_instance = interfaces.of_instance(tx, ctx, req["InstanceId"])
    if not of_instance:
        raise NetworkError("InvalidInstanceID.NotFound", f"The instance ID '{req['InstanceId']}' does not exist")
    return of_instance[0]


@action("DisassociateAddress", resource=of_address)
def disassociate_address(ctx: Context, req: Request) -> Answer:
    """End an association."""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        if not found.association:
            raise _no_association(req.get("AssociationId") or "")
        if found.service:
            raise NetworkError("AuthFailure", "You do not have permission to access the specified resource.")
        elastic.disassociate(tx, found)
    return {}


# -- descriptions ------------------------------------------------------------------------------------------------------


class Seen:
    """An address, and the interface that has it."""

    def __init__(self, tx: Reader, found: ElasticIp) -> None:
        self.found = found
        self.id = found.id
        self.tags = found.tags
        place = (found.account, found.region, found.interface)
        self.interface = tx.get(INTERFACES, place) if found.interface else None

    @property
    def instance(self) -> str:
        attached = self.interface.attachment if self.interface else None
        return attached.instance if attached else ""


FILTERS: Filters[Seen] = Filters(
    {
        "allocation-id": "id",
        "association-id": lambda seen: seen.found.association,
        "domain": lambda seen: seen.found.domain,
        "instance-id": lambda seen: seen.instance,
        "network-border-group": lambda seen: seen.found.group,
        "network-interface-id": lambda seen: seen.found.interface,
        "network-interface-owner-id": lambda seen: seen.found.account if seen.found.interface else None,
        "private-ip-address": lambda seen: seen.found.private,
        "public-ip": lambda seen: seen.found.address,
    }
)


def shape(seen: Seen) -> dict[str, Any]:
    found = seen.found
    associated: dict[str, Any] = {}
    if found.association:
        associated = {
            "AssociationId": found.association,
            "NetworkInterfaceId": found.interface,
            "NetworkInterfaceOwnerId": found.account,
            "PrivateIpAddress": found.private,
        }
    return {
        **({"InstanceId": seen.instance} if seen.instance else {}),
        "AllocationId": found.id,
        **associated,
        "Domain": found.domain,
        "Tags": tags.listed(found.tags),
        "PublicIpv4Pool": found.pool,
        "NetworkBorderGroup": found.group,
        "PublicIp": found.address,
    }


@action("DescribeAddresses", resource="*")
def describe_addresses(ctx: Context, req: Request) -> Answer:
    """Describe addresses; all at once, as AWS does."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        if req.get("AllocationIds") or req.get("PublicIps"):
            found = ELASTIC_IP.all(tx, ctx, req.get("AllocationIds") or ())
            found += [_known(tx, ctx, text) for text in req.get("PublicIps") or ()]
        else:
            found = list(tx.scan(ELASTIC_IPS, (ctx.account, ctx.region)))
        seen = [Seen(tx, each) for each in found]
    return {"Addresses": [shape(each) for each in seen if test is None or test(each)]}


def _known(tx: Reader, ctx: Context, text: str) -> ElasticIp:
    found = _look(tx, ctx, text)
    if found is None or found.address != text:
        raise NetworkError("InvalidAddress.NotFound", f"Address '{text}' not found.")
    return found


# -- reverse names -----------------------------------------------------------------------------------------------------


def _attribute(found: ElasticIp) -> dict[str, Any]:
    name = {"PtrRecord": found.ptr} if found.ptr else {}
    return {"PublicIp": found.address, "AllocationId": found.id, **name}


@action("DescribeAddressesAttribute", resource="*")
def describe_addresses_attribute(ctx: Context, req: Request) -> Answer:
    """The reverse names of addresses."""
    with ctx.read() as tx:
        if req.get("AllocationIds"):
            found = ELASTIC_IP.all(tx, ctx, req["AllocationIds"])
        else:
            found = [each for each in tx.scan(ELASTIC_IPS, (ctx.account, ctx.region)) if each.ptr]
    return page(ctx, req, found, key=lambda each: each.id, into="Addresses", shape=_attribute, least=1)


@action("ModifyAddressAttribute", resource=on((ELASTIC_IP, "AllocationId")), fidelity="recorded")
def modify_address_attribute(ctx: Context, req: Request) -> Answer:
    """Keep the reverse name of an address. There is no DNS that would answer with it."""
    with ctx.write() as tx:
        found = ELASTIC_IP.require(tx, ctx, req["AllocationId"])
        found.ptr = (req.get("DomainName") or "").rstrip(".") + "."
        tx.put(ELASTIC_IPS, found)
    return {"Address": {**_attribute(found), "PtrRecordUpdate": {"Value": found.ptr, "Status": "PENDING"}}}


@action("ResetAddressAttribute", resource=on((ELASTIC_IP, "AllocationId")), fidelity="recorded")
def reset_address_attribute(ctx: Context, req: Request) -> Answer:
    """Forget the reverse name of an address."""
    with ctx.write() as tx:
        found = ELASTIC_IP.require(tx, ctx, req["AllocationId"])
        found.ptr = ""
        tx.put(ELASTIC_IPS, found)
    return {"Address": _attribute(found)}
