"""Repository creation templates.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

import json

import pytest
from tests.services.ecr.registry import Registry, allow, make, password, policy
from tests.support import refused

KEEP = json.dumps(
    {"rules": [{"rulePriority": 1, "action": {"type": "expire"},
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}}]}
)  # fmt: skip
READ = policy({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"})


def test_templates_are_kept_and_changed(aws, ecr):
    made = ecr.create_repository_creation_template(prefix="prod/", appliedFor=["REPLICATION"], description="d")
    assert made["registryId"] == aws.id
    shown = made["repositoryCreationTemplate"]
    assert (shown["prefix"], shown["imageTagMutability"]) == ("prod", "MUTABLE")
    assert shown["encryptionConfiguration"] == {"encryptionType": "AES256"}
    again = refused(ecr.create_repository_creation_template, prefix="prod", appliedFor=["REPLICATION"])
    assert again.code == "TemplateAlreadyExistsException"
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["PULL_THROUGH_CACHE"])
    changed = ecr.update_repository_creation_template(prefix="prod", imageTagMutability="IMMUTABLE")
    changed = changed["repositoryCreationTemplate"]
    assert (changed["imageTagMutability"], changed["description"]) == ("IMMUTABLE", "d")
    assert changed["updatedAt"] >= changed["createdAt"]
    found = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert [each["prefix"] for each in found] == ["ROOT", "prod"]
    (one,) = ecr.describe_repository_creation_templates(prefixes=["prod"])["repositoryCreationTemplates"]
    assert one == changed
    ecr.delete_repository_creation_template(prefix="prod")
    for call in (ecr.delete_repository_creation_template, ecr.update_repository_creation_template):
        assert refused(call, prefix="prod").code == "TemplateNotFoundException"


@pytest.mark.parametrize("wrong", [{"lifecyclePolicy": "{}"}, {"repositoryPolicy": "{}"},
                                   {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}])  # fmt: skip
def test_what_a_template_sets_is_checked(ecr, wrong):
    call = ecr.create_repository_creation_template
    assert refused(call, prefix="prod", appliedFor=["REPLICATION"], **wrong).code == "InvalidParameterException"


def test_a_push_creates_the_repository_of_a_template(cloud, aws, ecr):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create-on-push.html"""
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["CREATE_ON_PUSH"])
    ecr.create_repository_creation_template(
        prefix="team",
        appliedFor=["CREATE_ON_PUSH"],
        imageTagMutability="IMMUTABLE",
        lifecyclePolicy=KEEP,
        repositoryPolicy=READ,
        resourceTags=[{"Key": "team", "Value": "fog"}],
    )
    ecr.create_repository_creation_template(prefix="team/app", appliedFor=["REPLICATION"], lifecyclePolicy=KEEP)
    registry = Registry(cloud, f"{aws.id}.dkr.ecr.us-east-1.localhost/team/app/web", password(aws))
    image = make()
    assert registry.push(image, "v1").status == 201
    assert registry.pull("v1") == image
    (made,) = ecr.describe_repositories()["repositories"]
    assert (made["repositoryName"], made["imageTagMutability"]) == ("team/app/web", "IMMUTABLE")
    name = {"repositoryName": "team/app/web"}
    assert ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"] == KEEP
    assert ecr.get_repository_policy(**name)["policyText"] == READ
    tags = ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert tags == [{"Key": "team", "Value": "fog"}]


def test_that_needs_the_right_to_create_a_repository(cloud, aws, ecr):
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["CREATE_ON_PUSH"])
    deny = {"Effect": "Deny", "Action": "ecr:CreateRepository", "Resource": "*"}
    user = aws.user(policy(allow("ecr:*"), deny))
    registry = Registry(cloud, f"{aws.id}.dkr.ecr.us-east-1.localhost/new", password(user))
    assert registry.push(make()).error == (403, "DENIED")
    assert ecr.describe_repositories()["repositories"] == []


def test_without_such_a_template_nothing_is_created(cloud, aws, ecr):
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["REPLICATION"])
    registry = Registry(cloud, f"{aws.id}.dkr.ecr.us-east-1.localhost/new", password(aws))
    assert registry.push(make()).error == (404, "NAME_UNKNOWN")
