"""The resources and condition keys of IAM's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.auth import managed, records
from fogbank.core.context import Context
from fogbank.core.kinds import Named, named, nobodys
from fogbank.core.operation import Access

from . import attachable, kinds

Give = Callable[[Context, dict[str, Any]], Access]
Gives = Callable[[Context, dict[str, Any]], list[Access]]


def entity_arn(ctx: Context, word: str, path: str, name: str) -> str:
    """arn:aws:iam::ACCOUNT:role/path/name"""
    return ctx.arn("iam", f"{word}{path}{name}", region="")


def arn_of(ctx: Context, word: str, entity: records.Entity) -> str:
    return entity_arn(ctx, word, entity.path, entity.name)


def _here(ctx: Context, word: str, path: str, name: str, record: records.Entity | None = None) -> Named:
    """Something of this account by the ARN that it has or would have: lookups find this very name only."""
    return named(entity_arn(ctx, word, path, name), ctx.account, record=record)


def _conditions(req: dict[str, Any], entity: records.Entity | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if req.get("PermissionsBoundary"):
        found["iam:PermissionsBoundary"] = req["PermissionsBoundary"]
    if req.get("PolicyArn"):
        found["iam:PolicyARN"] = req["PolicyArn"]
    if isinstance(entity, records.User | records.Role) and entity.boundary:
        found.setdefault("iam:PermissionsBoundary", entity.boundary)
    return found


def _named(kind: kinds.Kind[Any]) -> Give:
    def give(ctx: Context, req: dict[str, Any]) -> Access:
        name = req.get(kind.field) or (kinds.own_name(ctx) if kind is kinds.USER else "")
        if not name:
            root = f"user{req.get('Path', '/')}" if ctx.principal.kind != "root" else "root"
            return Access("", named(ctx.arn("iam", root, region=""), ctx.account), _conditions(req, None))
        with ctx.read() as tx:
            found = kind.find(tx, ctx.account, name)
        return Access("", _here(ctx, kind.word, found.path if found else "/", name, found), _conditions(req, found))

    return give


def _renamed(kind: kinds.Kind[Any], new_name: str) -> Gives:
    """The entity as it is, and as it would be called: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html"""

    def give(ctx: Context, req: dict[str, Any]) -> list[Access]:
        name = req[kind.field]
        with ctx.read() as tx:
            found = kind.find(tx, ctx.account, name)
        path = found.path if found else "/"
        conditions = _conditions(req, found)
        now, then = (path, name), (req.get("NewPath") or path, req.get(new_name) or name)
        return [Access("", _here(ctx, kind.word, *each, found), conditions) for each in dict.fromkeys((now, then))]

    return give


def _new(word: str, field: str) -> Gives:
    """What is to be made; tags need iam:TagUser, … besides: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"""
    tagging = f"iam:Tag{field.removesuffix('Name')}"

    def give(ctx: Context, req: dict[str, Any]) -> list[Access]:
        made, conditions = _here(ctx, word, req.get("Path") or "/", req[field]), _conditions(req, None)
        return [Access(action, made, conditions) for action in ("", *([tagging] if req.get("Tags") else []))]

    return give


def _listed(word: str) -> Give:
    def give(ctx: Context, req: dict[str, Any]) -> Access:
        return Access("", _here(ctx, word, req.get("PathPrefix") or "/", ""))

    return give


user = _named(kinds.USER)
group = _named(kinds.GROUP)
role = _named(kinds.ROLE)
renamed_user = _renamed(kinds.USER, "NewUserName")
renamed_group = _renamed(kinds.GROUP, "NewGroupName")
new_user = _new("user", "UserName")
new_group = _new("group", "GroupName")
new_role = _new("role", "RoleName")
new_policy = _new("policy", "PolicyName")
new_profile = _new("instance-profile", "InstanceProfileName")
users = _listed("user")
groups = _listed("group")
roles = _listed("role")
profiles = _listed("instance-profile")
policies = _listed("policy")


def policy(ctx: Context, req: dict[str, Any]) -> Access:
    """A managed policy by its ARN; AWS's own belong to no account."""
    arn = str(req["PolicyArn"])
    attachable.check_arn(arn)
    with ctx.read() as tx:
        found = attachable.find(tx, ctx, arn)
    if arn.startswith(ctx.arn("iam", "policy/", region="", account="aws")):
        return Access("", named(arn, "aws"))
    mine = arn.startswith(ctx.arn("iam", "policy/", region=""))
    entity = None if isinstance(found, managed.AwsPolicy) else found
    return Access("", named(arn, ctx.account, record=entity) if mine else nobodys(arn))


def profile(ctx: Context, req: dict[str, Any]) -> Access:
    name = req["InstanceProfileName"]
    with ctx.read() as tx:
        found = kinds.find_profile(tx, ctx, name)
    return Access("", _here(ctx, "instance-profile", found.path if found else "/", name, found))


def profile_and_role(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Giving a role to instances is passing it to EC2."""
    passed = role(ctx, req)
    return [
        profile(ctx, req),
        Access("iam:PassRole", passed.resource, {**passed.conditions, "iam:PassedToService": "ec2.amazonaws.com"}),
    ]


def service_linked(ctx: Context, req: dict[str, Any]) -> Access:
    service = req["AWSServiceName"]
    arn = ctx.arn("iam", f"role/aws-service-role/{service}/AWSServiceRoleFor", region="")
    return Access("", named(arn, ctx.account), {"iam:AWSServiceName": service})


def deleted_role(ctx: Context, req: dict[str, Any]) -> Access:
    """The role in the id of a deletion: task/aws-service-role/SERVICE/NAME/UUID."""
    _, _, path = str(req["DeletionTaskId"]).partition("task/")
    return Access("", named(ctx.arn("iam", f"role/{path.rpartition('/')[0]}", region=""), ctx.account))


def simulated(ctx: Context, req: dict[str, Any]) -> Access:
    """The user, group or role whose policies are looked at."""
    arn = str(req["PolicySourceArn"])
    with ctx.read() as tx:
        kind, name = kinds.in_arn(arn)
        found = kind.find(tx, ctx.account, name)
    mine = found is None or arn_of(ctx, kind.word, found) == arn
    return Access("", named(arn, ctx.account, record=found) if mine else nobodys(arn), _conditions({}, found))


def last_used(ctx: Context, req: dict[str, Any]) -> Access:
    """GetAccessKeyLastUsed is allowed on the user whose key it is."""
    with ctx.read() as tx:
        key = tx.get(records.ACCESS_KEYS, (req["AccessKeyId"],))
    name = key.user if key is not None and key.account == ctx.account else ""
    return user(ctx, {"UserName": name}) if name else Access("", _here(ctx, "user", "/", "*"))
