"""Which API, and what of it, a request to `execute-api` is for.

    http://ID.execute-api.REGION.localhost:4566/STAGE/path
    http://localhost:4566/_aws/execute-api/ID/STAGE/path              for clients that cannot resolve such names
    http://localhost:4566/restapis/ID/STAGE/_user_request_/path
    http://d-ID.execute-api.REGION.localhost:4566/BASE/path           a custom domain name, by its regional name

HTTP APIs have a stage without a name in the path: what follows the API is left to them.
"""

from __future__ import annotations

import re

import msgspec

from fogbank.core.cache import Cache
from fogbank.core.context import Cloud
from fogbank.core.http import Request
from fogbank.store.api import Reader

from .accounts import CHANGED
from .domains import DOMAINS, MAPPINGS, NONE, Mapping

_PATH = re.compile(
    r"/(?:restapis/(?P<a>[a-z0-9]+)(?P<s>/[^/]+)/_user_request_(?P<q>/.*)?|_aws/execute-api/(?P<b>[a-z0-9-]+)(?P<p>/.*)?)$"
)


class Address(msgspec.Struct, frozen=True):
    """`path` is the raw path below the API; it begins with the stage unless a mapping of a domain gives `stage`.

    `domain` and `base` are the custom domain name and the base path of the mapping.
    """

    api: str
    path: str
    stage: str = ""
    domain: str = ""
    base: str = ""

    def staged(self) -> tuple[str, str]:
        """(stage, raw path below it), where the path has to name the stage."""
        if self.stage:
            return self.stage, self.path
        stage, _, rest = self.path[1:].partition("/")
        return stage, f"/{rest}"


def parse(request: Request) -> tuple[str, str]:
    """(id or first label, raw path below it) of a request."""
    host = request.host
    if ".execute-api" in host:
        return host.partition(".")[0].lower(), request.path
    match = _PATH.match(request.path)
    if match is None:
        return host.partition(".")[0].lower(), request.path
    if match["a"]:
        return match["a"], match["s"] + (match["q"] or "/")
    return match["b"], match["p"] or "/"


class Domains:
    """Cache of custom domain names, by the first label of their regional names: the mappings, the longest first."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self._known: Cache[str, tuple[str, list[Mapping]]] = Cache(app, CHANGED, most=2000)

    async def find(self, label: str, path: str) -> Address:
        """Where a request to a domain leads; to no API where no mapping takes its path.

        "API Gateway routes to the API mapping that has the longest matching path."
        https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html
        """
        found = self._known.get(label)
        if found is None:

            def load() -> tuple[str, list[Mapping]]:
                with self._app.store.read() as tx:
                    return _load(tx, label)

            found = await self._known.fill(label, self._app.run(load))
        domain, mappings = found
        for mapping in mappings:
            base = "" if mapping.base == NONE else f"/{mapping.base}"
            if path == base or path.startswith(f"{base}/"):
                return Address(mapping.api, path[len(base) :] or "/", mapping.stage, domain, base)
        return Address("", path, "", domain)


def _load(tx: Reader, label: str) -> tuple[str, list[Mapping]]:
    domain = tx.first(DOMAINS, "label", (label,))
    if domain is None:
        return "", []
    found = list(tx.scan(MAPPINGS, (domain.account, domain.region, domain.id)))
    return domain.id, sorted(found, key=lambda mapping: -len(mapping.base) if mapping.base != NONE else 0)


async def of(app: Cloud, request: Request) -> Address:
    """The address of a request."""
    label, path = parse(request)
    if label.startswith("d-"):
        return await app.local(Domains).find(label, path)
    return Address(label, path)
