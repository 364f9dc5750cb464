"""Console passwords. Fogbank has no console sign-in: the profile is kept, and passwords are checked against the policy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_admin-change-user.html
"""

from __future__ import annotations

import hashlib
import hmac
import string
from typing import Any

from fogbank.auth import records
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns
from ..errors import EntityAlreadyExists, InvalidUserType, NoSuchEntity, PasswordPolicyViolation
from ..kinds import USER, own_name

_MINIMUM = 8  # AWS's default policy: 8 characters of three kinds
_SYMBOLS = "!@#$%^&*()_+-=[]{}|'"


def _check(tx: Reader, ctx: Context, password: str) -> None:
    account = tx.get(records.ACCOUNTS, (ctx.account,))
    rules = account.password_policy if account else {}
    kinds = [
        (string.ascii_uppercase, "RequireUppercaseCharacters"),
        (string.ascii_lowercase, "RequireLowercaseCharacters"),
        (string.digits, "RequireNumbers"),
        (_SYMBOLS, "RequireSymbols"),
    ]
    has = {rule: any(character in password for character in kind) for kind, rule in kinds}
    enough = all(has[rule] for _, rule in kinds if rules.get(rule)) if rules else sum(has.values()) >= 3
    if len(password) < rules.get("MinimumPasswordLength", _MINIMUM) or not enough:
        raise PasswordPolicyViolation


def _hash(ctx: Context, password: str) -> str:
    """Salted and slow, kept for ChangePassword's check of the old one."""
    salt = ctx.ids.bytes(16)
    return (salt + hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)).hex()


def _matches(kept: str, password: str) -> bool:
    raw = bytes.fromhex(kept)
    return hmac.compare_digest(raw[16:], hashlib.scrypt(password.encode(), salt=raw[:16], n=2**12, r=8, p=1))


def _shape(user: records.User) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "CreateDate": user.login["created"],
        "PasswordResetRequired": user.login["reset"],
    }


def _with_login(tx: Reader, ctx: Context, name: str) -> records.User:
    user = USER.require(tx, ctx, name)
    if not user.login:
        raise NoSuchEntity(f"Login Profile for User {name} cannot be found.")
    return user


@operation("iam", "CreateLoginProfile", resource=arns.user, fidelity="recorded")
def create_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a user a password."""
    with ctx.write() as tx:
        name = req.get("UserName") or own_name(ctx)
        user = USER.require(tx, ctx, name)
        if user.login:
            raise EntityAlreadyExists(f"Login Profile for user {name} already exists.")
        password = req.get("Password") or ""
        _check(tx, ctx, password)
        reset = bool(req.get("PasswordResetRequired"))
        user.login = {"created": int(ctx.now()), "reset": reset, "hash": _hash(ctx, password)}
        tx.put(records.USERS, user)
    return {"LoginProfile": _shape(user)}


@operation("iam", "GetLoginProfile", resource=arns.user)
def get_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Whether a user has a password, and since when."""
    with ctx.read() as tx:
        return {"LoginProfile": _shape(_with_login(tx, ctx, req.get("UserName") or own_name(ctx)))}


@operation("iam", "UpdateLoginProfile", resource=arns.user, fidelity="recorded")
def update_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Another password, by an administrator."""
    with ctx.write() as tx:
        user = _with_login(tx, ctx, req["UserName"])
        login = dict(user.login)
        if req.get("Password"):
            _check(tx, ctx, req["Password"])
            login["hash"] = _hash(ctx, req["Password"])
        login["reset"] = req.get("PasswordResetRequired", login["reset"])
        user.login = login
        tx.put(records.USERS, user)
    return {}


@operation("iam", "DeleteLoginProfile", resource=arns.user)
def delete_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take a user's password away."""
    with ctx.write() as tx:
        user = _with_login(tx, ctx, req.get("UserName") or own_name(ctx))
        user.login = {}
        tx.put(records.USERS, user)
    return {}


@operation("iam", "ChangePassword", resource=arns.user, fidelity="recorded")
def change_password(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A user's own change of password."""
    name = own_name(ctx)
    if not name:
        raise InvalidUserType
    with ctx.write() as tx:
        user = _with_login(tx, ctx, name)
        if not _matches(user.login["hash"], req["OldPassword"]):
            raise PasswordPolicyViolation("The old password was incorrect.")
        _check(tx, ctx, req["NewPassword"])
        user.login = {**user.login, "hash": _hash(ctx, req["NewPassword"]), "reset": False}
        tx.put(records.USERS, user)
    return {}
