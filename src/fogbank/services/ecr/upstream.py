"""Pull through cache: images that are pulled below a rule's prefix come from the upstream registry, and are kept.

A pull by tag asks upstream again once a day; if upstream does not answer then, the image that is here is pulled. The
images that an index names are imported with it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import msgspec

from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Named
from fogbank.store.api import Reader, Transaction

from . import find, images, layers, pushes, replication, templates, uploads, upstream_registries
from .errors import UnableToGetUpstreamImage
from .manifests import BadManifest, Manifest, parse, sizes
from .names import Place
from .records import REPOSITORIES, TAGS, Image, Repository
from .settings import CACHE_RULES, CacheRule
from .templates import ROOT
from .upstream_registries import Registry

AGAIN = 86_400.0  # seconds after which a tag is looked up again


def rule_of(tx: Reader, place: Place) -> CacheRule | None:
    """The rule with the longest prefix of a name."""
    found = None
    for rule in tx.scan(CACHE_RULES, place[:2]):
        fits = rule.prefix == ROOT or place.name.startswith(f"{rule.prefix}/")
        if fits and (found is None or found.prefix == ROOT or len(rule.prefix) > len(found.prefix)):
            found = rule if rule.prefix != ROOT or found is None else found
    return found


def _upstream_name(rule: CacheRule, name: str) -> str:
    rest = name if rule.prefix == ROOT else name.removeprefix(f"{rule.prefix}/")
    return rest if rule.upstream_prefix in (None, ROOT) else f"{rule.upstream_prefix}/{rest}"


async def image(ctx: Context, place: Place, reference: str) -> Image | None:
    """The image of a pull below a rule's prefix; None if no rule applies. Raises UnableToGetUpstreamImage."""
    if not place.region:
        return None
    rule = await ctx.fetch(rule_of, place)
    if rule is None:
        return None
    kept, fresh = await ctx.fetch(_kept, place, reference, ctx.now())
    if kept is not None and fresh:
        return kept
    await ctx.app.run(lambda: _authorise(ctx, place))
    try:
        return await _import(ctx, rule, place, reference)
    except UnableToGetUpstreamImage:
        if kept is None:
            raise
        return kept


def _kept(tx: Reader, place: Place, reference: str, now: float) -> tuple[Image | None, bool]:
    """What is here already, and whether upstream need not be asked."""
    found = tx.get(REPOSITORIES, place)
    if found is None:
        return None, False
    if ":" in reference:
        return images.by_digest(tx, found, reference), True
    tag = tx.get(TAGS, (*found.place, reference))
    return images.by_tag(tx, found, reference), tag is not None and now - tag.checked < AGAIN


def _authorise(ctx: Context, place: Place) -> None:
    resource: Named = find.REPOSITORY.name(ctx, f"{place.account}:{place.name}")
    ctx.require("ecr:BatchImportUpstreamImage", resource)
    if resource.record is None:
        ctx.require("ecr:CreateRepository", resource)


def _repository(tx: Transaction, ctx: Context, place: Place) -> Repository:
    found = tx.get(REPOSITORIES, place)
    return found if found is not None else templates.create(tx, ctx, place, "PULL_THROUGH_CACHE")


async def _import(ctx: Context, rule: CacheRule, place: Place, reference: str) -> Image:
    private = upstream_registries.private(rule.url)
    if private is not None:
        source = Place(*private, _upstream_name(rule, place.name))
        return await _import_here(ctx, rule, source, place, reference)
    registry = await _registry(ctx, rule)
    content, manifest = await _manifest(registry, _upstream_name(rule, place.name), reference)
    found = await ctx.transact(_repository, ctx, place)
    return await _fetch(ctx, registry, _upstream_name(rule, place.name), found, content, manifest, reference)


async def check(ctx: Context, rule: CacheRule) -> None:
    """Raise UnableToGetUpstreamImage unless the upstream registry can be used with the rule's credentials."""
    if upstream_registries.private(rule.url) is None:
        await (await _registry(ctx, rule)).check()


# -- other registries --------------------------------------------------------------------------------------------------


async def _registry(ctx: Context, rule: CacheRule) -> Registry:
    return Registry(ctx.app, rule.url, await _credentials(ctx, rule) if rule.credential else None)


async def _credentials(ctx: Context, rule: CacheRule) -> tuple[str, str]:
    """The user and token in the rule's secret of Secrets Manager."""
    try:
        answer = await ctx.call("secretsmanager", "GetSecretValue", {"SecretId": rule.credential})
        secret = documents.read_object(answer.get("SecretString") or "")
        return str(secret["username"]), str(secret["accessToken"])
    except (ServiceError, documents.BadDocument, KeyError) as error:
        raise UnableToGetUpstreamImage(f"The secret {rule.credential} could not be used: {error}") from None


async def _manifest(registry: Registry, name: str, reference: str) -> tuple[bytes, Manifest]:
    content, media_type = await registry.manifest(name, reference)
    try:
        manifest = parse(content, media_type)
    except BadManifest as error:
        raise UnableToGetUpstreamImage(f"The upstream manifest {name}:{reference} cannot be used: {error}") from None
    if ":" in reference and manifest.digest != reference:
        raise UnableToGetUpstreamImage(f"The upstream manifest {name}@{reference} has the digest {manifest.digest}")
    return content, manifest


async def _fetch(
    ctx: Context,
    registry: Registry,
    name: str,
    found: Repository,
    content: bytes,
    manifest: Manifest,
    reference: str,
) -> Image:
    """Import a manifest with all that it names."""
    for digest in manifest.children:
        inner, child = await _manifest(registry, name, digest)
        await _fetch(ctx, registry, name, found, inner, child, digest)
    wanted = sizes(content)
    for digest in manifest.layers:
        if await ctx.fetch(layers.find, found, digest) is None:
            await _fetch_layer(ctx, found, digest, registry.blob(name, digest, wanted[digest]))
    tag = None if ":" in reference else reference
    return await ctx.transact(_keep, ctx, found, manifest, content, tag)


async def _fetch_layer(ctx: Context, found: Repository, digest: str, body: AsyncIterator[bytes]) -> None:
    blob = await uploads.receive(ctx, body)
    if digest != f"sha256:{blob.sha256}":
        await ctx.blobs.discard(blob)
        raise UnableToGetUpstreamImage(f"The upstream layer {digest} has the digest sha256:{blob.sha256}")
    async with uploads.kept(ctx, blob):
        used = await ctx.transact(layers.add, ctx, found, digest, blob)
    if not used:
        await ctx.blobs.discard(blob)


def _keep(
    tx: Transaction, ctx: Context, found: Repository, manifest: Manifest, content: bytes, tag: str | None
) -> Image:
    made, changed = images.push(tx, ctx, found, manifest, content, tag)
    if changed:
        pushes.follow(tx, ctx, found, made)
    _mark(tx, found, tag, ctx.now())
    return made


def _mark(tx: Transaction, found: Repository, tag: str | None, now: float) -> None:
    """Note that a tag was compared with upstream."""
    held = tx.get(TAGS, (*found.place, tag)) if tag else None
    if held is not None:
        held.checked = now
        tx.put(TAGS, held)


# -- private registries of this cloud ----------------------------------------------------------------------------------


async def _import_here(ctx: Context, rule: CacheRule, source: Place, place: Place, reference: str) -> Image:
    """Copy an image from another region, or from another account that lets the rule's role read it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
    """
    if rule.role:
        reader = await ctx.assume(rule.role, by="pullthroughcache.ecr.amazonaws.com", session="PullThroughCache")
        reader = msgspec.structs.replace(reader, region=source.region)

        def look() -> None:
            resource = find.REPOSITORY.name(reader, f"{source.account}:{source.name}")
            for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
                reader.require(action, resource)

        await ctx.app.run(look)
    elif source.account != place.account:
        raise UnableToGetUpstreamImage(f"The rule needs a customRoleArn to read {source.name} of {source.account}")
    return await ctx.transact(partial(_copy, ctx=ctx, source=source, place=place, reference=reference))


def _copy(tx: Transaction, *, ctx: Context, source: Place, place: Place, reference: str) -> Image:
    held = tx.get(REPOSITORIES, source)
    wanted = images.by_reference(tx, held, reference) if held is not None else None
    if held is None or wanted is None:
        raise UnableToGetUpstreamImage(f"There is no image {reference} in {source.name} of {source.account}")
    found = _repository(tx, ctx, place)
    replication.copy_parts(tx, ctx, held, wanted, found)
    tag = None if ":" in reference else reference
    return _keep(tx, ctx, found, parse(wanted.manifest, wanted.media_type), wanted.manifest, tag)
