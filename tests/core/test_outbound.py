"""The HTTP client: where it may go, and what it does with servers that are slow, large or wrong.

The servers here are sockets that say what a test tells them; the clients are the cloud's own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fogbank.core.outbound import Answer, Outbound, OutboundError, Refused, TooLarge
from fogbank.core.outbound_policy import is_home, refusal
from fogbank.core.settings import Settings
from fogbank.gateway.tls import TlsContext, ca_pem

PATIENCE = 20.0
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Cloud:
    """What the client needs of one."""

    def __init__(self, data: Path, endpoint: str = "http://127.0.0.1:9", **settings: Any) -> None:
        self.settings = Settings(data=data, **settings)
        self.endpoint = endpoint
        self.closers: list[Callable[[], None]] = []

    def authority(self) -> str:
        return ca_pem(self.settings.data)

    def on_stop(self, close: Callable[[], None]) -> None:
        self.closers.append(close)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server's port."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def saying(text: str | bytes, *, then_close: bool = False) -> Handler:
    """Answers every request that has no body with this text; `seen` are the heads."""
    message = text.encode() if isinstance(text, str) else text

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(message)
                await writer.drain()
                if then_close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    return handler


def ok(body: str, *headers: str) -> str:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}"


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., Outbound]:
    def make(**settings: Any) -> Outbound:
        return Outbound(Cloud(tmp_path, **settings))  # type: ignore[arg-type]

    return make


async def ask(client: Outbound, url: str, method: str = "GET", **how: Any) -> Answer:
    return await client.request(method, url, **{"seconds": PATIENCE, **how})


# -- where it may go ---------------------------------------------------------------------------------------------------


NEVER = [
    "169.254.169.254", "169.254.170.2", "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "fd00:ec2::254", "fd00:ec2::23", "fe80::1", "fe80::1%eth0", "fd20:ce::254", "0.0.0.0",
    "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "168.63.129.16", "100.100.100.200",
]  # fmt: skip


@pytest.mark.parametrize("address", NEVER)
def test_addresses_that_no_setting_allows(address: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"""
    assert all("no value of the setting outbound allows it" in refusal(address, way)
               for way in ("open", "private", "loopback"))  # fmt: skip


@pytest.mark.parametrize(
    ("address", "ways"),
    [
        ("127.0.0.1", "open private loopback"),
        ("127.9.9.9", "open private loopback"),
        ("::1", "open private loopback"),
        ("::ffff:127.0.0.1", "open private loopback"),
        ("10.1.2.3", "open private"),
        ("172.31.0.1", "open private"),
        ("::ffff:192.168.0.1", "open private"),
        ("100.64.0.1", "open private"),
        ("fd12::1", "open private"),
        ("172.32.0.1", "open"),
        ("93.184.216.34", "open"),
        ("2606:2800::1", "open"),
        ("64:ff9b::7f00:1", "open"),
    ],
)
def test_what_each_setting_allows(address: str, ways: str) -> None:
    allowed = [way for way in ("open", "private", "loopback") if not refusal(address, way)]  # type: ignore[arg-type]
    assert allowed == ways.split()


def test_names_that_lead_home() -> None:
    domains = Settings().domains
    home = ["sqs.us-east-1.amazonaws.com", "b.s3.amazonaws.com", "amazonaws.com", "x.lambda-url.us-east-1.on.aws",
            "a.execute-api.cn-north-1.amazonaws.com.cn", "s3.localhost.localstack.cloud", "AMAZONAWS.COM."]  # fmt: skip
    away = ["notamazonaws.com", "amazonaws.com.example.org", "localhost", "x.localhost", "example.org", "127.0.0.1"]
    assert [is_home(name, domains) for name in home + away] == [True] * len(home) + [False] * len(away)


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "2852039166", "0xa9fea9fe", "169.254.43518"],
)
def test_every_spelling_of_a_metadata_address_is_refused(client: Callable[..., Outbound], host: str) -> None:
    """The resolver reads numbers that are no dotted address; what it makes of them is judged."""

    async def go() -> None:
        with pytest.raises((Refused, OutboundError)) as caught:
            await ask(client(), f"http://{host}/latest/meta-data/", seconds=PATIENCE)
        assert isinstance(caught.value, Refused)
        assert "setting outbound" in str(caught.value)

    asyncio.run(go())


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have names resolve to these addresses, one list for each time that somebody asks; the names that were asked."""
    asked: list[str] = []
    left = list(answers)

    async def getaddrinfo(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        return [(10 if ":" in each else 2, 1, 6, "", (each, port)) for each in left.pop(0)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_resolves_to_a_metadata_address(
    client: Callable[..., Outbound], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["169.254.169.254", "fd00:ec2::254"])
    with pytest.raises(Refused, match="credentials to"):
        asyncio.run(ask(client(), "http://metadata.example.org/"))


def test_a_name_cannot_mean_another_address_when_it_is_connected_to(
    client: Callable[..., Outbound], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: it is resolved once, and the address that was judged is the one that is called."""

    async def go() -> None:
        async with serving(saying(ok("here"))) as port:
            asked = resolving(monkeypatch, ["169.254.169.254", "127.0.0.1"], ["169.254.169.254"])
            answer = await ask(client(), f"http://rebind.example.org:{port}/")
            assert (answer.body, asked) == (b"here", ["rebind.example.org"])

    asyncio.run(go())


def test_a_redirect_is_judged_like_the_first_url(client: Callable[..., Outbound]) -> None:
    async def go(location: str) -> None:
        redirect = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        async with serving(saying(redirect)) as port:
            one = client()
            assert (await ask(one, f"http://127.0.0.1:{port}/")).status == 302  # not followed unless asked to
            with pytest.raises(Refused):
                await ask(one, f"http://127.0.0.1:{port}/", redirects=5)

    for location in ("http://169.254.169.254/latest/meta-data/iam/", "//[fd00:ec2::254]/", "/_fogbank/config",
                     "file:///etc/passwd"):  # fmt: skip
        asyncio.run(go(location))


def test_redirects_end(client: Callable[..., Outbound]) -> None:
    async def go() -> None:
        loop = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
        async with serving(saying(loop)) as port:
            assert (await ask(client(), f"http://127.0.0.1:{port}/", redirects=3)).status == 307

    asyncio.run(go())


def test_a_redirect_to_another_server_does_not_carry_credentials(client: Callable[..., Outbound]) -> None:
    heads: list[bytes] = []

    async def last(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ok("there").encode())

    async def go() -> None:
        async with serving(last) as second:
            redirect = f"HTTP/1.1 303 See Other\r\nLocation: http://127.0.0.1:{second}/x\r\nContent-Length: 0\r\n\r\n"
            async with serving(saying(redirect)) as first:
                sent = [("Authorization", "secret"), ("Content-Type", "text/plain"), ("X-Mine", "kept")]
                answer = await ask(client(), f"http://127.0.0.1:{first}/", "POST", headers=sent, redirects=1)
                assert answer.body == b"there"

    asyncio.run(go())
    head = heads[0].decode()
    assert head.startswith("GET /x HTTP/1.1\r\n")
    assert "X-Mine: kept" in head
    assert not any(word in head.lower() for word in ("authorization", "content-type", "content-length"))


@pytest.mark.parametrize("outbound", ["private", "loopback"])
def test_a_refusal_names_the_setting(
    client: Callable[..., Outbound], outbound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["93.184.216.34"])
    with pytest.raises(Refused, match=f"the setting outbound is {outbound}"):
        asyncio.run(ask(client(outbound=outbound), "http://example.org/"))


@pytest.mark.parametrize("path", ["/_fogbank/health", "/_fogbank/config", "/_localstack/health"])
def test_no_request_goes_to_the_control_api(cloud: Any, path: str) -> None:
    """Under whichever name: an address of this machine, a name of AWS, another spelling of loopback."""
    port = cloud.app.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"127.1:{port}", "sqs.us-east-1.amazonaws.com"):
        with pytest.raises(Refused, match="control API"):
            cloud.run(ask(cloud.app.local(Outbound), f"http://{host}{path}"))


def test_names_of_aws_lead_home(cloud: Any, aws: Any) -> None:
    """By http and by https, whose certificate is of this cloud's own authority."""
    aws.client("s3").create_bucket(Bucket=f"home-{aws.id}")
    aws.client("s3").put_object(Bucket=f"home-{aws.id}", Key="k", Body=b"here")
    url = aws.client("s3").generate_presigned_url("get_object", Params={"Bucket": f"home-{aws.id}", "Key": "k"})
    query = url.partition("?")[2]
    host = url.split("/")[2]
    for scheme in ("http", "https"):
        for name in ("s3.amazonaws.com", "s3.us-east-1.amazonaws.com"):
            target = f"{scheme}://{name}/home-{aws.id}/k?{query}"
            answer = cloud.run(ask(cloud.app.local(Outbound), target, headers=[("Host", host)]))
            assert (answer.status, answer.body) == (200, b"here"), answer


def test_proxies_of_the_environment_are_not_used(
    client: Callable[..., Outbound], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def go() -> None:
        async with serving(saying(ok("direct"))) as port:
            assert (await ask(client(), f"http://127.0.0.1:{port}/")).body == b"direct"

    asyncio.run(go())


# -- what servers do ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "body"),
    [
        (ok("plain"), b"plain"),
        (CHUNKED + "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n", b"abcde"),
        ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok("after"), b"after"),
        ("HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
    ],
)  # fmt: skip
def test_bodies(client: Callable[..., Outbound], message: str, body: bytes) -> None:
    """https://www.rfc-editor.org/rfc/rfc9112#section-6.3"""

    async def go() -> None:
        async with serving(saying(message, then_close=message.startswith("HTTP/1.0"))) as port:
            one = client()
            for _ in range(2):
                answer = await ask(one, f"http://127.0.0.1:{port}/")
                assert answer.body == body
                assert not answer.header("link")

    asyncio.run(go())


def test_the_answer_to_head_has_no_body(client: Callable[..., Outbound]) -> None:
    async def go() -> None:
        async with serving(saying("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")) as port:
            answer = await ask(client(), f"http://127.0.0.1:{port}/", "HEAD")
            assert (answer.body, answer.header("content-length")) == (b"", "1000")

    asyncio.run(go())


@pytest.mark.parametrize(
    "message",
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        CHUNKED + "3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "",
    ],
)
def test_answers_that_are_none(client: Callable[..., Outbound], message: str) -> None:
    async def go() -> None:
        async with serving(saying(message, then_close=True)) as port:
            with pytest.raises(OutboundError):
                await ask(client(), f"http://127.0.0.1:{port}/")

    asyncio.run(go())


@pytest.mark.parametrize("framing", ["Content-Length: 4000000", "X-Until: closed"])
def test_a_body_beyond_the_limit(client: Callable[..., Outbound], framing: str) -> None:
    async def go() -> None:
        message = f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + b"x" * 4_000_000
        async with serving(saying(message, then_close=True)) as port:
            with pytest.raises(TooLarge, match="larger than 1000 bytes"):
                await ask(client(), f"http://127.0.0.1:{port}/", limit=1000)

    asyncio.run(go())


def test_headers_without_an_end(client: Callable[..., Outbound]) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while True:
                writer.write(b"X: " + b"y" * 10_000 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            writer.close()

    async def go() -> None:
        async with serving(endless) as port:
            with pytest.raises(OutboundError):
                await ask(client(), f"http://127.0.0.1:{port}/")

    asyncio.run(go())


def test_a_slow_body_meets_the_deadline(client: Callable[..., Outbound]) -> None:
    """Bytes that come all the time do not move it."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            writer.close()

    async def go() -> None:
        async with serving(drip) as port:
            with pytest.raises(TimeoutError):
                await ask(client(), f"http://127.0.0.1:{port}/", seconds=0.3)

    asyncio.run(go())


def test_nobody_listens(client: Callable[..., Outbound]) -> None:
    async def go() -> None:
        async with serving(saying("")) as port:
            pass
        with pytest.raises(OutboundError, match="Connect call failed"):
            await ask(client(), f"http://127.0.0.1:{port}/")

    asyncio.run(go())


def test_connections_are_used_again_and_closed_with_the_cloud(client: Callable[..., Outbound]) -> None:
    opened: list[asyncio.StreamWriter] = []
    answers = saying(ok("x"))

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        await answers(reader, writer)

    async def go() -> None:
        async with serving(counting) as port:
            one = client()
            for _ in range(5):
                await ask(one, f"http://127.0.0.1:{port}/")
            assert len(opened) == 1
            await asyncio.gather(*(ask(one, f"http://127.0.0.1:{port}/") for _ in range(3)))
            assert len(opened) == 3
            one.close()
            await asyncio.wait_for(asyncio.gather(*(writer.wait_closed() for writer in opened)), PATIENCE)

    asyncio.run(go())


def test_a_connection_that_the_server_closed_is_not_used(client: Callable[..., Outbound]) -> None:
    async def go() -> None:
        async with serving(saying(ok("x"), then_close=True)) as port:
            one = client()
            for _ in range(3):
                assert (await ask(one, f"http://127.0.0.1:{port}/")).body == b"x"
                while one._idle and any(entry[1].idle for kept in one._idle.values() for entry in kept):
                    await asyncio.sleep(0.001)  # until the end of the connection has arrived

    asyncio.run(go())


def test_a_message_is_framed_here_and_nowhere_else(client: Callable[..., Outbound]) -> None:
    heads: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(4)
        writer.write(ok("").encode())

    given = [("Content-Length", "0"), ("Transfer-Encoding", "chunked"), ("Connection", "close"), ("X-Case", "é")]

    async def go() -> None:
        async with serving(keep) as port:
            one = client()
            await ask(one, f"http://127.0.0.1:{port}/a b\u00e9%2F?q=\u20ac#no", "POST", headers=given, body=b"body")
            for bad in ([("X", "a\r\nY: b")], [("X\r\nY", "b")], [("Host", "a\nb")]):
                with pytest.raises(Refused):
                    await ask(one, f"http://127.0.0.1:{port}/", headers=bad)
            with pytest.raises(Refused):
                await ask(one, f"http://127.0.0.1:{port}/", "GET / HTTP/1.1\r\n")

    asyncio.run(go())
    lines = heads[0].split(b"\r\n")
    assert lines[0] == b"POST /a%20b%C3%A9%2F?q=%E2%82%AC HTTP/1.1"
    assert sorted(line.partition(b":")[0] for line in lines[1:] if line) == [b"Content-Length", b"Host", b"X-Case"]
    assert b"Content-Length: 4" in lines


@pytest.mark.parametrize("url", ["ftp://h/", "http://", "//h/", "http://h:0/", "http://[::1/", "http://h:x/", "h"])
def test_urls_that_are_none(client: Callable[..., Outbound], url: str) -> None:
    with pytest.raises(Refused, match="not an http or https URL"):
        asyncio.run(ask(client(), url))


def test_certificates_have_to_be_good(client: Callable[..., Outbound], tmp_path: Path) -> None:
    """Of the authority in this data folder, and no other's; `verify=False` takes any."""

    async def go() -> None:
        for folder, good in ((tmp_path, True), (tmp_path / "other", False)):
            tls = await TlsContext(folder).context()
            async with serving(saying(ok("safe")), tls) as port:
                one = client()
                if good:
                    assert (await ask(one, f"https://localhost:{port}/")).body == b"safe"
                else:
                    with pytest.raises(OutboundError, match="certificate verify failed"):
                        await ask(one, f"https://localhost:{port}/")
                assert (await ask(one, f"https://localhost:{port}/", verify=False)).body == b"safe"

    asyncio.run(go())


def test_the_setting_is_checked() -> None:
    assert msgspec.convert({"outbound": "private"}, Settings).outbound == "private"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"outbound": "closed"}, Settings)
