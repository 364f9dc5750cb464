"""What a Host header says: which service, region and bucket or API it names.

Known forms, each under any of the configured domains (`localhost`, `amazonaws.com`, …; `s3` stands for any service):

    BUCKET.s3.DOMAIN   BUCKET.s3.REGION.DOMAIN   BUCKET.s3-REGION.DOMAIN      s3 virtual hosts
    BUCKET.s3-website.REGION.DOMAIN   BUCKET.s3-website-REGION.DOMAIN         static websites
    ID.execute-api.REGION.DOMAIN   ID.execute-api.DOMAIN                      API Gateway stages
    ID.lambda-url.REGION.DOMAIN                                               function URLs (also .on.aws)
    SERVICE.REGION.DOMAIN   SERVICE.DOMAIN   queue.DOMAIN                     everything else
    BUCKET.DOMAIN                            s3 virtual hosts under an endpoint that SDKs take for S3's own name
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import msgspec

from . import index

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ALSO = ("on.aws", "api.aws")  # function URLs and dual-stack names


class Host(msgspec.Struct, frozen=True):
    """`service` is an endpoint prefix ("s3", "execute-api", …); `name` what stands before it (bucket, API id)."""

    service: str = ""
    region: str = ""
    name: str = ""


NONE = Host()
_OTHER_NAMES = frozenset({"s3", "cognito-idp", "email", "monitoring", "events", "states", "tagging"})
_ADDRESS = re.compile(r"[\d.]+|\[[0-9a-fA-F:]+\]")
_NAMED = re.compile(
    r"(?:(?P<name>.+)\.)?(?P<service>s3|s3-website|execute-api|lambda-url|s3-control)"
    r"(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?(?:\.dualstack)?"
)


def bare(host: str) -> str:
    """The host without its port, lower case."""
    host = host.strip().lower()
    return host.rsplit(":", 1)[0] if ":" in host and not host.endswith("]") else host


@lru_cache(maxsize=4096)
def parse(host: str, domains: tuple[str, ...]) -> Host:
    """What `host` names; NONE when it is an address or no name of ours."""
    name = bare(host).rstrip(".")
    if _ADDRESS.fullmatch(name):
        return NONE
    for domain in sorted((*domains, *_ALSO), key=len, reverse=True):
        if name.endswith("." + domain):
            return _labels(name[: -len(domain) - 1])
    return NONE


def _labels(head: str) -> Host:
    match = _NAMED.fullmatch(head)
    if match:
        return Host(match["service"], match["region"] or "", match["name"] or "")
    parts = head.split(".")
    region = next((part for part in parts[1:] if _REGION.fullmatch(part)), "")
    # a dualstack or fips mark, and names in front (ACCOUNT.ddb.REGION), do not change the service
    service = parts[0].removesuffix("-fips")
    if service == "queue" or (len(parts) > 1 and parts[1] == "queue"):
        service = "sqs"
    if not region and not _is_service(service):
        return Host("s3", "", head)
    return Host(service, region, "")


@cache
def _is_service(name: str) -> bool:
    table = index.table()
    return name in table.by_endpoint or name in table.by_signing or name in _OTHER_NAMES


def is_local(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a Host or Origin names this machine or one of our domains: what a page of a stranger does not."""
    name = bare(host).rstrip(".")
    if name in ("", "127.0.0.1", "[::1]", "localhost", *domains):
        return True
    return name.startswith("127.") or any(name.endswith("." + domain) for domain in (*domains, *_ALSO))
