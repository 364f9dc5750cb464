"""AWS::SSM::Parameter.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ssm-parameter.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context

from .errors import ParameterNotFound

_PUT = ("Type", "Value", "Description", "AllowedPattern", "Tier", "Policies", "DataType")


@resource("AWS::SSM::Parameter", immutable=("Name",))
class Parameter:
    """Ref: the name. GetAtt: Type, Value."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("Name") or f"CFN-{name.physical(limit=1000)}"
        request = {"Name": chosen, **_put(properties)}
        if properties.get("Tags"):
            request["Tags"] = tags.to_list(properties["Tags"])
        await ctx.call("ssm", "PutParameter", request)
        return _made(chosen, properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await ctx.call("ssm", "PutParameter", {"Name": physical_id, "Overwrite": True, **_put(new)})
        before, after = old.get("Tags") or {}, new.get("Tags") or {}
        target = {"ResourceType": "Parameter", "ResourceId": physical_id}
        gone = sorted(set(before) - set(after))
        if gone:
            await ctx.call("ssm", "RemoveTagsFromResource", {**target, "TagKeys": gone})
        if after:
            await ctx.call("ssm", "AddTagsToResource", {**target, "Tags": tags.to_list(after)})
        return _made(physical_id, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("ssm", "DeleteParameter", {"Name": physical_id}), ParameterNotFound.code)


def _put(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: properties[key] for key in _PUT if properties.get(key) is not None}


def _made(name: str, properties: dict[str, Any]) -> Resource:
    return Resource(name, {"Type": properties["Type"], "Value": properties["Value"]})
