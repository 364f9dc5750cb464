"""Whatever botocore signs verifies, and one changed byte fails: for every signer an SDK in Python has."""

from __future__ import annotations

import datetime
import time
from typing import Any
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.auth.signatures import SigningKeys, read, verify
from fogbank.core.errors import ServiceError
from fogbank.core.http import Addressed, Request

SECRET = "s3cr/t+KEY"
NOW = 1_700_000_000.0
HOST = "localhost:4566"
keys = SigningKeys()

segment = st.text(st.sampled_from("aZ0-_.~ é/+%&=ሴ"), max_size=12)
value = st.text(st.sampled_from("aB 1+%&=é;,/~"), max_size=8)
pairs = st.dictionaries(st.text(st.sampled_from("abC-1"), min_size=1, max_size=5), value, max_size=4)
header_values = st.text(st.sampled_from('ab  ,;="é'.replace("é", "")), max_size=10)
bodies = st.binary(max_size=40)


class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(NOW, tz)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)


def sign(signer: Any, request: AWSRequest) -> Request:
    """The request as it goes out on the wire."""
    with (
        mock.patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: Frozen.utcnow()),
        mock.patch.object(time, "time", lambda: NOW),
    ):
        signer.add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = [("Host", HOST)]
    for name, text in prepared.headers.items():
        headers.append((name, text.decode() if isinstance(text, bytes) else text))
    return Request(request.method, parts.path, parts.query, headers, request.data or b"")


def build(path: str, query: dict[str, str], headers: dict[str, str], body: bytes, method: str = "PUT") -> AWSRequest:
    text = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in query.items())
    url = f"http://{HOST}/{quote(path, safe='/~')}" + (f"?{text}" if text else "")
    return AWSRequest(method=method, url=url, data=body, headers=headers)


def accepted(request: Request, service: str, now: float = NOW) -> bool:
    try:
        claim = read(request)
        assert claim is not None
        verify(claim, request, SECRET, now, service=service, keys=keys)
    except ServiceError:
        return False
    return True


def copy(request: Request, **changes: Any) -> Request:
    fields = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "content": request.content,
    } | changes
    made = Request(**fields)
    made.addressed = request.addressed
    return made


def assert_only_this_verifies(request: Request, service: str, data: st.DataObject, *, body: bool = True) -> None:
    assert accepted(copy(request), service)
    method = data.draw(st.sampled_from(["GET", "DELETE", "POST"]))
    assert not accepted(copy(request, method=method), service)
    assert not accepted(copy(request, path=request.path + "x"), service)
    if body:
        content = bytearray(request.content or b"")
        if content:
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            content += b"x"
        assert not accepted(copy(request, content=bytes(content)), service)


token = st.sampled_from([None, "FwoG+token/=="])


@given(segment, pairs, pairs, bodies, token, st.data())
@settings(max_examples=60, deadline=None)
def test_header(path: str, query: Any, headers: Any, body: bytes, session: str | None, data: Any) -> None:
    request = build(path, query, {f"X-{k}": v.strip() for k, v in headers.items() if v.isascii()}, body)
    signed = sign(botocore.auth.SigV4Auth(Credentials("AKID", SECRET, session), "sqs", "eu-west-1"), request)
    # the wire cannot carry a path that the client itself normalises differently: it sends what it signed
    assert_only_this_verifies(signed, "sqs", data)
    changed = [(n, v + "1") if n.lower() in ("x-amz-date", "host") else (n, v) for n, v in signed.headers]
    assert not accepted(copy(signed, headers=changed), "sqs")
    assert not accepted(copy(signed, query=signed.query + "&z=1"), "sqs")


@given(segment, pairs, bodies, token, st.data())
@settings(max_examples=60, deadline=None)
def test_s3_header(path: str, query: Any, body: bytes, session: str | None, data: Any) -> None:
    signed = sign(
        botocore.auth.S3SigV4Auth(Credentials("AKID", SECRET, session), "s3", "us-east-1"),
        build("bucket/" + path, query, {"x-amz-meta-a": "b  c"}, body),
    )
    assert_only_this_verifies(signed, "s3", data)
    assert not accepted(copy(signed, headers=[*signed.headers, ("x-amz-acl", "public-read")]), "s3")


@given(segment, pairs, token, st.integers(1, 604800), st.data())
@settings(max_examples=60, deadline=None)
def test_s3_presigned(path: str, query: Any, session: str | None, lifetime: int, data: Any) -> None:
    signer = botocore.auth.S3SigV4QueryAuth(Credentials("AKID", SECRET, session), "s3", "us-east-1", expires=lifetime)
    signed = sign(signer, build("bucket/" + path, query, {}, b"", "PUT"))
    assert_only_this_verifies(signed, "s3", data, body=False)
    assert accepted(copy(signed, content=b"another body: it is not signed"), "s3")
    assert not accepted(copy(signed, query=signed.query.replace("X-Amz-Expires=", "X-Amz-Expires=1")), "s3")
    assert accepted(copy(signed), "s3", NOW + lifetime)
    assert not accepted(copy(signed), "s3", NOW + lifetime + 1)


@given(pairs, token, st.data())
@settings(max_examples=40, deadline=None)
def test_presigned(query: Any, session: str | None, data: Any) -> None:
    signer = botocore.auth.SigV4QueryAuth(Credentials("AKID", SECRET, session), "sts", "us-east-1", expires=60)
    signed = sign(signer, build("", query, {}, b"", "PATCH"))
    assert_only_this_verifies(signed, "sts", data)


@given(segment, st.sampled_from([{}, {"versionId": "a b"}, {"tagging": ""}, {"prefix": "x"}]), token, st.data())
@settings(max_examples=60, deadline=None)
def test_version_2_query(path: str, query: Any, session: str | None, data: Any) -> None:
    signer = botocore.auth.HmacV1QueryAuth(Credentials("AKID", SECRET, session), expires=100)
    request = build("bucket/" + path, query, {}, b"", "PUT")
    signed = sign(signer, request)
    signed.headers = [("Host", HOST)]  # a browser sends the URL alone
    assert_only_this_verifies(signed, "s3", data, body=False)
    assert accepted(copy(signed), "s3", NOW + 100)
    assert not accepted(copy(signed), "s3", NOW + 101)


@given(segment, st.sampled_from(["abc", "b.c"]), st.data())
@settings(max_examples=30, deadline=None)
def test_version_2_header_on_a_virtual_host(path: str, bucket: str, data: Any) -> None:
    request = build(path, {"uploads": "", "a": "b"}, {"Content-Type": "text/plain", "x-amz-meta-k": "v"}, b"", "PUT")
    request.auth_path = f"/{bucket}/{quote(path, safe='/~')}"
    with mock.patch.object(botocore.auth, "formatdate", lambda usegmt: "Tue, 14 Nov 2023 22:13:20 GMT"):
        signed = sign(botocore.auth.HmacV1Auth(Credentials("AKID", SECRET)), request)
    signed.headers[0] = ("Host", f"{bucket}.s3.localhost:4566")
    signed.addressed = Addressed(bucket)  # as the router finds it
    assert_only_this_verifies(signed, "s3", data, body=False)
    signed.addressed = Addressed("other")
    assert not accepted(copy(signed), "s3")
    signed.addressed = Addressed(bucket)
    assert not accepted(copy(signed), "s3", NOW + 901)


@pytest.mark.parametrize("service", ["sqs", "s3"])
def test_a_changed_signature_fails(service: str) -> None:
    make = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signed = sign(make(Credentials("AKID", SECRET), service, "us-east-1"), build("a", {}, {}, b"x"))
    authorization = signed.header("authorization")
    start = authorization.index("Signature=") + 10
    for at in range(start, start + 64):
        flipped = "0" if authorization[at] != "0" else "1"
        text = authorization[:at] + flipped + authorization[at + 1 :]
        headers = [(n, text if n.lower() == "authorization" else v) for n, v in signed.headers]
        assert not accepted(copy(signed, headers=headers), service)
