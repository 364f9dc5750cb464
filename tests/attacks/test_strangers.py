"""Every door × every request of a browser: strangers' pages are refused; ours, and what is no browser's, are not.

The headers are those that browsers add by themselves; `test_browsers.py` has real ones send them.
https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank import testing

UA = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}

# requests with a well-known key, each of which works
DOORS = [
    "a query call", "a query call in a URL", "a form of a query call, signed in its URL", "a JSON call", "a REST call",
    "a bucket to make", "an upload by its URL", "a deletion by its URL", "an upload by a form", "an object",
    "an object by its URL", "an object on its bucket's host", "a function", "a stage",
]  # fmt: skip
READS = {"an object", "an object by its URL", "an object on its bucket's host"}

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


def refused(answer: tuple[int, Any, bytes]) -> bool:
    return answer[0] in (400, 403)


@pytest.mark.parametrize("door", DOORS)
def test_strangers_are_refused_at_every_door(cloud, doors, door, raw):
    let_in = [
        name
        for name, headers in STRANGE.items()
        if not refused(raw.send(cloud, doors.ask(door), port_in(headers, cloud)))
    ]
    assert let_in == []


@pytest.mark.parametrize("door", DOORS)
def test_what_is_ours_or_no_browsers_is_taken_at_every_door(cloud, doors, door, raw):
    kept_out = {}
    for name, headers in FINE.items():
        status, _, text = raw.send(cloud, doors.ask(door), headers)
        if status not in (200, 204):
            kept_out[name] = status, text
    assert kept_out == {}


@pytest.mark.parametrize("door", DOORS)
def test_links_and_images_read_objects_and_do_nothing_else(cloud, doors, door, raw):
    for name, headers in READING.items():
        answer = raw.send(cloud, doors.ask(door), headers)
        assert answer[0] == 200 if door in READS else refused(answer), name


def test_the_clouds_own_pages(cloud, doors, raw):
    """`same-origin` counts where no user's page is served."""
    own = UA | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    ask = doors.ask("a REST call")
    assert raw.send(cloud, ask, own)[0] == 200
    assert raw.send(cloud, ask, own | {"Origin": f"http://{ask.host}"})[0] == 200
    for door in ("an object on its bucket's host", "a function", "a stage"):
        ask = doors.ask(door)
        assert raw.send(cloud, ask, own)[0] == 403, door
        assert raw.send(cloud, ask, own | {"Origin": f"http://{ask.host}"})[0] == 403, door


def test_the_refusal_says_what_to_do(cloud, doors, raw):
    status, headers, text = raw.send(cloud, doors.ask("a JSON call"), UA)
    assert (status, json.loads(text)["__type"].rpartition("#")[2]) == (400, "AccessDeniedException")
    assert "--allow-origin" in headers["x-fogbank-hint"]


# -- which keys, which modes -------------------------------------------------------------------------------------------

EVIL = UA | CROSS | {"Origin": "https://evil.example"}


def test_keys_that_were_issued_here_are_nobodys_business(cloud, aws, raw):
    """A page that has such a key was given it, as on AWS."""
    aws.client("s3").create_bucket(Bucket=f"issued-{aws.id}")
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    user = aws.user(json.dumps(policy))
    url = user.client("s3").generate_presigned_url("list_objects_v2", {"Bucket": f"issued-{aws.id}"})
    host, _, target = url.removeprefix("http://").partition("/")
    assert raw.send(cloud, raw.Ask("GET", host, f"/{target}", {}), EVIL)[0] == 200


def test_a_secret_of_ones_own_is_known_to_no_page(fogbank_options, raw):
    with testing.cloud(secret="not the default", **fogbank_options) as running:
        request = AWSRequest("GET", f"{running.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15")
        SigV4QueryAuth(Credentials("test", "not the default"), "sts", "us-east-1").add_auth(request)
        host, _, target = request.url.removeprefix("http://").partition("/")
        assert raw.send(running, raw.Ask("GET", host, f"/{target}", {}), EVIL)[0] == 200


def test_any_key_is_well_known_where_any_key_is_root(fogbank_options, raw):
    with testing.cloud(auth="open", **fogbank_options) as running:
        for key in ("AKIAANYBODYATALL", "test"):
            ask = raw.signed(SigV4QueryAuth, key, "iam", "GET",
                         f"{running.endpoint}/?Action=CreateUser&Version=2010-05-08&UserName={key}")  # fmt: skip
            assert raw.send(running, ask, UA | CROSS)[0] == 403
            assert raw.send(running, ask, EVIL)[0] == 403
            assert raw.send(running, ask)[0] == 200


def test_origins_that_were_allowed(fogbank_options, raw):
    allowed = "https://app.example:8443"
    with testing.cloud(allow_origin=(allowed, "app://localhost"), **fogbank_options) as running:
        ask = raw.signed(SigV4Auth, "test", "lambda", "GET", f"{running.endpoint}/2015-03-31/functions/")
        for origin, status in (
            (allowed, 200), ("app://localhost", 200), ("https://app.example", 403), ("http://app.example:8443", 403),
            ("https://x.app.example:8443", 403), ("https://app.example:84430", 403),
        ):  # fmt: skip
            answered, headers, _ = raw.send(running, ask, UA | CROSS | {"Origin": origin})
            assert answered == status, origin
            assert headers["access-control-allow-origin"] == (origin if status == 200 else None)


@pytest.mark.parametrize("origin", [*STRANGE_ORIGINS, *TRUSTED_ORIGINS])
def test_preflights_are_granted_to_trusted_pages_only(cloud, origin, raw):
    origin = origin.replace("{port}", str(cloud.app.port))
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-amz-target"}
    ask = raw.Ask("OPTIONS", f"127.0.0.1:{cloud.app.port}", "/", {"Origin": origin, **wanted})
    status, headers, _ = raw.send(cloud, ask)
    granted = origin in TRUSTED_ORIGINS
    assert (status, headers["access-control-allow-origin"]) == ((200, origin) if granted else (403, None))


def test_preflights_of_stages_are_theirs(cloud, doors, raw):
    """An API that takes a header of this name answers by its own configuration."""
    ask = doors.ask("a stage")
    wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-amz-target"}
    _, headers, text = raw.send(
        cloud, raw.Ask("OPTIONS", ask.host, "/dev/p", {"Origin": "http://localhost:3000", **wanted})
    )
    assert "access-control-allow-origin" not in headers
    assert b"Missing Authentication Token" in text


def test_a_signed_call_to_such_a_name_is_refused(cloud, doors, raw):
    for door in DOORS:
        ask = doors.ask(door)
        assert raw.send(cloud, ask._replace(host=f"evil.example:{cloud.app.port}"))[0] == 421, door


@pytest.mark.parametrize(("page", "method"), [(page, m) for page in ("strange", "local") for m in ("GET", "POST")])
def test_the_control_api_answers_no_strangers_page(cloud, page, method, raw):
    origin = {"strange": "https://evil.example", "local": "http://localhost:3000"}[page]
    ask = raw.Ask(
        method, f"localhost:{cloud.app.port}", "/_fogbank/health", {"Origin": origin, "X-Fogbank-Control": "1"}
    )
    status = raw.send(cloud, ask, UA | {"Sec-Fetch-Site": "same-site"})[0]
    if page == "strange":
        assert status == 403
    elif method == "GET":
        assert status == 200


def test_a_page_may_sign_its_own_uploads_and_images(cloud, doors, raw):
    """What the SDK for JavaScript does in a page on this machine, with presigned URLs in between."""
    page = UA | CROSS | {"Origin": "http://localhost:3000"}
    assert raw.send(cloud, doors.ask("an upload by its URL"), page)[0] == 200
    image = UA | CROSS | {"Referer": "http://localhost:3000/album"}
    status, headers, text = raw.send(cloud, doors.ask("an object by its URL"), image)
    assert (status, text) == (200, b"kept")
    assert headers["content-type"] == "binary/octet-stream"
