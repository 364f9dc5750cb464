"""AWS::EC2::SecurityGroup and its rules, network ACLs and prefix lists.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource
from fogbank.core.cfn_calls import given, unless
from fogbank.core.cfn_tables import table
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.network import groups, prefix_lists, vpcs
from fogbank.network.link_records import PrefixList
from fogbank.network.records import NETWORK_ACLS, GroupRule, NetworkAcl, SecurityGroup
from fogbank.store.api import Reader

from . import find
from .cfn_things import ById, Create, Delete, Linked, Properties, same
from .operations.security_group_rules import read

DUPLICATE, MISSING = "InvalidPermission.Duplicate", "InvalidPermission.NotFound"
_ALL_OUT = {"IpProtocol": "-1", "CidrIp": vpcs.ANY}
_GROUP_GONE = (find.GROUP.absent("").code,)


# -- rules as properties -----------------------------------------------------------------------------------------------


def _permission(rule: Properties) -> dict[str, Any]:
    """A rule of a template as EC2's permission."""
    found = given(rule, "IpProtocol", "FromPort", "ToPort")
    text = given(rule, "Description")
    if rule.get("CidrIp"):
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], **text}]
    if rule.get("CidrIpv6"):
        found["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **text}]
    if prefix := rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId"):
        found["PrefixListIds"] = [{"PrefixListId": prefix, **text}]
    peer: dict[str, Any] = {}
    if id := rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId"):
        peer["GroupId"] = id
    if rule.get("SourceSecurityGroupName"):
        peer["GroupName"] = rule["SourceSecurityGroupName"]
    if peer:
        owner = rule.get("SourceSecurityGroupOwnerId")
        found["UserIdGroupPairs"] = [{**peer, **({"UserId": owner} if owner else {}), **text}]
    return found


async def _authorize(ctx: Context, id: str, rule: Properties, egress: bool) -> dict[str, Any] | None:
    """Add a rule. None if the group has it."""
    operation = f"AuthorizeSecurityGroup{'Egress' if egress else 'Ingress'}"
    return await unless(ctx.call("ec2", operation, {"GroupId": id, "IpPermissions": [_permission(rule)]}), DUPLICATE)


async def _revoke(ctx: Context, id: str, rule: Properties, egress: bool) -> None:
    operation = f"RevokeSecurityGroup{'Egress' if egress else 'Ingress'}"
    call = ctx.call("ec2", operation, {"GroupId": id, "IpPermissions": [_permission(rule)]})
    await unless(call, MISSING, *_GROUP_GONE)


async def _furnish(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """Let the rules be those of the template. A group without egress rules in it lets everything out."""
    for member, egress in (("SecurityGroupIngress", False), ("SecurityGroupEgress", True)):
        before, after = old.get(member) or [], new.get(member) or []
        if egress:
            before, after = before or [_ALL_OUT], after or [_ALL_OUT]
        for rule in before:
            if rule not in after:
                await _revoke(ctx, id, rule, egress)
        for rule in after:
            if rule not in before:
                await _authorize(ctx, id, rule, egress)


def _group(tx: Reader, found: SecurityGroup) -> Properties:
    return {"GroupId": found.id, "Id": found.id, "VpcId": found.vpc}


SECURITY_GROUP = table(
    "AWS::EC2::SecurityGroup",
    ById(
        find.GROUP,
        Create(
            "CreateSecurityGroup", ("GroupId",), ("VpcId",),
            request=lambda name, properties: {
                "GroupName": properties.get("GroupName") or name.physical(limit=255),
                "Description": properties["GroupDescription"],
            },
        ),
        Delete("DeleteSecurityGroup", "GroupId", request=lambda id: {"GroupId": id}),
        attributes=_group,
        furnish=_furnish,
        same=lambda group, properties: group.description == properties["GroupDescription"] and group.name != "default",
    ),
)  # fmt: skip


def _rule(egress: bool) -> Linked:
    """The handler of a rule that is a resource of its own. Ref: the id of the rule."""

    def found(tx: Reader, ctx: Context, id: str, properties: Properties) -> GroupRule:
        group = find.GROUP.known(tx, ctx, id)
        ((wanted, _),) = read(tx, ctx, group, [_permission(properties)], egress)
        return next(rule for rule in groups.rules(tx, group) if groups.match(rule) == wanted)

    async def group_id(ctx: Context, properties: Properties) -> str:
        if properties.get("GroupId"):
            return str(properties["GroupId"])
        answer = await ctx.call("ec2", "DescribeSecurityGroups", {"GroupNames": [properties["GroupName"]]})
        return str(answer["SecurityGroups"][0]["GroupId"])

    async def make(ctx: Context, name: Name, properties: Properties) -> Resource:
        group = await group_id(ctx, properties)
        made = await _authorize(ctx, group, properties, egress)
        if made is None:
            rule = await ctx.fetch(found, ctx, group, properties)
            if not name.began or not name.claim(rule.id):
                raise groups.duplicate(groups.match(rule))
            return Resource(rule.id, {"Id": rule.id})
        id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return Resource(id, {"Id": id})

    async def change(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        if old.get("Description") != new.get("Description"):
            operation = f"UpdateSecurityGroupRuleDescriptions{'Egress' if egress else 'Ingress'}"
            text = {"SecurityGroupRuleId": physical_id, "Description": new.get("Description") or ""}
            group = await group_id(ctx, new)
            await ctx.call("ec2", operation, {"GroupId": group, "SecurityGroupRuleDescriptions": [text]})
        return Resource(physical_id, {"Id": physical_id})

    async def end(ctx: Context, physical_id: str, properties: Properties) -> None:
        try:
            group = await group_id(ctx, properties)
        except ServiceError as error:
            if error.code not in _GROUP_GONE:
                raise
            return
        operation = f"RevokeSecurityGroup{'Egress' if egress else 'Ingress'}"
        call = ctx.call("ec2", operation, {"GroupId": group, "SecurityGroupRuleIds": [physical_id]})
        await unless(call, find.GROUP_RULE.absent("").code, *_GROUP_GONE)

    return Linked(make, end, change)


INGRESS = table("AWS::EC2::SecurityGroupIngress", _rule(egress=False))
EGRESS = table("AWS::EC2::SecurityGroupEgress", _rule(egress=True))

# -- network ACLs ------------------------------------------------------------------------------------------------------

NETWORK_ACL = table(
    "AWS::EC2::NetworkAcl",
    ById(
        find.ACL,
        Create("CreateNetworkAcl", ("NetworkAcl", "NetworkAclId"), ("VpcId",)),
        Delete("DeleteNetworkAcl", "NetworkAclId"),
        attributes=lambda tx, each: {"Id": each.id},
        same=lambda each, properties: each.vpc == properties["VpcId"] and not each.default,
    ),
)


def _entry(properties: Properties) -> Properties:
    found = given(properties, "NetworkAclId", "RuleNumber", "RuleAction", "CidrBlock", "Ipv6CidrBlock", "PortRange")
    icmp = {"IcmpTypeCode": properties["Icmp"]} if properties.get("Icmp") else {}
    return {**found, **icmp, "Protocol": str(properties["Protocol"]), "Egress": bool(properties.get("Egress"))}


async def _make_entry(ctx: Context, name: Name, properties: Properties) -> Resource:
    call = ctx.call("ec2", "CreateNetworkAclEntry", _entry(properties))
    made = await unless(call, *(("NetworkAclEntryAlreadyExists",) if name.began else ()))
    if made is None:
        await ctx.call("ec2", "ReplaceNetworkAclEntry", _entry(properties))
    id = name.physical()
    return Resource(id, {"Id": id})


async def _change_entry(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
    await ctx.call("ec2", "ReplaceNetworkAclEntry", _entry(new))
    return Resource(physical_id, {"Id": physical_id})


async def _end_entry(ctx: Context, physical_id: str, properties: Properties) -> None:
    where = given(_entry(properties), "NetworkAclId", "RuleNumber", "Egress")
    call = ctx.call("ec2", "DeleteNetworkAclEntry", where)
    await unless(call, "InvalidNetworkAclEntry.NotFound", find.ACL.absent("").code)


NETWORK_ACL_ENTRY = table("AWS::EC2::NetworkAclEntry", Linked(_make_entry, _end_entry, _change_entry))


def _holder(tx: Reader, ctx: Context, subnet: str) -> tuple[NetworkAcl, str, str] | None:
    """The ACL that applies to a subnet, the id of the association, and the default ACL of the VPC."""
    for acl in tx.scan(NETWORK_ACLS, (ctx.account, ctx.region)):
        for each in acl.associations:
            if each.subnet == subnet:
                vpc = find.VPC.known(tx, ctx, acl.vpc)
                return acl, each.id, vpcs.default_acl(tx, vpc).id
    return None


async def _apply_acl(ctx: Context, name: Name, properties: Properties) -> Resource:
    held = await ctx.fetch(_holder, ctx, properties["SubnetId"])
    if held is None:
        raise find.SUBNET.absent(properties["SubnetId"])
    acl, id, _ = held
    if acl.id != properties["NetworkAclId"]:
        request = {"AssociationId": id, "NetworkAclId": properties["NetworkAclId"]}
        id = (await ctx.call("ec2", "ReplaceNetworkAclAssociation", request))["NewAssociationId"]
    return Resource(id, {"AssociationId": id})


async def _restore_acl(ctx: Context, physical_id: str, properties: Properties) -> None:
    """Let the default ACL apply again, unless another one does by now."""
    held = await ctx.fetch(_holder, ctx, properties["SubnetId"])
    if held is not None and held[1] == physical_id:
        await ctx.call("ec2", "ReplaceNetworkAclAssociation", {"AssociationId": physical_id, "NetworkAclId": held[2]})


ACL_ASSOCIATION = table(
    "AWS::EC2::SubnetNetworkAclAssociation", Linked(_apply_acl, _restore_acl, same("AssociationId"))
)

# -- prefix lists ------------------------------------------------------------------------------------------------------


async def _furnish_list(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """Change the name, the limit and the entries, each with a call of its own."""
    if not old:
        return

    async def modify(**request: Any) -> None:
        await ctx.call("ec2", "ModifyManagedPrefixList", {"PrefixListId": id, **request})

    def now(tx: Reader) -> tuple[PrefixList, dict[str, str]]:
        found = find.PREFIX_LIST.known(tx, ctx, id)
        return found, {each.cidr: each.description for each in prefix_lists.entries(tx, found) or ()}

    found, have = await ctx.fetch(now)
    if new["PrefixListName"] != found.name:
        await modify(PrefixListName=new["PrefixListName"])
    wanted = {each["Cidr"]: each.get("Description") or "" for each in new.get("Entries") or ()}
    most = new.get("MaxEntries") or max(len(wanted), 1)
    if most > found.most:
        await modify(MaxEntries=most)
    added = [entry for entry in new.get("Entries") or () if have.get(entry["Cidr"]) != wanted[entry["Cidr"]]]
    removed = [{"Cidr": cidr} for cidr in have if cidr not in wanted]
    if added or removed:
        await modify(AddEntries=added, RemoveEntries=removed, CurrentVersion=found.version)
    if most < found.most:
        await modify(MaxEntries=most)


def _arn(found: PrefixList) -> str:
    return f"arn:aws:ec2:{found.region}:{found.account}:prefix-list/{found.id}"


PREFIX_LIST = table(
    "AWS::EC2::PrefixList",
    ById(
        find.PREFIX_LIST,
        Create(
            "CreateManagedPrefixList", ("PrefixList", "PrefixListId"), ("PrefixListName", "AddressFamily", "Entries"),
            request=lambda name, properties: {
                "MaxEntries": properties.get("MaxEntries") or max(len(properties.get("Entries") or ()), 1)},
        ),
        Delete("DeleteManagedPrefixList", "PrefixListId"),
        attributes=lambda tx, each: {
            "Arn": _arn(each), "OwnerId": each.account, "PrefixListId": each.id, "Version": each.version},
        furnish=_furnish_list,
        same=lambda each, properties: each.name == properties["PrefixListName"],
    ),
    fixed={"AddressFamily": None},
)  # fmt: skip
