"""VPC peering connections.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import cidrs, peerings, vpcs
from fogbank.network.link_records import PEERINGS, Peering, Side
from fogbank.network.records import VPCS, Vpc
from fogbank.store.api import Reader, Transaction

from .. import jobs, quotas, tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import PEERING, VPC
from ..kinds import creates, on

BY_ID = on((PEERING, "VpcPeeringConnectionId"))
MESSAGES = {
    "initiating-request": "Initiating Request to {0}",
    "pending-acceptance": "Pending Acceptance by {0}",
    "active": "Active",
    "deleted": "Deleted by {1}",
    "rejected": "Rejected by {0}",
    "failed": "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
    "expired": "Expired",
}
HOURS = 2  # how long a deleted one is described


def _vpc(tx: Reader, side: Side) -> Vpc | None:
    return tx.get(VPCS, (side.account, side.region, side.vpc))


@action("CreateVpcPeeringConnection", resource=creates(PEERING, (VPC, "VpcId")))
def create_vpc_peering_connection(ctx: Context, req: Request) -> Answer:
    """Ask the owner of another VPC for a connection. Blocks that overlap let it fail."""
    given = tags.created(req, "vpc-peering-connection")
    if not req.get("PeerVpcId"):
        raise MissingParameter.of("peerVpcId")
    account, region = req.get("PeerOwnerId") or ctx.account, req.get("PeerRegion") or ctx.region
    if not arns.ACCOUNT.fullmatch(account):
        raise InvalidParameterValue(f"Value ({account}) for parameter peerOwnerId is invalid.")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        accepter = Side(account=account, region=region, vpc=req["PeerVpcId"])
        peer = _vpc(tx, accepter)
        if peer is None and (account, region) == (ctx.account, ctx.region):
            raise VPC.absent(req["PeerVpcId"])
        if (earlier := _earlier(tx, ctx, vpc.id, accepter)) is not None:
            return {"VpcPeeringConnection": shape(tx, ctx, earlier)}
        made = Peering(
            **vpcs.common(ctx, "pcx", given),
            requester=Side(account=ctx.account, region=ctx.region, vpc=vpc.id),
            accepter=accepter,
        )
        if peer is None or peer.id == vpc.id or _overlap(vpc, peer):
            made.status = "failed"
            jobs.forget(tx, ctx, made.id, HOURS * jobs.HOUR)
        elif (account, region) != (ctx.account, ctx.region):
            copy = Peering(
                **{**vpcs.common(ctx, "pcx"), "account": account, "region": region, "id": made.id},
                requester=made.requester, accepter=made.accepter,
            )  # fmt: skip
            tx.put(PEERINGS, copy)
        tx.put(PEERINGS, made)
        answer = shape(tx, ctx, made, "initiating-request")
    return {"VpcPeeringConnection": answer}


def _earlier(tx: Reader, ctx: Context, vpc: str, accepter: Side) -> Peering | None:
    """A request for the same that is pending. One that is active is in the way."""
    for each in tx.scan(PEERINGS, (ctx.account, ctx.region)):
        status = peerings.status(each, ctx.now())
        if {each.requester.vpc, each.accepter.vpc} == {vpc, accepter.vpc} and status == "active":
            raise NetworkError(
                "VpcPeeringConnectionAlreadyExists", f"A VPC peering connection {each.id} between these VPCs exists."
            )
        if (each.requester.vpc, each.accepter.vpc, status) == (vpc, accepter.vpc, "pending-acceptance"):
            return each
    return None


def _overlap(one: Vpc, other: Vpc) -> bool:
    theirs = [block.cidr for block in other.cidrs]
    return any(cidrs.conflict(ipaddress.ip_network(block.cidr), theirs) is not None for block in one.cidrs)


def _accepting(ctx: Context, req: Request) -> list[Access]:
    name = PEERING.name(ctx, req.get("VpcPeeringConnectionId") or "")
    found: Peering | None = name.record
    ours = found is not None and (found.accepter.account, found.accepter.region) == (ctx.account, ctx.region)
    if found is None or not ours:
        return [Access("", name)]
    return [Access("", name), Access("", VPC.name(ctx, found.accepter.vpc))]


@action("AcceptVpcPeeringConnection", resource=_accepting)
def accept_vpc_peering_connection(ctx: Context, req: Request) -> Answer:
    """Accept a request of the last seven days."""
    with ctx.write() as tx:
        found = PEERING.require(tx, ctx, req["VpcPeeringConnectionId"])
        _check_accepter(ctx, found, "accept")
        status = peerings.status(found, ctx.now())
        if status == "active":
            return {"VpcPeeringConnection": shape(tx, ctx, found)}
        _check_state(found, status, "pending-acceptance")
        for side in (found.requester, found.accepter):
            _check_room(tx, ctx, side)
        peerings.change(tx, found, status="active")
        answer = shape(tx, ctx, found, "provisioning")
    return {"VpcPeeringConnection": answer}


def _check_room(tx: Reader, ctx: Context, side: Side) -> None:
    active = [each for each in tx.scan(PEERINGS, (side.account, side.region)) if each.status == "active"]
    count = sum(side.vpc in (each.requester.vpc, each.accepter.vpc) for each in active)
    if count + 1 > ctx.quota("vpc", quotas.PEERINGS, tx, account=side.account):
        raise NetworkError(
            "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
            "The maximum number of active VPC peering connections per VPC has been reached.",
        )


def _check_accepter(ctx: Context, found: Peering, verb: str) -> None:
    if (found.accepter.account, found.accepter.region) != (ctx.account, ctx.region):
        raise NetworkError(
            "OperationNotPermitted",
            f"User {ctx.account} cannot {verb} peering {found.id}" if found.accepter.account != ctx.account else
            f"Incorrect region ({ctx.region}) specified for this request. VPC peering connection {found.id} must be "
            f"{verb}ed in region {found.accepter.region}",
        )  # fmt: skip


def _check_state(found: Peering, status: str, *wanted: str) -> None:
    if status not in wanted:
        raise NetworkError(
            "InvalidStateTransition", f"Invalid state transition for {found.id}, attempted to transition from {status}"
        )


@action("RejectVpcPeeringConnection", resource=BY_ID)
def reject_vpc_peering_connection(ctx: Context, req: Request) -> Answer:
    """Reject a request."""
    with ctx.write() as tx:
        found = PEERING.require(tx, ctx, req["VpcPeeringConnectionId"])
        _check_accepter(ctx, found, "reject")
        _check_state(found, peerings.status(found, ctx.now()), "pending-acceptance")
        _end(tx, ctx, found, "rejected")
    return {"Return": True}


@action("DeleteVpcPeeringConnection", resource=BY_ID)
def delete_vpc_peering_connection(ctx: Context, req: Request) -> Answer:
    """End a connection, or take a request back. It is described as deleted for two hours."""
    with ctx.write() as tx:
        found = PEERING.require(tx, ctx, req["VpcPeeringConnectionId"])
        status = peerings.status(found, ctx.now())
        if status != "deleted":
            _check_state(found, status, "active", "pending-acceptance", "failed", "rejected", "expired")
            _end(tx, ctx, found, "deleted")
    return {"Return": True}


def _end(tx: Transaction, ctx: Context, found: Peering, status: str) -> None:
    peerings.change(tx, found, status=status, reason=ctx.account)
    places = [(side.account, side.region) for side in (found.requester, found.accepter)]
    jobs.forget(tx, ctx, found.id, HOURS * jobs.HOUR, places)


@action("ModifyVpcPeeringConnectionOptions", resource=BY_ID)
def modify_vpc_peering_connection_options(ctx: Context, req: Request) -> Answer:
    """Let public names of one side resolve to private addresses on the other."""
    answer: Answer = {}
    with ctx.write() as tx:
        found = PEERING.require(tx, ctx, req["VpcPeeringConnectionId"])
        if peerings.status(found, ctx.now()) != "active":
            raise NetworkError("OperationNotPermitted", f"The peering connection {found.id} is not active.")
        for member, name in (("Requester", "requester"), ("Accepter", "accepter")):
            options = req.get(f"{member}PeeringConnectionOptions") or {}
            if "AllowDnsResolutionFromRemoteVpc" not in options:
                continue
            side: Side = getattr(found, name)
            if (side.account, side.region) != (ctx.account, ctx.region):
                raise NetworkError("OperationNotPermitted", f"User {ctx.account} cannot modify the {name} options.")
            side.resolve = bool(options["AllowDnsResolutionFromRemoteVpc"])
            peerings.change(tx, found, **{name: side})
            answer[f"{member}PeeringConnectionOptions"] = {"AllowDnsResolutionFromRemoteVpc": side.resolve}
    return answer


# -- descriptions ------------------------------------------------------------------------------------------------------


def _side(tx: Reader, side: Side, blocks: bool) -> dict[str, Any]:
    vpc = _vpc(tx, side) if blocks else None
    known: dict[str, Any] = {}
    if vpc is not None:
        known = {
            "CidrBlock": vpc.cidrs[0].cidr,
            "CidrBlockSet": [{"CidrBlock": block.cidr} for block in vpc.cidrs],
            "Ipv6CidrBlockSet": [{"Ipv6CidrBlock": block.cidr} for block in vpc.ipv6],
            "PeeringOptions": {
                "AllowDnsResolutionFromRemoteVpc": side.resolve,
                "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
                "AllowEgressFromLocalVpcToRemoteClassicLink": False,
            },
        }
    return {**known, "OwnerId": side.account, "VpcId": side.vpc, "Region": side.region}


def shape(tx: Reader, ctx: Context, found: Peering, status: str = "") -> dict[str, Any]:
    """The blocks of the accepter are shown once it has accepted."""
    status = status or peerings.status(found, ctx.now())
    text = MESSAGES.get(status, "Provisioning").format(found.accepter.account, found.reason)
    expires = {"ExpirationTime": found.created + peerings.DAYS * 86400} if "ing" in status else {}
    return {
        "AccepterVpcInfo": _side(tx, found.accepter, status in ("active", "provisioning")),
        **expires,
        "RequesterVpcInfo": _side(tx, found.requester, True),
        "Status": {"Code": status, "Message": text},
        "Tags": tags.listed(found.tags),
        "VpcPeeringConnectionId": found.id,
    }


class Seen:
    """A connection at a time: its requests expire."""

    def __init__(self, tx: Reader, found: Peering, now: float) -> None:
        self.found, self.id, self.tags = found, found.id, found.tags
        self.status = peerings.status(found, now)
        self.requester, self.accepter = _vpc(tx, found.requester), _vpc(tx, found.accepter)


def _blocks(vpc: Vpc | None) -> list[str]:
    return [block.cidr for block in vpc.cidrs] if vpc else []


FILTERS: Filters[Seen] = Filters(
    {
        "accepter-vpc-info.cidr-block": lambda seen: _blocks(seen.accepter),
        "accepter-vpc-info.owner-id": lambda seen: seen.found.accepter.account,
        "accepter-vpc-info.vpc-id": lambda seen: seen.found.accepter.vpc,
        "expiration-time": lambda seen: None,
        "requester-vpc-info.cidr-block": lambda seen: _blocks(seen.requester),
        "requester-vpc-info.owner-id": lambda seen: seen.found.requester.account,
        "requester-vpc-info.vpc-id": lambda seen: seen.found.requester.vpc,
        "status-code": "status",
        "status-message": lambda seen: MESSAGES[seen.status],
        "vpc-peering-connection-id": "id",
    }
)


@action("DescribeVpcPeeringConnections", resource="*")
def describe_vpc_peering_connections(ctx: Context, req: Request) -> Answer:
    """Describe connections of either side."""
    return describe(
        ctx, req, PEERING, FILTERS, ids="VpcPeeringConnectionIds", into="VpcPeeringConnections", index=None,
        view=lambda tx, found: Seen(tx, found, ctx.now()), shape=lambda tx, seen: shape(tx, ctx, seen.found),
    )  # fmt: skip
