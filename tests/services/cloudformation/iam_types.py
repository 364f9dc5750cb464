"""What IAM's resource types say at least: for test_repeating."""

from __future__ import annotations

import json

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
TAGS = [{"Key": "team", "Value": "fog"}]


class Needs:
    """What a World makes of IAM."""

    def _role(self):
        iam = self.aws.client("iam")
        role = iam.create_role(RoleName="made", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_role_policy(RoleName="made", PolicyName="p", PolicyDocument=json.dumps(anything))
        return role

    def _user(self):
        return self.aws.client("iam").create_user(UserName="made")["User"]["UserName"]

    def _group(self):
        return self.aws.client("iam").create_group(GroupName="made")["Group"]["GroupName"]


LEAST = {
    "AWS::IAM::AccessKey": lambda w: {"UserName": w.need("user"), "Status": "Inactive"},
    "AWS::IAM::Group": lambda w: {"GroupName": "g"},
    "AWS::IAM::GroupPolicy": lambda w: {"GroupName": w.need("group"), "PolicyName": "p", "PolicyDocument": POLICY},
    "AWS::IAM::InstanceProfile": lambda w: {"InstanceProfileName": "i", "Roles": [w.need("role")["RoleName"]]},
    "AWS::IAM::ManagedPolicy": lambda w: {"ManagedPolicyName": "m", "PolicyDocument": POLICY,
                                          "Users": [w.need("user")]},
    "AWS::IAM::Policy": lambda w: {"PolicyName": "p", "PolicyDocument": POLICY, "Users": [w.need("user")]},
    "AWS::IAM::Role": lambda w: {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Tags": TAGS},
    "AWS::IAM::RolePolicy": lambda w: {
        "RoleName": w.need("role")["RoleName"], "PolicyName": "p", "PolicyDocument": POLICY},
    "AWS::IAM::ServiceLinkedRole": lambda w: {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "x"},
    "AWS::IAM::User": lambda w: {"UserName": "u", "Groups": [w.need("group")], "Tags": TAGS},
    "AWS::IAM::UserPolicy": lambda w: {"UserName": w.need("user"), "PolicyName": "p", "PolicyDocument": POLICY},
    "AWS::IAM::UserToGroupAddition": lambda w: {"GroupName": w.need("group"), "Users": [w.need("user")]},
}  # fmt: skip
