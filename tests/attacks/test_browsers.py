"""Strangers' pages in real browsers, Chromium and Firefox: whatever they try changes nothing, and pages of ours work.

The browsers are started on a page and need no driver: the page runs its attacks (attack.js) and tells what it saw. A
proxy stands before the cloud, so that each test waits until the cloud has answered what it waits for, and not for a
time. Foreign names are made to lead to this machine in the browser alone.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank import testing

ATTACK = (Path(__file__).parent / "attack.js").read_text()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE = 90.0  # seconds, to catch hangs: a browser's first start on a busy machine is slow
FOREIGN = ("evil.example", "127.evil.example")
DEEP = bool(os.environ.get("FOGBANK_FUZZ"))  # every page under every name
BY_PLAIN_HTTP = "localhost.localstack.cloud"  # a name that browsers send no Sec-Fetch-Site to


class Seen(NamedTuple):
    """One request that reached the cloud, and its answer's status."""

    method: str
    target: str  # and the body, behind a `&`
    headers: dict[str, str]
    status: int


class Front(ThreadingHTTPServer):
    """Serves the pages it is given under `/-/`, notes what they tell, and hands all else to the cloud, if any."""

    daemon_threads = True

    def __init__(self, cloud: Any = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cloud = cloud
        self.pages: dict[str, str] = {}
        self.told: list[str] = []
        self.seen: list[Seen] = []
        self.changed = threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is ended resets its connections; anything else is a fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def note(self, found: list[Any], what: Any) -> None:
        with self.changed:
            found.append(what)
            self.changed.notify_all()

    def wait(self, ready: Any) -> None:
        """Until `ready()`, which is asked after each event."""
        with self.changed:
            done = self.changed.wait_for(ready, PATIENCE)
        assert done, [*self.told, *((one.method, one.target[:100], one.status) for one in self.seen)]

    def statuses(self, name: str) -> list[int]:
        """What an attack was answered, preflights apart."""
        mark = re.compile(rf"made-{name}(?![\w-])")
        return [one.status for one in self.seen if one.method != "OPTIONS" and mark.search(one.target)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if path == "/-/told":
            self.server.note(self.server.told, unquote(self.path.partition("?")[2]))
            self._send(200, [("content-type", "image/png")], b"")
        elif path in self.server.pages:
            self._send(200, [("content-type", "text/html; charset=utf-8")], self.server.pages[path].encode())
        elif self.server.cloud is None:
            self._send(404, [], b"")
        else:
            self._forward(body)

    def _forward(self, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.cloud.app.port, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        headers = {name.lower(): value for name, value in self.headers.items()}
        mark = f"{unquote(self.path)}&{body.decode('latin-1')}"
        self.server.note(self.server.seen, Seen(self.command, mark, headers, response.status))
        self._send(response.status, response.getheaders(), content)

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = _answer


# -- the browsers ------------------------------------------------------------------------------------------------------


def chromium(profile: Path, names: list[str]) -> list[str]:
    rules = ",".join(f"MAP {name} 127.0.0.1" for name in names)
    return [
        str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-popup-blocking",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}", f"--host-resolver-rules={rules}",
    ]  # fmt: skip


def firefox(profile: Path, names: list[str]) -> list[str]:
    chosen = {
        "network.dns.localDomains": ",".join(names),
        "dom.disable_open_during_load": False,
        "dom.block_multiple_popups": False,
        "browser.shell.checkDefaultBrowser": False,
        "browser.aboutwelcome.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.reportingpolicy.firstRun": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "app.normandy.enabled": False,
        "extensions.getAddons.cache.enabled": False,
        "services.settings.server": "data:,",
        "security.warn_submit_secure_to_insecure": False,  # would ask somebody, and wait
        "dom.security.https_first": False,
        "dom.security.https_first_schemeless": False,
    }
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "user.js").write_text(
        "".join(f"user_pref({json.dumps(n)}, {json.dumps(v)});\n" for n, v in chosen.items())
    )
    return [str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile)]


BROWSERS = [
    pytest.param(chromium, marks=pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt install chromium")),
    pytest.param(firefox, marks=pytest.mark.skipif(FIREFOX is None, reason="needs a browser: apt install firefox-esr")),
]


@pytest.fixture(params=BROWSERS)
def browser(request, tmp_path):
    """`with browser(url): …` has a fresh browser show a page meanwhile."""

    @contextlib.contextmanager
    def showing(url: str, *names: str) -> Iterator[None]:
        profile = tmp_path / uuid.uuid4().hex
        command = request.param(profile, [*FOREIGN, BY_PLAIN_HTTP, *names])
        process = subprocess.Popen(
            [*command, url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env=os.environ | {"HOME": str(tmp_path)},
        )  # fmt: skip
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its own group: the browser and its helpers
            process.wait()

    return showing


# -- the attacks -------------------------------------------------------------------------------------------------------


class Scene:
    """A cloud of its own behind a proxy, a server of pages beside it, and requests that would change the cloud."""

    def __init__(self, cloud: Any, raw: Any) -> None:
        self.cloud, self.raw = cloud, raw
        self.front, self.pages = Front(cloud), Front()
        self.account = cloud.account("000000000000")
        s3 = self.account.client("s3")
        s3.create_bucket(Bucket="open")
        s3.put_object(Bucket="open", Key="k", Body=b"kept")
        rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}
        s3.put_bucket_cors(Bucket="open", CORSConfiguration={"CORSRules": [rule]})

    def base(self, host: str) -> str:
        return f"http://{host}:{self.front.port}"

    def url(self, auth: Any, service: str, method: str, url: str) -> str:
        ask = self.raw.signed(auth, "test", service, method, url)
        return f"http://{ask.host}{ask.target}"

    def user(self, host: str, name: str, method: str = "GET") -> str:
        """A URL that makes a user."""
        query = f"Action=CreateUser&Version=2010-05-08&UserName=made-{name}"
        return self.url(SigV4QueryAuth, "iam", method, f"{self.base(host)}/?{query}")

    def object(self, host: str, name: str, key: str = "k", folder: str = "") -> str:
        """A URL that reads an object; `folder` is where the bucket's objects are, when that is not below its name."""
        where = folder or f"{self.base(host)}/open/"
        return self.url(S3SigV4QueryAuth, "s3", "GET", f"{where}{key}?x-id=made-{name}")

    def put(self, key: str, content: str, kind: str) -> None:
        self.account.client("s3").put_object(Bucket="open", Key=key, Body=content.encode(), ContentType=kind)

    def control(self, host: str) -> list[dict[str, Any]]:
        """Calls of the control API."""
        control = f"{self.base(host)}/_fogbank"
        post = {"method": "POST", "headers": {"X-Fogbank-Control": "1"}, "body": "{}"}
        return [
            {"name": "health", "way": "fetch", "url": f"{control}/health?made-health"},
            {"name": "config", "way": "fetch", "url": f"{control}/config?made-config"},
            {"name": "config-no-cors", "way": "fetch", "url": f"{control}/config?made-config-no-cors",
             "options": {"mode": "no-cors"}},
            {"name": "reset", "way": "fetch", "url": f"{control}/reset?made-reset", "options": post},
        ]  # fmt: skip

    def attacks(self, host: str) -> list[dict[str, Any]]:
        """Each way in which a page can have a browser send something."""
        none = {"mode": "no-cors", "referrerPolicy": "no-referrer"}
        upload = self.url(S3SigV4QueryAuth, "s3", "PUT", f"{self.base(host)}/open/made-upload?x-id=made-upload")
        json_url = f"{self.base(host)}/?x=made-json"
        call = self.raw.signed(
            SigV4Auth, "test", "ssm", "POST", json_url, b'{"Name":"made-json","Value":"x","Type":"String"}',
            X_Amz_Target="AmazonSSM.PutParameter", Content_Type="application/x-amz-json-1.1",
        )  # fmt: skip
        headers = {
            name: value for name, value in call.headers.items() if name.lower() not in ("host", "content-length")
        }
        get = {"way": "form", "method": "GET", "url": f"{self.base(host)}/"}
        fields = dict(part.split("=", 1) for part in self.user(host, "form-get").partition("?")[2].split("&"))
        listed: list[dict[str, Any]] = [
            {"name": "image", "way": "image", "url": self.user(host, "image")},
            {"name": "image-no-referrer", "way": "image", "url": self.user(host, "image-no-referrer"),
             "policy": "no-referrer"},
            {"name": "script", "way": "script", "url": self.user(host, "script")},
            {"name": "frame", "way": "frame", "url": self.user(host, "frame")},
            {"name": "link", "way": "link", "url": self.user(host, "link")},
            {"name": "form-get", **get, "fields": {name: unquote(value) for name, value in fields.items()}},
            {"name": "form-urlencoded", "way": "form", "url": self.user(host, "form-urlencoded", "POST")},
            {"name": "form-text", "way": "form", "enctype": "text/plain", "url": self.user(host, "form-text", "POST")},
            {"name": "form-multipart", "way": "form", "enctype": "multipart/form-data",
             "url": f"{self.base(host)}/open", "fields": self.form("made-form-multipart")},
            {"name": "fetch", "way": "fetch", "url": self.user(host, "fetch")},
            {"name": "fetch-no-cors", "way": "fetch", "url": self.user(host, "fetch-no-cors"), "options": none},
            {"name": "post-no-cors", "way": "fetch", "url": self.user(host, "post-no-cors", "POST"),
             "options": {"method": "POST", "mode": "no-cors"}},
            {"name": "upload", "way": "fetch", "url": upload, "options": {"method": "PUT"}},
            {"name": "json", "way": "fetch", "url": json_url,
             "options": {"method": "POST", "headers": headers, "body": call.body.decode()}},
            {"name": "beacon", "way": "beacon", "url": self.user(host, "beacon", "POST")},
            {"name": "socket", "way": "socket", "url": self.user(host, "socket")},
            {"name": "opaque", "way": "opaque", "url": self.user(host, "opaque")},
            {"name": "opaque-no-cors", "way": "opaque", "url": self.user(host, "opaque-no-cors"), "options": none},
            {"name": "read-image", "way": "image", "url": self.object(host, "read-image")},
            {"name": "read-link", "way": "link", "url": self.object(host, "read-link")},
            {"name": "read-fetch", "way": "fetch", "url": self.object(host, "read-fetch")},
        ]  # fmt: skip
        return listed

    def form(self, key: str) -> dict[str, str]:
        posted: dict[str, Any] = self.account.client("s3").generate_presigned_post("open", key)
        return dict(posted["fields"])

    def page(self, attacks: list[dict[str, Any]]) -> str:
        told = f"http://localhost:{self.pages.port}/-/told?"
        script = f"const COLLECTOR = {json.dumps(told)};\nconst ATTACKS = {json.dumps(attacks)};\n{ATTACK}"
        return f"<!doctype html><title>t</title><body><script>{script}</script>"

    def made(self) -> set[str]:
        """What the attacks have made."""
        users = self.account.client("iam").list_users()["Users"]
        objects = self.account.client("s3").list_objects_v2(Bucket="open").get("Contents", [])
        parameters = self.account.client("ssm").describe_parameters()["Parameters"]
        names = [user["UserName"] for user in users] + [found["Key"] for found in objects]
        return {name[5:] for name in (*names, *(p["Name"] for p in parameters)) if name.startswith("made-")}

    def close(self) -> None:
        for server in (self.front, self.pages):
            server.shutdown()
            server.server_close()


@pytest.fixture
def scene(raw, fogbank_options):
    with testing.cloud(**fogbank_options) as cloud:
        found = Scene(cloud, raw)
        yield found
        found.close()


HOSTS = ["127.0.0.1", BY_PLAIN_HTTP]
# what a trusted page may do: all that has its Origin, and reads of S3
OURS = {"form-urlencoded", "form-text", "form-multipart", "fetch", "post-no-cors", "upload", "json", "beacon", "socket"}
READS = {"read-image", "read-link", "read-fetch"}
ASKED_FIRST = {"json", "reset"}  # with a preflight that strangers are not granted: the call itself is never sent


def run(scene: Scene, browser: Any, url: str, attacks: list[dict[str, Any]], asked_first: set[str], *names: str) -> Any:
    """The cloud's answers, by attack, once a browser that shows the page at `url` has tried them all."""
    with browser(url, *names):
        scene.pages.wait(lambda: "ended" in scene.pages.told)
        for attack in attacks:
            if attack["name"] not in asked_first:
                scene.front.wait(lambda name=attack["name"]: scene.front.statuses(name))
    return {attack["name"]: scene.front.statuses(attack["name"]) for attack in attacks}


def passed(answers: dict[str, list[int]], *refusals: int) -> dict[str, list[int]]:
    """Those that got another answer than a refusal."""
    return {name: found for name, found in answers.items() if not set(found) <= set(refusals)}


@pytest.mark.parametrize("page", FOREIGN if DEEP else FOREIGN[:1])
def test_a_strangers_page(scene, browser, page):
    attacks = [attack for host in HOSTS for attack in scene.attacks(host)]
    scene.pages.pages["/-/page"] = scene.page(attacks)
    answers = run(scene, browser, f"http://{page}:{scene.pages.port}/-/page", attacks, ASKED_FIRST)
    assert passed(answers, 403) == {}
    assert scene.made() == set()
    assert f"began http://{page}:{scene.pages.port} readable" in scene.pages.told


@pytest.mark.parametrize("host", HOSTS if DEEP else HOSTS[:1])
def test_a_page_of_this_machine(scene, browser, host):
    """The control: the same page works where it is trusted, so the attacks are real."""
    attacks = scene.attacks(host)
    scene.pages.pages["/-/page"] = scene.page(attacks)
    answers = run(scene, browser, f"http://localhost:{scene.pages.port}/-/page", attacks, set())
    assert set(passed(answers, 403)) == OURS | READS
    assert scene.made() == OURS
    assert {"read-fetch read 200", "json read 200"} <= set(scene.pages.told)


@pytest.mark.parametrize("name", FOREIGN if DEEP else FOREIGN[1:])
def test_a_name_that_was_pointed_here(scene, browser, name):
    """DNS rebinding: the page's own origin is the cloud, so that nothing is cross-origin and all can be read."""
    attacks = scene.attacks(name) + scene.control(name)
    scene.front.pages["/-/page"] = scene.page(attacks)
    answers = run(scene, browser, f"{scene.base(name)}/-/page", attacks, set())
    assert passed(answers, 421) == {}
    assert scene.made() == set()
    assert "fetch read 421" in scene.pages.told


def test_the_clouds_own_page(scene, browser):
    """The control: such a page on a host that is served may do what has its origin."""
    attacks = scene.attacks("localhost") + scene.control("localhost")
    scene.front.pages["/-/page"] = scene.page(attacks)
    answers = run(scene, browser, f"{scene.base('localhost')}/-/page", attacks, set())
    assert {"fetch", "upload", "json", "health"} <= set(passed(answers, 403))
    assert "fetch read 200" in scene.pages.told


def test_an_object_is_nobodys_page(scene, browser):
    """HTML in a bucket, opened below the host that is also the control API's and root's."""
    attacks = scene.attacks("127.0.0.1") + scene.control("127.0.0.1")
    scene.put("page.html", scene.page(attacks), "text/html")
    answers = run(scene, browser, scene.object("127.0.0.1", "shown", "page.html"), attacks, ASKED_FIRST)
    assert "began null closed" in scene.pages.told
    assert passed(answers, 403) == {}
    assert scene.made() == set()


def test_an_image_with_a_script_is_nobodys_page(scene, browser):
    user, told = scene.user("127.0.0.1", "svg"), f"http://localhost:{scene.pages.port}/-/told?"
    script = f"const told = (what) => fetch({json.dumps(told)} + what, {{mode: 'no-cors'}});\n"
    script += f"fetch({json.dumps(user)}).then(a => told('read'), () => told('threw')); told(self.origin);"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><script><![CDATA[{script}]]></script></svg>'
    scene.put("x.svg", svg, "image/svg+xml")
    with browser(scene.object("127.0.0.1", "shown", "x.svg")):
        scene.pages.wait(lambda: {"null", "threw"} <= set(scene.pages.told))
    assert scene.front.statuses("svg") == [403]
    assert scene.made() == set()


def test_a_page_on_its_buckets_own_host(scene, browser):
    """It is a page like any other there, and drives neither its own host nor the others with root's key."""
    own = "open.s3.localhost"
    attacks = [attack for host in (own, "127.0.0.1") for attack in scene.attacks(host)]
    scene.put("page.html", scene.page(attacks), "text/html")
    answers = run(scene, browser, scene.object(own, "shown", "page.html", f"{scene.base(own)}/"), attacks, ASKED_FIRST)
    assert f"began http://{own}:{scene.front.port} readable" in scene.pages.told
    assert passed(answers, 400, 403) == {}
    assert scene.made() == set()


def test_a_page_that_hides_that_it_is_one(scene, browser):
    """Firefox lets a page name another User-Agent to its own origin, and by plain http nothing else says page."""
    own = f"open.s3.{BY_PLAIN_HTTP}"
    hidden = {"referrerPolicy": "no-referrer", "headers": {"User-Agent": "aws-cli/2"}}
    attacks = [{"name": "hidden", "way": "fetch", "url": scene.user(own, "hidden"), "options": hidden}]
    scene.put("page.html", scene.page(attacks), "text/html")
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    keys = scene.account.user(json.dumps(policy)).keys  # typed in by plain http, the well-known ones are refused
    shown = AWSRequest("GET", f"{scene.base(own)}/page.html")
    S3SigV4QueryAuth(Credentials(*keys.values()), "s3", "us-east-1").add_auth(shown)
    answers = run(scene, browser, shown.url, attacks, set(), own)
    assert passed(answers, 400, 403) == {}
    assert scene.made() == set()
