"""AWS::CloudFormation::StackSet.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stackset.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import given, unless
from fogbank.core.context import Context

LOOK = 0.1  # seconds between two looks at an operation
_SETTINGS = (
    "AdministrationRoleARN", "AutoDeployment", "Capabilities", "Description", "ExecutionRoleName", "ManagedExecution",
    "Parameters", "PermissionModel", "Tags", "TemplateBody", "TemplateURL",
)  # fmt: skip
_GONE = "StackSetNotFoundException"
Place = tuple[str, str]


@resource("AWS::CloudFormation::StackSet", unbuilt=("CallAs",))
class StackSetResource:
    """Ref: the id. Its stacks are those of the groups of instances that it lists."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {"StackSetName": properties["StackSetName"], **given(properties, *_SETTINGS)}
        known = None
        if name.began:
            known = await unless(ctx.call("cloudformation", "DescribeStackSet", _named(properties)), _GONE)
        if known is None:
            id = str((await ctx.call("cloudformation", "CreateStackSet", request))["StackSetId"])
        else:
            id = str(known["StackSet"]["StackSetId"])
        await self._place(ctx, properties, {}, _places(properties))
        return Resource(id, {"StackSetId": id})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = _places(old), _places(new)
        gone = [place for place in before if place not in after]
        if gone:
            await self._remove(ctx, new, gone)
        names = [name for name in _SETTINGS if old.get(name) != new.get(name)]
        if names:
            request = {**_named(new), **given(new, *_SETTINGS), "OperationPreferences": _preferences(new)}
            await self._ended(ctx, new, await ctx.call("cloudformation", "UpdateStackSet", request))
        await self._place(ctx, new, before, after)
        return Resource(physical_id, {"StackSetId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = _named(properties)
        found = await unless(ctx.call("cloudformation", "ListStackInstances", request), _GONE)
        if found is None:
            return
        await self._remove(ctx, properties, [(each["Account"], each["Region"]) for each in found["Summaries"]])
        await ctx.call("cloudformation", "DeleteStackSet", request)

    async def _place(
        self, ctx: Context, properties: dict[str, Any], before: dict[Place, Any], after: dict[Place, Any]
    ) -> None:
        """Create the instances that are new, or whose parameters changed."""
        for (account, region), overrides in after.items():
            if (account, region) in before and before[account, region] == overrides:
                continue
            request = {
                **_named(properties),
                "Accounts": [account],
                "Regions": [region],
                "ParameterOverrides": overrides,
                "OperationPreferences": _preferences(properties),
            }
            await self._ended(ctx, properties, await ctx.call("cloudformation", "CreateStackInstances", request))

    async def _remove(self, ctx: Context, properties: dict[str, Any], places: list[Place]) -> None:
        for account, region in places:
            request = {**_named(properties), "Accounts": [account], "Regions": [region], "RetainStacks": False}
            await self._ended(ctx, properties, await ctx.call("cloudformation", "DeleteStackInstances", request))

    @staticmethod
    async def _ended(ctx: Context, properties: dict[str, Any], answer: dict[str, Any]) -> None:
        """Wait for the end of an operation. Raises ResourceFailed when it fails."""
        request = {**_named(properties), "OperationId": answer["OperationId"]}
        while True:
            found = (await ctx.call("cloudformation", "DescribeStackSetOperation", request))["StackSetOperation"]
            if found["Status"] not in ("RUNNING", "STOPPING"):
                break
            await ctx.clock.sleep(LOOK)
        if found["Status"] == "SUCCEEDED":
            return
        results = await ctx.call("cloudformation", "ListStackSetOperationResults", request)
        reasons = [each.get("StatusReason", "") for each in results["Summaries"] if each["Status"] == "FAILED"]
        raise ResourceFailed(
            f'Resource handler returned message: "Operation [{found["OperationId"]}] failed: {"; ".join(reasons)}" '
            "(HandlerErrorCode: NotStabilized)"
        )


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    return {"StackSetName": properties["StackSetName"]}


def _preferences(properties: dict[str, Any]) -> dict[str, Any]:
    return dict(properties.get("OperationPreferences") or {})


def _places(properties: dict[str, Any]) -> dict[Place, list[dict[str, Any]]]:
    """The accounts and regions of all groups, with the parameters that each overrides."""
    found: dict[Place, list[dict[str, Any]]] = {}
    for group in properties.get("StackInstancesGroup") or ():
        accounts = group["DeploymentTargets"].get("Accounts") or ()
        if not accounts:
            raise ResourceFailed("You must enable organizations access to operate a service managed stack set")
        for region in group["Regions"]:
            found |= {(account, region): list(group.get("ParameterOverrides") or ()) for account in accounts}
    return found
