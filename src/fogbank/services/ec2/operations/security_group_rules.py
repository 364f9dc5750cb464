"""The rules of security groups, in both forms: permissions, and rules with ids of their own.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import groups, peerings, prefix_lists, vpcs
from fogbank.network.errors import InvalidParameterCombination, InvalidParameterValue, NetworkError
from fogbank.network.groups import Match
from fogbank.network.records import GROUP_RULES, SECURITY_GROUPS, GroupRule, SecurityGroup
from fogbank.store.api import Reader, Transaction

from .. import quotas, tags
from ..calls import Answer, Request, action
from ..errors import MissingParameter
from ..filters import Filters, describe
from ..find import GROUP, GROUP_RULE, VPC
from ..kinds import created, on
from . import security_groups
from .security_groups import of_group

PORTS = ("IpProtocol", "FromPort", "ToPort")
OLD = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId")


def permissions(req: Request) -> list[dict[str, Any]]:
    """The permissions of a request: in its list, or one in members of its own."""
    listed = req.get("IpPermissions")
    given = [member for member in OLD if req.get(member) is not None]
    if listed and given:
        raise InvalidParameterCombination(
            f"The parameter '{given[0]}' may not be used in combination with 'ipPermissions'"
        )
    if listed:
        return list(listed)
    if not given:
        raise MissingParameter("Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
    one: dict[str, Any] = {
        name: req[name] for name in ("IpProtocol", "FromPort", "ToPort") if req.get(name) is not None
    }
    if req.get("CidrIp"):
        one["IpRanges"] = [{"CidrIp": req["CidrIp"]}]
    if req.get("SourceSecurityGroupName"):
        one["UserIdGroupPairs"] = [
            {"GroupName": req["SourceSecurityGroupName"], "UserId": req.get("SourceSecurityGroupOwnerId") or ""}
        ]
        one.setdefault("IpProtocol", groups.ALL)
    return [one]


def read(
    tx: Reader, ctx: Context, group: SecurityGroup, given: list[dict[str, Any]], egress: bool
) -> list[tuple[Match, dict[str, Any]]]:
    """The rules that permissions mean: what each lets through, and the rest of its members."""
    found = []
    for permission in given:
        if not permission.get("IpProtocol"):
            raise MissingParameter.of("ipProtocol")
        protocol = groups.protocol(permission["IpProtocol"])
        span = groups.ports(protocol, permission.get("FromPort"), permission.get("ToPort"))
        sources = list(groups.sources(permission))
        if not sources:
            raise MissingParameter("The request must contain a source or destination: a CIDR, group or prefix list")
        for kind, value, description in sources:
            groups.check_description(description, "description")
            texts, rest = _source(tx, ctx, group, kind, value)
            found.append((_match(egress, protocol, span, texts), {**rest, "description": description}))
    return found


def _match(egress: bool, protocol: str, span: tuple[int | None, int | None], texts: dict[str, str]) -> Match:
    place = (texts.get(name, "") for name in ("cidr", "ipv6", "prefix_list", "peer"))
    return Match(egress, protocol, *span, *place)


def _source(
    tx: Reader, ctx: Context, group: SecurityGroup, kind: str, value: Any
) -> tuple[dict[str, str], dict[str, str]]:
    if kind == "peer":
        peer, peering = _peer(tx, ctx, group, value)
        return {"peer": peer.id}, {"peer_account": peer.account, "peering": peering}
    if kind == "prefix_list":
        prefix_lists.known(tx, ctx, value)
        return {kind: value}, {}
    return {kind: groups.cidr(value, 4 if kind == "cidr" else 6)}, {}


def _peer(tx: Reader, ctx: Context, group: SecurityGroup, pair: dict[str, Any]) -> tuple[SecurityGroup, str]:
    """The group that a pair means: of the same VPC, or of one that is peered with it."""
    id, owner = pair.get("GroupId"), pair.get("UserId") or ctx.account
    if not id:
        name = pair.get("GroupName") or ""
        others = tx.scan_index(SECURITY_GROUPS, "vpc", (ctx.account, ctx.region, group.vpc))
        id = next((other.id for other in others if other.name == name), "")
        if not id:
            raise NetworkError("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
    found = tx.get(SECURITY_GROUPS, (owner, ctx.region, id))
    if found is None:
        raise GROUP.absent(id)
    peering = str(pair.get("VpcPeeringConnectionId") or "")
    if found.vpc != group.vpc and not peering:
        peering = peerings.between(tx, group, found)
        if not peering:
            raise NetworkError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )
    return found, peering


# -- authorize ---------------------------------------------------------------------------------------------------------


def _adding(ctx: Context, req: Request) -> list[Access]:
    """The group, and the permission to tag the rules where they get tags."""
    tagged = created(ctx, GROUP_RULE.new(ctx), tags.given(req, GROUP_RULE.word))[1:]
    return [Access("", of_group(ctx, req)), *tagged]


def _authorize(ctx: Context, req: Request, egress: bool) -> Answer:
    given = tags.created(req, "security-group-rule")
    with ctx.write() as tx:
        group = security_groups.require(tx, ctx, req)
        there = groups.rules(tx, group)
        known = {groups.match(rule) for rule in there}
        added: list[GroupRule] = []
        for same, rest in read(tx, ctx, group, permissions(req), egress):
            if same in known:
                raise groups.duplicate(same)
            known.add(same)
            rule = GroupRule(**vpcs.common(ctx, "sgr", given), group=group.id, **same._asdict(), **rest)
            there.append(rule)
            tx.put(GROUP_RULES, rule)
            added.append(rule)
        check_limit(tx, ctx, there, egress)
    return {"Return": True, "SecurityGroupRules": [shape(ctx, rule) for rule in added]}


def check_limit(tx: Reader, ctx: Context, rules: list[GroupRule], egress: bool) -> None:
    """60 rules for each direction, counted for IPv4 and IPv6 each.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
    """
    most = ctx.quota("vpc", quotas.RULES, tx)
    if any(groups.weight(rules, egress, version) > most for version in (4, 6)):
        raise NetworkError(
            "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."
        )


@action("AuthorizeSecurityGroupIngress", resource=_adding)
def authorize_security_group_ingress(ctx: Context, req: Request) -> Answer:
    """Let traffic in."""
    return _authorize(ctx, req, egress=False)


@action("AuthorizeSecurityGroupEgress", resource=_adding)
def authorize_security_group_egress(ctx: Context, req: Request) -> Answer:
    """Let traffic out."""
    return _authorize(ctx, req, egress=True)


# -- revoke ------------------------------------------------------------------------------------------------------------


def _revoke(ctx: Context, req: Request, egress: bool) -> Answer:
    with ctx.write() as tx:
        group = security_groups.require(tx, ctx, req)
        there = groups.rules(tx, group)
        no_permissions: list[dict[str, Any]] = []
        if req.get("SecurityGroupRuleIds"):
            gone, unknown = _by_ids(req["SecurityGroupRuleIds"], there, egress), no_permissions
        else:
            gone, unknown = _by_match(tx, ctx, group, req, there, egress)
        for rule in gone:
            tx.delete(GROUP_RULES, GROUP_RULES.key(rule))
    return {
        "Return": True,
        "UnknownIpPermissions": unknown,
        "RevokedSecurityGroupRules": [_revoked(rule) for rule in gone],
    }


def _by_ids(ids: list[str], there: list[GroupRule], egress: bool) -> list[GroupRule]:
    known = {rule.id: rule for rule in there if rule.egress == egress}
    if missing := [id for id in ids if id not in known]:
        raise GROUP_RULE.absent(*missing)
    return [known[id] for id in dict.fromkeys(ids)]


def _by_match(
    tx: Reader, ctx: Context, group: SecurityGroup, req: Request, there: list[GroupRule], egress: bool
) -> tuple[list[GroupRule], list[dict[str, Any]]]:
    """ "For a default VPC, if the values you specify do not match the existing rule's values, no error is returned" """
    known = {groups.match(rule): rule for rule in there}
    wanted = read(tx, ctx, group, permissions(req), egress)
    missing = [same for same, _ in wanted if same not in known]
    if missing and not VPC.known(tx, ctx, group.vpc).default:
        raise NetworkError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    unknown = groups.permissions(
        GroupRule(**vpcs.common(ctx, "sgr"), group=group.id, **same._asdict(), **rest)
        for same, rest in wanted
        if same not in known
    )
    return [known[same] for same, _ in wanted if same in known], unknown


def _revoked(rule: GroupRule) -> dict[str, Any]:
    found = _members(rule)
    return {**found, "GroupId": rule.group, **({"ReferencedGroupId": rule.peer} if rule.peer else {})}


@action("RevokeSecurityGroupIngress", resource=of_group)
def revoke_security_group_ingress(ctx: Context, req: Request) -> Answer:
    """Take away rules that let traffic in."""
    return _revoke(ctx, req, egress=False)


@action("RevokeSecurityGroupEgress", resource=of_group)
def revoke_security_group_egress(ctx: Context, req: Request) -> Answer:
    """Take away rules that let traffic out."""
    return _revoke(ctx, req, egress=True)


# -- rules by id -------------------------------------------------------------------------------------------------------


@action("ModifySecurityGroupRules", resource=on((GROUP, "GroupId")))
def modify_security_group_rules(ctx: Context, req: Request) -> Answer:
    """Replace rules; they keep their ids."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["GroupId"])
        there = {rule.id: rule for rule in groups.rules(tx, group)}
        for update in req["SecurityGroupRules"]:
            id, change = update["SecurityGroupRuleId"], update.get("SecurityGroupRule") or {}
            rule = there.get(id)
            if rule is None:
                raise GROUP_RULE.absent(id)
            _replace(tx, ctx, group, rule, change)
            if any(groups.match(other) == groups.match(rule) for other in there.values() if other.id != id):
                raise groups.duplicate(groups.match(rule))
            tx.put(GROUP_RULES, rule)
        for egress in (False, True):
            check_limit(tx, ctx, list(there.values()), egress)
    return {"Return": True}


def _replace(tx: Transaction, ctx: Context, group: SecurityGroup, rule: GroupRule, change: dict[str, Any]) -> None:
    permission: dict[str, Any] = {name: change[name] for name in PORTS if change.get(name) is not None}
    text = {"Description": change.get("Description") or ""}
    for member, into, key in (
        ("CidrIpv4", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("PrefixListId", "PrefixListIds", "PrefixListId"),
        ("ReferencedGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if change.get(member):
            permission[into] = [{key: change[member], **text}]
    found = read(tx, ctx, group, [permission], rule.egress)
    if len(found) != 1:
        raise InvalidParameterCombination("A security group rule has exactly one source or destination.")
    ((same, rest),) = found
    for name, value in {"peer_account": "", "peering": "", **same._asdict(), **rest}.items():
        setattr(rule, name, value)


def _describe_anew(ctx: Context, req: Request, egress: bool) -> Answer:
    with ctx.write() as tx:
        group = security_groups.require(tx, ctx, req)
        there = groups.rules(tx, group)
        if req.get("SecurityGroupRuleDescriptions"):
            given = {each["SecurityGroupRuleId"]: each.get("Description") or ""
                     for each in req["SecurityGroupRuleDescriptions"]}  # fmt: skip
            changed = [(rule, given[rule.id]) for rule in _by_ids(list(given), there, egress)]
        else:
            known = {groups.match(rule): rule for rule in there}
            wanted = read(tx, ctx, group, permissions(req), egress)
            if any(same not in known for same, _ in wanted):
                raise NetworkError(
                    "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
                )
            changed = [(known[same], rest["description"]) for same, rest in wanted]
        for rule, text in changed:
            rule.description = groups.check_description(text, "description")
            tx.put(GROUP_RULES, rule)
    return {"Return": True}


@action("UpdateSecurityGroupRuleDescriptionsIngress", resource=of_group)
def update_security_group_rule_descriptions_ingress(ctx: Context, req: Request) -> Answer:
    """Change the descriptions of rules that let traffic in."""
    return _describe_anew(ctx, req, egress=False)


@action("UpdateSecurityGroupRuleDescriptionsEgress", resource=of_group)
def update_security_group_rule_descriptions_egress(ctx: Context, req: Request) -> Answer:
    """Change the descriptions of rules that let traffic out."""
    return _describe_anew(ctx, req, egress=True)


def _members(rule: GroupRule) -> dict[str, Any]:
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group,
        "IsEgress": rule.egress,
        "IpProtocol": rule.protocol,
        "FromPort": -1 if rule.first is None else rule.first,
        "ToPort": -1 if rule.last is None else rule.last,
        **({"CidrIpv4": rule.cidr} if rule.cidr else {}),
        **({"CidrIpv6": rule.ipv6} if rule.ipv6 else {}),
        **({"PrefixListId": rule.prefix_list} if rule.prefix_list else {}),
        **({"Description": rule.description} if rule.description else {}),
    }


def shape(ctx: Context, rule: GroupRule) -> dict[str, Any]:
    peer: dict[str, Any] = {}
    if rule.peer:
        peering = {"VpcPeeringConnectionId": rule.peering, "PeeringStatus": "active"} if rule.peering else {}
        peer = {"ReferencedGroupInfo": {"GroupId": rule.peer, "UserId": rule.peer_account, **peering}}
    return {
        **_members(rule),
        **peer,
        "GroupOwnerId": rule.account,
        "Tags": tags.listed(rule.tags),
        "SecurityGroupRuleArn": GROUP_RULE.arn_of(ctx, rule.id, rule.account),
    }


FILTERS: Filters[GroupRule] = Filters({"group-id": "group", "security-group-rule-id": "id"})


@action("DescribeSecurityGroupRules", resource="*")
def describe_security_group_rules(ctx: Context, req: Request) -> Answer:
    """Describe rules one by one."""
    if any(not id for id in req.get("SecurityGroupRuleIds") or ()):
        raise InvalidParameterValue("Value () for parameter SecurityGroupRuleId is invalid.")
    return describe(
        ctx, req, GROUP_RULE, FILTERS, ids="SecurityGroupRuleIds", into="SecurityGroupRules",
        shape=lambda tx, rule: shape(ctx, rule), index=("group-id", "group"),
    )  # fmt: skip
