"""Pull through cache rules, with registries of this cloud as upstream.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
"""

from __future__ import annotations

import os

import pytest
from tests.services.ecr.registry import Registry, allow, make, make_index, password, policy
from tests.support import refused


@pytest.fixture
def upstream(cloud):
    """A public repository, and how others name it as an upstream registry: host and prefix."""
    owner = cloud.account()
    uri = owner.client("ecr-public").create_repository(repositoryName="tools")["repository"]["repositoryUri"]
    return on_its_host(Registry(cloud, uri, password(owner, "ecr-public")))


def on_its_host(registry):
    registry.host, registry.name = f"public.ecr.localhost:{registry.port}", registry.name.partition("/")[2]
    return registry


def prefix_of(upstream):
    return upstream.name.partition("/")[0]


def cached(cloud, account, name, user=None):
    return Registry(cloud, f"{account.id}.dkr.ecr.us-east-1.localhost/{name}", password(user or account))


def test_rules_are_kept_and_changed(aws, ecr):
    rule = {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}
    made = ecr.create_pull_through_cache_rule(**rule)
    assert (made["registryId"], made["upstreamRegistry"]) == (aws.id, "quay")
    assert "upstreamRepositoryPrefix" not in made
    again = refused(ecr.create_pull_through_cache_rule, **rule)
    assert again.code == "PullThroughCacheRuleAlreadyExistsException"
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/x-AbCdEf"
    hub = ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="hub", upstreamRegistryUrl="registry-1.docker.io", credentialArn=secret
    )
    assert (hub["upstreamRegistry"], hub["credentialArn"]) == ("docker-hub", secret)
    found = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert [each["ecrRepositoryPrefix"] for each in found] == ["hub", "quay"]
    other = secret + "x"
    assert ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=other)["credentialArn"] == other
    (shown,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"])["pullThroughCacheRules"]
    assert shown["credentialArn"] == other
    assert ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="quay")["upstreamRegistryUrl"] == "quay.io"
    for call in (ecr.delete_pull_through_cache_rule, ecr.update_pull_through_cache_rule,
                 ecr.validate_pull_through_cache_rule):  # fmt: skip
        assert refused(call, ecrRepositoryPrefix="quay").code == "PullThroughCacheRuleNotFoundException"
    wrong = {"ecrRepositoryPrefix": "xx", "upstreamRegistryUrl": "example.com"}
    assert refused(ecr.create_pull_through_cache_rule, **wrong).code == "UnsupportedUpstreamRegistryException"


def test_a_pull_brings_the_image(cloud, aws, ecr, upstream):
    image = make(os.urandom(100_000))
    upstream.push(image, "v1")
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="cache", upstreamRegistryUrl=upstream.host, upstreamRepositoryPrefix=prefix_of(upstream)
    )
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="cache")["isValid"] is True
    registry = cached(cloud, aws, "cache/tools")
    assert registry.pull("v1") == image
    assert [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]] == ["cache/tools"]
    assert ecr.list_images(repositoryName="cache/tools")["imageIds"][0]["imageTag"] == "v1"
    missing = registry.on("GET", "manifests/v2")
    assert missing.error == (404, "MANIFEST_UNKNOWN")
    assert f"The upstream registry {upstream.host} could not be used" in missing.json["errors"][0]["message"]


def test_an_index_brings_its_images(cloud, aws, ecr, upstream):
    one, two = make(), make()
    for image in (one, two):
        upstream.push(image, image.digest)
    upstream.push(make_index(one, two), "multi")
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="cache", upstreamRegistryUrl=upstream.host, upstreamRepositoryPrefix=prefix_of(upstream)
    )
    registry = cached(cloud, aws, "cache/tools")
    assert registry.on("GET", "manifests/multi").status == 200
    assert registry.pull(two.digest) == two


def test_a_tag_is_looked_up_again_once_a_day(own_cloud):
    aws = own_cloud.account()
    public = aws.client("ecr-public").create_repository(repositoryName="tools")["repository"]["repositoryUri"]
    upstream = on_its_host(Registry(own_cloud, public, password(aws, "ecr-public")))
    old, new = make(), make()
    upstream.push(old, "v1")
    aws.client("ecr").create_pull_through_cache_rule(
        ecrRepositoryPrefix="cache", upstreamRegistryUrl=upstream.host, upstreamRepositoryPrefix=prefix_of(upstream)
    )
    assert cached(own_cloud, aws, "cache/tools").pull("v1") == old
    upstream.push(new, "v1")
    assert cached(own_cloud, aws, "cache/tools").pull("v1") == old
    own_cloud.advance(25 * 3600)
    assert cached(own_cloud, aws, "cache/tools").pull("v1") == new
    aws.client("ecr-public").delete_repository(repositoryName="tools", force=True)
    own_cloud.advance(25 * 3600)
    assert cached(own_cloud, aws, "cache/tools").pull("v1") == new  # upstream has it no more


def test_what_cannot_be_reached_is_said(cloud, aws, ecr):
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="cache", upstreamRegistryUrl="localhost:1")
    answer = cached(cloud, aws, "cache/tools").on("GET", "manifests/v1")
    assert answer.error == (404, "MANIFEST_UNKNOWN")
    assert "The upstream registry localhost:1 could not be used: " in answer.json["errors"][0]["message"]
    shown = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="cache")
    assert (shown["isValid"], "localhost:1" in shown["failure"]) == (False, True)


@pytest.mark.parametrize("lacking", ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"])
def test_an_import_needs_permissions_of_its_own(cloud, aws, ecr, upstream, lacking):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html"""
    upstream.push(make(), "v1")
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="cache", upstreamRegistryUrl=upstream.host, upstreamRepositoryPrefix=prefix_of(upstream)
    )
    user = aws.user(policy(allow("ecr:*"), {"Effect": "Deny", "Action": lacking, "Resource": "*"}))
    registry = cached(cloud, aws, "cache/tools", user)
    assert registry.on("GET", "manifests/v1").error == (403, "DENIED")
    assert ecr.describe_repositories()["repositories"] == []


def test_a_private_registry_as_upstream(cloud, aws, ecr, registry):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html"""
    image = make()
    registry.push(image, "v1")
    url = f"{aws.id}.dkr.ecr.us-east-1.amazonaws.com"
    abroad = aws.client("ecr", region_name="eu-west-1")
    made = abroad.create_pull_through_cache_rule(ecrRepositoryPrefix="ROOT", upstreamRegistryUrl=url)
    assert made["upstreamRegistry"] == "ecr"
    there = Registry(cloud, f"{aws.id}.dkr.ecr.eu-west-1.localhost/team/app", password(aws))
    assert there.pull("v1") == image
    assert there.on("GET", "manifests/v2").error == (404, "MANIFEST_UNKNOWN")


def test_another_accounts_registry_is_read_by_a_role(cloud, aws, ecr, registry):
    image = make()
    registry.push(image, "v1")
    other = cloud.account()
    theirs = other.client("ecr")
    url = f"{aws.id}.dkr.ecr.us-east-1.amazonaws.com"
    theirs.create_pull_through_cache_rule(ecrRepositoryPrefix="none", upstreamRegistryUrl=url)
    assert cached(cloud, other, "none/team/app").on("GET", "manifests/v1").error == (404, "MANIFEST_UNKNOWN")
    trust = {"Effect": "Allow", "Principal": {"Service": "pullthroughcache.ecr.amazonaws.com"},
             "Action": "sts:AssumeRole"}  # fmt: skip
    iam = other.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    theirs.create_pull_through_cache_rule(ecrRepositoryPrefix="mine", upstreamRegistryUrl=url, customRoleArn=role)
    there = cached(cloud, other, "mine/team/app")
    assert there.on("GET", "manifests/v1").error == (403, "DENIED")
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=policy(allow("ecr:*")))
    let = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
    ecr.set_repository_policy(repositoryName="team/app", policyText=policy(let))
    assert there.pull("v1") == image
