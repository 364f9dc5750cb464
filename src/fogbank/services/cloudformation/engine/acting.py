"""In whose name the resources of a stack are made: its service role's, or the caller's."""

from __future__ import annotations

import msgspec

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.principal import Principal, service

SERVICE = "cloudformation.amazonaws.com"


def encrypted(ctx: Context) -> Context:
    """CloudFormation itself speaks TLS (aws:SecureTransport), however its caller came in."""
    return msgspec.structs.replace(ctx, secure=True)


async def acting(ctx: Context, role_arn: str) -> Context:
    """The context for calls to other services.

    With a role it is assumed through STS, so that its trust policy decides; the ServiceError of a refusal is raised.
    Without one the calls are the caller's, forwarded by CloudFormation (aws:CalledVia).
    """
    if not role_arn:
        via = (*ctx.principal.via, SERVICE) if SERVICE not in ctx.principal.via else ctx.principal.via
        return encrypted(msgspec.structs.replace(ctx, principal=msgspec.structs.replace(ctx.principal, via=via)))
    itself = ctx.acting_as(service(SERVICE, ctx.account))
    answer = await itself.call("sts", "AssumeRole", {"RoleArn": role_arn, "RoleSessionName": "AWSCloudFormation"})
    user = answer["AssumedRoleUser"]
    return encrypted(ctx).acting_as(
        Principal(
            kind="role",
            account=arns.parse(role_arn).account,
            arn=user["Arn"],
            identity_arn=role_arn,
            user_id=user["AssumedRoleId"],
            access_key=answer["Credentials"]["AccessKeyId"],
            issued_at=ctx.now(),
            via=(SERVICE,),
        )
    )
