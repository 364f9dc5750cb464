"""The paths of the registry's protocol.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from .door_errors import NoSuchPath

_PATTERNS = {
    "root": re.compile(r"/v2/?"),
    "catalog": re.compile(r"/v2/_catalog"),
    "token": re.compile(r"/v2/token/?"),
    "tags": re.compile(r"/v2/(?P<name>.+)/tags/list"),
    "uploads": re.compile(r"/v2/(?P<name>.+)/blobs/uploads/?"),
    "upload": re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<reference>[^/]+)"),
    "blob": re.compile(r"/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)"),
    "manifest": re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)"),
    "referrers": re.compile(r"/v2/(?P<name>.+)/referrers/(?P<reference>[^/]+)"),
}


class Route(NamedTuple):
    """What a path is about. `name` is the repository as the path has it: perhaps with its registry's host."""

    about: str
    name: str = ""
    reference: str = ""


def route(path: str) -> Route:
    """Raises NoSuchPath."""
    path = unquote(path)
    for about, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(path):
            found = match.groupdict()
            return Route(about, found.get("name", ""), found.get("reference", ""))
    raise NoSuchPath
