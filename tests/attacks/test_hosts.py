"""Hosts that are served: no name that a stranger can point at this machine (DNS rebinding), at any door."""

from __future__ import annotations

import socket

import pytest

from fogbank import testing
from fogbank.core.http import is_loopback
from fogbank.wire import hosts

SERVED = [
    "127.0.0.1", "127.0.0.1:4566", "[::1]:4566", "[::1]", "10.0.0.7:80", "192.168.1.5:4566", "localhost", "LOCALHOST:1",
    "localhost.:4566", "x.localhost:4566", "b.s3.us-east-1.localhost", "fogbank:4566", "my_cloud", "1password",
    "host.docker.internal:4566", "sqs.us-east-1.amazonaws.com", "b.s3.amazonaws.com:4566",
    "id.lambda-url.us-east-1.on.aws",
    "s3.dualstack.us-east-1.api.aws", "localhost.localstack.cloud:4566", "b.s3.localhost.localstack.cloud", "",
]  # fmt: skip
NOT_SERVED = [
    "evil.example", "evil.example:4566", "127.evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
    "evil-localhost.example", "xlocalhost.example", "evillocalhost.localstack.cloud", "amazonaws.com.evil.example",
    "xamazonaws.example", "evilon.aws", "internal.example", "2130706433", "2130706433:4566", "0x7f000001", "127.1",
    "0177.0.0.1", "localhost..", "[::1].evil.example", "[evil]", "::1", "[::1", "127.0.0.1:80:80", "localhost:x",
    "a.b", "evil..", "metadata.google.com", "evil.example.",
]  # fmt: skip
DOMAINS = ("localhost", "localhost.localstack.cloud", "amazonaws.com")


@pytest.mark.parametrize("host", SERVED)
def test_hosts_that_are_served(host):
    assert hosts.served(host, DOMAINS)


@pytest.mark.parametrize("host", NOT_SERVED)
def test_hosts_that_are_not_served(host):
    assert not hosts.served(host, DOMAINS)
    assert not hosts.served(host, (*DOMAINS, ""))


@pytest.mark.parametrize("target", [
    "/", "/_fogbank/health", "/_fogbank/config", "/_localstack/health", "/_aws/lambda-url/x/",
    "/restapis/a/b/_user_request_/",
    "/bucket/key", "/?Action=GetCallerIdentity&Version=2011-06-15",
])  # fmt: skip
def test_a_name_that_a_stranger_pointed_here_is_refused_at_every_door(cloud, target, raw):
    for host in ("evil.example", "evil.example:{port}", "127.evil.example:{port}", "2130706433:{port}"):
        for method in ("GET", "POST", "OPTIONS"):
            host = host.format(port=cloud.app.port)
            status, headers, text = raw.send(cloud, raw.Ask(method, host, target, {"X-Fogbank-Control": "1"}))
            assert status == 421, (host, method)
            assert b"FOGBANK_DOMAINS" in text
            assert "access-control-allow-origin" not in headers


def test_names_that_were_configured_are_served(fogbank_options, raw):
    with testing.cloud(domains=("localhost", "Aws.Team.Example"), **fogbank_options) as running:
        for host, status in (("aws.team.example", 200), ("x.aws.team.example:80", 200), ("team.example", 421)):
            assert raw.send(running, raw.Ask("GET", host, "/_fogbank/health", {}))[0] == status


def test_http_1_0_needs_no_host(cloud):
    with socket.create_connection(("127.0.0.1", cloud.app.port), 30) as raw:
        raw.sendall(b"GET /_fogbank/health HTTP/1.0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("peer", "here"), [
    ("127.0.0.1", True), ("127.255.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False),
    ("::ffff:10.0.0.1", False), ("128.0.0.1", False), ("127.evil", False), ("", False), ("localhost", False),
])  # fmt: skip
def test_loopback_addresses(peer, here):
    assert is_loopback(peer) is here
