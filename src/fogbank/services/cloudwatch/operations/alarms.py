"""The operations that create, change and delete alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import documents, tags
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import queries, reading, rules
from ..arns import ALARM, alarm, alarm_arn, alarms, new_alarm, new_composite
from ..errors import InvalidFormat
from ..jobs import WATCH, watched
from ..records import ALARMS, Alarm
from ..states import change, note
from ..statistics import statistic
from ..verdicts import WORDS

UNCHECKED = "Unchecked: Initial alarm creation"
MAX_METRICS = 10  # metrics per alarm, and as many expressions (API reference, MetricDataQuery)
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


@operation("cloudwatch", "PutMetricAlarm", resource=new_alarm)
async def put_metric_alarm(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create an alarm, or replace its configuration and keep its state. Then start its evaluation."""
    settings = _metric_alarm(req)
    metrics = sorted({
        (query["MetricStat"]["Metric"]["Namespace"], query["MetricStat"]["Metric"]["MetricName"])
        for query in queries.of_alarm(settings) if "MetricStat" in query
    })  # fmt: skip

    def keep(tx: Transaction) -> None:
        made = _put(tx, ctx, req, settings)
        made.watched = metrics
        watched(tx, ctx, made)

    await ctx.transact(keep)
    return {}


def _metric_alarm(req: dict[str, Any]) -> dict[str, Any]:
    """Validate a request and return the settings to store. Raises ValidationError."""
    settings = {name: value for name, value in req.items() if name not in ("AlarmName", "Tags")}
    for unbuilt in ("ThresholdMetricId", "EvaluationCriteria", "EvaluationWindow"):
        if unbuilt in settings:
            raise ValidationError(f"Fogbank has not built alarms with {unbuilt} (anomaly detection, PromQL, windows).")
    if req.get("EvaluationPeriods") is None:
        raise ValidationError("The parameter EvaluationPeriods is required.")
    if req.get("ComparisonOperator") not in WORDS:
        raise ValidationError("The parameter ComparisonOperator is required, and not one of anomaly detection.")
    if req.get("Threshold") is None:
        raise ValidationError("The parameter Threshold is required.")
    if req.get("DatapointsToAlarm", 1) > req["EvaluationPeriods"]:
        raise ValidationError("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    if req.get("TreatMissingData", "missing") not in _TREATMENTS:
        raise ValidationError(f"The value {req['TreatMissingData']} is unsupported for parameter TreatMissingData.")
    _check_metric(req)
    periods = [q["MetricStat"]["Period"] for q in queries.of_alarm(settings) if "MetricStat" in q]
    if max(periods, default=60) * req["EvaluationPeriods"] > 7 * 86400:
        raise ValidationError("Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must "
                              "be <= 604800).")  # fmt: skip
    _check_actions(req)
    settings["Threshold"] = float(req["Threshold"])
    if not req.get("Metrics"):
        settings.setdefault("Dimensions", [])
    return _defaults(settings)


def _check_metric(req: dict[str, Any]) -> None:
    if req.get("Metrics"):
        for name in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
            if req.get(name):
                raise ValidationError(f"The parameters Metrics and {name} cannot both be specified.")
        queries.check(req["Metrics"])
        stats = sum(1 for query in req["Metrics"] if "MetricStat" in query)
        if max(stats, len(req["Metrics"]) - stats) > MAX_METRICS:  # AWS's text could not be confirmed
            raise ValidationError(f"An alarm may have {MAX_METRICS} metrics and {MAX_METRICS} expressions at most.")
        if sum(1 for query in req["Metrics"] if query.get("ReturnData", True)) != 1:
            raise ValidationError("Exactly one element of the metrics list should return data.")
        return
    for name in ("MetricName", "Namespace", "Period"):
        if not req.get(name):
            raise ValidationError(f"The parameter {name} is required.")
    reading.check_period(req["Period"])
    if bool(req.get("Statistic")) == bool(req.get("ExtendedStatistic")):
        raise ValidationError("Exactly one of Statistic and ExtendedStatistic must be specified.")
    if req.get("ExtendedStatistic"):
        statistic(req["ExtendedStatistic"])


def _check_actions(req: dict[str, Any]) -> None:
    for name in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for action in req.get(name) or ():
            if not action.startswith("arn:"):
                raise ValidationError(f"Invalid arn syntax: {action}")


def _defaults(settings: dict[str, Any]) -> dict[str, Any]:
    settings.setdefault("ActionsEnabled", True)
    for name in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        settings.setdefault(name, [])
    return settings


def _put(tx: Transaction, ctx: Context, req: dict[str, Any], settings: dict[str, Any]) -> Alarm:
    now = ctx.now()
    existing = ALARM.find(tx, ctx, req["AlarmName"])
    if existing is not None and existing.composite != ("AlarmRule" in settings):
        raise ValidationError(f"An alarm of another type has the name {req['AlarmName']} already.")
    if existing is None:
        made = Alarm(account=ctx.account, region=ctx.region, name=req["AlarmName"], settings=settings, configured=now,
                     reason=UNCHECKED, updated=now, transitioned=now,
                     tags=tags.from_list(req.get("Tags")))  # fmt: skip
    else:
        made = existing
        made.settings, made.configured = settings, now
    what = "created" if existing is None else "updated"
    note(tx, ctx, made, "ConfigurationUpdate", f'Alarm "{made.name}" {what}',
         {"version": "1.0", "type": "Create" if existing is None else "Update"})  # fmt: skip
    return made


@operation("cloudwatch", "PutCompositeAlarm", resource=new_composite)
def put_composite_alarm(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create an alarm on the states of other alarms. The suppression of its actions is recorded only.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    """
    rule = rules.parse(req["AlarmRule"], alarm_arn(ctx, ""))
    settings = _defaults({name: value for name, value in req.items() if name not in ("AlarmName", "Tags")})
    _check_actions(req)
    with ctx.write() as tx:
        for child in sorted(rules.children(rule)):
            if tx.get(ALARMS, (ctx.account, ctx.region, child)) is None:
                raise ValidationError(f"Could not save the composite alarm as alarms [{child}] in the alarm rule do "
                                      "not exist")  # fmt: skip
        tx.put(ALARMS, _put(tx, ctx, req, settings))
        ctx.later(tx, "cloudwatch.composites", {}, name="composites")
    return {}


@operation("cloudwatch", "DeleteAlarms", resource=alarms)
def delete_alarms(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete alarms. Ignores names without an alarm."""
    gone = set(req["AlarmNames"])
    with ctx.write() as tx:
        for other in tx.scan(ALARMS, (ctx.account, ctx.region)):
            if other.composite and other.name not in gone:
                for name in sorted(gone & rules.children(rules.parse(other.settings["AlarmRule"], alarm_arn(ctx, "")))):
                    raise ValidationError(f"Cannot delete {name} as there are composite alarms depending on it.")
        for name in req["AlarmNames"]:
            found = ALARM.find(tx, ctx, name)
            if found is not None:
                tx.delete(ALARMS, ALARMS.key(found))
                ctx.leave(tx, WATCH, name)
    return {}


@operation("cloudwatch", "SetAlarmState", resource=alarm)
def set_alarm_state(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set an alarm's state until its next evaluation. Runs the same actions as a change by evaluation.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
    """
    data = req.get("StateReasonData", "")
    if data:
        try:
            documents.read(data)
        except documents.BadDocument:
            raise InvalidFormat("StateReasonData must be valid JSON.") from None
    with ctx.write() as tx:
        found = ALARM.require(tx, ctx, req["AlarmName"])
        change(tx, ctx, found, req["StateValue"], req["StateReason"], data)
        if found.composite:
            ctx.later(tx, "cloudwatch.composites", {}, name="composites", delay=60 - ctx.now() % 60)
        else:
            watched(tx, ctx, found)
    return {}


@operation("cloudwatch", "EnableAlarmActions", resource=alarms)
def enable_alarm_actions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Enable the actions of alarms."""
    return _actions(ctx, req, True)


@operation("cloudwatch", "DisableAlarmActions", resource=alarms)
def disable_alarm_actions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Disable the actions of alarms, which still change state."""
    return _actions(ctx, req, False)


def _actions(ctx: Context, req: dict[str, Any], enabled: bool) -> dict[str, Any]:
    with ctx.write() as tx:
        for name in req["AlarmNames"]:
            found = ALARM.find(tx, ctx, name)
            if found is not None:
                found.settings["ActionsEnabled"] = enabled
                tx.put(ALARMS, found)
    return {}
