"""CloudWatch Logs: a log group's ARN decides, whether it is named by name, identifier or ARN.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
"""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from tests.support import refused

from .spellings import spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NAME, STREAM = "/App/Log-1", "web"
NOW = int(time.time() * 1000)
METRIC = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
REFUSED = {"AccessDeniedException", "InvalidParameterException", "ResourceNotFoundException"}

# operation, the member that names the group, its other members
OPERATIONS = [
    ("associate_kms_key", "logGroupName", {"kmsKeyId": "k"}),
    ("create_log_stream", "logGroupName", {"logStreamName": "other"}),
    ("delete_log_group", "logGroupName", {}),
    ("delete_log_stream", "logGroupName", {"logStreamName": STREAM}),
    ("delete_metric_filter", "logGroupName", {"filterName": "f"}),
    ("delete_resource_policy", "resourceArn", {}),
    ("delete_retention_policy", "logGroupName", {}),
    ("delete_subscription_filter", "logGroupName", {"filterName": "f"}),
    ("describe_log_streams", "logGroupName", {}),
    ("describe_log_streams", "logGroupIdentifier", {}),
    ("describe_metric_filters", "logGroupName", {}),
    ("describe_resource_policies", "resourceArn", {"policyScope": "RESOURCE"}),
    ("describe_subscription_filters", "logGroupName", {}),
    ("disassociate_kms_key", "logGroupName", {}),
    ("filter_log_events", "logGroupName", {}),
    ("filter_log_events", "logGroupIdentifier", {}),
    ("get_log_events", "logGroupName", {"logStreamName": STREAM}),
    ("get_log_events", "logGroupIdentifier", {"logStreamName": STREAM}),
    ("list_tags_for_resource", "resourceArn", {}),
    ("list_tags_log_group", "logGroupName", {}),
    ("put_log_events", "logGroupName", {"logStreamName": STREAM, "logEvents": [{"timestamp": NOW, "message": "no"}]}),
    ("put_metric_filter", "logGroupName", {"filterName": "g", "filterPattern": "", "metricTransformations": METRIC}),
    ("put_resource_policy", "resourceArn", {"policyDocument": "[]"}),
    ("put_retention_policy", "logGroupName", {"retentionInDays": 1}),
    ("put_subscription_filter", "logGroupName", {"filterName": "g", "filterPattern": ""}),
    ("tag_log_group", "logGroupName", {"tags": {"new": "v"}}),
    ("tag_resource", "resourceArn", {"tags": {"new": "v"}}),
    ("untag_log_group", "logGroupName", {"tags": ["kept"]}),
    ("untag_resource", "resourceArn", {"tagKeys": ["kept"]}),
]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*"):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def function_arn(account, region="us-east-1"):
    return f"arn:aws:lambda:{region}:{account}:function:f"


def role(account, name="sender"):
    trust = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    return made["Role"]["Arn"]


@pytest.fixture(scope="module")
def here(cloud):
    """A group, a user of its account who may do everything to others, and another account's root."""
    owner = cloud.account()
    logs = owner.client("logs")
    logs.create_log_group(logGroupName=NAME, tags={"kept": "v"})
    logs.create_log_stream(logGroupName=NAME, logStreamName=STREAM)
    logs.put_log_events(
        logGroupName=NAME, logStreamName=STREAM, logEvents=[{"timestamp": NOW - 1000, "message": "secret"}]
    )
    logs.put_retention_policy(logGroupName=NAME, retentionInDays=30)
    logs.put_metric_filter(logGroupName=NAME, filterName="f", filterPattern="", metricTransformations=METRIC)
    logs.put_subscription_filter(
        logGroupName=NAME, filterName="f", filterPattern="x", destinationArn=function_arn(owner.id)
    )
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    logs.put_resource_policy(resourceArn=arn, policyDocument="{}")
    deny = {"Effect": "Deny", "Action": "logs:*", "Resource": [arn, f"{arn}:*"]}
    user = owner.user(policy(ALLOW, deny)).client("logs")
    return SimpleNamespace(owner=owner, logs=logs, arn=arn, user=user, stranger=cloud.account().client("logs"))


def state(here):
    logs, group = here.logs, {"logGroupName": NAME}
    shown = [
        [g for g in logs.describe_log_groups()["logGroups"] if g["logGroupName"] == NAME],
        logs.describe_log_streams(**group)["logStreams"],
        logs.filter_log_events(**group)["events"],
        logs.list_tags_log_group(**group)["tags"],
        logs.describe_metric_filters(**group)["metricFilters"],
        logs.describe_subscription_filters(**group)["subscriptionFilters"],
        logs.describe_resource_policies(policyScope="RESOURCE", resourceArn=here.arn)["resourcePolicies"],
    ]
    return json.dumps(shown)


def told(caller, operation, member, request, text):
    """What an operation says of a group; nothing when it is refused."""
    try:
        answer = getattr(caller, operation)(**request, **{member: text})
    except ClientError as error:
        assert error.response["Error"]["Code"] in REFUSED, (operation, text, error)
        return None
    return answer["resourcePolicies"] if operation == "describe_resource_policies" else answer


@pytest.mark.parametrize("number", range(len(OPERATIONS)), ids=[f"{op}-{member}" for op, member, _ in OPERATIONS])
def test_no_other_spelling_of_a_group_passes_a_deny_or_an_account(here, number):
    operation, member, request = OPERATIONS[number]
    if operation == "put_subscription_filter":
        request = {**request, "destinationArn": function_arn(here.owner.id)}
    before = state(here)
    exact = {NAME} if member == "logGroupName" else {here.arn, NAME} if member == "logGroupIdentifier" else {here.arn}
    parts = (f"{here.arn}:*", f"{here.arn}:log-stream:{STREAM}")
    texts = [NAME, here.arn, *parts, *turn(spellings(here.arn, NAME), number)]
    for text in texts:
        assert not told(here.user, operation, member, request, text), text
        assert not told(here.stranger, operation, member, request, text), text
        if text not in exact:  # to root as well: there is one way to write it
            assert not told(here.logs, operation, member, request, text), text
    assert state(here) == before


def test_a_name_beside_an_identifier_is_refused(here):
    """ "You must include either logGroupIdentifier or logGroupName, but not both": API_FilterLogEvents."""
    both = {"logGroupName": NAME, "logGroupIdentifier": here.arn}
    assert refused(here.logs.filter_log_events, **both).code == "InvalidParameterException"


def test_a_group_that_is_denied_cannot_be_made(here):
    deny = {"Effect": "Deny", "Action": "*", "Resource": f"{here.arn}-2:*"}
    user = here.owner.user(policy(ALLOW, deny)).client("logs")
    assert refused(user.create_log_group, logGroupName=f"{NAME}-2").code == "AccessDeniedException"


def test_a_groups_policy_is_not_one_of_the_account_by_that_name(here):
    """A policy of the account asks no permission on a group."""
    before = state(here)
    for caller in (here.user, here.logs):
        code = refused(caller.put_resource_policy, policyName=here.arn, policyDocument="[]").code
        assert code == "InvalidParameterException"
        assert refused(caller.delete_resource_policy, policyName=here.arn).code == "InvalidParameterException"
    assert state(here) == before


def test_another_stream_is_not_the_one_that_is_allowed(here):
    mine = policy(allow("logs:*", resource=f"{here.arn}:log-stream:mine"))
    user = here.owner.user(mine).client("logs")
    for stream in (STREAM, "MINE", "mine:", "mine/../web"):
        request = {"logGroupName": NAME, "logStreamName": stream}
        assert refused(user.get_log_events, **request).code in {"AccessDeniedException", "InvalidParameterException"}


def test_tagging_is_allowed_on_the_group_without_its_star(here):
    """ "The permissions for those three actions require the ARN version that doesn't include a trailing :*"

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
    """
    for resource, may in ((here.arn, True), (f"{here.arn}:*", False)):
        user = here.owner.user(policy(allow("logs:ListTagsForResource", resource=resource))).client("logs")
        if may:
            assert user.list_tags_for_resource(resourceArn=here.arn)["tags"] == {"kept": "v"}
        else:
            assert refused(user.list_tags_for_resource, resourceArn=here.arn).code == "AccessDeniedException"


def test_a_group_that_is_made_with_tags_needs_their_permission(here):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""
    user = here.owner.user(policy(allow("logs:CreateLogGroup"))).client("logs")
    assert refused(user.create_log_group, logGroupName="tagged", tags={"k": "v"}).code == "AccessDeniedException"
    user.create_log_group(logGroupName="bare")
    both = here.owner.user(policy(allow("logs:CreateLogGroup", "logs:TagResource"))).client("logs")
    both.create_log_group(logGroupName="tagged", tags={"k": "v"})


# -- roles and destinations ----------------------------------------------------------------------------------------


def subscribe(client, **kw):
    request = {"logGroupName": NAME, "filterName": "sent", "filterPattern": ""}
    client.put_subscription_filter(**request, **kw)


def test_a_role_to_send_with_is_passed(here):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html"""
    arn = role(here.owner)
    stream = f"arn:aws:kinesis:us-east-1:{here.owner.id}:stream/s"
    given = {"destinationArn": stream, "roleArn": arn}
    without = here.owner.user(policy(allow("logs:*"))).client("logs")
    assert refused(subscribe, client=without, **given).code == "AccessDeniedException"
    other = {**allow("iam:PassRole"), "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
    elsewhere = here.owner.user(policy(allow("logs:*"), other)).client("logs")
    assert refused(subscribe, client=elsewhere, **given).code == "AccessDeniedException"
    deny = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": arn}
    denied = here.owner.user(policy(ALLOW, deny)).client("logs")
    for text in [arn, *spellings(arn, "sender")]:
        assert refused(subscribe, client=denied, **{**given, "roleArn": text}).code in REFUSED, text
    passing = {**other, "Condition": {"StringEquals": {"iam:PassedToService": "logs.amazonaws.com"}}, "Resource": arn}
    may = here.owner.user(policy(allow("logs:*"), passing)).client("logs")
    subscribe(may, **given)
    (kept,) = here.logs.describe_subscription_filters(logGroupName=NAME, filterNamePrefix="sent")["subscriptionFilters"]
    assert kept["roleArn"] == arn
    here.logs.delete_subscription_filter(logGroupName=NAME, filterName="sent")


def test_a_role_of_another_account_or_of_nobody_is_refused(cloud, here):
    stream = f"arn:aws:kinesis:us-east-1:{here.owner.id}:stream/s"
    theirs = role(cloud.account())
    assert refused(subscribe, client=here.logs, destinationArn=stream, roleArn=theirs).code == "AccessDeniedException"
    none = f"arn:aws:iam::{here.owner.id}:role/none"
    assert refused(subscribe, client=here.logs, destinationArn=stream, roleArn=none).code == "InvalidParameterException"


def test_a_destination_is_of_the_same_account_and_region(here):
    """ "A Lambda function that belongs to the same account as the subscription filter": API_PutSubscriptionFilter."""
    wrong = [function_arn("999999999999"), function_arn(here.owner.id, "eu-west-1"), "f", f"arn:aws:sqs:::{NAME}"]
    wrong += [text for text in spellings(function_arn(here.owner.id), "f") if text.count(":") == 6]
    for text in wrong:
        if text.lower() != function_arn(here.owner.id) and not text.startswith(f"{function_arn(here.owner.id)[:-1]}"):
            assert refused(subscribe, client=here.logs, destinationArn=text).code == "InvalidParameterException", text
    given = {"destinationArn": function_arn(here.owner.id), "roleArn": role(here.owner, "needless")}
    assert refused(subscribe, client=here.logs, **given).code == "InvalidParameterException"
    stream = f"arn:aws:kinesis:us-east-1:{here.owner.id}:stream/s"
    assert refused(subscribe, client=here.logs, destinationArn=stream).code == "InvalidParameterException"
