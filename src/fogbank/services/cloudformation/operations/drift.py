"""Drift detection: whether resources still are as their stack made them."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import job, operation
from fogbank.store.api import Reader, Transaction

from .. import stacks
from ..arns import named_stack
from ..engine import registry
from ..engine.acting import acting
from ..engine.drift import DIFFERENT, examine
from ..errors import stack_missing
from ..records import DETECTIONS, DRIFTS, STACKS, Detection, Drift, Stack, StackResource
from .describing import page

DETECTABLE = frozenset(
    (
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
    )
)
DETECT = "cloudformation.detect"


def _require(tx: Reader, ctx: Context, name: str) -> Stack:
    stack = stacks.find(tx, ctx, name)
    if stack is None or stack.status == "DELETE_COMPLETE":
        raise stack_missing(name)
    if stack.status not in DETECTABLE:
        raise ValidationError(
            f"Drift detection cannot be performed on stack [{stack.id}] while in stack status: {stack.status}"
        )
    return stack


@operation("cloudformation", "DetectStackDrift", resource=named_stack)
def detect_stack_drift(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Start to compare all resources of a stack with its template. A job reads them as the caller.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
    """
    with ctx.write() as tx:
        stack = _require(tx, ctx, req["StackName"])
        detection = Detection(
            account=ctx.account,
            region=ctx.region,
            id=ctx.ids.uuid(),
            stack_id=stack.id,
            time=ctx.now(),
            only=list(req.get("LogicalResourceIds") or ()),
        )
        tx.put(DETECTIONS, detection)
        ctx.later(tx, DETECT, {"detection": detection.id}, name=detection.id)
    return {"StackDriftDetectionId": detection.id}


@job(DETECT, attempts=3, lane="cloudformation")
async def detect(ctx: Context, payload: dict[str, Any]) -> None:
    """Examine each resource of the stack of a detection."""
    where = (ctx.account, ctx.region, payload["detection"])

    def read(tx: Reader) -> tuple[Detection | None, list[StackResource]]:
        detection = tx.get(DETECTIONS, where)
        stack = tx.get(STACKS, (ctx.account, ctx.region, detection.stack_id)) if detection is not None else None
        return detection, stacks.present(tx, stack) if stack is not None else []

    detection, records = await ctx.fetch(read)
    if detection is None:
        return
    calls = await acting(ctx, "")
    find = registry.finder(ctx.app.settings)
    found = []
    for record in records:
        if not detection.only or record.logical_id in detection.only:
            drift = await examine(calls, find(record.type), record)
            if drift is not None:
                found.append(drift)
    await ctx.transact(_conclude, ctx, detection, found)


def _conclude(tx: Transaction, ctx: Context, detection: Detection, found: list[Drift]) -> None:
    for drift in found:
        tx.put(DRIFTS, drift)
    unknown = [drift for drift in found if drift.status == "UNKNOWN"]
    detection.status = "DETECTION_FAILED" if unknown else "DETECTION_COMPLETE"
    if unknown:
        names = ", ".join(drift.logical_id for drift in unknown)
        detection.reason = f"Failed to detect drift on resource [{names}]"
    detection.drifted = sum(drift.status in DIFFERENT for drift in found)
    detection.drift = "DRIFTED" if detection.drifted else "IN_SYNC"
    detection.time = ctx.now()
    tx.put(DETECTIONS, detection)
    stack = tx.get(STACKS, (detection.account, detection.region, detection.stack_id))
    if stack is not None:
        stack.drift, stack.drift_time = detection.drift, detection.time
        tx.put(STACKS, stack)


@operation("cloudformation", "DescribeStackDriftDetectionStatus", resource="*")
def describe_stack_drift_detection_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html"""
    with ctx.read() as tx:
        detection = tx.get(DETECTIONS, (ctx.account, ctx.region, req["StackDriftDetectionId"]))
    if detection is None:
        raise ValidationError(f"Drift detection operation [{req['StackDriftDetectionId']}] does not exist")
    shown: dict[str, Any] = {
        "StackId": detection.stack_id,
        "StackDriftDetectionId": detection.id,
        "DetectionStatus": detection.status,
        "Timestamp": detection.time,
    }
    if detection.status != "DETECTION_IN_PROGRESS":
        shown |= {"StackDriftStatus": detection.drift, "DriftedStackResourceCount": detection.drifted}
    return stacks.merge(shown, {"DetectionStatusReason": detection.reason})


@operation("cloudformation", "DescribeStackResourceDrifts", resource=named_stack)
def describe_stack_resource_drifts(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The drift of all resources of a stack that were examined.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html
    """
    wanted = set(req.get("StackResourceDriftStatusFilters") or ())
    with ctx.read() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        known = {drift.logical_id: drift for drift in tx.scan(DRIFTS, (stack.account, stack.region, stack.id))}
        found = [
            (record, known[record.logical_id])
            for record in stacks.present(tx, stack)
            if record.logical_id in known and known[record.logical_id].time >= record.updated
        ]
    found = [(record, drift) for record, drift in found if not wanted or drift.status in wanted]
    shown, token = page(ctx, found, req, lambda pair: pair[0].logical_id, size=int(req.get("MaxResults") or 100))
    return {"StackResourceDrifts": [_shape(record, drift) for record, drift in shown], **token}


@operation("cloudformation", "DetectStackResourceDrift", resource=named_stack)
async def detect_stack_resource_drift(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Compare one resource with the template, at once.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackResourceDrift.html
    """

    def read(tx: Reader) -> StackResource:
        stack = _require(tx, ctx, req["StackName"])
        for record in stacks.present(tx, stack):
            if record.logical_id == req["LogicalResourceId"]:
                return record
        raise ValidationError(f"Resource {req['LogicalResourceId']} does not exist for stack {req['StackName']}")

    record = await ctx.fetch(read)
    kind = registry.finder(ctx.app.settings)(record.type)
    drift = await examine(await acting(ctx, ""), kind, record)
    if drift is None:
        raise ValidationError(f"Drift detection is not supported for resource type {record.type}")
    await ctx.transact(lambda tx: tx.put(DRIFTS, drift))
    return {"StackResourceDrift": _shape(record, drift)}


def _shape(record: StackResource, drift: Drift) -> dict[str, Any]:
    """A `StackResourceDrift`."""
    shown: dict[str, Any] = {
        "StackId": record.stack_id,
        "LogicalResourceId": record.logical_id,
        "PhysicalResourceId": record.physical_id,
        "ResourceType": record.type,
        "StackResourceDriftStatus": drift.status,
        "PropertyDifferences": drift.differences,
        "Timestamp": drift.time,
    }
    optional = {
        "ExpectedProperties": drift.expected,
        "ActualProperties": drift.actual,
        "DriftStatusReason": drift.reason,
    }
    return stacks.merge(shown, optional)
