"""Decides where the cloud may send requests: which host names are the cloud itself, and which addresses are allowed.

Users configure the destinations: a webhook, an API's backend. They must not gain access to what only this machine may
reach. Addresses are checked after name resolution, and the connection goes to the checked address, so that the name
cannot resolve to another one in between (DNS rebinding).

    open       everywhere, except the addresses that are never allowed
    private    only private networks and this machine
    loopback   only this machine

Requests to AWS's domains, and to the domains that this cloud serves, are sent to this cloud's own port.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Literal

Outbound = Literal["open", "private", "loopback"]
Address = IPv4Address | IPv6Address

AWS = ("amazonaws.com", "amazonaws.com.cn", "on.aws", "api.aws")
CONTROL = ("/_fogbank/", "/_localstack/")

_NEVER = [
    (ip_network(network), why)
    for network, why in (
        ("169.254.0.0/16", "link-local, where clouds give credentials to their machines"),
        ("fe80::/10", "link-local"),
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
        ("fd00:ec2::/32", "where AWS gives credentials to its machines"),
        ("fd20:ce::254/128", "where Google Cloud gives credentials to its machines"),
        ("168.63.129.16/32", "where Azure configures its machines"),
        ("100.100.100.200/32", "where Alibaba Cloud gives credentials to its machines"),
        ("192.0.0.192/32", "where Oracle Cloud gives credentials to its machines"),
        ("0.0.0.0/8", "no address of a machine"),
        ("::/128", "no address of a machine"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
]
_LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
_PRIVATE = [
    *_LOOPBACK,
    *(ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")),
]
# IPv6 addresses that gateways translate to IPv4: the last 32 bits are the IPv4 address
_TRANSLATED = [ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")]


def is_home(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a host name means this cloud: AWS's domains, and the domains that the cloud serves.

    Names below .localhost mean this machine (RFC 6761), with the port in the URL.
    """
    name = host.lower().removesuffix(".")
    ours = (*AWS, *(domain.lower() for domain in domains if domain and domain.lower() != "localhost"))
    return any(name == domain or name.endswith(f".{domain}") for domain in ours)


def is_local(host: str) -> bool:
    """Whether a name means this machine by definition, without resolving it."""
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


def refusal(text: str, outbound: Outbound) -> str:
    """Why connections to an address are not allowed; empty if they are."""
    address = ipaddress.ip_address(text.partition("%")[0])  # without its zone
    for each in _meanings(address):
        for network, why in _NEVER:
            if each in network:
                return f"{text} is {why}: no value of the setting outbound allows it"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if outbound == "loopback" and not any(address in network for network in _LOOPBACK):
        return f"{text} is not an address of this machine, and the setting outbound is loopback"
    if outbound == "private" and not any(address in network for network in _PRIVATE):
        return f"{text} is not a private address, and the setting outbound is private"
    return ""


def _meanings(address: Address) -> list[Address]:
    """The address, and the IPv4 addresses that are embedded in it."""
    if isinstance(address, IPv4Address):
        return [address]
    found: list[Address | None] = [address, address.ipv4_mapped, address.sixtofour]
    if address.teredo is not None:
        found += address.teredo
    if any(address in network for network in _TRANSLATED) and int(address) > 1:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]
