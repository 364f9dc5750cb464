"""CloudFormation's IAM resource types through stacks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

import json
import time

import pytest
from botocore.exceptions import ClientError

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Stack:
    def __init__(self, account, name="s"):
        self.client, self.name = account.client("cloudformation"), name

    def apply(self, resources, outputs=None, *, expect=("CREATE_COMPLETE", "UPDATE_COMPLETE")):
        body = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
        ask = {
            "StackName": self.name,
            "TemplateBody": json.dumps(body),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        try:
            self.client.describe_stacks(StackName=self.name)
            self.client.update_stack(**ask)
        except ClientError as error:
            assert "does not exist" in str(error)
            self.client.create_stack(**ask)
        stack = self._settled()
        assert stack["StackStatus"] in expect, self.reasons()
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def reasons(self):
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [(event["LogicalResourceId"], event.get("ResourceStatusReason")) for event in events]

    def _settled(self):
        for _ in range(400):
            stack = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.02)
        raise AssertionError(stack["StackStatus"])

    def delete(self):
        self.client.delete_stack(StackName=self.name)
        for _ in range(400):
            try:
                status = self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
            except ClientError:
                return
            assert status != "DELETE_FAILED", self.reasons()
            time.sleep(0.02)
        raise AssertionError("not deleted")


@pytest.fixture
def stack(aws):
    return Stack(aws)


def test_a_role_is_made_changed_and_deleted(aws, stack):
    iam = aws.client("iam")
    properties = {
        "AssumeRolePolicyDocument": TRUST,
        "Description": "first",
        "ManagedPolicyArns": [BASIC],
        "Policies": [{"PolicyName": "one", "PolicyDocument": policy("s3:*")}],
        "Tags": [{"Key": "team", "Value": "red"}],
    }
    outputs = {"Name": {"Ref": "R"}, "Arn": {"Fn::GetAtt": ["R", "Arn"]}, "Id": {"Fn::GetAtt": ["R", "RoleId"]}}
    made = stack.apply({"R": {"Type": "AWS::IAM::Role", "Properties": properties}}, outputs)
    name = made["Name"]
    role = iam.get_role(RoleName=name)["Role"]
    assert (made["Arn"], made["Id"], role["Description"]) == (role["Arn"], role["RoleId"], "first")
    assert name.startswith("s-R-")
    assert {"Key": "team", "Value": "red"} in role["Tags"]
    # another resource's attachment is left alone by updates
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    changed = properties | {
        "Description": "second",
        "MaxSessionDuration": 7200,
        "ManagedPolicyArns": [READ_ONLY],
        "Policies": [{"PolicyName": "two", "PolicyDocument": policy("sqs:*")}],
        "PermissionsBoundary": READ_ONLY,
        "Tags": [{"Key": "team", "Value": "blue"}],
    }
    assert stack.apply({"R": {"Type": "AWS::IAM::Role", "Properties": changed}}, outputs) == made
    role = iam.get_role(RoleName=name)["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("second", 7200)
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    assert {"Key": "team", "Value": "blue"} in role["Tags"]
    attached = [found["PolicyName"] for found in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
    assert sorted(attached) == ["AmazonSQSFullAccess", "ReadOnlyAccess"]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["two"]
    stack.delete()
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=name)


def everything(extra=()):
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "role", "AssumeRolePolicyDocument": TRUST}},
        "Group": {
            "Type": "AWS::IAM::Group",
            "Properties": {
                "GroupName": "group",
                "ManagedPolicyArns": [READ_ONLY],
                "Policies": [{"PolicyName": "own", "PolicyDocument": policy("s3:*")}],
            },
        },
        "User": {
            "Type": "AWS::IAM::User",
            "Properties": {"UserName": "user", "Path": "/x/", "LoginProfile": {"Password": "Secret-123"}},
        },
        "Member": {
            "Type": "AWS::IAM::UserToGroupAddition",
            "Properties": {"GroupName": {"Ref": "Group"}, "Users": [{"Ref": "User"}]},
        },
        "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}},
        "Inline": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "inline",
                "PolicyDocument": policy(["sqs:*", *extra]),
                "Roles": [{"Ref": "Role"}],
                "Users": [{"Ref": "User"}],
            },
        },
        "Managed": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": policy(["sns:*", *extra]), "Roles": [{"Ref": "Role"}]},
        },
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Own": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {"RoleName": {"Ref": "Role"}, "PolicyName": "own", "PolicyDocument": policy("kms:*")},
        },
        "Theirs": {
            "Type": "AWS::IAM::UserPolicy",
            "Properties": {"UserName": {"Ref": "User"}, "PolicyName": "own", "PolicyDocument": policy("iam:GetUser")},
        },
    }


OUTPUTS = {
    "UserArn": {"Fn::GetAtt": ["User", "Arn"]},
    "GroupArn": {"Fn::GetAtt": ["Group", "Arn"]},
    "Key": {"Ref": "Key"},
    "Secret": {"Fn::GetAtt": ["Key", "SecretAccessKey"]},
    "Managed": {"Ref": "Managed"},
    "Profile": {"Ref": "Profile"},
    "ProfileArn": {"Fn::GetAtt": ["Profile", "Arn"]},
}


def test_every_type_together(aws, stack):
    iam = aws.client("iam")
    made = stack.apply(everything(), OUTPUTS)
    assert made["UserArn"] == f"arn:aws:iam::{aws.id}:user/x/user"
    assert made["GroupArn"] == f"arn:aws:iam::{aws.id}:group/group"
    theirs = aws.as_keys({"AccessKeyId": made["Key"], "SecretAccessKey": made["Secret"]})
    assert theirs.client("iam").get_user()["User"]["UserName"] == "user"
    assert [user["UserName"] for user in iam.get_group(GroupName="group")["Users"]] == ["user"]
    assert iam.list_role_policies(RoleName="role")["PolicyNames"] == ["inline", "own"]
    assert iam.list_user_policies(UserName="user")["PolicyNames"] == ["inline", "own"]
    profile = iam.get_instance_profile(InstanceProfileName=made["Profile"])["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["role"]
    assert iam.get_login_profile(UserName="user")["LoginProfile"]["UserName"] == "user"
    for n in range(6):  # each update is a version, of which five are kept
        changed = stack.apply(everything([f"ssm:Get{n}"]), OUTPUTS)
        assert changed == made
    versions = iam.list_policy_versions(PolicyArn=made["Managed"])["Versions"]
    assert [version["VersionId"] for version in versions] == ["v7", "v6", "v5", "v4", "v3"]
    inline = iam.get_role_policy(RoleName="role", PolicyName="inline")["PolicyDocument"]
    assert inline["Statement"][0]["Action"] == ["sqs:*", "ssm:Get5"]
    stack.delete()
    left = iam.get_account_summary()["SummaryMap"]
    assert [left[key] for key in ("Users", "Groups", "Roles", "Policies", "InstanceProfiles")] == [0, 0, 0, 0, 0]


def test_a_name_that_is_taken_fails_and_nothing_is_left(aws, stack):
    iam = aws.client("iam")
    iam.create_role(RoleName="taken", AssumeRolePolicyDocument=json.dumps(TRUST))
    resources = {
        "R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "taken", "AssumeRolePolicyDocument": TRUST}},
        "Bad": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/Nope"]},
        },
    }
    stack.apply(resources, expect="ROLLBACK_COMPLETE")
    assert any("taken" in str(reason) and "already exists" in str(reason) for _, reason in stack.reasons())
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["taken"]
    stack.delete()
    iam.get_role(RoleName="taken")


def test_the_callers_permissions_decide(aws):
    """Without a role of its own a stack acts as whoever made it."""
    user = aws.user(json.dumps(policy("cloudformation:*")), name="u")
    stack = Stack(user)
    resources = {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}}
    stack.apply(resources, expect="ROLLBACK_COMPLETE")
    assert any("is not authorized to perform: iam:CreateRole" in str(reason) for _, reason in stack.reasons())
