"""Lifecycle policies and their previews."""

from __future__ import annotations

import asyncio
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from .. import expiry, find, lifecycle
from ..errors import InvalidParameter, LifecyclePolicyNotFound, LifecyclePreviewNotFound
from ..records import PREVIEWS, REPOSITORIES, Preview, Repository

Req = dict[str, Any]


@operation("ecr", "PutLifecyclePolicy", resource=find.repository)
def put_lifecycle_policy(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html"""
    check(req["lifecyclePolicyText"])
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        found.lifecycle = req["lifecyclePolicyText"]
        expiry.start(tx, ctx, found)
        tx.put(REPOSITORIES, found)
    return {**_where(found), "lifecyclePolicyText": found.lifecycle}


def check(text: str) -> tuple[lifecycle.Rule, ...]:
    try:
        return lifecycle.parse(text)
    except lifecycle.BadPolicy as error:
        raise InvalidParameter.at("LifecyclePolicyText", str(error)) from None


def _where(found: Repository) -> dict[str, Any]:
    return {"registryId": found.account, "repositoryName": found.name}


def _policy(found: Repository) -> str:
    if found.lifecycle is None:
        raise LifecyclePolicyNotFound(
            f"Lifecycle policy does not exist for the repository with name '{found.name}' in the registry with id "
            f"'{found.account}'"
        )
    return found.lifecycle


@operation("ecr", "GetLifecyclePolicy", resource=find.repository)
def get_lifecycle_policy(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicy.html"""
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
    return {**_where(found), "lifecyclePolicyText": _policy(found), "lastEvaluatedAt": found.evaluated}


@operation("ecr", "DeleteLifecyclePolicy", resource=find.repository)
def delete_lifecycle_policy(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteLifecyclePolicy.html"""
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        text = _policy(found)
        found.lifecycle = None
        expiry.stop(tx, ctx, found)
        tx.put(REPOSITORIES, found)
    return {**_where(found), "lifecyclePolicyText": text, "lastEvaluatedAt": found.evaluated}


@operation("ecr", "StartLifecyclePolicyPreview", resource=find.repository)
async def start_lifecycle_policy_preview(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartLifecyclePolicyPreview.html"""
    found = await ctx.fetch(find.require, ctx, req)
    text = req.get("lifecyclePolicyText") or _policy(found)
    rules = check(text)
    candidates, _ = await expiry.gather(ctx, found)
    chosen = await asyncio.to_thread(lifecycle.evaluate, rules, candidates, ctx.now())
    results = [expiry.describe(chosen[each.digest], each) for each in candidates if each.digest in chosen]
    account, region, id = found.account, found.region, found.id
    preview = Preview(account=account, region=region, repository=id, policy=text, results=results)
    await ctx.transact(lambda tx: tx.put(PREVIEWS, preview))
    return {**_where(found), "lifecyclePolicyText": text, "status": "IN_PROGRESS"}


@operation("ecr", "GetLifecyclePolicyPreview", resource=find.repository)
def get_lifecycle_policy_preview(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html"""
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
        preview = _require_preview(tx, found)
    results = [each for each in preview.results if _is_asked(each, req)]
    pages = Pages(ctx, _bad_token, f"{found.id}/preview", member="nextToken")
    limit = req.get("maxResults") or 100
    shown, more = pages.by_key(results, req.get("nextToken"), limit, lambda each: each["imageDigest"])
    moved = sum(1 for each in preview.results if each["action"]["type"] == "TRANSITION")
    summary: dict[str, Any] = {"expiringImageTotalCount": len(preview.results) - moved}
    if moved:
        summary["transitioningImageTotalCounts"] = [{"targetStorageClass": "ARCHIVE", "imageTotalCount": moved}]
    return {
        **_where(found),
        "lifecyclePolicyText": preview.policy,
        "status": "COMPLETE",
        "previewResults": shown,
        "summary": summary,
        **more,
    }


def _require_preview(tx: Reader, found: Repository) -> Preview:
    preview = tx.get(PREVIEWS, (found.account, found.region, found.id))
    if preview is None:
        raise LifecyclePreviewNotFound(
            f"Lifecycle policy preview does not exist for the repository with name '{found.name}' in the registry with "
            f"id '{found.account}'"
        )
    return preview


def _is_asked(result: dict[str, Any], req: Req) -> bool:
    tags = result.get("imageTags") or []
    asked = (req.get("filter") or {}).get("tagStatus") or "ANY"
    if asked != "ANY" and (asked == "TAGGED") is not bool(tags):
        return False
    ids = req.get("imageIds")
    return not ids or any(
        each.get("imageDigest") in (None, result["imageDigest"]) and each.get("imageTag") in (None, *tags)
        for each in ids
    )


def _bad_token() -> InvalidParameter:
    return InvalidParameter.at("nextToken", "must be a token that this operation returned")
