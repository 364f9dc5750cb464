"""Metric filters and subscription filters.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, destinations, patterns
from ..errors import LimitExceededException, ResourceNotFoundException
from ..groups import require_group
from ..records import METRIC_FILTERS, SUBSCRIPTIONS, MetricFilter, SubscriptionFilter
from ..scanning import each
from ..tokens import bad_token

METRIC_FILTERS_PER_GROUP, SUBSCRIPTIONS_PER_GROUP = "L-3D5753EA", "L-87E7D306"  # quotas


@operation("logs", "PutMetricFilter", resource=arns.group)
def put_metric_filter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a metric filter, which counts matching events from now on."""
    patterns.compile_pattern(req["filterPattern"])
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        where = (ctx.account, ctx.region, group.name)
        new = tx.get(METRIC_FILTERS, (*where, req["filterName"])) is None
        if new and quotas.reached(tx, ctx, "logs", METRIC_FILTERS_PER_GROUP, METRIC_FILTERS, where) is not None:
            raise LimitExceededException
        tx.put(
            METRIC_FILTERS,
            MetricFilter(
                account=ctx.account,
                region=ctx.region,
                group=group.name,
                name=req["filterName"],
                pattern=req["filterPattern"],
                transformations=req["metricTransformations"],
                created_ms=int(ctx.now() * 1000),
            ),
        )
    return {}


@operation("logs", "DeleteMetricFilter", resource=arns.group)
def delete_metric_filter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a metric filter."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        if not tx.delete(METRIC_FILTERS, (ctx.account, ctx.region, group.name, req["filterName"])):
            raise ResourceNotFoundException("The specified metric filter does not exist.")
    return {}


@operation("logs", "DescribeMetricFilters", resource=arns.metric_filters)
def describe_metric_filters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the metric filters of a group (or of all), by name prefix or by the metric that they write."""
    with ctx.read() as tx:
        where: tuple[str, ...] = (ctx.account, ctx.region)
        if req.get("logGroupName"):
            where = (*where, require_group(tx, ctx, req).name)
        found = [each for each in tx.scan(METRIC_FILTERS, where) if _asked_for(each, req)]

    def shape(found: MetricFilter) -> dict[str, Any]:
        return {
            "filterName": found.name,
            "filterPattern": found.pattern,
            "metricTransformations": found.transformations,
            "creationTime": found.created_ms,
            "logGroupName": found.group,
        }

    members = ("logGroupName", "filterNamePrefix", "metricName", "metricNamespace")
    return lists.page(ctx, req, found, key=lambda each: (each.group, each.name), shape=shape, size=50,
                      refused=bad_token, scope=repr([req.get(member) for member in members]))  # fmt: skip


def _asked_for(found: MetricFilter, req: dict[str, Any]) -> bool:
    return found.name.startswith(req.get("filterNamePrefix", "")) and all(
        not req.get(asked) or any(each.get(asked) == req[asked] for each in found.transformations)
        for asked in ("metricName", "metricNamespace")
    )


@operation("logs", "TestMetricFilter", resource="*")
async def test_metric_filter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Match a pattern against the given messages, and return the matches with their extracted values."""
    match = patterns.compile_pattern(req["filterPattern"])
    matches, messages = [], req["logEventMessages"]
    async for index, values in each(match, messages):
        if values is not None:
            texts = {key: str(value) for key, value in values.items() if key != "$"}
            matches.append({"eventNumber": index + 1, "eventMessage": messages[index], "extractedValues": texts})
    return {"matches": matches}


@operation("logs", "PutSubscriptionFilter", resource=arns.subscription)
def put_subscription_filter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a subscription filter, which sends matching events from now on. A quota limits their number."""
    patterns.compile_pattern(req["filterPattern"])
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        destinations.check(tx, ctx, req)
        where = (ctx.account, ctx.region, group.name)
        new = tx.get(SUBSCRIPTIONS, (*where, req["filterName"])) is None
        if new and quotas.reached(tx, ctx, "logs", SUBSCRIPTIONS_PER_GROUP, SUBSCRIPTIONS, where) is not None:
            raise LimitExceededException
        tx.put(
            SUBSCRIPTIONS,
            SubscriptionFilter(
                account=ctx.account,
                region=ctx.region,
                group=group.name,
                name=req["filterName"],
                pattern=req["filterPattern"],
                destination=req["destinationArn"],
                role=req.get("roleArn", ""),
                distribution=req.get("distribution", "ByLogStream"),
                created_ms=int(ctx.now() * 1000),
            ),
        )
    return {}


@operation("logs", "DeleteSubscriptionFilter", resource=arns.group)
def delete_subscription_filter(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a subscription filter."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        if not tx.delete(SUBSCRIPTIONS, (ctx.account, ctx.region, group.name, req["filterName"])):
            raise ResourceNotFoundException("The specified subscription filter does not exist.")
    return {}


@operation("logs", "DescribeSubscriptionFilters", resource=arns.group)
def describe_subscription_filters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the subscription filters of a group."""
    with ctx.read() as tx:
        group = require_group(tx, ctx, req)
        found = list(tx.scan(SUBSCRIPTIONS, (ctx.account, ctx.region, group.name)))
    prefix = req.get("filterNamePrefix", "")

    def shape(found: SubscriptionFilter) -> dict[str, Any]:
        shown = {
            "filterName": found.name,
            "logGroupName": found.group,
            "filterPattern": found.pattern,
            "destinationArn": found.destination,
            "distribution": found.distribution,
            "creationTime": found.created_ms,
        }
        return shown | ({"roleArn": found.role} if found.role else {})

    named = (each for each in found if each.name.startswith(prefix))
    return lists.page(ctx, req, named, key=lambda each: each.name, shape=shape, size=50, refused=bad_token,
                      scope=repr([group.name, prefix]))  # fmt: skip
