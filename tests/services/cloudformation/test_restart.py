"""kill -9 in the middle of a stack: after a restart it goes on where it was, and finishes."""

from __future__ import annotations

import json
import time


def waiting_stack(parameter, count=20, value="v"):
    """Parameters, then a wait condition, then parameters that need it."""
    resources = {f"A{n}": parameter(value) for n in range(count)}
    resources["H"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    resources["W"] = {
        "Type": "AWS::CloudFormation::WaitCondition",
        "CreationPolicy": {"ResourceSignal": {"Count": 1, "Timeout": "PT10M"}},
        "DependsOn": [f"A{n}" for n in range(count)],
    }
    resources |= {f"B{n}": parameter(value, DependsOn="W") for n in range(count)}
    return {"Resources": resources}


def parameters(account):
    pages = account.client("ssm").get_paginator("describe_parameters").paginate()
    return [parameter["Name"] for page in pages for parameter in page["Parameters"]]


def test_creation_is_resumed(restarted, cfn_of, parameter):
    account = restarted.account()
    cfn = cfn_of(account)
    cfn.create("phoenix", waiting_stack(parameter), wait=False)
    cfn.until("phoenix", "W", "CREATE_IN_PROGRESS")
    restarted.restart()
    assert cfn.stack("phoenix")["StackStatus"] == "CREATE_IN_PROGRESS"
    assert len(parameters(account)) == 20
    cfn.client.signal_resource(StackName="phoenix", LogicalResourceId="W", UniqueId="1", Status="SUCCESS")
    assert cfn.settled("phoenix")["StackStatus"] == "CREATE_COMPLETE"
    story = cfn.story("phoenix")
    assert story.count(("A1", "CREATE_COMPLETE")) == 1  # nothing is made twice
    assert story.count(("W", "CREATE_IN_PROGRESS")) == 2  # begun once, and "Resource creation Initiated"
    assert len(parameters(account)) == 40


def test_killed_at_any_moment(restarted, cfn_of, parameter):
    """Kills at four moments of a creation and its update; every resource exists once in the end."""
    account = restarted.account()
    cfn = cfn_of(account)
    template = {"Resources": {f"P{n}": parameter(DependsOn=f"P{n - 1}") if n else parameter() for n in range(60)}}
    cfn.client.create_stack(StackName="hard", TemplateBody=json.dumps(template))
    for pause in (0.0, 0.02):
        time.sleep(pause)
        restarted.restart()
    assert cfn.settled("hard")["StackStatus"] == "CREATE_COMPLETE"
    changed = json.loads(json.dumps(template).replace('"v"', '"w"'))
    cfn.client.update_stack(StackName="hard", TemplateBody=json.dumps(changed))
    for pause in (0.0, 0.02):
        time.sleep(pause)
        restarted.restart()
    assert cfn.settled("hard")["StackStatus"] == "UPDATE_COMPLETE"
    ssm, names = account.client("ssm"), parameters(account)
    assert sorted(names) == sorted(cfn.physical("hard").values())
    assert {ssm.get_parameter(Name=name)["Parameter"]["Value"] for name in names} == {"w"}
    cfn.client.delete_stack(StackName="hard")
    restarted.restart()
    end = time.monotonic() + 15
    while time.monotonic() < end and ssm.describe_parameters()["Parameters"]:
        time.sleep(0.05)
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_rollback_is_resumed(restarted, cfn_of, parameter):
    account = restarted.account()
    cfn = cfn_of(account)
    cfn.create("turn", {"Resources": {"A0": parameter("old")}})
    cfn.client.update_stack(StackName="turn", TemplateBody=json.dumps(waiting_stack(parameter, 3, "new")))
    cfn.until("turn", "W", "CREATE_IN_PROGRESS")
    cfn.client.cancel_update_stack(StackName="turn")
    restarted.restart()
    assert cfn.settled("turn")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert set(cfn.physical("turn")) == {"A0"}
    name = cfn.physical("turn")["A0"]
    assert account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "old"
    assert len(account.client("ssm").describe_parameters()["Parameters"]) == 1
