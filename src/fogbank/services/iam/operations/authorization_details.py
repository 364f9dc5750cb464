"""Everything about an account's permissions in one listing.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.auth import managed, records
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import attachable, documents, shapes
from ..arns import arn_of
from ..kinds import KINDS
from ..paging import page

_MEMBERS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
Item = tuple[str, str, Any]  # the filter it belongs to, its name, the record


@operation("iam", "GetAccountAuthorizationDetails", resource="*")
def get_account_authorization_details(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Users, groups, roles and policies with what is attached to each; one page over all of them."""
    wanted = req.get("Filter") or list(_MEMBERS)
    with ctx.read() as tx:
        items = (item for item in _items(tx, ctx) if item[0] in wanted)
        found = page(ctx, req, "items", items, _order, lambda item: (item[0], _detail(tx, ctx, item)))
    shape: dict[str, Any] = {member: [] for member in _MEMBERS.values()}
    for kind, detail in found.pop("items"):
        shape[_MEMBERS[kind]].append(detail)
    return shape | found


def _items(tx: Reader, ctx: Context) -> Iterator[Item]:
    for kind in KINDS:
        for holder in tx.scan(kind.table, (ctx.account,)):
            yield kind.title, holder.name, holder
    for policy in tx.scan(records.POLICIES, (ctx.account,)):
        yield "LocalManagedPolicy", policy.name, policy
    for known in managed.every():
        if attachable.uses(tx, ctx.account, known.arn(ctx.partition))[0]:  # AWS lists those in use
            yield "AWSManagedPolicy", known.name, known


def _order(item: Item) -> str:
    return f"{list(_MEMBERS).index(item[0])}{item[1].lower()}"


def _detail(tx: Reader, ctx: Context, item: Item) -> dict[str, Any]:
    kind, _, found = item
    match kind:
        case "User":
            shape = shapes.user(ctx, found)
            shape |= {"GroupList": found.groups, "UserPolicyList": _inline(found)}
        case "Group":
            shape = shapes.group(ctx, found) | {"GroupPolicyList": _inline(found)}
        case "Role":
            shape = shapes.role(ctx, found)
            for absent in ("Description", "MaxSessionDuration"):
                shape.pop(absent, None)
            profiles = list(tx.scan_index(records.PROFILES, "role", found.key))
            shape["InstanceProfileList"] = [shapes.profile(ctx, profile, [found]) for profile in profiles]
            shape["RolePolicyList"] = _inline(found)
        case _:
            return _policy(tx, ctx, found)
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in found.attached]
    return shape | {"AttachedManagedPolicies": attached}


def _inline(holder: records.PolicyHolder) -> list[dict[str, str]]:
    return [
        {"PolicyName": name, "PolicyDocument": documents.encoded(text)} for name, text in sorted(holder.inline.items())
    ]


def _policy(tx: Reader, ctx: Context, found: records.ManagedPolicy | managed.AwsPolicy) -> dict[str, Any]:
    if isinstance(found, managed.AwsPolicy):
        arn = found.arn(ctx.partition)
        versions = [shapes.version(found.version, True, found.created, found.document)]
    else:
        arn = arn_of(ctx, "policy", found)
        kept = list(tx.scan(records.VERSIONS, (ctx.account, found.name.lower())))[::-1]
        versions = [shapes.version(v.number, v.number == found.default, v.created, v.document) for v in kept]
    shape = shapes.policy(ctx, found, *attachable.uses(tx, ctx.account, arn))
    shape.pop("Tags", None)
    return shape | {"PolicyVersionList": versions}
