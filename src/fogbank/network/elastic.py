"""Elastic addresses and what they are associated with.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-eips.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import ids, interfaces
from .errors import InvalidParameterValue, NetworkError
from .records import ELASTIC_IPS, INTERFACES, INTERNET_GATEWAYS, ElasticIp, Interface, PrivateAddress


def has_gateway(tx: Reader, interface: Interface) -> bool:
    """Whether the VPC of an interface has an internet gateway."""
    place = (interface.account, interface.region, interface.vpc)
    return tx.first(INTERNET_GATEWAYS, "vpc", place) is not None


def associate(
    tx: Transaction, ctx: Context, address: ElasticIp, interface: Interface, private: str = "", *,
    again: bool = False, service: str = "",
) -> str:  # fmt: skip
    """Associate an elastic address with an address of an interface. Returns the id of the association."""
    if not has_gateway(tx, interface):
        raise NetworkError("Gateway.NotAttached", f"Network {interface.vpc} is not attached to any internet gateway")
    target = _target(interface, private)
    if address.association:
        if address.interface == interface.id and address.private == target.address:
            return address.association
        if not again:
            raise NetworkError(
                "Resource.AlreadyAssociated",
                f"resource {address.id} is already associated with associate-id {address.association}",
            )
        disassociate(tx, address)
        interface = tx.get(INTERFACES, INTERFACES.key(interface)) or interface
        target = _target(interface, private)
    if target.allocation:
        if not again and private:
            raise NetworkError(
                "Resource.AlreadyAssociated",
                f"resource {interface.id} is already associated with associate-id {target.association}",
            )
        _release_other(tx, interface, target)
    target.public, target.allocation = address.address, address.id
    target.association = address.association = ids.new(ctx, "eipassoc")
    address.interface, address.private, address.service = interface.id, target.address, service
    tx.put(INTERFACES, interface)
    tx.put(ELASTIC_IPS, address)
    return address.association


def _target(interface: Interface, private: str) -> PrivateAddress:
    if not private:
        found = interfaces.primary(interface)
        if found is None:
            raise InvalidParameterValue(f"The network interface {interface.id} has no IPv4 address.")
        return found
    for each in interface.addresses:
        if each.address == private:
            return each
    raise InvalidParameterValue(f"Invalid value '{private}' for PrivateIpAddress. The address is not assigned to "
                                f"interface '{interface.id}'.")  # fmt: skip


def _release_other(tx: Transaction, interface: Interface, target: PrivateAddress) -> None:
    """An address that gets another elastic one loses the one that it has."""
    other = tx.get(ELASTIC_IPS, (interface.account, interface.region, target.allocation))
    if other is not None:
        other.association = other.interface = other.private = other.service = ""
        tx.put(ELASTIC_IPS, other)


def disassociate(tx: Transaction, address: ElasticIp) -> None:
    """End the association of an address."""
    interface = tx.get(INTERFACES, (address.account, address.region, address.interface))
    if interface is not None:
        for each in interface.addresses:
            if each.allocation == address.id:
                each.public = each.allocation = each.association = ""
        tx.put(INTERFACES, interface)
    address.association = address.interface = address.private = address.service = ""
    tx.put(ELASTIC_IPS, address)
