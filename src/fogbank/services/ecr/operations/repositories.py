"""CreateRepository, DescribeRepositories, DeleteRepository, and the settings of repositories."""

from __future__ import annotations

from typing import Any

from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import creation, find, shapes
from ..declaration import both
from ..errors import InvalidParameter, RepositoryNotEmpty
from ..records import IMAGES, REPOSITORIES, Repository

Req = dict[str, Any]


@operation("ecr", "CreateRepository", resource=find.repository)
def create_repository(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""
    if find.account_of(ctx, req) != ctx.account:
        raise InvalidParameter.at("registryId", "must be the id of the caller's registry")
    with ctx.write() as tx:
        found = find.REPOSITORY.find(tx, ctx, find.text_of(ctx, req))
        return {"repository": shapes.repository(ctx, creation.create(tx, ctx, req, found))}


def _describe(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html"""
    asked = req.get("repositoryNames")
    where = find.account_of(ctx, req), find.region_of(ctx)
    if asked and (req.get("maxResults") or req.get("nextToken")):
        raise InvalidParameter("nextToken and maxResults cannot be specified together with repositoryNames")
    with ctx.read() as tx:
        if asked:
            texts = [find.text_of(ctx, req, name) for name in asked]
            found = [find.REPOSITORY.require(tx, ctx, text) for text in texts]
            return {"repositories": [shapes.repository(ctx, each) for each in found]}
        listed: list[Repository] = list(tx.scan(REPOSITORIES, where))
    return lists.page(
        ctx,
        req,
        listed,
        key=lambda each: each.name,
        shape=lambda each: shapes.repository(ctx, each),
        size=100,
        refused=_bad_token,
        scope=where[0],
    )


def _bad_token() -> InvalidParameter:
    return InvalidParameter.at("nextToken", "must be a token that this operation returned")


def _delete(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html"""
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        if not req.get("force") and _has_images(tx, found):
            raise RepositoryNotEmpty(
                f"The repository with name '{found.name}' in registry with id '{found.account}' cannot be deleted "
                "because it still contains images"
            )
        creation.delete(tx, ctx, found)
    return {"repository": shapes.repository(ctx, found)}


def _has_images(tx: Reader, found: Repository) -> bool:
    return bool(tx.page(IMAGES, found.place, limit=1))


describe_repositories, describe_public_repositories = both("DescribeRepositories", __name__, _describe, find.listed)
delete_repository, delete_public_repository = both("DeleteRepository", __name__, _delete)


@operation("ecr", "PutImageTagMutability", resource=find.repository)
def put_image_tag_mutability(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageTagMutability.html"""
    creation.check_mutability(req)
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        found.mutability = req["imageTagMutability"]
        found.exclusions = req.get("imageTagMutabilityExclusionFilters") or []
        tx.put(REPOSITORIES, found)
    shown: dict[str, Any] = {"imageTagMutability": found.mutability}
    if found.exclusions:
        shown["imageTagMutabilityExclusionFilters"] = found.exclusions
    return {"registryId": found.account, "repositoryName": found.name, **shown}


@operation("ecr", "PutImageScanningConfiguration", resource=find.repository)
def put_image_scanning_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageScanningConfiguration.html"""
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        found.scan_on_push = bool(req["imageScanningConfiguration"].get("scanOnPush"))
        tx.put(REPOSITORIES, found)
    return {
        "registryId": found.account,
        "repositoryName": found.name,
        "imageScanningConfiguration": {"scanOnPush": found.scan_on_push},
    }
