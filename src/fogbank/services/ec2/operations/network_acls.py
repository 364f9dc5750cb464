"""Network ACLs.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import cidrs, ids, vpcs
from fogbank.network.records import NETWORK_ACLS, AclEntry, Association, NetworkAcl
from fogbank.store.api import Reader

from .. import quotas, tags
from ..calls import Answer, Request, action
from ..errors import DependencyViolation, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import ACL, VPC
from ..kinds import creates, holding, on

BY_ID = on((ACL, "NetworkAclId"))
NUMBERS = {"all": "-1", "tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}


@action("CreateNetworkAcl", resource=creates(ACL, (VPC, "VpcId")))
def create_network_acl(ctx: Context, req: Request) -> Answer:
    """Create an ACL that denies everything."""
    given = tags.created(req, "network-acl")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        quotas.room_in(
            tx, ctx, quotas.ACLS, NETWORK_ACLS, "vpc", vpc.id,
            ("NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached."),
        )  # fmt: skip
        entries = vpcs.closed_entries() + (vpcs.closed_entries6() if vpc.ipv6 else [])
        made = NetworkAcl(**vpcs.common(ctx, "acl", given), vpc=vpc.id, entries=entries)
        tx.put(NETWORK_ACLS, made)
    return {"NetworkAcl": shape(made), "ClientToken": req.get("ClientToken") or ctx.ids.uuid()}


@action("DeleteNetworkAcl", resource=BY_ID)
def delete_network_acl(ctx: Context, req: Request) -> Answer:
    """Delete an ACL that applies to no subnet; the default one stays."""
    with ctx.write() as tx:
        found = ACL.require(tx, ctx, req["NetworkAclId"])
        if found.default:
            raise InvalidParameterValue(f"cannot delete default network ACL {found.id}")
        if found.associations:
            raise DependencyViolation(f"The networkAcl '{found.id}' has dependencies and cannot be deleted.")
        tx.delete(NETWORK_ACLS, NETWORK_ACLS.key(found))
    return {}


# -- entries -----------------------------------------------------------------------------------------------------------


def _entry(req: Request) -> AclEntry:
    number = req["RuleNumber"]
    if not 1 <= number < vpcs.LAST:
        raise InvalidParameterValue(f"Value ({number}) for parameter ruleNumber is invalid. It has to be 1 to 32766.")
    if bool(req.get("CidrBlock")) == bool(req.get("Ipv6CidrBlock")):
        raise MissingParameter("The request must contain exactly one of cidrBlock, ipv6CidrBlock")
    protocol = NUMBERS.get(str(req["Protocol"]).lower(), str(req["Protocol"]))
    if protocol != "-1" and not (protocol.isdigit() and int(protocol) <= 255):
        raise InvalidParameterValue(f"Invalid value '{req['Protocol']}' for protocol. Unknown protocol.")
    if req["RuleAction"] not in ("allow", "deny"):
        raise InvalidParameterValue(f"Value ({req['RuleAction']}) for parameter ruleAction is invalid.")
    return AclEntry(
        number=number,
        egress=bool(req["Egress"]),
        protocol=protocol,
        action=req["RuleAction"],
        cidr=str(cidrs.v4(req["CidrBlock"])) if req.get("CidrBlock") else "",
        ipv6=str(cidrs.v6(req["Ipv6CidrBlock"])) if req.get("Ipv6CidrBlock") else "",
        ports=_ports(req, protocol),
        icmp=_icmp(req, protocol),
    )


def _ports(req: Request, protocol: str) -> tuple[int, int] | None:
    if protocol not in ("6", "17"):
        return None
    given = req.get("PortRange") or {}
    if given.get("From") is None or given.get("To") is None:
        raise MissingParameter("The request must contain the parameter portRange")
    first, last = given["From"], given["To"]
    if (first, last) == (-1, -1):
        return 0, 65535
    if not 0 <= first <= last <= 65535:
        raise InvalidParameterValue(f"Invalid TCP/UDP port range ({first}:{last})")
    return first, last


def _icmp(req: Request, protocol: str) -> tuple[int, int] | None:
    if protocol not in ("1", "58"):
        return None
    given = req.get("IcmpTypeCode") or {}
    if given.get("Type") is None or given.get("Code") is None:
        raise MissingParameter("The request must contain the parameter icmpTypeCode")
    return given["Type"], given["Code"]


def _same(entry: AclEntry, number: int, egress: bool) -> bool:
    return (entry.number, entry.egress) == (number, egress)


@action("CreateNetworkAclEntry", resource=BY_ID)
def create_network_acl_entry(ctx: Context, req: Request) -> Answer:
    """Add a rule under a number that is free."""
    entry = _entry(req)
    with ctx.write() as tx:
        found = ACL.require(tx, ctx, req["NetworkAclId"])
        if any(_same(each, entry.number, entry.egress) for each in found.entries):
            raise NetworkError(
                "NetworkAclEntryAlreadyExists", f"The network acl entry identified by {entry.number} already exists."
            )
        one_way = sum(each.egress == entry.egress and each.number < vpcs.LAST for each in found.entries)
        if one_way + 1 > ctx.quota("vpc", quotas.ACL_RULES, tx):
            raise NetworkError(
                "NetworkAclEntryLimitExceeded", "The maximum number of network acl entries has been reached."
            )
        found.entries = [*found.entries, entry]
        tx.put(NETWORK_ACLS, found)
    return {}


def _no_entry(found: NetworkAcl, number: int, egress: bool) -> NetworkError:
    way = "egress" if egress else "ingress"
    return NetworkError(
        "InvalidNetworkAclEntry.NotFound",
        f"The {way} entry identified by rule number {number} in network ACL {found.id} does not exist.",
    )


@action("ReplaceNetworkAclEntry", resource=BY_ID)
def replace_network_acl_entry(ctx: Context, req: Request) -> Answer:
    """Replace a rule."""
    entry = _entry(req)
    with ctx.write() as tx:
        found = ACL.require(tx, ctx, req["NetworkAclId"])
        others = [each for each in found.entries if not _same(each, entry.number, entry.egress)]
        if len(others) == len(found.entries):
            raise _no_entry(found, entry.number, entry.egress)
        found.entries = [*others, entry]
        tx.put(NETWORK_ACLS, found)
    return {}


@action("DeleteNetworkAclEntry", resource=BY_ID)
def delete_network_acl_entry(ctx: Context, req: Request) -> Answer:
    """Take a rule away. The last ones, which deny the rest, stay."""
    number, egress = req["RuleNumber"], bool(req["Egress"])
    with ctx.write() as tx:
        found = ACL.require(tx, ctx, req["NetworkAclId"])
        others = [each for each in found.entries if number >= vpcs.LAST or not _same(each, number, egress)]
        if len(others) == len(found.entries):
            raise _no_entry(found, number, egress)
        found.entries = others
        tx.put(NETWORK_ACLS, found)
    return {}


# -- associations ------------------------------------------------------------------------------------------------------


def _holder(tx: Reader, ctx: Context, id: str) -> NetworkAcl | None:
    found = tx.scan(NETWORK_ACLS, (ctx.account, ctx.region))
    return next((acl for acl in found if any(each.id == id for each in acl.associations)), None)


OF_ASSOCIATION = holding(ACL, "AssociationId", _holder)


def _replacing(ctx: Context, req: Request) -> list[Access]:
    return [Access("", OF_ASSOCIATION(ctx, req)), Access("", ACL.name(ctx, req["NetworkAclId"]))]


@action("ReplaceNetworkAclAssociation", resource=_replacing)
def replace_network_acl_association(ctx: Context, req: Request) -> Answer:
    """Let another ACL apply to a subnet."""
    with ctx.write() as tx:
        there = _holder(tx, ctx, req["AssociationId"])
        if there is None:
            raise NetworkError(
                "InvalidAssociationID.NotFound", f"The association ID '{req['AssociationId']}' does not exist"
            )
        old = ACL.require(tx, ctx, there.id)
        new = ACL.require(tx, ctx, req["NetworkAclId"])
        if new.vpc != old.vpc:
            raise InvalidParameterValue(f"Network ACL {new.id} and {old.id} belong to different networks")
        subnet = next(each.subnet for each in old.associations if each.id == req["AssociationId"])
        made = Association(id=ids.new(ctx, "aclassoc"), subnet=subnet)
        old.associations = [each for each in old.associations if each.id != req["AssociationId"]]
        tx.put(NETWORK_ACLS, old)
        new = old if new.id == old.id else new
        new.associations = [*new.associations, made]
        tx.put(NETWORK_ACLS, new)
    return {"NewAssociationId": made.id}


# -- descriptions ------------------------------------------------------------------------------------------------------


def _shown(entry: AclEntry) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Egress": entry.egress, "Protocol": entry.protocol, "RuleAction": entry.action, "RuleNumber": entry.number,
    }  # fmt: skip
    if entry.cidr:
        shown["CidrBlock"] = entry.cidr
    if entry.ipv6:
        shown["Ipv6CidrBlock"] = entry.ipv6
    if entry.ports is not None:
        shown["PortRange"] = {"From": entry.ports[0], "To": entry.ports[1]}
    if entry.icmp is not None:
        shown["IcmpTypeCode"] = {"Type": entry.icmp[0], "Code": entry.icmp[1]}
    return shown


def shape(found: NetworkAcl) -> dict[str, Any]:
    return {
        "Associations": [
            {"NetworkAclAssociationId": each.id, "NetworkAclId": found.id, "SubnetId": each.subnet}
            for each in found.associations
        ],
        "Entries": [_shown(each) for each in sorted(found.entries, key=lambda each: (not each.egress, each.number))],
        "IsDefault": found.default,
        "NetworkAclId": found.id,
        "Tags": tags.listed(found.tags),
        "VpcId": found.vpc,
        "OwnerId": found.account,
    }


FILTERS: Filters[NetworkAcl] = Filters(
    {
        "association.association-id": lambda acl: [each.id for each in acl.associations],
        "association.network-acl-id": lambda acl: [acl.id for _ in acl.associations],
        "association.subnet-id": lambda acl: [each.subnet for each in acl.associations],
        "default": "default",
        "entry.cidr": lambda acl: [each.cidr for each in acl.entries if each.cidr],
        "entry.egress": lambda acl: [each.egress for each in acl.entries],
        "entry.icmp.code": lambda acl: [each.icmp[1] for each in acl.entries if each.icmp],
        "entry.icmp.type": lambda acl: [each.icmp[0] for each in acl.entries if each.icmp],
        "entry.ipv6-cidr": lambda acl: [each.ipv6 for each in acl.entries if each.ipv6],
        "entry.port-range.from": lambda acl: [each.ports[0] for each in acl.entries if each.ports],
        "entry.port-range.to": lambda acl: [each.ports[1] for each in acl.entries if each.ports],
        "entry.protocol": lambda acl: [each.protocol for each in acl.entries],
        "entry.rule-action": lambda acl: [each.action for each in acl.entries],
        "entry.rule-number": lambda acl: [each.number for each in acl.entries],
        "network-acl-id": "id",
        "owner-id": "account",
        "vpc-id": "vpc",
    }
)


@action("DescribeNetworkAcls", resource="*")
def describe_network_acls(ctx: Context, req: Request) -> Answer:
    """Describe ACLs."""
    return describe(
        ctx, req, ACL, FILTERS, ids="NetworkAclIds", into="NetworkAcls", shape=lambda tx, found: shape(found)
    )
