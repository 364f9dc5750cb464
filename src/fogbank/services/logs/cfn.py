"""AWS::Logs::LogGroup, LogStream, MetricFilter, SubscriptionFilter, ResourcePolicy, QueryDefinition.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Logs.html
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context

from .errors import ResourceNotFoundException


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags") or ()}


@resource("AWS::Logs::LogGroup", immutable=("LogGroupName", "LogGroupClass"))
class LogGroup:
    """Ref: the name. GetAtt: Arn (with `:*`)."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("LogGroupName") or name.physical(limit=512)
        request: dict[str, Any] = {"logGroupName": chosen}
        if properties.get("KmsKeyId"):
            request["kmsKeyId"] = properties["KmsKeyId"]
        if properties.get("LogGroupClass"):
            request["logGroupClass"] = properties["LogGroupClass"]
        if _tags(properties):
            request["tags"] = _tags(properties)
        await ctx.call("logs", "CreateLogGroup", request)
        return await self._settle(ctx, chosen, {}, properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        gone = sorted(set(_tags(old)) - set(_tags(new)))
        if gone:
            await ctx.call("logs", "UntagLogGroup", {"logGroupName": physical_id, "tags": gone})
        if _tags(new):
            await ctx.call("logs", "TagLogGroup", {"logGroupName": physical_id, "tags": _tags(new)})
        return await self._settle(ctx, physical_id, old, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("logs", "DeleteLogGroup", {"logGroupName": physical_id}), ResourceNotFoundException.code)

    @staticmethod
    async def _settle(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        days = new.get("RetentionInDays")
        if days:
            await ctx.call("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": int(days)})
        elif old.get("RetentionInDays"):
            await ctx.call("logs", "DeleteRetentionPolicy", {"logGroupName": name})
        return Resource(name, {"Arn": f"{ctx.arn('logs', f'log-group:{name}')}:*"})


@resource("AWS::Logs::LogStream", immutable=("LogGroupName", "LogStreamName"))
class LogStream:
    """Ref: the stream's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("LogStreamName") or name.physical(limit=512)
        group = properties["LogGroupName"]
        await ctx.call("logs", "CreateLogStream", {"logGroupName": group, "logStreamName": chosen})
        return Resource(chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"logGroupName": properties["LogGroupName"], "logStreamName": physical_id}
        await unless(ctx.call("logs", "DeleteLogStream", request), ResourceNotFoundException.code)


@resource("AWS::Logs::MetricFilter", immutable=("LogGroupName", "FilterName"))
class MetricFilter:
    """Ref: the filter's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await self._put(ctx, properties.get("FilterName") or name.physical(limit=512), properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, physical_id, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"logGroupName": properties["LogGroupName"], "filterName": physical_id}
        await unless(ctx.call("logs", "DeleteMetricFilter", request), ResourceNotFoundException.code)

    @staticmethod
    async def _put(ctx: Context, name: str, properties: dict[str, Any]) -> Resource:
        transformations = []
        for given in properties["MetricTransformations"]:
            item = {key[0].lower() + key[1:]: value for key, value in given.items()}
            item["metricValue"] = str(item["metricValue"])
            if "defaultValue" in item:
                item["defaultValue"] = float(item["defaultValue"])
            if "dimensions" in item:
                item["dimensions"] = {pair["Key"]: pair["Value"] for pair in item["dimensions"]}
            transformations.append(item)
        request = {
            "logGroupName": properties["LogGroupName"],
            "filterName": name,
            "filterPattern": properties["FilterPattern"],
            "metricTransformations": transformations,
        }
        await ctx.call("logs", "PutMetricFilter", request)
        return Resource(name)


@resource("AWS::Logs::SubscriptionFilter", immutable=("LogGroupName", "FilterName"))
class SubscriptionFilter:
    """Ref: the filter's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await self._put(ctx, properties.get("FilterName") or name.physical(limit=512), properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, physical_id, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"logGroupName": properties["LogGroupName"], "filterName": physical_id}
        await unless(ctx.call("logs", "DeleteSubscriptionFilter", request), ResourceNotFoundException.code)

    @staticmethod
    async def _put(ctx: Context, name: str, properties: dict[str, Any]) -> Resource:
        request = {
            "logGroupName": properties["LogGroupName"],
            "filterName": name,
            "filterPattern": properties["FilterPattern"],
            "destinationArn": properties["DestinationArn"],
        }
        if properties.get("RoleArn"):
            request["roleArn"] = properties["RoleArn"]
        await ctx.call("logs", "PutSubscriptionFilter", request)
        return Resource(name)


@resource("AWS::Logs::ResourcePolicy", immutable=("PolicyName",))
class ResourcePolicy:
    """Ref: the policy's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await self._put(ctx, properties["PolicyName"], properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, physical_id, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(
            ctx.call("logs", "DeleteResourcePolicy", {"policyName": physical_id}), ResourceNotFoundException.code
        )

    @staticmethod
    async def _put(ctx: Context, name: str, properties: dict[str, Any]) -> Resource:
        document = properties["PolicyDocument"]  # JSON, or JSON in a string
        text = document if isinstance(document, str) else json.dumps(document)
        await ctx.call("logs", "PutResourcePolicy", {"policyName": name, "policyDocument": text})
        return Resource(name)


@resource("AWS::Logs::QueryDefinition")
class QueryDefinition:
    """Ref and GetAtt QueryDefinitionId: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        token = hashlib.sha256(f"{name.stack_id}/{name.logical_id}/{name.token}".encode()).hexdigest()
        return await self._put(ctx, {"clientToken": token}, properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, {"queryDefinitionId": physical_id}, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"queryDefinitionId": physical_id}
        await unless(ctx.call("logs", "DeleteQueryDefinition", request), ResourceNotFoundException.code)

    @staticmethod
    async def _put(ctx: Context, which: dict[str, str], properties: dict[str, Any]) -> Resource:
        request: dict[str, Any] = {**which, "name": properties["Name"], "queryString": properties["QueryString"]}
        if properties.get("LogGroupNames"):
            request["logGroupNames"] = properties["LogGroupNames"]
        if properties.get("QueryLanguage"):
            request["queryLanguage"] = properties["QueryLanguage"]
        if properties.get("Parameters"):
            request["parameters"] = [
                {key[0].lower() + key[1:]: value for key, value in given.items()} for given in properties["Parameters"]
            ]
        ident = (await ctx.call("logs", "PutQueryDefinition", request))["queryDefinitionId"]
        return Resource(ident, {"QueryDefinitionId": ident})
