"""Wait conditions and custom resources: what waits for an answer from outside."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest


@pytest.fixture
def answer():
    """PUT JSON to a URL that CloudFormation gave; the HTTP status."""

    def put(url, document):
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return send(urllib.request.Request(url, content, method="PUT"))

    return put


def send(request):
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def waiting(count=1, timeout="60"):
    return {
        "Resources": {
            "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "W": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "Properties": {"Handle": {"Ref": "H"}, "Timeout": timeout, "Count": count},
            },
        },
        "Outputs": {"Data": {"Value": {"Fn::GetAtt": ["W", "Data"]}}},
    }


def signal(number, status="SUCCESS", reason="done"):
    return {"UniqueId": f"id{number}", "Status": status, "Reason": reason, "Data": f"data{number}"}


def test_signals_are_counted_by_their_id(cfn, answer):
    cfn.create("wait", waiting(2), wait=False)
    cfn.until("wait", "H", "CREATE_COMPLETE")
    url = cfn.physical("wait")["H"]
    assert answer(url, b"no json") == 400
    assert answer(url + "0", signal(1)) == 403
    assert answer(url, signal(1)) == 200
    assert answer(url, signal(1)) == 200
    assert cfn.stack("wait")["StackStatus"] == "CREATE_IN_PROGRESS"
    assert answer(url, signal(2)) == 200
    assert cfn.settled("wait")["StackStatus"] == "CREATE_COMPLETE"
    assert json.loads(cfn.outputs("wait")["Data"]) == {"id1": "data1", "id2": "data2"}


def test_a_failure_signal(cfn, answer):
    cfn.create("sad", waiting(), wait=False)
    cfn.until("sad", "H", "CREATE_COMPLETE")
    answer(cfn.physical("sad")["H"], signal(7, "FAILURE", "disk full"))
    assert cfn.settled("sad")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert cfn.reason("sad", "W", "CREATE_FAILED") == (
        "WaitCondition received failed message: 'disk full' for uniqueId: id7"
    )


def test_time_runs_out_on_the_clouds_clock(own_cloud, cfn_of):
    cfn = cfn_of(own_cloud.account())
    cfn.create("late", waiting(3, "600"), wait=False)
    cfn.until("late", "W", "CREATE_IN_PROGRESS")
    own_cloud.advance(601)
    assert cfn.settled("late")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert cfn.reason("late", "W", "CREATE_FAILED") == (
        "WaitCondition timed out. Received 0 conditions when expecting 3"
    )


def test_a_stack_has_a_timeout_of_its_own(own_cloud, cfn_of):
    cfn = cfn_of(own_cloud.account())
    cfn.create("slow", waiting(timeout="40000"), wait=False, TimeoutInMinutes=5)
    cfn.until("slow", "W", "CREATE_IN_PROGRESS")
    own_cloud.advance(301)
    assert cfn.settled("slow")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "exceeded the specified timeout" in cfn.reason("slow", "slow", "ROLLBACK_IN_PROGRESS") or (
        cfn.reason("slow", "W", "CREATE_FAILED") == "Resource creation cancelled"
    )


def test_signal_resource(cfn):
    """A wait condition with a creation policy counts SignalResource's signals."""
    template = {
        "Resources": {
            "W": {
                "Type": "AWS::CloudFormation::WaitCondition",
                "CreationPolicy": {"ResourceSignal": {"Count": 1, "Timeout": "PT10M"}},
            }
        }
    }
    cfn.create("policy", template, wait=False)
    cfn.until("policy", "W", "CREATE_IN_PROGRESS")
    cfn.client.signal_resource(StackName="policy", LogicalResourceId="W", UniqueId="u", Status="SUCCESS")
    assert cfn.settled("policy")["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "policy",
    ["x", {"ResourceSignal": [1]}, {"ResourceSignal": {"Count": "x"}}, {"ResourceSignal": {"Timeout": 5}},
     {"ResourceSignal": {"Timeout": "PT" + "9" * 5000 + "H"}}],
)  # fmt: skip
def test_a_creation_policy_that_is_none(cfn, policy):
    cfn.create("odd", {"Resources": {"W": {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": policy}}})
    assert cfn.reason("odd", "W", "CREATE_FAILED").startswith("Invalid ")


def test_only_put_is_answered(cloud):
    assert send(urllib.request.Request(cloud.endpoint + "/_aws/cloudformation/x")) == 405


def test_the_url_works_without_credentials(cfn):
    cfn.create("open", waiting(), wait=False)
    cfn.until("open", "H", "CREATE_COMPLETE")
    data = json.dumps(signal(1)).encode()
    request = urllib.request.Request(cfn.physical("open")["H"], data=data, method="PUT")
    assert urllib.request.urlopen(request, timeout=10).status == 200
    assert cfn.settled("open")["StackStatus"] == "CREATE_COMPLETE"
