"""The policies of repositories."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .. import find, policies
from ..declaration import both
from ..errors import RepositoryPolicyNotFound
from ..records import REPOSITORIES, Repository

Req = dict[str, Any]


def _set(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html"""
    policies.check(req["policyText"], "repository")
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        found.policy = req["policyText"]
        tx.put(REPOSITORIES, found)
    return _shown(found)


def _get(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetRepositoryPolicy.html"""
    with ctx.read() as tx:
        found = find.require(tx, ctx, req)
    return _shown(found)


def _delete(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepositoryPolicy.html"""
    with ctx.write() as tx:
        found = find.require(tx, ctx, req)
        shown = _shown(found)
        found.policy = None
        tx.put(REPOSITORIES, found)
    return shown


def _shown(found: Repository) -> dict[str, Any]:
    if found.policy is None:
        raise RepositoryPolicyNotFound(
            f"Repository policy does not exist for the repository with name '{found.name}' in the registry with id "
            f"'{found.account}'"
        )
    return {"registryId": found.account, "repositoryName": found.name, "policyText": found.policy}


set_policy, set_public_policy = both("SetRepositoryPolicy", __name__, _set)
get_policy, get_public_policy = both("GetRepositoryPolicy", __name__, _get)
delete_policy, delete_public_policy = both("DeleteRepositoryPolicy", __name__, _delete)
