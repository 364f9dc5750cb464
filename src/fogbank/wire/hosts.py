"""Parses Host headers to service, region and bucket or API, and decides which hosts this cloud serves.

Known forms, each under any of the configured domains (`localhost`, `amazonaws.com`, …):

    BUCKET.s3.DOMAIN   BUCKET.s3.REGION.DOMAIN   BUCKET.s3-REGION.DOMAIN      s3 virtual hosts
    BUCKET.s3-website.REGION.DOMAIN   BUCKET.s3-website-REGION.DOMAIN         static websites
    NAME.LABEL.REGION.DOMAIN   NAME.LABEL.DOMAIN                              declared by folders (`core.doors`):
                                                                              stages, function URLs (also .on.aws), …
    SERVICE.REGION.DOMAIN   SERVICE.DOMAIN   queue.DOMAIN                     everything else
    BUCKET.DOMAIN                            s3 virtual hosts, if an SDK uses the domain itself as S3's endpoint
"""

from __future__ import annotations

import ipaddress
import re
from functools import cache, lru_cache

import msgspec

from fogbank.core import doors

from . import index

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ALSO = ("on.aws", "api.aws", "ecr.aws")  # function URLs, dual-stack names, and public.ecr.aws
# Domains whose names no stranger can point at this machine: AWS owns some, and nobody can register names below the
# others (RFC 6761 section 6.3; ICANN's resolution 2024.07.29.06 reserves .internal for private use).
_SAFE = ("amazonaws.com", *_ALSO, "localhost", "internal")


class Host(msgspec.Struct, frozen=True):
    """A parsed host. `service` is an endpoint prefix ("s3", "execute-api", …), `name` the part before it.

    `name` is a bucket or an API's id. `plane` says that the host belongs to that bucket, API or function alone. Its
    owner's pages have this host as their origin, and Firefox lets them call it without looking like a browser. So no
    other service and no control API answers there. BUCKET.DOMAIN is no plane, since any such name may also be used as
    the endpoint of all services.
    """

    service: str = ""
    region: str = ""
    name: str = ""
    plane: bool = False


NONE = Host()
_OTHER_NAMES = frozenset({"s3", "cognito-idp", "email", "monitoring", "events", "states", "tagging"})
_ADDRESS = re.compile(r"[\d.]+|\[[0-9a-fA-F:]+\]")
_SHARED = frozenset(host.label for host in doors.hosts() if host.shared)
_NAMED = re.compile(
    rf"(?:(?P<name>.+)\.)?(?P<service>{'|'.join(re.escape(host.label) for host in doors.hosts())})"
    r"(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?(?:\.dualstack)?"
)


def bare(host: str) -> str:
    """The host without its port, lower case."""
    host = host.strip().lower()
    return host.rsplit(":", 1)[0] if ":" in host and not host.endswith("]") else host


def port(host: str) -> str:
    """The port in a Host; empty if it has none."""
    _, colon, number = host.rpartition(":")
    return number if colon and not number.endswith("]") else ""


@lru_cache(maxsize=4096)
def parse(host: str, domains: tuple[str, ...]) -> Host:
    """Parse a Host. NONE if it is an address or not under one of the domains."""
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
        service, name = match["service"], match["name"] or ""
        return Host(service, match["region"] or "", name, plane=bool(name) and service not in _SHARED)
    parts = head.split(".")
    region = next((part for part in parts[1:] if _REGION.fullmatch(part)), "")
    # the marks dualstack and fips, and labels in front (ACCOUNT.ddb.REGION), do not change the service
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


_HOST = re.compile(r"(\[[0-9a-f:.%]+\]|[^\[\]:]*)(?::[0-9]{0,5})?")  # a name or an address, and an optional port
_LABEL = re.compile(r"(?![0-9]+$|0x[0-9a-f]*$)[a-z0-9_-]+")  # no number: browsers read it as an address


def served(host: str, domains: tuple[str, ...]) -> bool:
    """Whether this cloud serves a Host. It serves none that a stranger can point at this machine (DNS rebinding).

    Served are addresses, single-label names (which other containers use), names below .localhost, .internal and AWS's
    domains, and the configured domains with all names below them. A missing or empty Host is served as well, since
    browsers never send that.
    """
    match = _HOST.fullmatch(host.strip().lower())
    if match is None:
        return False
    if not match[1]:
        return True
    name = match[1].removesuffix(".")
    if address(name) is not None or _LABEL.fullmatch(name):
        return True
    ours = (*(domain.lower() for domain in domains if domain), *_SAFE)
    return any(name == domain or name.endswith(f".{domain}") for domain in ours)


def address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse a URL's host as an IP address (version 6 in brackets). None for a name, a number, or other forms."""
    bracketed = name.startswith("[") and name.endswith("]")
    try:
        return ipaddress.IPv6Address(name[1:-1]) if bracketed else ipaddress.IPv4Address(name)
    except ValueError:
        return None
