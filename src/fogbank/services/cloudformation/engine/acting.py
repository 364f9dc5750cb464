"""In whose name the resources of a stack are made: its service role's, or the caller's."""

from __future__ import annotations

import msgspec

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.store.api import Reader

SERVICE = "cloudformation.amazonaws.com"


def encrypted(ctx: Context) -> Context:
    """CloudFormation itself speaks TLS (aws:SecureTransport), however its caller came in."""
    return msgspec.structs.replace(ctx, secure=True)


def check_role(tx: Reader, ctx: Context, role_arn: str) -> str:
    """The ARN again; ValidationError unless it is exactly that of a role in the stack's account."""
    role = roles.find(tx, role_arn, ctx.partition)
    if role is None or role.account != ctx.account:
        raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
    return role_arn


async def acting(ctx: Context, role_arn: str) -> Context:
    """The context for calls to other services.

    With a role it is assumed through STS, so that its trust policy decides; the ServiceError of a refusal is raised.
    Without one the calls are the caller's, forwarded by CloudFormation (aws:CalledVia).
    """
    if not role_arn:
        via = (*ctx.principal.via, SERVICE) if SERVICE not in ctx.principal.via else ctx.principal.via
        return encrypted(msgspec.structs.replace(ctx, principal=msgspec.structs.replace(ctx.principal, via=via)))
    await ctx.fetch(check_role, ctx, role_arn)
    role = await ctx.assume(role_arn, by=SERVICE, session="AWSCloudFormation")
    return encrypted(msgspec.structs.replace(role, principal=msgspec.structs.replace(role.principal, via=(SERVICE,))))
