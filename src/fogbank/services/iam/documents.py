"""Policy documents on their way in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fogbank.auth import records
from fogbank.auth.policy import MalformedPolicy, compile
from fogbank.auth.policy.document import Purpose
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from . import quotas
from .errors import MalformedPolicyDocument


def check(document: str, purpose: Purpose = "identity") -> None:
    """Raise MalformedPolicyDocument, in IAM's words, unless the document is a policy."""
    try:
        compile(document, purpose=purpose)
    except MalformedPolicy as error:
        raise MalformedPolicyDocument(str(error)) from None


def size(document: str) -> int:
    """Characters; IAM does not count white space against its quotas."""
    return len("".join(document.split()))


def encoded(document: str) -> str:
    """As IAM returns documents: percent-encoded (RFC 3986)."""
    return quote(document, safe="")


def check_trust(tx: Reader, ctx: Context, document: str) -> None:
    """A trust policy: its grammar, its size, and that every user and role of this account it names exists.

    IAM looks at the principals when the policy is saved: "Invalid principal in policy". (It does so for all accounts;
    here those of others are taken as they are, since they may be on AWS only.)
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
    """
    check(document, "trust")
    quotas.hold(tx, ctx, "ACLSizePerRole", size(document))
    for statement in compile(document, purpose="trust").statements:
        for arn in sorted(statement.principals.names) if statement.principals else ():
            if not _exists(tx, ctx.account, arn):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{arn}"')


def _exists(tx: Reader, account: str, arn: str) -> bool:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or parts[4] != account:
        return True  # a session's ARN need not exist yet, a unique id stands for itself
    kind, _, name = parts[5].partition("/")
    table: Table[Any] | None = {"user": records.USERS, "role": records.ROLES}.get(kind)  # type: ignore[assignment]
    return table is not None and tx.get(table, (parts[4], name.rpartition("/")[2].lower())) is not None
