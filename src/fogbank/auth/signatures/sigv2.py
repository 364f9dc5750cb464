"""Signature Version 2 of S3: presigned URLs (still boto3's default in us-east-1) and the `AWS key:signature` header.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hmac import compare_digest, digest
from urllib.parse import unquote

from fogbank.core.errors import AccessDenied, InvalidSignature
from fogbank.core.http import Request

from . import body
from .claims import S3_NAMES, Claim
from .errors import RequestTimeTooSkewed, S3RequestExpired, S3SignatureDoesNotMatch

SKEW = 15 * 60
# the sub-resources AWS documents ("Constructing the CanonicalizedResource element") and others that its SDKs sign
_SIGNED_PARAMETERS = frozenset(
    (
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    )
)


def verify(claim: Claim, request: Request, secret: str, now: float, *, service: str) -> None:
    """Raise unless a version 2 claim holds. The router has found the bucket of a virtual-hosted request."""
    if service not in S3_NAMES:
        raise InvalidSignature("Signature Version 2 is accepted by Amazon S3 only; sign with AWS4-HMAC-SHA256.")
    _check_time(claim, now)
    given = claim.signature.encode("latin-1", "replace")
    path = _addressed(request)
    text = string_to_sign(claim, request, path)
    if not compare_digest(sign(secret, text), given):
        again = string_to_sign(claim, request, f"{path}/") if path.count("/") == 1 < len(path) else ""
        if not (again and compare_digest(sign(secret, again), given)):
            raise S3SignatureDoesNotMatch(
                AWSAccessKeyId=claim.access_key,
                StringToSign=text,
                SignatureProvided=claim.signature,
                StringToSignBytes=text.encode("latin-1", "replace").hex(" "),
            )
    if claim.place == "query":
        body.hoist(request)
    header = request.header("x-amz-content-sha256")
    if header in body.CHUNKED:
        body.decode(request, body.UNSIGNED_TRAILER, None)


def sign(secret: str, text: str) -> bytes:
    return b64encode(digest(secret.encode(), text.encode("latin-1", "replace"), "sha1"))


def string_to_sign(claim: Claim, request: Request, path: str) -> str:
    """The text to sign: method, two content headers, the date or the expiry, the x-amz-* headers, the resource."""
    amz = _amz_headers(request)
    if claim.place == "query":
        date = str(claim.expires)
    else:
        date = "" if request.header("x-amz-date") else request.header("date")
    head = f"{request.method}\n{request.header('content-md5')}\n{request.header('content-type')}\n{date}\n"
    return head + amz + _resource(request, path)


def _amz_headers(request: Request) -> str:
    found: dict[str, list[str]] = {}
    for name, value in request.headers:
        name = name.lower()
        if name.startswith("x-amz-"):
            found.setdefault(name, []).append(value)
    for name, _, value in _parameters(request):  # SDKs move such headers into the URL: a session's token, for example
        if name.lower().startswith("x-amz-"):
            found.setdefault(name.lower(), [value])
    return "".join(f"{name}:{','.join(found[name])}\n" for name in sorted(found))


def _resource(request: Request, path: str) -> str:
    """The path and the sub-resources: the listed ones, and any other parameter that selected the operation.

    Otherwise a client could call an operation whose parameter is not listed (`?publicAccessBlock`, `?encryption`) by
    adding the parameter to another operation's URL. SDKs do not sign such parameters, and get SignatureDoesNotMatch;
    what AWS answers is not confirmed.
    """
    words = request.addressed.words
    chosen: list[str] = []
    for name, equals, value in _parameters(request):
        if name in _SIGNED_PARAMETERS or name in words:
            chosen.append(f"{name}={value}" if equals else name)
    return f"{path}?{'&'.join(sorted(chosen))}" if chosen else path


def _parameters(request: Request) -> Iterator[tuple[str, str, str]]:
    """(name, equals sign, value), decoded as operations decode them: no spelling may hide one from the signature."""
    for part in request.query.replace("+", " ").split("&"):
        name, equals, value = part.partition("=")
        yield unquote(name, "latin-1"), equals, unquote(value, "latin-1")


def _addressed(request: Request) -> str:
    """The signed path: preceded by the bucket, if the bucket is in the host name.

    A path-style bucket may also be signed with a slash after it, as botocore does (its comment in auth.py: "the server
    will accept" that signature); both are the same resource.
    """
    bucket = request.addressed.bucket
    return f"/{bucket}{request.path}" if bucket else request.path


def _check_time(claim: Claim, now: float) -> None:
    if claim.expires is not None:
        if now > claim.expires:
            raise S3RequestExpired(Expires=_iso(claim.expires), ServerTime=_iso(now))
        return
    text = claim.timestamp
    try:
        if text[8:9] == "T" and text.endswith("Z"):
            at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        else:
            at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        raise AccessDenied("AWS authentication requires a valid Date or x-amz-date header")
    if abs(now - at) > SKEW:
        raise RequestTimeTooSkewed(RequestTime=text, ServerTime=_iso(now), MaxAllowedSkewMilliseconds=str(SKEW * 1000))


def _iso(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(int(at))
