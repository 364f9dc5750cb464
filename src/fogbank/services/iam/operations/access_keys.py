"""Access keys. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import access_key_id, secret_key
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, quotas, shapes
from ..errors import NoSuchEntity
from ..kinds import USER, own_name
from ..paging import page


def _user(tx: Reader, ctx: Context, req: dict[str, Any]) -> str:
    """The name of the user whose keys are meant; empty for the root user's own."""
    name = req.get("UserName") or own_name(ctx)
    return USER.require(tx, ctx, name).name if name else ""


def _keys(tx: Reader, ctx: Context, user: str) -> list[records.AccessKey]:
    return list(tx.scan_index(records.ACCESS_KEYS, "user", (ctx.account, user.lower())))


def _key(tx: Reader, ctx: Context, req: dict[str, Any]) -> records.AccessKey:
    user, wanted = _user(tx, ctx, req), req["AccessKeyId"]
    found = tx.get(records.ACCESS_KEYS, (wanted,))
    if found is None or (found.account, found.user) != (ctx.account, user):
        raise NoSuchEntity(f"The Access Key with id {wanted} cannot be found.")
    return found


@operation("iam", "CreateAccessKey", resource=arns.user)
def create_access_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new key for a user (two at most), with the only sight of its secret."""
    with ctx.write() as tx:
        user = _user(tx, ctx, req)
        quotas.hold(tx, ctx, "AccessKeysPerUser", len(_keys(tx, ctx, user)) + 1)
        key = records.AccessKey(
            id=access_key_id(ctx.ids, "AKIA", ctx.account),
            account=ctx.account,
            user=user,
            secret=secret_key(ctx.ids),
            created=int(ctx.now()),
        )
        tx.put(records.ACCESS_KEYS, key)
        records.changed(tx)
    return {"AccessKey": shapes.access_key(key, secret=True)}


@operation("iam", "UpdateAccessKey", resource=arns.user)
def update_access_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Switch a key off or on."""
    with ctx.write() as tx:
        key = _key(tx, ctx, req)
        key.active = req["Status"] == "Active"
        tx.put(records.ACCESS_KEYS, key)
        records.changed(tx)
    return {}


@operation("iam", "DeleteAccessKey", resource=arns.user)
def delete_access_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a key for good."""
    with ctx.write() as tx:
        key = _key(tx, ctx, req).id
        tx.delete(records.ACCESS_KEYS, (key,))
        tx.delete(records.KEY_USES, (key,))
        records.changed(tx)
    return {}


@operation("iam", "ListAccessKeys", resource=arns.user)
def list_access_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A user's keys, oldest first, without secrets."""
    with ctx.read() as tx:
        found = _keys(tx, ctx, _user(tx, ctx, req))
    found.sort(key=_age)
    return page(ctx, req, "AccessKeyMetadata", found, _age, shapes.access_key)


def _age(key: records.AccessKey) -> str:
    return f"{key.created:020.6f}{key.id}"


@operation("iam", "GetAccessKeyLastUsed", resource=arns.last_used)
def get_access_key_last_used(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """When and where a key was used last; `N/A` before its first use."""
    with ctx.read() as tx:
        key = tx.get(records.ACCESS_KEYS, (req["AccessKeyId"],))
    if key is None or key.account != ctx.account:
        raise NoSuchEntity(f"The Access Key with id {req['AccessKeyId']} cannot be found.")
    used = ctx.app.authenticator.last_use(key.id)
    last: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    if used is not None:
        last = {"LastUsedDate": int(used.at), "ServiceName": used.service, "Region": used.region}
    return {"UserName": key.user, "AccessKeyLastUsed": last}
