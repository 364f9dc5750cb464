"""Roles by ARN: to be assumed, or to be passed to a service."""

from __future__ import annotations

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied
from fogbank.core.kinds import Named, named, nobodys, remember, resolved
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from . import records

ROLE = "role"


def arn_of(role: records.Role, partition: str) -> str:
    return f"arn:{partition}:iam::{role.account}:role{role.path}{role.name}"


def find(tx: Reader, text: str, partition: str) -> records.Role | None:
    """The role with exactly this ARN."""
    parts = text.split(":", 5)
    if len(parts) != 6:
        return None
    role = tx.get(records.ROLES, (parts[4], text.rpartition("/")[2].lower()))
    return role if role is not None and arn_of(role, partition) == text else None


def by_arn(ctx: Context, text: str, *, to_assume: bool = False) -> Named:
    """The role that an ARN names, for authorization. It has no owner when no role is spelled exactly so.

    `to_assume`: include its trust policy, which applies only to assuming the role.
    """
    with ctx.read() as tx:
        role = find(tx, text, ctx.partition)
    if role is not None:
        policy = role.trust if to_assume else None
        return remember(ctx, ROLE, text, named(text, role.account, policy=policy, key=role.key, record=role))
    account = account_of(text, ctx.partition)
    return named(text, account) if account else nobodys(text)


def require(tx: Reader, ctx: Context, text: str) -> records.Role:
    """The role that a request names and authorization resolved. Raises AccessDenied when it was deleted."""
    names = ctx.names
    key = resolved(ctx, ROLE, text).key if names is not None else None
    role = tx.get(records.ROLES, key) if key is not None else find(tx, text, ctx.partition)
    if role is None:
        raise AccessDenied(f"The role {text} does not exist.")
    return role


def account_of(text: str, partition: str) -> str:
    """The account in a role's ARN, whether or not the role exists. Empty for any other text."""
    prefix, _, rest = text.partition("::")
    account, _, name = rest.partition(":role/")
    return account if prefix == f"arn:{partition}:iam" and arns.ACCOUNT.fullmatch(account) and name else ""


def passed(ctx: Context, text: str, service: str) -> Access:
    """iam:PassRole on a role that a request passes to a service such as `lambda.amazonaws.com`.

    A role can be passed only within its account.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    role = by_arn(ctx, text)
    if role.owner and role.owner != ctx.account:
        raise AccessDenied("Cross-account pass role is not allowed.")
    return Access("iam:PassRole", role, {"iam:PassedToService": service})
