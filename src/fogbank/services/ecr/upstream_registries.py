"""The client of upstream registries: manifests, and blobs in pieces, over the cloud's one HTTP client.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import msgspec

from fogbank.core.context import Cloud
from fogbank.core.http_connection import Answer
from fogbank.core.outbound import Outbound, OutboundError

from .errors import UnableToGetUpstreamImage
from .manifests import LIMIT, TYPES

_HOSTS = {
    "public.ecr.aws": "ecr-public",
    "quay.io": "quay",
    "registry.k8s.io": "k8s",
    "registry-1.docker.io": "docker-hub",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
    "cgr.dev": "chainguard",
}
_PRIVATE = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?")
_AZURE = re.compile(r"[a-z0-9-]+\.azurecr\.io")
# a registry of this machine, over plain HTTP: AWS has no such thing; it counts as an Azure registry
_LOCAL = re.compile(r"(?:[a-z0-9-]+\.)*localhost(?::\d{1,5})?|127\.0\.0\.1(?::\d{1,5})?")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
PIECE = 8 << 20  # bytes of a blob that one request asks for
SECONDS = 60.0
REDIRECTS = 5


def kind_of(url: str) -> str | None:
    """The upstreamRegistry of a URL; None if it is not supported."""
    if _PRIVATE.fullmatch(url):
        return "ecr"
    return _HOSTS.get(url) or ("azure-container-registry" if _AZURE.fullmatch(url) or _LOCAL.fullmatch(url) else None)


def private(url: str) -> tuple[str, str] | None:
    """The account and region of a private registry of ECR."""
    match = _PRIVATE.fullmatch(url)
    return (match[1], match[2]) if match else None


class Registry:
    """One upstream registry, with the credentials (user, password) of a rule if it has some."""

    def __init__(self, cloud: Cloud, url: str, credentials: tuple[str, str] | None) -> None:
        self._outbound = cloud.local(Outbound)
        self._url = url
        self._base = f"{'http' if _LOCAL.fullmatch(url) else 'https'}://{url}/v2/"
        self._credentials = credentials
        self._authorization = ""

    async def check(self) -> None:
        """Raise UnableToGetUpstreamImage unless the registry takes the credentials."""
        answer = await self._get("")
        if answer.status != 200:
            raise self._failed(f"it answered with status {answer.status}")

    async def manifest(self, name: str, reference: str) -> tuple[bytes, str]:
        """A manifest and its media type."""
        answer = await self._get(f"{name}/manifests/{reference}", [("Accept", ", ".join(TYPES))], limit=LIMIT)
        if answer.status != 200:
            raise self._failed(f"it answered with status {answer.status} to the manifest {name}:{reference}")
        return answer.body, answer.header("content-type")

    async def blob(self, name: str, digest: str, size: int) -> AsyncIterator[bytes]:
        """The bytes of a blob, some at a time: the client keeps whole answers in memory."""
        at = 0
        while at < size:
            last = min(at + PIECE, size) - 1
            answer = await self._get(f"{name}/blobs/{digest}", [("Range", f"bytes={at}-{last}")], limit=PIECE)
            if answer.status == 200 and len(answer.body) == size:  # a registry without ranges, and a small blob
                yield answer.body
                return
            if answer.status != 206 or len(answer.body) != last + 1 - at:
                raise self._failed(f"it answered with status {answer.status} to bytes {at} to {last} of {digest}")
            yield answer.body
            at = last + 1

    async def _get(self, path: str, headers: list[tuple[str, str]] | None = None, limit: int = LIMIT) -> Answer:
        answer = await self._ask(self._base + path, headers or [], limit)
        challenge = answer.header("www-authenticate")
        if answer.status == 401 and challenge and not self._authorization:
            self._authorization = await self._authorise(challenge)
            answer = await self._ask(self._base + path, headers or [], limit)
        if answer.status in (401, 403):
            raise self._failed(f"it answered with status {answer.status}: it does not take the credentials of the rule")
        return answer

    async def _ask(self, url: str, headers: list[tuple[str, str]], limit: int) -> Answer:
        sent = [*headers, *([("Authorization", self._authorization)] if self._authorization else [])]
        try:
            return await self._outbound.request(
                "GET", url, headers=sent, seconds=SECONDS, limit=limit, redirects=REDIRECTS
            )
        except (OutboundError, TimeoutError) as error:
            raise self._failed(str(error) or "it does not answer") from None

    async def _authorise(self, challenge: str) -> str:
        """The Authorization header that a challenge asks for."""
        scheme, _, rest = challenge.partition(" ")
        basic = base64.b64encode(":".join(self._credentials).encode()).decode() if self._credentials else ""
        if scheme.lower() == "basic":
            return f"Basic {basic}" if basic else ""
        wanted = dict(_PARAMETER.findall(rest))
        query = urlencode({name: wanted[name] for name in ("service", "scope") if name in wanted})
        headers = [("Authorization", f"Basic {basic}")] if basic else []
        answer = await self._ask(f"{wanted.get('realm', '')}?{query}", headers, LIMIT)
        try:
            found: dict[str, Any] = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            found = {}
        token = found.get("token") or found.get("access_token")
        if answer.status != 200 or not isinstance(token, str):
            raise self._failed(f"its token service answered with status {answer.status}")
        return f"Bearer {token}"

    def _failed(self, why: str) -> UnableToGetUpstreamImage:
        return UnableToGetUpstreamImage(f"The upstream registry {self._url} could not be used: {why}")
