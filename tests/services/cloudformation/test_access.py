"""IAM decides about stacks, and about every resource in them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def policy(*actions, resource="*"):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_stacks_need_permission(aws, cfn, cfn_of, parameter):
    cfn.create("mine", {"Resources": {"P": parameter()}})
    nobody = cfn_of(aws.user()).client
    calls = [
        lambda: nobody.describe_stacks(StackName="mine"),
        nobody.list_stacks,
        lambda: nobody.create_stack(StackName="x", TemplateBody="{}"),
        lambda: nobody.update_stack(StackName="mine", TemplateBody="{}"),
        lambda: nobody.delete_stack(StackName="mine"),
        lambda: nobody.describe_stack_events(StackName="mine"),
        lambda: nobody.describe_stack_resource(StackName="mine", LogicalResourceId="P"),
        lambda: nobody.describe_stack_resources(StackName="mine"),
        lambda: nobody.list_stack_resources(StackName="mine"),
        lambda: nobody.get_template(StackName="mine"),
        lambda: nobody.get_template_summary(StackName="mine"),
        lambda: nobody.validate_template(TemplateBody="{}"),
        lambda: nobody.create_change_set(StackName="mine", ChangeSetName="c", TemplateBody="{}"),
        lambda: nobody.describe_change_set(StackName="mine", ChangeSetName="c"),
        lambda: nobody.execute_change_set(StackName="mine", ChangeSetName="c"),
        lambda: nobody.delete_change_set(StackName="mine", ChangeSetName="c"),
        lambda: nobody.list_change_sets(StackName="mine"),
        nobody.list_exports,
        lambda: nobody.list_imports(ExportName="e"),
        lambda: nobody.set_stack_policy(StackName="mine", StackPolicyBody="{}"),
        lambda: nobody.get_stack_policy(StackName="mine"),
        lambda: nobody.cancel_update_stack(StackName="mine"),
        lambda: nobody.continue_update_rollback(StackName="mine"),
        lambda: nobody.rollback_stack(StackName="mine"),
        lambda: nobody.update_termination_protection(StackName="mine", EnableTerminationProtection=True),
        lambda: nobody.signal_resource(StackName="mine", LogicalResourceId="P", UniqueId="u", Status="SUCCESS"),
    ]
    for call in calls:
        with pytest.raises(ClientError) as error:
            call()
        assert code_of(error) == "AccessDenied"


def test_permission_by_stack_name(aws, cfn_of, parameter, cfn):
    cfn.create("team-a", {"Resources": {"P": parameter()}})
    cfn.create("team-b", {"Resources": {"P": parameter()}})
    user = cfn_of(
        aws.user(policy("cloudformation:Describe*", resource=f"arn:aws:cloudformation:*:{aws.id}:stack/team-a/*"))
    )
    assert user.stack("team-a")["StackName"] == "team-a"
    with pytest.raises(ClientError) as error:
        user.stack("team-b")
    assert code_of(error) == "AccessDenied"


def test_resources_are_made_as_the_caller(aws, cfn_of, parameter):
    user = cfn_of(aws.user(policy("cloudformation:*")))
    assert user.create("poor", {"Resources": {"P": parameter()}})["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = user.reason("poor", "P", "CREATE_FAILED")
    assert "is not authorized to perform: ssm:PutParameter" in reason
    assert "HandlerErrorCode: AccessDenied" in reason


def test_a_service_role_makes_them_instead(aws, cfn_of, parameter):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html"""
    iam = aws.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=policy("ssm:*"))
    template = {"Resources": {"P": parameter()}}
    without = cfn_of(aws.user(policy("cloudformation:*")))
    with pytest.raises(ClientError) as error:
        without.create("role", template, RoleARN=role)  # iam:PassRole is needed
    assert code_of(error) == "AccessDenied"
    user = cfn_of(aws.user(policy("cloudformation:*", "iam:PassRole")))
    stack = user.create("role", template, RoleARN=role)
    assert stack["StackStatus"] == "CREATE_COMPLETE", user.events("role")
    assert stack["RoleARN"] == role
    assert user.delete("role")["StackStatus"] == "DELETE_COMPLETE"  # the role is remembered
    stranger = {**trust, "Statement": [{**trust["Statement"][0], "Principal": {"Service": "ec2.amazonaws.com"}}]}
    other = iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(stranger))["Role"]["Arn"]
    assert user.create("stranger", template, RoleARN=other)["StackStatus"].startswith("ROLLBACK")
