"""Maintenance windows, their targets and tasks. They are kept: no task runs.

https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.auth.roles import passed
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Kind
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import things
from ..errors import InvalidNextToken, ResourceLimitExceededException
from ..kinds import WINDOW, WINDOW_TARGET, WINDOW_TASK
from ..things import Thing, given
from .associations import schedules_read

QUOTA = "L-7727CE5B"
_by_window = WINDOW.of("WindowId")
_WINDOW = ("Name", "Description", "StartDate", "EndDate", "Schedule", "ScheduleTimezone", "ScheduleOffset", "Duration",
           "Cutoff", "AllowUnassociatedTargets")  # fmt: skip
_TARGET = ("ResourceType", "Targets", "OwnerInformation", "Name", "Description")
_TASK = ("Targets", "TaskArn", "ServiceRoleArn", "TaskType", "TaskParameters", "TaskInvocationParameters", "Priority",
         "MaxConcurrency", "MaxErrors", "LoggingInfo", "Name", "Description", "CutoffBehavior",
         "AlarmConfiguration")  # fmt: skip


def _created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access(action, "*") for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]


def _check(data: dict[str, Any]) -> None:
    """The texts are not confirmed."""
    if not schedules_read(data["Schedule"]):
        raise ValidationError(f"Invalid schedule expression: {data['Schedule']}")
    if data["Cutoff"] >= data["Duration"]:
        raise ValidationError("Cutoff must be less than Duration")


@operation("ssm", "CreateMaintenanceWindow", resource=_created, fidelity="recorded")
def create_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a window. A request with the token of an earlier one returns its id."""
    data = {**given(req, *_WINDOW), "Enabled": True, "Token": req.get("ClientToken")}
    _check(data)
    with ctx.write() as tx:
        made = _made(tx, ctx, WINDOW, req)
        if made is None:
            if quotas.reached(tx, ctx, "ssm", QUOTA, WINDOW.table, (ctx.account, ctx.region)) is not None:
                raise ResourceLimitExceededException
            made = things.make(tx, ctx, WINDOW, f"mw-0{ctx.ids.hex(16)}", data, req.get("Tags"))
    return {"WindowId": made.id}


def _made(tx: Reader, ctx: Context, of: Kind[Thing], req: dict[str, Any]) -> Thing | None:
    """What an earlier request with the same token made."""
    token = req.get("ClientToken")
    there = things.all_of(tx, ctx, of) if token else []
    return next((each for each in there if each.data.get("Token") == token), None)


def _window(thing: Thing) -> dict[str, Any]:
    return {"WindowId": thing.id, **given(thing.data, *_WINDOW, "Enabled")}


@operation("ssm", "GetMaintenanceWindow", resource=_by_window, fidelity="recorded")
def get_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A window."""
    with ctx.read() as tx:
        found = WINDOW.require(tx, ctx, req["WindowId"])
    return {**_window(found), "CreatedDate": found.created, "ModifiedDate": found.changed}


@operation("ssm", "UpdateMaintenanceWindow", resource=_by_window, fidelity="recorded")
def update_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change members of a window. With Replace, those that the request leaves out are removed."""
    with ctx.write() as tx:
        found = WINDOW.require(tx, ctx, req["WindowId"])
        _update(tx, ctx, WINDOW, found, req, (*_WINDOW, "Enabled"))
        _check(found.data)
    return _window(found)


def _update(
    tx: Transaction, ctx: Context, of: Kind[Thing], thing: Thing, req: dict[str, Any], names: tuple[str, ...]
) -> None:
    """The required members of a creation stay in any case."""
    fixed = ("Token", "WindowId", "ResourceType", "TaskType", "Name", "Schedule", "Duration", "Cutoff",
             "AllowUnassociatedTargets", "Enabled", "TaskArn", "Targets")  # fmt: skip
    if req.get("Replace"):
        thing.data = given(thing.data, *fixed)
    things.change(tx, ctx, of, thing, given(req, *names))


@operation("ssm", "DeleteMaintenanceWindow", resource=_by_window, fidelity="recorded")
def delete_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a window with its targets and tasks. An id that is not there is returned all the same."""
    with ctx.write() as tx:
        found = WINDOW.find(tx, ctx, req["WindowId"])
        if found is not None:
            things.drop(tx, WINDOW, found)
        for of in (WINDOW_TARGET, WINDOW_TASK):
            for each in _parts(tx, ctx, of, req["WindowId"]):
                things.drop(tx, of, each)
    return {"WindowId": req["WindowId"]}


@operation("ssm", "DescribeMaintenanceWindows", resource="*", fidelity="recorded")
def describe_maintenance_windows(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The windows of the account."""
    wanted = things.filters(req)
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, WINDOW)
    found = [each for each in there if _passes(each.data, wanted)]
    names = ("Name", "Description", "Enabled", "Duration", "Cutoff", "Schedule", "ScheduleTimezone", "ScheduleOffset",
             "EndDate", "StartDate")  # fmt: skip
    return _listed(ctx, req, "WindowIdentities", [{"WindowId": each.id, **given(each.data, *names)} for each in found])


def _passes(data: dict[str, Any], wanted: dict[str, list[str]]) -> bool:
    return all(str(data.get(key)).lower() in [value.lower() for value in values] for key, values in wanted.items())


def _listed(ctx: Context, req: dict[str, Any], member: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    pages = Pages(ctx, InvalidNextToken, f"{ctx.account}/{ctx.region}/{member}/{req.get('WindowId')}")
    shown, more = pages.by_position(found, req.get("NextToken"), int(req.get("MaxResults") or 50))
    return {member: shown, **more}


def _with_roles(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The window, and the roles that a task is given: its own, and that of its command."""
    command = (req.get("TaskInvocationParameters") or {}).get("RunCommand") or {}
    roles = [each["ServiceRoleArn"] for each in (req, command) if each.get("ServiceRoleArn")]
    return [
        Access("", _by_window(ctx, req)),
        *(passed(ctx, role, "ssm.amazonaws.com") for role in dict.fromkeys(roles)),
    ]


# -- targets and tasks -------------------------------------------------------------------------------------------------


def _parts(tx: Reader, ctx: Context, of: Kind[Thing], window: str) -> list[Thing]:
    return [each for each in things.all_of(tx, ctx, of) if each.data["WindowId"] == window]


def _part(tx: Reader, ctx: Context, of: Kind[Thing], window: str, id: str) -> Thing:
    """A target or task of a window. Raises DoesNotExistException."""
    WINDOW.require(tx, ctx, window)
    found: Thing | None = tx.get(of.table, (ctx.account, ctx.region, id))
    if found is None or found.data["WindowId"] != window:
        raise of.missing(ctx, (ctx.account, ctx.region, id))
    return found


def _register(ctx: Context, of: Kind[Thing], req: dict[str, Any], data: dict[str, Any]) -> str:
    with ctx.write() as tx:
        window = WINDOW.require(tx, ctx, req["WindowId"])
        made = _made(tx, ctx, of, req)
        if made is None:
            kept = {**data, "WindowId": window.id, "Token": req.get("ClientToken")}
            made = things.make(tx, ctx, of, ctx.ids.uuid(), kept)
        return made.id


@operation("ssm", "RegisterTargetWithMaintenanceWindow", resource=_by_window, fidelity="recorded")
def register_target_with_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a target."""
    return {"WindowTargetId": _register(ctx, WINDOW_TARGET, req, given(req, *_TARGET))}


def _target(thing: Thing) -> dict[str, Any]:
    return {"WindowTargetId": thing.id, **given(thing.data, "WindowId", *_TARGET)}


@operation("ssm", "DescribeMaintenanceWindowTargets", resource=_by_window, fidelity="recorded")
def describe_maintenance_window_targets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The targets of a window."""
    wanted = things.filters(req)
    with ctx.read() as tx:
        WINDOW.require(tx, ctx, req["WindowId"])
        found = [_target(each) for each in _parts(tx, ctx, WINDOW_TARGET, req["WindowId"])]
    return _listed(ctx, req, "Targets", [each for each in found if _passes(each, wanted)])


@operation("ssm", "UpdateMaintenanceWindowTarget", resource=_by_window, fidelity="recorded")
def update_maintenance_window_target(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a target."""
    with ctx.write() as tx:
        found = _part(tx, ctx, WINDOW_TARGET, req["WindowId"], req["WindowTargetId"])
        _update(tx, ctx, WINDOW_TARGET, found, req, _TARGET)
    return {name: value for name, value in _target(found).items() if name != "ResourceType"}


@operation("ssm", "DeregisterTargetFromMaintenanceWindow", resource=_by_window, fidelity="recorded")
def deregister_target_from_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a target."""
    with ctx.write() as tx:
        things.drop(tx, WINDOW_TARGET, _part(tx, ctx, WINDOW_TARGET, req["WindowId"], req["WindowTargetId"]))
    return {"WindowId": req["WindowId"], "WindowTargetId": req["WindowTargetId"]}


@operation("ssm", "RegisterTaskWithMaintenanceWindow", resource=_with_roles, fidelity="recorded")
def register_task_with_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a task."""
    return {"WindowTaskId": _register(ctx, WINDOW_TASK, req, {"Priority": 0, **given(req, *_TASK)})}


def _task(thing: Thing) -> dict[str, Any]:
    return {"WindowTaskId": thing.id, **given(thing.data, "WindowId", *_TASK)}


@operation("ssm", "GetMaintenanceWindowTask", resource=_by_window, fidelity="recorded")
def get_maintenance_window_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A task."""
    with ctx.read() as tx:
        return _task(_part(tx, ctx, WINDOW_TASK, req["WindowId"], req["WindowTaskId"]))


@operation("ssm", "DescribeMaintenanceWindowTasks", resource=_by_window, fidelity="recorded")
def describe_maintenance_window_tasks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tasks of a window."""
    wanted = things.filters(req)
    with ctx.read() as tx:
        WINDOW.require(tx, ctx, req["WindowId"])
        found = [_task(each) for each in _parts(tx, ctx, WINDOW_TASK, req["WindowId"])]
    shown = [
        {**{name: value for name, value in each.items() if name not in ("TaskType", "TaskInvocationParameters")},
         "Type": each["TaskType"]}
        for each in found if _passes(each, wanted)
    ]  # fmt: skip
    return _listed(ctx, req, "Tasks", shown)


@operation("ssm", "UpdateMaintenanceWindowTask", resource=_with_roles, fidelity="recorded")
def update_maintenance_window_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a task."""
    with ctx.write() as tx:
        found = _part(tx, ctx, WINDOW_TASK, req["WindowId"], req["WindowTaskId"])
        _update(tx, ctx, WINDOW_TASK, found, req, _TASK)
    return {name: value for name, value in _task(found).items() if name != "TaskType"}


@operation("ssm", "DeregisterTaskFromMaintenanceWindow", resource=_by_window, fidelity="recorded")
def deregister_task_from_maintenance_window(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a task."""
    with ctx.write() as tx:
        things.drop(tx, WINDOW_TASK, _part(tx, ctx, WINDOW_TASK, req["WindowId"], req["WindowTaskId"]))
    return {"WindowId": req["WindowId"], "WindowTaskId": req["WindowTaskId"]}


@operation("ssm", "DescribeMaintenanceWindowExecutions", resource=_by_window, fidelity="recorded")
def describe_maintenance_window_executions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """None: no window has run."""
    with ctx.read() as tx:
        WINDOW.require(tx, ctx, req["WindowId"])
    return _listed(ctx, req, "WindowExecutions", [])
