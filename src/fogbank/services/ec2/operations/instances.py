"""Instances: launched, described, started, stopped, rebooted, terminated.

No guest runs in them yet: what is kept here is what AWS's API tells of them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from ..calls import Answer, Request, action
from ..compute import (
    disks,
    instance_filters,
    instance_shapes,
    launch_access,
    launching,
    lifecycle,
    spot,
    templates,
    tokens,
)
from ..compute.find import INSTANCE
from ..compute.instance_shapes import Around, Seen
from ..compute.records import INSTANCES, Instance
from ..errors import InvalidParameterCombination, MissingParameter, NetworkError
from ..filters import describe
from ..kinds import on

BY_ID = on((INSTANCE, "InstanceId"))
BY_IDS = on((INSTANCE, "InstanceIds"))


@action("RunInstances", resource=launch_access.needed, fidelity="recorded")
async def run_instances(ctx: Context, req: Request) -> Answer:
    """Launch instances."""
    merged = await ctx.fetch(templates.merged, ctx, req)
    image = await _image(ctx, merged)
    keys = await disks.keys_for(ctx, [mapping.get("Ebs") or {} for mapping in merged.get("BlockDeviceMappings") or ()])

    def make(tx: Transaction) -> Answer:
        request = templates.merged(tx, ctx, req)
        how = spot.requested(tx, ctx, request)
        made = launching.launch(tx, ctx, request, keys, image, **how)
        spot.fulfil(tx, ctx, request, made)
        return _reservation(tx, ctx, made)

    def again(tx: Transaction, kept: Any) -> Answer:
        return _reservation(tx, ctx, [INSTANCE.known(tx, ctx, id) for id in kept])

    def keep(answer: Answer) -> list[str]:
        return [each["InstanceId"] for each in answer["Instances"]]

    return await ctx.transact(tokens.once, ctx, req, make, again, keep)


async def _image(ctx: Context, req: Request) -> str:
    """The id of the image, which a public or own parameter may have."""
    text = req.get("ImageId") or ""
    if not text:
        raise MissingParameter.of("ImageId")
    if not text.startswith(launch_access.BY_PARAMETER):
        return text
    name = text.removeprefix(launch_access.BY_PARAMETER)
    return str((await ctx.call("ssm", "GetParameter", {"Name": name}))["Parameter"]["Value"])


def _reservation(tx: Reader, ctx: Context, made: list[Instance]) -> Answer:
    monitoring = "pending" if made[0].monitoring else ""
    around = Around(tx, ctx)
    return instance_shapes.reservation([Seen(around, each) for each in made], monitoring)


@action("DescribeInstances", resource="*")
def describe_instances(ctx: Context, req: Request) -> Answer:
    """Describe instances, by the launches that made them."""
    if req.get("InstanceIds") and req.get("MaxResults"):
        raise InvalidParameterCombination("The parameter instancesSet cannot be used with the parameter maxResults")
    around: list[Around] = []

    def view(tx: Reader, found: Instance) -> Seen:
        if not around:
            around.append(Around(tx, ctx))
        return Seen(around[0], found)

    answer = describe(
        ctx, req, INSTANCE, instance_filters.FILTERS, ids="InstanceIds", into="Reservations", view=view, shape=_shown
    )
    shown = sorted(answer["Reservations"], key=lambda pair: pair[0])
    answer["Reservations"] = [
        {"ReservationId": id, "OwnerId": ctx.account, "Groups": [], "Instances": [shape for _, shape in each]}
        for id, each in groupby(shown, key=lambda pair: pair[0])
    ]
    return answer


def _shown(tx: Reader, seen: Seen) -> Any:
    return seen.record.reservation, instance_shapes.instance(seen)


# -- states ------------------------------------------------------------------------------------------------------------


def _instances(tx: Reader, ctx: Context, req: Request) -> list[Instance]:
    ids = list(dict.fromkeys(req["InstanceIds"]))
    if not ids:
        raise MissingParameter.of("InstanceId")
    found = [INSTANCE.find(tx, ctx, id) for id in ids]
    if missing := [id for id, each in zip(ids, found, strict=True) if each is None]:
        raise absent(missing)
    return [each for each in found if each is not None]


def absent(ids: list[str]) -> NetworkError:
    """AWS's error for instances that are not there."""
    many = len(ids) > 1
    text = f"The instance ID{'s' * many} '{', '.join(ids)}' do{'' if many else 'es'} not exist"
    return NetworkError("InvalidInstanceID.NotFound", text)


def _changes(before: dict[str, str], found: list[Instance]) -> list[Answer]:
    return [
        {
            "InstanceId": each.id,
            "CurrentState": instance_shapes.state(each.state),
            "PreviousState": instance_shapes.state(before[each.id]),
        }
        for each in found
    ]


def _wrong(instance: Instance, verb: str) -> NetworkError:
    return NetworkError(
        "IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be {verb}."
    )


@action("StartInstances", resource=BY_IDS, fidelity="recorded")
def start_instances(ctx: Context, req: Request) -> Answer:
    """Start instances that are stopped."""
    with ctx.write() as tx:
        found = _instances(tx, ctx, req)
        before = {each.id: each.state for each in found}
        if wrong := next((each for each in found if each.state not in ("stopped", "running", "pending")), None):
            raise _wrong(wrong, "started")
        starting = [each for each in found if each.state == "stopped"]
        launching.check_room(tx, ctx, starting)
        for each in starting:
            each.launched, each.reason, each.reason_code, each.reason_text = ctx.now(), "", "", ""
            lifecycle.shown_on_start(tx, ctx, each)
        lifecycle.take(tx, ctx, starting, "pending")
    return {"StartingInstances": _changes(before, found)}


@action("StopInstances", resource=BY_IDS, fidelity="recorded")
def stop_instances(ctx: Context, req: Request) -> Answer:
    """Stop instances. What they have in memory is lost, unless they hibernate."""
    with ctx.write() as tx:
        found = _instances(tx, ctx, req)
        before = {each.id: each.state for each in found}
        for each in found:
            _check_stop(each, req)
        stopping = [each for each in found if each.state in ("running", "pending")]
        for each in stopping:
            lifecycle.by_user(each, ctx.now())
        lifecycle.take(tx, ctx, stopping, "stopping")
    return {"StoppingInstances": _changes(before, found)}


def _check_stop(instance: Instance, req: Request) -> None:
    if instance.state in ("shutting-down", "terminated"):
        raise NetworkError(
            "IncorrectInstanceState", f"This instance '{instance.id}' is not in a state from which it can be stopped."
        )
    if instance.root_type != "ebs":
        raise NetworkError(
            "UnsupportedOperation",
            f"The instance '{instance.id}' does not have an 'ebs' root device type and cannot be stopped",
        )
    if not instance.api_stop:
        raise NetworkError(
            "OperationNotPermitted",
            f"The instance '{instance.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try "
            "again.",
        )
    if instance.lifecycle == "spot" and not instance.persistent:
        raise NetworkError(
            "UnsupportedOperation",
            f"You can't stop the Spot Instance '{instance.id}' because it is associated with a one-time Spot Instance "
            "request. You can only stop Spot Instances associated with persistent Spot Instance requests.",
        )
    if req.get("Hibernate") and not instance.hibernation:
        raise NetworkError(
            "UnsupportedHibernationConfiguration", f"The instance '{instance.id}' is not enabled for hibernation."
        )


@action("RebootInstances", resource=BY_IDS, fidelity="recorded")
def reboot_instances(ctx: Context, req: Request) -> Answer:
    """Reboot instances, which leaves them running."""
    with ctx.read() as tx:
        for each in _instances(tx, ctx, req):
            if each.state not in ("running", "pending"):
                raise _wrong(each, "rebooted")
    return {}


@action("TerminateInstances", resource=BY_IDS, fidelity="recorded")
def terminate_instances(ctx: Context, req: Request) -> Answer:
    """Terminate instances, all of them or none. Those that are terminated already stay so."""
    with ctx.write() as tx:
        found = _instances(tx, ctx, req)
        before = {each.id: each.state for each in found}
        for each in found:
            if not each.api_termination:
                raise NetworkError(
                    "OperationNotPermitted",
                    f"The instance '{each.id}' may not be terminated. Modify its 'disableApiTermination' instance "
                    "attribute and try again.",
                )
        ending = [each for each in found if each.state not in ("shutting-down", "terminated")]
        for each in ending:
            lifecycle.by_user(each, ctx.now())
            spot.ended(tx, ctx, each)
        lifecycle.take(tx, ctx, ending, "shutting-down")
    return {"TerminatingInstances": _changes(before, found)}


def _monitor(ctx: Context, req: Request, on: bool) -> Answer:
    with ctx.write() as tx:
        found = _instances(tx, ctx, req)
        for each in found:
            each.monitoring = on
            tx.put(INSTANCES, each)
    state = "pending" if on else "disabling"
    return {"InstanceMonitorings": [{"InstanceId": each.id, "Monitoring": {"State": state}} for each in found]}


@action("MonitorInstances", resource=BY_IDS, fidelity="recorded")
def monitor_instances(ctx: Context, req: Request) -> Answer:
    """Ask for metrics every minute. There are none, as no guest runs."""
    return _monitor(ctx, req, True)


@action("UnmonitorInstances", resource=BY_IDS, fidelity="recorded")
def unmonitor_instances(ctx: Context, req: Request) -> Answer:
    """Ask for metrics every five minutes."""
    return _monitor(ctx, req, False)
