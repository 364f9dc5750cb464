"""AWS::CloudFormation::Stack: a stack within a stack.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-stack.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Transaction

from .. import stacks
from ..engine.surroundings import Surroundings
from ..records import STACKS, Stack
from ..template.functions import text_of

UNCHANGED = "No updates are to be performed."
_FAILED = re.compile(r"The following resource\(s\) failed|Validation failed for following resources")


class _Bound:
    def __init__(self, place: Surroundings) -> None:
        self._place = place

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = name.physical(limit=128)
        request = {"StackName": chosen, **self._request(properties)}
        if self._place.stack.on_failure == "DO_NOTHING":
            request["OnFailure"] = "DO_NOTHING"
        try:
            answer = await ctx.call("cloudformation", "CreateStack", request)
            stack_id = str(answer["StackId"])
        except ServiceError as error:
            existing = await ctx.fetch(stacks.find, ctx, chosen)
            if existing is None or error.code != "AlreadyExistsException":
                raise
            stack_id = existing.id  # created by an earlier try, before a crash
        await ctx.transact(self._adopt, ctx, stack_id)
        child = await settled(ctx, stack_id)
        if child.status != "CREATE_COMPLETE":
            reason = await self._why(ctx, child)
            raise ResourceFailed(f"Embedded stack {stack_id} was not successfully created: {reason}")
        return Resource(stack_id, _outputs(child))

    async def partial(self, ctx: Context, name: Name) -> str:
        """The id of the stack that a failed creation left, so that the parent's rollback deletes it."""
        child = await ctx.fetch(stacks.find, ctx, name.physical(limit=128))
        return child.id if child is not None else ""

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        child = await ctx.fetch(stacks.require, ctx, physical_id)
        if child.parent_id != self._place.stack.id or not stacks.in_progress(child.status):
            request = {"StackName": physical_id, **self._request(new)}
            request.pop("TimeoutInMinutes", None)
            try:
                await ctx.call("cloudformation", "UpdateStack", request)
            except ServiceError as error:
                if error.message != UNCHANGED:
                    raise
                return Resource(physical_id, _outputs(child))
        child = await settled(ctx, physical_id)
        if child.status != "UPDATE_COMPLETE":
            reason = await self._why(ctx, child)
            raise ResourceFailed(
                f"Embedded stack {physical_id} was not successfully updated. Currently in {child.status} with reason: "
                f"{reason}"
            )
        return Resource(physical_id, _outputs(child))

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        child = await ctx.fetch(stacks.find, ctx, physical_id)
        if child is None or child.status == "DELETE_COMPLETE":
            return
        if child.status != "DELETE_IN_PROGRESS":
            await ctx.call("cloudformation", "DeleteStack", {"StackName": physical_id})
        child = await settled(ctx, physical_id)
        if child.status != "DELETE_COMPLETE":
            raise ResourceFailed(f"Embedded stack {physical_id} was not successfully deleted: {child.reason}")

    def _request(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The request members that CreateStack and UpdateStack share."""
        given = properties.get("Parameters") or {}
        request: dict[str, Any] = {
            "TemplateURL": properties["TemplateURL"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": _text(value)} for key, value in given.items()],
            "Capabilities": sorted({*self._place.revision.capabilities, "CAPABILITY_AUTO_EXPAND"}),
            "Tags": properties.get("Tags") or [],
            "NotificationARNs": properties.get("NotificationARNs") or [],
        }
        if "TimeoutInMinutes" in properties:
            request["TimeoutInMinutes"] = int(properties["TimeoutInMinutes"])
        return request

    def _adopt(self, tx: Transaction, ctx: Context, stack_id: str) -> None:
        child = stacks.get(tx, ctx, stack_id)
        parent = self._place.stack
        child.parent_id, child.root_id = parent.id, parent.root_id or parent.id
        tx.put(STACKS, child)

    @staticmethod
    async def _why(ctx: Context, child: Stack) -> str:
        """The reason of the child's failure, from its events: its status may already be that of the rollback."""
        events = await ctx.call("cloudformation", "DescribeStackEvents", {"StackName": child.id})
        for event in events["StackEvents"]:
            reason = event.get("ResourceStatusReason", "")
            if event["PhysicalResourceId"] == child.id and _FAILED.search(reason):
                return str(reason.partition("]. ")[0]) + "]."
        return child.reason


@resource("AWS::CloudFormation::Stack")
class NestedStack(_Bound):
    """Ref: the stack's id. GetAtt: Outputs.NAME."""

    always = True  # as in AWS, each update of the parent updates its nested stacks: their templates may have changed

    def __init__(self) -> None:
        return None

    def bind(self, place: Surroundings) -> _Bound:
        return _Bound(place)


async def settled(ctx: Context, stack_id: str) -> Stack:
    """Wait until no operation of the stack is in progress, and return the stack."""
    with ctx.watch(stacks.topic(stack_id)) as watch:
        while True:
            stack = await ctx.fetch(stacks.get, ctx, stack_id)
            if not stacks.in_progress(stack.status):
                return stack
            await watch.wait(3600)


def _outputs(stack: Stack) -> dict[str, Any]:
    return {f"Outputs.{output['key']}": output["value"] for output in stack.outputs}


def _text(value: Any) -> str:
    return ",".join(text_of(item) for item in value) if isinstance(value, list) else text_of(value)
