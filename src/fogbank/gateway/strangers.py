"""May this request come from a web page that is not ours? The one decision, which every door asks for.

Any page that a user visits can have the user's browser send requests to this machine, and everybody knows the keys
that Fogbank starts with. Three lists, each parsed and none matched by prefix, stand against that:

    hosts that are served     `wire.hosts.served`: any other Host is refused at every door, before anything else. A page
                              that has pointed its own name at this machine (DNS rebinding) gets no further.
    origins that are trusted  `Strangers.trusts`: pages of this machine, and those of --allow-origin.
    loopback addresses        `core.http.is_secure`: what never leaves this machine is as good as encrypted.

A request is a browser's (`Request.browser`) when it has one of these, none of which a page of a stranger can take away
or change:

    Sec-Fetch-Site, Sec-Fetch-Dest   sent to https, to loopback addresses and to localhost, with every request.
                                     (Sec-Fetch-Mode alone is no sign: the fetch of Node.js sends it.)
    Origin                           with every POST, PUT, DELETE, … , every CORS request and every WebSocket
    Referer                          most others; a page can leave it out, but cannot name another page. (Firefox names
                                     the host of a sandboxed page too, so one with the cloud's own host proves nothing.)
    User-Agent: Mozilla/…            every browser there is. (Firefox lets a page name another one, to others after a
                                     preflight, to its own host always: see `wire.hosts.Host.plane`.)

https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header; what is said of Chromium and
Firefox was seen in both (tests/attacks/test_browsers.py).

With a key that everybody knows (the root keys with the default secret, and every unknown key under --auth=open), what
a browser sends is let in only when

- it has an Origin, and that is trusted; or
- it is `Sec-Fetch-Site: same-origin`, and the host is not one of a bucket, API or function, whose pages are users'; or
- it is a GET or HEAD of S3, without an Origin, from a page that is trusted (an image by its presigned URL; the page may
  have been led here by a redirect of another's, so its Referer proves too little for what changes something) or from
  no page at all (`Sec-Fetch-Site: none`: typed in, a bookmark, a link in a mail: that is why it may only read).

Everything else is refused, whichever method it has: that a request says nothing of where it is from does not make it
local. What is no browser's (SDKs, the CLI, curl with a presigned URL) is not touched. Keys that were issued here, and
the root keys once another secret is configured, are known to nobody else: pages may sign with them as on AWS.

Public doors (public objects, websites, function URLs without authentication, open stages) answer anybody as their
owner configured them, as on AWS; only the Host is looked at there.

What users store or compute is never shown as a page of this cloud. An object or a function's answer that a browser gets
from a host that is not its own (`http://127.0.0.1:4566/bucket/page.html`) comes with a policy that gives the page an
origin of nobody: it can run, and reach what any page of a stranger reaches.
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

# what stands before the domain in the host of a bucket, an API or a function
_LABELS = "|".join(re.escape(host.label) for host in doors.hosts() if not host.shared)
_PLANE = re.compile(rf"(?:[^.]+\.)*(?:{_LABELS})(?:[.-][a-z]{{2}}(?:-[a-z]+)+-\d)?\.")
KEPT = 1024  # hosts remembered
SANDBOX = (
    "content-security-policy",
    "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
)
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_REFERER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/?#\\@\s]+)(?:[/?#].*)?")
_PORTS = {"http": "80", "https": "443"}


class Strangers:
    """The decision, by one cloud's settings."""

    def __init__(self, settings: Settings) -> None:
        self._domains = settings.domains
        self._served = (*settings.domains, settings.host)
        self._allowed = frozenset(settings.allow_origin)
        self.hosts: dict[str, bool] = {}  # those that are served → whether they are a bucket's, API's or function's own

    # -- hosts ------------------------------------------------------------------------------------------------------

    def meet(self, host: str) -> bool | None:
        """Whether a Host is a bucket's, API's or function's own; None when it is not served."""
        if not hosts.served(host, self._served):
            return None
        if len(self.hosts) >= KEPT:
            self.hosts.clear()
        plane = self.hosts[host] = hosts.parse(host, self._domains).plane
        return plane

    def misdirected(self, request: Request) -> Response:
        """The answer to a Host that is not served (RFC 9110 section 15.5.20)."""
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
        """Whether the pages of an origin may use keys that everybody knows, and read what an API call answers.

        Those of --allow-origin, and those of this machine: but not what this very cloud answers on its port, which
        may be a user's (a page of its own comes with `same-origin`), nor a bucket's, API's or function's own host.
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
        """Whether a request may be one that a stranger's page had a browser send.

        `reads`: a GET or HEAD of this door changes nothing and shows nothing but to the user.
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
        """Raises AccessDenied for what a stranger's page may have sent, signed for `service` with a well-known key."""
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
    """An answer that, should it be a page, is of no origin. A policy that it brings itself holds beside this one."""
    if isinstance(answer, Response):
        answer.headers.append(SANDBOX)
        return answer
    return _sandboxed_later(answer)


async def _sandboxed_later(answer: Awaitable[Response]) -> Response:
    response = await answer
    response.headers.append(SANDBOX)
    return response
