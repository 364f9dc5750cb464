"""What only public registries have: catalog data of registries and repositories.

AWS has this API in us-east-1 and us-west-2, for the one public registry of an account. Here every region answers.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from .. import creation, find, names, settings, shapes
from ..errors import CatalogDataNotFound, InvalidParameter
from ..records import PUBLIC, REPOSITORIES, Repository
from ..settings import REGISTRIES

Req = dict[str, Any]
_CATALOG = ("description", "architectures", "operatingSystems", "aboutText", "usageText")


@operation("ecr-public", "CreateRepository", resource=find.repository)
def create_repository(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_CreateRepository.html"""
    catalog = _catalog(ctx, req.get("catalogData") or {})
    with ctx.write() as tx:
        made = creation.create(tx, ctx, req, find.REPOSITORY.find(tx, ctx, find.text_of(ctx, req)))
        made.catalog = catalog or None
        tx.put(REPOSITORIES, made)
    return {"repository": shapes.repository(ctx, made), "catalogData": catalog}


def _catalog(ctx: Context, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("logoImageBlob"):
        ctx.recorded("catalogData.logoImageBlob")  # logos are only shown for verified accounts, which none is here
    return {name: given[name] for name in _CATALOG if given.get(name)}


@operation("ecr-public", "GetRepositoryCatalogData", resource=find.repository)
def get_repository_catalog_data(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetRepositoryCatalogData.html"""
    with ctx.read() as tx:
        found: Repository = find.require(tx, ctx, req)
    if found.catalog is None:
        raise CatalogDataNotFound(
            f"The repository catalog data doesn't exist for the repository with name '{found.name}' in the registry "
            f"with id '{found.account}'"
        )
    return {"catalogData": found.catalog}


@operation("ecr-public", "PutRepositoryCatalogData", resource=find.repository)
def put_repository_catalog_data(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_PutRepositoryCatalogData.html"""
    catalog = _catalog(ctx, req["catalogData"])
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        found.catalog = catalog
        tx.put(REPOSITORIES, found)
    return {"catalogData": catalog}


@operation("ecr-public", "DescribeRegistries", resource=find.public_registry)
def describe_registries(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DescribeRegistries.html"""
    alias = {
        "name": names.alias_of(ctx.account),
        "status": "ACTIVE",
        "primaryRegistryAlias": True,
        "defaultRegistryAlias": True,
    }
    registry = {
        "registryId": ctx.account,
        "registryArn": str(find.public_registry(ctx, req)),
        "registryUri": names.registry_uri(ctx, ctx.account, PUBLIC),
        "verified": False,
        "aliases": [alias],
    }
    pages = Pages(ctx, lambda: InvalidParameter.at("nextToken", "is not valid"), member="nextToken")
    shown, more = pages.by_position([registry], req.get("nextToken"), req.get("maxResults") or 100)
    return {"registries": shown, **more}


@operation("ecr-public", "GetRegistryCatalogData", resource=find.public_registry)
def get_registry_catalog_data(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetRegistryCatalogData.html"""
    with ctx.read() as tx:
        found = settings.registry_of(tx, ctx.account, PUBLIC)
    return {"registryCatalogData": {"displayName": found.display_name} if found.display_name else {}}


@operation("ecr-public", "PutRegistryCatalogData", resource=find.public_registry)
def put_registry_catalog_data(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_PutRegistryCatalogData.html"""
    with ctx.write() as tx:
        found = settings.registry_of(tx, ctx.account, PUBLIC)
        found.display_name = req.get("displayName") or ""
        tx.put(REGISTRIES, found)
    return {"registryCatalogData": {"displayName": found.display_name}}
