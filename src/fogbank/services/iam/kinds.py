"""Users, groups and roles share half of their operations: what differs between them is here.

Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from fogbank.auth import records
from fogbank.auth.records import PolicyHolder
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .errors import InvalidInput, NoSuchEntity, UnmodifiableEntity

H = TypeVar("H", bound=PolicyHolder)


class Kind(msgspec.Struct, Generic[H], frozen=True):
    """`word`: as in ARNs and error texts. `field`: the request's member."""

    word: str
    title: str
    field: str
    table: Table[H]
    inline_size: int  # characters of all inline policies together, white space not counted

    def find(self, tx: Reader, account: str, name: str) -> H | None:
        """The record of this very name (letter case included: that lookups are exact could not be confirmed)."""
        found = tx.get(self.table, (account, name.lower()))
        return found if found is not None and found.name == name else None

    def require(self, tx: Reader, ctx: Context, name: str) -> H:
        found = self.find(tx, ctx.account, name)
        if found is None:
            raise NoSuchEntity(f"The {self.word} with name {name} cannot be found.")
        return found

    def changeable(self, tx: Reader, ctx: Context, name: str) -> H:
        """As `require`, refusing the roles that belong to an AWS service."""
        found = self.require(tx, ctx, name)
        if isinstance(found, records.Role) and found.service:
            raise UnmodifiableEntity(
                f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            )
        return found


USER: Kind[records.User] = Kind("user", "User", "UserName", records.USERS, 2048)
GROUP: Kind[records.Group] = Kind("group", "Group", "GroupName", records.GROUPS, 5120)
ROLE: Kind[records.Role] = Kind("role", "Role", "RoleName", records.ROLES, 10240)
KINDS: tuple[Kind[Any], ...] = (USER, GROUP, ROLE)


def own_name(ctx: Context) -> str:
    """The calling user's name; empty for root and roles."""
    return ctx.principal.arn.rpartition("/")[2] if ctx.principal.kind == "user" else ""


def in_arn(arn: str) -> tuple[Kind[Any], str]:
    """The kind and name in the ARN of a user, group or role. Raises InvalidInput."""
    word, slash, rest = arn.rpartition(":")[2].partition("/")
    kind = {found.word: found for found in KINDS}.get(word)
    if kind is None or not slash:
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    return kind, rest.rpartition("/")[2]


def find_profile(tx: Reader, ctx: Context, name: str) -> records.InstanceProfile | None:
    """The instance profile of this very name."""
    found = tx.get(records.PROFILES, (ctx.account, name.lower()))
    return found if found is not None and found.name == name else None
