"""AWS::CloudTrail::Trail and AWS::CloudTrail::EventDataStore.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-eventdatastore.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, retag, unless
from fogbank.core.context import Context
from fogbank.core.tags import from_list, to_list

from .arns import store_arn
from .delivery import stamp
from .errors import EventDataStoreNotFoundException, InvalidEventDataStoreStatusException, TrailNotFoundException
from .records import STORES, TRAILS

# property -> member of CreateTrail and UpdateTrail
_MEMBERS = {
    "S3BucketName": "S3BucketName",
    "S3KeyPrefix": "S3KeyPrefix",
    "SnsTopicName": "SnsTopicName",
    "CloudWatchLogsLogGroupArn": "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
    "KMSKeyId": "KmsKeyId",
}
_SWITCHES = ("IncludeGlobalServiceEvents", "IsMultiRegionTrail", "EnableLogFileValidation", "IsOrganizationTrail")


@resource("AWS::CloudTrail::Trail", unbuilt=("AggregationConfigurations", "InsightSelectors/*/EventCategories"))
class Trail:
    """Ref: the name. GetAtt: Arn, SnsTopicArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("TrailName") or name.physical(limit=128)
        request = self._request(chosen, properties)
        if properties.get("Tags"):
            request["TagsList"] = to_list(from_list(properties["Tags"]))

        async def found() -> dict[str, Any] | None:
            trail = await ctx.fetch(lambda tx: tx.get(TRAILS, (ctx.account, ctx.region, chosen)))
            return {} if trail is not None and name.made(trail.created) else None

        await create_once(name, lambda: ctx.call("cloudtrail", "CreateTrail", request), found)
        return await self._settle(ctx, chosen, {}, properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        gone = {member: "" for key, member in _MEMBERS.items() if old.get(key) and not new.get(key)}
        await ctx.call("cloudtrail", "UpdateTrail", gone | self._request(physical_id, new))
        return await self._settle(ctx, physical_id, old, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("cloudtrail", "DeleteTrail", {"Name": physical_id}), TrailNotFoundException.code)

    @staticmethod
    def _request(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "Name": name,
            **{member: properties[key] for key, member in _MEMBERS.items() if properties.get(key)},
            **{key: properties[key] for key in _SWITCHES if properties.get(key) is not None},
        }

    @staticmethod
    async def _settle(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        """Set the selectors and tags, and start or stop logging."""
        trail = (await ctx.call("cloudtrail", "GetTrail", {"Name": name}))["Trail"]
        arn = trail["TrailARN"]
        selectors = {key: new[key] for key in ("EventSelectors", "AdvancedEventSelectors") if new.get(key)}
        if selectors:
            await ctx.call("cloudtrail", "PutEventSelectors", {"TrailName": name, **selectors})
        elif old.get("EventSelectors") or old.get("AdvancedEventSelectors"):
            default = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
            await ctx.call("cloudtrail", "PutEventSelectors", {"TrailName": name, "EventSelectors": default})
        if new.get("InsightSelectors") or old.get("InsightSelectors"):
            request = {"TrailName": name, "InsightSelectors": new.get("InsightSelectors") or []}
            await ctx.call("cloudtrail", "PutInsightSelectors", request)
        if old:
            await _retag(ctx, arn, old, new)
        logging = "StartLogging" if new.get("IsLogging", True) else "StopLogging"
        await ctx.call("cloudtrail", logging, {"Name": name})
        return Resource(name, {"Arn": arn, "SnsTopicArn": trail.get("SnsTopicARN", "")})


async def _retag(ctx: Context, arn: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    async def untag(keys: list[str]) -> None:
        request = {"ResourceId": arn, "TagsList": [{"Key": key} for key in keys]}
        await ctx.call("cloudtrail", "RemoveTags", request)

    async def tag(tags: dict[str, str]) -> None:
        await ctx.call("cloudtrail", "AddTags", {"ResourceId": arn, "TagsList": to_list(tags)})

    await retag(from_list(old.get("Tags")), from_list(new.get("Tags")), untag, tag)


_STORE = ("AdvancedEventSelectors", "BillingMode", "KmsKeyId", "MultiRegionEnabled", "OrganizationEnabled",
          "RetentionPeriod", "TerminationProtectionEnabled")  # fmt: skip


@resource(
    "AWS::CloudTrail::EventDataStore",
    unbuilt=("ContextKeySelectors", "FederationEnabled", "FederationRoleArn", "IngestionEnabled", "InsightSelectors",
             "InsightsDestination", "MaxEventSize"),
)  # fmt: skip
class EventDataStore:
    """Ref: the ARN. GetAtt: EventDataStoreArn, Status, CreatedTimestamp, UpdatedTimestamp."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("Name") or name.physical(limit=128)
        request = {"Name": chosen, **self._settings(properties)}
        if properties.get("Tags"):
            request["TagsList"] = to_list(from_list(properties["Tags"]))

        async def found() -> dict[str, Any] | None:
            stores = await ctx.fetch(lambda tx: list(tx.scan(STORES, (ctx.account, ctx.region))))
            made = (store for store in stores if store.name == chosen and name.made(store.created))
            store = next(made, None)
            return None if store is None else {"EventDataStoreArn": store_arn(ctx, STORES.key(store))}

        make = create_once(name, lambda: ctx.call("cloudtrail", "CreateEventDataStore", request), found)
        return await self._resource(ctx, (await make)["EventDataStoreArn"])

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = {"EventDataStore": physical_id, **self._settings(new)}
        if new.get("Name"):
            request["Name"] = new["Name"]
        if {**old, "Tags": None} != {**new, "Tags": None}:
            await ctx.call("cloudtrail", "UpdateEventDataStore", request)
        await _retag(ctx, physical_id, old, new)
        return await self._resource(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the store. It stays for a while in status PENDING_DELETION."""
        gone = (EventDataStoreNotFoundException.code, InvalidEventDataStoreStatusException.code)
        await unless(ctx.call("cloudtrail", "DeleteEventDataStore", {"EventDataStore": physical_id}), *gone)

    @staticmethod
    def _settings(properties: dict[str, Any]) -> dict[str, Any]:
        return {key: properties[key] for key in _STORE if properties.get(key) is not None}

    @staticmethod
    async def _resource(ctx: Context, arn: str) -> Resource:
        found = await ctx.call("cloudtrail", "GetEventDataStore", {"EventDataStore": arn})
        times = {name: stamp(found[name]) for name in ("CreatedTimestamp", "UpdatedTimestamp")}
        return Resource(arn, {"EventDataStoreArn": arn, "Status": found["Status"], **times})
