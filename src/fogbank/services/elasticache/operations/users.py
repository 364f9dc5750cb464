"""Users and user groups: who has access to a cache, and what they may do there.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.engines.valkey import ADMIN
from fogbank.store.api import Reader

from .. import acl, labels, names, nodes
from ..errors import (
    DefaultUserAssociated,
    DefaultUserRequired,
    DuplicateUserName,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidUserGroupState,
    UserAlreadyExists,
    UserGroupAlreadyExists,
)
from ..listing import page
from ..names import USER, USER_GROUP
from ..plans import default_user
from ..records import GROUPS, SERVERLESS, USER_GROUPS, USERS, User, UserGroup

Request = dict[str, Any]
_KINDS = {"password": "password", "no-password-required": "no-password", "iam": "iam"}


def _find(tx: Reader, ctx: Context, text: str) -> User:
    """The user that a request names. Every account has the user `default`."""
    return USER.find(tx, ctx, text) or default_user(ctx, text.lower()) or USER.require(tx, ctx, text)


def _groups_of(tx: Reader, ctx: Context, user_id: str) -> list[str]:
    groups = tx.scan(USER_GROUPS, (ctx.account, ctx.region))
    return [group.id for group in groups if user_id in group.users]


def _user(tx: Reader, ctx: Context, user: User) -> dict[str, Any]:
    authentication: dict[str, Any] = {"Type": user.kind}
    if user.kind == "password":
        authentication["PasswordCount"] = len(user.passwords)
    return {
        "UserId": user.id,
        "UserName": user.name,
        "Status": user.status,
        "Engine": user.engine,
        "MinimumEngineVersion": "7.2" if user.engine == "valkey" else "6.0",
        "AccessString": user.access,
        "UserGroupIds": _groups_of(tx, ctx, user.id),
        "Authentication": authentication,
        "ARN": names.arn(ctx, USER, user.id),
    }


def _engine(text: str) -> str:
    if text.lower() not in ("redis", "valkey"):
        raise InvalidParameterValue(f"Unknown Engine provided: {text}. Valid values: redis, valkey")
    return text.lower()


def _authentication(user: User, req: Request) -> None:
    """Set how a user authenticates, if the request says so."""
    mode = req.get("AuthenticationMode") or {}
    passwords = mode.get("Passwords") or req.get("Passwords") or []
    kind = _KINDS[mode["Type"]] if mode.get("Type") else ""
    if req.get("NoPasswordRequired"):
        if passwords:
            raise InvalidParameterCombination("Cannot specify both NoPasswordRequired and Passwords.")
        kind = "no-password"
    if passwords and kind in ("", "password"):
        if len(passwords) > 2 or any(not 16 <= len(password) <= 128 for password in passwords):
            raise InvalidParameterValue("Passwords length must be between 16-128 characters.")
        user.kind, user.passwords = "password", [acl.digest(password) for password in passwords]
    elif kind == "password" or passwords:
        raise InvalidParameterCombination("Passwords do not fit the authentication type.")
    elif kind:
        user.kind, user.passwords = kind, []
    if user.kind == "iam" and user.id != user.name:
        raise InvalidParameterCombination("User Id and User name must be same for authentication type: iam")


@operation("elasticache", "CreateUser", resource=names.new(USER, "UserId"))
def create_user(ctx: Context, req: Request) -> dict[str, Any]:
    """Create a user with an access string."""
    id = names.identifier("UserId", req["UserId"], 40)
    user = User(
        account=ctx.account,
        region=ctx.region,
        id=id,
        name=req["UserName"],
        engine=_engine(req["Engine"]),
        access=acl.check(req["AccessString"]),
        kind="",
        tags=labels.given(req),
    )
    if not user.name or user.name == ADMIN or any(sign.isspace() or sign in "#<>" for sign in user.name):
        raise InvalidParameterValue("The parameter UserName is not valid.")
    _authentication(user, req)
    if not user.kind:
        raise InvalidParameterValue("Either passwords or NoPasswordRequired must be specified for the user.")
    with ctx.write() as tx:
        if tx.get(USERS, (ctx.account, ctx.region, id)) is not None or id == "default":
            raise UserAlreadyExists(f"User {id} already exists.")
        tx.put(USERS, user)
        return _user(tx, ctx, user)


@operation("elasticache", "DescribeUsers", resource=names.listed(USER, "UserId"))
def describe_users(ctx: Context, req: Request) -> dict[str, Any]:
    """One user, or all that match the filters."""
    with ctx.read() as tx:
        if req.get("UserId"):
            found = [_find(tx, ctx, req["UserId"])]
        else:
            default = default_user(ctx, "default")
            assert default is not None
            found = sorted([default, *tx.scan(USERS, (ctx.account, ctx.region))], key=lambda user: user.id)
        if req.get("Engine"):
            found = [user for user in found if user.engine == req["Engine"].lower()]
        for filter in req.get("Filters") or ():
            found = [user for user in found if _matches(tx, ctx, user, filter)]
        found, more = page(ctx, req, found, lambda user: user.id)
        return {"Users": [_user(tx, ctx, user) for user in found], **more}


def _matches(tx: Reader, ctx: Context, user: User, filter: dict[str, Any]) -> bool:
    known = {
        "user-id": [user.id],
        "user-name": [user.name],
        "engine": [user.engine],
        "status": [user.status],
        "user-group-id": _groups_of(tx, ctx, user.id),
    }
    if filter["Name"] not in known:
        raise InvalidParameterValue(f"Invalid filter name: {filter['Name']}")
    return bool(set(known[filter["Name"]]) & set(filter["Values"]))


@operation("elasticache", "ModifyUser", resource=names.of(USER, "UserId"))
def modify_user(ctx: Context, req: Request) -> dict[str, Any]:
    """Change the access string or passwords. Caches that have the user follow at once."""
    with ctx.write() as tx:
        user = USER.require(tx, ctx, req["UserId"])
        if req.get("AccessString"):
            user.access = acl.check(req["AccessString"])
        if req.get("AppendAccessString"):
            user.access = acl.check(f"{user.access} {req['AppendAccessString']}")
        user.engine = _engine(req["Engine"]) if req.get("Engine") else user.engine
        _authentication(user, req)
        tx.put(USERS, user)
        tx.signal(nodes.topic(ctx))
        return _user(tx, ctx, user)


@operation("elasticache", "DeleteUser", resource=names.of(USER, "UserId"))
def delete_user(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a user and remove it from its groups. A group must keep its user called default."""
    with ctx.write() as tx:
        user = USER.require(tx, ctx, req["UserId"])
        for name in _groups_of(tx, ctx, user.id):
            group = tx.get(USER_GROUPS, (ctx.account, ctx.region, name))
            if group is None:
                continue
            if user.name == "default" and group.engine == "redis":
                raise DefaultUserAssociated(f"The default user {user.id} is associated to user group {name}.")
            group.users = [id for id in group.users if id != user.id]
            tx.put(USER_GROUPS, group)
        tx.delete(USERS, (ctx.account, ctx.region, user.id))
        tx.signal(nodes.topic(ctx))
        user.status = "deleting"
        return _user(tx, ctx, user)


# -- groups ------------------------------------------------------------------------------------------------------------


def _used_by(tx: Reader, ctx: Context, name: str) -> tuple[list[str], list[str]]:
    """The replication groups and the serverless caches that a user group is attached to."""
    where = (ctx.account, ctx.region)
    groups = [group.id for group in tx.scan(GROUPS, where) if name in group.access.user_groups]
    return groups, [cache.name for cache in tx.scan(SERVERLESS, where) if cache.user_group == name]


def _group(tx: Reader, ctx: Context, group: UserGroup) -> dict[str, Any]:
    groups, caches = _used_by(tx, ctx, group.id)
    return {
        "UserGroupId": group.id,
        "Status": group.status,
        "Engine": group.engine,
        "UserIds": group.users,
        "MinimumEngineVersion": "7.2" if group.engine == "valkey" else "6.0",
        "PendingChanges": {},
        "ReplicationGroups": groups,
        "ServerlessCaches": caches,
        "ARN": names.arn(ctx, USER_GROUP, group.id),
    }


def _check(tx: Reader, ctx: Context, group: UserGroup) -> None:
    """Check a group: Redis OSS requires a user called default, names are unique, and Valkey's users need a secret."""
    users = [tx.get(USERS, (ctx.account, ctx.region, id)) or default_user(ctx, id) for id in group.users]
    found = [user for user in users if user is not None]
    seen = [user.name for user in found]
    if len(set(seen)) < len(seen):
        raise DuplicateUserName("A user with this username already exists in the user group.")
    if group.engine == "redis" and "default" not in seen:
        raise DefaultUserRequired
    if group.engine == "valkey" and any(user.kind == "no-password" for user in found):
        raise InvalidParameterValue("Users without passwords cannot be in a user group for the engine valkey.")


@operation("elasticache", "CreateUserGroup", resource=names.new(USER_GROUP, "UserGroupId", "UserIds"))
def create_user_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Create a group of users."""
    id = names.identifier("UserGroupId", req["UserGroupId"], 40)
    with ctx.write() as tx:
        if tx.get(USER_GROUPS, (ctx.account, ctx.region, id)) is not None:
            raise UserGroupAlreadyExists(f"User Group {id} already exists.")
        group = UserGroup(
            account=ctx.account,
            region=ctx.region,
            id=id,
            engine=_engine(req["Engine"]),
            users=[_find(tx, ctx, text).id for text in req.get("UserIds") or ()],
            tags=labels.given(req),
        )
        _check(tx, ctx, group)
        tx.put(USER_GROUPS, group)
        return _group(tx, ctx, group)


@operation("elasticache", "DescribeUserGroups", resource=names.listed(USER_GROUP, "UserGroupId"))
def describe_user_groups(ctx: Context, req: Request) -> dict[str, Any]:
    """One user group, or all."""
    with ctx.read() as tx:
        if req.get("UserGroupId"):
            found = [USER_GROUP.require(tx, ctx, req["UserGroupId"])]
        else:
            found = list(tx.scan(USER_GROUPS, (ctx.account, ctx.region)))
        found, more = page(ctx, req, found, lambda group: group.id)
        return {"UserGroups": [_group(tx, ctx, group) for group in found], **more}


@operation(
    "elasticache", "ModifyUserGroup", resource=names.of(USER_GROUP, "UserGroupId", "UserIdsToAdd", "UserIdsToRemove")
)
def modify_user_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Add and remove users of a group. Caches follow at once."""
    with ctx.write() as tx:
        group = USER_GROUP.require(tx, ctx, req["UserGroupId"])
        if group.status != "active":
            raise InvalidUserGroupState
        removed = {_find(tx, ctx, text).id for text in req.get("UserIdsToRemove") or ()}
        added = [_find(tx, ctx, text).id for text in req.get("UserIdsToAdd") or ()]
        group.users = _changed(group.users, removed, added)
        group.engine = _engine(req["Engine"]) if req.get("Engine") else group.engine
        _check(tx, ctx, group)
        tx.put(USER_GROUPS, group)
        tx.signal(nodes.topic(ctx))
        return _group(tx, ctx, group)


def _changed(users: list[str], removed: set[str], added: list[str]) -> list[str]:
    if not removed <= set(users):
        raise InvalidParameterValue(f"User {min(removed - set(users))} is not in the user group.")
    if set(added) & set(users):
        raise InvalidParameterValue(f"User {min(set(added) & set(users))} is in the user group already.")
    return [id for id in users if id not in removed] + added


@operation("elasticache", "DeleteUserGroup", resource=names.of(USER_GROUP, "UserGroupId"))
def delete_user_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a user group, and detach it from the caches that use it.

    "This will first disassociate the user group from the replication group before deleting":
    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteUserGroup.html
    """
    with ctx.write() as tx:
        group = USER_GROUP.require(tx, ctx, req["UserGroupId"])
        groups, caches = _used_by(tx, ctx, group.id)
        for name in groups:
            used = tx.get(GROUPS, (ctx.account, ctx.region, name))
            if used is not None:
                used.access.user_groups = [other for other in used.access.user_groups if other != group.id]
                tx.put(GROUPS, used)
        for name in caches:
            cache = tx.get(SERVERLESS, (ctx.account, ctx.region, name))
            if cache is not None:
                cache.user_group = ""
                tx.put(SERVERLESS, cache)
        group.status = "deleting"
        shape = _group(tx, ctx, group)
        tx.delete(USER_GROUPS, (ctx.account, ctx.region, group.id))
        tx.signal(nodes.topic(ctx))
        return shape
