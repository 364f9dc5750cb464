"""CORS for API calls. AWS's own endpoints allow any origin; Fogbank allows those that `strangers` trusts.

S3 buckets, API Gateway stages and function URLs have their own CORS configuration instead.
"""

from __future__ import annotations

import re

from fogbank.core.http import Request, Response

from .strangers import Strangers

_DATED = re.compile(r"/\d{4}-\d\d-\d\d/")  # rest-json services: /2015-03-31/functions
_EXPOSED = "x-amzn-requestid, x-amz-request-id, x-amzn-errortype, x-amzn-errormessage, x-amzn-trace-id, date"


def preflight(request: Request, strangers: Strangers) -> Response | None:
    """The response to the preflight of an API call; None for any other (S3 and the data planes answer their own)."""
    wanted = request.header("access-control-request-headers").lower()
    if "x-amz-target" not in wanted and not _DATED.match(request.path):
        return None
    origin = request.header("origin")
    if not strangers.trusts(origin, request):
        text = (
            b"Fogbank does not take calls from pages of other sites; --allow-origin names those that it shall take.\n"
        )
        return Response(403, [("content-type", "text/plain")], text)
    headers = [
        ("access-control-allow-origin", origin),
        ("access-control-allow-methods", request.header("access-control-request-method") or "POST"),
        ("access-control-allow-headers", wanted),
        ("access-control-expose-headers", _EXPOSED),
        ("access-control-max-age", "172800"),
        ("vary", "Origin"),
    ]
    return Response(200, headers)


def mark(request: Request, response: Response, strangers: Strangers) -> None:
    """Add the headers that let the calling page read the response."""
    origin = request.header("origin")
    if origin and strangers.trusts(origin, request):
        response.headers += [
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", _EXPOSED),
            ("vary", "Origin"),
        ]
