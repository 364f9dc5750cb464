"""Alarms on the clock (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html)."""

import io
import json
import time
import zipfile

import pytest
from tests.support import refused

from fogbank.testing import control

ALARM = {
    "AlarmName": "high", "Namespace": "app", "MetricName": "m", "Statistic": "Sum", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


@pytest.fixture
def account(own_cloud):
    return own_cloud.account()


@pytest.fixture
def cw(account):
    return account.client("cloudwatch")


def state(cw, name="high", kind="MetricAlarm"):
    found = cw.describe_alarms(AlarmNames=[name], AlarmTypes=[kind])
    return (found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"]


def put(cw, value):
    cw.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Value": value}])


def queue(account, topic):
    sqs, sns = account.client("sqs"), account.client("sns")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
              "Action": "sqs:SendMessage", "Resource": arn}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def receive():
        deadline = time.time() + 5
        while time.time() < deadline:
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return json.loads(message["Body"])
        return None

    return receive


def test_alarm_and_back(own_cloud, account, cw):
    topic = account.client("sns").create_topic(Name="pager")["TopicArn"]
    receive = queue(account, topic)
    cw.put_metric_alarm(**ALARM, AlarmActions=[topic], OKActions=[topic], AlarmDescription="too many")
    found = cw.describe_alarms()["MetricAlarms"][0]
    assert (found["StateValue"], found["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert found["AlarmArn"] == f"arn:aws:cloudwatch:us-east-1:{account.id}:alarm:high"
    put(cw, 9)
    own_cloud.advance(60)
    assert state(cw) == "ALARM"
    note = receive()
    assert note["Subject"] == 'ALARM: "high" in US East (N. Virginia)'
    message = json.loads(note["Message"])
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert message["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [9.0 (")
    assert message["Trigger"]["Statistic"] == "SUM"
    assert message["AlarmDescription"] == "too many"
    put(cw, 1)
    own_cloud.advance(60)
    assert state(cw) == "OK"
    assert json.loads(receive()["Message"])["NewStateValue"] == "OK"
    own_cloud.advance(600)
    assert state(cw) == "INSUFFICIENT_DATA"
    history = cw.describe_alarm_history(AlarmName="high", HistoryItemType="StateUpdate", ScanBy="TimestampAscending")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"]] == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to INSUFFICIENT_DATA",
    ]
    actions = cw.describe_alarm_history(AlarmName="high", HistoryItemType="Action")["AlarmHistoryItems"]
    assert {a["HistorySummary"] for a in actions} == {f"Successfully executed action {topic}"}


def waiting(cloud):
    """The kinds of the jobs that are to come."""
    jobs = control.call(cloud.endpoint, "GET", "jobs", token=cloud.token)
    return [job["kind"] for job in jobs["pending"]]


def test_an_idle_alarm_sleeps_and_wakes(own_cloud, cw):
    cw.put_metric_alarm(**ALARM, TreatMissingData="notBreaching")
    own_cloud.advance(180)
    assert state(cw) == "OK"
    assert "cloudwatch.evaluate" not in waiting(own_cloud)  # else each of 43,200 minutes would be
    own_cloud.advance(30 * 86400)
    put(cw, 9)
    own_cloud.advance(60)
    assert state(cw) == "ALARM"


def test_math_alarm(own_cloud, cw):
    metric = {"Metric": {"Namespace": "app", "MetricName": "m"}, "Period": 60, "Stat": "Maximum"}
    cw.put_metric_alarm(
        AlarmName="double", EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanOrEqualToThreshold",
        Metrics=[{"Id": "m1", "MetricStat": metric, "ReturnData": False}, {"Id": "e1", "Expression": "m1 * 2"}],
    )  # fmt: skip
    put(cw, 5)
    own_cloud.advance(60)
    assert state(cw, "double") == "ALARM"


def test_set_state_and_disabled_actions(own_cloud, account, cw):
    topic = account.client("sns").create_topic(Name="pager")["TopicArn"]
    cw.put_metric_alarm(**ALARM, AlarmActions=[topic], TreatMissingData="notBreaching")
    cw.disable_alarm_actions(AlarmNames=["high"])
    cw.set_alarm_state(AlarmName="high", StateValue="ALARM", StateReason="drill")
    found = cw.describe_alarms(StateValue="ALARM", ActionPrefix="arn:aws:sns")["MetricAlarms"][0]
    assert (found["StateReason"], found["ActionsEnabled"]) == ("drill", False)
    own_cloud.advance(60)
    assert state(cw) == "OK"
    assert cw.describe_alarm_history(AlarmName="high", HistoryItemType="Action")["AlarmHistoryItems"] == []
    assert refused(cw.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x").code == "ResourceNotFound"
    bad = {"AlarmName": "high", "StateValue": "OK", "StateReason": "x", "StateReasonData": "{"}
    assert refused(cw.set_alarm_state, **bad).code == "InvalidFormat"


def test_composite(own_cloud, cw):
    cw.put_metric_alarm(**ALARM)
    cw.put_metric_alarm(**(ALARM | {"AlarmName": "other"}))
    cw.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(high) AND ALARM(other)")
    assert refused(cw.put_composite_alarm, AlarmName="x", AlarmRule="ALARM(none)").code == "ValidationError"
    own_cloud.advance(1)
    assert state(cw, "both", "CompositeAlarm") == "OK"
    cw.set_alarm_state(AlarmName="high", StateValue="ALARM", StateReason="x")
    cw.set_alarm_state(AlarmName="other", StateValue="ALARM", StateReason="x")
    own_cloud.advance(0.1)
    assert state(cw, "both", "CompositeAlarm") == "ALARM"
    assert cw.describe_alarms(ChildrenOfAlarmName="both")["MetricAlarms"][1]["AlarmName"] == "other"
    assert cw.describe_alarms(ParentsOfAlarmName="high")["CompositeAlarms"][0]["AlarmName"] == "both"
    assert refused(cw.delete_alarms, AlarmNames=["high"]).code == "ValidationError"
    cw.delete_alarms(AlarmNames=["high", "other", "both"])
    assert cw.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["MetricAlarms"] == []


def test_describing(aws):
    cw = aws.client("cloudwatch")
    for number in range(3):
        cw.put_metric_alarm(**(ALARM | {"AlarmName": f"a{number}"}))
    pages = cw.get_paginator("describe_alarms").paginate(AlarmNamePrefix="a", PaginationConfig={"PageSize": 2})
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 1]
    assert len(cw.describe_alarms_for_metric(Namespace="app", MetricName="m")["MetricAlarms"]) == 3
    assert cw.describe_alarms_for_metric(Namespace="app", MetricName="m", Period=300)["MetricAlarms"] == []
    found = cw.describe_alarms(AlarmNames=["a0"])["MetricAlarms"][0]
    assert {key: found[key] for key in ALARM if key != "AlarmName"} == {k: ALARM[k] for k in ALARM if k != "AlarmName"}
    arn = found["AlarmArn"]
    cw.tag_resource(ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    cw.untag_resource(ResourceARN=arn, TagKeys=["k"])
    assert cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    assert refused(cw.list_tags_for_resource, ResourceARN=arn + "x").code == "ResourceNotFoundException"
    assert refused(cw.describe_alarms, NextToken="x").code == "InvalidNextToken"
    user = aws.user('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:Put*","Resource":'
                    f'"arn:aws:cloudwatch:*:{aws.id}:alarm:team-*"}}]}}').client("cloudwatch")  # fmt: skip
    user.put_metric_alarm(**(ALARM | {"AlarmName": "team-a"}))
    assert refused(user.put_metric_alarm, **ALARM).code.startswith("AccessDenied")


@pytest.mark.parametrize(
    "wrong",
    [
        {"Period": 45}, {"EvaluationPeriods": None}, {"DatapointsToAlarm": 2}, {"TreatMissingData": "never"},
        {"Statistic": None}, {"ExtendedStatistic": "p90"}, {"Namespace": None}, {"Threshold": None},
        {"AlarmActions": ["nobody"]}, {"EvaluationPeriods": 20000}, {"Metrics": [{"Id": "e1", "Expression": "1"}]},
    ],
)  # fmt: skip
def test_refused(aws, wrong):
    request = {key: value for key, value in (ALARM | wrong).items() if value is not None}
    code = refused(aws.client("cloudwatch").put_metric_alarm, **request).code
    assert code in ("ValidationError", "InvalidParameterValue")


def test_dashboards(aws):
    cw = aws.client("cloudwatch")
    body = json.dumps({"widgets": []})
    cw.put_dashboard(DashboardName="main", DashboardBody=body)
    assert cw.get_dashboard(DashboardName="main")["DashboardBody"] == body
    entry = cw.list_dashboards(DashboardNamePrefix="ma")["DashboardEntries"][0]
    assert entry["DashboardArn"] == f"arn:aws:cloudwatch::{aws.id}:dashboard/main"
    assert refused(cw.put_dashboard, DashboardName="main", DashboardBody="{").code == "InvalidParameterInput"
    assert refused(cw.put_dashboard, DashboardName="a b", DashboardBody=body).code == "InvalidParameterInput"
    cw.delete_dashboards(DashboardNames=["main"])
    assert refused(cw.get_dashboard, DashboardName="main").code == "ResourceNotFound"
    assert refused(cw.delete_dashboards, DashboardNames=["main"]).code == "ResourceNotFound"


def test_survives_a_kill(restarted):
    account = restarted.account()
    account.client("cloudwatch").put_metric_alarm(**ALARM, TreatMissingData="notBreaching")
    restarted.restart()
    restarted.advance(60)
    assert state(account.client("cloudwatch")) == "OK"


def function(account):
    """A function that nobody waits for."""
    who = {"Service": "lambda.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    role = account.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass")
    made = account.client("lambda").create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="index.handler", Code={"ZipFile": code.getvalue()}
    )
    return made["FunctionArn"]


def test_a_function_needs_a_permission(own_cloud, account, cw):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html"""
    arn = function(account)
    cw.put_metric_alarm(**ALARM, AlarmActions=[arn], TreatMissingData="notBreaching")

    def actions():
        cw.set_alarm_state(AlarmName="high", StateValue="ALARM", StateReason="drill")
        own_cloud.advance(1)
        cw.set_alarm_state(AlarmName="high", StateValue="OK", StateReason="drill")
        found = cw.describe_alarm_history(AlarmName="high", HistoryItemType="Action")["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in found]

    assert actions() == [f"Failed to execute action {arn}"]
    account.client("lambda").add_permission(
        FunctionName="f",
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=cw.describe_alarms()["MetricAlarms"][0]["AlarmArn"],
    )
    assert actions()[0] == f"Successfully executed action {arn}"


TEMPLATE = {
    "Resources": {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {k: str(v) for k, v in ALARM.items() if k != "AlarmName"} | {"ActionsEnabled": "false"},
        },
        "Both": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmRule": {"Fn::Sub": "ALARM(${Alarm})"}},
        },
        "Board": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": "board", "DashboardBody": '{"widgets":[]}'},
        },
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}}},
}


def test_cloudformation(aws):
    cfn, cw = aws.client("cloudformation"), aws.client("cloudwatch")
    cfn.create_stack(StackName="s", TemplateBody=json.dumps(TEMPLATE))
    cfn.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    found = cw.describe_alarms()["MetricAlarms"][0]
    assert (found["Period"], found["Threshold"], found["ActionsEnabled"]) == (60, 5.0, False)
    outputs = cfn.describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert outputs[0]["OutputValue"] == found["AlarmArn"]
    assert cw.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    cfn.delete_stack(StackName="s")
    cfn.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert cw.describe_alarms()["MetricAlarms"] == []
    assert cw.list_dashboards()["DashboardEntries"] == []


def test_actions_are_turned_off_and_on(account, cw):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_EnableAlarmActions.html"""
    topic = account.client("sns").create_topic(Name="pager")["TopicArn"]
    receive = queue(account, topic)
    cw.put_metric_alarm(**ALARM, AlarmActions=[topic])

    def ring(reason):
        for value in ("OK", "ALARM"):
            cw.set_alarm_state(AlarmName="high", StateValue=value, StateReason=reason)

    cw.disable_alarm_actions(AlarmNames=["high", "none"])
    assert cw.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is False
    ring("unheard")
    assert state(cw) == "ALARM"
    cw.enable_alarm_actions(AlarmNames=["high", "none"])
    assert cw.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True
    ring("heard")
    # what was sent first arrives first: the first alarm was sent to nobody
    assert json.loads(receive()["Message"])["NewStateReason"] == "heard"
