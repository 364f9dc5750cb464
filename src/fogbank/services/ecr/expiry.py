"""Applies lifecycle policies: twice a day of the cloud's clock, beginning twelve hours after a policy was set.

AWS expires images "within 24 hours". An artifact follows its subject: no rule selects it while its subject is there,
and it goes at the next evaluation after the subject has gone.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lp_creation.html
"""

from __future__ import annotations

import asyncio

import msgspec

from fogbank.core.context import Context
from fogbank.core.residents import resident
from fogbank.store.api import Key, Reader, Transaction

from . import images, lifecycle, pushes
from .lifecycle import Candidate, Rule
from .records import IMAGES, REPOSITORIES, Image, Repository

PERIOD = 12 * 3600.0
SLICE = 50  # images that one transaction expires
PAGE = 200  # images that are read at once


def start(tx: Transaction, ctx: Context, found: Repository) -> None:
    """Apply a repository's policy from now on. `found` is to be stored by the caller."""
    found.evaluated = ctx.now()
    found.generation += 1
    _at(ctx, found).reside(tx, *_row(found), generation=found.generation)


def stop(tx: Transaction, ctx: Context, found: Repository) -> None:
    _at(ctx, found).leave(tx, *_row(found))


def _row(found: Repository) -> tuple[str, str]:
    return "ecr.lifecycle", found.name


def _at(ctx: Context, found: Repository) -> Context:
    """The context of the repository's account, which need not be the caller's."""
    return msgspec.structs.replace(ctx, account=found.account, region=found.region)


@resident("ecr.lifecycle")
async def apply(ctx: Context, name: str) -> None:
    """Apply the policy of a repository for as long as it has one."""
    while True:
        found = await ctx.fetch(lambda tx: tx.get(REPOSITORIES, (ctx.account, ctx.region, name)))
        due = found.evaluated + PERIOD if found is not None else ctx.now() + PERIOD
        await ctx.clock.sleep(max(due - ctx.now(), 0.0))
        if found is not None and found.lifecycle is not None:
            await _apply(ctx, name)


async def _apply(ctx: Context, name: str) -> None:
    """Evaluate the policy once and do what it says, some images at a time."""
    now = ctx.now()

    def begin(tx: Transaction) -> Repository | None:
        found = tx.get(REPOSITORIES, (ctx.account, ctx.region, name))
        if found is not None:
            found.evaluated = now
            tx.put(REPOSITORIES, found)
        return found

    found = await ctx.transact(begin)
    if found is None or found.lifecycle is None:
        return
    rules = lifecycle.parse(found.lifecycle)
    candidates, orphans = await gather(ctx, found)
    chosen = await asyncio.to_thread(lifecycle.evaluate, rules, candidates, now)
    planned = [(digest, str(rule.action.type)) for digest, rule in chosen.items()]
    planned += [(digest, "expire") for digest in orphans]
    for at in range(0, len(planned), SLICE):
        await ctx.transact(_act, ctx, name, planned[at : at + SLICE])
        await asyncio.sleep(0)


async def gather(ctx: Context, found: Repository) -> tuple[list[Candidate], list[str]]:
    """The images that rules may select, and the digests of artifacts whose subject is not there; some at a time."""
    candidates: list[Candidate] = []
    orphans: list[str] = []
    after: Key | None = None
    while True:
        some, left, after = await ctx.fetch(_page, found, after)
        candidates += some
        orphans += left
        if after is None:
            return candidates, orphans
        await asyncio.sleep(0)


def _page(tx: Reader, found: Repository, after: Key | None) -> tuple[list[Candidate], list[str], Key | None]:
    read = tx.page(IMAGES, found.place, after=after, limit=PAGE)
    some = [_candidate(tx, image) for image in read if image.subject is None]
    orphans = [each.digest for each in read if each.subject and images.by_digest(tx, found, each.subject) is None]
    return some, orphans, IMAGES.key(read[-1]) if len(read) == PAGE else None


def _candidate(tx: Reader, image: Image) -> Candidate:
    return Candidate(
        digest=image.digest,
        tags=tuple(images.tags_of(tx, image)),
        pushed=image.pushed,
        pulled=image.pulled,
        archived=image.archived if image.is_archived else None,
        referenced=tx.first(IMAGES, "child", (*image.place, image.digest)) is not None,
    )


def _act(tx: Transaction, ctx: Context, name: str, planned: list[tuple[str, str]]) -> None:
    found = tx.get(REPOSITORIES, (ctx.account, ctx.region, name))
    if found is None:
        return
    for digest, action in planned:
        image = images.by_digest(tx, found, digest)
        if image is None:
            continue
        if action == "transition":
            archive(tx, ctx, image)
            continue
        gone = [{"imageDigest": digest}]
        images.delete(tx, ctx, image)
        pushes.forget(tx, ctx, found, gone)


def archive(tx: Transaction, ctx: Context, image: Image) -> None:
    image.is_archived, image.archived = True, ctx.now()
    tx.put(IMAGES, image)


def describe(rule: Rule, image: Candidate) -> dict[str, object]:
    """An image in a preview."""
    return {
        **({"imageTags": list(image.tags)} if image.tags else {}),
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed,
        "action": lifecycle.action_shape(rule),
        "appliedRulePriority": rule.rule_priority,
        "storageClass": "STANDARD" if image.archived is None else "ARCHIVE",
    }
