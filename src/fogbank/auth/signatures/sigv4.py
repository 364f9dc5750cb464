"""Verifies Signature Version 4: the Authorization header, presigned URLs, and what they declare about the body.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; for S3
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from fogbank.core.errors import AccessDenied, IncompleteSignature, InvalidSignature, RequestExpired, ServiceError
from fogbank.core.http import Request

from . import body, canonical
from .canonical import SignedHeaders
from .claims import ALGORITHM, S3_NAMES, Claim, parameters
from .errors import (
    AuthorizationHeaderMalformed,
    AuthorizationQueryParameters,
    ContentSHA256Mismatch,
    InvalidArgument,
    InvalidRequest,
    RequestTimeTooSkewed,
    S3RequestExpired,
    S3SignatureDoesNotMatch,
)
from .keys import SigningKey, SigningKeys

S3_SKEW = 15 * 60
SKEW = 5 * 60
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY = sha256(b"").hexdigest()
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_HEX = re.compile(r"[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"[0-9]{8}T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z")


def verify(claim: Claim, request: Request, secret: str, now: float, *, service: str, keys: SigningKeys) -> None:
    """Raise unless `claim` holds for `request` with `secret`, at the epoch second `now`, for a call of `service`.

    `service` is the signing name of the operation's service. The body must have arrived (`request.content`) unless the
    service is S3 or the request carries x-amz-content-sha256. Afterwards `request` holds the plain body: an aws-chunked
    one is decoded, and one that is still arriving is checked at its end as it is read (see body.py).
    """
    s3 = service in S3_NAMES
    date, signed = claim.date, claim.signed_headers
    if claim.service != service or claim.terminator != "aws4_request" or not _is_region(claim.region):
        _refuse_scope(claim, service, s3)
    try:
        key = keys.get(secret, date, claim.region, service)
    except ValueError:
        raise _date_mismatch(claim, claim.timestamp, s3)
    stamp = claim.timestamp
    second = _second_of_day(stamp)
    if second is not None and stamp[:8] == date:
        at = float(key.midnight + second)
    else:
        at = _unusual_time(claim, s3)
        stamp = _stamp(at)
    if claim.expires is not None or not -SKEW <= now - at <= SKEW:
        _check_time(claim, at, now, s3)
    if "host" not in signed.names:
        raise _host_unsigned(s3)
    payload = _s3_payload(claim, request) if s3 else _payload(request)
    text = canonical.request_text(request, signed, payload, s3=s3, without_signature=claim.place == "query")
    digest = sha256(text.encode("latin-1")).hexdigest()
    to_sign = f"{ALGORITHM}\n{stamp}\n{date}/{claim.region}/{service}/aws4_request\n{digest}"
    signature = claim.signature
    holds = signature.isascii() and compare_digest(key.sign(to_sign.encode()), signature)
    if not holds and (s3 or not _unsigned_body(claim, request, stamp, key)):
        raise _mismatch(claim, text, to_sign, s3)
    if not signed.covered.issuperset(request.lookup):
        _check_signed(signed, request, s3)
    if s3:
        if claim.place == "query":
            body.hoist(request)
        header = request.lookup.get("x-amz-content-sha256", "")  # a presigned URL need not have signed it
        if request.stream is not None or payload in body.LITERALS or header in body.LITERALS:
            body.check(request, payload, header, body.Chunks(key.key, stamp, claim))


# -- the scope ---------------------------------------------------------------------------------------------------------


def _refuse_scope(claim: Claim, service: str, s3: bool) -> None:
    if s3:
        _refuse_s3_scope(claim, service)
    faults: list[str] = []
    if not _is_region(claim.region):
        faults.append(f"Credential should be scoped to a valid region, not '{claim.region}'. ")
    if claim.service != service:
        faults.append(f"Credential should be scoped to correct service: '{service}'. ")
    if claim.terminator != "aws4_request":
        faults.append(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{claim.terminator}'. "
        )
    raise InvalidSignature("".join(faults))


def _refuse_s3_scope(claim: Claim, service: str) -> None:
    if claim.service != service:
        detail = f'incorrect service "{claim.service}". This endpoint belongs to "{service}".'
    elif claim.terminator != "aws4_request":
        detail = f'incorrect terminator "{claim.terminator}". This endpoint uses "aws4_request".'
    else:
        detail = f"the region '{claim.region}' is wrong; expecting 'us-east-1'"
        raise _s3_malformed(claim, detail, Region="us-east-1")
    raise _s3_malformed(claim, detail)


def _s3_malformed(claim: Claim, detail: str, **members: Any) -> ServiceError:
    if claim.place == "query":
        return AuthorizationQueryParameters(f"Error parsing the X-Amz-Credential parameter; {detail}", **members)
    return AuthorizationHeaderMalformed(f"The authorization header is malformed; {detail}", **members)


def _date_mismatch(claim: Claim, stamp: str, s3: bool) -> ServiceError:
    if s3:
        where = "X-Amz-Date"
        detail = f'Invalid credential date "{claim.date}". This date is not the same as {where}: "{stamp[:8]}".'
        return _s3_malformed(claim, detail)
    return InvalidSignature(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'{claim.date}' != '{stamp[:8]}', from '{stamp}'."
    )


def _host_unsigned(s3: bool) -> ServiceError:
    if s3:
        return AccessDenied("There were headers present in the request which were not signed", HeadersNotSigned="host")
    return InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")


# -- the time ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _second_of_day(text: str) -> int | None:
    """The time of day of 20150830T123600Z in seconds; None for other forms. Requests of a second share one entry."""
    if _TIMESTAMP.fullmatch(text) is None:
        return None
    return int(text[9:11]) * 3600 + int(text[11:13]) * 60 + int(text[13:15])


@lru_cache(maxsize=256)
def _is_region(text: str) -> bool:
    return _REGION.fullmatch(text) is not None


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unusual_time(claim: Claim, s3: bool) -> float:
    """The epoch second of a timestamp in another form, such as an HTTP date. It must be on the scope's date."""
    text = claim.timestamp
    if _TIMESTAMP.fullmatch(text) is not None:
        raise _date_mismatch(claim, text, s3)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        if s3:
            raise AccessDenied("AWS authentication requires a valid Date or x-amz-date header")
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    if _stamp(at)[:8] != claim.date:
        raise _date_mismatch(claim, _stamp(at), s3)
    return at


def _check_time(claim: Claim, at: float, now: float, s3: bool) -> None:
    skew = S3_SKEW if s3 else SKEW
    if claim.expires is not None:
        if at - skew <= now <= at + claim.expires:
            return
    elif -skew <= now - at <= skew:
        return
    if s3:
        _raise_s3_time(claim, at, now)
    minutes = skew // 60
    if now < at:
        raise RequestExpired(
            f"Signature not yet current: {_stamp(at)} is still later than {_stamp(now + skew)} "
            f"({_stamp(now)} + {minutes} min.)"
        )
    if claim.expires is not None:
        # this is the URL's deadline, not the skew: services use the text for headers, with the end of the URL's life
        raise RequestExpired(f"Signature expired: {_stamp(at + claim.expires)} is now earlier than {_stamp(now)}")
    raise RequestExpired(
        f"Signature expired: {_stamp(at)} is now earlier than {_stamp(now - skew)} ({_stamp(now)} - {minutes} min.)"
    )


def _raise_s3_time(claim: Claim, at: float, now: float) -> None:
    if claim.expires is None:
        raise RequestTimeTooSkewed(
            RequestTime=claim.timestamp, ServerTime=_iso(now), MaxAllowedSkewMilliseconds=str(S3_SKEW * 1000)
        )
    if now < at:
        early: dict[str, Any] = {"X-Amz-Date": claim.timestamp, "ServerTime": _iso(now)}
        raise S3RequestExpired("Request is not valid yet", **early)
    late: dict[str, Any] = {"X-Amz-Expires": str(claim.expires), "Expires": _iso(at + claim.expires)}
    raise S3RequestExpired(ServerTime=_iso(now), **late)


# -- the payload -------------------------------------------------------------------------------------------------------


def _payload(request: Request) -> str:
    """The payload line for services other than S3: the hash of the body itself, not the value of a header.

    A header with another value is refused, except the literal that the operation's model has for an unhashed body. (How
    AWS treats a correct signature with such a header is not confirmed.)
    """
    declared = request.lookup.get("x-amz-content-sha256")
    content = request.content
    if declared and declared == request.addressed.open_body:
        return declared
    if content is not None:
        computed = sha256(content).hexdigest() if content else EMPTY
        if declared and declared != computed:
            raise InvalidSignature(
                f"{InvalidSignature.default}\n\nThe x-amz-content-sha256 header says '{declared}', and the hash of the "
                f"body is '{computed}'.\n"
            )
        return computed
    if not declared or not _HEX.fullmatch(declared):
        raise InvalidSignature("A body that is streamed needs its hash in the x-amz-content-sha256 header.")
    if request.stream is not None:
        request.stream = body.HashedBody(request.stream, declared, InvalidSignature())
    return declared


def _s3_payload(claim: Claim, request: Request) -> str:
    declared = request.lookup.get("x-amz-content-sha256", "")
    content = request.content
    if content is not None and len(declared) == 64 and claim.place == "header":
        computed = sha256(content).hexdigest()
        if computed == declared:
            return declared
    if claim.place == "query" and "x-amz-content-sha256" not in claim.signed_headers.names:
        declared = parameters(request.query).get("X-Amz-Content-Sha256") or UNSIGNED
    if not declared:
        raise InvalidRequest("Missing required header for this request: x-amz-content-sha256")
    if declared not in body.LITERALS and not _HEX.fullmatch(declared):
        raise InvalidArgument(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or "
            "a valid sha256 value.",
            ArgumentName="x-amz-content-sha256",
            ArgumentValue=declared,
        )
    if content is not None and declared not in body.LITERALS:
        computed = sha256(content).hexdigest()
        if computed != declared:
            raise ContentSHA256Mismatch(ClientComputedContentSHA256=declared, S3ComputedContentSHA256=computed)
    return declared


def _unsigned_body(claim: Claim, request: Request, stamp: str, key: SigningKey) -> bool:
    """Whether the client left the body out of the signature, as SDKs do over TLS for `v4-unsigned-body` operations."""
    if request.scheme != "https" or request.addressed.open_body != UNSIGNED:
        return False
    text = canonical.request_text(
        request, claim.signed_headers, UNSIGNED, s3=False, without_signature=claim.place == "query"
    )
    to_sign = f"{ALGORITHM}\n{stamp}\n{claim.scope}\n{sha256(text.encode('latin-1')).hexdigest()}"
    expected = key.sign(to_sign.encode())
    return compare_digest(expected.encode(), claim.signature.encode("latin-1", "replace"))


def _check_signed(signed: SignedHeaders, request: Request, s3: bool) -> None:
    """Refuse unsigned headers that the signature must cover: x-amz-*, and those that select the protocol.

    "You must include the host header (HTTP/1.1) … and any x-amz-* headers in the signature":
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    Services other than S3 accept the session's token unsigned, since it is compared with the key's
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-request-methods.html: "for other services, you add
    this parameter at the end"); S3 does not. How far they insist on the other headers, and with which texts, is not
    confirmed.
    """
    loose = [
        name
        for name in request.lookup
        if name not in signed.covered
        and (name.startswith("x-amz-") or name == "smithy-protocol")
        and (s3 or name != "x-amz-security-token")
    ]
    if not loose:
        return
    if s3:
        raise AccessDenied(
            "There were headers present in the request which were not signed", HeadersNotSigned=", ".join(loose)
        )
    raise InvalidSignature(f"'{loose[0]}' must be a 'SignedHeader' in the AWS Authorization.")


def _mismatch(claim: Claim, text: str, to_sign: str, s3: bool) -> ServiceError:
    if s3:
        return S3SignatureDoesNotMatch(
            AWSAccessKeyId=claim.access_key,
            StringToSign=to_sign,
            SignatureProvided=claim.signature,
            StringToSignBytes=to_sign.encode().hex(" "),
            CanonicalRequest=text,
            CanonicalRequestBytes=text.encode("latin-1").hex(" "),
        )
    return InvalidSignature(
        f"{InvalidSignature.default}\n\nThe Canonical String for this request should have been\n'{text}'\n\n"
        f"The String-to-Sign should have been\n'{to_sign}'\n"
    )
