"""The distribution protocol, request by request.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

from __future__ import annotations

import base64
import json
import os

import pytest
from tests.services.ecr.registry import DOCKER, INDEX, Registry, allow, digest_of, make, make_index, password, policy
from tests.support import refused

NOTHING = digest_of(b"nothing has this digest")


# -- who is asking -----------------------------------------------------------------------------------------------------


def test_the_root_asks_for_a_token(registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry_auth_http"""
    refused = registry.ask("GET", "", Authorization="")
    assert refused.error == (401, "UNAUTHORIZED")
    assert refused.headers["www-authenticate"] == f'Basic realm="http://{registry.host}/",service="ecr.amazonaws.com"'
    let_in = registry.ask("GET", "")
    assert (let_in.status, let_in.headers["docker-distribution-api-version"]) == (200, "registry/2.0")


@pytest.mark.parametrize("wrong", ["AWS:made-up", "AWS:", "somebody:{}", "AWS:{}x"])
def test_only_tokens_that_were_given_out_are_let_in(registry, wrong):
    token = base64.b64decode(registry.authorization.partition(" ")[2]).decode().partition(":")[2]
    text = base64.b64encode(wrong.format(token).encode()).decode()
    assert registry.ask("GET", "", Authorization=f"Basic {text}").error == (401, "UNAUTHORIZED")
    assert registry.on("GET", "tags/list", Authorization=f"Basic {text}").error == (401, "UNAUTHORIZED")
    assert registry.ask("GET", "", Authorization="Basic %%%").status == 401
    assert registry.ask("GET", "", Authorization="Digest x").status == 401


def test_a_token_lasts_twelve_hours_of_the_clock(own_cloud):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html

    ECR's text is in many reports: https://github.com/aws-samples/ecs-bg-external-controller/issues/13
    """
    aws = own_cloud.account()
    uri = aws.client("ecr").create_repository(repositoryName="app")["repository"]["repositoryUri"]
    registry = Registry(own_cloud, uri, password(aws))
    own_cloud.advance(12 * 3600 - 60)
    assert registry.ask("GET", "").status == 200
    own_cloud.advance(120)
    late = registry.ask("GET", "")
    assert late.error == (403, "DENIED")
    assert late.json["errors"][0]["message"] == "Your authorization token has expired. Reauthenticate and try again."


def test_a_token_ends_with_its_access_key(aws, cloud, uri):
    user = aws.user(policy(allow("ecr:*")))
    registry = Registry(cloud, uri, password(user))
    assert registry.on("GET", "tags/list").status == 200
    name = aws.client("iam").list_users()["Users"][0]["UserName"]
    aws.client("iam").delete_access_key(UserName=name, AccessKeyId=user.keys["aws_access_key_id"])
    assert registry.on("GET", "tags/list").error == (401, "UNAUTHORIZED")


# -- names of registries -----------------------------------------------------------------------------------------------


def test_a_repository_has_one_name_below_its_registrys_host_and_two_below_the_clouds(cloud, aws, registry):
    image = make()
    assert registry.push(image).status == 201
    port = registry.port
    for uri in (
        f"localhost:{port}/{aws.id}.dkr.ecr.us-east-1.amazonaws.com/team/app",
        f"{aws.id}.dkr.ecr.us-east-1.localhost:{port}/team/app",
        f"{aws.id}.dkr.ecr.us-east-1.amazonaws.com/team/app",
        f"{aws.id}.dkr-ecr.us-east-1.on.aws/team/app",
        f"127.0.0.1:{port}/team/app",
    ):
        assert Registry(cloud, uri, registry.authorization).pull() == image
    elsewhere = Registry(cloud, f"localhost:{port}/{aws.id}.dkr.ecr.eu-west-1.amazonaws.com/team/app")
    elsewhere.authorization = registry.authorization
    assert elsewhere.on("GET", "manifests/latest").error == (404, "NAME_UNKNOWN")


def test_apis_with_paths_of_the_same_version_are_still_there(aws, cloud):
    """API Gateway has GET /v2/apis; its calls are signed."""
    assert refused(aws.client("apigatewayv2").get_api, ApiId="none").code in ("NotImplemented", "NotFoundException")


def test_what_is_no_path_of_the_protocol(registry):
    assert registry.on("GET", "nothing").status == 404
    assert registry.on("POST", "manifests/latest").error == (405, "UNSUPPORTED")
    assert registry.on("DELETE", f"blobs/{NOTHING}").error == (405, "UNSUPPORTED")
    assert named(registry, "No").on("GET", "tags/list").error == (400, "NAME_INVALID")
    assert named(registry, "none").on("GET", "tags/list").error == (404, "NAME_UNKNOWN")
    assert named(registry, "none").on("POST", "blobs/uploads/").error == (404, "NAME_UNKNOWN")


def named(registry, name):
    other = object.__new__(Registry)
    other.__dict__ |= {**registry.__dict__, "name": name}
    return other


# -- blobs -------------------------------------------------------------------------------------------------------------


def test_a_blob_in_one_request(registry):
    content = os.urandom(300_000)
    digest = digest_of(content)
    assert registry.on("HEAD", f"blobs/{digest}").status == 404
    made = registry.on("POST", f"blobs/uploads/?digest={digest}", content)
    assert (made.status, made.headers["docker-content-digest"]) == (201, digest)
    assert made.headers["location"] == f"/v2/team/app/blobs/{digest}"
    found = registry.on("GET", f"blobs/{digest}")
    assert (found.body, found.headers["docker-content-digest"]) == (content, digest)
    head = registry.on("HEAD", f"blobs/{digest}")
    assert (head.status, head.headers["content-length"], head.body) == (200, "300000", b"")


def test_a_blob_in_chunks(registry):
    content = os.urandom(700_000)
    begun = registry.on("POST", "blobs/uploads/")
    assert (begun.status, begun.headers["range"]) == (202, "0-0")
    place = begun.headers["location"]
    assert place.endswith(begun.headers["docker-upload-uuid"])
    first = registry.ask("PATCH", place, content[:400_000], Content_Range="0-399999")
    assert (first.status, first.headers["range"]) == (202, "0-399999")
    again = registry.ask("PATCH", place, content[:400_000], Content_Range="0-399999")
    assert (again.status, again.headers["range"]) == (416, "0-399999")
    assert registry.ask("PATCH", place, b"x", Content_Range="400001-400001").status == 416
    assert registry.ask("PATCH", place, b"x", Content_Range="nonsense").status == 416
    assert registry.ask("GET", place).headers["range"] == "0-399999"
    second = registry.ask("PATCH", place, content[400_000:600_000], Content_Range="400000-599999")
    assert second.headers["range"] == "0-599999"
    digest = digest_of(content)
    done = registry.ask("PUT", f"{place}?digest={digest}", content[600_000:], Content_Range="600000-699999")
    assert (done.status, done.headers["docker-content-digest"]) == (201, digest)
    assert registry.on("GET", f"blobs/{digest}").body == content
    assert registry.ask("GET", place).error == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_with_chunked_transfer_as_docker_sends_it(registry):
    content = os.urandom(900_000)
    place = registry.on("POST", "blobs/uploads/").headers["location"]
    pieces = (content[at : at + 70_000] for at in range(0, len(content), 70_000))
    assert registry.ask("PATCH", place, pieces, Transfer_Encoding="chunked").headers["range"] == "0-899999"
    digest = digest_of(content)
    assert registry.ask("PUT", f"{place}?digest={digest}").status == 201
    assert registry.on("GET", f"blobs/{digest}").body == content


def test_an_upload_can_be_cancelled(registry):
    place = registry.on("POST", "blobs/uploads/").headers["location"]
    assert registry.ask("DELETE", place).status == 204
    assert registry.ask("PATCH", place, b"x").error == (404, "BLOB_UPLOAD_UNKNOWN")


def test_digests_are_verified(registry):
    place = registry.on("POST", "blobs/uploads/").headers["location"]
    registry.ask("PATCH", place, b"some bytes")
    assert registry.ask("PUT", f"{place}?digest={NOTHING}").error == (400, "DIGEST_INVALID")
    assert registry.ask("PUT", f"{place}?digest=sha256:short").error == (400, "DIGEST_INVALID")
    assert registry.ask("PUT", place).error == (400, "DIGEST_INVALID")
    assert registry.on("HEAD", f"blobs/{NOTHING}").status == 404
    assert registry.ask("PUT", f"{place}?digest={digest_of(b'some bytes')}").status == 201


def test_ranges_of_a_blob(registry):
    content = os.urandom(100_000)
    registry.push_blob(content)
    path = f"blobs/{digest_of(content)}"
    part = registry.on("GET", path, Range="bytes=1000-1999")
    assert (part.status, part.body, part.headers["content-range"]) == (
        206,
        content[1000:2000],
        "bytes 1000-1999/100000",
    )
    assert registry.on("GET", path, Range="bytes=99990-").body == content[99990:]
    assert registry.on("GET", path, Range="bytes=-10").body == content[-10:]
    assert registry.on("GET", path, Range="bytes=90000-999999").body == content[90000:]
    assert registry.on("GET", path, Range="bytes=100000-").error == (416, "RANGE_INVALID")
    assert registry.on("GET", path, Range="lines=1-2").status == 200


def test_mounting_is_off_until_the_account_sets_it(cloud, aws, ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html (BLOB_MOUNTING)"""
    other = ecr.create_repository(repositoryName="other")["repository"]["repositoryUri"]
    other = Registry(cloud, other, registry.authorization)
    registry.push_blob(b"shared")
    mount = f"blobs/uploads/?mount={digest_of(b'shared')}&from=team/app"
    assert other.on("POST", mount).status == 202
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert other.on("POST", mount).status == 201
    assert other.on("GET", f"blobs/{digest_of(b'shared')}").body == b"shared"
    assert other.on("POST", f"blobs/uploads/?mount={NOTHING}&from=team/app").status == 202
    assert other.on("POST", f"blobs/uploads/?mount={digest_of(b'shared')}&from=none").status == 202


def test_a_mount_needs_the_right_to_read(cloud, aws, ecr, registry):
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    uri = ecr.create_repository(repositoryName="other")["repository"]["repositoryUri"]
    registry.push_blob(b"secret")
    deny = {"Effect": "Deny", "Action": "ecr:*", "Resource": f"arn:aws:ecr:us-east-1:{aws.id}:repository/team/*"}
    user = aws.user(policy(allow("ecr:*"), deny))
    other = Registry(cloud, uri, password(user))
    path = f"blobs/uploads/?mount={digest_of(b'secret')}&from=team/app"
    assert other.on("POST", path).error == (403, "DENIED")
    assert other.on("HEAD", f"blobs/{digest_of(b'secret')}").status == 404


# -- manifests ---------------------------------------------------------------------------------------------------------


def test_an_image_goes_up_and_comes_down(registry):
    image = make(os.urandom(5000), os.urandom(200_000), media_type=DOCKER)
    pushed = registry.push(image, "v1")
    assert (pushed.status, pushed.headers["docker-content-digest"]) == (201, image.digest)
    assert pushed.headers["location"] == f"/v2/team/app/manifests/{image.digest}"
    assert registry.pull("v1") == image
    assert registry.pull(image.digest) == image
    head = registry.on("HEAD", "manifests/v1")
    assert (head.status, head.headers["docker-content-digest"], head.body) == (200, image.digest, b"")
    assert registry.push(image, "v1").status == 201  # once more: nothing changes


def test_what_a_manifest_names_must_be_there(registry):
    image = make()
    missing = registry.on("PUT", "manifests/v1", image.manifest, Content_Type=image.media_type)
    assert missing.error == (404, "MANIFEST_BLOB_UNKNOWN")
    index = make_index(image)
    assert registry.push(index).error == (404, "MANIFEST_BLOB_UNKNOWN")
    assert registry.on("GET", "manifests/v1").error == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"[]",
        b"{}",
        b'{"schemaVersion": 1}',
        b'{"schemaVersion": 2, "layers": []}',
        b'{"schemaVersion": 2, "config": {"digest": "sha256:x", "size": 1}, "layers": []}',
        json.dumps({"schemaVersion": 2, "mediaType": "text/plain", "config": {}, "layers": []}).encode(),
        json.dumps({"schemaVersion": 2, "config": {"digest": NOTHING, "size": -1}, "layers": []}).encode(),
        b"[" * 10_000,
    ],
)
def test_what_is_no_manifest(registry, content):
    assert registry.on("PUT", "manifests/v1", content).error == (400, "MANIFEST_INVALID")


def test_references_are_checked(registry):
    image = make()
    registry.push(image)
    put = ("PUT", f"manifests/{NOTHING}", image.manifest)
    assert registry.on(*put).error == (400, "DIGEST_INVALID")
    assert registry.on("PUT", f"manifests/{'t' * 301}", image.manifest).error == (400, "NAME_INVALID")
    assert registry.on("PUT", "manifests/-t", image.manifest).error == (400, "NAME_INVALID")
    assert registry.on("GET", "manifests/sha256:short").error == (400, "NAME_INVALID")
    assert registry.on("GET", f"manifests/{NOTHING}").error == (404, "MANIFEST_UNKNOWN")


def test_a_manifest_has_four_megabytes_at_most(registry):
    assert registry.on("PUT", "manifests/v1", b" " * ((4 << 20) + 1)).error == (400, "MANIFEST_INVALID")


def test_an_index_holds_its_images(registry):
    one, two = make(), make()
    for image in (one, two):
        assert registry.push(image, image.digest).status == 201
    index = make_index(one, two)
    assert registry.push(index, "multi").status == 201
    found = registry.on("GET", "manifests/multi")
    assert (found.body, found.headers["content-type"]) == (index.manifest, INDEX)
    assert registry.on("DELETE", f"manifests/{one.digest}").error == (405, "UNSUPPORTED")
    assert registry.on("DELETE", f"manifests/{index.digest}").status == 202
    assert registry.on("DELETE", f"manifests/{one.digest}").status == 202


def test_deletion_by_tag_and_by_digest(registry):
    image = make()
    registry.push(image, "a")
    registry.push(image, "b")
    assert registry.on("DELETE", "manifests/a").status == 202
    assert registry.on("GET", "manifests/a").error == (404, "MANIFEST_UNKNOWN")
    assert registry.pull("b") == image
    assert registry.on("DELETE", f"manifests/{image.digest}").status == 202
    assert registry.on("GET", "manifests/b").error == (404, "MANIFEST_UNKNOWN")
    assert registry.on("DELETE", f"manifests/{image.digest}").error == (404, "MANIFEST_UNKNOWN")


def test_immutable_tags(ecr, registry):
    """The code and text are in kaniko's pull request about it: osscontainertools/kaniko#204."""
    ecr.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
    image = make()
    assert registry.push(image, "v1").status == 201
    assert registry.push(image, "v1").status == 201
    refused = registry.push(make(), "v1")
    assert refused.error == (400, "TAG_INVALID")
    assert refused.json["errors"][0]["message"] == (
        "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because the tag is "
        "immutable."
    )


# -- lists -------------------------------------------------------------------------------------------------------------


def test_tags_come_in_pages(registry):
    image = make()
    for tag in ("a", "b", "c", "d", "e"):
        registry.push(image, tag)
    assert registry.on("GET", "tags/list").json == {"name": "team/app", "tags": ["a", "b", "c", "d", "e"]}
    first = registry.on("GET", "tags/list?n=2")
    assert first.json["tags"] == ["a", "b"]
    assert first.headers["link"] == '</v2/team/app/tags/list?n=2&last=b>; rel="next"'
    second = registry.ask("GET", first.headers["link"].partition(">")[0][1:])
    assert second.json["tags"] == ["c", "d"]
    last = registry.on("GET", "tags/list?n=2&last=d")
    assert (last.json["tags"], "link" in last.headers) == (["e"], False)
    assert registry.on("GET", "tags/list?n=0").json["tags"] == []
    assert registry.on("GET", "tags/list?n=x").error == (400, "PAGINATION_NUMBER_INVALID")


def test_the_catalogue_is_of_the_registry(ecr, registry):
    ecr.create_repository(repositoryName="a1")
    assert registry.ask("GET", "_catalog").json == {"repositories": ["a1", "team/app"]}
    page = registry.ask("GET", "_catalog?n=1")
    assert page.json == {"repositories": ["a1"]}
    assert registry.ask("GET", page.headers["link"].partition(">")[0][1:]).json == {"repositories": ["team/app"]}


def test_referrers(registry):
    subject = make()
    registry.push(subject, "v1")
    named = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.manifest)}
    one = make(artifactType="application/x.sbom", subject=named, annotations={"k": "v"})
    two = make(artifactType="application/x.signature", subject=named)
    pushed = registry.push(one, one.digest)
    assert pushed.headers["oci-subject"] == subject.digest
    registry.push(two, two.digest)
    found = registry.on("GET", f"referrers/{subject.digest}")
    assert found.headers["content-type"] == INDEX
    assert {each["digest"]: each["artifactType"] for each in found.json["manifests"]} == {
        one.digest: "application/x.sbom",
        two.digest: "application/x.signature",
    }
    some = registry.on("GET", f"referrers/{subject.digest}?artifactType=application/x.sbom")
    assert some.headers["oci-filters-applied"] == "artifactType"
    (shown,) = some.json["manifests"]
    assert (shown["digest"], shown["annotations"], shown["size"]) == (one.digest, {"k": "v"}, len(one.manifest))
    assert registry.on("GET", f"referrers/{NOTHING}").json["manifests"] == []
    assert registry.on("GET", "referrers/none").error == (400, "DIGEST_INVALID")
