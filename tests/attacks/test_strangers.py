"""Every door × every request of a browser: strangers' pages are refused; ours, and what is no browser's, are not.

The headers are those that browsers add by themselves; `test_browsers.py` has real ones send them.
https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank import testing
from fogbank.wire import hosts

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
UA = {"User-Agent": FIREFOX}
CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


class Ask(NamedTuple):
    """A request as it goes over the socket."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


def send(cloud: Any, ask: Ask, headers: dict[str, str] | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.app.port, timeout=60)
    kept = {name: value for name, value in ask.headers.items() if name.lower() not in ("host", "user-agent")}
    connection.request(ask.method, ask.target, ask.body, {"Host": ask.host, **kept, **(headers or {})})
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


def signed(auth: Any, key: str, service: str, method: str, url: str, body: bytes = b"", **headers: str) -> Ask:
    """A request with botocore's signature, in its headers or in its URL."""
    in_url = auth in (S3SigV4QueryAuth, SigV4QueryAuth)
    request = AWSRequest(
        method, url, data=b"" if in_url else body, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )
    auth(Credentials(key, "test"), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    _, _, host, *rest = prepared.url.split("/", 3)
    return Ask(method, host, "/" + (rest[0] if rest else ""), dict(prepared.headers.items()), body)


# -- the doors: each a request with a well-known key that works, and what kind it is -----------------------------------

READS = {"an object", "an object by its URL", "an object on its bucket's host"}


class Doors:
    """One account with something behind every door. Each door gives a fresh request, since some work once."""

    def __init__(self, cloud: Any, account: Any) -> None:
        self.cloud, self.account, self.key = cloud, account, account.id
        self.base = f"http://127.0.0.1:{cloud.app.port}"
        self.bucket = f"doors-{uuid.uuid4().hex[:12]}"
        s3 = account.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key="k", Body=b"kept")
        self.function = self._function()
        self.stage = self._stage()

    def _function(self) -> str:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as package:
            package.writestr("m.py", "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ran'}\n")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = self.account.client("iam").create_role(
            RoleName="doors", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
        )["Role"]["Arn"]
        client = self.account.client("lambda")
        client.create_function(
            FunctionName="f", Runtime="python3.12", Handler="m.handler", Role=role, Code={"ZipFile": held.getvalue()}
        )
        url: str = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
        return url

    def _stage(self) -> str:
        client = self.account.client("apigateway")
        mock = {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200"}},
        }
        method = {
            "x-amazon-apigateway-auth": {"type": "AWS_IAM"},
            "x-amazon-apigateway-integration": mock,
            "responses": {"200": {"description": "ok"}},
        }
        document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/p": {"get": method}}}
        api = client.import_rest_api(body=json.dumps(document))["id"]
        client.create_deployment(restApiId=api, stageName="dev")
        return f"http://{api}.execute-api.us-east-1.localhost:{self.cloud.app.port}/dev/p"

    def ask(self, door: str) -> Ask:
        name = f"made-{uuid.uuid4().hex[:12]}"
        create_user = f"Action=CreateUser&Version=2010-05-08&UserName={name}"
        path = f"{self.base}/{self.bucket}/k"
        virtual = f"http://{self.bucket}.s3.localhost:{self.cloud.app.port}/k"
        json_call = {"X_Amz_Target": "AmazonSSM.GetParameters", "Content_Type": "application/x-amz-json-1.1"}
        form_call = {"Content_Type": "application/x-www-form-urlencoded"}
        match door:
            case "a query call":
                return signed(SigV4Auth, self.key, "iam", "POST", f"{self.base}/", create_user.encode(), **form_call)
            case "a query call in a URL":
                return signed(SigV4QueryAuth, self.key, "iam", "GET", f"{self.base}/?{create_user}")
            case "a form of a query call, signed in its URL":
                return signed(SigV4QueryAuth, self.key, "sts", "POST",
                              f"{self.base}/?Action=GetCallerIdentity&Version=2011-06-15")  # fmt: skip
            case "a JSON call":
                return signed(SigV4Auth, self.key, "ssm", "POST", f"{self.base}/", b'{"Names":["n"]}', **json_call)
            case "a REST call":
                return signed(SigV4Auth, self.key, "lambda", "GET", f"{self.base}/2015-03-31/functions/")
            case "a bucket to make":
                return signed(S3SigV4Auth, self.key, "s3", "PUT", f"{self.base}/{name}")
            case "an upload by its URL":
                return signed(S3SigV4QueryAuth, self.key, "s3", "PUT", f"{self.base}/{self.bucket}/{name}", b"x")
            case "a deletion by its URL":
                return signed(S3SigV4QueryAuth, self.key, "s3", "DELETE", f"{self.base}/{self.bucket}/{name}")
            case "an upload by a form":
                return self._form(name)
            case "an object":
                return signed(S3SigV4Auth, self.key, "s3", "GET", path)
            case "an object by its URL":
                return signed(S3SigV4QueryAuth, self.key, "s3", "GET", path)
            case "an object on its bucket's host":
                return signed(S3SigV4QueryAuth, self.key, "s3", "GET", virtual)
            case "a function":
                return signed(SigV4QueryAuth, self.key, "lambda", "GET", self.function)
            case "a stage":
                return signed(SigV4QueryAuth, self.key, "execute-api", "GET", self.stage)
        raise ValueError(door)

    def _form(self, key: str) -> Ask:
        now = datetime.now(UTC)
        scope = f"{now:%Y%m%d}/us-east-1/s3/aws4_request"
        fields = {"key": key, "x-amz-credential": f"{self.key}/{scope}", "x-amz-algorithm": "AWS4-HMAC-SHA256",
                  "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}"}  # fmt: skip
        conditions = [{"bucket": self.bucket}, *({name: value} for name, value in fields.items())]
        ends = f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%S.000Z}"
        policy = base64.b64encode(json.dumps({"expiration": ends, "conditions": conditions}).encode())
        derived = b"AWS4test"
        for part in scope.split("/"):
            derived = hmac.digest(derived, part.encode(), hashlib.sha256)
        fields |= {"policy": policy.decode(), "x-amz-signature": hmac.digest(derived, policy, hashlib.sha256).hex()}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{v}\r\n' for name, v in fields.items()]
        parts.append('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n')
        host = f"127.0.0.1:{self.cloud.app.port}"
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        return Ask("POST", host, f"/{self.bucket}", kind, "".join(parts).encode())


DOORS = [
    "a query call", "a query call in a URL", "a form of a query call, signed in its URL", "a JSON call", "a REST call",
    "a bucket to make", "an upload by its URL", "a deletion by its URL", "an upload by a form", "an object",
    "an object by its URL", "an object on its bucket's host", "a function", "a stage",
]  # fmt: skip


@pytest.fixture(scope="module")
def doors(cloud):
    return Doors(cloud, cloud.account())


# -- the requests ----------------------------------------------------------------------------------------------------

STRANGE_ORIGINS = [
    "https://evil.example",
    "http://127.evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://evil-localhost",
    "http://evil.localhost.example:3000",
    "http://localhost:3000.evil.example",
    "http://evil.example#http://localhost:3000",
    "http://localhost:3000@evil.example",
    "http://evil.example:80/localhost:3000",
    "http://bucket.s3.amazonaws.com",
    "https://bucket.s3-website-us-east-1.amazonaws.com",
    "https://id.execute-api.us-east-1.amazonaws.com",
    "https://id.lambda-url.us-east-1.on.aws",
    "http://localhost.localstack.cloud:3000",
    # this cloud's own users' pages
    "http://bucket.s3.localhost:3000",
    "http://bucket.s3-website.us-east-1.localhost:3000",
    "http://id.execute-api.us-east-1.localhost:3000",
    "http://id.lambda-url.us-east-1.localhost:3000",
    "http://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://bucket.localhost:{port}",
    "null",
    "",
    "file://",
    "http://2130706433:3000",
    "http://127.1:3000",
    "http://0x7f.1:3000",
    "http://0.0.0.0:3000",
    "http://192.168.1.7:3000",
    "http://[::ffff:808:808]:3000",
    "chrome-extension://abcdefghijklmnop",
]
TRUSTED_ORIGINS = [
    "http://localhost",
    "http://localhost:3000",
    "https://localhost:8443",
    "http://app.localhost:3000",
    "http://127.0.0.1:5173",
    "http://127.8.9.10:5173",
    "http://[::1]:5173",
]

# what refuses at every door, with a well-known key
STRANGE: dict[str, dict[str, str]] = {
    "an image of a stranger's page": UA | CROSS,
    "an image of a page whose name looks like ours": UA | CROSS | {"Sec-Fetch-Site": "same-site"},
    "an image of a stranger's page, by plain http": UA | {"Referer": "http://evil.example/"},
    "an image of a look-alike": UA | {"Referer": "http://127.evil.example/"},
    "nothing but a browser's name": UA,
    "nothing but where it is shown": {"Sec-Fetch-Dest": "image"},
    "nothing but a stranger's Referer": {"Referer": "https://evil.example/page"},
    "an empty Referer": {"Referer": ""},
    "a Referer with our name in its path": {"Referer": "https://evil.example/http://localhost:3000/"},
    "a Referer with our name as its user": {"Referer": "http://localhost:3000@evil.example/"},
    "a bookmark, from a stranger": UA | {"Sec-Fetch-Site": "none", "Referer": "https://evil.example/"},
    "the cloud's own host, from a stranger": UA | {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    **{f"the origin {origin!r}": UA | CROSS | {"Origin": origin} for origin in STRANGE_ORIGINS},
    **{f"the origin {origin!r} alone": {"Origin": origin} for origin in STRANGE_ORIGINS},
}
# what reads from S3, and nothing else
READING: dict[str, dict[str, str]] = {
    "typed in": UA | {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "an image of a page of ours": UA | CROSS | {"Referer": "http://localhost:3000/"},
    "an image of a page of ours, by plain http": UA | {"Referer": "http://127.0.0.1:5173/"},
}
# what every door takes
FINE: dict[str, dict[str, str]] = {
    "an SDK": {"User-Agent": "Boto3/1.40 md/Botocore#1.40"},
    "curl": {"User-Agent": "curl/8.5.0"},
    "the fetch of Node.js": {"User-Agent": "node", "Sec-Fetch-Mode": "cors", "Accept-Language": "*"},
    **{f"a page of {origin}": UA | CROSS | {"Origin": origin} for origin in TRUSTED_ORIGINS},
}


def port_in(headers: dict[str, str], cloud: Any) -> dict[str, str]:
    return {name: value.replace("{port}", str(cloud.app.port)) for name, value in headers.items()}


def refused(answer: tuple[int, http.client.HTTPMessage, bytes]) -> bool:
    return answer[0] in (400, 403)


@pytest.mark.parametrize("door", DOORS)
def test_strangers_are_refused_at_every_door(cloud, doors, door):
    let_in = [
        name for name, headers in STRANGE.items() if not refused(send(cloud, doors.ask(door), port_in(headers, cloud)))
    ]
    assert let_in == []


@pytest.mark.parametrize("door", DOORS)
def test_what_is_ours_or_no_browsers_is_taken_at_every_door(cloud, doors, door):
    kept_out = {}
    for name, headers in FINE.items():
        status, _, text = send(cloud, doors.ask(door), headers)
        if status not in (200, 204):
            kept_out[name] = status, text
    assert kept_out == {}


@pytest.mark.parametrize("door", DOORS)
def test_links_and_images_read_objects_and_do_nothing_else(cloud, doors, door):
    for name, headers in READING.items():
        answer = send(cloud, doors.ask(door), headers)
        assert answer[0] == 200 if door in READS else refused(answer), name


def test_the_clouds_own_pages(cloud, doors):
    """`same-origin` counts where no user's page is served."""
    own = UA | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    ask = doors.ask("a REST call")
    assert send(cloud, ask, own)[0] == 200
    assert send(cloud, ask, own | {"Origin": f"http://{ask.host}"})[0] == 200
    for door in ("an object on its bucket's host", "a function", "a stage"):
        ask = doors.ask(door)
        assert send(cloud, ask, own)[0] == 403, door
        assert send(cloud, ask, own | {"Origin": f"http://{ask.host}"})[0] == 403, door


def test_the_refusal_says_what_to_do(cloud, doors):
    status, headers, text = send(cloud, doors.ask("a JSON call"), UA)
    assert (status, json.loads(text)["__type"].rpartition("#")[2]) == (400, "AccessDeniedException")
    assert "--allow-origin" in headers["x-fogbank-hint"]


# -- which keys, which modes -------------------------------------------------------------------------------------------

EVIL = UA | CROSS | {"Origin": "https://evil.example"}


def test_keys_that_were_issued_here_are_nobodys_business(cloud, aws):
    """A page that has such a key was given it, as on AWS."""
    aws.client("s3").create_bucket(Bucket=f"issued-{aws.id}")
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    user = aws.user(json.dumps(policy))
    url = user.client("s3").generate_presigned_url("list_objects_v2", {"Bucket": f"issued-{aws.id}"})
    host, _, target = url.removeprefix("http://").partition("/")
    assert send(cloud, Ask("GET", host, f"/{target}", {}), EVIL)[0] == 200


def test_a_secret_of_ones_own_is_known_to_no_page(fogbank_options):
    with testing.cloud(secret="not the default", **fogbank_options) as running:
        request = AWSRequest("GET", f"{running.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15")
        SigV4QueryAuth(Credentials("test", "not the default"), "sts", "us-east-1").add_auth(request)
        host, _, target = request.url.removeprefix("http://").partition("/")
        assert send(running, Ask("GET", host, f"/{target}", {}), EVIL)[0] == 200


def test_any_key_is_well_known_where_any_key_is_root(fogbank_options):
    with testing.cloud(auth="open", **fogbank_options) as running:
        for key in ("AKIAANYBODYATALL", "test"):
            ask = signed(SigV4QueryAuth, key, "iam", "GET",
                         f"{running.endpoint}/?Action=CreateUser&Version=2010-05-08&UserName={key}")  # fmt: skip
            assert send(running, ask, UA | CROSS)[0] == 403
            assert send(running, ask, EVIL)[0] == 403
            assert send(running, ask)[0] == 200


def test_origins_that_were_allowed(fogbank_options):
    allowed = "https://app.example:8443"
    with testing.cloud(allow_origin=(allowed, "app://localhost"), **fogbank_options) as running:
        ask = signed(SigV4Auth, "test", "lambda", "GET", f"{running.endpoint}/2015-03-31/functions/")
        for origin, status in (
            (allowed, 200), ("app://localhost", 200), ("https://app.example", 403), ("http://app.example:8443", 403),
            ("https://x.app.example:8443", 403), ("https://app.example:84430", 403),
        ):  # fmt: skip
            answered, headers, _ = send(running, ask, UA | CROSS | {"Origin": origin})
            assert answered == status, origin
            assert headers["access-control-allow-origin"] == (origin if status == 200 else None)


@pytest.mark.parametrize("origin", [*STRANGE_ORIGINS, *TRUSTED_ORIGINS])
def test_preflights_are_granted_to_trusted_pages_only(cloud, origin):
    origin = origin.replace("{port}", str(cloud.app.port))
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-amz-target"}
    ask = Ask("OPTIONS", f"127.0.0.1:{cloud.app.port}", "/", {"Origin": origin, **wanted})
    status, headers, _ = send(cloud, ask)
    granted = origin in TRUSTED_ORIGINS
    assert (status, headers["access-control-allow-origin"]) == ((200, origin) if granted else (403, None))


def test_preflights_of_stages_are_theirs(cloud, doors):
    """An API that takes a header of this name answers by its own configuration."""
    ask = doors.ask("a stage")
    wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-amz-target"}
    _, headers, text = send(cloud, Ask("OPTIONS", ask.host, "/dev/p", {"Origin": "http://localhost:3000", **wanted}))
    assert "access-control-allow-origin" not in headers
    assert b"Missing Authentication Token" in text


# -- hosts -------------------------------------------------------------------------------------------------------------

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
    "a.b", "metadata.google.com", "evil.example.",
]  # fmt: skip
DOMAINS = ("localhost", "localhost.localstack.cloud", "amazonaws.com")


@pytest.mark.parametrize("host", SERVED)
def test_hosts_that_are_served(host):
    assert hosts.served(host, DOMAINS)


@pytest.mark.parametrize("host", NOT_SERVED)
def test_hosts_that_are_not_served(host):
    assert not hosts.served(host, DOMAINS)


@pytest.mark.parametrize("target", [
    "/", "/_fogbank/health", "/_fogbank/config", "/_localstack/health", "/_aws/lambda-url/x/",
    "/restapis/a/b/_user_request_/",
    "/bucket/key", "/?Action=GetCallerIdentity&Version=2011-06-15",
])  # fmt: skip
def test_a_name_that_a_stranger_pointed_here_is_refused_at_every_door(cloud, target):
    for host in ("evil.example", "evil.example:{port}", "127.evil.example:{port}", "2130706433:{port}"):
        for method in ("GET", "POST", "OPTIONS"):
            host = host.format(port=cloud.app.port)
            status, headers, text = send(cloud, Ask(method, host, target, {"X-Fogbank-Control": "1"}))
            assert status == 421, (host, method)
            assert b"FOGBANK_DOMAINS" in text
            assert "access-control-allow-origin" not in headers


def test_a_signed_call_to_such_a_name_is_refused(cloud, doors):
    for door in DOORS:
        ask = doors.ask(door)
        assert send(cloud, ask._replace(host=f"evil.example:{cloud.app.port}"))[0] == 421, door


def test_names_that_were_configured_are_served(fogbank_options):
    with testing.cloud(domains=("localhost", "Aws.Team.Example"), **fogbank_options) as running:
        for host, status in (("aws.team.example", 200), ("x.aws.team.example:80", 200), ("team.example", 421)):
            assert send(running, Ask("GET", host, "/_fogbank/health", {}))[0] == status


def test_http_1_0_needs_no_host(cloud):
    import socket

    with socket.create_connection(("127.0.0.1", cloud.app.port), 30) as raw:
        raw.sendall(b"GET /_fogbank/health HTTP/1.0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 200")


# -- what users store or compute is not the cloud's page ---------------------------------------------------------------


def test_a_buckets_host_is_s3s_alone(cloud, doors):
    """Its pages could otherwise call every service in their own origin. On AWS, too, it is S3 that answers there."""
    host = f"{doors.bucket}.s3.localhost:{cloud.app.port}"
    create = f"http://{host}/?Action=CreateUser&Version=2010-05-08&UserName=made-on-a-bucket"
    status, _, text = send(cloud, signed(SigV4QueryAuth, doors.key, "iam", "GET", create))
    assert status in (400, 403)
    assert b"<Error>" in text
    call = signed(SigV4Auth, doors.key, "ssm", "POST", f"http://{host}/", b"{}", X_Amz_Target="AmazonSSM.GetParameters")
    assert b"<Error>" in send(cloud, call)[2]
    users = doors.account.client("iam").list_users()["Users"]
    assert "made-on-a-bucket" not in [user["UserName"] for user in users]


def test_no_control_api_on_users_hosts(cloud, doors):
    for host in (
        f"{doors.bucket}.s3.localhost", f"{doors.bucket}.s3-website.us-east-1.localhost",
        "id.lambda-url.us-east-1.localhost", "id.execute-api.us-east-1.localhost",
    ):  # fmt: skip
        status, headers, _ = send(cloud, Ask("GET", host, "/_fogbank/health", {}))
        assert status in (403, 404)
        assert "x-fogbank-version" not in headers


@pytest.mark.parametrize(("page", "method"), [(page, m) for page in ("strange", "local") for m in ("GET", "POST")])
def test_the_control_api_answers_no_strangers_page(cloud, page, method):
    origin = {"strange": "https://evil.example", "local": "http://localhost:3000"}[page]
    ask = Ask(method, f"localhost:{cloud.app.port}", "/_fogbank/health", {"Origin": origin, "X-Fogbank-Control": "1"})
    status = send(cloud, ask, UA | {"Sec-Fetch-Site": "same-site"})[0]
    if page == "strange":
        assert status == 403
    elif method == "GET":
        assert status == 200


def sandbox_of(answer: tuple[int, http.client.HTTPMessage, bytes]) -> list[str]:
    return [line for line in answer[1].get_all("content-security-policy", []) if line.startswith("sandbox")]


SHOWN = UA | {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_objects_are_sandboxed_where_they_are_not_at_home(cloud, aws):
    s3, bucket = aws.client("s3"), f"pages-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    kinds = {"x.html": "text/html", "x.svg": "image/svg+xml", "x.xml": "application/xml", "x.txt": "text/plain"}
    for key, kind in kinds.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"<x/>", ContentType=kind)
    for key in kinds:
        for host, homely in (
            ("127.0.0.1", False), ("localhost", False), ("s3.localhost", False), ("s3.us-east-1.amazonaws.com", False),
            (f"{bucket}.localhost", False), (f"{bucket}.s3.localhost", True),
            (f"{bucket}.s3.us-east-1.localhost.localstack.cloud", True),
        ):  # fmt: skip
            name = f"{host}:{cloud.app.port}"
            path = key if host.startswith(bucket) else f"{bucket}/{key}"
            ask = signed(S3SigV4QueryAuth, aws.id, "s3", "GET", f"http://{name}/{path}")
            shown = send(cloud, ask, SHOWN)
            assert shown[0] == 200, (host, shown)
            assert len(sandbox_of(shown)) == (0 if homely else 1), (host, key)
            assert "allow-same-origin" not in "".join(sandbox_of(shown))
            assert "content-security-policy" not in send(cloud, ask)[1]  # an SDK gets exactly what AWS says


def test_functions_and_stages_are_sandboxed_where_they_are_not_at_home(cloud, aws):
    """A policy of the function's own stands beside ours: browsers keep to both."""
    mine = Doors(cloud, aws)
    client = aws.client("lambda")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        package.writestr("m.py", (
            "def handler(event, context):\n"
            "    return {'statusCode': 200, 'headers': {'Content-Type': 'text/html',"
            " 'Content-Security-Policy': \"default-src 'self'\"}, 'body': '<p>'}\n"
        ))  # fmt: skip
    client.update_function_code(FunctionName="f", ZipFile=held.getvalue())
    client.update_function_url_config(FunctionName="f", AuthType="NONE")
    client.add_permission(
        FunctionName="f", StatementId="public", Action="lambda:InvokeFunctionUrl", Principal="*",
        FunctionUrlAuthType="NONE",
    )  # fmt: skip
    name = mine.function.removeprefix("http://").split(".")[0]
    by_path = send(cloud, Ask("GET", f"127.0.0.1:{cloud.app.port}", f"/_aws/lambda-url/{name}/", {}), SHOWN)
    assert by_path[0] == 200
    assert len(sandbox_of(by_path)) == 1
    assert by_path[1].get_all("content-security-policy")[0] == "default-src 'self'"
    by_host = send(cloud, Ask("GET", mine.function.split("/")[2], "/", {}), SHOWN)
    assert (by_host[0], sandbox_of(by_host)) == (200, [])
    api = mine.stage.removeprefix("http://").split(".")[0]
    for path in (f"/restapis/{api}/dev/_user_request_/p", f"/_aws/execute-api/{api}/dev/p"):
        assert len(sandbox_of(send(cloud, Ask("GET", "localhost", path, {}), SHOWN))) == 1
    assert sandbox_of(send(cloud, Ask("GET", mine.stage.split("/")[2], "/dev/p", {}), SHOWN)) == []


def test_a_page_may_sign_its_own_uploads_and_images(cloud, doors):
    """What the SDK for JavaScript does in a page on this machine, with presigned URLs in between."""
    page = UA | CROSS | {"Origin": "http://localhost:3000"}
    assert send(cloud, doors.ask("an upload by its URL"), page)[0] == 200
    image = UA | CROSS | {"Referer": "http://localhost:3000/album"}
    status, headers, text = send(cloud, doors.ask("an object by its URL"), image)
    assert (status, text) == (200, b"kept")
    assert headers["content-type"] == "binary/octet-stream"


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("peer", "here"), [
    ("127.0.0.1", True), ("127.255.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False),
    ("::ffff:10.0.0.1", False), ("128.0.0.1", False), ("127.evil", False), ("", False), ("localhost", False),
])  # fmt: skip
def test_loopback_addresses(peer, here):
    assert hosts.is_loopback(peer) is here
