"""Applies lifecycle policies: twice a day of the cloud's clock, beginning twelve hours after a policy was set.

AWS expires images "within 24 hours". An artifact follows its subject: no rule selects it while its subject is there,
and it goes at the next evaluation after the subject has gone.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lp_creation.html
"""

from __future__ import annotations

import msgspec

from fogbank.core.context import Context
from fogbank.core.residents import resident
from fogbank.store.api import Reader, Transaction

from . import images, lifecycle, pushes
from .lifecycle import Candidate, Rule
from .records import IMAGES, REPOSITORIES, Image, Repository

PERIOD = 12 * 3600.0
SLICE = 50  # images that one transaction expires


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
    now = ctx.now()

    def plan(tx: Transaction) -> list[tuple[str, str]]:
        found = tx.get(REPOSITORIES, (ctx.account, ctx.region, name))
        if found is None or found.lifecycle is None:
            return []
        found.evaluated = now
        tx.put(REPOSITORIES, found)
        rules = lifecycle.evaluate(lifecycle.parse(found.lifecycle), candidates(tx, found), now)
        return [(digest, rule.action.type) for digest, rule in rules.items()] + orphans(tx, found)

    planned = await ctx.transact(plan)
    for at in range(0, len(planned), SLICE):
        await ctx.transact(_act, ctx, name, planned[at : at + SLICE])


def candidates(tx: Reader, found: Repository) -> list[Candidate]:
    return [
        Candidate(
            digest=image.digest,
            tags=tuple(images.tags_of(tx, image)),
            pushed=image.pushed,
            pulled=image.pulled,
            archived=image.archived if image.is_archived else None,
            referenced=tx.first(IMAGES, "child", (*image.place, image.digest)) is not None,
        )
        for image in tx.scan(IMAGES, found.place)
        if image.subject is None
    ]


def orphans(tx: Reader, found: Repository) -> list[tuple[str, str]]:
    """The artifacts whose subject is not there."""
    return [
        (image.digest, "expire")
        for image in tx.scan(IMAGES, found.place)
        if image.subject and images.by_digest(tx, found, image.subject) is None
    ]


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


def describe(rule: Rule, tx: Reader, image: Image) -> dict[str, object]:
    """An image in a preview."""
    tags = images.tags_of(tx, image)
    return {
        **({"imageTags": tags} if tags else {}),
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed,
        "action": lifecycle.action_shape(rule),
        "appliedRulePriority": rule.rule_priority,
        "storageClass": "ARCHIVE" if image.is_archived else "STANDARD",
    }
