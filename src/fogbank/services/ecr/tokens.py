"""Authorization tokens: the password `AWS:TOKEN` of container tools, valid for twelve hours of the cloud's clock.

A token contains its caller, sealed with the cloud's secret, and can be used with every registry that the caller may
use. It ends early if its access key does: with a session, or when the key is deleted or deactivated (that AWS's does
is not confirmed).

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple

import msgspec

from fogbank.core import paging
from fogbank.core.context import Cloud, Context
from fogbank.core.principal import Principal, anonymous

HOURS = 12
_SCOPE = "ecr/token"


class BadToken(Exception):
    """A text that is no token of this cloud."""


class ExpiredToken(Exception):
    pass


class Bearer(NamedTuple):
    """Whom a token stands for, the region that it was made in, and when it ends."""

    principal: Principal
    region: str
    ends: float


def make(ctx: Context) -> tuple[str, float]:
    """A token for the caller, and when it ends."""
    ends = ctx.now() + HOURS * 3600
    key = ctx.principal.access_key
    credential = ctx.app.authenticator.credential(key) if key else None
    if credential is not None and credential.expires is not None:
        ends = min(ends, credential.expires)
    caller = ctx.principal
    if credential is not None:  # `read` finds the rest by the key
        caller = msgspec.structs.replace(caller, session_policies=(), tags={})
    return _sealed(ctx.app, ends, ctx.region, caller)


def unnamed(cloud: Cloud) -> tuple[str, float]:
    """A token for a caller who has none, for pulls from public registries."""
    return _sealed(cloud, cloud.clock.now() + HOURS * 3600, "", anonymous())


def _sealed(cloud: Cloud, ends: float, region: str, caller: Principal) -> tuple[str, float]:
    ends = float(int(ends))
    return paging.encode(cloud.secret, _SCOPE, [ends, region, msgspec.msgpack.encode(caller)]), ends


def read(cloud: Cloud, token: str) -> Bearer:
    """Whom a token stands for. Raises BadToken and ExpiredToken."""
    try:
        ends, region, encoded = paging.decode(cloud.secret, _SCOPE, token)
    except ValueError:
        raise BadToken from None
    if cloud.clock.now() >= ends:
        raise ExpiredToken
    principal = msgspec.msgpack.decode(encoded, type=Principal)
    if principal.access_key:
        credential = cloud.authenticator.credential(principal.access_key)
        if credential is not None:
            principal = credential.principal
        elif cloud.settings.auth != "open" or principal.kind != "root":
            raise BadToken
    return Bearer(principal, region, ends)


def password(authorization: str) -> str | None:
    """The token in an Authorization header: the password of Basic authentication, or a bearer's token."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return secret if user == "AWS" else None


def basic(token: str) -> str:
    """The authorizationToken of the API."""
    return base64.b64encode(f"AWS:{token}".encode()).decode()


def data(ctx: Context) -> dict[str, Any]:
    token, ends = make(ctx)
    return {"authorizationToken": basic(token), "expiresAt": ends}
