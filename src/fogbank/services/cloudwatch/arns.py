"""Look-up of alarms and dashboards by name or ARN, and the resources of CloudWatch's actions. Metrics have no ARNs.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from .errors import DashboardNotFound, InvalidParameterValue, ResourceNotFound, ResourceNotFoundException
from .records import ALARMS, DASHBOARDS, GLOBAL, Alarm, Dashboard

Place = tuple[str, str, str]  # account, region, name


def alarm_arn(ctx: Context, name: str) -> str:
    return _alarm_arn(ctx, (ctx.account, ctx.region, name))


def dashboard_arn(ctx: Context, name: str) -> str:
    return _dashboard_arn(ctx, (ctx.account, GLOBAL, name))


def _alarm_arn(ctx: Context, place: Place, alarm: Alarm | None = None) -> str:
    account, region, name = place
    return ctx.arn("cloudwatch", f"alarm:{name}", region=region, account=account)


def _dashboard_arn(ctx: Context, place: Place, dashboard: Dashboard | None = None) -> str:
    account, region, name = place
    return ctx.arn("cloudwatch", f"dashboard/{name}", region=region, account=account)


def _in_alarm_arn(ctx: Context, text: str) -> Place:
    head, _, name = text.partition(":alarm:")
    place = head.rpartition(":")[2], ctx.region, name
    return _exact(place, _alarm_arn(ctx, place), text)


def _in_dashboard_arn(ctx: Context, text: str) -> Place:
    head, _, name = text.partition(":dashboard/")
    place = head.rpartition(":")[2], GLOBAL, name
    return _exact(place, _dashboard_arn(ctx, place), text)


def _exact(place: Place, arn: str, text: str) -> Place:
    if arn != text or not place[2] or not arns.ACCOUNT.fullmatch(place[0]):
        raise InvalidParameterValue("The value for parameter ResourceARN is invalid.")
    return place


ALARM: Kind[Alarm] = Kind(
    "alarm",
    ALARMS,
    key=lambda ctx, name: (ctx.account, ctx.region, name),
    arn=_alarm_arn,
    missing=lambda ctx, place: ResourceNotFound(""),
)
DASHBOARD: Kind[Dashboard] = Kind(
    "dashboard",
    DASHBOARDS,
    key=lambda ctx, name: (ctx.account, GLOBAL, name),
    arn=_dashboard_arn,
    missing=lambda ctx, place: DashboardNotFound(f"Dashboard {place[2]} does not exist"),
)
_ALARM_BY_ARN: Kind[Alarm] = Kind(
    "alarm by ARN",
    ALARMS,
    key=_in_alarm_arn,
    arn=_alarm_arn,
    missing=lambda ctx, place: ResourceNotFoundException(f"Resource {_alarm_arn(ctx, place)} does not exist."),
)
_DASHBOARD_BY_ARN: Kind[Dashboard] = Kind(
    "dashboard by ARN",
    DASHBOARDS,
    key=_in_dashboard_arn,
    arn=_dashboard_arn,
    missing=lambda ctx, place: ResourceNotFoundException(f"Resource {_dashboard_arn(ctx, place)} does not exist."),
)


def _by_arn(text: str) -> Kind[Alarm] | Kind[Dashboard]:
    return _DASHBOARD_BY_ARN if text.split(":", 5)[-1].startswith("dashboard/") else _ALARM_BY_ARN


def require_tagged(tx: Reader, ctx: Context, text: str) -> Alarm | Dashboard:
    """The alarm or dashboard of a ResourceARN. Raises ResourceNotFoundException."""
    return _by_arn(text).require(tx, ctx, text)


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    text = str(req["ResourceARN"])
    return _by_arn(text).name(ctx, text)


alarm = ALARM.of("AlarmName")
dashboard = DASHBOARD.of("DashboardName")


def _alarms(ctx: Context, names: Iterable[str]) -> list[Access]:
    """Permission on each named alarm; without names, on all alarms (`*`)."""
    found = [Access("", ALARM.name(ctx, name)) for name in names]
    return found or [Access("", named(alarm_arn(ctx, "*"), ctx.account))]


def alarms(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return _alarms(ctx, req["AlarmNames"])


def described(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """DescribeAlarms needs permission on the named alarms, and on those whose children or parents are requested."""
    relatives = (req.get("ChildrenOfAlarmName"), req.get("ParentsOfAlarmName"))
    return _alarms(ctx, [*(req.get("AlarmNames") or ()), *filter(None, relatives)])


def history(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return _alarms(ctx, [req["AlarmName"]] if req.get("AlarmName") else ())


def _with_tags(req: dict[str, Any], made: Named) -> list[Access]:
    """A request with tags also needs cloudwatch:TagResource: "both permissions", says API_PutMetricAlarm.

    That page says this for new alarms, and that AWS ignores the tags of an update. Here the permission is checked
    whenever a request has tags, also for dashboards: neither is confirmed.
    """
    needed = [Access("", made)]
    return [*needed, Access("cloudwatch:TagResource", made)] if req.get("Tags") else needed


def new_alarm(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return _with_tags(req, alarm(ctx, req))


def new_composite(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """A composite alarm reveals the states of other alarms, so its permission must be "scoped to *".

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    """
    return [*new_alarm(ctx, req), Access("", "*")]


def new_dashboard(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return _with_tags(req, dashboard(ctx, req))


def dashboards(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return [Access("", DASHBOARD.name(ctx, name)) for name in req["DashboardNames"]]


def namespace(ctx: Context, req: dict[str, Any]) -> Access:
    """PutMetricData is authorised on `*`, with the condition key cloudwatch:namespace."""
    return Access("", "*", {"cloudwatch:namespace": str(req["Namespace"])})
