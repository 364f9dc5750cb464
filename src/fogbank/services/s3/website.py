"""Static websites: checks the configuration, applies its rules, and makes error pages.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import msgspec

from .errors import InvalidArgument, InvalidRequest, MalformedXML


def check(chosen: dict[str, Any]) -> None:
    """Raises the errors of PutBucketWebsite for an invalid configuration."""
    everything = chosen.get("RedirectAllRequestsTo")
    index = chosen.get("IndexDocument")
    if everything is not None:
        if index is not None or chosen.get("ErrorDocument") or chosen.get("RoutingRules"):
            raise InvalidArgument("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
        if not everything.get("HostName"):
            raise MalformedXML
        return
    if index is None:
        raise InvalidArgument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
    suffix = index.get("Suffix") or ""
    if not suffix or "/" in suffix:
        raise InvalidArgument("The IndexDocument Suffix is not well formed")
    rules = chosen.get("RoutingRules") or []
    if len(rules) > 50:
        raise InvalidRequest(f"{len(rules)} routing rules provided, the number of routing rules in a website "
                             "configuration is limited to 50.")  # fmt: skip
    for rule in rules:
        redirect = rule.get("Redirect")
        if not redirect:
            raise MalformedXML
        code = str(redirect.get("HttpRedirectCode") or "301")
        if code not in ("301", "302", "303", "304", "305", "307", "308"):
            raise InvalidRequest(
                f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
            )


class Redirect(msgspec.Struct):
    status: int
    location: str


def redirect_all(chosen: dict[str, Any], path: str, query: str, scheme: str) -> Redirect | None:
    """Applies RedirectAllRequestsTo; None when it is not configured."""
    target = chosen.get("RedirectAllRequestsTo")
    if target is None:
        return None
    suffix = f"?{query}" if query else ""
    return Redirect(301, f"{target.get('Protocol') or scheme}://{target['HostName']}{path}{suffix}")


def routed(chosen: dict[str, Any], key: str, host: str, scheme: str, error: int | None = None) -> Redirect | None:
    """Applies the first routing rule whose condition holds for the key and, after a failure, its `error` status."""
    for rule in chosen.get("RoutingRules") or []:
        condition = rule.get("Condition") or {}
        prefix, code = condition.get("KeyPrefixEquals"), condition.get("HttpErrorCodeReturnedEquals")
        if code is not None and str(error) != str(code):
            continue
        if code is None and error is not None:
            continue  # rules without an error code were applied before the object was read
        if prefix is not None and not key.startswith(prefix):
            continue
        return _apply(rule["Redirect"], key, prefix or "", host, scheme)
    return None


def _apply(redirect: dict[str, Any], key: str, prefix: str, host: str, scheme: str) -> Redirect:
    target = key
    if redirect.get("ReplaceKeyWith") is not None:
        target = redirect["ReplaceKeyWith"]
    elif redirect.get("ReplaceKeyPrefixWith") is not None:
        target = redirect["ReplaceKeyPrefixWith"] + key[len(prefix) :]
    base = f"{redirect.get('Protocol') or scheme}://{redirect.get('HostName') or host}"
    return Redirect(int(redirect.get("HttpRedirectCode") or 301), f"{base}/{quote(target, safe='/~#?&=')}")


def key_of_path(path: str, index: str) -> str:
    """Returns the key of a website path; for a folder, the key of its index document."""
    key = unquote(path).removeprefix("/")
    return key + index if not key or key.endswith("/") else key


def error_page(status: int, code: str, message: str, members: dict[str, Any], request_id: str) -> bytes:
    """Makes the page that S3 shows when there is no error document."""
    from html import escape

    reasons = {403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 400: "Bad Request"}
    title = f"{status} {reasons.get(status, 'Error')}"
    lines = [f"<li>Code: {escape(code)}</li>", f"<li>Message: {escape(message)}</li>"]
    lines += [f"<li>{escape(name)}: {escape(str(value))}</li>" for name, value in members.items() if value is not None]
    lines += [f"<li>RequestId: {request_id}</li>"]
    items = "\n".join(lines)
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{items}\n</ul>\n<hr/>\n"
        "</body>\n</html>\n"
    ).encode()
