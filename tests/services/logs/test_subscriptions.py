"""Subscription filters of a group (what they send is in tests/core/test_targets.py).

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeSubscriptionFilters.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteSubscriptionFilter.html
"""

import pytest
from tests.support import refused


@pytest.fixture
def logs(aws):
    client = aws.client("logs")
    client.create_log_group(logGroupName="g")
    return client


def subscribe(logs, aws, name, pattern="", **more):
    arn = f"arn:aws:lambda:us-east-1:{aws.id}:function:f"
    request = {"logGroupName": "g", "filterName": name, "filterPattern": pattern, "destinationArn": arn}
    return logs.put_subscription_filter(**request | more)


def names(logs, **request):
    found = logs.describe_subscription_filters(logGroupName="g", **request)["subscriptionFilters"]
    return [item["filterName"] for item in found]


def test_a_filter_is_made_replaced_and_deleted(logs, aws):
    subscribe(logs, aws, "one", "ERROR")
    (made,) = logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"]
    assert made.pop("creationTime") > 0
    assert made == {
        "filterName": "one",
        "logGroupName": "g",
        "filterPattern": "ERROR",
        "destinationArn": f"arn:aws:lambda:us-east-1:{aws.id}:function:f",
        "distribution": "ByLogStream",
    }
    subscribe(logs, aws, "one", "WARN")
    (changed,) = logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"]
    assert changed["filterPattern"] == "WARN"
    logs.delete_subscription_filter(logGroupName="g", filterName="one")
    assert names(logs) == []
    assert refused(logs.delete_subscription_filter, logGroupName="g", filterName="one") == (
        "ResourceNotFoundException",
        "The specified subscription filter does not exist.",
        400,
    )


def test_two_filters_a_group_page_by_page(logs, aws):
    subscribe(logs, aws, "b")
    subscribe(logs, aws, "a")
    assert refused(subscribe, logs=logs, aws=aws, name="c").code == "LimitExceededException"
    subscribe(logs, aws, "b", "changed")
    assert names(logs) == ["a", "b"]
    assert names(logs, filterNamePrefix="b") == ["b"]
    pages = logs.get_paginator("describe_subscription_filters").paginate(
        logGroupName="g", PaginationConfig={"PageSize": 1}
    )
    assert [[item["filterName"] for item in page["subscriptionFilters"]] for page in pages] == [["a"], ["b"]]
    assert refused(names, logs=logs, nextToken="x").code == "InvalidParameterException"


def test_what_is_no_group_and_what_is_no_pattern(logs, aws):
    none = ("ResourceNotFoundException", "The specified log group does not exist.", 400)
    assert refused(logs.describe_subscription_filters, logGroupName="none") == none
    assert refused(logs.delete_subscription_filter, logGroupName="none", filterName="f") == none
    assert refused(subscribe, logs=logs, aws=aws, name="f", logGroupName="none") == none
    assert refused(subscribe, logs=logs, aws=aws, name="f", pattern="{ $.a = ").code == "InvalidParameterException"
    assert refused(subscribe, logs=logs, aws=aws, name="f", destinationArn="arn:aws:sqs:us-east-1:1:q").message == (
        "PutSubscriptionFilter operation cannot work with destinationArn for vendor sqs"
    )


def test_filters_go_with_their_group(logs, aws):
    subscribe(logs, aws, "one")
    logs.delete_log_group(logGroupName="g")
    logs.create_log_group(logGroupName="g")
    assert names(logs) == []
