"""The resources and condition keys of IAM's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.auth import records
from fogbank.core.context import Context
from fogbank.core.operation import Access

from . import kinds

Give = Callable[[Context, dict[str, Any]], Access]


def entity_arn(ctx: Context, word: str, path: str, name: str) -> str:
    """arn:aws:iam::ACCOUNT:role/path/name"""
    return ctx.arn("iam", f"{word}{path}{name}", region="")


def arn_of(ctx: Context, word: str, entity: records.Entity) -> str:
    return entity_arn(ctx, word, entity.path, entity.name)


def _tagging(req: dict[str, Any]) -> dict[str, Any]:
    """aws:RequestTag/… and aws:TagKeys of a request that tags."""
    tags = [tag for tag in req.get("Tags") or [] if isinstance(tag, dict)]
    found: dict[str, Any] = {f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in tags}
    keys = [tag["Key"] for tag in tags] + list(req.get("TagKeys") or [])
    if keys:
        found["aws:TagKeys"] = keys
    return found


def _conditions(req: dict[str, Any], entity: records.Entity | None) -> dict[str, Any]:
    found = _tagging(req)
    if req.get("PermissionsBoundary"):
        found["iam:PermissionsBoundary"] = req["PermissionsBoundary"]
    if req.get("PolicyArn"):
        found["iam:PolicyARN"] = req["PolicyArn"]
    if isinstance(entity, records.User | records.Role) and entity.boundary:
        found.setdefault("iam:PermissionsBoundary", entity.boundary)
    if entity is not None:
        found |= {f"aws:ResourceTag/{key}": value for key, value in entity.tags.items()}
        found |= {f"iam:ResourceTag/{key}": value for key, value in entity.tags.items()}
    return found


def _named(kind: kinds.Kind[Any]) -> Give:
    def give(ctx: Context, req: dict[str, Any]) -> Access:
        name = req.get(kind.field) or (kinds.own_name(ctx) if kind is kinds.USER else "")
        if not name:
            root = f"user{req.get('Path', '/')}" if ctx.principal.kind != "root" else "root"
            return Access("", ctx.arn("iam", root, region=""), _conditions(req, None))
        with ctx.read() as tx:
            found = kind.find(tx, ctx.account, name)
        path = found.path if found else "/"
        return Access("", entity_arn(ctx, kind.word, path, name), _conditions(req, found))

    return give


def _new(word: str, field: str) -> Give:
    def give(ctx: Context, req: dict[str, Any]) -> Access:
        arn = entity_arn(ctx, word, req.get("Path") or "/", req[field])
        return Access("", arn, _conditions(req, None))

    return give


def _listed(word: str) -> Give:
    def give(ctx: Context, req: dict[str, Any]) -> Access:
        return Access("", ctx.arn("iam", f"{word}{req.get('PathPrefix') or '/'}", region=""))

    return give


user = _named(kinds.USER)
group = _named(kinds.GROUP)
role = _named(kinds.ROLE)
new_user = _new("user", "UserName")
new_group = _new("group", "GroupName")
new_role = _new("role", "RoleName")
new_policy = _new("policy", "PolicyName")
new_profile = _new("instance-profile", "InstanceProfileName")
users = _listed("user")
groups = _listed("group")
roles = _listed("role")
profiles = _listed("instance-profile")


def policy(ctx: Context, req: dict[str, Any]) -> Access:
    """A managed policy by its ARN; AWS's own belong to no account."""
    arn = str(req["PolicyArn"])
    with ctx.read() as tx:
        found = tx.get(records.POLICIES, (ctx.account, arn.rpartition("/")[2].lower()))
    return Access("", arn, _conditions({**req, "PolicyArn": ""}, found))


def profile(ctx: Context, req: dict[str, Any]) -> Access:
    name = req["InstanceProfileName"]
    with ctx.read() as tx:
        found = tx.get(records.PROFILES, (ctx.account, name.lower()))
    return Access("", entity_arn(ctx, "instance-profile", found.path if found else "/", name), _conditions(req, found))


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
    return Access("", arn, {"iam:AWSServiceName": service})


def simulated(ctx: Context, req: dict[str, Any]) -> Access:
    return Access("", req["PolicySourceArn"])
