"""In whose name the resources of a stack are made: its service role's, or the caller's."""

from __future__ import annotations

import msgspec

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.principal import Principal, service
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
    itself = ctx.acting_as(service(SERVICE, ctx.account))
    answer = await itself.call("sts", "AssumeRole", {"RoleArn": role_arn, "RoleSessionName": "AWSCloudFormation"})
    user = answer["AssumedRoleUser"]
    return encrypted(ctx).acting_as(
        Principal(
            kind="role",
            account=ctx.account,
            arn=user["Arn"],
            identity_arn=role_arn,
            user_id=user["AssumedRoleId"],
            access_key=answer["Credentials"]["AccessKeyId"],
            issued_at=ctx.now(),
            via=(SERVICE,),
        )
    )
