"""Metric filters and subscription filters.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
"""

from __future__ import annotations

from typing import Any, TypeVar

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, destinations, patterns
from ..errors import LimitExceededException, ResourceNotFoundException
from ..groups import require_group
from ..records import METRIC_FILTERS, SUBSCRIPTIONS, MetricFilter, SubscriptionFilter
from ..scanning import each
from ..tokens import pages

METRIC_FILTERS_PER_GROUP, SUBSCRIPTIONS_PER_GROUP = "L-3D5753EA", "L-87E7D306"  # quotas
F = TypeVar("F", MetricFilter, SubscriptionFilter)


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
        found = [
            f
            for f in tx.scan(METRIC_FILTERS, where)
            if f.name.startswith(req.get("filterNamePrefix", ""))
            and all(
                not req.get(asked) or any(t.get(asked) == req[asked] for t in f.transformations)
                for asked in ("metricName", "metricNamespace")
            )
        ]
    page, more = _page(ctx, req, "metric_filters", found)
    return {"metricFilters": [_metric_filter(f) for f in page], **more}


def _metric_filter(f: MetricFilter) -> dict[str, Any]:
    return {
        "filterName": f.name,
        "filterPattern": f.pattern,
        "metricTransformations": f.transformations,
        "creationTime": f.created_ms,
        "logGroupName": f.group,
    }


def _page(ctx: Context, req: dict[str, Any], what: str, found: list[F]) -> tuple[list[F], dict[str, Any]]:
    """A page of filters, of 50 unless `limit` says otherwise: they are in order of group and name."""
    listed = pages(ctx, f"{ctx.account}/{ctx.region}/logs/{what}/{req.get('logGroupName', '')}")
    after = listed.after(req.get("nextToken"))
    if after is not None:
        found = [f for f in found if _place(f) > after]
    return listed.cut(found, req.get("limit", 50), _place)


def _place(f: MetricFilter | SubscriptionFilter) -> str:
    return f"{f.group}:{f.name}"


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
    found = [f for f in found if f.name.startswith(req.get("filterNamePrefix", ""))]
    page, more = _page(ctx, req, "subscription_filters", found)
    return {"subscriptionFilters": [_subscription_filter(f) for f in page], **more}


def _subscription_filter(f: SubscriptionFilter) -> dict[str, Any]:
    shown = {
        "filterName": f.name,
        "logGroupName": f.group,
        "filterPattern": f.pattern,
        "destinationArn": f.destination,
        "distribution": f.distribution,
        "creationTime": f.created_ms,
    }
    return shown | ({"roleArn": f.role} if f.role else {})
