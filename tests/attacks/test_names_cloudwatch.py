"""CloudWatch: the ARN of an alarm or a dashboard decides, whether it is named by name or by ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from tests.support import refused

from .spellings import spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TAGS = [{"Key": "kept", "Value": "v"}]
ALARM, FAMILY, BOARD = "High-CPU", "Family", "Board-1"
SETTINGS = {"Namespace": "n", "MetricName": "m", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
            "Statistic": "Sum", "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
STATE = {"StateValue": "OK", "StateReason": "told"}

# kind, operation, the member that names it, its other members
OPERATIONS = [
    ("alarm", "delete_alarms", "AlarmNames", {}),
    ("alarm", "describe_alarm_history", "AlarmName", {}),
    ("alarm", "describe_alarms", "AlarmNames", {}),
    ("alarm", "describe_alarms", "ParentsOfAlarmName", {}),
    ("alarm", "disable_alarm_actions", "AlarmNames", {}),
    ("alarm", "enable_alarm_actions", "AlarmNames", {}),
    ("alarm", "set_alarm_state", "AlarmName", STATE),
    ("alarm", "list_tags_for_resource", "ResourceARN", {}),
    ("alarm", "tag_resource", "ResourceARN", {"Tags": [{"Key": "new", "Value": "v"}]}),
    ("alarm", "untag_resource", "ResourceARN", {"TagKeys": ["kept"]}),
    ("board", "delete_dashboards", "DashboardNames", {}),
    ("board", "get_dashboard", "DashboardName", {}),
    ("board", "list_tags_for_resource", "ResourceARN", {}),
    ("board", "tag_resource", "ResourceARN", {"Tags": [{"Key": "new", "Value": "v"}]}),
    ("board", "untag_resource", "ResourceARN", {"TagKeys": ["kept"]}),
]
SILENT = {"delete_alarms", "disable_alarm_actions", "enable_alarm_actions"}  # names of none are passed over
LISTS = {"describe_alarm_history": ("AlarmHistoryItems",), "describe_alarms": ("MetricAlarms", "CompositeAlarms")}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*"):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@pytest.fixture(scope="module")
def here(cloud):
    """An alarm and a dashboard, a user of their account who may do everything to others, another account's root."""
    owner = cloud.account()
    cw = owner.client("cloudwatch")
    cw.put_metric_alarm(AlarmName=ALARM, Tags=TAGS, **SETTINGS)
    cw.put_composite_alarm(AlarmName=FAMILY, AlarmRule=f"ALARM({ALARM})")
    cw.put_dashboard(DashboardName=BOARD, DashboardBody="{}", Tags=TAGS)
    arns = {"alarm": f"arn:aws:cloudwatch:us-east-1:{owner.id}:alarm:{ALARM}",
            "board": f"arn:aws:cloudwatch::{owner.id}:dashboard/{BOARD}"}  # fmt: skip
    deny = {"Effect": "Deny", "Action": "cloudwatch:*", "Resource": list(arns.values())}
    user = owner.user(policy(ALLOW, deny)).client("cloudwatch")
    return SimpleNamespace(owner=owner, cw=cw, arns=arns, user=user, stranger=cloud.account().client("cloudwatch"))


def state(here):
    cw = here.cw
    found = cw.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    for alarm in found:  # its evaluation goes on
        for key in list(alarm):
            if key.startswith("State"):
                del alarm[key]
    states = [item["HistorySummary"] for item in cw.describe_alarm_history(AlarmName=ALARM)["AlarmHistoryItems"]]
    shown = [found, "Alarm updated from INSUFFICIENT_DATA to OK" in states, cw.get_dashboard(DashboardName=BOARD)]
    shown[-1].pop("ResponseMetadata")
    shown += [cw.list_tags_for_resource(ResourceARN=arn)["Tags"] for arn in here.arns.values()]
    return json.dumps(shown, default=str)


def told(caller, operation, member, request, text):
    """What an operation says of an alarm or dashboard; nothing when it is refused."""
    try:
        answer = getattr(caller, operation)(**request, **{member: [text] if member.endswith("Names") else text})
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, (operation, text)
        return None
    if operation in SILENT:
        return None
    return [item for name in LISTS[operation] for item in answer.get(name, ())] if operation in LISTS else answer


@pytest.mark.parametrize("number", range(len(OPERATIONS)), ids=["-".join(op[:3]) for op in OPERATIONS])
def test_no_other_spelling_passes_a_deny_or_an_account(here, number):
    kind, operation, member, request = OPERATIONS[number]
    name, arn = {"alarm": ALARM, "board": BOARD}[kind], here.arns[kind]
    before = state(here)
    exact = arn if member == "ResourceARN" else name
    for text in [name, arn, *turn(spellings(arn, name), number)]:
        assert not told(here.user, operation, member, request, text), text
        assert not told(here.stranger, operation, member, request, text), text
        if text != exact:  # to root as well: there is one way to write it
            assert not told(here.cw, operation, member, request, text), text
    assert state(here) == before


def test_what_is_denied_cannot_be_put(here):
    denied = {"AccessDenied", "AccessDeniedException"}
    assert refused(here.user.put_metric_alarm, AlarmName=ALARM, **SETTINGS).code in denied
    assert refused(here.user.put_composite_alarm, AlarmName=ALARM, AlarmRule="TRUE").code in denied
    assert refused(here.user.put_dashboard, DashboardName=BOARD, DashboardBody='{"x": 1}').code in denied


def test_the_alarm_that_an_arn_names_is_found(here):
    for arn in here.arns.values():
        assert here.cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    (alarm,) = here.cw.describe_alarms(ParentsOfAlarmName=ALARM)["CompositeAlarms"]
    assert alarm["AlarmName"] == FAMILY


@pytest.mark.parametrize("operation", ("put_metric_alarm", "put_composite_alarm", "put_dashboard"))
def test_tags_of_new_ones_need_their_permission(here, operation):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    request = {"put_metric_alarm": {"AlarmName": "tagged", **SETTINGS},
               "put_composite_alarm": {"AlarmName": "tagged-too", "AlarmRule": "TRUE"},
               "put_dashboard": {"DashboardName": "tagged", "DashboardBody": "{}"}}[operation]  # fmt: skip
    user = here.owner.user(policy(allow("cloudwatch:Put*"))).client("cloudwatch")
    assert refused(getattr(user, operation), Tags=TAGS, **request).code in {"AccessDenied", "AccessDeniedException"}
    getattr(user, operation)(**request)
    both = here.owner.user(policy(allow("cloudwatch:Put*", "cloudwatch:TagResource"))).client("cloudwatch")
    getattr(both, operation)(Tags=TAGS, **request)


def test_a_composite_alarm_needs_a_permission_on_all(here):
    """ "You can't create a composite alarm if your permission has a narrower scope" than *.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    """
    narrow = allow("cloudwatch:PutCompositeAlarm", resource=f"arn:aws:cloudwatch:us-east-1:{here.owner.id}:alarm:*")
    user = here.owner.user(policy(narrow)).client("cloudwatch")
    assert refused(user.put_composite_alarm, AlarmName="spy", AlarmRule="TRUE").code in {
        "AccessDenied", "AccessDeniedException"}  # fmt: skip


def test_a_rule_names_alarms_of_its_own_account_and_region(here):
    arn = here.arns["alarm"]
    for text in (t for t in spellings(arn, ALARM) if t.isprintable() and not set(t) & set('()" ')):
        rule = f'ALARM("{text}")'
        assert refused(here.cw.put_composite_alarm, AlarmName="rule", AlarmRule=rule).code == "ValidationError", text
    here.cw.put_composite_alarm(AlarmName="rule", AlarmRule=f'ALARM("{arn}")')
    children = here.cw.describe_alarms(ChildrenOfAlarmName="rule")
    assert [alarm["AlarmName"] for alarm in children["MetricAlarms"]] == [ALARM]
    assert refused(here.user.describe_alarms, ParentsOfAlarmName=ALARM).code in {
        "AccessDenied",
        "AccessDeniedException",
    }
    here.cw.delete_alarms(AlarmNames=["rule"])
