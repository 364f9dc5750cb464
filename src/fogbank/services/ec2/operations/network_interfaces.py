"""Network interfaces.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import addresses, interfaces
from fogbank.network.records import INTERFACES, Interface
from fogbank.store.api import Reader, Transaction

from .. import interface_shapes, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import GROUP, INTERFACE, SUBNET
from ..kinds import creates, holding, on
from ..taggable import kinds

BY_ID = on((INTERFACE, "NetworkInterfaceId"))


def _wanted(req: Request) -> list[str]:
    """The private addresses that a request asks for, the primary one first."""
    listed = sorted(req.get("PrivateIpAddresses") or (), key=lambda each: not each.get("Primary"))
    texts = [each.get("PrivateIpAddress") or "" for each in listed]
    if sum(bool(each.get("Primary")) for each in listed) > 1:
        raise InvalidParameterValue("Only one private address can be primary.")
    if req.get("PrivateIpAddress"):
        texts = [req["PrivateIpAddress"], *(text for text in texts if text != req["PrivateIpAddress"])]
    return texts


@action("CreateNetworkInterface", resource=creates(INTERFACE, (SUBNET, "SubnetId"), (GROUP, "Groups")))
def create_network_interface(ctx: Context, req: Request) -> Answer:
    """Create an interface in a subnet."""
    given = tags.created(req, "network-interface")
    kept = [name for name in ("Ipv4Prefixes", "Ipv4PrefixCount", "Ipv6Prefixes", "Ipv6PrefixCount") if req.get(name)]
    if kept:
        raise NetworkError("UnsupportedOperation", f"Prefixes of interfaces are not supported here: {', '.join(kept)}.")
    sixes = [each.get("Ipv6Address") or "" for each in req.get("Ipv6Addresses") or ()]
    with ctx.write() as tx:
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        made = interfaces.create(
            tx, ctx, subnet, req.get("Groups") or (),
            wanted=_wanted(req), more=req.get("SecondaryPrivateIpAddressCount") or 0,
            ipv6=sixes, ipv6_count=req.get("Ipv6AddressCount") or 0,
            description=req.get("Description") or "", type=_type(req), tags=given,
        )  # fmt: skip
        shape = interface_shapes.interface(tx, ctx, made, "pending")
    return {"NetworkInterface": shape, "ClientToken": req.get("ClientToken") or ctx.ids.uuid()}


def _type(req: Request) -> str:
    return req.get("InterfaceType") or "interface"


@action("DeleteNetworkInterface", resource=BY_ID)
def delete_network_interface(ctx: Context, req: Request) -> Answer:
    """Delete an interface that is attached to nothing."""
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        if found.attachment is not None:
            raise InvalidParameterValue(f"Network interface '{found.id}' is currently in use.")
        if found.managed:
            raise NetworkError(
                "OperationNotPermitted", f"You do not have permission to delete the network interface '{found.id}'."
            )
        interfaces.delete(tx, found)
    return {}


# -- descriptions ------------------------------------------------------------------------------------------------------


def _attached(name: str) -> Any:
    return lambda found: getattr(found.attachment, name) if found.attachment else None


def _addresses(name: str) -> Any:
    return lambda found: [text for each in found.addresses if (text := getattr(each, name))]


FILTERS: Filters[Interface] = Filters(
    {
        "addresses.association.owner-id": lambda i: [i.account for each in i.addresses if each.public],
        "addresses.association.public-ip": _addresses("public"),
        "addresses.primary": lambda i: [each.primary for each in i.addresses],
        "addresses.private-ip-address": _addresses("address"),
        "association.allocation-id": _addresses("allocation"),
        "association.association-id": _addresses("association"),
        "association.ip-owner-id": lambda i: [i.account for each in i.addresses if each.public],
        "association.public-dns-name": lambda i: None,
        "association.public-ip": _addresses("public"),
        "attachment.attach-time": _attached("at"),
        "attachment.attachment-id": _attached("id"),
        "attachment.delete-on-termination": _attached("delete_with"),
        "attachment.device-index": _attached("index"),
        "attachment.instance-id": _attached("instance"),
        "attachment.instance-owner-id": _attached("owner"),
        "attachment.status": lambda i: "attached" if i.attachment else None,
        "availability-zone": "zone",
        "description": "description",
        "group-id": "groups",
        "interface-type": "type",
        "ipv6-addresses.ipv6-address": "ipv6",
        "mac-address": "mac",
        "network-interface-id": "id",
        "owner-id": "account",
        "private-dns-name": lambda i: None,
        "private-ip-address": lambda i: [each.address for each in i.addresses if each.primary],
        "requester-id": "requester",
        "requester-managed": "managed",
        "source-dest-check": "source_check",
        "status": lambda i: "in-use" if i.attachment else "available",
        "subnet-id": "subnet",
        "vpc-id": "vpc",
    }
)


@action("DescribeNetworkInterfaces", resource="*")
def describe_network_interfaces(ctx: Context, req: Request) -> Answer:
    """Describe interfaces."""
    return describe(
        ctx, req, INTERFACE, FILTERS, ids="NetworkInterfaceIds", into="NetworkInterfaces",
        shape=lambda tx, found: interface_shapes.interface(tx, ctx, found),
    )  # fmt: skip


@action("DescribeNetworkInterfaceAttribute", resource=BY_ID)
def describe_network_interface_attribute(ctx: Context, req: Request) -> Answer:
    """One attribute of an interface."""
    with ctx.read() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        answers: dict[str, Answer] = {
            "description": {"Description": {"Value": found.description}},
            "groupSet": {"Groups": interface_shapes.groups(tx, found)},
            "sourceDestCheck": {"SourceDestCheck": {"Value": found.source_check}},
            "attachment": {"Attachment": interface_shapes.attachment(found.attachment)} if found.attachment else {},
            "associatePublicIpAddress": {"AssociatePublicIpAddress": any(each.public for each in found.addresses)},
        }
    if not req.get("Attribute"):
        raise MissingParameter.of("attribute")
    if req["Attribute"] not in answers:
        raise InvalidParameterValue(
            f"Value ({req['Attribute']}) for parameter attribute is invalid. Unknown attribute."
        )
    return {"NetworkInterfaceId": found.id, **answers[req["Attribute"]]}


@action("ModifyNetworkInterfaceAttribute", resource=on((INTERFACE, "NetworkInterfaceId"), (GROUP, "Groups")))
def modify_network_interface_attribute(ctx: Context, req: Request) -> Answer:
    """Change one attribute of an interface."""
    given = [name for name in ("Description", "SourceDestCheck", "Groups", "Attachment") if req.get(name)]
    if len(given) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        if req.get("Description"):
            found.description = req["Description"].get("Value") or ""
        if req.get("SourceDestCheck"):
            found.source_check = bool(req["SourceDestCheck"].get("Value"))
        if req.get("Groups"):
            found.groups = interfaces.groups(tx, ctx, found.vpc, req["Groups"])
        if req.get("Attachment"):
            _modify_attachment(found, req["Attachment"])
        tx.put(INTERFACES, found)
    return {}


def _modify_attachment(found: Interface, given: dict[str, Any]) -> None:
    if found.attachment is None or found.attachment.id != given.get("AttachmentId"):
        raise NetworkError(
            "InvalidAttachmentID.NotFound",
            f"The attachment ID '{given.get('AttachmentId') or ''}' does not exist",
        )
    found.attachment.delete_with = bool(given.get("DeleteOnTermination"))


@action("ResetNetworkInterfaceAttribute", resource=BY_ID)
def reset_network_interface_attribute(ctx: Context, req: Request) -> Answer:
    """Check source and destination of packets again."""
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        found.source_check = True
        tx.put(INTERFACES, found)
    return {}


# -- attachments -------------------------------------------------------------------------------------------------------


def _attaching(ctx: Context, req: Request) -> list[Access]:
    instance = kinds().get("i")
    needed = [Access("", INTERFACE.name(ctx, req["NetworkInterfaceId"]))]
    return needed if instance is None else [*needed, Access("", instance.name(ctx, req["InstanceId"]))]


@action("AttachNetworkInterface", resource=_attaching)
def attach_network_interface(ctx: Context, req: Request) -> Answer:
    """Attach an interface to an instance in its zone."""
    index = req["DeviceIndex"]
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        others = interfaces.of_instance(tx, ctx, req["InstanceId"])
        if not others:
            raise NetworkError("InvalidInstanceID.NotFound", f"The instance ID '{req['InstanceId']}' does not exist")
        if found.attachment is not None:
            raise NetworkError("InvalidNetworkInterface.InUse", f"Interface: [{found.id}] in use.")
        if any(each.attachment and each.attachment.index == index for each in others):
            raise InvalidParameterValue(
                f"Instance '{req['InstanceId']}' already has an interface attached at device index '{index}'."
            )
        if others[0].zone != found.zone:
            raise InvalidParameterValue("You may not attach a network interface to an instance if they are not in the "
                                        "same availability zone")  # fmt: skip
        made = interfaces.attach(tx, ctx, found, req["InstanceId"], index=index, card=req.get("NetworkCardIndex") or 0)
    return {"AttachmentId": made.id, "NetworkCardIndex": made.card}


def _attached_as(tx: Reader, ctx: Context, id: str) -> Interface | None:
    found = tx.scan(INTERFACES, (ctx.account, ctx.region))
    return next((each for each in found if each.attachment is not None and each.attachment.id == id), None)


@action("DetachNetworkInterface", resource=holding(INTERFACE, "AttachmentId", _attached_as))
def detach_network_interface(ctx: Context, req: Request) -> Answer:
    """Detach an interface: not the primary one of an instance."""
    id = req["AttachmentId"]
    with ctx.write() as tx:
        there = _attached_as(tx, ctx, id)
        if there is None:
            raise NetworkError("InvalidAttachmentID.NotFound", f"The attachment ID '{id}' does not exist")
        found = INTERFACE.require(tx, ctx, there.id)
        assert found.attachment is not None
        if found.managed:
            raise NetworkError("OperationNotPermitted", f"You are not allowed to manage '{id}' attachments.")
        if found.attachment.index == 0:
            raise NetworkError("OperationNotPermitted", "The network interface at device index 0 cannot be detached.")
        interfaces.detach(tx, found)
    return {}


# -- private addresses -------------------------------------------------------------------------------------------------


@action("AssignPrivateIpAddresses", resource=BY_ID)
def assign_private_ip_addresses(ctx: Context, req: Request) -> Answer:
    """Give an interface further private addresses."""
    texts, count = req.get("PrivateIpAddresses") or [], req.get("SecondaryPrivateIpAddressCount") or 0
    if bool(texts) == bool(count):
        raise InvalidParameterCombination("Specify either addresses or a number of them.")
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        for text in texts if req.get("AllowReassignment") else ():
            _take_from_other(tx, ctx, found, text)
        subnet = interfaces.subnet(tx, ctx, found.subnet)
        added = [interfaces.add_address(tx, ctx, subnet, found, text) for text in texts or [""] * count]
    return {
        "NetworkInterfaceId": found.id,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": text} for text in added],
    }


def _take_from_other(tx: Transaction, ctx: Context, found: Interface, text: str) -> None:
    """Move a secondary address from the interface that has it."""
    subnet = interfaces.subnet(tx, ctx, found.subnet)
    holder = addresses.holder(tx, subnet, text)
    other = tx.get(INTERFACES, (ctx.account, ctx.region, holder)) if holder else None
    if other is None or any(each.address == text and each.primary for each in other.addresses):
        return
    interfaces.drop_address(tx, subnet, other, text)


@action("UnassignPrivateIpAddresses", resource=BY_ID)
def unassign_private_ip_addresses(ctx: Context, req: Request) -> Answer:
    """Take secondary private addresses from an interface."""
    wanted = set(req.get("PrivateIpAddresses") or ())
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        known = {each.address for each in found.addresses if not each.primary}
        if wrong := sorted(wanted - known):
            raise InvalidParameterValue(f"Some of the specified addresses are not assigned to interface {found.id}: "
                                        f"{', '.join(wrong)}")  # fmt: skip
        subnet = interfaces.subnet(tx, ctx, found.subnet)
        for text in wanted:
            interfaces.drop_address(tx, subnet, found, text)
    return {}


@action("AssignIpv6Addresses", resource=BY_ID)
def assign_ipv6_addresses(ctx: Context, req: Request) -> Answer:
    """Give an interface IPv6 addresses."""
    texts = req.get("Ipv6Addresses") or [""] * (req.get("Ipv6AddressCount") or 0)
    if not texts:
        raise MissingParameter.of("ipv6AddressCount")
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        subnet = interfaces.subnet(tx, ctx, found.subnet)
        added = [addresses.take6(tx, ctx, subnet, found.id, text) for text in texts]
        found.ipv6 = found.ipv6 + added
        tx.put(INTERFACES, found)
    return {"NetworkInterfaceId": found.id, "AssignedIpv6Addresses": added}


@action("UnassignIpv6Addresses", resource=BY_ID)
def unassign_ipv6_addresses(ctx: Context, req: Request) -> Answer:
    """Take IPv6 addresses from an interface."""
    wanted = req.get("Ipv6Addresses") or []
    with ctx.write() as tx:
        found = INTERFACE.require(tx, ctx, req["NetworkInterfaceId"])
        if wrong := [text for text in wanted if text not in found.ipv6]:
            raise InvalidParameterValue(f"The IPv6 addresses {', '.join(wrong)} are not assigned to {found.id}.")
        subnet = interfaces.subnet(tx, ctx, found.subnet)
        for text in wanted:
            addresses.give_back(tx, subnet, text)
        found.ipv6 = [text for text in found.ipv6 if text not in wanted]
        tx.put(INTERFACES, found)
    return {"NetworkInterfaceId": found.id, "UnassignedIpv6Addresses": wanted}
