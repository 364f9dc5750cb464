"""Lists page by page: every item once, and a token that was altered or comes from elsewhere is the service's own error.

The codes are those that the operations' pages declare (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html
and the like); the texts are not confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError


def _queues(aws: Any) -> None:
    for number in range(5):
        aws.client("sqs").create_queue(QueueName=f"q{number}")


def _keys(aws: Any) -> None:
    for _ in range(5):
        aws.client("kms").create_key()


def _topics(aws: Any) -> None:
    for number in range(101):
        aws.client("sns").create_topic(Name=f"t{number:03}")


def _subscriptions(aws: Any) -> None:
    topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
    for number in range(101):
        aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=f"{number}@example.com")


def _parameters(aws: Any) -> None:
    for number in range(5):
        aws.client("ssm").put_parameter(Name=f"/p/{number}", Value="v", Type="String")


def _alarms(aws: Any) -> None:
    for number in range(5):
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=f"a{number}", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip


def _groups(aws: Any) -> None:
    for number in range(5):
        aws.client("logs").create_log_group(logGroupName=f"g{number}")


def _filters(aws: Any) -> None:
    _groups(aws)
    for number in range(5):
        aws.client("logs").put_metric_filter(
            logGroupName=f"g{number % 2}", filterName=f"f{number}", filterPattern="",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
        )  # fmt: skip


def _streams(aws: Any) -> None:
    aws.client("logs").create_log_group(logGroupName="g")
    for number in range(5):
        aws.client("logs").create_log_stream(logGroupName="g", logStreamName=f"s{number}")


def _aliases(aws: Any) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for number in range(5):
        kms.create_alias(AliasName=f"alias/a{number}", TargetKeyId=key)


def _tagged_key(aws: Any) -> dict[str, Any]:
    tags = [{"TagKey": f"t{number}", "TagValue": "v"} for number in range(5)]
    return {"KeyId": aws.client("kms").create_key(Tags=tags)["KeyMetadata"]["KeyId"]}


def _metric_filters(aws: Any) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="g")
    for number in range(5):
        logs.put_metric_filter(
            logGroupName="g", filterName=f"f{number}", filterPattern="x",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
        )  # fmt: skip


def _redriven(aws: Any) -> dict[str, Any]:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = f'{{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:{aws.id}:dead", "maxReceiveCount": 3}}'
    for number in range(5):
        sqs.create_queue(QueueName=f"s{number}", Attributes={"RedrivePolicy": policy})
    return {"QueueUrl": dead}


def _groups_of_iam(aws: Any) -> None:
    iam = aws.client("iam")
    for number in range(5):
        iam.create_group(GroupName=f"g{number}")


class Listing(NamedTuple):
    service: str
    operation: str
    make: Callable[[Any], dict[str, Any] | None]  # what its answer names is in the request
    request: dict[str, Any]
    items: str
    many: int
    code: str
    text: str
    token: str = "NextToken"
    next_token: str = "NextToken"


TOPIC = "arn:aws:sns:us-east-1:{}:t"
SNS = ("InvalidParameter", "Invalid parameter: NextToken")
SSM = ("InvalidNextToken", "The specified token isn't valid.")
LOGS = ("InvalidParameterException", "The specified nextToken is invalid.", "nextToken", "nextToken")
LISTINGS = [
    Listing("sqs", "list_queues", _queues, {"MaxResults": 2}, "QueueUrls", 5,
            "InvalidParameterValue", "Invalid or expired next token."),
    Listing("kms", "list_keys", _keys, {"Limit": 2}, "Keys", 5,
            "InvalidMarkerException", "", "Marker", "NextMarker"),
    Listing("kms", "list_aliases", _aliases, {"Limit": 2}, "Aliases", 5,
            "InvalidMarkerException", "", "Marker", "NextMarker"),
    Listing("kms", "list_resource_tags", _tagged_key, {"Limit": 2}, "Tags", 5,
            "InvalidMarkerException", "", "Marker", "NextMarker"),
    Listing("sqs", "list_dead_letter_source_queues", _redriven, {"MaxResults": 2}, "queueUrls", 5,
            "InvalidParameterValue", "Invalid or expired next token."),
    Listing("iam", "list_groups", _groups_of_iam, {"MaxItems": 2}, "Groups", 5,
            "ValidationError", "Invalid Marker.", "Marker", "Marker"),
    Listing("logs", "describe_metric_filters", _metric_filters, {"logGroupName": "g", "limit": 2}, "metricFilters", 5,
            *LOGS),
    Listing("sns", "list_topics", _topics, {}, "Topics", 101, *SNS),
    Listing("sns", "list_subscriptions", _subscriptions, {}, "Subscriptions", 101, *SNS),
    Listing("sns", "list_subscriptions_by_topic", _subscriptions, {"TopicArn": TOPIC}, "Subscriptions", 101, *SNS),
    Listing("ssm", "get_parameters_by_path", _parameters, {"Path": "/p", "MaxResults": 2}, "Parameters", 5, *SSM),
    Listing("ssm", "describe_parameters", _parameters, {"MaxResults": 2}, "Parameters", 5, *SSM),
    Listing("cloudwatch", "describe_alarms", _alarms, {"MaxRecords": 2}, "MetricAlarms", 5,
            "InvalidNextToken", "The next token specified is invalid."),
    Listing("logs", "describe_log_groups", _groups, {"limit": 2}, "logGroups", 5, *LOGS),
    Listing("logs", "describe_metric_filters", _filters, {"limit": 2}, "metricFilters", 5, *LOGS),
    Listing("logs", "describe_log_streams", _streams, {"logGroupName": "g", "limit": 2}, "logStreams", 5, *LOGS),
]  # fmt: skip


def _pages(account: Any, listing: Listing, made: dict[str, Any]) -> tuple[list[list[Any]], list[str]]:
    call = getattr(account.client(listing.service), listing.operation)
    request = _of(account, listing) | made
    answer = call(**request)
    pages, tokens = [answer[listing.items]], []
    while listing.next_token in answer:
        tokens.append(answer[listing.next_token])
        answer = call(**request, **{listing.token: tokens[-1]})
        pages.append(answer[listing.items])
    return pages, tokens


def _of(account: Any, listing: Listing) -> dict[str, Any]:
    return {k: v.format(account.id) if isinstance(v, str) else v for k, v in listing.request.items()}


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: f"{listing.service}-{listing.operation}")
def test_a_list_by_pages(aws, cloud, listing):
    made = listing.make(aws) or {}
    pages, tokens = _pages(aws, listing, made)
    most = next((v for v in listing.request.values() if isinstance(v, int)), 100)
    sizes = [len(page) for page in pages]
    assert sizes == [most] * (listing.many // most) + [listing.many % most]
    names = [repr(sorted(item.items()) if isinstance(item, dict) else item) for page in pages for item in page]
    assert len(set(names)) == listing.many

    elsewhere = cloud.account()
    others = listing.make(elsewhere) or {}
    last = "A" if tokens[0][-1] != "A" else "Q"
    bad = (aws, made, tokens[0][:-1] + last), (aws, made, "x"), (elsewhere, others, tokens[0])
    for account, named, token in bad:
        with pytest.raises(ClientError) as caught:
            call = getattr(account.client(listing.service), listing.operation)
            call(**_of(account, listing), **named, **{listing.token: token})
        error = caught.value.response["Error"]
        assert (error["Code"], error.get("Message", "")) == (listing.code, listing.text)
