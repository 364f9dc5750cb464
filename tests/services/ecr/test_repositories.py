"""Repositories and their settings, by the APIs."""

from __future__ import annotations

import pytest
from tests.services.ecr.registry import Registry, allow, make, password, policy
from tests.support import refused

from fogbank import testing

FILTERS = [{"filterType": "WILDCARD", "filter": "latest*"}]
POLICY = policy({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:BatchGetImage"})


def test_a_repository_with_its_defaults(aws, ecr):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html"""
    made = ecr.create_repository(repositoryName="team/app")["repository"]
    port = aws.endpoint.rpartition(":")[2]
    assert made.pop("createdAt")
    assert made == {
        "repositoryArn": f"arn:aws:ecr:us-east-1:{aws.id}:repository/team/app",
        "registryId": aws.id,
        "repositoryName": "team/app",
        "repositoryUri": f"localhost:{port}/{aws.id}.dkr.ecr.us-east-1.amazonaws.com/team/app",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    (shown,) = ecr.describe_repositories(repositoryNames=["team/app"])["repositories"]
    assert shown.pop("createdAt")
    assert shown == made
    again = refused(ecr.create_repository, repositoryName="team/app")
    assert again.code == "RepositoryAlreadyExistsException"
    assert again.message == f"The repository with name 'team/app' already exists in the registry with id '{aws.id}'"


@pytest.mark.parametrize("name", ["A", "Upper", "a", "-a", "a/", "a//b", "a..b", "a b", "a:b", "x" * 257])
def test_names_of_repositories(ecr, name):
    assert refused(ecr.create_repository, repositoryName=name).code == "InvalidParameterException"


def test_a_repository_that_is_not_there(aws, ecr):
    for call in (ecr.delete_repository, ecr.list_images, ecr.get_repository_policy, ecr.initiate_layer_upload):
        error = refused(call, repositoryName="none")
        assert error.code == "RepositoryNotFoundException"
        assert error.message == f"The repository with name 'none' does not exist in the registry with id '{aws.id}'"
    assert refused(ecr.describe_repositories, repositoryNames=["none"]).code == "RepositoryNotFoundException"


def test_repositories_are_listed_in_pages(ecr):
    for name in ("aa", "bb", "cc"):
        ecr.create_repository(repositoryName=name)
    first = ecr.describe_repositories(maxResults=2)
    second = ecr.describe_repositories(maxResults=2, nextToken=first["nextToken"])
    names = [each["repositoryName"] for page in (first, second) for each in page["repositories"]]
    assert names == ["aa", "bb", "cc"]
    assert refused(ecr.describe_repositories, nextToken="x").code == "InvalidParameterException"
    assert refused(ecr.describe_repositories, repositoryNames=["aa"], maxResults=1).code == "InvalidParameterException"


def test_only_empty_repositories_are_deleted_without_force(ecr, registry):
    registry.push(make())
    assert refused(ecr.delete_repository, repositoryName="team/app").code == "RepositoryNotEmptyException"
    assert ecr.delete_repository(repositoryName="team/app", force=True)["repository"]["repositoryName"] == "team/app"
    assert ecr.describe_repositories()["repositories"] == []
    ecr.create_repository(repositoryName="team/app")
    assert ecr.list_images(repositoryName="team/app")["imageIds"] == []
    assert registry.on("GET", "manifests/latest").error == (404, "MANIFEST_UNKNOWN")


def test_mutability_and_its_exclusions(ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    call = ecr.put_image_tag_mutability
    shown = call(
        repositoryName="team/app",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=FILTERS,
    )
    assert shown["imageTagMutabilityExclusionFilters"] == FILTERS
    for tag, status in (("v1", 400), ("latest", 201), ("latest-arm", 201), ("the-latest", 400)):
        assert registry.push(make(), tag).status == 201
        assert registry.push(make(), tag).status == status, tag
    call(
        repositoryName="team/app",
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=FILTERS,
    )
    assert registry.push(make(), "v1").status == 201
    assert registry.push(make(), "latest").status == 400
    for wrong in ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, {"imageTagMutability": "MUTABLE",
                  "imageTagMutabilityExclusionFilters": FILTERS}):  # fmt: skip
        assert refused(call, repositoryName="team/app", **wrong).code == "InvalidParameterException"


def test_scanning_on_push_is_a_setting(ecr, uri):
    shown = ecr.put_image_scanning_configuration(
        repositoryName="team/app", imageScanningConfiguration={"scanOnPush": True}
    )
    assert shown["imageScanningConfiguration"] == {"scanOnPush": True}
    (found,) = ecr.describe_repositories()["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}


def test_tags_of_repositories(aws, ecr):
    arn = ecr.create_repository(repositoryName="aa", tags=[{"Key": "k", "Value": "v"}])["repository"]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "fog"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "team", "Value": "fog"}]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert refused(ecr.tag_resource, resourceArn=arn, tags=many).code == "TooManyTagsException"
    wrong = [{"Key": "aws:k", "Value": "v"}]
    assert refused(ecr.tag_resource, resourceArn=arn, tags=wrong).code == "InvalidTagParameterException"
    assert refused(ecr.tag_resource, resourceArn=arn + "x", tags=wrong).code == "RepositoryNotFoundException"
    assert refused(ecr.list_tags_for_resource, resourceArn="none").code == "InvalidParameterException"
    assert refused(ecr.create_repository, repositoryName="bb", tags=wrong).code == "InvalidTagParameterException"
    tagged = {"StringEquals": {"ecr:ResourceTag/team": "fog"}}
    user = aws.user(policy(allow("ecr:DescribeRepositories", Condition=tagged)))
    assert user.client("ecr").describe_repositories(repositoryNames=["aa"])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert refused(user.client("ecr").describe_repositories, repositoryNames=["aa"]).status == 400


def test_the_quota_of_repositories(tmp_path, fogbank_options):
    limits = tmp_path / "limits.toml"
    limits.write_text("[ecr]\nL-CFEB8E8D = 1\nL-03A36CE1 = 1\n")
    with testing.cloud(limits=str(limits), **fogbank_options) as cloud:
        aws = cloud.account()
        ecr = aws.client("ecr")
        uri = ecr.create_repository(repositoryName="one")["repository"]["repositoryUri"]
        assert refused(ecr.create_repository, repositoryName="two").code == "LimitExceededException"
        registry = Registry(cloud, uri, password(aws))
        assert registry.push(make(), "a").status == 201
        assert registry.push(make(), "b").error == (403, "DENIED")


# -- policies ----------------------------------------------------------------------------------------------------------


def test_the_policy_of_a_repository(aws, ecr, uri):
    name = {"repositoryName": "team/app"}
    missing = refused(ecr.get_repository_policy, **name)
    assert missing.code == "RepositoryPolicyNotFoundException"
    assert missing.message == (
        f"Repository policy does not exist for the repository with name 'team/app' in the registry with id '{aws.id}'"
    )
    assert ecr.set_repository_policy(**name, policyText=POLICY)["policyText"] == POLICY
    assert ecr.get_repository_policy(**name)["policyText"] == POLICY
    assert ecr.delete_repository_policy(**name)["policyText"] == POLICY
    assert refused(ecr.delete_repository_policy, **name).code == "RepositoryPolicyNotFoundException"
    wrong = refused(ecr.set_repository_policy, **name, policyText="{}")
    assert wrong.code == "InvalidParameterException"
    assert wrong.message == (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
    )


def test_another_account_reads_what_a_policy_lets_it_read(cloud, aws, ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html"""
    image = make()
    registry.push(image)
    other = cloud.account()
    reader = Registry(cloud, f"{registry.host}/team/app", password(other))
    assert reader.on("GET", "manifests/latest").error == (403, "DENIED")
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other.id}:root"},
                 "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}  # fmt: skip
    ecr.set_repository_policy(repositoryName="team/app", policyText=policy(statement))
    assert reader.pull() == image
    assert reader.push_blob(b"x").error == (403, "DENIED")
    theirs = other.client("ecr")
    found = theirs.batch_get_image(registryId=aws.id, repositoryName="team/app", imageIds=[{"imageTag": "latest"}])
    assert found["images"][0]["imageManifest"].encode() == image.manifest
    assert refused(theirs.list_images, registryId=aws.id, repositoryName="team/app").code == "AccessDeniedException"


def test_the_registrys_policy_applies_to_all_its_repositories(cloud, aws, ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html"""
    image = make()
    registry.push(image)
    other = cloud.account()
    reader = Registry(cloud, f"{registry.host}/team/app", password(other))
    missing = refused(ecr.get_registry_policy)
    assert missing.code == "RegistryPolicyNotFoundException"
    text = policy(
        allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", Principal={"AWS": other.id},
              resource=f"arn:aws:ecr:us-east-1:{aws.id}:repository/team/*", Sid="same")
    )  # fmt: skip
    assert ecr.put_registry_policy(policyText=text)["registryId"] == aws.id
    assert ecr.get_registry_policy()["policyText"] == text
    assert reader.pull() == image
    deny = {"Effect": "Deny", "Principal": {"AWS": other.id}, "Action": "ecr:GetDownloadUrlForLayer", "Sid": "same"}
    ecr.set_repository_policy(repositoryName="team/app", policyText=policy(deny))  # the ids may be the same
    assert reader.on("GET", f"manifests/{image.digest}").status == 200
    assert reader.on("GET", f"blobs/{'sha256:' + 64 * '0'}").error == (403, "DENIED")
    assert ecr.delete_registry_policy()["policyText"] == text
    assert reader.on("GET", "manifests/latest").error == (403, "DENIED")
    assert refused(ecr.put_registry_policy, policyText="none").code == "InvalidParameterException"


# -- each action -------------------------------------------------------------------------------------------------------

PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = ("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
        "ecr:PutImage")  # fmt: skip


@pytest.mark.parametrize("lacking", PUSH[1:])
def test_a_push_needs_each_of_its_permissions(cloud, aws, registry, lacking):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html"""
    arn = f"arn:aws:ecr:us-east-1:{aws.id}:repository/team/app"
    given = [action for action in PUSH if action != lacking]
    user = aws.user(policy(allow("ecr:GetAuthorizationToken"), allow(*given, resource=arn)))
    pushed = Registry(cloud, f"{registry.host}/team/app", password(user)).push(make())
    assert pushed.error == (403, "DENIED")
    assert pushed.json["errors"][0]["message"].startswith(f"User: arn:aws:iam::{aws.id}:user/")
    assert f"is not authorized to perform: {lacking} on resource: {arn}" in pushed.json["errors"][0]["message"]


def test_pushing_and_pulling_are_different_permissions(cloud, aws, registry):
    token = allow("ecr:GetAuthorizationToken")
    pusher, puller, nobody = (
        Registry(cloud, f"{registry.host}/team/app", password(aws.user(policy(token, *more))))
        for more in ([allow(*PUSH)], [allow(*PULL)], [])
    )
    image = make()
    assert pusher.push(image).status == 201
    assert puller.pull() == image
    assert pusher.on("GET", "manifests/latest").error == (403, "DENIED")
    assert puller.push(make()).error == (403, "DENIED")
    digest = image.digest
    for method, path in (
        ("GET", "manifests/latest"), ("HEAD", "manifests/latest"), ("DELETE", "manifests/latest"),
        ("GET", f"blobs/{digest}"), ("HEAD", f"blobs/{digest}"), ("POST", "blobs/uploads/"),
        ("PATCH", "blobs/uploads/x"),
        ("PUT", f"blobs/uploads/x?digest={digest}"), ("DELETE", "blobs/uploads/x"), ("GET", "blobs/uploads/x"),
        ("GET", "tags/list"), ("GET", f"referrers/{digest}"), ("PUT", "manifests/latest"),
    ):  # fmt: skip
        assert nobody.on(method, path).status == 403, (method, path)
    assert nobody.ask("GET", "_catalog").error == (403, "DENIED")
    assert nobody.ask("GET", "").status == 200


def test_a_user_without_permission_gets_no_token(aws):
    assert refused(aws.user().client("ecr").get_authorization_token).code == "AccessDeniedException"


def test_a_session_of_a_role_pulls_as_that_role(cloud, aws, registry):
    trust = policy({"Effect": "Allow", "Principal": {"AWS": aws.id}, "Action": "sts:AssumeRole"})
    iam = aws.client("iam")
    arn = iam.create_role(RoleName="puller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rights = policy(allow("ecr:GetAuthorizationToken", "ecr:ListImages"))
    iam.put_role_policy(RoleName="puller", PolicyName="p", PolicyDocument=rights)
    keys = aws.user(policy(allow("sts:AssumeRole"))).client("sts").assume_role(RoleArn=arn, RoleSessionName="ses")
    session = aws.as_keys(keys["Credentials"])
    puller = Registry(cloud, f"{registry.host}/team/app", password(session))
    assert puller.on("GET", "tags/list").status == 200
    denied = puller.on("GET", "manifests/latest")
    assert f"User: arn:aws:sts::{aws.id}:assumed-role/puller/ses is not" in denied.json["errors"][0]["message"]
    data = session.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["expiresAt"] <= keys["Credentials"]["Expiration"]
