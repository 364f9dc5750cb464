"""Security groups. Their rules are in `security_group_rules`.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import Access
from fogbank.network import defaults, dependencies, groups, vpcs
from fogbank.network.errors import DependencyViolation, InvalidParameterValue, NetworkError
from fogbank.network.records import GROUP_RULES, SECURITY_GROUPS, GroupRule, SecurityGroup
from fogbank.store.api import Reader

from .. import quotas, tags
from ..calls import Answer, Request, action
from ..errors import MissingParameter
from ..filters import Filters, describe
from ..find import GROUP, VPC
from ..kinds import created, on

_NAME = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def group_id(tx: Reader, ctx: Context, req: Request) -> str:
    """The id of the group that a request names; by its name in the default VPC only. Empty if there is none."""
    if req.get("GroupId"):
        return str(req["GroupId"])
    name = req.get("GroupName")
    if not name:
        raise MissingParameter("The request must contain the parameter groupName or groupId")
    vpc = defaults.vpc(tx, ctx)
    found = tx.scan_index(SECURITY_GROUPS, "vpc", (ctx.account, ctx.region, vpc.id)) if vpc else iter(())
    return next((group.id for group in found if group.name == name), "")


def of_group(ctx: Context, req: Request) -> Named:
    """The group of a request. Who names one that is not there needs the permission as well, to learn as much."""
    defaults.ensure(ctx)
    with ctx.read() as tx:
        id = group_id(tx, ctx, req)
    return GROUP.name(ctx, id) if id else GROUP.new(ctx)


def require(tx: Reader, ctx: Context, req: Request) -> SecurityGroup:
    id = group_id(tx, ctx, req)
    if not id:
        raise NetworkError("InvalidGroup.NotFound", f"The security group '{req['GroupName']}' does not exist")
    return GROUP.require(tx, ctx, id)


def _creating(ctx: Context, req: Request) -> list[Access]:
    needed = created(ctx, GROUP.new(ctx), tags.given(req, GROUP.word))
    return [*needed, Access("", VPC.name(ctx, req["VpcId"]))] if req.get("VpcId") else needed


@action("CreateSecurityGroup", resource=_creating)
def create_security_group(ctx: Context, req: Request) -> Answer:
    """Create a security group, which lets everything out and nothing in."""
    name = _check_name(req["GroupName"])
    description = groups.check_description(req["Description"], "GroupDescription")
    given = tags.created(req, "security-group")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"]) if req.get("VpcId") else defaults.vpc(tx, ctx)
        if vpc is None:
            raise NetworkError("VPCIdNotSpecified", "No default VPC for this user")
        others = tx.scan_index(SECURITY_GROUPS, "vpc", (ctx.account, ctx.region, vpc.id))
        if any(other.name == name for other in others):
            raise NetworkError(
                "InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'"
            )
        quotas.room(
            tx, ctx, quotas.GROUPS, SECURITY_GROUPS,
            ("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."),
        )  # fmt: skip
        group = vpcs.create_group(tx, ctx, vpc.id, name, description, given)
    return {"GroupId": group.id, "Tags": tags.listed(given), "SecurityGroupArn": _arn(ctx, group)}


def _check_name(name: str) -> str:
    if name == "default":
        raise NetworkError("InvalidParameterValue", "Cannot use reserved security group name: default")
    if name.startswith("sg-"):
        raise InvalidParameterValue(
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*"
        )
    if not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            f"Value ({name}) for parameter GroupName is invalid. Character sets beyond ASCII are not supported."
        )
    return name


@action("DeleteSecurityGroup", resource=of_group)
def delete_security_group(ctx: Context, req: Request) -> Answer:
    """Delete a group that no interface has and no other group names."""
    with ctx.write() as tx:
        group = require(tx, ctx, req)
        if group.name == "default":
            raise NetworkError(
                "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        if dependencies.in_use(tx, group):
            raise DependencyViolation(f"resource {group.id} has a dependent object")
        dependencies.delete_group(tx, group)
    return {"Return": True, "GroupId": group.id}


# -- descriptions ------------------------------------------------------------------------------------------------------


class Seen:
    """A group with its rules, which are read when they are asked for."""

    def __init__(self, tx: Reader, group: SecurityGroup) -> None:
        self._tx = tx
        self.group = group
        self.id = group.id
        self.tags = group.tags

    @cached_property
    def rules(self) -> list[GroupRule]:
        return groups.rules(self._tx, self.group)


def _of_rules(name: str, egress: bool) -> Any:
    return lambda seen: [
        value for rule in seen.rules if rule.egress == egress and (value := getattr(rule, name)) not in ("", None)
    ]


RULE_FILTERS = {
    "cidr": "cidr", "from-port": "first", "group-id": "peer", "ipv6-cidr": "ipv6", "prefix-list-id": "prefix_list",
    "protocol": "protocol", "to-port": "last", "user-id": "peer_account",
}  # fmt: skip
FILTERS: Filters[Seen] = Filters(
    {
        "description": lambda seen: seen.group.description,
        "group-id": "id",
        "group-name": lambda seen: seen.group.name,
        "owner-id": lambda seen: seen.group.account,
        "vpc-id": lambda seen: seen.group.vpc,
        **{f"ip-permission.{name}": _of_rules(member, False) for name, member in RULE_FILTERS.items()},
        **{f"egress.ip-permission.{name}": _of_rules(member, True) for name, member in RULE_FILTERS.items()},
        "ip-permission.group-name": lambda seen: None,
        "egress.ip-permission.group-name": lambda seen: None,
    }
)


def _arn(ctx: Context, group: SecurityGroup) -> str:
    return GROUP.arn_of(ctx, group.id, group.account)


def shape(ctx: Context, seen: Seen) -> dict[str, Any]:
    group = seen.group
    return {
        "GroupId": group.id,
        "IpPermissionsEgress": groups.permissions(rule for rule in seen.rules if rule.egress),
        "Tags": tags.listed(group.tags),
        "VpcId": group.vpc,
        "SecurityGroupArn": _arn(ctx, group),
        "OwnerId": group.account,
        "GroupName": group.name,
        "Description": group.description,
        "IpPermissions": groups.permissions(rule for rule in seen.rules if not rule.egress),
    }


@action("DescribeSecurityGroups", resource="*")
def describe_security_groups(ctx: Context, req: Request) -> Answer:
    """Describe groups, by name those of the default VPC."""
    if names := req.get("GroupNames"):
        with ctx.read() as tx:
            found = {name: group_id(tx, ctx, {"GroupName": name}) for name in names}
        if missing := [name for name, id in found.items() if not id]:
            raise NetworkError(
                "InvalidGroup.NotFound",
                f"The security group{'s' * (len(missing) > 1)} '{', '.join(missing)}' "
                f"do{'es' * (len(missing) == 1)} not exist in default VPC",
            )
        req = {**req, "GroupIds": [*(req.get("GroupIds") or ()), *found.values()]}
    return describe(
        ctx, req, GROUP, FILTERS, ids="GroupIds", into="SecurityGroups", view=Seen,
        shape=lambda tx, seen: shape(ctx, seen),
    )  # fmt: skip


FOR_VPC: Filters[SecurityGroup] = Filters(
    {
        "description": "description",
        "group-id": "id",
        "group-name": "name",
        "owner-id": "account",
        "primary-vpc-id": "vpc",
        "vpc-id": "vpc",
    }
)


@action("GetSecurityGroupsForVpc", resource=on((VPC, "VpcId")))
def get_security_groups_for_vpc(ctx: Context, req: Request) -> Answer:
    """The groups that interfaces of a VPC can have."""
    with ctx.read() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
    inside = [*(req.get("Filters") or ()), {"Name": "vpc-id", "Values": [vpc.id]}]
    return describe(
        ctx, {**req, "Filters": inside}, GROUP, FOR_VPC, ids="", into="SecurityGroupForVpcs",
        shape=lambda tx, group: {
            "Description": group.description, "GroupName": group.name, "OwnerId": group.account, "GroupId": group.id,
            "Tags": tags.listed(group.tags), "PrimaryVpcId": group.vpc,
        },
    )  # fmt: skip


@action("DescribeSecurityGroupReferences", resource="*")
def describe_security_group_references(ctx: Context, req: Request) -> Answer:
    """The peered VPCs whose groups name these groups."""
    found = []
    with ctx.read() as tx:
        for group in GROUP.all(tx, ctx, req["GroupId"]):
            for rule in tx.scan_index(GROUP_RULES, "peer", (ctx.account, ctx.region, group.id)):
                holder = tx.get(SECURITY_GROUPS, (rule.account, rule.region, rule.group)) if rule.peering else None
                if holder is not None:
                    found.append(
                        {"GroupId": group.id, "ReferencingVpcId": holder.vpc, "VpcPeeringConnectionId": rule.peering}
                    )
    return {"SecurityGroupReferenceSet": found}
