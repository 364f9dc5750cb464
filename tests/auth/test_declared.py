"""What operations declare for authorization, held against what AWS publishes of its actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.auth import published
from fogbank.core import services, tagging
from fogbank.core.operation import Operation, _every
from fogbank.wire import models

# operations that have no action of their own: their resource functions name the actions that they need
OTHERS = {"dynamodb:TransactGetItems", "dynamodb:TransactWriteItems", "kms:ReEncrypt", "s3:CopyObject", "s3:ListParts"}
UNPUBLISHED = {"elasticache:StopMigration", "secretsmanager:ListResourcePolicies"}  # not confirmed what AWS asks
# where AWS names things that are not here (a `dataset`, a managed node), or that a call of the account lists
EVERYTHING = {
    "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "cloudformation:DescribeStackRefactor",
    "cloudformation:ListHookResults", "cloudformation:ListStackRefactorActions", "cloudformation:ListStackRefactors",
    "ec2:DescribeSecurityGroupReferences", "ssm:DescribeInstancePatchStates", "ssm:GetDefaultPatchBaseline",
    "ssm:GetOpsSummary", "ssm:ListNodes", "ssm:PutComplianceItems", "ssm:StartAssociationsOnce",
}  # fmt: skip
NO_TAGS = {
    "imageTagMutability", "imageTagMutabilityExclusionFilters", "TransitiveTagKeys", "VersionStage", "VersionStages",
    "CopyTagsFromSource", "CopyImageTags", "InstanceMetadataTags", "TagFieldSpecifications",
}  # fmt: skip
ELSEWHERE = {"ec2": {"TagSpecifications", "TagSpecification"}}  # its resource functions give their condition keys


def _operations() -> Iterator[Operation]:
    for name in services.built():
        loaded = services.load(name)
        assert loaded is not None
        yield from loaded.operations.values()


def _found(operation: Operation) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    prefix, _, action = published.iam_action(operation.action).partition(":")
    return published.of_prefix(prefix).actions.get(action)


def test_actions_are_those_of_aws() -> None:
    asked = {each.action for each in _operations() if each.resource is not None and _found(each) is None}
    assert asked == OTHERS | UNPUBLISHED


def test_an_action_on_things_is_not_asked_of_everything() -> None:
    asked = {each.action for each in _operations() if each.resource is _every and (_found(each) or ((),))[0]}
    assert asked == EVERYTHING


@pytest.mark.parametrize("service", services.built())
def test_supplied_keys_are_those_of_aws(service: str) -> None:
    """A key that is misspelled would be said to be supplied, and be none."""
    loaded = services.load(service)
    assert loaded is not None
    for prefix, keys in loaded.condition_keys.items():
        tables = [published.of_prefix(each) for each in {prefix, "iam", "sts"}]
        known = {published.plain(key) for table in tables for key in table.keys}
        own = {key for key in keys.supplied if not any(each == key or each.startswith(key) for each in known)}
        assert own <= {"s3:versionid", "sts:durationseconds", "dynamodb:fulltablescan"}, prefix


def _tagging() -> Iterator[Any]:
    for operation in _operations():
        prefix, _, action = published.iam_action(operation.action).partition(":")
        keys = published.of_prefix(prefix).keys_of(action)
        if prefix not in {"apigateway", "s3"} and keys & {"aws:requesttag/", "aws:tagkeys"}:
            yield pytest.param(operation, id=f"{operation.service}-{operation.name}")


@pytest.mark.parametrize("operation", list(_tagging()))
def test_the_tags_of_requests_are_found(operation: Operation) -> None:
    """Wherever AWS supplies them and the model has a member for tags."""
    shape = models.load(operation.service).operations[operation.name].input_shape
    members = {name for name in (shape.members if shape is not None else {}) if "tag" in name.lower()}
    known = {*tagging._GIVEN, *tagging._TAKEN} | ELSEWHERE.get(operation.service, set())
    assert members <= known | NO_TAGS, members
