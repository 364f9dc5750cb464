"""Repository creation templates."""

from __future__ import annotations

from typing import Any

from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import creation, find, names, policies
from ..errors import InvalidParameter, TemplateAlreadyExists, TemplateNotFound, Validation
from ..settings import TEMPLATES, Template
from ..templates import ROOT
from .lifecycles import check as check_lifecycle

Req = dict[str, Any]
_SETTINGS = (
    "description", "encryptionConfiguration", "resourceTags", "imageTagMutability",
    "imageTagMutabilityExclusionFilters", "repositoryPolicy", "lifecyclePolicy", "appliedFor", "customRoleArn",
)  # fmt: skip


def check_prefix(prefix: str, member: str) -> str:
    """A prefix without its last slash, which means the same. Raises Validation."""
    name = prefix.removesuffix("/")
    if prefix != ROOT and not (names.REPOSITORY.fullmatch(name) and 2 <= len(name) <= 256):
        raise Validation(f"Value '{prefix}' at '{member}' failed to satisfy constraint: it must be a prefix or ROOT")
    return name


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    creation.check_mutability(settings)
    creation.check_tags(creation.read_tags(settings.get("resourceTags") or ()))
    if settings.get("repositoryPolicy"):
        policies.check(settings["repositoryPolicy"], "repository")
    if settings.get("lifecyclePolicy"):
        check_lifecycle(settings["lifecyclePolicy"])
    return settings


@operation("ecr", "CreateRepositoryCreationTemplate", resource=find.with_role)
def create_repository_creation_template(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html"""
    prefix = check_prefix(req["prefix"], "prefix")
    ctx.recorded(*(name for name in ("customRoleArn",) if req.get(name)))
    settings = _checked({name: req[name] for name in _SETTINGS if req.get(name)})
    settings.setdefault("appliedFor", [])
    with ctx.write() as tx:
        if tx.get(TEMPLATES, (ctx.account, ctx.region, prefix)) is not None:
            raise TemplateAlreadyExists(f"The repository creation template with prefix '{prefix}' already exists")
        now = ctx.now()
        made = Template(
            account=ctx.account, region=ctx.region, prefix=prefix, settings=settings, created=now, updated=now
        )
        tx.put(TEMPLATES, made)
    return {"registryId": ctx.account, "repositoryCreationTemplate": _shape(made)}


@operation("ecr", "UpdateRepositoryCreationTemplate", resource=find.with_role)
def update_repository_creation_template(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateRepositoryCreationTemplate.html"""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        changed = {**found.settings, **{name: req[name] for name in _SETTINGS if name in req}}
        if "imageTagMutability" in req and "imageTagMutabilityExclusionFilters" not in req:
            changed.pop("imageTagMutabilityExclusionFilters", None)
        found.settings = _checked({name: value for name, value in changed.items() if value or name == "appliedFor"})
        found.updated = ctx.now()
        tx.put(TEMPLATES, found)
    return {"registryId": ctx.account, "repositoryCreationTemplate": _shape(found)}


@operation("ecr", "DeleteRepositoryCreationTemplate", resource="*")
def delete_repository_creation_template(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepositoryCreationTemplate.html"""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        tx.delete(TEMPLATES, TEMPLATES.key(found))
    return {"registryId": ctx.account, "repositoryCreationTemplate": _shape(found)}


@operation("ecr", "DescribeRepositoryCreationTemplates", resource="*")
def describe_repository_creation_templates(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositoryCreationTemplates.html"""
    asked = [each.removesuffix("/") for each in req.get("prefixes") or ()]
    with ctx.read() as tx:
        found = list(tx.scan(TEMPLATES, (ctx.account, ctx.region)))
    page = lists.page(
        ctx,
        req,
        [each for each in found if not asked or each.prefix in asked],
        key=lambda each: each.prefix,
        shape=_shape,
        size=100,
        refused=lambda: InvalidParameter.at("nextToken", "must be a token that this operation returned"),
        scope=",".join(asked),
    )
    return {"registryId": ctx.account, **page}


def _require(tx: Reader, ctx: Context, req: Req) -> Template:
    prefix = check_prefix(req["prefix"], "prefix")
    found = tx.get(TEMPLATES, (ctx.account, ctx.region, prefix))
    if found is None:
        raise TemplateNotFound(f"The repository creation template with prefix '{prefix}' does not exist")
    return found


def _shape(found: Template) -> dict[str, Any]:
    defaults = {"imageTagMutability": "MUTABLE", "encryptionConfiguration": {"encryptionType": "AES256"}}
    times = {"createdAt": found.created, "updatedAt": found.updated}
    return {"prefix": found.prefix, **defaults, **found.settings, **times}
