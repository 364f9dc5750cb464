"""Repositories by the names in requests, for authorization and for the operations.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistrypublic.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.roles import passed
from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from . import names
from .errors import InvalidParameter, RegistryNotFound, RepositoryNotFound
from .names import Place
from .policies import joined
from .records import PUBLIC, REPOSITORIES, Repository
from .settings import REGISTRIES

Req = dict[str, Any]


def is_public(ctx: Context) -> bool:
    return ctx.service == "ecr-public"


def region_of(ctx: Context) -> str:
    """The region in the keys of the registry that a call is for."""
    return PUBLIC if is_public(ctx) else ctx.region


def account_of(ctx: Context, req: Req) -> str:
    """The account whose registry a request names: the caller's unless it has a registryId."""
    given: str = req.get("registryId") or ctx.account
    if arns.ACCOUNT.fullmatch(given):
        return given
    if is_public(ctx) and ctx.operation in _BY_ALIAS:
        account = names.account_of(given)
        if account is None:
            raise RegistryNotFound(f"The registry with id '{given}' does not exist")
        return account
    raise InvalidParameter.at("registryId", "must satisfy regular expression '[0-9]{12}'")


_BY_ALIAS = frozenset(
    ("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")
)


def arn_of(ctx: Context, key: Place | tuple[str, str, str]) -> str:
    account, region, name = key
    return ctx.arn("ecr" if region else "ecr-public", f"repository/{name}", region=region, account=account)


def _key(ctx: Context, text: str) -> Place:
    """Read `NAME` or `ACCOUNT:NAME`, as `text_of` writes it."""
    account, _, name = text.rpartition(":")
    return Place(account or ctx.account, region_of(ctx), name)


def _key_of_arn(ctx: Context, text: str) -> Place:
    """Read a resourceArn, which must be exactly the ARN of a repository of this region."""
    head, _, name = text.partition(":repository/")
    place = Place(head.rpartition(":")[2], region_of(ctx), name)
    if not (arns.ACCOUNT.fullmatch(place.account) and names.is_repository(name)) or arn_of(ctx, place) != text:
        raise InvalidParameter.at("resourceArn", "Invalid ARN")
    return place


class _Repositories(Kind[Repository]):
    """The resource policy of a repository has the statements of its registry's policy too."""

    def name(self, ctx: Context, text: str, part: str = "") -> Named:
        found = super().name(ctx, text, part)
        with ctx.read() as tx:
            registry = tx.get(REGISTRIES, found.key[:2])
        own = found.record.policy if found.record is not None else None
        found.policy = joined(own, registry.policy if registry is not None else None)
        return found


def _missing(ctx: Context, key: Place) -> RepositoryNotFound:
    return RepositoryNotFound.of(key.account, key.name)


def _arn(ctx: Context, key: Place, repository: Repository | None = None) -> str:
    return arn_of(ctx, key)


REPOSITORY = _Repositories("repository", REPOSITORIES, key=_key, arn=_arn, missing=_missing)
BY_ARN = _Repositories("repository by ARN", REPOSITORIES, key=_key_of_arn, arn=_arn, missing=_missing)


def text_of(ctx: Context, req: Req, name: str | None = None) -> str:
    """The repository that a request names, as one text. Raises InvalidParameter for what is no name."""
    name = req.get("repositoryName", "") if name is None else name
    if not names.is_repository(name):
        constraint = f"must satisfy regular expression '{names.REPOSITORY.pattern}'"
        raise InvalidParameter.at("repositoryName", constraint)
    return f"{account_of(ctx, req)}:{name}"


def repository(ctx: Context, req: Req) -> Named:
    """For authorization: the repository that a request names."""
    return REPOSITORY.name(ctx, text_of(ctx, req))


def require(tx: Reader, ctx: Context, req: Req) -> Repository:
    """For operations: that repository. Raises RepositoryNotFound."""
    return REPOSITORY.require(tx, ctx, text_of(ctx, req))


def listed(ctx: Context, req: Req) -> Named | list[Access]:
    """For authorization: the repositories in repositoryNames, or all of the registry."""
    texts = [text_of(ctx, req, name) for name in req.get("repositoryNames") or ()]
    return [Access("", REPOSITORY.name(ctx, text)) for text in texts] or every(ctx, req)


def every(ctx: Context, req: Req) -> Named:
    """For authorization: all repositories of a registry."""
    account = account_of(ctx, req)
    with ctx.read() as tx:
        registry = tx.get(REGISTRIES, (account, region_of(ctx)))
    arn = arn_of(ctx, (account, region_of(ctx), "*"))
    return named(arn, account, policy=registry.policy if registry is not None else None)


def public_registry(ctx: Context, req: Req) -> Named:
    """For authorization: the public registry of the caller's account."""
    return named(ctx.arn("ecr-public", f"registry/{ctx.account}", region=""), ctx.account)


def with_role(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The registry's own rules, and iam:PassRole on the role with which ECR is to act."""
    role = req.get("customRoleArn")
    return [Access("", "*"), *([passed(ctx, role, "ecr.amazonaws.com")] if role else [])]
