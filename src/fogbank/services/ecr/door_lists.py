"""Lists of the registry's protocol: tags, referrers and repositories, in pages by `n` and `last`.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#content-discovery
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fogbank.auth.signatures.claims import parameters
from fogbank.core.http import Response
from fogbank.store.api import Reader

from . import names
from .caller import Caller
from .door_errors import DigestInvalid, PaginationInvalid, json_response
from .door_routes import Route
from .manifests import OCI_INDEX
from .records import IMAGES, REPOSITORIES, TAGS, Image, Repository

MOST = 1000  # entries of a page


def _page(caller: Caller) -> tuple[int, str]:
    query = parameters(caller.visit.request.query)
    given = query.get("n", str(MOST))
    if not (given.isascii() and given.isdecimal()) or len(given) > 9:
        raise PaginationInvalid
    return min(int(given), MOST), query.get("last", "")


def _answer(caller: Caller, document: dict[str, Any], found: list[str], limit: int) -> Response:
    """A page, with a Link to the next one if `found` holds more than the limit."""
    headers = []
    if len(found) > limit > 0:
        path = caller.visit.request.path
        headers.append(("Link", f'<{path}?n={limit}&last={quote(found[limit - 1], safe="")}>; rel="next"'))
    return json_response(200, document, *headers)


async def tags(caller: Caller, found: Route) -> Response:
    limit, last = _page(caller)
    ctx, repository = await caller.allowed("ListImages")

    def read(tx: Reader) -> list[str]:
        after = (*repository.place, last) if last else None
        return [tag.tag for tag in tx.scan(TAGS, repository.place, after=after, limit=limit + 1)]

    listed = await ctx.fetch(read)
    return _answer(caller, {"name": found.name, "tags": listed[:limit]}, listed, limit)


async def catalog(caller: Caller, found: Route) -> Response:
    """The repositories of the registry."""
    limit, last = _page(caller)
    ctx = await caller.visit.app.run(lambda: caller.enter("DescribeRepositories", "*"))
    where = caller.place[:2]

    def read(tx: Reader) -> list[str]:
        after = (*where, last) if last else None
        return [kept.name for kept in tx.scan(REPOSITORIES, where, after=after, limit=limit + 1)]

    listed = await ctx.fetch(read)
    return _answer(caller, {"repositories": listed[:limit]}, listed, limit)


async def referrers(caller: Caller, found: Route) -> Response:
    """The manifests whose subject is a digest, as an index; an empty one if there are none."""
    if not names.DIGEST.fullmatch(found.reference):
        raise DigestInvalid(f"invalid digest: {found.reference[:200]}")
    ctx, repository = await caller.allowed("BatchGetImage")
    kind = parameters(caller.visit.request.query).get("artifactType")
    listed = await ctx.fetch(referring, repository, found.reference)
    shown = [descriptor(image) for image in listed if kind is None or image.artifact_type == kind]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": shown}
    response = json_response(200, document, *([("OCI-Filters-Applied", "artifactType")] if kind else ()))
    response.headers[0] = ("Content-Type", OCI_INDEX)
    return response


def referring(tx: Reader, repository: Repository, digest: str) -> list[Image]:
    return list(tx.scan_index(IMAGES, "subject", (*repository.place, digest)))


def descriptor(image: Image) -> dict[str, Any]:
    """A manifest as an index names it."""
    shown: dict[str, Any] = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest)}
    if image.artifact_type:
        shown["artifactType"] = image.artifact_type
    if image.annotations:
        shown["annotations"] = image.annotations
    return shown
