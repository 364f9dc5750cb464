"""The account itself: alias, password policy, summary.

https://docs.aws.amazon.com/IAM/latest/UserGuide/console_account-alias.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import quotas
from ..errors import EntityAlreadyExists, NoSuchEntity
from ..kinds import GROUP, ROLE, USER
from ..paging import page

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html, what is no quota of Service Quotas
_FIXED = {
    "UserPolicySizeQuota": USER.inline_size,
    "GroupPolicySizeQuota": GROUP.inline_size,
    "RolePolicySizeQuota": ROLE.inline_size,
    "PolicyVersionsInUseQuota": 10000,
    "GlobalEndpointTokenVersion": 1,
}


def _account(tx: Reader, ctx: Context) -> records.Account:
    return tx.get(records.ACCOUNTS, (ctx.account,)) or records.Account(id=ctx.account)


@operation("iam", "CreateAccountAlias", resource="*")
def create_account_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give the account its alias, which no other account may have."""
    with ctx.write() as tx:
        taken = tx.first(records.ACCOUNTS, "alias", (req["AccountAlias"],))
        if taken is not None and taken.id != ctx.account:
            raise EntityAlreadyExists(f"The account alias {req['AccountAlias']} already exists.")
        account = _account(tx, ctx)
        account.alias = req["AccountAlias"]
        tx.put(records.ACCOUNTS, account)
    return {}


@operation("iam", "DeleteAccountAlias", resource="*")
def delete_account_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take the alias from the account."""
    with ctx.write() as tx:
        account = _account(tx, ctx)
        if account.alias != req["AccountAlias"]:
            raise NoSuchEntity(f"The account alias {req['AccountAlias']} cannot be found.")
        account.alias = ""
        tx.put(records.ACCOUNTS, account)
    return {}


@operation("iam", "ListAccountAliases", resource="*")
def list_account_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The alias, if there is one."""
    with ctx.read() as tx:
        alias = _account(tx, ctx).alias
    return page(ctx, req, "AccountAliases", [alias] if alias else [], str, str)


@operation("iam", "UpdateAccountPasswordPolicy", resource="*")
def update_account_password_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set the rules for passwords; what the request leaves out goes back to its default."""
    policy = {
        "MinimumPasswordLength": req.get("MinimumPasswordLength", 6),
        "RequireSymbols": req.get("RequireSymbols", False),
        "RequireNumbers": req.get("RequireNumbers", False),
        "RequireUppercaseCharacters": req.get("RequireUppercaseCharacters", False),
        "RequireLowercaseCharacters": req.get("RequireLowercaseCharacters", False),
        "AllowUsersToChangePassword": req.get("AllowUsersToChangePassword", False),
        "ExpirePasswords": bool(req.get("MaxPasswordAge")),
    }
    policy |= {key: req[key] for key in ("MaxPasswordAge", "PasswordReusePrevention", "HardExpiry") if key in req}
    with ctx.write() as tx:
        account = _account(tx, ctx)
        account.password_policy = policy
        tx.put(records.ACCOUNTS, account)
    return {}


@operation("iam", "GetAccountPasswordPolicy", resource="*")
def get_account_password_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The rules, once they have been set."""
    with ctx.read() as tx:
        policy = _account(tx, ctx).password_policy
    if not policy:
        raise NoSuchEntity(f"The Password Policy with domain name {ctx.account} cannot be found.")
    return {"PasswordPolicy": policy}


@operation("iam", "DeleteAccountPasswordPolicy", resource="*")
def delete_account_password_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Back to AWS's default rules."""
    with ctx.write() as tx:
        account = _account(tx, ctx)
        if not account.password_policy:
            raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")
        account.password_policy = {}
        tx.put(records.ACCOUNTS, account)
    return {}


@operation("iam", "GetAccountSummary", resource="*")
def get_account_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Counts and quotas."""
    with ctx.read() as tx:
        root_keys = tx.first(records.ACCESS_KEYS, "user", (ctx.account, ""))
        counts = {
            "Users": tx.count(records.USERS, (ctx.account,)),
            "Groups": tx.count(records.GROUPS, (ctx.account,)),
            "Roles": tx.count(records.ROLES, (ctx.account,)),
            "Policies": tx.count(records.POLICIES, (ctx.account,)),
            "InstanceProfiles": tx.count(records.PROFILES, (ctx.account,)),
            "PolicyVersionsInUse": tx.count(records.VERSIONS, (ctx.account,)),
            "AccountAccessKeysPresent": int(root_keys is not None),
            **quotas.summary(tx, ctx),
        }
    nothing = ("MFADevices", "MFADevicesInUse", "AccountMFAEnabled", "AccountSigningCertificatesPresent",
               "AccountPasswordPresent", "ServerCertificates", "Providers")  # fmt: skip
    return {"SummaryMap": {**dict.fromkeys(nothing, 0), **counts, **_FIXED}}
