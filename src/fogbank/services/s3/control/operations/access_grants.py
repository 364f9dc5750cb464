"""S3 Access Grants: the instance of a region, its locations and grants. They are kept: `GetDataAccess` is not built.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.roles import passed
from fogbank.core import documents, tags
from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Table

from ...errors import MalformedPolicy
from ..errors import (
    AccessGrantsInstanceAlreadyExists,
    AccessGrantsInstanceNotEmpty,
    AccessGrantsLocationNotEmpty,
    InvalidToken,
)
from ..find import DEFAULT, GRANT, INSTANCE, LOCATION, account, foreign, instance, of
from ..records import GRANTS, INSTANCES, LOCATIONS, Thing

_location = of(LOCATION, "AccessGrantsLocationId")
_grant = of(GRANT, "AccessGrantId")
SERVICE = "s3control"


def _new(ctx: Context, id: str, data: dict[str, Any], req: dict[str, Any]) -> Thing:
    return Thing(account=ctx.account, region=ctx.region, id=id, created=ctx.now(), data=data,
                 tags=tags.from_list(req.get("Tags")))  # fmt: skip


def _given(req: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: req[name] for name in names if req.get(name) is not None}


def _require(tx: Reader, ctx: Context) -> Thing:
    """The instance of the region."""
    found = tx.get(INSTANCES, (ctx.account, ctx.region, DEFAULT))
    if found is None:
        raise INSTANCE.missing(ctx, (ctx.account, ctx.region, DEFAULT))
    return found


def _instance(ctx: Context, found: Thing) -> dict[str, Any]:
    arn = INSTANCE.arn(ctx, (found.account, found.region, DEFAULT), found)
    shown = {"AccessGrantsInstanceId": DEFAULT, "AccessGrantsInstanceArn": arn, "CreatedAt": found.created}
    return {**shown, **found.data}


@operation(SERVICE, "CreateAccessGrantsInstance", action="s3:CreateAccessGrantsInstance", resource=instance,
           fidelity="recorded")  # fmt: skip
def create_access_grants_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make the one instance of the region."""
    with ctx.write() as tx:
        if tx.get(INSTANCES, (ctx.account, ctx.region, DEFAULT)) is not None:
            raise AccessGrantsInstanceAlreadyExists
        made = _new(ctx, DEFAULT, _given(req, "IdentityCenterArn"), req)
        tx.put(INSTANCES, made)
    return _instance(ctx, made)


@operation(SERVICE, "GetAccessGrantsInstance", action="s3:GetAccessGrantsInstance", resource=instance,
           fidelity="recorded")  # fmt: skip
def get_access_grants_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The instance."""
    with ctx.read() as tx:
        return _instance(ctx, _require(tx, ctx))


@operation(SERVICE, "ListAccessGrantsInstances", action="s3:ListAccessGrantsInstances", resource=account,
           fidelity="recorded")  # fmt: skip
def list_access_grants_instances(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The instance of the region, if there is one."""
    return _listed(ctx, req, INSTANCES, "AccessGrantsInstancesList", _instance)


@operation(SERVICE, "DeleteAccessGrantsInstance", action="s3:DeleteAccessGrantsInstance", resource=instance,
           fidelity="recorded")  # fmt: skip
def delete_access_grants_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete an instance without locations."""
    with ctx.write() as tx:
        _require(tx, ctx)
        if tx.count(LOCATIONS, (ctx.account, ctx.region)):
            raise AccessGrantsInstanceNotEmpty
        tx.delete(INSTANCES, (ctx.account, ctx.region, DEFAULT))
    return {}


_POLICY = "AccessGrantsInstanceResourcePolicy"


@operation(SERVICE, f"Put{_POLICY}", action=f"s3:Put{_POLICY}", resource=instance, fidelity="recorded")
def put_access_grants_instance_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attach a policy to the instance."""
    try:
        documents.read_object(req["Policy"])
    except documents.BadDocument:
        raise MalformedPolicy("This policy contains invalid Json") from None
    with ctx.write() as tx:
        found = _require(tx, ctx)
        found.policy = req["Policy"]
        tx.put(INSTANCES, found)
    return {"Policy": found.policy, "CreatedAt": found.created}


@operation(SERVICE, f"Get{_POLICY}", action=f"s3:Get{_POLICY}", resource=instance, fidelity="recorded")
def get_access_grants_instance_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The policy of the instance."""
    with ctx.read() as tx:
        found = _require(tx, ctx)
    return {"Policy": found.policy, "CreatedAt": found.created}


@operation(SERVICE, f"Delete{_POLICY}", action=f"s3:Delete{_POLICY}", resource=instance, fidelity="recorded")
def delete_access_grants_instance_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Detach the policy of the instance."""
    with ctx.write() as tx:
        found = _require(tx, ctx)
        found.policy = ""
        tx.put(INSTANCES, found)
    return {}


def _listed(ctx: Context, req: dict[str, Any], table: Table[Thing], member: str, shape: Any) -> dict[str, Any]:
    with ctx.read() as tx:
        there = list(tx.scan(table, (ctx.account, ctx.region)))
    names = ("LocationScope", "Permission", "GrantScope", "ApplicationArn")
    wanted = _given(req, *names)
    found = [each for each in there if wanted.items() <= each.data.items()]
    pages = Pages(ctx, InvalidToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 1000, lambda each: each.id)
    return {member: [shape(ctx, each) for each in shown], **more}


# -- locations ---------------------------------------------------------------------------------------------------------


def _with_role(ctx: Context, req: dict[str, Any]) -> Any:
    """The instance or location, and the role that is passed to it."""
    found = _location(ctx, req) if "AccessGrantsLocationId" in req else instance(ctx, req)
    role = passed(ctx, req["IAMRoleArn"], "access-grants.s3.amazonaws.com")
    return foreign(ctx, req) or [Access("", found), role]


def _location_shape(ctx: Context, found: Thing) -> dict[str, Any]:
    arn = LOCATION.arn(ctx, (found.account, found.region, found.id), found)
    shown = {"AccessGrantsLocationId": found.id, "AccessGrantsLocationArn": arn, "CreatedAt": found.created}
    return {**shown, **found.data}


@operation(SERVICE, "CreateAccessGrantsLocation", action="s3:CreateAccessGrantsLocation", resource=_with_role,
           fidelity="recorded")  # fmt: skip
def create_access_grants_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a location. That of all buckets (`s3://`) has the id default."""
    with ctx.write() as tx:
        _require(tx, ctx)
        id = DEFAULT if req["LocationScope"] == "s3://" else ctx.ids.uuid()
        made = _new(ctx, id, _given(req, "LocationScope", "IAMRoleArn"), req)
        tx.put(LOCATIONS, made)
    return _location_shape(ctx, made)


@operation(SERVICE, "GetAccessGrantsLocation", action="s3:GetAccessGrantsLocation", resource=_location,
           fidelity="recorded")  # fmt: skip
def get_access_grants_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A location."""
    with ctx.read() as tx:
        return _location_shape(ctx, LOCATION.require(tx, ctx, req["AccessGrantsLocationId"]))


@operation(SERVICE, "ListAccessGrantsLocations", action="s3:ListAccessGrantsLocations", resource=instance,
           fidelity="recorded")  # fmt: skip
def list_access_grants_locations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The locations of the instance."""
    return _listed(ctx, req, LOCATIONS, "AccessGrantsLocationsList", _location_shape)


@operation(SERVICE, "UpdateAccessGrantsLocation", action="s3:UpdateAccessGrantsLocation", resource=_with_role,
           fidelity="recorded")  # fmt: skip
def update_access_grants_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the role of a location."""
    with ctx.write() as tx:
        found = LOCATION.require(tx, ctx, req["AccessGrantsLocationId"])
        found.data = found.data | {"IAMRoleArn": req["IAMRoleArn"]}
        tx.put(LOCATIONS, found)
    return _location_shape(ctx, found)


@operation(SERVICE, "DeleteAccessGrantsLocation", action="s3:DeleteAccessGrantsLocation", resource=_location,
           fidelity="recorded")  # fmt: skip
def delete_access_grants_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a location without grants."""
    with ctx.write() as tx:
        found = LOCATION.require(tx, ctx, req["AccessGrantsLocationId"])
        grants = tx.scan(GRANTS, (ctx.account, ctx.region))
        if any(each.data["AccessGrantsLocationId"] == found.id for each in grants):
            raise AccessGrantsLocationNotEmpty
        tx.delete(LOCATIONS, LOCATIONS.key(found))
    return {}


# -- grants ------------------------------------------------------------------------------------------------------------


def _grant_shape(ctx: Context, found: Thing) -> dict[str, Any]:
    arn = GRANT.arn(ctx, (found.account, found.region, found.id), found)
    return {"AccessGrantId": found.id, "AccessGrantArn": arn, "CreatedAt": found.created, **found.data}


@operation(SERVICE, "CreateAccessGrant", action="s3:CreateAccessGrant", resource=_location, fidelity="recorded")
def create_access_grant(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a grant below a location."""
    with ctx.write() as tx:
        _require(tx, ctx)
        location = LOCATION.require(tx, ctx, req["AccessGrantsLocationId"])
        data = _given(req, "Grantee", "AccessGrantsLocationConfiguration", "Permission", "ApplicationArn")
        below = (req.get("AccessGrantsLocationConfiguration") or {}).get("S3SubPrefix", "")
        scope = location.data["LocationScope"] + below
        data |= {"AccessGrantsLocationId": location.id, "GrantScope": scope}
        made = _new(ctx, ctx.ids.uuid(), data, req)
        tx.put(GRANTS, made)
    return _grant_shape(ctx, made)


@operation(SERVICE, "GetAccessGrant", action="s3:GetAccessGrant", resource=_grant, fidelity="recorded")
def get_access_grant(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A grant."""
    with ctx.read() as tx:
        return _grant_shape(ctx, GRANT.require(tx, ctx, req["AccessGrantId"]))


@operation(SERVICE, "ListAccessGrants", action="s3:ListAccessGrants", resource=instance, fidelity="recorded")
def list_access_grants(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The grants of the instance."""
    return _listed(ctx, req, GRANTS, "AccessGrantsList", _grant_shape)


@operation(SERVICE, "DeleteAccessGrant", action="s3:DeleteAccessGrant", resource=_grant, fidelity="recorded")
def delete_access_grant(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a grant."""
    with ctx.write() as tx:
        tx.delete(GRANTS, GRANTS.key(GRANT.require(tx, ctx, req["AccessGrantId"])))
    return {}
