"""IAM's quotas by the names that its errors and GetAccountSummary have for them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .errors import LimitExceeded

CODES = {
    "UsersPerAccount": "L-F55AF5E4",
    "RolesPerAccount": "L-FE177D64",
    "GroupsPerAccount": "L-F4A5425F",
    "InstanceProfilesPerAccount": "L-6E65F664",
    "PoliciesPerAccount": "L-E95E4862",
    "PoliciesPerRole": "L-0DA4ABF3",
    "PoliciesPerUser": "L-4019AD8B",
    "PoliciesPerGroup": "L-384571C4",
    "GroupsPerUser": "L-7A1621EC",
    "AccessKeysPerUser": "L-8758042E",
    "VersionsPerPolicy": "L-8E23FFD8",
    "PolicySize": "L-ED111B8C",
    "ACLSizePerRole": "L-C07B4B0D",
    "ServerCertificatesPerAccount": "L-BF35879D",
    "SigningCertificatesPerUser": "L-76C48054",
}
_SUMMARY = {
    "UsersQuota": "UsersPerAccount",
    "GroupsQuota": "GroupsPerAccount",
    "RolesQuota": "RolesPerAccount",
    "InstanceProfilesQuota": "InstanceProfilesPerAccount",
    "PoliciesQuota": "PoliciesPerAccount",
    "ServerCertificatesQuota": "ServerCertificatesPerAccount",
    "AssumeRolePolicySizeQuota": "ACLSizePerRole",
    "PolicySizeQuota": "PolicySize",
    "GroupsPerUserQuota": "GroupsPerUser",
    "AccessKeysPerUserQuota": "AccessKeysPerUser",
    "SigningCertificatesPerUserQuota": "SigningCertificatesPerUser",
    "AttachedPoliciesPerUserQuota": "PoliciesPerUser",
    "AttachedPoliciesPerGroupQuota": "PoliciesPerGroup",
    "AttachedPoliciesPerRoleQuota": "PoliciesPerRole",
    "VersionsPerPolicyQuota": "VersionsPerPolicy",
}


def hold(tx: Reader, ctx: Context, name: str, amount: int) -> None:
    """Raise LimitExceeded when an amount is above its quota."""
    limit = ctx.quota("iam", CODES[name], tx)
    if amount > limit:
        raise LimitExceeded(f"Cannot exceed quota for {name}: {limit}")


def hold_one_more(tx: Reader, ctx: Context, name: str, table: Table[Any]) -> None:
    """Raise LimitExceeded when the account has as many records as it may."""
    limit = quotas.reached(tx, ctx, "iam", CODES[name], table, (ctx.account,))
    if limit is not None:
        raise LimitExceeded(f"Cannot exceed quota for {name}: {limit}")


def summary(tx: Reader, ctx: Context) -> dict[str, int]:
    """The quotas in GetAccountSummary."""
    return {member: int(quotas.shown(tx, ctx, "iam", CODES[name])) for member, name in _SUMMARY.items()}
