"""Signed requests with something done to them, sent as they are: no client tidies them up."""

from __future__ import annotations

import http.client
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.auth import HmacV1Auth, HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Headers = list[tuple[str, str]]
JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    status: int
    text: str
    headers: dict[str, str]


class Made(NamedTuple):
    """A request that can be sent."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def having(self, *more: tuple[str, str]) -> Made:
        return self._replace(headers=[*self.headers, *more])

    def without(self, name: str) -> Made:
        return self._replace(headers=[pair for pair in self.headers if pair[0].lower() != name])

    def changed(self, name: str, value: str) -> Made:
        return self.without(name).having((name, value))

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name)


def credentials(account: Any) -> Credentials:
    keys = account.keys
    return Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token"))


def signer(account: Any, service: str, way: str, region: str) -> Any:
    keys = credentials(account)
    if way == "v2":
        return HmacV1Auth(keys)
    if way == "v2 url":
        return HmacV1QueryAuth(keys, expires=300)
    if way == "url":
        return (S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth)(keys, service, region, expires=300)
    return (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)


def sign(
    account: Any,
    service: str,
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    way: str = "header",
    region: str = "us-east-1",
) -> Made:
    """A request as botocore signs it: `way` is header, url, v2 or v2 url (which leaves the body open)."""
    signed = b"" if way.endswith("url") else body  # botocore would write it into the URL
    request = AWSRequest(method, account.endpoint + target, data=signed, headers=headers or {})
    signer(account, service, way, region).add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    sent = [(name, text if isinstance(text, str) else text.decode()) for name, text in prepared.headers.items()]
    sent = [pair for pair in sent if pair[0].lower() not in ("host", "content-length")]
    query = f"?{parts.query}" if parts.query else ""
    return Made(method, parts.path + query, [("Host", parts.netloc), *sent], body)


def send(endpoint: str, made: Made) -> Answer:
    """What the server says to exactly these headers, in this order."""
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.putrequest(made.method, made.target, skip_host=True, skip_accept_encoding=True)
    for name, value in made.headers:
        connection.putheader(name, value.encode("latin-1", "replace"))
    connection.putheader("Content-Length", str(len(made.body)))
    connection.endheaders(made.body)
    response = connection.getresponse()
    found = Answer(
        response.status, response.read().decode("utf-8", "replace"), {k.lower(): v for k, v in response.getheaders()}
    )
    connection.close()
    return found
