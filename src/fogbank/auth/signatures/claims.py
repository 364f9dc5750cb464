"""What a request says about who signed it, read but not yet believed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

import msgspec

from fogbank.core.errors import CommonError, IncompleteSignature
from fogbank.core.http import Request

from .errors import AuthorizationHeaderMalformed, AuthorizationQueryParameters, InvalidArgument, UnsupportedSignature

ALGORITHM = "AWS4-HMAC-SHA256"
ALGORITHM_4A = "AWS4-ECDSA-P256-SHA256"
WEEK = 604800
S3_NAMES = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})


class Claim(msgspec.Struct, frozen=True):
    """A signature and what it says it covers.

    `version` 4 or 2; `place` header or query. `timestamp` is the request's time as the client wrote it
    (20150830T123600Z, an HTTP date, or empty for a version 2 URL). `expires` is the lifetime in seconds of a version 4
    URL, the epoch second at which a version 2 URL ends, None for headers. Version 2 knows no region or service: they
    are empty. `signed_headers` is the text between `SignedHeaders=` and the comma.
    """

    version: Literal[2, 4]
    place: Literal["header", "query"]
    access_key: str
    signature: str
    timestamp: str = ""
    date: str = ""
    region: str = ""
    service: str = ""
    terminator: str = "aws4_request"
    signed_headers: str = ""
    token: str = ""
    expires: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


_USUAL = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/,\s]+)/(\d{8})/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)/aws4_request,"
    r" *SignedHeaders=([^,\s]+), *Signature="
)
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@lru_cache(maxsize=1024)
def usual(head: str) -> tuple[str, str, str, str, str] | None:
    """The parts of an Authorization header up to its signature, which a client repeats all day."""
    match = _USUAL.fullmatch(head)
    return (match[1], match[2], match[3], match[4], match[5]) if match else None


def read(request: Request) -> Claim | None:
    """The claim of a request, or None when it is unsigned (or its Authorization header is of no AWS kind).

    Raises IncompleteSignature, or S3's AuthorizationHeaderMalformed, AuthorizationQueryParametersError and
    InvalidArgument, for a claim that cannot be read; UnsupportedSignature for version 4A.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    given = request.lookup.get
    authorization = given("authorization")
    if authorization:
        parts = usual(authorization[:-64])
        if parts is not None:
            timestamp = given("x-amz-date") or given("date")
            if timestamp:
                key, date, region, service, headers = parts
                token = given("x-amz-security-token", "")
                signature = authorization[-64:]
                return Claim(
                    4, "header", key, signature, timestamp, date, region, service, "aws4_request", headers, token
                )
        if authorization.startswith("AWS4-"):
            return _unusual_header(request, authorization)
        if authorization.startswith("AWS "):
            return _version_2_header(request, authorization)
    query = request.query
    if "X-Amz-" in query and ("X-Amz-Signature=" in query or "X-Amz-Algorithm=" in query or "X-Amz-Cred" in query):
        return _version_4_query(request)
    if "AWSAccessKeyId=" in query and "Signature=" in query:
        return _version_2_query(request)
    return None


def parameters(query: str) -> dict[str, str]:
    """The decoded parameters of a raw query string; of repeated ones the first."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            found.setdefault(unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
    return found


def looks_like_s3(request: Request, text: str) -> bool:
    """Whether a claim that cannot be read was meant for S3: decides between the two wordings of the error."""
    return "/s3/" in text or request.host.startswith("s3.") or ".s3." in request.host or ".s3-" in request.host


def _unusual_header(request: Request, authorization: str) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm == ALGORITHM_4A:
        raise UnsupportedSignature
    s3 = looks_like_s3(request, authorization)
    if algorithm != ALGORITHM:
        if s3:
            raise InvalidArgument(
                "Unsupported Authorization Type", ArgumentName="Authorization", ArgumentValue=authorization
            )
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'. Authorization={authorization}")
    fields: dict[str, str] = {}
    for part in rest.replace(", ", ",").split(","):
        name, equals, value = part.strip().partition("=")
        if not equals:
            if s3:
                raise AuthorizationHeaderMalformed(
                    f'The authorization header is malformed; the authorization component "{part}" is malformed.'
                )
            raise IncompleteSignature(
                f"Invalid key=value pair (missing equal-sign) in Authorization header: '{authorization}'."
            )
        fields[name] = value
    timestamp = request.header("x-amz-date") or request.header("date")
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    if missing or not timestamp:
        if s3 and missing:
            raise AuthorizationHeaderMalformed(f"The authorization header is malformed; missing {', '.join(missing)}.")
        if s3:
            raise _no_date()
        texts = [f"Authorization header requires '{name}' parameter." for name in missing]
        if not timestamp:
            texts.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise IncompleteSignature(f"{' '.join(texts)} Authorization={authorization}")
    key, date, region, service, terminator = _credential(fields["Credential"], s3=s3, query=False)
    return Claim(
        version=4,
        place="header",
        access_key=key,
        signature=fields["Signature"],
        timestamp=timestamp,
        date=date,
        region=region,
        service=service,
        terminator=terminator,
        signed_headers=fields["SignedHeaders"],
        token=request.header("x-amz-security-token"),
    )


def _no_date() -> CommonError:
    from fogbank.core.errors import AccessDenied

    return AccessDenied("AWS authentication requires a valid Date or x-amz-date header")


def _credential(text: str, *, s3: bool, query: bool) -> tuple[str, str, str, str, str]:
    parts = text.split("/")
    if len(parts) == 5:
        return parts[0], parts[1], parts[2], parts[3], parts[4]
    if not s3:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{text}'"
        )
    shape = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
    if query:
        raise AuthorizationQueryParameters(f"Error parsing the X-Amz-Credential parameter; {shape}")
    raise AuthorizationHeaderMalformed(f"The authorization header is malformed; {shape}")


def _version_4_query(request: Request) -> Claim:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    fields = parameters(request.query)
    algorithm = fields.get("X-Amz-Algorithm", "")
    if algorithm == ALGORITHM_4A:
        raise UnsupportedSignature
    credential = fields.get("X-Amz-Credential", "")
    s3 = looks_like_s3(request, credential) if credential else True
    needed = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders")
    missing = [name for name in needed if not fields.get(name)]
    if s3 and (missing or not fields.get("X-Amz-Expires")):
        raise AuthorizationQueryParameters(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
    if missing:
        texts = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise IncompleteSignature(f"{' '.join(texts)} Re-examine the query-string parameters.")
    if algorithm != ALGORITHM:
        if s3:
            raise AuthorizationQueryParameters(
                'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
            )
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    timestamp = fields["X-Amz-Date"]
    if not _TIMESTAMP.fullmatch(timestamp):
        if s3:
            raise AuthorizationQueryParameters("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        raise IncompleteSignature(f"Date must be in ISO-8601 'basic format'. Got '{timestamp}'.")
    key, date, region, service, terminator = _credential(credential, s3=s3, query=True)
    return Claim(
        version=4,
        place="query",
        access_key=key,
        signature=fields["X-Amz-Signature"],
        timestamp=timestamp,
        date=date,
        region=region,
        service=service,
        terminator=terminator,
        signed_headers=fields["X-Amz-SignedHeaders"].encode().decode("latin-1"),  # as headers are: latin-1 of the bytes
        token=fields.get("X-Amz-Security-Token") or request.header("x-amz-security-token"),
        expires=_lifetime(fields.get("X-Amz-Expires", ""), s3=s3),
    )


def _lifetime(text: str, *, s3: bool) -> int:
    """Seconds of a version 4 URL. Services other than S3 default to 15 minutes when it is absent."""
    if not text and not s3:
        return 900
    error: type[CommonError] = AuthorizationQueryParameters if s3 else IncompleteSignature
    if not re.fullmatch(r"-?\d+", text):
        raise error("X-Amz-Expires should be a number")
    if text.startswith("-"):
        raise error("X-Amz-Expires must be non-negative")
    seconds = int(text[:12])
    if seconds > WEEK:
        raise error(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            "604800 seconds"
        )
    return seconds


def _version_2_header(request: Request, authorization: str) -> Claim:
    """`Authorization: AWS AKID:signature`. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html"""
    key, colon, signature = authorization[4:].strip().rpartition(":")
    if not colon or not key or not signature:
        raise InvalidArgument(
            "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
            ArgumentName="Authorization",
            ArgumentValue=authorization,
        )
    timestamp = request.header("x-amz-date") or request.header("date")
    if not timestamp:
        raise _no_date()
    token = request.header("x-amz-security-token")
    return Claim(version=2, place="header", access_key=key, signature=signature, timestamp=timestamp, token=token)


def _version_2_query(request: Request) -> Claim:
    """`?AWSAccessKeyId=…&Signature=…&Expires=…`, the form of S3's presigned URLs before version 4."""
    from fogbank.core.errors import AccessDenied

    fields = parameters(request.query)
    expires = fields.get("Expires", "")
    if not expires:
        raise AccessDenied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
    if not re.fullmatch(r"\d{1,15}", expires):
        raise AccessDenied(f"Invalid date (should be seconds since epoch): {expires}")
    token = fields.get("x-amz-security-token") or request.header("x-amz-security-token")
    return Claim(
        version=2,
        place="query",
        access_key=fields["AWSAccessKeyId"],
        signature=fields.get("Signature", ""),
        token=token,
        expires=int(expires),
    )
