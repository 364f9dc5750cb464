"""What a bad signature is told, in AWS's words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from fogbank.auth.signatures import SigningKeys, policy_access_key, read, verify, verify_policy
from fogbank.auth.signatures.keys import derive
from fogbank.core.errors import ServiceError
from fogbank.core.http import Request

SECRET = "test"
NOW = 1440938160.0  # 2015-08-30T12:36:00Z
STAMP = "20150830T123600Z"


def signed(
    service: str = "sqs",
    *,
    region: str = "us-east-1",
    scope_service: str = "",
    stamp: str = STAMP,
    date: str = "",
    terminator: str = "aws4_request",
    secret: str = SECRET,
    content: bytes = b"{}",
    extra: tuple[tuple[str, str], ...] = (),
    signed_names: tuple[str, ...] = ("host", "x-amz-date"),
    sha: str | None = None,
) -> Request:
    date = date or stamp[:8]
    headers = [("Host", "localhost:4566"), ("X-Amz-Date", stamp), *extra]
    payload = sha or hashlib.sha256(content).hexdigest()
    if service == "s3":
        headers.append(("x-amz-content-sha256", payload))
    scope = f"{date}/{region}/{scope_service or service}/{terminator}"
    values = {n.lower(): v for n, v in headers}
    lines = "".join(f"{n}:{values[n]}\n" for n in signed_names)
    names = ";".join(signed_names)
    text = f"POST\n/\n\n{lines}\n{names}\n{payload}"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
    key = derive(secret, date, region, scope_service or service)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers.append(
        ("Authorization", f"AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders={names}, Signature={signature}")
    )
    return Request("POST", "/", "", headers, content)


def refused(request: Request, service: str = "sqs", now: float = NOW) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        claim = read(request)
        assert claim is not None
        verify(claim, request, SECRET, now, service=service)
    return caught.value


def header(text: str, *more: tuple[str, str]) -> Request:
    return Request("POST", "/", "", [("Host", "x"), ("Authorization", text), *more])


def test_unsigned_and_foreign_schemes_are_no_claims() -> None:
    assert read(Request("GET", "/")) is None
    assert read(header("Bearer abc")) is None
    assert read(header("Basic QVdTOng=")) is None


def test_a_good_signature_passes() -> None:
    for service in ("sqs", "s3"):
        request = signed(service)
        claim = read(request)
        assert claim is not None
        assert (claim.access_key, claim.region, claim.service) == ("AKID", "us-east-1", service)
        verify(claim, request, SECRET, NOW, service=service)


def test_missing_parts_of_the_header() -> None:
    error = refused(header("AWS4-HMAC-SHA256 SignedHeaders=host"))
    assert error.code == "IncompleteSignature"
    assert error.code_for("json") == "IncompleteSignatureException"
    assert error.message == (
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        "Authorization=AWS4-HMAC-SHA256 SignedHeaders=host"
    )
    error = refused(header("AWS4-HMAC-SHA256 Credential"))
    assert "missing equal-sign" in error.message
    error = refused(
        header("AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=00", ("X-Amz-Date", STAMP))
    )
    assert error.message == (
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID/x'"
    )


def test_scope() -> None:
    error = refused(signed(region="mars"))
    assert (error.code, error.code_for("json"), error.status) == (
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        403,
    )
    assert error.message == "Credential should be scoped to a valid region, not 'mars'. "
    assert refused(signed(scope_service="sns")).message == "Credential should be scoped to correct service: 'sqs'. "
    assert refused(signed(terminator="aws3")).message == (
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3'. "
    )
    assert refused(signed(date="20150829")).message == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'20150829' != '20150830', from '20150830T123600Z'."
    )


def test_scope_on_s3() -> None:
    error = refused(signed("s3", scope_service="ec2"), "s3")
    assert (error.code, error.status) == ("AuthorizationHeaderMalformed", 400)
    assert error.message == (
        'The authorization header is malformed; incorrect service "ec2". This endpoint belongs to "s3".'
    )
    assert refused(signed("s3", terminator="x"), "s3").message == (
        'The authorization header is malformed; incorrect terminator "x". This endpoint uses "aws4_request".'
    )
    assert 'Invalid credential date "20150829"' in refused(signed("s3", date="20150829"), "s3").message


def test_skew() -> None:
    assert refused(signed(), now=NOW + 301).message == (
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    )
    assert refused(signed(), now=NOW - 301).message == (
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
    )
    error = refused(signed("s3"), "s3", NOW + 901)
    assert error.code == "RequestTimeTooSkewed"
    assert error.message == "The difference between the request time and the current time is too large."
    assert error.members == {
        "RequestTime": STAMP,
        "ServerTime": "2015-08-30T12:51:01Z",
        "MaxAllowedSkewMilliseconds": "900000",
    }


def test_mismatch_shows_what_should_have_been() -> None:
    error = refused(signed(secret="wrong"))
    assert error.code_for("json") == "InvalidSignatureException"
    assert error.message.startswith(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\n"
        "The Canonical String for this request should have been\n'POST\n/\n\nhost:localhost:4566\n"
    )
    assert "\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n" in error.message

    error = refused(signed("s3", secret="wrong"), "s3")
    assert (error.code, error.status) == ("SignatureDoesNotMatch", 403)
    assert error.message == (
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method."
    )
    assert set(error.members) == {
        "AWSAccessKeyId",
        "StringToSign",
        "SignatureProvided",
        "StringToSignBytes",
        "CanonicalRequest",
        "CanonicalRequestBytes",
    }
    assert error.members["StringToSignBytes"].startswith("41 57 53 34 2d")


def test_host_must_be_signed() -> None:
    assert refused(signed(signed_names=("x-amz-date",))).message == (
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    )


def test_s3_payload_header() -> None:
    request = signed("s3")
    request.set_headers([h for h in request.headers if h[0] != "x-amz-content-sha256"])
    error = refused(request, "s3")
    assert (error.code, error.message) == (
        "InvalidRequest",
        "Missing required header for this request: x-amz-content-sha256",
    )
    assert refused(signed("s3", sha="nonsense"), "s3").code == "InvalidArgument"
    error = refused(signed("s3", sha="0" * 64), "s3")
    assert error.code == "XAmzContentSHA256Mismatch"
    request = signed("s3", sha="UNSIGNED-PAYLOAD")
    claim = read(request)
    assert claim is not None
    verify(claim, request, SECRET, NOW, service="s3")
    # elsewhere a header's word on the body counts for nothing: the body itself is hashed
    assert refused(signed(sha="0" * 64)).code == "SignatureDoesNotMatch"


def test_s3_unsigned_amz_headers() -> None:
    error = refused(signed("s3", extra=(("x-amz-acl", "public-read"),)), "s3")
    assert (error.code, error.message) == (
        "AccessDenied",
        "There were headers present in the request which were not signed",
    )
    assert error.members == {"HeadersNotSigned": "x-amz-acl"}


def query(**changes: str) -> Request:
    fields = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKID%2F20150830%2Fus-east-1%2Fs3%2Faws4_request",
        "X-Amz-Date": STAMP,
        "X-Amz-Expires": "100",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    } | {k.replace("_", "-"): v for k, v in changes.items()}
    return Request("GET", "/b/k", "&".join(f"{k}={v}" for k, v in fields.items() if v), [("Host", "x")])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"X_Amz_Expires": ""},
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ),
        (
            {"X_Amz_Expires": "604801"},
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            "604800 seconds",
        ),
        ({"X_Amz_Expires": "-1"}, "X-Amz-Expires must be non-negative"),
        ({"X_Amz_Expires": "1d"}, "X-Amz-Expires should be a number"),
        ({"X_Amz_Date": "x"}, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
        (
            {"X_Amz_Algorithm": "x"},
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
        ),
        (
            {"X_Amz_Credential": "AKID/s3/x"},
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
        ),
    ],
)
def test_presigned_parameters(changes: dict[str, str], message: str) -> None:
    error = refused(query(**changes), "s3")
    assert (error.code, error.status, error.message) == ("AuthorizationQueryParametersError", 400, message)


def test_presigned_expiry() -> None:
    error = refused(query(), "s3", NOW + 101)
    assert (error.code, error.message, error.status) == ("AccessDenied", "Request has expired", 403)
    assert error.members == {
        "X-Amz-Expires": "100",
        "Expires": "2015-08-30T12:37:40Z",
        "ServerTime": "2015-08-30T12:37:41Z",
    }
    assert refused(query(), "s3", NOW - 901).code == "AccessDenied"
    assert refused(query(), "s3", NOW + 100).code == "SignatureDoesNotMatch"


def test_version_4a_is_refused_by_name() -> None:
    text = "AWS4-ECDSA-P256-SHA256 Credential=AKID/20150830/s3/aws4_request, SignedHeaders=host, Signature=30"
    for request in (header(text), query(X_Amz_Algorithm="AWS4-ECDSA-P256-SHA256")):
        error = refused(request, "s3")
        assert error.code == "UnsupportedSignature"
        assert "Signature Version 4A" in error.message


def test_version_2_is_for_s3_alone() -> None:
    request = header("AWS AKID:c2ln", ("Date", "Sun, 30 Aug 2015 12:36:00 GMT"))
    assert "Signature Version 2" in refused(request, "sqs").message
    assert refused(request, "s3").code == "SignatureDoesNotMatch"
    assert refused(header("AWS AKID"), "s3").code == "InvalidArgument"
    assert refused(request, "s3", NOW + 901).code == "RequestTimeTooSkewed"
    late = Request("GET", "/b/k", "AWSAccessKeyId=AKID&Signature=x&Expires=1440938160", [("Host", "x")])
    assert refused(late, "s3", NOW + 1).members["Expires"] == "2015-08-30T12:36:00Z"


def form(version: int, expiration: str = "2015-08-30T13:00:00Z", **changes: Any) -> dict[str, str]:
    document = {"expiration": expiration, "conditions": [{"bucket": "b"}]}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    if version == 2:
        digest = hmac.new(SECRET.encode(), policy.encode(), "sha1").digest()
        return {"policy": policy, "awsaccesskeyid": "AKID", "signature": base64.b64encode(digest).decode()} | changes
    key = derive(SECRET, "20150830", "us-east-1", "s3")
    return {
        "policy": policy,
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "AKID/20150830/us-east-1/s3/aws4_request",
        "x-amz-date": STAMP,
        "x-amz-signature": hmac.new(key, policy.encode(), "sha256").hexdigest(),
    } | changes


@pytest.mark.parametrize("version", [2, 4])
def test_post_policy(version: int) -> None:
    fields = form(version)
    assert policy_access_key(fields) == "AKID"
    assert verify_policy(fields, SECRET, NOW)["conditions"] == [{"bucket": "b"}]
    with pytest.raises(ServiceError, match="Invalid according to Policy: Policy expired"):
        verify_policy(fields, SECRET, NOW + 3600)
    with pytest.raises(ServiceError) as caught:
        verify_policy(fields, "other", NOW)
    assert caught.value.code == "SignatureDoesNotMatch"
    with pytest.raises(ServiceError, match="SignatureDoesNotMatch"):
        verify_policy(fields | {"policy": fields["policy"] + "AA"}, SECRET, NOW)


def test_a_cached_key_keeps_the_hot_path_short() -> None:
    """A header-signed JSON POST: a few microseconds; the bound is loose because the machine is shared."""
    extra = (("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AmazonSQS.SendMessage"))
    names = ("content-type", "host", "x-amz-date", "x-amz-target")
    keys = SigningKeys()
    best = 1.0
    for _ in range(20):
        requests = [signed(extra=extra, signed_names=names, content=b'{"QueueUrl":"x"}') for _ in range(20)]
        start = time.perf_counter()
        for request in requests:
            claim = read(request)
            assert claim is not None
            verify(claim, request, SECRET, NOW, service="sqs", keys=keys)
        best = min(best, (time.perf_counter() - start) / len(requests))
    assert best < 40e-6


def test_the_key_cache_is_bounded() -> None:
    keys = SigningKeys(2)
    first = keys.get("a", "20150830", "us-east-1", "sqs")
    assert keys.get("a", "20150830", "us-east-1", "sqs") is first
    keys.get("b", "20150830", "us-east-1", "sqs")
    keys.get("c", "20150830", "us-east-1", "sqs")
    assert keys.get("a", "20150830", "us-east-1", "sqs") is not first
    with pytest.raises(ValueError, match="20151330"):
        keys.get("a", "20151330", "us-east-1", "sqs")
