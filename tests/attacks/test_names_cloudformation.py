"""CloudFormation: a stack's id decides, whether it is named by name, id, change set or resource; roles are passed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
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
NAME, OTHER, CHANGES = "Victim-1", "Mine", "Changes-1"
TEMPLATE = json.dumps({"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String",
                                                                                        "Value": "v"}}}})  # fmt: skip
MORE = TEMPLATE.replace('"v"', '"w"')
REFUSED = {"AccessDenied", "ValidationError", "ChangeSetNotFound"}
ROLES = ("create_stack", "update_stack", "create_change_set", "delete_stack", "continue_update_rollback",
         "rollback_stack")  # fmt: skip

# operation, its other members; the stack is named by StackName
OF_STACKS = [
    ("cancel_update_stack", {}),
    ("continue_update_rollback", {}),
    ("create_change_set", {"ChangeSetName": "new", "TemplateBody": MORE}),
    ("delete_change_set", {"ChangeSetName": CHANGES}),
    ("delete_stack", {}),
    ("describe_change_set", {"ChangeSetName": CHANGES}),
    ("describe_events", {}),
    ("describe_stack_events", {}),
    ("describe_stack_resource", {"LogicalResourceId": "P"}),
    ("describe_stack_resources", {}),
    ("describe_stack_resource_drifts", {}),
    ("describe_stacks", {}),
    ("detect_stack_drift", {}),
    ("detect_stack_resource_drift", {"LogicalResourceId": "P"}),
    ("execute_change_set", {"ChangeSetName": CHANGES}),
    ("get_stack_policy", {}),
    ("get_template", {}),
    ("get_template", {"ChangeSetName": CHANGES}),
    ("get_template_summary", {}),
    ("list_change_sets", {}),
    ("list_stack_resources", {}),
    ("rollback_stack", {}),
    ("set_stack_policy", {"StackPolicyBody": '{"Statement": []}'}),
    ("signal_resource", {"LogicalResourceId": "P", "UniqueId": "u", "Status": "SUCCESS"}),
    ("update_stack", {"TemplateBody": MORE}),
    ("update_termination_protection", {"EnableTerminationProtection": True}),
]
OF_CHANGE_SETS = ("delete_change_set", "describe_change_set", "execute_change_set", "get_template")
SILENT = {"delete_stack", "delete_change_set"}  # what is not there is deleted already


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*"):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def settled(cfn, name):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        status = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.02)
    raise AssertionError(f"{name} is still {status}")


def role(account, name, service="cloudformation.amazonaws.com"):
    """A role that CloudFormation may assume and that may do everything."""
    iam = account.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(ALLOW))
    return arn


@pytest.fixture(scope="module")
def here(cloud):
    """A stack with a change set, a user of its account who may do everything to others, another account's root."""
    owner = cloud.account()
    cfn = owner.client("cloudformation")
    ids = {name: cfn.create_stack(StackName=name, TemplateBody=TEMPLATE)["StackId"] for name in (NAME, OTHER)}
    for name in ids:
        assert settled(cfn, name) == "CREATE_COMPLETE"
    changes = cfn.create_change_set(StackName=NAME, ChangeSetName=CHANGES, TemplateBody=MORE)["Id"]
    parameter = cfn.describe_stack_resources(StackName=NAME)["StackResources"][0]["PhysicalResourceId"]
    deny = {"Effect": "Deny", "Action": "cloudformation:*", "Resource": ids[NAME]}
    user = owner.user(policy(ALLOW, deny)).client("cloudformation")
    stranger = cloud.account().client("cloudformation")
    return SimpleNamespace(owner=owner, cfn=cfn, id=ids[NAME], other=ids[OTHER], changes=changes, parameter=parameter,
                           user=user, stranger=stranger)  # fmt: skip


def state(here):
    shown = [
        here.cfn.describe_stacks(StackName=NAME)["Stacks"],
        here.cfn.list_change_sets(StackName=NAME)["Summaries"],
        here.cfn.describe_change_set(ChangeSetName=here.changes)["ExecutionStatus"],
        here.cfn.get_stack_policy(StackName=NAME).get("StackPolicyBody"),
        len(here.cfn.describe_stack_events(StackName=NAME)["StackEvents"]),
    ]
    return json.dumps(shown, default=str)


def told(caller, operation, request):
    """What an operation says; nothing when it is refused."""
    try:
        answer = getattr(caller, operation)(**request)
    except ClientError as error:
        assert error.response["Error"]["Code"] in REFUSED, (operation, request, error)
        return None
    return None if operation in SILENT else answer


@pytest.mark.parametrize("number", range(len(OF_STACKS)), ids=[operation for operation, _ in OF_STACKS])
def test_no_other_spelling_of_a_stack_passes_a_deny_or_an_account(here, number):
    operation, request = OF_STACKS[number]
    before = state(here)
    for text in (NAME, here.id, *turn(spellings(here.id, NAME), number)):
        named = {**request, "StackName": text}
        assert not told(here.user, operation, named), text
        assert not told(here.stranger, operation, named), text
        if text not in (NAME, here.id):  # to root as well: there is one way to write it
            assert not told(here.cfn, operation, named), text
    assert state(here) == before


@pytest.mark.parametrize("operation", OF_CHANGE_SETS)
def test_a_change_set_is_allowed_on_its_own_stack(here, operation):
    before = state(here)
    ways = [{"ChangeSetName": text} for text in (here.changes, *turn(spellings(here.changes, CHANGES), len(operation)))]
    ways += [{"ChangeSetName": here.changes, "StackName": stack} for stack in (NAME, here.id, OTHER, here.other)]
    for way in ways:
        assert not told(here.user, operation, way), way
        assert not told(here.stranger, operation, way), way
    for way in ways[1:-4]:
        assert not told(here.cfn, operation, way), way
    for stack in (OTHER, here.other):  # not of that stack: to root as well
        assert not told(here.cfn, operation, {"ChangeSetName": here.changes, "StackName": stack}), stack
    assert state(here) == before


def test_who_may_use_one_stack_reaches_no_change_set_of_another(here):
    own = policy(allow("cloudformation:*", resource=f"{here.other.rpartition('/')[0]}/*"))
    user = here.owner.user(own).client("cloudformation")
    for operation in OF_CHANGE_SETS:
        call = getattr(user, operation)
        assert refused(call, ChangeSetName=here.changes).code == "AccessDenied"
        assert refused(call, ChangeSetName=CHANGES, StackName=NAME).code == "AccessDenied"
        if operation not in SILENT:
            assert refused(call, ChangeSetName=here.changes, StackName=OTHER).code == "ChangeSetNotFound"


def test_the_name_of_a_change_set_is_a_condition_however_it_is_named(here):
    when = {"StringEquals": {"cloudformation:ChangeSetName": CHANGES}}
    deny = {"Effect": "Deny", "Action": "cloudformation:ExecuteChangeSet", "Resource": "*", "Condition": when}
    user = here.owner.user(policy(ALLOW, deny)).client("cloudformation")
    for way in ({"ChangeSetName": here.changes}, {"ChangeSetName": CHANGES, "StackName": NAME}):
        assert refused(user.execute_change_set, **way).code == "AccessDenied"


def test_a_stack_by_a_resource_is_that_stack(here):
    assert here.cfn.describe_stack_resources(PhysicalResourceId=here.parameter)["StackResources"]
    assert refused(here.user.describe_stack_resources, PhysicalResourceId=here.parameter).code == "AccessDenied"
    assert refused(here.stranger.describe_stack_resources, PhysicalResourceId=here.parameter).code == "ValidationError"


def test_a_deleted_stack_is_still_denied_by_its_id(here):
    gone = here.cfn.create_stack(StackName="gone", TemplateBody=TEMPLATE)["StackId"]
    settled(here.cfn, gone)
    here.cfn.delete_stack(StackName=gone)
    assert settled(here.cfn, gone) == "DELETE_COMPLETE"
    deny = {"Effect": "Deny", "Action": "cloudformation:*", "Resource": gone}
    user = here.owner.user(policy(ALLOW, deny)).client("cloudformation")
    assert refused(user.describe_stacks, StackName=gone).code == "AccessDenied"
    assert refused(user.describe_stacks, StackName="gone").code == "ValidationError"  # the name is free
    for text in spellings(gone, "gone"):
        assert not told(here.cfn, "describe_stacks", {"StackName": text}), text


def test_signals_are_read_by_the_account_that_they_were_sent_to(cloud, here):
    """Who learns the URL of a handle may signal it; a wait condition of another account does not get the signals."""
    handle = {"H": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    template = {"Resources": handle, "Outputs": {"Url": {"Value": {"Ref": "H"}}}}
    here.cfn.create_stack(StackName="handle", TemplateBody=json.dumps(template))
    settled(here.cfn, "handle")
    url = here.cfn.describe_stacks(StackName="handle")["Stacks"][0]["Outputs"][0]["OutputValue"]
    waiting = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": url, "Timeout": "3600"}}
    theirs = cloud.account().client("cloudformation")
    theirs.create_stack(StackName="spy", TemplateBody=json.dumps({"Resources": {"W": waiting}}))
    assert settled(theirs, "spy") == "ROLLBACK_COMPLETE"
    events = theirs.describe_stack_events(StackName="spy")["StackEvents"]
    assert any("handle does not exist" in event.get("ResourceStatusReason", "") for event in events)


# -- roles -----------------------------------------------------------------------------------------------------------


def given(operation, role_arn):
    request = {"StackName": "made" if operation == "create_stack" else OTHER, "RoleARN": role_arn}
    if operation in ("create_stack", "update_stack", "create_change_set"):
        request["TemplateBody"] = MORE
    return request | ({"ChangeSetName": "as-role"} if operation == "create_change_set" else {})


@pytest.mark.parametrize("operation", ROLES)
def test_a_role_is_passed(cloud, here, operation):
    """RoleARN: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html"""
    name = f"admin-{operation.replace('_', '-')}"
    arn = role(here.owner, name)
    without = here.owner.user(policy(allow("cloudformation:*"))).client("cloudformation")
    assert refused(getattr(without, operation), **given(operation, arn)).code == "AccessDenied"
    when = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    other = here.owner.user(policy(allow("cloudformation:*"), {**allow("iam:PassRole"), "Condition": when}))
    assert refused(getattr(other.client("cloudformation"), operation), **given(operation, arn)).code == "AccessDenied"
    deny = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": arn}
    denied = here.owner.user(policy(ALLOW, deny)).client("cloudformation")
    for text in (arn, *turn(spellings(arn, name), ROLES.index(operation))):
        for caller in (denied, here.cfn) if text != arn else (denied,):
            assert not told(caller, operation, given(operation, text)), text
            assert "RoleARN" not in here.cfn.describe_stacks(StackName=OTHER)["Stacks"][0], text
    theirs = role(cloud.account(), name)
    assert refused(getattr(here.cfn, operation), **given(operation, theirs)).code == "AccessDenied"


def test_delete_stack_as_a_role_that_may_not_be_passed_deletes_nothing(here):
    cfn = here.cfn
    stack = cfn.create_stack(StackName="kept", TemplateBody=TEMPLATE)["StackId"]
    settled(cfn, stack)
    arn = role(here.owner, "admin-kept")
    user = here.owner.user(policy(allow("cloudformation:*"))).client("cloudformation")
    assert refused(user.delete_stack, StackName=stack, RoleARN=arn).code == "AccessDenied"
    assert settled(cfn, stack) == "CREATE_COMPLETE"
    assert "RoleARN" not in cfn.describe_stacks(StackName=stack)["Stacks"][0]


def test_a_role_that_a_stack_has_is_used_without_passing_it_again(here):
    """ "CloudFormation uses this role even if the users don't have permission to pass it": API_UpdateStack."""
    arn = role(here.owner, "of-the-stack")
    made = here.cfn.create_stack(StackName="with-role", TemplateBody=TEMPLATE, RoleARN=arn)["StackId"]
    assert settled(here.cfn, made) == "CREATE_COMPLETE"
    user = here.owner.user(policy(allow("cloudformation:*"))).client("cloudformation")
    user.delete_stack(StackName="with-role")
    assert settled(here.cfn, made) == "DELETE_COMPLETE"


def test_a_role_that_is_not_there_is_refused_at_once(here):
    """AWS's words, as deploy tools match them: "Role … is invalid or cannot be assumed"."""
    none = f"arn:aws:iam::{here.owner.id}:role/none"
    with pytest.raises(ClientError, match=r"Role .*/none is invalid or cannot be assumed"):
        here.cfn.create_stack(StackName="no-role", TemplateBody=TEMPLATE, RoleARN=none)
    assert refused(here.cfn.describe_stacks, StackName="no-role").code == "ValidationError"
