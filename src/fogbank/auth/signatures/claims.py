"""Parses what a request claims about its signer, without verifying it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

import msgspec

from fogbank.core.errors import AccessDenied, CommonError, IncompleteSignature, InvalidSignature
from fogbank.core.http import UNREAD, Request

from .canonical import SignedHeaders, signed_headers
from .errors import AuthorizationHeaderMalformed, AuthorizationQueryParameters, InvalidArgument, UnsupportedSignature

ALGORITHM = "AWS4-HMAC-SHA256"
ALGORITHM_4A = "AWS4-ECDSA-P256-SHA256"
WEEK = 604800
S3_NAMES = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})
NO_HEADERS = SignedHeaders.of("")
# headers that must occur only once, so that two readers cannot take different values
_SINGLE_HEADERS = (
    "authorization", "date", "host", "smithy-protocol", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token",
    "x-amz-target",
)  # fmt: skip
_VERSION_4 = frozenset(
    "X-Amz-" + name
    for name in ("Algorithm", "Credential", "Date", "Expires", "Security-Token", "Signature", "SignedHeaders")
)
_VERSION_2 = frozenset({"AWSAccessKeyId", "Expires", "Signature", "x-amz-security-token"})


class Claim(msgspec.Struct, frozen=True):
    """A signature and the values it claims to cover.

    `version` is 4 or 2; `place` is header or query. `timestamp` is the request's time as the client wrote it
    (20150830T123600Z, an HTTP date, or empty for a version 2 URL). `expires` is the lifetime in seconds of a version 4
    URL, or the epoch second at which a version 2 URL ends; None for headers. Version 2 has no region and service: they
    are empty.
    """

    version: Literal[2, 4]
    place: Literal["header", "query"]
    access_key: str
    date: str = ""
    region: str = ""
    service: str = ""
    terminator: str = "aws4_request"
    signed_headers: SignedHeaders = NO_HEADERS
    signature: str = ""
    timestamp: str = ""
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
_LONGEST = 2048  # longest Authorization header that is cached


@lru_cache(maxsize=1024)
def _usual(head: str) -> tuple[Literal[4], Literal["header"], str, str, str, str, str, SignedHeaders] | None:
    """A Claim's first fields, from an Authorization header up to its signature. A client repeats that part."""
    match = _USUAL.fullmatch(head)
    if match is None:
        return None
    return 4, "header", match[1], match[2], match[3], match[4], "aws4_request", signed_headers(match[5])


def read(request: Request) -> Claim | None:
    """Parse the claim of a request. None when it is unsigned (or its Authorization header is not AWS's).

    The claim is parsed once, so routing and verification use the same one. Raises IncompleteSignature, or S3's
    AuthorizationHeaderMalformed, AuthorizationQueryParametersError and InvalidArgument, for a claim that cannot be
    parsed; InvalidSignature for two claims; UnsupportedSignature for version 4A.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    known: Claim | None = request.claim
    if known is not UNREAD:
        return known
    given = request.lookup.get
    authorization = given("authorization", "")
    query = request.query
    usual = not query or ("X-Amz-" not in query and "Signature" not in query)
    once = len(request.lookup) == len(request.headers)
    parts = _usual(authorization[:-64]) if usual and once and len(authorization) < _LONGEST else None
    timestamp = given("x-amz-date")
    if parts is None or not timestamp:
        request.claim = known = _read(request)
        return known
    request.claim = known = Claim(*parts, authorization[-64:], timestamp, given("x-amz-security-token", ""))
    return known


def meant(request: Request) -> tuple[str, str]:
    """Region and service that an unparsable claim seems to be for. Only for the text of the error."""
    text = request.header("authorization").partition("Credential=")[2].partition(",")[0]
    parts = (text or parameters(request.query).get("X-Amz-Credential", "")).split("/")
    return (parts[2], parts[3]) if len(parts) == 5 else ("", "")


def _read(request: Request) -> Claim | None:
    authorization = request.header("authorization")
    if len(request.lookup) != len(request.headers):
        _refuse_repeated(request)
    query = request.query
    if query and ("X-Amz-" in query or "Signature" in query):
        claim = _of_url(request, authorization)
        if claim is not None:
            return claim
    if authorization.startswith("AWS4-"):
        return _unusual_header(request, authorization)
    return _version_2_header(request, authorization) if authorization.startswith("AWS ") else None


def _of_url(request: Request, authorization: str) -> Claim | None:
    """The claim in a URL, if there is one. Raises when there is a second claim."""
    pairs = list(_decoded(request.query))
    fields = _first(pairs)
    four = "X-Amz-Algorithm" in fields or "X-Amz-Credential" in fields or "X-Amz-Signature" in fields
    two = "Signature" in fields and "AWSAccessKeyId" in fields
    if authorization and (four or two or ("Signature" in fields and looks_like_s3(request, authorization))):
        raise _two_claims(request, f"{authorization} {fields.get('X-Amz-Credential', '')}", authorization, s3=two)
    if four and two:
        raise _two_claims(request, "", fields["Signature"], s3=True)
    if len(fields) != len(pairs) and (four or two):
        names = [name for name, _ in pairs]
        again = sorted(name for name in (_VERSION_4 if four else _VERSION_2) if names.count(name) > 1)
        if again:
            raise _repeated_parameter(request, fields, again[0], four=four)
    if four:
        return _version_4_query(request, fields)
    return _version_2_query(request, fields) if two else None


def _two_claims(request: Request, text: str, shown: str, *, s3: bool) -> CommonError:
    """S3's text is from its users' reports; the other is from dynalite's tests, which were compared with DynamoDB."""
    if s3 or looks_like_s3(request, text):
        return InvalidArgument(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
            ArgumentName="Authorization",
            ArgumentValue=shown,
        )
    return InvalidSignature(
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


def _repeated_parameter(request: Request, fields: dict[str, str], name: str, *, four: bool) -> CommonError:
    """AWS's texts for a repeated field are not confirmed; the codes are those for wrong fields."""
    if not four:
        return AccessDenied(f"Query-string authentication requires one {name} parameter")
    if looks_like_s3(request, fields.get("X-Amz-Credential", "")):
        return AuthorizationQueryParameters(f"Query-string authentication version 4 requires one {name} parameter.")
    return IncompleteSignature(
        f"AWS query-string parameters must include '{name}' once. Re-examine the query-string parameters."
    )


def _refuse_repeated(request: Request) -> None:
    names = [name.lower() for name, _ in request.headers]
    for name in _SINGLE_HEADERS:
        if names.count(name) > 1:
            text = f"The request has the header '{name}' {names.count(name)} times."
            s3 = looks_like_s3(request, request.header("authorization"))
            raise InvalidArgument(text, ArgumentName=name, ArgumentValue="") if s3 else IncompleteSignature(text)


def _decoded(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            yield unquote(name.replace("+", " ")), unquote(value.replace("+", " "))


def _first(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def parameters(query: str) -> dict[str, str]:
    """The decoded parameters of a raw query string. Takes the first of repeated ones."""
    return _first(list(_decoded(query)))


def looks_like_s3(request: Request, text: str) -> bool:
    """Whether an unparsable claim was meant for S3. Chooses between the two wordings of the error."""
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
        if name in fields:  # which error AWS gives is not confirmed
            if s3:
                raise AuthorizationHeaderMalformed(
                    f"The authorization header is malformed; {name} is there more than once."
                )
            raise IncompleteSignature(
                f"Authorization header requires one '{name}' parameter. Authorization={authorization}"
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
        signed_headers=signed_headers(fields["SignedHeaders"]),
        token=request.header("x-amz-security-token"),
    )


def _no_date() -> CommonError:
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


def _version_4_query(request: Request, fields: dict[str, str]) -> Claim:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
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
        signed_headers=signed_headers(fields["X-Amz-SignedHeaders"].encode().decode("latin-1")),  # as headers are
        token=fields.get("X-Amz-Security-Token") or request.header("x-amz-security-token"),
        expires=_lifetime(fields.get("X-Amz-Expires", ""), s3=s3),
    )


def _lifetime(text: str, *, s3: bool) -> int:
    """Lifetime of a version 4 URL in seconds. Services other than S3 default to 15 minutes when it is absent."""
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


def _version_2_query(request: Request, fields: dict[str, str]) -> Claim:
    """Parse `?AWSAccessKeyId=…&Signature=…&Expires=…`, the form of S3's presigned URLs before version 4."""
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
