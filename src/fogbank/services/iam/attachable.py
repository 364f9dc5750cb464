"""Managed policies by ARN, AWS's and the account's own, as attachments and boundaries need them."""

from __future__ import annotations

from typing import Any

from fogbank.auth import managed, records
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .errors import InvalidInput, NoSuchEntity

_HOLDERS: tuple[Table[Any], ...] = (records.USERS, records.GROUPS, records.ROLES)
_BOUNDED: tuple[Table[Any], ...] = (records.USERS, records.ROLES)


def customer_policy(tx: Reader, ctx: Context, arn: str) -> records.ManagedPolicy | None:
    """The account's own policy of exactly this ARN."""
    found = tx.get(records.POLICIES, (ctx.account, arn.rpartition("/")[2].lower()))
    return found if found is not None and ctx.arn("iam", f"policy{found.path}{found.name}", region="") == arn else None


def find(tx: Reader, ctx: Context, arn: str) -> records.ManagedPolicy | managed.AwsPolicy | None:
    return managed.get(arn, ctx.partition) or customer_policy(tx, ctx, arn)


def check_arn(arn: str) -> None:
    if not arn.startswith("arn:"):
        raise InvalidInput(f"ARN {arn} is not valid.")


def require(tx: Reader, ctx: Context, arn: str) -> records.ManagedPolicy | managed.AwsPolicy:
    """The policy for reading it."""
    check_arn(arn)
    found = find(tx, ctx, arn)
    if found is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return found


def to_attach(tx: Reader, ctx: Context, arn: str) -> str:
    """The ARN of a policy that can be attached."""
    check_arn(arn)
    if find(tx, ctx, arn) is None:
        raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
    return arn


def boundary(tx: Reader, ctx: Context, req: dict[str, Any]) -> str:
    """The request's permissions boundary, checked; empty when it has none."""
    arn = req.get("PermissionsBoundary") or ""
    if arn and (not arn.startswith("arn:") or find(tx, ctx, arn) is None):
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def uses(tx: Reader, account: str, arn: str) -> tuple[int, int]:
    """How many entities a policy is attached to, and how many it bounds."""
    entry = (account, arn)
    attached = sum(1 for table in _HOLDERS for _ in tx.scan_index(table, "policy", entry))
    bounded = sum(1 for table in _BOUNDED for _ in tx.scan_index(table, "boundary", entry))
    return attached, bounded
