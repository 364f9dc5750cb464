"""Every list that botocore can page reads its token: one that was never given out is refused, in the service's words.

A list that ignores its token answers the same page again, for ever, to whoever asks for the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.core import lists, services
from fogbank.core.errors import ServiceError

from . import building as build
from .world import ALL, VICTIM, World

# any text is a place to go on after, or nobody is given a token: lists that are always empty here
ANY_TEXT = {
    "dynamodb": {"ListTables"},
    "s3": {"ListMultipartUploads", "ListObjectVersions", "ListObjects"},
    "elasticache": {"DescribeServiceUpdates", "DescribeUpdateActions"},
    "cloudformation": {"DescribeAccountLimits"},
    "route53": {"ListHealthChecks", "ListHostedZones", "ListResourceRecordSets"},
}
# what a request needs besides the members that the model requires
MORE: dict[tuple[str, str], dict[str, Any]] = {
    ("dynamodb", "Query"): {
        "KeyConditionExpression": "x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}},
    ("cloudcontrol", "ListResources"): {"TypeName": "AWS::SQS::Queue"},
    ("cloudformation", "DescribeEvents"): {"StackName": "Stack"},
    ("resource-groups", "ListGroupResources"): {"GroupName": "Gang"},
    ("resource-groups", "SearchResources"): {"ResourceQuery": {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(
        {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": []})}},
    ("ecr", "DescribeImageScanFindings"): {"imageId": {"imageTag": "Tag"}},
    ("ec2", "DescribeLaunchTemplateVersions"): {"Versions": ["$Latest"]},
    ("elasticache", "DescribeCacheParameters"): {"CacheParameterGroupName": "default.valkey8"},
    ("elasticache", "DescribeEngineDefaultParameters"): {"CacheParameterGroupFamily": "valkey8"},
    ("iam", "SimulateCustomPolicy"): {"PolicyInputList": [json.dumps({"Version": "2012-10-17", "Statement": ALL})],
                                      "ActionNames": ["s3:GetObject"]},
    ("iam", "SimulatePrincipalPolicy"): {"ActionNames": ["s3:GetObject"]},
    ("cloudtrail", "ListTags"): {"ResourceIdList": [f"arn:aws:cloudtrail:us-east-1:{VICTIM}:trail/Trail"]},
    ("service-quotas", "ListAWSDefaultServiceQuotas"): {"ServiceCode": "kms"},
    ("service-quotas", "ListServiceQuotas"): {"ServiceCode": "kms"},
    ("ec2", "SearchTransitGatewayRoutes"): {"Filters": [{"Name": "type", "Values": ["static"]}]},
    ("ssm", "GetParametersByPath"): {"Path": "/"},
    ("ssm", "ListDocumentVersions"): {"Name": "Runs"},
}  # fmt: skip
# what the victim has nothing for
WANTING = {
    "DescribeReplicationBackfillResults",
    "GetBasePathMappings", "GetMetricData", "GetUsage", "GetUsagePlanKeys", "ListImports", "ListParts",
    "ListRequestedServiceQuotaChangeHistoryByQuota",
    "DescribeInstanceAssociationsStatus", "ListInventoryEntries", "GetComplianceSummary", "ListResourceScanResources",
    "ListStackRefactorActions", "ListStackSetOperationResults",
}  # fmt: skip


def _lists() -> Iterator[Any]:
    for service in services.built():
        loaded = services.load(service)
        assert loaded is not None
        for name, paginator in sorted(lists.paginators(service).items()):
            if name in loaded.operations and name not in ANY_TEXT.get(service, ()) and name not in WANTING:
                yield pytest.param(service, name, paginator, id=f"{service}-{name}")


@pytest.mark.parametrize(("service", "name", "paginator"), list(_lists()))
def test_a_token_that_nobody_was_given(world: World, service: str, name: str, paginator: lists.Paginator) -> None:
    shape = build.operation(service, name).input_shape
    assert shape is not None
    request = {each: world.texts.get((service, each), [value])[0] for each, value in build.minimal(shape).items()}
    if service == "logs":
        request["logGroupName"] = world.texts["logs", "logGroupName"][0]
        request = {member: value for member, value in request.items() if member in shape.members}
    request |= MORE.get((service, name), {})
    world.own(service, name, **request)  # it is the token that is refused
    token = paginator.input_token
    member = token if isinstance(token, str) else token[0]
    bad = "not-a-token" if shape.members[member].shape.type == "string" else {"no": {"S": "key"}}
    with pytest.raises(ServiceError):
        world.own(service, name, **request, **{member: bad})


def test_the_names_are_those_of_the_data() -> None:
    found = lists.paginators("kms")["ListAliases"]
    assert (found.input_token, found.output_token, found.limit_key) == ("Marker", "NextMarker", "Limit")
    assert (found.result_key, found.more_results) == ("Aliases", "Truncated")
    assert lists.paginators("no-such-service") == {}
