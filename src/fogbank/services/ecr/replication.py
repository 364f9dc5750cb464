"""Replication of images to other regions and accounts of this cloud, after their push or by a backfill.

Layers are not copied: repositories share their bytes. Another account's registry has to allow ecr:ReplicateImage, and
ecr:CreateRepository where it has no such repository yet, to the source account in its registry policy.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import principal
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.operation import job
from fogbank.store.api import Reader, Transaction

from . import find, images, layers, templates
from .manifests import parse
from .names import Place
from .records import IMAGES, REPOSITORIES, Image, Repository
from .settings import registry_of

Destination = dict[str, str]  # region, registryId


def destinations(tx: Reader, found: Repository, *, deletions: bool = False) -> list[Destination]:
    """Where the rules of a registry replicate a repository to; with `deletions`, where they replicate deletions to."""
    wanted: list[Destination] = []
    for rule in registry_of(tx, found.account, found.region).replication:
        filters = rule.get("repositoryFilters")
        if filters and not any(found.name.startswith(each["filter"]) for each in filters):
            continue
        if deletions and not (rule.get("deleteReplication") or {}).get("enabled"):
            continue
        wanted += [each for each in rule["destinations"] if each not in wanted]
    return [each for each in wanted if (each["registryId"], each["region"]) != (found.account, found.region)]


def begin(tx: Transaction, ctx: Context, found: Repository, image: Image) -> None:
    """After a push: replicate the image to all destinations."""
    wanted = destinations(tx, found)
    if not wanted:
        return
    image.replication = [{**each, "status": "IN_PROGRESS"} for each in wanted]
    tx.put(IMAGES, image)
    for each in wanted:
        ctx.later(tx, "ecr.replicate", {"place": _place(found), "digest": image.digest, "to": each})


def begin_deletion(tx: Transaction, ctx: Context, found: Repository, gone: list[dict[str, str]]) -> None:
    """After a deletion of images or tags: replicate it where rules say so."""
    for each in destinations(tx, found, deletions=True):
        ctx.later(tx, "ecr.replicate-deletion", {"place": _place(found), "gone": gone, "to": each})


def _place(found: Repository) -> list[str]:
    return [found.account, found.region, found.name]


@job("ecr.replicate")
async def replicate(ctx: Context, payload: dict[str, Any]) -> None:
    """Replicate one image to one destination, and keep the outcome with the image."""
    source, digest, to = Place(*payload["place"]), payload["digest"], payload["to"]
    failure = await copy(ctx, source, digest, to)

    def note(tx: Transaction) -> None:
        found = tx.get(REPOSITORIES, source)
        image = images.by_digest(tx, found, digest) if found is not None else None
        if image is None:
            return
        shown = {**to, "status": "FAILED", "failureCode": failure} if failure else {**to, "status": "COMPLETE"}
        others = [each for each in image.replication if (each["region"], each["registryId"]) != tuple(_key(to))]
        image.replication = [*others, shown]
        tx.put(IMAGES, image)

    await ctx.transact(note)


def _key(to: Destination) -> tuple[str, str]:
    return to["region"], to["registryId"]


async def copy(ctx: Context, source: Place, digest: str, to: Destination) -> str:
    """Copy an image, with those that it names, to a destination. Returns the failure's code, empty if it succeeded."""
    try:
        await ctx.app.run(lambda: _authorise(ctx, source, to))
        await ctx.transact(_copy, ctx, source, digest, to)
    except AccessDenied:
        return "AccessDenied"
    except ServiceError as error:
        return error.code
    return ""


def _authorise(ctx: Context, source: Place, to: Destination) -> None:
    """Raise AccessDenied unless the other account's registry policy allows this."""
    if to["registryId"] == source.account:
        return
    sender = _sender(ctx, source.account, to["region"])
    resource = find.REPOSITORY.name(sender, f"{to['registryId']}:{source.name}")
    sender.require("ecr:ReplicateImage", resource)
    if resource.record is None:
        sender.require("ecr:CreateRepository", resource)


def _sender(ctx: Context, account: str, region: str) -> Context:
    return ctx.acting_as(principal.root(account, partition=ctx.partition), region=region)


def _copy(tx: Transaction, ctx: Context, source: Place, digest: str, to: Destination) -> None:
    found = tx.get(REPOSITORIES, source)
    image = images.by_digest(tx, found, digest) if found is not None else None
    if found is None or image is None:
        return  # deleted meanwhile
    place = Place(to["registryId"], to["region"], source.name)
    target = tx.get(REPOSITORIES, place)
    if target is None:
        target = templates.create(tx, ctx, place, "REPLICATION")
    copy_image(tx, ctx, found, image, target)


def copy_image(tx: Transaction, ctx: Context, found: Repository, image: Image, target: Repository) -> None:
    """Give a repository an image of another one, with its tags."""
    copy_parts(tx, ctx, found, image, target)
    manifest = parse(image.manifest, image.media_type)
    tags: list[str | None] = [*images.tags_of(tx, image)]
    for tag in tags or [None]:
        images.push(tx, ctx, target, manifest, image.manifest, tag)


def copy_parts(tx: Transaction, ctx: Context, found: Repository, image: Image, target: Repository) -> None:
    """Give a repository what an image of another one consists of: its layers, and the images that it names."""
    for digest in image.children:
        child = images.by_digest(tx, found, digest)
        if child is not None:
            copy_image(tx, ctx, found, child, target)
    for digest in image.layers:
        layers.mount(tx, ctx, target, digest)


@job("ecr.replicate-deletion")
async def replicate_deletion(ctx: Context, payload: dict[str, Any]) -> None:
    source, to = Place(*payload["place"]), payload["to"]

    def delete(tx: Transaction) -> None:
        target = tx.get(REPOSITORIES, (to["registryId"], to["region"], source.name))
        for each in payload["gone"] if target is not None else ():
            assert target is not None
            image = images.by_digest(tx, target, each["imageDigest"])
            if image is not None and each.get("imageTag") in (None, *images.tags_of(tx, image)):
                _delete_one(tx, ctx, image, each.get("imageTag"))

    try:
        await ctx.app.run(lambda: _authorise(ctx, source, to))
    except AccessDenied:
        return
    await ctx.transact(delete)


def _delete_one(tx: Transaction, ctx: Context, image: Image, tag: str | None) -> None:
    try:
        images.take_away(tx, ctx, image, tag)
    except images.InUse:
        return
