"""How repositories are created, checked and deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.auth.quotas import reached
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from . import expiry, find
from .errors import InvalidParameter, InvalidTag, LimitExceeded, RepositoryAlreadyExists, TooManyTags
from .names import Place
from .records import PREVIEWS, REPOSITORIES, Repository

REPOSITORIES_QUOTA = "L-CFEB8E8D"
TAGS = 50  # of a repository


def create(tx: Transaction, ctx: Context, req: dict[str, Any], found: Repository | None) -> Repository:
    """Create the repository of a CreateRepository request; `found` is what has its name already."""
    account, region = find.account_of(ctx, req), find.region_of(ctx)
    name = req["repositoryName"]
    if found is not None:
        raise RepositoryAlreadyExists(
            f"The repository with name '{name}' already exists in the registry with id '{account}'"
        )
    check_mutability(req)
    tags = read_tags(req.get("tags") or ())
    check_tags(tags)
    service = "ecr" if region else "ecr-public"
    limit = reached(tx, ctx, service, REPOSITORIES_QUOTA if region else PUBLIC_QUOTA, REPOSITORIES, (account, region))
    if limit is not None:
        raise LimitExceeded(
            f"The registry with id '{account}' has reached the limit of {limit} repositories allowed. Request a limit "
            "increase to create more."
        )
    made = new(ctx, Place(account, region, name), req, tags)
    tx.put(REPOSITORIES, made)
    return made


PUBLIC_QUOTA = "repositories"


def new(ctx: Context, place: Place, settings: dict[str, Any], tags: dict[str, str]) -> Repository:
    """A repository with the settings that a request or a template has."""
    encryption = {name: value for name, value in (settings.get("encryptionConfiguration") or {}).items() if value}
    return Repository(
        account=place.account,
        region=place.region,
        name=place.name,
        id=ctx.ids.hex(16),
        created=ctx.now(),
        mutability=settings.get("imageTagMutability") or "MUTABLE",
        exclusions=settings.get("imageTagMutabilityExclusionFilters") or [],
        scan_on_push=bool((settings.get("imageScanningConfiguration") or {}).get("scanOnPush")),
        encryption=encryption,
        tags=tags,
    )


def check_mutability(settings: dict[str, Any]) -> None:
    """Filters and the two settings WITH_EXCLUSION need each other. The text is not confirmed."""
    excluding = str(settings.get("imageTagMutability") or "").endswith("WITH_EXCLUSION")
    filters = settings.get("imageTagMutabilityExclusionFilters") or []
    if excluding is not bool(filters):
        raise InvalidParameter.at(
            "imageTagMutabilityExclusionFilters",
            "Exclusion filters must be specified with a setting WITH_EXCLUSION, and only with one",
        )
    if any(each["filter"].count("*") > 2 for each in filters):
        raise InvalidParameter.at("imageTagMutabilityExclusionFilters", "A filter can have at most two wildcards ('*')")


def read_tags(given: Iterable[dict[str, str]]) -> dict[str, str]:
    """The tags of a request. In the public API's model they need not have a key; `check_tags` refuses those."""
    return {tag.get("Key", ""): tag.get("Value", "") for tag in given}


def check_tags(tags: dict[str, str]) -> None:
    """Raise InvalidTag or TooManyTags. https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html"""
    if len(tags) > TAGS:
        raise TooManyTags
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise InvalidTag(
                "Invalid parameter at 'tags' failed to satisfy constraint: 'Tag key or value is invalid or uses the "
                "reserved prefix aws:'"
            )


def delete(tx: Transaction, ctx: Context, found: Repository) -> None:
    """Delete a repository. Its images and layers are removed by a job."""
    tx.delete(REPOSITORIES, REPOSITORIES.key(found))
    expiry.stop(tx, ctx, found)
    tx.delete(PREVIEWS, found.place)
    account, region, id = found.place
    ctx.later(tx, "ecr.clear", {"account": account, "region": region, "repository": id})
