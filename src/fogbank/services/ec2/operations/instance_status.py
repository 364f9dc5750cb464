"""The status of instances, and what their guests would tell: console output, passwords.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from ..calls import Answer, Request, action
from ..compute import instance_shapes
from ..compute.find import INSTANCE
from ..compute.lifecycle import CODES
from ..compute.records import INSTANCES, Instance
from ..errors import InvalidParameterCombination, NetworkError
from ..filters import Filters, page
from ..kinds import on

BY_ID = on((INSTANCE, "InstanceId"))
INITIAL = 60.0  # seconds after the start in which the checks are `initializing`


class Checked:
    """An instance with what its status checks say at a time."""

    __slots__ = ("record", "status")

    def __init__(self, record: Instance, now: float) -> None:
        self.record = record
        running = record.state == "running"
        self.status = "not-applicable" if not running else "initializing" if now < record.since + INITIAL else "ok"

    @property
    def reachability(self) -> str | None:
        return {"ok": "passed", "initializing": "initializing"}.get(self.status)


def _nothing(seen: Checked) -> None:
    """Of events, which there are none of."""


FILTERS: Filters[Checked] = Filters(
    {
        "availability-zone": "record.zone",
        "availability-zone-id": "record.zone_id",
        "instance-state-code": lambda seen: CODES[seen.record.state],
        "instance-state-name": "record.state",
        "instance-status.reachability": "reachability",
        "instance-status.status": "status",
        "system-status.reachability": "reachability",
        "system-status.status": "status",
        "attached-ebs-status.status": "status",
        "application-status.status": _nothing,
        "operator.managed": lambda seen: False,
        "operator.principal": _nothing,
        **{
            f"event.{name}": _nothing
            for name in ("code", "description", "instance-event-id", "not-after", "not-before", "not-before-deadline")
        },
    },
    tags=False,
)


@action("DescribeInstanceStatus", resource="*", fidelity="recorded")
def describe_instance_status(ctx: Context, req: Request) -> Answer:
    """The status of instances that run, or of all. All checks pass."""
    if req.get("InstanceIds") and req.get("MaxResults"):
        raise InvalidParameterCombination("The parameter instancesSet cannot be used with the parameter maxResults")
    test = FILTERS.test(req.get("Filters"))
    now = ctx.now()
    with ctx.read() as tx:
        named = req.get("InstanceIds")
        found = INSTANCE.all(tx, ctx, named) if named else list(tx.scan(INSTANCES, (ctx.account, ctx.region)))
    seen = [Checked(each, now) for each in found if req.get("IncludeAllInstances") or each.state == "running"]
    passed = [each for each in seen if test is None or test(each)]
    return page(ctx, req, passed, key=lambda each: each.record.id, into="InstanceStatuses", shape=_shape)


def _shape(seen: Checked) -> Answer:
    details = [{"Name": "reachability", "Status": seen.reachability}] if seen.reachability else []
    summary: dict[str, Any] = {"Status": seen.status, "Details": details}
    return {
        "AvailabilityZone": seen.record.zone,
        "AvailabilityZoneId": seen.record.zone_id,
        "Operator": {"Managed": False},
        "InstanceId": seen.record.id,
        "InstanceState": instance_shapes.state(seen.record.state),
        "InstanceStatus": summary,
        "SystemStatus": summary,
        "AttachedEbsStatus": summary,
    }


@action("ReportInstanceStatus", resource=on((INSTANCE, "Instances")), fidelity="recorded")
def report_instance_status(ctx: Context, req: Request) -> Answer:
    """Take a report, which nobody reads."""
    with ctx.read() as tx:
        for id in req["Instances"]:
            INSTANCE.require(tx, ctx, id)
    return {}


@action("GetConsoleOutput", resource=BY_ID, fidelity="recorded")
def get_console_output(ctx: Context, req: Request) -> Answer:
    """What the guest writes on its console: nothing, as no guest runs. AWS has no Output at first either."""
    with ctx.read() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
    return {"InstanceId": found.id, "Timestamp": found.since}


@action("GetConsoleScreenshot", resource=BY_ID, fidelity="recorded")
def get_console_screenshot(ctx: Context, req: Request) -> Answer:
    """There is no screen, as no guest runs."""
    with ctx.read() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
    if found.state != "running":
        raise NetworkError("IncorrectInstanceState", f"The instance '{found.id}' is not in the 'running' state.")
    raise NetworkError("UnsupportedOperation", f"The instance '{found.id}' has no screen: no guest runs in it.")


@action("GetPasswordData", resource=BY_ID, fidelity="recorded")
def get_password_data(ctx: Context, req: Request) -> Answer:
    """The administrator's password of Windows: "an empty string" until the guest has made one, which none does."""
    with ctx.read() as tx:
        found = INSTANCE.require(tx, ctx, req["InstanceId"])
    return {"InstanceId": found.id, "Timestamp": found.since, "PasswordData": ""}
