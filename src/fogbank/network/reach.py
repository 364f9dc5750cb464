"""Whether traffic from one interface reaches another: by security groups, network ACLs and routes. It reads no store.

    reach.verdict(reach.Flow("10.0.0.5", "10.0.1.9", "tcp", 5432), source, target) -> Verdict(True, "")

"Security groups are stateful"; "network ACLs are stateless": what is answered passes the ACLs again, on the way back.
https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html#VPC_Security_Comparison
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from .groups import ALL
from .records import AclEntry, GroupRule, Route
from .routes import LOCAL, chosen

_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}
EPHEMERAL = (1024, 65535)  # the ports that clients send from


class Flow(NamedTuple):
    """Traffic to a port of an address. `protocol` is a name or number; ICMP has no port."""

    source: str
    target: str
    protocol: str
    port: int | None = None


class End(NamedTuple):
    """One side: the rules of an interface's security groups, its subnet's network ACL and its subnet's routes.

    `groups` are the ids of its groups, which rules of the other side may name. What is None decides nothing: an address
    beyond the cloud has none of it.
    """

    groups: tuple[str, ...] = ()
    rules: tuple[GroupRule, ...] | None = None
    entries: tuple[AclEntry, ...] | None = None
    routes: tuple[Route, ...] | None = None


class Verdict(NamedTuple):
    """Whether it arrives; if not, what stops it."""

    arrives: bool
    stopped: str = ""


def verdict(flow: Flow, source: End, target: End) -> Verdict:
    """Whether a flow arrives, and its answers come back."""
    back = Flow(flow.target, flow.source, flow.protocol, None)
    steps = (
        (_routed(flow, source), "route of the source"),
        (_let(flow, source, target, egress=True), "security group of the source"),
        (_passes(flow, source, egress=True), "network ACL of the source"),
        (_passes(flow, target, egress=False), "network ACL of the target"),
        (_let(flow, target, source, egress=False), "security group of the target"),
        (_passes(back, target, egress=True), "network ACL of the target, on the way back"),
        (_passes(back, source, egress=False), "network ACL of the source, on the way back"),
    )
    stopped = next((name for good, name in steps if not good), "")
    return Verdict(not stopped, stopped)


def _routed(flow: Flow, source: End) -> bool:
    return source.routes is None or chosen(list(source.routes), flow.target) is not None


def local(flow: Flow, source: End) -> bool:
    """Whether a flow stays in the VPC of its source."""
    route = chosen(list(source.routes or ()), flow.target)
    return route is not None and route.target == LOCAL


def _let(flow: Flow, own: End, other: End, *, egress: bool) -> bool:
    """Whether a rule of a side's groups lets the flow out or in."""
    if own.rules is None:
        return True
    far = flow.target if egress else flow.source
    return any(rule.egress == egress and allows(rule, flow, far, other.groups) for rule in own.rules)


def allows(rule: GroupRule, flow: Flow, far: str, far_groups: Iterable[str]) -> bool:
    """Whether one rule lets a flow through whose other side has this address and these groups."""
    if rule.protocol not in (ALL, flow.protocol):
        return False
    if rule.protocol in ("tcp", "udp") and not _within(flow.port, (rule.first or 0, rule.last or 0)):
        return False
    if rule.peer:
        return rule.peer in far_groups
    return _inside(far, rule.cidr or rule.ipv6)


def _within(port: int | None, span: tuple[int, int]) -> bool:
    return port is not None and span[0] <= port <= span[1]


def _inside(address: str, block: str) -> bool:
    if not block:
        return False
    network, found = ipaddress.ip_network(block), ipaddress.ip_address(address)
    return found.version == network.version and found in network


def _passes(flow: Flow, own: End, *, egress: bool) -> bool:
    """Whether the first rule of the network ACL that matches allows the flow. Answers go to any ephemeral port."""
    if own.entries is None:
        return True
    far = flow.target if egress else flow.source
    for entry in sorted(own.entries, key=lambda each: each.number):
        if entry.egress == egress and _matches(entry, flow) and _inside(far, entry.cidr or entry.ipv6):
            return entry.action == "allow"
    return False


def _matches(entry: AclEntry, flow: Flow) -> bool:
    if entry.protocol not in (ALL, flow.protocol, _NUMBERS.get(flow.protocol, "")):
        return False
    if entry.ports is None or entry.protocol == ALL:
        return True
    if flow.port is None:  # an answer: it is denied where a rule leaves out a part of the ports
        return entry.ports[0] <= EPHEMERAL[0] and entry.ports[1] >= EPHEMERAL[1]
    return _within(flow.port, entry.ports)
