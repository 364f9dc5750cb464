"""Chooses the principal that creates a stack's resources: the stack's service role, or the caller."""

from __future__ import annotations

import msgspec

from fogbank.auth import roles
from fogbank.auth.authenticate import issued
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ValidationError
from fogbank.store.api import Reader

SERVICE = "cloudformation.amazonaws.com"


def encrypted(ctx: Context) -> Context:
    """The context with aws:SecureTransport set: CloudFormation's own calls use TLS, whatever its caller used."""
    return msgspec.structs.replace(ctx, secure=True)


def check_role(tx: Reader, ctx: Context, role_arn: str) -> str:
    """Return `role_arn`. Raises ValidationError unless it is exactly the ARN of a role in the stack's account."""
    role = roles.find(tx, role_arn, ctx.partition)
    if role is None or role.account != ctx.account:
        raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
    return role_arn


async def assumed(ctx: Context, role_arn: str, session: str, region: str) -> Context:
    """The context as another role, of any account, which the context's own principal assumes through STS."""
    request = {"RoleArn": role_arn, "RoleSessionName": session}
    keys = (await ctx.call("sts", "AssumeRole", request))["Credentials"]
    found = await ctx.fetch(issued, keys["AccessKeyId"], ctx.partition)
    if found is None:
        raise AccessDenied(f"The role {role_arn} does not exist.")
    return encrypted(ctx.acting_as(found.principal, region=region))


async def acting(ctx: Context, role_arn: str) -> Context:
    """The context for calls to other services.

    With a role, CloudFormation assumes it through STS, so its trust policy applies; STS's ServiceError is passed on.
    Without a role, the calls are made as the caller, via CloudFormation (aws:CalledVia).
    """
    if not role_arn:
        via = (*ctx.principal.via, SERVICE) if SERVICE not in ctx.principal.via else ctx.principal.via
        return encrypted(msgspec.structs.replace(ctx, principal=msgspec.structs.replace(ctx.principal, via=via)))
    await ctx.fetch(check_role, ctx, role_arn)
    role = await ctx.assume(role_arn, by=SERVICE, session="AWSCloudFormation")
    return encrypted(msgspec.structs.replace(role, principal=msgspec.structs.replace(role.principal, via=(SERVICE,))))
