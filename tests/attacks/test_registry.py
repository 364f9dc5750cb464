"""The registry's protocol: no token, host, path or name leads to what its sender may not touch."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from tests.services.ecr.registry import Registry, allow, digest_of, make, make_index, password, policy

from fogbank import testing

SECRET = b"kept for the owner"


@pytest.fixture(scope="module")
def here(cloud):
    """A repository with an image, a user who may do everything but with it, and another account's root."""
    owner, other = cloud.account(), cloud.account()
    made = owner.client("ecr").create_repository(repositoryName="team/app")["repository"]
    host = f"{owner.id}.dkr.ecr.us-east-1.localhost"
    registry = Registry(cloud, f"{host}/team/app", password(owner))
    image = make(SECRET)
    assert registry.push(image, "v1").status == 201
    assert registry.push(make_index(image), "multi").status == 201
    user = owner.user(
        policy(allow("*"), {"Effect": "Deny", "Action": "ecr:*", "Resource": made["repositoryArn"]},
               {"Effect": "Deny", "Action": "ecr:*", "Resource": f"{made['repositoryArn']}/*"})
    )  # fmt: skip
    return SimpleNamespace(cloud=cloud, owner=owner, other=other, host=host, registry=registry, image=image,
                           denied=password(user), stranger=password(other))  # fmt: skip


def names(name):
    """Other ways to write a repository's name in a path."""
    yield from (
        name,
        name.upper(),
        name.title(),
        f"./{name}",
        f"{name}/.",
        f"/{name}",
        f"{name}/",
        quote(name, safe=""),
    )
    yield from (name.replace("/", "//"), name.replace("/", "/./"), name.replace("/", "%2F"), f"x/../{name}")
    yield from (f"{name}%00", f"{name}%0a", f"%20{name}", f"{name}?x=", f"{name}%3Fx", f"{name};x", name[:-1] + "*")
    yield from (f"{name[:1]}%{ord(name[1]):02x}{name[2:]}", f"{name}:v1", f"{name}@x")


def everywhere(here):
    """Each name of the registry, as host and as what stands before a repository's name."""
    port = here.registry.port
    for domain in (f"localhost:{port}", "amazonaws.com", "localhost.localstack.cloud", "LOCALHOST", "localhost."):
        yield f"{here.owner.id}.dkr.ecr.us-east-1.{domain}", ""
    yield f"{here.owner.id}.dkr-ecr.us-east-1.on.aws", ""
    for suffix in ("amazonaws.com", "amazonaws.com.cn", "localhost"):
        yield f"localhost:{port}", f"{here.owner.id}.dkr.ecr.us-east-1.{suffix}/"
        yield f"127.0.0.1:{port}", f"{here.owner.id}.dkr.ecr.us-east-1.{suffix}/"
    yield f"localhost:{port}", ""


@pytest.mark.parametrize("who", ["denied", "stranger"])
def test_no_name_leads_to_anothers_repository(here, who):
    digest = digest_of(SECRET)
    for host, before in everywhere(here):
        if who == "stranger" and host.startswith("localhost:") and not before:
            continue  # that is the stranger's own registry
        for name in names("team/app"):
            registry = Registry(here.cloud, f"{host}/{before}{name}", getattr(here, who))
            for method, path in (
                ("GET", "manifests/v1"), ("GET", f"blobs/{digest}"), ("GET", "tags/list"),
                ("GET", f"referrers/{digest}"), ("POST", "blobs/uploads/"),
                ("PUT", "manifests/v1"), ("DELETE", "manifests/v1"),
            ):  # fmt: skip
                answer = registry.on(method, path, here.image.manifest if method == "PUT" else b"")
                assert answer.status in (400, 401, 403, 404, 405, 421), (method, registry.host, registry.name, path)
                assert SECRET not in answer.body
    assert here.registry.pull("v1") == here.image


def test_a_blob_is_not_read_through_another_repository(here):
    """The bytes are stored once, but only those who pushed them, or may read them elsewhere, have them."""
    here.other.client("ecr").put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    uri = here.other.client("ecr").create_repository(repositoryName="mine")["repository"]["repositoryUri"]
    mine = Registry(here.cloud, uri, here.stranger)
    digest = digest_of(SECRET)
    for source in ("team/app", f"{here.owner.id}.dkr.ecr.us-east-1.amazonaws.com/team/app", f"{here.host}/team/app",
                   "mine", f"{here.owner.id}:team/app", "../team/app"):  # fmt: skip
        answer = mine.on("POST", f"blobs/uploads/?mount={digest}&from={quote(source, safe='')}")
        assert answer.status in (202, 403)
    assert mine.on("GET", f"blobs/{digest}").status == 404
    assert mine.on("PUT", "manifests/v1", here.image.manifest).error == (404, "MANIFEST_BLOB_UNKNOWN")
    found = here.other.client("ecr").batch_check_layer_availability(repositoryName="mine", layerDigests=[digest])
    assert found["layers"][0]["layerAvailability"] == "UNAVAILABLE"


def test_an_upload_belongs_to_its_repository(here):
    place = here.registry.on("POST", "blobs/uploads/").headers["location"].rpartition("/")[2]
    uri = here.other.client("ecr").create_repository(repositoryName="other")["repository"]["repositoryUri"]
    other = Registry(here.cloud, uri, here.stranger)
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = other.on(method, f"blobs/uploads/{place}?digest={digest_of(b'x')}", b"x")
        assert answer.error == (404, "BLOB_UPLOAD_UNKNOWN")
    assert here.registry.on("GET", f"blobs/uploads/{place}").headers["range"] == "0-0"


def test_tokens_cannot_be_made_or_changed(here):
    token = base64.b64decode(here.registry.authorization.split()[1]).decode().partition(":")[2]
    with testing.cloud() as elsewhere:
        foreign = password(elsewhere.account(here.owner.id))
    wrong = [foreign, "Basic " + base64.b64encode(f"{here.owner.id}:test".encode()).decode()]
    flipped = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token), 7)]
    wrong += ["Basic " + base64.b64encode(f"AWS:{each}".encode()).decode() for each in flipped]
    wrong += [f"Bearer {each}" for each in flipped[:5]]
    for authorization in wrong:
        here_too = Registry(here.cloud, f"{here.host}/team/app", authorization)
        assert here_too.on("GET", "manifests/v1").error == (401, "UNAUTHORIZED")


def test_links_to_layers_are_no_tokens(here):
    layer = (
        here.owner.client("ecr")
        .get_download_url_for_layer(repositoryName="team/app", layerDigest=digest_of(SECRET))["downloadUrl"]
        .rpartition("/")[2]
    )
    text = base64.b64encode(f"AWS:{layer}".encode()).decode()
    assert Registry(here.cloud, f"{here.host}/team/app", f"Basic {text}").on("GET", "tags/list").status == 401


def test_the_public_pull_of_anybody_is_of_public_repositories_only(here):
    """A token without a caller is good for nothing private, whichever way it is sent."""
    public = Registry(here.cloud, f"public.ecr.localhost:{here.registry.port}/x")
    token = public.ask("GET", "token/").json["token"]
    for authorization in (f"Bearer {token}", "Basic " + base64.b64encode(f"AWS:{token}".encode()).decode()):
        for host, before in everywhere(here):
            registry = Registry(here.cloud, f"{host}/{before}team/app", authorization)
            for path in ("manifests/v1", f"blobs/{digest_of(SECRET)}", "tags/list"):
                assert registry.on("GET", path).status in (401, 403, 404, 421)
            assert registry.ask("GET", "_catalog").status in (401, 403, 404, 421)


def test_work_is_bounded(here):
    """Documents that would take long are refused, and the cloud goes on answering."""
    digest = digest_of(b"x")
    part = f'{{"mediaType": "x", "digest": "{digest}", "size": 1}}'
    many = f'{{"schemaVersion": 2, "config": {part}, "layers": [{", ".join([part] * 20_000)}]}}'.encode()
    for content in (many, b"[" * 100_000, b'{"a":' * 100_000, b"9" * 1_000_000):
        assert here.registry.on("PUT", "manifests/bomb", content).error == (400, "MANIFEST_INVALID")
    for target in ("a/" * 3000 + "manifests/v1", "blobs/uploads/" * 500, "%2F" * 3000):
        assert here.registry.ask("GET", target).status in (400, 401, 404, 405, 414)
