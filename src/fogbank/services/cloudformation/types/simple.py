"""AWS::CDK::Metadata and AWS::CloudFormation::Macro."""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from ..macros import MACROS, Macro


@resource("AWS::CDK::Metadata")
class CdkMetadata:
    """The CDK's analytics data, which has no effect in AWS either."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return Resource(name.token.lower(), {"Id": name.token.lower()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        return None


@resource("AWS::CloudFormation::Macro", unbuilt=("LogGroupName", "LogRoleARN"))
class MacroType:
    """Ref: the name. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-macro.html"""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await self._put(ctx, properties["Name"], properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, physical_id, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await ctx.transact(lambda tx: tx.delete(MACROS, (ctx.account, ctx.region, physical_id)))

    @staticmethod
    async def _put(ctx: Context, name: str, properties: dict[str, Any]) -> Resource:
        macro = Macro(account=ctx.account, region=ctx.region, name=name, function=properties["FunctionName"])

        def write(tx: Transaction) -> None:
            tx.put(MACROS, macro)

        await ctx.transact(write)
        return Resource(name, {"Id": name})
