"""GetAuthorizationToken."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import names, tokens


@operation("ecr", "GetAuthorizationToken", resource="*")
def get_authorization_token(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html"""
    accounts = req.get("registryIds") or [ctx.account]
    endpoints = [names.proxy_endpoint(ctx, account, ctx.region) for account in accounts]
    return {"authorizationData": [{**tokens.data(ctx), "proxyEndpoint": endpoint} for endpoint in endpoints]}


@operation("ecr-public", "GetAuthorizationToken", resource="*")
def get_public_authorization_token(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html"""
    return {"authorizationData": tokens.data(ctx)}
