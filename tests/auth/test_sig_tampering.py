"""What whoever holds or carries a signed request may try with it: nothing the signer did not sign becomes part of it.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from unittest import mock

import botocore.auth
import pytest
from botocore.credentials import Credentials

from fogbank.auth.signatures import read, verify
from fogbank.core.errors import ServiceError
from fogbank.core.http import Request

from .test_sig_botocore import HOST, NOW, SECRET, accepted, build, copy, sign
from .test_sig_chunked import Arriving, encode, signed_request
from .test_sig_chunked import check as check_by_hand

CREDENTIALS = Credentials("AKID", SECRET)
HELLO = hashlib.sha256(b"hello").hexdigest()


def verified(request: Request, service: str = "s3") -> Request:
    claim = read(request)
    assert claim is not None
    verify(claim, request, SECRET, NOW, service=service)
    return request


def refusal(request: Request, service: str = "s3") -> str:
    with pytest.raises(ServiceError) as caught:
        verified(request, service)
    return caught.value.code


# -- version 2: the signature covers chosen parameters only, so none may hide from the choice --------------------------


def version_2_url(**headers: str) -> Request:
    """A presigned PUT; its headers go into the URL."""
    signer = botocore.auth.HmacV1QueryAuth(CREDENTIALS, expires=100)
    signed = sign(signer, build("bucket/k", {}, {k.replace("_", "-"): v for k, v in headers.items()}, b"", "PUT"))
    signed.headers = [("Host", HOST)]
    return copy(signed)


@pytest.mark.parametrize("more", ["acl", "%61cl", "taggin%67", "version%49d=1", "upload%49d=1&partNumber=1"])
def test_a_version_2_url_does_not_become_one_of_another_operation(more: str) -> None:
    signed = version_2_url()
    assert accepted(copy(signed), "s3")
    assert not accepted(copy(signed, query=f"{signed.query}&{more}"), "s3")


@pytest.mark.parametrize("more", ["x-amz-acl=public-read", "%78-amz-acl=public-read", "X%2DAmz-Acl=public-read"])
def test_a_version_2_url_takes_no_more_headers(more: str) -> None:
    signed = version_2_url()
    assert not accepted(copy(signed, query=f"{signed.query}&{more}"), "s3")


def test_a_version_2_url_s_header_keeps_its_value() -> None:
    signed = version_2_url(x_amz_meta_a="1+1")
    assert verified(copy(signed)).header("x-amz-meta-a") == "1+1"
    assert not accepted(copy(signed, query=signed.query.replace("%2B", "+")), "s3")
    # of parameters that name one header the first is signed, and counts
    again = verified(copy(signed, query=signed.query + "&X-Amz-Meta-A=2"))
    assert again.header("x-amz-meta-a") == "1+1"


def test_version_2_header_values_are_signed_as_they_are() -> None:
    """Only the white space around a value goes."""
    request = build("bucket/k", {}, {"x-amz-meta-k": "a  b \u00e0 c"}, b"")
    with mock.patch.object(botocore.auth, "formatdate", lambda usegmt: "Tue, 14 Nov 2023 22:13:20 GMT"):
        signed = sign(botocore.auth.HmacV1Auth(CREDENTIALS), request)
    on_the_wire = [(name, value.encode().decode("latin-1")) for name, value in signed.headers]
    assert accepted(copy(signed, headers=on_the_wire), "s3")


# -- version 4 URLs: a body whose hash was signed is that body ---------------------------------------------------------


def url_of(payload: str, *, as_header: bool) -> Request:
    """A presigned PUT of a body with the given hash."""
    signer = botocore.auth.S3SigV4QueryAuth(CREDENTIALS, "s3", "us-east-1", expires=60)
    signer.payload = lambda request: payload  # type: ignore[method-assign]
    if as_header:
        return sign(signer, build("bucket/k", {}, {"x-amz-content-sha256": payload}, b"", "PUT"))
    return sign(signer, build("bucket/k", {"X-Amz-Content-Sha256": payload}, {}, b"", "PUT"))


@pytest.mark.parametrize("as_header", [True, False])
def test_a_url_for_one_body_takes_no_other(as_header: bool) -> None:
    signed = url_of(HELLO, as_header=as_header)
    assert verified(copy(signed, content=b"hello")).content == b"hello"
    assert refusal(copy(signed, content=b"HELLO")) == "XAmzContentSHA256Mismatch"

    def read_all(data: bytes, headers: list[tuple[str, str]]) -> bytes:
        request = copy(signed, content=None, stream=Arriving(data), headers=headers)
        verified(request)
        return asyncio.run(request.read(100))

    assert read_all(b"hello", signed.headers) == b"hello"
    with pytest.raises(ServiceError, match="XAmzContentSHA256Mismatch"):
        read_all(b"HELLO", signed.headers)


@pytest.mark.parametrize("word", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_an_unsigned_header_does_not_free_a_url_from_its_body(word: str) -> None:
    signed = url_of(HELLO, as_header=False)
    headers = [*signed.headers, ("x-amz-content-sha256", word)]
    assert refusal(copy(signed, headers=headers, content=b"HELLO")) == "XAmzContentSHA256Mismatch"
    request = copy(signed, headers=headers, content=None, stream=Arriving(b"HELLO"))
    verified(request)
    with pytest.raises(ServiceError, match="XAmzContentSHA256Mismatch"):
        asyncio.run(request.read(100))


@pytest.mark.parametrize(
    ("name", "value"), [("x-amz-meta-a b", "c"), ("x-amz-meta-a:b", "c"), ("x-amz-meta-a", "b\nc")]
)
def test_what_could_not_be_a_header_is_none_in_a_url(name: str, value: str) -> None:
    signer = botocore.auth.S3SigV4QueryAuth(CREDENTIALS, "s3", "us-east-1", expires=60)
    signed = sign(signer, build("bucket/k", {name: value, "x-amz-meta-x": "y"}, {}, b"", "PUT"))
    request = verified(copy(signed))
    assert request.header("x-amz-meta-x") == "y"
    assert name not in request.lookup


def test_a_url_s_hash_is_a_hash() -> None:
    assert refusal(copy(url_of("nonsense", as_header=False), content=b"x")) == "InvalidArgument"


# -- trailers ----------------------------------------------------------------------------------------------------------


def test_trailers_that_no_header_announces_are_refused() -> None:
    """They come after what was signed, and would become headers."""
    body = encode(b"hello", 8192, None, {"x-amz-acl": "public-read"})
    for announced in ((), (("x-amz-trailer", "x-amz-checksum-crc32"),)):
        request = signed_request(
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, None, ("x-amz-decoded-content-length", "5"), *announced
        )
        with pytest.raises(ServiceError) as caught:
            check_by_hand(request)
        assert caught.value.code == "MalformedTrailerError"


# -- texts of any kind -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["voil\u00e0 tout", "\u00e0  \u00e5 ", "a\u00a0b c"])
def test_values_beyond_ascii_are_not_folded_as_white_space(value: str) -> None:
    """UTF-8 has bytes that latin-1 reads as spaces: C3 A0 is a letter."""
    request = build("bucket/k", {}, {"x-amz-meta-a": value.encode().decode("latin-1").replace("\xa0", "\x01")}, b"")
    signer = botocore.auth.S3SigV4Auth(CREDENTIALS, "s3", "us-east-1")
    # botocore folds Python's white space; \x01 stands in while it signs, and is put back in the text that it signs
    text_of = signer.canonical_request
    signer.canonical_request = lambda request: text_of(request).replace("\x01", "\xa0")  # type: ignore[method-assign]
    to_sign = signer.string_to_sign
    digest: Any = hashlib.sha256

    def string_to_sign(request: Any, canonical: str) -> str:
        wrong = digest(canonical.encode()).hexdigest()
        return to_sign(request, canonical).replace(wrong, digest(canonical.encode("latin-1")).hexdigest())

    signer.string_to_sign = string_to_sign  # type: ignore[method-assign]
    signed = sign(signer, request)
    headers = [(name, text.replace("\x01", "\xa0").strip(" ")) for name, text in signed.headers]
    assert accepted(copy(signed, headers=headers), "s3")


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Amz-SignedHeaders": "host%3B%E2%82%AC"},
        {"X-Amz-Credential": "AKID%2F20231114%2Fus-east-%D9%A1%2Fs3%2Faws4_request"},
        {"X-Amz-Date": "2023%D9%A1114T221320Z"},
        {"X-Amz-Security-Token": "%E2%82%AC"},
        {"X-Amz-Signature": "%E2%82%AC"},
        {"X-Amz-Content-Sha256": "%E2%82%AC"},
    ],
)
def test_any_text_in_a_url_is_refused_in_words(changes: dict[str, str]) -> None:
    fields = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKID%2F20231114%2Fus-east-1%2Fs3%2Faws4_request",
        "X-Amz-Date": "20231114T221320Z",
        "X-Amz-Expires": "100",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    } | changes
    request = Request("GET", "/b/k", "&".join(f"{k}={v}" for k, v in fields.items()), [("Host", HOST)])
    assert refusal(request) in ("SignatureDoesNotMatch", "AuthorizationQueryParametersError", "InvalidArgument")


@pytest.mark.parametrize("time", ["T462320Z", "T229920Z", "T221399Z"])
def test_a_time_of_day_is_one(time: str) -> None:
    """Hours beyond the day would let yesterday's key sign today's request."""
    signer = botocore.auth.SigV4Auth(CREDENTIALS, "sqs", "us-east-1")
    signed = sign(signer, build("", {}, {}, b"", "POST"))
    headers = [(n, "20231113" + time if n.lower() == "x-amz-date" else v) for n, v in signed.headers]
    headers = [(n, v.replace("20231114/", "20231113/")) for n, v in headers]
    assert refusal(copy(signed, headers=headers), "sqs") == "IncompleteSignature"
