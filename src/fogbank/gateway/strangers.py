"""Protects the cloud from other people's web pages: decides whether a request may have been sent by one.

Any page that a user visits can make the user's browser send requests to this machine, and everybody knows the keys
that Fogbank starts with. Three lists protect against that. They are parsed; none is matched by prefix:

    hosts that are served     `wire.hosts.served`: requests with any other Host are refused first of all. This stops a
                              page that has pointed its own name at this machine (DNS rebinding).
    origins that are trusted  `Strangers.trusts`: pages of this machine, and those of --allow-origin.
    loopback addresses        `core.http.is_secure`: requests from this machine count as encrypted.

A request comes from a browser (`Request.browser`) if it has one of these headers, which a stranger's page can neither
remove nor change:

    Sec-Fetch-Site, Sec-Fetch-Dest   sent to https, to loopback addresses and to localhost, with every request.
                                     (Sec-Fetch-Mode alone proves nothing: the fetch of Node.js sends it.)
    Origin                           with every POST, PUT, DELETE, … , every CORS request and every WebSocket
    Referer                          with most others; a page can omit it, but cannot name another page. (Firefox names
                                     the host of a sandboxed page too, so one with the cloud's own host proves nothing.)
    User-Agent: Mozilla/…            with every request of every browser. (In Firefox a page can set another one: for
                                     its own host always, for others after a preflight; see `wire.hosts.Host.plane`.)

https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header; the behaviour of Chromium and
Firefox was observed in both (tests/attacks/test_browsers.py).

If a browser's request is signed with a well-known key (the root keys with the default secret, and every unknown key
under --auth=open), it is accepted only if

- it has an Origin, and that is trusted; or
- it is `Sec-Fetch-Site: same-origin`, and the host is not that of a bucket, API or function, whose pages are users'; or
- it is a GET or HEAD of S3, without an Origin, from a trusted page (which shows an image by its presigned URL). Only
  reads are allowed, since another site's redirect may have caused the request, so the Referer proves too little; or
- it is a GET or HEAD of S3, without an Origin, from no page (`Sec-Fetch-Site: none`: a typed URL, a bookmark, a link in
  a mail). Only reads are allowed, since the URL may be a stranger's.

All other such requests are refused, whatever their method: a request without any information about its origin is not
trusted. Requests that do not come from browsers (SDKs, the CLI, curl with a presigned URL) are not affected. Keys that
were issued here, and the root keys once another secret is configured, are known to nobody else: pages may sign with
them as on AWS.

Public endpoints (public objects, websites, function URLs without authentication, open stages) answer everybody, as
their owner configured and as on AWS; only their Host is checked.

Users' content never runs with the origin of this cloud. If a browser gets an object or a function's answer from a host
that is not the content's own (`http://127.0.0.1:4566/bucket/page.html`), the response has a sandbox policy that gives
the page an opaque origin: it can run, but has only the access of any stranger's page.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/sandbox
"""

from __future__ import annotations

import re
from collections.abc import Awaitable

from fogbank.core import doors
from fogbank.core.errors import AccessDenied
from fogbank.core.http import Request, Response
from fogbank.core.settings import Settings
from fogbank.wire import hosts

# the labels before the domain in the host of a bucket, an API or a function
_LABELS = "|".join(re.escape(host.label) for host in doors.hosts() if not host.shared)
_PLANE = re.compile(rf"(?:[^.]+\.)*(?:{_LABELS})(?:[.-][a-z]{{2}}(?:-[a-z]+)+-\d)?\.")
KEPT = 1024  # entries in the cache of hosts
SANDBOX = (
    "content-security-policy",
    "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
)
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_REFERER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/?#\\@\s]+)(?:[/?#].*)?")
_PORTS = {"http": "80", "https": "443"}


class Strangers:
    """Makes these decisions by the settings of one cloud."""

    def __init__(self, settings: Settings) -> None:
        self._domains = settings.domains
        self._served = (*settings.domains, settings.host)
        self._allowed = frozenset(settings.allow_origin)
        self.hosts: dict[str, bool] = {}  # served host → whether it is a bucket's, API's or function's

    # -- hosts ------------------------------------------------------------------------------------------------------

    def meet(self, host: str) -> bool | None:
        """Whether a Host belongs to a bucket, an API or a function; None if it is not served."""
        if not hosts.served(host, self._served):
            return None
        if len(self.hosts) >= KEPT:
            self.hosts.clear()
        plane = self.hosts[host] = hosts.parse(host, self._domains).plane
        return plane

    def misdirected(self, request: Request) -> Response:
        """The response to a Host that is not served (RFC 9110 section 15.5.20)."""
        name = hosts.bare(request.host)
        plane = _PLANE.match(name)
        domain = name[plane.end() :] if plane else name
        text = (
            f"Fogbank does not answer to the host {name}, which could be a web page's name for this machine. If it is "
            f"yours, add it to the setting domains, without the names of buckets, APIs and functions in front: "
            f"FOGBANK_DOMAINS={','.join((*self._domains, domain))}\n"
        )
        return Response(421, [("content-type", "text/plain; charset=utf-8")], text.encode())

    # -- pages ------------------------------------------------------------------------------------------------------

    def trusts(self, origin: str, request: Request) -> bool:
        """Whether the pages of an origin may use well-known keys and read API responses.

        True for the origins of --allow-origin and those of this machine. But not for this cloud's own port, where
        users' content is served too (the cloud's own pages send `same-origin`), and not for the host of a bucket, API
        or function.
        """
        if origin in self._allowed:
            return True
        match = _ORIGIN.fullmatch(origin)
        if match is None:
            return False
        scheme, name, port = match.groups()
        address = hosts.address(name)
        if not (address.is_loopback if address is not None else name == "localhost" or name.endswith(".localhost")):
            return False
        asked = hosts.port(request.host) or _PORTS[request.scheme]
        return (port or _PORTS[scheme]) != asked and not hosts.parse(name, self._domains).plane

    def foreign(self, request: Request, *, reads: bool) -> bool:
        """Whether a stranger's page may have made a browser send this request.

        `reads`: a GET or HEAD on this endpoint changes nothing, and only the user sees the response.
        """
        if not request.browser:
            return False
        lookup = request.lookup
        site, origin, referer = lookup.get("sec-fetch-site"), lookup.get("origin"), lookup.get("referer")
        if origin is None and referer is not None:
            page = _REFERER.fullmatch(referer)
            said: str | None = page[1] if page else ""
        else:
            said = origin
        if site == "same-origin" and not hosts.parse(request.host, self._domains).name:
            return said is not None and said.partition("://")[2] != request.host.lower()
        if origin is None and not (reads and request.method in ("GET", "HEAD")):
            return True
        return not self.trusts(said, request) if said is not None else site != "none"

    def check(self, request: Request, service: str) -> None:
        """Raise AccessDenied if a stranger's page may have sent this request, signed with a well-known key."""
        if request.browser and self.foreign(request, reads=service == "s3"):
            hint = (
                "this request looks like a web page's, and anybody's page knows the key that it is signed with: use a "
                "key that IAM issued here, configure a secret of your own (FOGBANK_SECRET), or, if the page is yours, "
                "start with --allow-origin and its origin"
            )
            raise AccessDenied(
                "Fogbank does not take its well-known root keys from a web page that may be a stranger's.",
                headers=(("x-fogbank-hint", hint),),
            )


def sandboxed(answer: Response | Awaitable[Response]) -> Response | Awaitable[Response]:
    """Add the sandbox policy: if the response is a page, it gets an opaque origin. Its own policy applies as well."""
    if isinstance(answer, Response):
        answer.headers.append(SANDBOX)
        return answer
    return _sandboxed_later(answer)


async def _sandboxed_later(answer: Awaitable[Response]) -> Response:
    response = await answer
    response.headers.append(SANDBOX)
    return response
