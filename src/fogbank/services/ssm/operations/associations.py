"""Associations of State Manager. They are kept: there are no managed nodes that could take them.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import schedules
from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import documents, things
from ..documents import DOCUMENT
from ..errors import (
    AssociationAlreadyExists,
    AssociationDoesNotExist,
    InvalidAssociationVersion,
    InvalidNextToken,
    InvalidSchedule,
    InvalidTarget,
)
from ..kinds import ASSOCIATION
from ..things import Thing, given

_MEMBERS = (
    "Name", "DocumentVersion", "InstanceId", "Parameters", "Targets", "ScheduleExpression", "OutputLocation",
    "AssociationName", "AutomationTargetParameterName", "MaxErrors", "MaxConcurrency", "ComplianceSeverity",
    "SyncCompliance", "ApplyOnlyAtCronInterval", "CalendarNames", "TargetLocations", "ScheduleOffset", "Duration",
    "TargetMaps", "AlarmConfiguration", "AssociationDispatchAssumeRole",
)  # fmt: skip


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    found = DOCUMENT.name(ctx, req["Name"])
    return [Access(action, found) for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]


def _checked(req: dict[str, Any]) -> dict[str, Any]:
    """The members of a request that are kept. Raises for a schedule that cannot be read."""
    expression = req.get("ScheduleExpression")
    if expression and not schedules_read(expression):
        raise InvalidSchedule
    return given(req, *_MEMBERS)


def schedules_read(expression: str) -> bool:
    """Whether a text is a schedule: cron(…), rate(…) or at(…)."""
    try:
        if expression.startswith("rate("):
            schedules.rate(expression)
        elif expression.startswith("at("):
            schedules.at(expression)
        else:
            schedules.Cron(expression.removeprefix("cron(").removesuffix(")"))
    except ValueError:
        return False
    return expression.startswith(("rate(", "at(", "cron("))


def _make(tx: Any, ctx: Context, req: dict[str, Any]) -> Thing:
    documents.require(tx, ctx, req["Name"])
    if not req.get("InstanceId") and not req.get("Targets") and not req.get("TargetLocations"):
        raise InvalidTarget
    if req.get("InstanceId"):
        key = (req["Name"], req["InstanceId"])
        there = things.all_of(tx, ctx, ASSOCIATION)
        if any((each.data["Name"], each.data.get("InstanceId")) == key for each in there):
            raise AssociationAlreadyExists
    data = {"DocumentVersion": "$DEFAULT", "ApplyOnlyAtCronInterval": False, **_checked(req), "Version": 1}
    return things.make(tx, ctx, ASSOCIATION, ctx.ids.uuid(), data, req.get("Tags"))


def _describe(thing: Thing) -> dict[str, Any]:
    """An `AssociationDescription`. What was never applied is Pending."""
    data = {name: value for name, value in thing.data.items() if name != "Version"}
    return {
        **data,
        "AssociationId": thing.id,
        "AssociationVersion": str(thing.data["Version"]),
        "Date": thing.created,
        "LastUpdateAssociationDate": thing.changed,
        "Overview": {"Status": "Pending", "DetailedStatus": "Creating"},
    }


@operation("ssm", "CreateAssociation", resource=_created, fidelity="recorded")
def create_association(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep an association of a document with targets."""
    with ctx.write() as tx:
        return {"AssociationDescription": _describe(_make(tx, ctx, req))}


def _each_created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [access for entry in req["Entries"] for access in _created(ctx, entry)]


@operation("ssm", "CreateAssociationBatch", action="ssm:CreateAssociation", resource=_each_created, fidelity="recorded")
def create_association_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep several associations."""
    with ctx.write() as tx:
        return {"Successful": [_describe(_make(tx, ctx, entry)) for entry in req["Entries"]], "Failed": []}


def _by_id(ctx: Context, req: dict[str, Any]) -> Any:
    if req.get("AssociationId"):
        return ASSOCIATION.name(ctx, req["AssociationId"])
    return DOCUMENT.name(ctx, req.get("Name") or "")


def _find(tx: Reader, ctx: Context, req: dict[str, Any]) -> Thing:
    """The association of a request: by its id, or by a document and a node."""
    if req.get("AssociationId"):
        return ASSOCIATION.require(tx, ctx, req["AssociationId"])
    for each in things.all_of(tx, ctx, ASSOCIATION):
        if (each.data["Name"], each.data.get("InstanceId")) == (req.get("Name"), req.get("InstanceId")):
            return each
    raise AssociationDoesNotExist


@operation("ssm", "DescribeAssociation", resource=_by_id, fidelity="recorded")
def describe_association(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """An association. Only its newest version is kept."""
    with ctx.read() as tx:
        found = _find(tx, ctx, req)
    if req.get("AssociationVersion") not in (None, "$LATEST", str(found.data["Version"])):
        raise InvalidAssociationVersion
    return {"AssociationDescription": _describe(found)}


@operation("ssm", "UpdateAssociation", resource=_by_id, fidelity="recorded")
def update_association(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replace an association: members that the request leaves out are removed.

    "When you call the UpdateAssociation API operation, the system removes all optional parameters from the request and
    overwrites the association with null values for those parameters."
    """
    with ctx.write() as tx:
        found = _find(tx, ctx, req)
        kept = given(found.data, "Name", "InstanceId", "AssociationName", "Targets")
        new = {"DocumentVersion": "$DEFAULT", "ApplyOnlyAtCronInterval": False, **kept, **_checked(req)}
        found.data = new | {"Version": found.data["Version"] + 1}
        return {"AssociationDescription": _describe(things.change(tx, ctx, ASSOCIATION, found, {}))}


@operation("ssm", "DeleteAssociation", resource=_by_id, fidelity="recorded")
def delete_association(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete an association."""
    with ctx.write() as tx:
        things.drop(tx, ASSOCIATION, _find(tx, ctx, req))
    return {}


_LISTED = ("Name", "InstanceId", "DocumentVersion", "Targets", "ScheduleExpression", "AssociationName",
           "ScheduleOffset", "Duration", "TargetMaps")  # fmt: skip
_FILTERS = {"Name": "Name", "InstanceId": "InstanceId", "AssociationName": "AssociationName"}


@operation("ssm", "ListAssociations", resource="*", fidelity="recorded")
def list_associations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The associations of the account."""
    wanted = {each["key"]: each["value"] for each in req.get("AssociationFilterList") or ()}
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, ASSOCIATION)
    found = [
        each for each in there
        if all(each.data.get(_FILTERS[key]) == value for key, value in wanted.items() if key in _FILTERS)
        and wanted.get("AssociationId") in (None, each.id)
    ]  # fmt: skip
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 50, lambda each: each.id)
    listed = [
        {**given(each.data, *_LISTED), "AssociationId": each.id, "AssociationVersion": str(each.data["Version"]),
         "Overview": {"Status": "Pending", "DetailedStatus": "Creating"}}
        for each in shown
    ]  # fmt: skip
    return {"Associations": listed, **more}


@operation("ssm", "ListAssociationVersions", resource=ASSOCIATION.of("AssociationId"), fidelity="recorded")
def list_association_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The newest version: earlier ones are not kept."""
    with ctx.read() as tx:
        found = ASSOCIATION.require(tx, ctx, req["AssociationId"])
    pages = Pages(ctx, InvalidNextToken, f"{found.id}/versions")
    shown, more = pages.by_position([found], req.get("NextToken"), req.get("MaxResults") or 50)
    names = tuple(name for name in _MEMBERS if name not in ("InstanceId", "AutomationTargetParameterName"))
    listed = [
        {**given(each.data, *names), "AssociationId": each.id, "AssociationVersion": str(each.data["Version"]),
         "CreatedDate": each.changed}
        for each in shown
    ]  # fmt: skip
    return {"AssociationVersions": listed, **more}


@operation("ssm", "StartAssociationsOnce", resource="*", fidelity="recorded")
def start_associations_once(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no managed node on which they could run."""
    with ctx.read() as tx:
        known = {each.id for each in things.all_of(tx, ctx, ASSOCIATION)}
    if not known.issuperset(req["AssociationIds"]):
        raise AssociationDoesNotExist
    return {}


@operation("ssm", "DescribeAssociationExecutions", resource=ASSOCIATION.of("AssociationId"), fidelity="recorded")
def describe_association_executions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """None: no association has run."""
    with ctx.read() as tx:
        ASSOCIATION.require(tx, ctx, req["AssociationId"])
    Pages(ctx, InvalidNextToken).after(req.get("NextToken"))
    return {"AssociationExecutions": []}
