"""ECR Public: its API, and pulls by everybody.

https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html
"""

from __future__ import annotations

import pytest
from tests.services.ecr.registry import Registry, allow, make, password, policy
from tests.support import refused

NAME = {"repositoryName": "tools/cat"}


@pytest.fixture
def public(aws):
    return aws.client("ecr-public")


@pytest.fixture
def registry(cloud, aws, public):
    """The repository on the public registry's own host."""
    uri = public.create_repository(**NAME)["repository"]["repositoryUri"]
    registry = Registry(cloud, uri, password(aws, "ecr-public"))
    registry.host, registry.name = f"public.ecr.localhost:{registry.port}", registry.name.partition("/")[2]
    return registry


def test_a_public_repository(aws, public):
    catalog = {"description": "d", "architectures": ["ARM"], "operatingSystems": ["Linux"], "aboutText": "a"}
    made = public.create_repository(**NAME, catalogData=catalog, tags=[{"Key": "k", "Value": "v"}])
    assert made["catalogData"] == catalog
    shown = made["repository"]
    assert shown["repositoryArn"] == f"arn:aws:ecr-public::{aws.id}:repository/tools/cat"
    assert public.describe_repositories(**{"repositoryNames": ["tools/cat"]})["repositories"] == [shown]
    (found,) = public.describe_registries()["registries"]
    alias = found["aliases"][0]["name"]
    port = aws.endpoint.rpartition(":")[2]
    assert found["registryUri"] == f"localhost:{port}/public.ecr.aws/{alias}"
    assert shown["repositoryUri"] == f"{found['registryUri']}/tools/cat"
    assert found["registryArn"] == f"arn:aws:ecr-public::{aws.id}:registry/{aws.id}"
    assert refused(public.create_repository, **NAME).code == "RepositoryAlreadyExistsException"
    assert public.list_tags_for_resource(resourceArn=shown["repositoryArn"])["tags"] == [{"Key": "k", "Value": "v"}]
    public.tag_resource(resourceArn=shown["repositoryArn"], tags=[{"Key": "l", "Value": "w"}])
    public.untag_resource(resourceArn=shown["repositoryArn"], tagKeys=["k"])
    assert public.list_tags_for_resource(resourceArn=shown["repositoryArn"])["tags"] == [{"Key": "l", "Value": "w"}]


def test_catalog_data(public):
    public.create_repository(**NAME)
    assert refused(public.get_repository_catalog_data, **NAME).code == "RepositoryCatalogDataNotFoundException"
    public.put_repository_catalog_data(**NAME, catalogData={"description": "d"})
    assert public.get_repository_catalog_data(**NAME)["catalogData"] == {"description": "d"}
    assert public.get_registry_catalog_data()["registryCatalogData"] == {}
    put = public.put_registry_catalog_data(displayName="us")
    assert put["registryCatalogData"] == {"displayName": "us"}
    assert public.get_registry_catalog_data()["registryCatalogData"] == {"displayName": "us"}


def test_private_and_public_repositories_are_apart(aws, ecr, public):
    public.create_repository(**NAME)
    assert ecr.describe_repositories()["repositories"] == []
    ecr.create_repository(**NAME)
    public.delete_repository(**NAME)
    assert len(ecr.describe_repositories()["repositories"]) == 1
    assert refused(public.delete_repository, **NAME).code == "RepositoryNotFoundException"


def test_everybody_pulls_and_the_owner_pushes(cloud, registry):
    image = make()
    assert registry.push(image, "v1").status == 201
    alias, name = registry.name.split("/", 1)
    for uri in (
        f"{registry.host}/{registry.name}",
        f"public.ecr.aws/{registry.name}",
        f"localhost:{registry.port}/public.ecr.aws/{registry.name}",
    ):
        anybody = Registry(cloud, uri)
        assert anybody.pull("v1") == image
        assert Registry(cloud, uri, "Basic Og==").pull("v1") == image  # as skopeo says that it has no credentials
        assert anybody.on("GET", "tags/list").json["tags"] == ["v1"]
        assert anybody.push(make(), "v2").error == (401, "UNAUTHORIZED")
    other = Registry(cloud, f"{registry.host}/{alias}/{name}", password(cloud.account(), "ecr-public"))
    assert other.push(make(), "v2").error == (403, "DENIED")
    nobodys = Registry(cloud, f"{registry.host}/zzzzzzzz/{name}")
    assert nobodys.on("GET", "manifests/v1").error == (404, "NAME_UNKNOWN")


def test_tools_get_a_bearers_token(cloud, registry):
    """https://distribution.github.io/distribution/spec/auth/token/"""
    refusal = registry.ask("GET", "", Authorization="")
    realm = f"http://{registry.host}/v2/token/"
    assert refusal.headers["www-authenticate"] == f'Bearer realm="{realm}",service="public.ecr.aws",scope="aws"'
    image = make()
    for authorization, status in (("", 401), (registry.authorization, 201)):
        token = registry.ask("GET", "token/?service=public.ecr.aws&scope=aws", Authorization=authorization)
        bearer = Registry(cloud, f"{registry.host}/{registry.name}", f"Bearer {token.json['token']}")
        assert bearer.ask("GET", "").status == 200
        assert bearer.push(image, "v1").status == status
    assert registry.ask("GET", "token/", Authorization="Bearer nonsense").status == 401


def test_images_of_public_repositories(aws, public, registry):
    image = make()
    registry.push(image, "b")
    registry.push(image, "a")
    (shown,) = public.describe_images(**NAME)["imageDetails"]
    assert (shown["imageDigest"], shown["imageTags"]) == (image.digest, ["a", "b"])
    assert "imageStatus" not in shown
    tags = public.describe_image_tags(**NAME)["imageTagDetails"]
    assert [(each["imageTag"], each["imageDetail"]["imageDigest"]) for each in tags] == [
        ("a", image.digest),
        ("b", image.digest),
    ]
    first = public.describe_image_tags(**NAME, maxResults=1)
    assert public.describe_image_tags(**NAME, nextToken=first["nextToken"])["imageTagDetails"] == tags[1:]
    gone = public.batch_delete_image(**NAME, imageIds=[{"imageDigest": image.digest}])
    assert len(gone["imageIds"]) == 2
    assert public.describe_images(**NAME)["imageDetails"] == []


def test_layers_of_public_repositories_by_the_api(aws, public, registry):
    """The registry may be named by its alias."""
    alias = registry.name.partition("/")[0]
    image = make()
    for blob, digest in zip(image.blobs, _digests(image), strict=True):
        id = public.initiate_layer_upload(**NAME, registryId=alias)["uploadId"]
        part = {"partFirstByte": 0, "partLastByte": len(blob) - 1, "layerPartBlob": blob}
        public.upload_layer_part(**NAME, uploadId=id, **part)
        public.complete_layer_upload(**NAME, uploadId=id, layerDigests=[digest])
    found = public.batch_check_layer_availability(**NAME, layerDigests=_digests(image))["layers"]
    assert [each["layerAvailability"] for each in found] == ["AVAILABLE", "AVAILABLE"]
    public.put_image(**NAME, imageManifest=image.manifest.decode(), imageTag="v1")
    assert registry.pull("v1") == image
    none = refused(public.initiate_layer_upload, **NAME, registryId="nosuchalias")
    assert none.code == "RegistryNotFoundException"


def _digests(image):
    import hashlib

    return ["sha256:" + hashlib.sha256(blob).hexdigest() for blob in image.blobs]


def test_policies_of_public_repositories(cloud, aws, public, registry):
    other = cloud.account()
    pusher = Registry(cloud, f"{registry.host}/{registry.name}", password(other, "ecr-public"))
    assert pusher.push(make(), "v1").error == (403, "DENIED")
    text = policy({"Effect": "Allow", "Principal": {"AWS": other.id}, "Action": "ecr-public:*"})
    assert public.set_repository_policy(**NAME, policyText=text)["policyText"] == text
    assert pusher.push(make(), "v1").status == 201
    assert public.get_repository_policy(**NAME)["policyText"] == text
    public.delete_repository_policy(**NAME)
    assert refused(public.get_repository_policy, **NAME).code == "RepositoryPolicyNotFoundException"


def test_tags_of_public_repositories_decide(aws, public, registry):
    user = aws.user(policy(allow("ecr-public:*", Condition={"StringEquals": {"ecr-public:ResourceTag/t": "1"}})))
    client = user.client("ecr-public")
    assert refused(client.describe_images, **NAME).code == "AccessDeniedException"
    arn = f"arn:aws:ecr-public::{aws.id}:repository/tools/cat"
    public.tag_resource(resourceArn=arn, tags=[{"Key": "t", "Value": "1"}])
    assert client.describe_images(**NAME)["imageDetails"] == []
