"""The names of registries, repositories, tags and digests, and the URIs of repositories.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pull

AWS's URI of a repository is ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME, and public.ecr.aws/ALIAS/NAME of a public one.
Here the same registry has several names:

    ACCOUNT.dkr.ecr.REGION.DOMAIN/NAME, public.ecr.DOMAIN/ALIAS/NAME     by host, below each of the cloud's domains
    localhost:4566/ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME             by path, on each of the cloud's own names
    localhost:4566/public.ecr.aws/ALIAS/NAME
    localhost:4566/NAME                                                  of the account and region of the token

The API shows the second form to callers that use `localhost` or an address, and the first one to others. docker and
crane take `localhost` without TLS and without configuration. Many machines do not resolve names below `localhost`:
glibc does so only with systemd, and programs written in Go ask a name server.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from fogbank.core.context import Context

from .records import PUBLIC

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,299}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
HOSTED = re.compile(rf"([0-9]{{12}})\.dkr[.-]ecr\.([a-z]{{2}}(?:-[a-z]+)+-\d)\.[^/]+/({REPOSITORY.pattern})")
PUBLIC_HOST = "public.ecr"
_HOSTED_PUBLIC = re.compile(rf"public\.ecr\.aws/([a-z][a-z0-9]+)/({REPOSITORY.pattern})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TAIL = 36**7  # the aliases with one first letter
_STEP = 611_953_271  # spreads neighbouring accounts over the aliases


class Place(NamedTuple):
    """A repository by its name: the key of its record."""

    account: str
    region: str
    name: str


def is_repository(name: str) -> bool:
    return 2 <= len(name) <= 256 and REPOSITORY.fullmatch(name) is not None


def alias_of(account: str) -> str:
    """The default alias of an account's public registry: a letter and seven letters or digits."""
    number = int(account) * _STEP % (26 * _TAIL)
    first, rest = divmod(number, _TAIL)
    digits = []
    for _ in range(7):
        rest, digit = divmod(rest, 36)
        digits.append(_DIGITS[digit])
    return chr(ord("a") + first) + "".join(reversed(digits))


def account_of(alias: str) -> str | None:
    """The account whose public registry has this default alias."""
    if len(alias) != 8 or not "a" <= alias[0] <= "z" or any(digit not in _DIGITS for digit in alias):
        return None
    number = (ord(alias[0]) - ord("a")) * _TAIL + int(alias[1:], 36)
    account = number * pow(_STEP, -1, 26 * _TAIL) % (26 * _TAIL)
    return f"{account:012d}" if account < 10**12 else None


def hosted(path: str) -> Place | None:
    """The repository that a name under one of the cloud's own names means, if it contains its registry's host."""
    if match := HOSTED.fullmatch(path):
        return Place(match[1], match[2], match[3])
    if match := _HOSTED_PUBLIC.fullmatch(path):
        return public(match[1], match[2])
    return None


def public(alias: str, name: str) -> Place:
    """A repository below a public registry's alias; of nobody if there is no such registry."""
    return Place(account_of(alias) or "", PUBLIC, name)


def _domain(ctx: Context) -> tuple[str, bool]:
    """The name and port of the cloud as the caller knows it, and whether names of registries can stand before it."""
    here = urlsplit(ctx.endpoint)
    host = here.hostname or "localhost"
    if host.replace(".", "").isdigit() or ":" in host:
        host = "localhost"
    for service in ("api.ecr.", "ecr.", "api.ecr-public.", "ecr-public."):  # https://api.ecr.REGION.DOMAIN
        if host.startswith(service):
            host = re.sub(r"^[a-z]{2}(-[a-z]+)+-\d\.", "", host.removeprefix(service))
            break
    return (f"{host}:{here.port}" if here.port else host), host != "localhost"


def registry_uri(ctx: Context, account: str, region: str) -> str:
    """What stands before the names of a registry's repositories."""
    domain, before = _domain(ctx)
    if not region:
        alias = alias_of(account)
        return f"{PUBLIC_HOST}.{domain}/{alias}" if before else f"{domain}/{PUBLIC_HOST}.aws/{alias}"
    host = f"{account}.dkr.ecr.{region}"
    return f"{host}.{domain}" if before else f"{domain}/{host}.amazonaws.com"


def proxy_endpoint(ctx: Context, account: str, region: str) -> str:
    """Where container tools log in."""
    return f"{urlsplit(ctx.endpoint).scheme}://{registry_uri(ctx, account, region).partition('/')[0]}"


def repository_uri(ctx: Context, account: str, region: str, name: str) -> str:
    return f"{registry_uri(ctx, account, region)}/{name}"
