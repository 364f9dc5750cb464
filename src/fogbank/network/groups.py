"""Security groups: how rules are written, and which are the same.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fogbank.store.api import Reader

from .errors import InvalidParameterValue, NetworkError
from .records import GROUP_RULES, GroupRule, SecurityGroup

ALL = "-1"
NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": ALL}
_PORTS = ("tcp", "udp")
_TYPES = ("icmp", "icmpv6")


class Match(NamedTuple):
    """What a rule lets through: no two rules of a group have the same."""

    egress: bool
    protocol: str
    first: int | None
    last: int | None
    cidr: str
    ipv6: str
    prefix_list: str
    peer: str

    def __str__(self) -> str:
        """As EC2 words it: peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW."""
        who = self.cidr or self.ipv6 or self.prefix_list or self.peer
        if self.protocol == ALL:
            return f"peer: {who}, ALL, ALLOW"
        if self.first is None:
            return f"peer: {who}, {self.protocol.upper()}, ALLOW"
        if self.protocol in _TYPES:
            return f"peer: {who}, {self.protocol.upper()}, type: {self.first}, code: {self.last}, ALLOW"
        return f"peer: {who}, {self.protocol.upper()}, from port: {self.first}, to port: {self.last}, ALLOW"


def match(rule: GroupRule) -> Match:
    return Match(rule.egress, rule.protocol, rule.first, rule.last, rule.cidr, rule.ipv6, rule.prefix_list, rule.peer)


def rules(tx: Reader, group: SecurityGroup) -> list[GroupRule]:
    return list(tx.scan_index(GROUP_RULES, "group", (group.account, group.region, group.id)))


def protocol(text: str) -> str:
    """A protocol by the name that EC2 shows: four have one, others are shown by their numbers."""
    name = NAMES.get(text.lower(), text.lower())
    if name in (*NAMES.values(), *_PORTS):
        return name
    if not (name.isascii() and name.isdigit() and int(name) <= 255):
        raise InvalidParameterValue(f"Invalid value '{text}' for IP protocol. Unknown protocol.")
    return str(int(name))


def ports(name: str, first: int | None, last: int | None) -> tuple[int | None, int | None]:
    """The ports of a rule, or ICMP's type and code; none for other protocols."""
    if name in _PORTS:
        if first is None or last is None:
            raise InvalidParameterValue(
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
            )
        if (first, last) == (-1, -1):
            first, last = 0, 65535
        if not 0 <= first <= last <= 65535:
            raise InvalidParameterValue(f"Invalid TCP/UDP port range ({first}:{last})")
        return first, last
    if name in _TYPES:
        kind, code = -1 if first is None else first, -1 if last is None else last
        if not (-1 <= kind <= 255 and -1 <= code <= 255) or (kind == -1 and code != -1):
            raise InvalidParameterValue(f"Invalid ICMP type/code pair ({kind}:{code})")
        return kind, code
    return None, None


def cidr(text: str, version: int = 4) -> str:
    """A block of a rule. Bits of the host are dropped."""
    try:
        block = ipaddress.ip_network(text if "/" in text else "no block", strict=False)
        if block.version != version:
            raise ValueError(text)
    except ValueError:
        raise InvalidParameterValue(f"CIDR block {text} is malformed") from None
    return str(block)


def check_description(text: str, name: str) -> str:
    """ "Up to 255 characters in length. Allowed characters are a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=;{}!$*"."""
    if len(text) > 255:
        raise InvalidParameterValue(
            f"Value ({text}) for parameter {name} is invalid. Must be less than or equal to 255 characters"
        )
    if not text.isascii():
        raise InvalidParameterValue(
            f"Value ({text}) for parameter {name} is invalid. Character sets beyond ASCII are not supported."
        )
    return text


def weight(found: Iterable[GroupRule], egress: bool, version: int) -> int:
    """How many rules count towards the limit of one direction, which is that of IPv4 and of IPv6 each."""
    other = "ipv6" if version == 4 else "cidr"
    return sum(rule.egress == egress and not getattr(rule, other) for rule in found)


def permissions(found: Iterable[GroupRule]) -> list[dict[str, Any]]:
    """Rules in EC2's older form: those with the same protocol and ports in one permission."""
    grouped: dict[tuple[str, int | None, int | None], dict[str, Any]] = {}
    for rule in found:
        where = (rule.protocol, rule.first, rule.last)
        permission = grouped.get(where)
        if permission is None:
            span = {} if rule.first is None else {"FromPort": rule.first, "ToPort": rule.last}
            lists: dict[str, list[Any]] = {
                "UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [],
            }  # fmt: skip
            permission = grouped[where] = {"IpProtocol": rule.protocol, **span, **lists}
        into, entry = _entry(rule)
        permission[into].append(entry | ({"Description": rule.description} if rule.description else {}))
    return list(grouped.values())


def _entry(rule: GroupRule) -> tuple[str, dict[str, Any]]:
    if rule.cidr:
        return "IpRanges", {"CidrIp": rule.cidr}
    if rule.ipv6:
        return "Ipv6Ranges", {"CidrIpv6": rule.ipv6}
    if rule.prefix_list:
        return "PrefixListIds", {"PrefixListId": rule.prefix_list}
    peering = {"VpcPeeringConnectionId": rule.peering, "PeeringStatus": "active"} if rule.peering else {}
    return "UserIdGroupPairs", {"UserId": rule.peer_account, "GroupId": rule.peer, **peering}


def sources(permission: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """The sources of a permission: what each is (cidr, ipv6, prefix_list, peer), its text or pair, its description."""
    for member, kind, key in (
        ("IpRanges", "cidr", "CidrIp"),
        ("Ipv6Ranges", "ipv6", "CidrIpv6"),
        ("PrefixListIds", "prefix_list", "PrefixListId"),
    ):
        for each in permission.get(member) or ():
            yield kind, each.get(key) or "", each.get("Description") or ""
    for each in permission.get("UserIdGroupPairs") or ():
        yield "peer", each, each.get("Description") or ""


def duplicate(same: Match) -> NetworkError:
    return NetworkError("InvalidPermission.Duplicate", f'the specified rule "{same}" already exists')
