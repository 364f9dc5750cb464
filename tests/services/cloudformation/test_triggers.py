"""Rollback triggers: an alarm during an operation, or in the monitoring time after it, rolls it back."""

from __future__ import annotations

import pytest


@pytest.fixture
def alarm(own_cloud):
    """An alarm that nothing measures, in a cloud whose clock may be moved; set its state with `turn`."""
    account = own_cloud.account()
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="a", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1, Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    arn = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["AlarmArn"]

    def turn(state):
        cloudwatch.set_alarm_state(AlarmName="a", StateValue=state, StateReason="test")

    turn("OK")
    return account, arn, turn


def watching(arn, minutes=0):
    trigger = {"Arn": arn, "Type": "AWS::CloudWatch::Alarm"}
    return {"RollbackTriggers": [trigger], "MonitoringTimeInMinutes": minutes}


def test_the_monitoring_time_passes(own_cloud, cfn_of, alarm, parameter):
    account, arn, _ = alarm
    cfn = cfn_of(account)
    cfn.create("calm", {"Resources": {"P": parameter()}}, wait=False, RollbackConfiguration=watching(arn, 10))
    cfn.until("calm", "P", "CREATE_COMPLETE")
    assert cfn.stack("calm")["StackStatus"] == "CREATE_IN_PROGRESS"
    own_cloud.advance(601)
    assert cfn.settled("calm")["StackStatus"] == "CREATE_COMPLETE"


def test_an_alarm_in_the_monitoring_time_rolls_back(own_cloud, cfn_of, alarm, parameter):
    account, arn, turn = alarm
    cfn = cfn_of(account)
    cfn.create("loud", {"Resources": {"P": parameter()}}, wait=False, RollbackConfiguration=watching(arn, 10))
    cfn.until("loud", "P", "CREATE_COMPLETE")
    turn("ALARM")
    own_cloud.advance(10)
    stack = cfn.settled("loud")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert arn in cfn.reason("loud", "loud", "ROLLBACK_IN_PROGRESS")


def test_an_alarm_that_is_missing_rolls_back(cfn, aws, parameter):
    """The guide: if a given alarm is missing, the entire operation fails and is rolled back."""
    arn = f"arn:aws:cloudwatch:us-east-1:{aws.id}:alarm:none"
    stack = cfn.create("missing", {"Resources": {"P": parameter()}}, RollbackConfiguration=watching(arn))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_an_update_is_rolled_back_too(own_cloud, cfn_of, alarm, parameter):
    account, arn, turn = alarm
    cfn = cfn_of(account)
    cfn.create("up", {"Resources": {"P": parameter("old")}})
    turn("ALARM")
    stack = cfn.update("up", {"Resources": {"P": parameter("new")}}, RollbackConfiguration=watching(arn))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    name = cfn.physical("up")["P"]
    assert account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "old"
