"""The resource types, as stacks have them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html
"""

from __future__ import annotations

import json

import pytest
from tests.services.ecr.registry import Registry, make, password
from tests.support import refused

KEEP = json.dumps(
    {"rules": [{"rulePriority": 1, "action": {"type": "expire"},
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}}]}
)  # fmt: skip
READ = {"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}  # fmt: skip


@pytest.fixture
def deploy(aws):
    """Create or update the stack `s` with resources and outputs; returns the outputs."""
    cloudformation = aws.client("cloudformation")

    def run(resources, outputs=None, waiter="stack_create_complete"):
        shown = {name: {"Value": value} for name, value in (outputs or {}).items()}
        body = json.dumps({"Resources": resources, **({"Outputs": shown} if shown else {})})
        call = cloudformation.create_stack if waiter == "stack_create_complete" else cloudformation.update_stack
        call(StackName="s", TemplateBody=body)
        cloudformation.get_waiter(waiter).wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}

    def remove():
        cloudformation.delete_stack(StackName="s")
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    run.update = lambda resources: run(resources, waiter="stack_update_complete")
    run.remove = remove
    return run


def test_a_repository_is_made_changed_and_deleted_with_its_images(cloud, aws, ecr, deploy):
    properties = {
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": [
            {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "dev*"}
        ],
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "LifecyclePolicy": {"LifecyclePolicyText": KEEP},
        "RepositoryPolicyText": READ,
        "EmptyOnDelete": True,
        "Tags": [{"Key": "team", "Value": "fog"}],
    }
    wanted = {"Name": {"Ref": "R"}, "Arn": {"Fn::GetAtt": ["R", "Arn"]}, "Uri": {"Fn::GetAtt": ["R", "RepositoryUri"]}}
    shown = deploy({"R": {"Type": "AWS::ECR::Repository", "Properties": properties}}, wanted)
    (made,) = ecr.describe_repositories()["repositories"]
    assert made["repositoryName"].startswith("s-r-")
    assert shown == {"Name": made["repositoryName"], "Arn": made["repositoryArn"], "Uri": made["repositoryUri"]}
    assert made["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert made["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "dev*"}]
    name = {"repositoryName": made["repositoryName"]}
    assert ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"] == KEEP
    assert json.loads(ecr.get_repository_policy(**name)["policyText"]) == READ
    tags = ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert {"Key": "team", "Value": "fog"} in tags
    deploy.update({"R": {"Type": "AWS::ECR::Repository", "Properties": {"EmptyOnDelete": True}}})
    (changed,) = ecr.describe_repositories()["repositories"]
    assert (changed["imageTagMutability"], changed["imageScanningConfiguration"]) == ("MUTABLE", {"scanOnPush": False})
    assert refused(ecr.get_lifecycle_policy, **name).code == "LifecyclePolicyNotFoundException"
    assert refused(ecr.get_repository_policy, **name).code == "RepositoryPolicyNotFoundException"
    assert Registry(cloud, shown["Uri"], password(aws)).push(make()).status == 201
    deploy.remove()
    assert ecr.describe_repositories()["repositories"] == []


def test_a_repository_with_images_stays_without_empty_on_delete(cloud, aws, ecr, deploy):
    deploy({"R": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "app"}}})
    (made,) = ecr.describe_repositories()["repositories"]
    Registry(cloud, made["repositoryUri"], password(aws)).push(make())
    with pytest.raises(Exception, match="DELETE_FAILED"):
        deploy.remove()
    assert len(ecr.describe_repositories()["repositories"]) == 1


def test_the_settings_of_a_registry_are_of_a_stack(aws, ecr, deploy):
    allow = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:ReplicateImage", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Sid": "a"}]}
    filters = [{"Filter": "team/", "FilterType": "PREFIX_MATCH"}]
    destination = {"Region": "eu-west-1", "RegistryId": aws.id}
    profile = f"arn:aws:signer:us-east-1:{aws.id}:/signing-profiles/made"
    deploy(
        {
            "Policy": {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": policy}},
            "Copies": {"Type": "AWS::ECR::ReplicationConfiguration", "Properties": {"ReplicationConfiguration": {
                "Rules": [{"Destinations": [destination], "RepositoryFilters": filters}]}}},
            "Scans": {"Type": "AWS::ECR::RegistryScanningConfiguration", "Properties": {
                "ScanType": "ENHANCED", "Rules": [{"ScanFrequency": "CONTINUOUS_SCAN", "RepositoryFilters": [
                    {"Filter": "*", "FilterType": "WILDCARD"}]}]}},
            "Signs": {"Type": "AWS::ECR::SigningConfiguration", "Properties": {
                "Rules": [{"SigningProfileArn": profile}]}},
            "Cache": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": {
                "EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"}},
            "Template": {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": {
                "Prefix": "prod", "AppliedFor": ["REPLICATION"], "Description": "d",
                "ResourceTags": [{"Key": "k", "Value": "v"}]}},
            "Public": {"Type": "AWS::ECR::PublicRepository", "Properties": {
                "RepositoryName": "cat", "RepositoryCatalogData": {"RepositoryDescription": "d"}}},
        },
        {"Registry": {"Ref": "Policy"}, "Public": {"Fn::GetAtt": ["Public", "Arn"]}},
    )  # fmt: skip
    assert json.loads(ecr.get_registry_policy()["policyText"]) == policy
    (rule,) = ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert rule["destinations"] == [{"region": "eu-west-1", "registryId": aws.id}]
    assert rule["repositoryFilters"] == [{"filter": "team/", "filterType": "PREFIX_MATCH"}]
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "ENHANCED"
    assert ecr.get_signing_configuration()["signingConfiguration"]["rules"][0]["signingProfileArn"] == profile
    assert len(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]) == 1
    (template,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert template["resourceTags"] == [{"Key": "k", "Value": "v"}]
    public = aws.client("ecr-public")
    assert public.get_repository_catalog_data(repositoryName="cat")["catalogData"] == {"description": "d"}
    deploy.update(
        {"Template": {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": {
            "Prefix": "prod", "AppliedFor": ["CREATE_ON_PUSH"]}}}
    )  # fmt: skip
    (template,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert (template["appliedFor"], "description" in template) == (["CREATE_ON_PUSH"], False)
    assert refused(ecr.get_registry_policy).code == "RegistryPolicyNotFoundException"
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    assert public.describe_repositories()["repositories"] == []
