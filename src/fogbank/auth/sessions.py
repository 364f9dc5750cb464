"""Sessions of roles that services assume: for a function, a stack, or an API's logs, for example.

    acting = await ctx.assume(role_arn, by="lambda.amazonaws.com", session="name")
    await acting.call("sqs", "ReceiveMessage", {...})

`Sessions.find` returns the session itself, for its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.core.cache import Cache
from fogbank.core.context import Cloud, Context
from fogbank.core.errors import AccessDenied
from fogbank.core.principal import Credential, service

from . import records, roles
from .authenticate import issued

EARLY = 300.0  # seconds before its expiry from which a session is not reused


class _Asked(NamedTuple):
    """Everything a trust policy may read: sessions that differ in any of it are not the same."""

    account: str
    region: str
    role: str
    by: str
    session: str
    source_arn: str
    external_id: str
    tags: tuple[tuple[str, str], ...]


class Sessions:
    """Caches sessions by role and by who assumed them, until an identity changes. `app.local(Sessions)`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._held: Cache[_Asked, Credential] = Cache(cloud, records.CHANGED)

    async def find(
        self,
        ctx: Context,
        role: str,
        *,
        by: str,
        session: str,
        source_arn: str = "",
        external_id: str = "",
        tags: Mapping[str, str] | None = None,
        lasting: float = EARLY,
    ) -> Credential:
        """A session of a role of the context's account, assumed by the service principal `by`.

        The role's trust policy is evaluated with aws:SourceAccount and, as given, aws:SourceArn, sts:ExternalId and the
        session's tags. A session is reused while it lasts for `lasting` seconds more. Raises AccessDenied for a role of
        another account (services are passed roles of their own account only), and the errors of AssumeRole.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
        """
        if roles.account_of(role, ctx.partition) != ctx.account:
            raise AccessDenied("Cross-account pass role is not allowed.")
        sorted_tags = tuple(sorted((tags or {}).items()))
        asked = _Asked(ctx.account, ctx.region, role, by, session, source_arn, external_id, sorted_tags)
        held = self._held.get(asked)
        if held is not None and held.expires is not None and held.expires - ctx.now() > lasting:
            return held
        return await self._held.fill(asked, self._assume(ctx, asked))

    async def _assume(self, ctx: Context, asked: _Asked) -> Credential:
        request: dict[str, Any] = {"RoleArn": asked.role, "RoleSessionName": asked.session}
        if asked.external_id:
            request["ExternalId"] = asked.external_id
        if asked.tags:
            request["Tags"] = [{"Key": key, "Value": value} for key, value in asked.tags]
        itself = ctx.acting_as(service(asked.by, asked.account, asked.source_arn))
        answer = await itself.call("sts", "AssumeRole", request)
        # read as for any request signed with these keys: with the tags of the role
        found = await ctx.fetch(issued, answer["Credentials"]["AccessKeyId"], ctx.partition)
        if found is None:
            raise AccessDenied(f"The role {asked.role} does not exist.")
        return found
