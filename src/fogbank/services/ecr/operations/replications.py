"""Replication: its configuration, its status, and backfills of images that were there before."""

from __future__ import annotations

from typing import Any

from fogbank.core import arns, regions
from fogbank.core.context import Context
from fogbank.core.operation import job, operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import find, images, replication
from ..errors import (
    BackfillInProgress,
    BackfillInvalidStatus,
    BackfillNotFound,
    InvalidParameter,
    LimitExceeded,
    Validation,
)
from ..names import Place
from ..records import IMAGES, REPOSITORIES
from ..settings import BACKFILLS, REGISTRIES, Backfill, registry_of

Req = dict[str, Any]
DESTINATIONS = 25  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
AT_ONCE = 10
SLICE = 20  # images that one job copies


@operation("ecr", "PutReplicationConfiguration", resource="*")
def put_replication_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutReplicationConfiguration.html"""
    rules = req["replicationConfiguration"]["rules"]
    wanted = {(each["registryId"], each["region"]) for rule in rules for each in rule["destinations"]}
    for account, region in wanted:
        _check(ctx, account, region)
    if (ctx.account, ctx.region) in wanted:
        raise Validation("Invalid parameter: the source registry cannot be a replication destination")
    if len(wanted) > DESTINATIONS:
        raise Validation(f"Invalid parameter: at most {DESTINATIONS} unique destinations can be configured")
    with ctx.write() as tx:
        found = registry_of(tx, ctx.account, ctx.region)
        found.replication = rules
        tx.put(REGISTRIES, found)
    return {"replicationConfiguration": {"rules": rules}}


def _check(ctx: Context, account: str, region: str) -> None:
    if not arns.ACCOUNT.fullmatch(account):
        raise InvalidParameter.at("registryId", "must satisfy regular expression '[0-9]{12}'")
    if region not in regions.names(ctx.partition):
        raise Validation(f"Invalid parameter: the region {region} is not valid")


@operation("ecr", "DescribeImageReplicationStatus", resource=find.repository)
def describe_image_replication_status(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageReplicationStatus.html"""
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
        image = images.require(tx, found, req["imageId"])
    return {
        "repositoryName": found.name,
        "imageId": {"imageDigest": image.digest, **req["imageId"]},
        "replicationStatuses": image.replication,
    }


# -- backfills ---------------------------------------------------------------------------------------------------------


@operation("ecr", "StartReplicationBackfill", resource="*")
def start_replication_backfill(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartReplicationBackfill.html"""
    _mine(ctx, req)
    to = {"region": req["destination"]["region"], "registryId": req["destination"]["registryId"]}
    with ctx.write() as tx:
        rules = registry_of(tx, ctx.account, ctx.region).replication
        if not any(to == each for rule in rules for each in rule["destinations"]):
            raise Validation("The destination is not in the replication configuration of the registry")
        running = [each for each in tx.scan(BACKFILLS, (ctx.account, ctx.region)) if each.status == "IN_PROGRESS"]
        if any(each.destination["region"] == to["region"] for each in running):
            raise BackfillInProgress(f"A replication backfill to the region {to['region']} is in progress")
        if len(running) >= AT_ONCE:
            raise LimitExceeded(f"The limit of {AT_ONCE} replication backfills in progress has been exceeded")
        planned = list(_planned(tx, ctx, to))
        made = Backfill(
            account=ctx.account,
            region=ctx.region,
            id=ctx.ids.uuid(),
            destination=to,
            status="IN_PROGRESS",
            started=ctx.now(),
            total=len(planned),
        )
        tx.put(BACKFILLS, made)
        ctx.later(tx, "ecr.backfill", {"id": made.id, "left": planned})
    return _shown(made)


def _planned(tx: Reader, ctx: Context, to: dict[str, str]) -> list[list[str]]:
    """The images to copy: name of the repository, and digest. Those that an index names come with it."""
    return [
        [found.name, image.digest]
        for found in tx.scan(REPOSITORIES, (ctx.account, ctx.region))
        if to in replication.destinations(tx, found)
        for image in tx.scan(IMAGES, found.place)
        if tx.first(IMAGES, "child", (*image.place, image.digest)) is None
    ]


@job("ecr.backfill")
async def backfill(ctx: Context, payload: dict[str, Any]) -> None:
    """Copy some images, and enqueue the rest."""
    key = (ctx.account, ctx.region, payload["id"])
    running = await ctx.fetch(lambda tx: tx.get(BACKFILLS, key))
    if running is None or running.status != "IN_PROGRESS":
        return
    results = []
    for name, digest in payload["left"][:SLICE]:
        failure = await replication.copy(ctx, Place(ctx.account, ctx.region, name), digest, running.destination)
        outcome = {"status": "FAILED", "failureCode": failure} if failure else {"status": "COMPLETE"}
        results.append({"repositoryName": name, "imageId": {"imageDigest": digest}, **outcome})

    def note(tx: Transaction) -> None:
        kept = tx.get(BACKFILLS, key)
        if kept is None:
            return
        known = {(each["repositoryName"], each["imageId"]["imageDigest"]) for each in kept.results}
        new = [each for each in results if (each["repositoryName"], each["imageId"]["imageDigest"]) not in known]
        kept.results = [*kept.results, *new]
        left = payload["left"][SLICE:]
        if kept.status == "IN_PROGRESS" and not left:
            kept.status, kept.ended = "COMPLETE", ctx.now()
        elif kept.status == "IN_PROGRESS":
            ctx.later(tx, "ecr.backfill", {"id": kept.id, "left": left})
        tx.put(BACKFILLS, kept)

    await ctx.transact(note)


@operation("ecr", "StopReplicationBackfill", resource="*")
def stop_replication_backfill(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StopReplicationBackfill.html"""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        if found.status != "IN_PROGRESS":
            raise BackfillInvalidStatus(f"The replication backfill '{found.id}' is not in progress")
        found.status, found.ended = "STOPPED", ctx.now()
        tx.put(BACKFILLS, found)
    return _shown(found)


@operation("ecr", "ListReplicationBackfills", resource="*")
def list_replication_backfills(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListReplicationBackfills.html"""
    _mine(ctx, req)
    with ctx.read() as tx:
        found = list(tx.scan(BACKFILLS, (ctx.account, ctx.region)))
    pages = Pages(ctx, _bad_token, member="nextToken")
    shown, more = pages.by_key(found, req.get("nextToken"), req.get("maxResults") or 50, lambda each: each.id)
    summaries = [{name: value for name, value in _progress(each).items() if name != "registryId"} for each in shown]
    return {"registryId": ctx.account, "backfills": summaries, **more}


@operation("ecr", "DescribeReplicationBackfillResults", resource="*")
def describe_replication_backfill_results(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeReplicationBackfillResults.html"""
    with ctx.read() as tx:
        found = _require(tx, ctx, req)
    wanted = req.get("resultStatusFilter")
    results = [each for each in found.results if wanted in (None, each["status"])]
    pages = Pages(ctx, _bad_token, f"{found.id}/{wanted}", member="nextToken")
    shown, more = pages.by_position(results, req.get("nextToken"), req.get("maxResults") or 100)
    return {**_progress(found), "results": shown, **more}


def _mine(ctx: Context, req: Req) -> None:
    if find.account_of(ctx, req) != ctx.account:
        raise InvalidParameter.at("registryId", "must be the id of the caller's registry")


def _require(tx: Reader, ctx: Context, req: Req) -> Backfill:
    _mine(ctx, req)
    found = tx.get(BACKFILLS, (ctx.account, ctx.region, req["replicationBackfillId"]))
    if found is None:
        raise BackfillNotFound(f"The replication backfill '{req['replicationBackfillId']}' does not exist")
    return found


def _shown(found: Backfill) -> dict[str, Any]:
    return {
        "replicationBackfillId": found.id,
        "registryId": found.account,
        "destination": found.destination,
        "status": found.status,
        "startedAt": found.started,
    }


def _progress(found: Backfill) -> dict[str, Any]:
    failed = [each for each in found.results if each["status"] == "FAILED"]
    progress = {
        "totalReplicationCount": found.total,
        "completedReplicationCount": len(found.results) - len(failed),
        "failedReplicationCount": len(failed),
        "failureCodes": sorted({each["failureCode"] for each in failed}),
    }
    return {**_shown(found), "progress": progress, **({"endedAt": found.ended} if found.ended is not None else {})}


def _bad_token() -> Validation:
    return Validation("The nextToken is not valid")
