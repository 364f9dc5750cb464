"""Carries out the operations of stack sets: region after region, in each with several accounts at a time.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html

In each account it works as the execution role, which the administration role of the stack set's own account assumes.
All progress is in the store, so a job that is repeated after a crash goes on with what is still pending.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.operation import job
from fogbank.core.tags import to_list
from fogbank.store.api import Reader, Transaction

from .. import stacks
from ..engine.acting import SERVICE, assumed
from ..records import DETECTIONS, STACKS, Detection, Stack
from ..types.nested import settled
from .records import INSTANCES, OPERATIONS, SETS, Instance, Result, SetOperation, StackSet
from .shapes import administration_role

RUN = "cloudformation.stackset"
UNCHANGED = "No updates are to be performed."
LOOK = 0.2  # seconds between two looks at a detection of drift


@job(RUN, attempts=10, lane="cloudformation")
async def run(ctx: Context, payload: dict[str, Any]) -> None:
    """Carry out one operation."""
    await _Run(ctx, payload["set"], payload["operation"]).drive()


class _Run:
    def __init__(self, ctx: Context, set_name: str, operation: str) -> None:
        self._ctx = ctx
        self._set_key = (ctx.account, ctx.region, set_name)
        self._key = (*self._set_key, operation)

    async def drive(self) -> None:
        def read(tx: Reader) -> tuple[StackSet | None, SetOperation | None]:
            return tx.get(SETS, self._set_key), tx.get(OPERATIONS, self._key)

        stack_set, operation = await self._ctx.fetch(read)
        if stack_set is None or operation is None or operation.status not in ("RUNNING", "STOPPING"):
            return
        self._set, self._operation = stack_set, operation
        for region in _regions(operation):
            await self._in_region([result for result in operation.results if result.region == region])
            if await self._must_stop():
                break
        await self._ctx.transact(self._conclude)

    async def _in_region(self, results: list[Result]) -> None:
        width = _bound(self._operation.preferences, "MaxConcurrent", len(results), least=1)
        places = asyncio.Semaphore(width)

        async def one(result: Result) -> None:
            async with places:
                if result.status in ("PENDING", "RUNNING") and not await self._must_stop():
                    await self._one(result)

        await asyncio.gather(*(one(result) for result in results))

    async def _must_stop(self) -> bool:
        """Whether the operation was stopped, or failed in more accounts of a region than it tolerates."""
        latest = await self._ctx.fetch(lambda tx: tx.get(OPERATIONS, self._key))
        if latest is None or latest.status == "STOPPING":
            return True
        return self._too_many_failed()

    def _too_many_failed(self) -> bool:
        by_region: dict[str, list[Result]] = {}
        for result in self._operation.results:
            by_region.setdefault(result.region, []).append(result)
        return any(
            sum(result.status == "FAILED" for result in results)
            > _bound(self._operation.preferences, "FailureTolerance", len(results), least=0)
            for results in by_region.values()
        )

    def _conclude(self, tx: Transaction) -> None:
        latest = tx.get(OPERATIONS, self._key)
        if latest is None:
            return
        stopped = latest.status == "STOPPING"
        for result in latest.results:
            if result.status in ("PENDING", "RUNNING"):
                result.status = "CANCELLED"
                result.reason = "Cancelled since failure tolerance has exceeded" if not stopped else "Cancelled by user"
                instance = self._instance(tx, result)
                if instance is not None:
                    instance.detailed = "CANCELLED"
                    tx.put(INSTANCES, instance)
        latest.status = "STOPPED" if stopped else "FAILED" if self._too_many_failed() else "SUCCEEDED"
        latest.ended = self._ctx.now()
        tx.put(OPERATIONS, latest)
        if latest.action == "DETECT_DRIFT":
            self._tell_drift(tx, latest)

    def _instance(self, tx: Reader, result: Result) -> Instance | None:
        return tx.get(INSTANCES, (*self._set_key, result.target, result.region))

    # -- one account and region --------------------------------------------------------------------------------------

    async def _one(self, result: Result) -> None:
        await self._note(result, "RUNNING", "")
        try:
            ctx = await self._acting(result)
            reason = await self._act(ctx, result)
        except ServiceError as error:
            reason = error.message
        await self._note(result, "FAILED" if reason else "SUCCEEDED", reason)

    async def _acting(self, result: Result) -> Context:
        """A context as the execution role of the target account, assumed by the administration role."""
        administration = administration_role(self._ctx, self._set)
        admin = await self._ctx.assume(administration, by=SERVICE, session=f"StackSet-{self._set.name}"[:64])
        role = self._ctx.arn("iam", f"role/{self._set.execution_role}", region="", account=result.target)
        try:
            return await assumed(admin, role, f"StackSet-{self._set.name}"[:64], result.region)
        except AccessDenied:
            raise AccessDenied(
                f"Account {result.target} should have '{self._set.execution_role}' role with trust relationship to "
                f"Role '{administration.rpartition('/')[2]}'."
            ) from None

    async def _act(self, ctx: Context, result: Result) -> str:
        """Do the operation's work in one account and region. Returns the reason of a failure, or ''."""
        instance = await self._ctx.fetch(self._instance, result)
        if instance is None:
            return ""  # deleted before a crash
        if self._operation.action == "DETECT_DRIFT":
            return await self._detect(ctx, instance)
        if self._operation.action == "DELETE":
            return await self._delete(ctx, instance)
        return await self._deploy(ctx, instance)

    async def _deploy(self, ctx: Context, instance: Instance) -> str:
        """Create the stack of an instance, or update it."""
        stack = await _stack(ctx, instance.stack_id)
        request: dict[str, Any] = {
            "TemplateBody": self._set.body,
            "Parameters": _parameters(self._set.parameters, instance.overrides),
            "Capabilities": self._set.capabilities,
            "Tags": to_list(self._set.tags),
        }
        if stack is None:
            name = f"StackSet-{self._set.name}-{ctx.ids.uuid()}"
            made = await ctx.call("cloudformation", "CreateStack", {**request, "StackName": name})
            instance.stack_id = made["StackId"]
            await self._ctx.transact(lambda tx: tx.put(INSTANCES, instance))
        else:
            try:
                await ctx.call("cloudformation", "UpdateStack", {**request, "StackName": stack.id})
            except ServiceError as error:
                if error.message != UNCHANGED and not stacks.in_progress(stack.status):
                    raise
        done = await settled(ctx, instance.stack_id)
        if done.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return ""
        what = f"ResourceLogicalId:{done.name}, ResourceType:AWS::CloudFormation::Stack"
        return f"{what}, ResourceStatusReason:{done.reason}."

    async def _delete(self, ctx: Context, instance: Instance) -> str:
        stack = None if self._operation.retain else await _stack(ctx, instance.stack_id)
        if stack is not None:
            await ctx.call("cloudformation", "DeleteStack", {"StackName": stack.id})
            done = await settled(ctx, stack.id)
            if done.status != "DELETE_COMPLETE":
                return f"Stack {stack.id} could not be deleted: {done.reason}"
        await self._ctx.transact(lambda tx: tx.delete(INSTANCES, INSTANCES.key(instance)))
        return ""

    async def _detect(self, ctx: Context, instance: Instance) -> str:
        answer = await ctx.call("cloudformation", "DetectStackDrift", {"StackName": instance.stack_id})
        where = (ctx.account, ctx.region, answer["StackDriftDetectionId"])
        while True:
            detection: Detection | None = await ctx.fetch(lambda tx: tx.get(DETECTIONS, where))
            if detection is None or detection.status != "DETECTION_IN_PROGRESS":
                break
            await ctx.clock.sleep(LOOK)
        if detection is None or detection.status == "DETECTION_FAILED":
            return detection.reason if detection is not None else "The detection was lost"
        instance.drift, instance.drift_time = detection.drift, detection.time
        await self._ctx.transact(lambda tx: tx.put(INSTANCES, instance))
        return ""

    async def _note(self, result: Result, status: str, reason: str) -> None:
        """Store the status of one account and region, in the operation and in the instance."""
        result.status, result.reason = status, reason

        def write(tx: Transaction) -> None:
            latest = tx.get(OPERATIONS, self._key)
            if latest is None:
                return
            latest.results = self._operation.results
            tx.put(OPERATIONS, latest)
            instance = self._instance(tx, result)
            if instance is None:
                return
            instance.operation, instance.detailed, instance.reason = latest.id, status, reason
            if latest.action != "DETECT_DRIFT":
                instance.status = "CURRENT" if status == "SUCCEEDED" else "OUTDATED"
                if status == "FAILED" and latest.action == "DELETE":
                    instance.status = "INOPERABLE"
            tx.put(INSTANCES, instance)

        await self._ctx.transact(write)

    def _tell_drift(self, tx: Transaction, operation: SetOperation) -> None:
        stack_set = tx.get(SETS, self._set_key)
        if stack_set is None:
            return
        found = [each for each in tx.scan(INSTANCES, self._set_key)]
        drifted = sum(each.drift == "DRIFTED" for each in found)
        stack_set.drift = {
            "DriftStatus": "DRIFTED" if drifted else "IN_SYNC",
            "DriftDetectionStatus": "COMPLETED" if operation.status == "SUCCEEDED" else operation.status,
            "LastDriftCheckTimestamp": operation.ended,
            "TotalStackInstancesCount": len(found),
            "DriftedStackInstancesCount": drifted,
            "InSyncStackInstancesCount": sum(each.drift == "IN_SYNC" for each in found),
            "InProgressStackInstancesCount": 0,
            "FailedStackInstancesCount": sum(each.detailed == "FAILED" for each in found),
        }
        tx.put(SETS, stack_set)


async def _stack(ctx: Context, stack_id: str) -> Stack | None:
    """The stack of an instance, unless it was deleted (or its creation was rolled back, which cannot be updated)."""
    found = await ctx.fetch(lambda tx: tx.get(STACKS, (ctx.account, ctx.region, stack_id))) if stack_id else None
    return None if found is None or found.status == "DELETE_COMPLETE" else found


def _regions(operation: SetOperation) -> list[str]:
    """The regions in the order that the request asks for."""
    every = list(dict.fromkeys(result.region for result in operation.results))
    first = [region for region in operation.preferences.get("RegionOrder") or () if region in every]
    return [*first, *(region for region in every if region not in first)]


def _bound(preferences: dict[str, Any], name: str, total: int, *, least: int) -> int:
    """NAMECount, or NAMEPercentage of the accounts of a region, rounded down. By default the least."""
    if preferences.get(f"{name}Count") is not None:
        return max(int(preferences[f"{name}Count"]), least)
    percentage = preferences.get(f"{name}Percentage")
    return least if percentage is None else max(total * int(percentage) // 100, least)


def _parameters(given: list[dict[str, Any]], overrides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parameters of the set with those that an instance overrides."""
    merged = {each["ParameterKey"]: each for each in (*given, *overrides) if not each.get("UsePreviousValue")}
    return list(merged.values())
