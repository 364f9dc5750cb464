"""AWS::Logs::LogGroup, LogStream, MetricFilter, SubscriptionFilter, ResourcePolicy, QueryDefinition.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html
"""

from __future__ import annotations

import hashlib
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import given, text, unless
from fogbank.core.cfn_tables import Call, Named, Read, Tags, table, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import ResourceNotFoundException
from .records import GROUPS, STREAMS

_GONE = (ResourceNotFoundException.code,)
_TRANSFORMED = ("ApplyOnTransformedLogs", "FieldSelectionCriteria")  # properties for logs behind a transformer


def _members(properties: dict[str, Any], *names: str) -> dict[str, Any]:
    """The properties that are set, as request members, whose names begin with a lower-case letter."""
    return {name[0].lower() + name[1:]: value for name, value in given(properties, *names).items()}


# -- log groups and streams --------------------------------------------------------------------------------------------


def _group(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    tags = {"tags": tags_of(properties)} if tags_of(properties) else {}
    return {"logGroupName": name, **_members(properties, "KmsKeyId", "LogGroupClass"), **tags}


def _group_made(tx: Reader, ctx: Context, name: Name, group: str, properties: dict[str, Any]) -> bool:
    kept = tx.get(GROUPS, (ctx.account, ctx.region, group))
    return kept is not None and name.made(kept.created_ms / 1000)


async def _keep_for(ctx: Context, group: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    days = new.get("RetentionInDays")
    if days and days != old.get("RetentionInDays"):
        await ctx.call("logs", "PutRetentionPolicy", {"logGroupName": group, "retentionInDays": int(days)})
    elif not days and old.get("RetentionInDays"):
        await ctx.call("logs", "DeleteRetentionPolicy", {"logGroupName": group})
    key = new.get("KmsKeyId")
    if old and key != old.get("KmsKeyId"):
        request = {"logGroupName": group, **({"kmsKeyId": key} if key else {})}
        await ctx.call("logs", "AssociateKmsKey" if key else "DisassociateKmsKey", request)


def _group_read(name: str, answer: dict[str, Any]) -> dict[str, Any] | None:
    for group in answer["logGroups"]:
        if group["logGroupName"] == name:
            return {
                "LogGroupName": name,
                "KmsKeyId": group.get("kmsKeyId"),
                "LogGroupClass": group.get("logGroupClass", "STANDARD"),
                "RetentionInDays": group.get("retentionInDays"),
            }
    return None


LOG_GROUP = table(
    "AWS::Logs::LogGroup",  # Ref: the name
    Named(
        "logs",
        name="LogGroupName",
        limit=512,
        create=Call("CreateLogGroup", _group),
        unchanging=True,
        delete=Call("DeleteLogGroup", lambda name, p: {"logGroupName": name}),
        gone=_GONE,
        made=_group_made,
        attributes=lambda ctx, name, p: {"Arn": f"{ctx.arn('logs', f'log-group:{name}')}:*"},
        settle=_keep_for,
        tagging=Tags(
            untag=("UntagLogGroup", lambda ctx, name, keys: {"logGroupName": name, "tags": keys}),
            tag=("TagLogGroup", lambda ctx, name, tags: {"logGroupName": name, "tags": tags}),
        ),
        read=Read(
            "DescribeLogGroups",
            lambda name: {"logGroupNamePrefix": name},
            _group_read,
            ("DescribeLogGroups", "logGroups", "logGroupName"),
        ),
    ),
    fixed={"LogGroupClass": "STANDARD"},  # the API has no operation to change it
    unbuilt=(
        "BearerTokenAuthenticationEnabled",
        "DataProtectionPolicy",
        "DeletionProtectionEnabled",
        "FieldIndexPolicies",
        "ResourcePolicyDocument",
    ),
)


def _stream(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"logGroupName": properties["LogGroupName"], "logStreamName": name}


def _stream_made(tx: Reader, ctx: Context, name: Name, stream: str, properties: dict[str, Any]) -> bool:
    group = tx.get(GROUPS, (ctx.account, ctx.region, properties["LogGroupName"]))
    kept = tx.get(STREAMS, (group.id, stream)) if group is not None else None
    return kept is not None and name.made(kept.created_ms / 1000)


LOG_STREAM = table(
    "AWS::Logs::LogStream",  # Ref: the stream's name
    Named(
        "logs",
        name="LogStreamName",
        limit=512,
        create=Call("CreateLogStream", _stream),
        unchanging=True,
        delete=Call("DeleteLogStream", _stream),
        gone=_GONE,
        made=_stream_made,
    ),
)


# -- filters -----------------------------------------------------------------------------------------------------------


def _filter(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"logGroupName": properties["LogGroupName"], "filterName": name}


def _metric_filter(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    transformations = []
    for each in properties["MetricTransformations"]:
        item = _members(each, *each)
        if "dimensions" in item:
            item["dimensions"] = {pair["Key"]: pair["Value"] for pair in item["dimensions"]}
        transformations.append(item)
    return {
        **_filter(name, properties),
        "filterPattern": properties["FilterPattern"],
        "metricTransformations": transformations,
    }


METRIC_FILTER = table(
    "AWS::Logs::MetricFilter",  # Ref: the filter's name
    Named(
        "logs",
        name="FilterName",
        limit=512,
        create=Call("PutMetricFilter", _metric_filter),
        delete=Call("DeleteMetricFilter", _filter),
        gone=_GONE,
    ),
    unbuilt=(*_TRANSFORMED, "EmitSystemFieldDimensions"),
)
SUBSCRIPTION_FILTER = table(
    "AWS::Logs::SubscriptionFilter",  # Ref: the filter's name
    Named(
        "logs",
        name="FilterName",
        limit=512,
        create=Call(
            "PutSubscriptionFilter",
            lambda name, p: {
                **_filter(name, p),
                **_members(p, "FilterPattern", "DestinationArn", "RoleArn", "Distribution"),
            },
        ),
        delete=Call("DeleteSubscriptionFilter", _filter),
        gone=_GONE,
    ),
    unbuilt=(*_TRANSFORMED, "EmitSystemFields"),
)


# -- policies and queries ----------------------------------------------------------------------------------------------

RESOURCE_POLICY = table(
    "AWS::Logs::ResourcePolicy",  # Ref: the policy's name
    Named(
        "logs",
        name="PolicyName",
        create=Call(
            "PutResourcePolicy", lambda name, p: {"policyName": name, "policyDocument": text(p["PolicyDocument"])}
        ),
        delete=Call("DeleteResourcePolicy", lambda name, p: {"policyName": name}),
        gone=_GONE,
    ),
)


@resource("AWS::Logs::QueryDefinition")
class QueryDefinition:
    """Ref and GetAtt QueryDefinitionId: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        token = hashlib.sha256(f"{name.stack_id}/{name.logical_id}/{name.token}".encode()).hexdigest()
        return await self._put(ctx, {"clientToken": token}, properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, {"queryDefinitionId": physical_id}, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("logs", "DeleteQueryDefinition", {"queryDefinitionId": physical_id}), *_GONE)

    @staticmethod
    async def _put(ctx: Context, which: dict[str, str], properties: dict[str, Any]) -> Resource:
        request = {**which, **_members(properties, "Name", "QueryString", "LogGroupNames", "QueryLanguage")}
        if properties.get("Parameters"):
            request["parameters"] = [_members(each, *each) for each in properties["Parameters"]]
        ident = (await ctx.call("logs", "PutQueryDefinition", request))["queryDefinitionId"]
        return Resource(ident, {"QueryDefinitionId": ident})
