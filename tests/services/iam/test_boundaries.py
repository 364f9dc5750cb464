"""Permissions boundaries of users and roles: what they are shown as, and what they take away.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html
"""

import json

import pytest
from tests.support import refused

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
BOUNDARY = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY}


@pytest.fixture
def iam(aws):
    return aws.client("iam")


def document(**statement):
    full = {"Effect": "Allow", "Action": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [full]})


@pytest.mark.one_node(reason="other nodes hear of it a moment later")
def test_a_role_is_held_to_its_boundary(aws, iam):
    arn = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=document(Action="sts:AssumeRole", Principal={"AWS": aws.id})
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="all", PolicyDocument=document(Resource="*"))
    keys = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    sqs = aws.as_keys(keys).client("sqs")
    sqs.create_queue(QueueName="before")
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=READ_ONLY)
    assert iam.get_role(RoleName="r")["Role"]["PermissionsBoundary"] == BOUNDARY
    assert len(sqs.list_queues()["QueueUrls"]) == 1
    denied = refused(sqs.create_queue, QueueName="after")
    assert denied.code == "AccessDenied"
    assert "because no permissions boundary allows the sqs:createqueue action" in denied.message.lower()
    iam.delete_role_permissions_boundary(RoleName="r")
    sqs.create_queue(QueueName="after")


def test_a_user_is_held_to_its_boundary(aws, iam):
    user = aws.user(document(Resource="*"), name="u")
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=READ_ONLY)
    assert refused(user.client("sqs").create_queue, QueueName="q").code == "AccessDenied"
    assert [found["UserName"] for found in iam.list_entities_for_policy(
        PolicyArn=READ_ONLY, PolicyUsageFilter="PermissionsBoundary")["PolicyUsers"]] == ["u"]  # fmt: skip
    iam.delete_user_permissions_boundary(UserName="u")
    assert "PermissionsBoundary" not in iam.get_user(UserName="u")["User"]
    user.client("sqs").create_queue(QueueName="q")
    assert refused(iam.delete_user_permissions_boundary, UserName="u").code == "NoSuchEntity"


def test_what_is_no_role_and_what_is_no_policy(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(
        Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}))  # fmt: skip
    none = refused(iam.put_role_permissions_boundary, RoleName="none", PermissionsBoundary=READ_ONLY)
    assert none == ("NoSuchEntity", "The role with name none cannot be found.", 404)
    assert refused(iam.delete_user_permissions_boundary, UserName="none").code == "NoSuchEntity"
    missing = "arn:aws:iam::aws:policy/None"
    assert refused(iam.put_role_permissions_boundary, RoleName="r", PermissionsBoundary=missing).code == "NoSuchEntity"
