"""The canonical request of Signature Version 4, built from the raw request text.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
S3 differs: its path is encoded once and never normalised. Every other service normalises it and encodes it twice.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from fogbank.core.http import Request

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.~-]*")
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~-]+=[A-Za-z0-9_.~-]*")
_SPACES = re.compile(r"^[ \t]|[ \t]$|[ \t][ \t]|[ \t],|,[ \t]")  # whitespace in a value that folding may change
_SPACED = re.compile(r":[ \t]|[ \t]\n|[ \t][ \t]|[ \t],|,[ \t]")  # the same in lines of names and values
_RUN = re.compile(r"[ \t]+")  # not \s: a byte of UTF-8 may look like a space of latin-1
_DOTS = re.compile(r"//|/\.{1,2}(?:/|$)")
# headers that may be unsigned: AWS does not use them, or checks them by their content. Of the x-amz- ones, the SDK for
# PHP leaves x-amz-user-agent unsigned (Signature/SignatureV4.php, getHeaderBlacklist), and the value of
# x-amz-content-sha256 is the last line of the signed text (S3 accepts it unsigned, too)
HARMLESS = frozenset(
    (
        "accept",
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "date",
        "expect",
        "host",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-user-agent",
    )
)


def s3_path(path: str) -> str:
    """The path decoded and encoded once, so that every encoding a client chooses has one canonical form."""
    if _PLAIN_PATH.fullmatch(path):
        return path or "/"
    return quote_from_bytes(unquote_to_bytes(path.encode("latin-1")), safe="/~")


def path(raw: str) -> str:
    """The path for services other than S3: dot and empty segments removed, then encoded a second time."""
    if not raw or raw == "/":
        return "/"
    if _DOTS.search(raw):
        raw = _normalised(raw)
    if _PLAIN_PATH.fullmatch(raw):
        return raw
    return quote_from_bytes(raw.encode("latin-1"), safe="/~")


def _normalised(raw: str) -> str:
    """RFC 3986 5.2.4, with repeated slashes folded."""
    kept: list[str] = []
    for segment in raw.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    folder = raw.endswith("/")  # "/a/." becomes /a, as in botocore; RFC 3986 keeps the slash
    return "/" + "/".join(kept) + ("/" if folder and kept else "")


def query(raw: str, *, without_signature: bool = False) -> str:
    """Parameters decoded, encoded strictly, sorted by name then value. Omits X-Amz-Signature of presigned URLs."""
    if not raw:
        return ""
    if "&" not in raw and _PLAIN_QUERY.fullmatch(raw) and not without_signature:
        return raw
    pairs: list[tuple[str, str]] = []
    for part in raw.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_once(name), _once(value)))
    if without_signature:
        pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _once(text: str) -> str:
    if _PLAIN_PATH.fullmatch(text) and "/" not in text:
        return text
    return quote_from_bytes(unquote_to_bytes(text.replace("+", " ").encode("latin-1")), safe="~")


class SignedHeaders(msgspec.Struct, frozen=True):
    """The headers that `SignedHeaders` names: in the client's order, and as a template of the signed lines."""

    text: str
    names: tuple[str, ...]
    lines: str
    covered: frozenset[str]  # the header names that the request may have: the signed and the harmless ones

    @classmethod
    def of(cls, text: str) -> SignedHeaders:
        names = tuple(dict.fromkeys(text.split(";")))  # each once: the signed text grows no larger than the request
        lines = "".join([name.replace("%", "%%") + ":%s\n" for name in names])
        return cls(text, names, lines, HARMLESS.union(names))


@lru_cache(maxsize=1024)
def _remembered(text: str) -> SignedHeaders:
    return SignedHeaders.of(text)


def signed_headers(text: str) -> SignedHeaders:
    """Parse the list. Caches lists of a usual length, since a client repeats its list."""
    return _remembered(text) if len(text) <= 512 else SignedHeaders.of(text)


def headers(request: Request, signed: SignedHeaders) -> str:
    """`name:value` lines of the signed headers, in the client's order. An absent header counts as empty."""
    values = list(map(request.lookup.get, signed.names))
    text = signed.lines % tuple(values)
    if None not in values and (" " not in text or _SPACED.search(text) is None):
        return text
    for at, value in enumerate(values):
        if value is None:
            values[at] = ""
        elif " " in value and _SPACES.search(value) is not None:
            values[at] = _folded(request, signed.names[at])
    return signed.lines % tuple(values)


def _folded(request: Request, name: str) -> str:
    """Each value trimmed, with runs of spaces folded to one; duplicates joined by commas in their order."""
    values = [_RUN.sub(" ", value.strip(" \t")) for key, value in request.headers if key.lower() == name]
    return ",".join(values)


def request_text(
    request: Request, signed: SignedHeaders, payload: str, *, s3: bool, without_signature: bool = False
) -> str:
    """The canonical request. `payload` is the hex hash, or the literal used in its place."""
    uri = request.path
    if uri != "/":
        uri = s3_path(uri) if s3 else path(uri)
    asked = request.query
    if asked:
        asked = query(asked, without_signature=without_signature)
    return f"{request.method}\n{uri}\n{asked}\n{headers(request, signed)}\n{signed.text}\n{payload}"
