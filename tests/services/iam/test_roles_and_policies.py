"""Roles, policies, attachments, boundaries, instance profiles, the simulator, through boto3.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html; error texts as users of AWS report them.
"""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from tests.support import refused

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def document(**statement):
    full = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in full.items() if v is not None}]})


def trust(**principal):
    return document(Action="sts:AssumeRole", Resource=None, Principal=principal or {"Service": "lambda.amazonaws.com"})


@pytest.fixture
def iam(aws):
    return aws.client("iam")


def test_a_role_from_birth_to_death(iam, aws):
    made = iam.create_role(
        RoleName="app", Path="/svc/", AssumeRolePolicyDocument=trust(), Description="d", MaxSessionDuration=7200
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{aws.id}:role/svc/app"
    found = iam.get_role(RoleName="app")["Role"]
    assert found["AssumeRolePolicyDocument"] == json.loads(trust())
    assert (found["Description"], found["MaxSessionDuration"], found["RoleLastUsed"]) == ("d", 7200, {})
    assert "PermissionsBoundary" not in found and "Tags" not in found
    assert refused(iam.create_role, RoleName="APP", AssumeRolePolicyDocument=trust()).message == (
        "Role with name APP already exists."
    )
    iam.update_role(RoleName="app", Description="e", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust(Service="ec2.amazonaws.com"))
    found = iam.get_role(RoleName="app")["Role"]
    assert found["Description"] == "e"
    assert found["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix="/svc/")["Roles"]] == ["app"]
    iam.delete_role(RoleName="app")
    assert refused(iam.get_role, RoleName="app").message == "The role with name app cannot be found."


def test_trust_policies_are_checked(iam, aws):
    bad = {
        document(Action="sts:AssumeRole", Principal={"AWS": "*"}): "Has prohibited field Resource",
        "{": "Syntax errors in policy.",
        trust(AWS=f"arn:aws:iam::{aws.id}:role/nobody"): (
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{aws.id}:role/nobody"'
        ),
    }
    for text, message in bad.items():
        error = refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=text)
        assert (error.code, error.message) == ("MalformedPolicyDocument", message)
    padding = ["lambda.amazonaws.com", *(f"{'x' * 60}{n}.amazonaws.com" for n in range(40))]
    assert (
        refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust(Service=padding)).code == "LimitExceeded"
    )


def test_a_role_in_use_is_not_deleted(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    iam.attach_role_policy(RoleName="r", PolicyArn=READ_ONLY)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document())
    iam.create_instance_profile(InstanceProfileName="ip")
    iam.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="r")
    undo = [
        (
            "remove roles from instance profile",
            lambda: iam.remove_role_from_instance_profile(InstanceProfileName="ip", RoleName="r"),
        ),
        ("detach all policies", lambda: iam.detach_role_policy(RoleName="r", PolicyArn=READ_ONLY)),
        ("delete policies", lambda: iam.delete_role_policy(RoleName="r", PolicyName="p")),
    ]
    for what, step in undo:
        error = refused(iam.delete_role, RoleName="r")
        assert (error.code, error.message) == ("DeleteConflict", f"Cannot delete entity, must {what} first.")
        step()
    iam.delete_role(RoleName="r")


def test_instance_profiles(iam, aws):
    made = iam.create_instance_profile(InstanceProfileName="ip", Path="/x/")["InstanceProfile"]
    assert (made["Arn"], made["Roles"]) == (f"arn:aws:iam::{aws.id}:instance-profile/x/ip", [])
    assert refused(iam.create_instance_profile, InstanceProfileName="IP").code == "EntityAlreadyExists"
    for name in ("a", "b"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="a")
    assert refused(iam.add_role_to_instance_profile, InstanceProfileName="ip", RoleName="b").code == "LimitExceeded"
    assert iam.get_instance_profile(InstanceProfileName="ip")["InstanceProfile"]["Roles"][0]["RoleName"] == "a"
    found = iam.list_instance_profiles_for_role(RoleName="a")["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in found] == ["ip"]
    assert len(iam.list_instance_profiles()["InstanceProfiles"]) == 1
    assert refused(iam.delete_instance_profile, InstanceProfileName="ip").code == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="ip", RoleName="a")
    iam.tag_instance_profile(InstanceProfileName="ip", Tags=[{"Key": "a", "Value": "b"}])
    assert iam.list_instance_profile_tags(InstanceProfileName="ip")["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.delete_instance_profile(InstanceProfileName="ip")
    error = refused(iam.get_instance_profile, InstanceProfileName="ip")
    assert error.message == "Instance Profile ip cannot be found."


def test_managed_policies_and_versions(iam, aws):
    made = iam.create_policy(PolicyName="p", Path="/x/", PolicyDocument=document(Action="s3:*"), Description="d")[
        "Policy"
    ]
    arn = f"arn:aws:iam::{aws.id}:policy/x/p"
    assert (made["Arn"], made["DefaultVersionId"], made["AttachmentCount"]) == (arn, "v1", 0)
    error = refused(iam.create_policy, PolicyName="P", PolicyDocument=document())
    assert error.message == "A policy called P already exists. Duplicate names are not allowed."
    for n in range(2, 6):
        version = iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=document(Action=f"s3:Get{n}"), SetAsDefault=n == 3
        )
        assert version["PolicyVersion"]["VersionId"] == f"v{n}"
    assert refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=document()).code == "LimitExceeded"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == [
        "v5",
        "v4",
        "v3",
        "v2",
        "v1",
    ]
    one = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert (one["Document"], one["IsDefaultVersion"]) == (json.loads(document(Action="s3:*")), False)
    assert refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v3").code == "DeleteConflict"
    assert refused(iam.get_policy_version, PolicyArn=arn, VersionId="v9").code == "NoSuchEntity"
    assert refused(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    for n in range(2, 6):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{n}")
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn).message == f"Policy {arn} was not found."


def test_policy_documents_are_checked(iam):
    bad = {
        document(Principal="*"): "Policy document should not specify a principal.",
        document(Resource=None): "Policy statement must contain resources.",
        document(Action="nothing"): "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        document(Resource="bucket"): 'Resource bucket must be in ARN format or "*".',
    }
    for text, message in bad.items():
        error = refused(iam.create_policy, PolicyName="p", PolicyDocument=text)
        assert (error.code, error.message) == ("MalformedPolicyDocument", message)
    long = document(Action=[f"s3:Get{'x' * 60}{n}" for n in range(100)])
    assert refused(iam.create_policy, PolicyName="p", PolicyDocument=long).message == (
        "Cannot exceed quota for PolicySize: 6144"
    )


def test_aws_managed_policies(iam):
    found = iam.get_policy(PolicyArn=BASIC)["Policy"]
    assert (found["PolicyName"], found["Path"]) == ("AWSLambdaBasicExecutionRole", "/service-role/")
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    aws_only = iam.get_paginator("list_policies").paginate(Scope="AWS")
    names = [policy["PolicyName"] for page in aws_only for policy in page["Policies"]]
    assert {"AdministratorAccess", "AmazonS3FullAccess", "AWSLambdaSQSQueueExecutionRole"} <= set(names)
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert refused(iam.delete_policy, PolicyArn=BASIC).code in {"NoSuchEntity", "AccessDenied"}
    assert refused(iam.get_policy, PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy").code == "NoSuchEntity"


ATTACHING = {
    "user": ("attach_user_policy", "detach_user_policy", "list_attached_user_policies"),
    "group": ("attach_group_policy", "detach_group_policy", "list_attached_group_policies"),
    "role": ("attach_role_policy", "detach_role_policy", "list_attached_role_policies"),
}
INLINE = {
    "user": ("put_user_policy", "get_user_policy", "list_user_policies", "delete_user_policy"),
    "group": ("put_group_policy", "get_group_policy", "list_group_policies", "delete_group_policy"),
    "role": ("put_role_policy", "get_role_policy", "list_role_policies", "delete_role_policy"),
}


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_attachments_and_inline_policies(iam, kind):
    field = f"{kind.title()}Name"
    more = {"AssumeRolePolicyDocument": trust()} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**{field: "x"}, **more)
    attach, detach, listed = (getattr(iam, name) for name in ATTACHING[kind])
    attach(**{field: "x"}, PolicyArn=READ_ONLY)
    attach(**{field: "x"}, PolicyArn=READ_ONLY)
    assert listed(**{field: "x"})["AttachedPolicies"] == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert iam.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=READ_ONLY)[f"Policy{kind.title()}s"]
    assert [entity[field] for entity in entities] == ["x"]
    error = refused(attach, **{field: "x"}, PolicyArn="arn:aws:iam::aws:policy/Nope")
    assert error.message == "Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable."
    assert refused(attach, **{field: "y"}, PolicyArn=READ_ONLY).code == "NoSuchEntity"
    detach(**{field: "x"}, PolicyArn=READ_ONLY)
    assert refused(detach, **{field: "x"}, PolicyArn=READ_ONLY).message == f"Policy {READ_ONLY} was not found."

    put, get, inline, delete = (getattr(iam, name) for name in INLINE[kind])
    put(**{field: "x"}, PolicyName="b", PolicyDocument=document())
    put(**{field: "x"}, PolicyName="a", PolicyDocument=document(Action="s3:*"))
    assert get(**{field: "x"}, PolicyName="a")["PolicyDocument"] == json.loads(document(Action="s3:*"))
    assert inline(**{field: "x"})["PolicyNames"] == ["a", "b"]
    assert refused(put, **{field: "x"}, PolicyName="c", PolicyDocument="{}").code == "MalformedPolicyDocument"
    long = document(Action=[f"s3:Get{'x' * 60}{n}" for n in range(150)])
    assert refused(put, **{field: "x"}, PolicyName="c", PolicyDocument=long).code == "LimitExceeded"
    delete(**{field: "x"}, PolicyName="a")
    error = refused(get, **{field: "x"}, PolicyName="a")
    assert error.message == f"The {kind} policy with name a cannot be found."


def test_ten_policies_at_most_are_attached(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    arns = [iam.create_policy(PolicyName=f"p{n}", PolicyDocument=document())["Policy"]["Arn"] for n in range(11)]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    error = refused(iam.attach_role_policy, RoleName="r", PolicyArn=arns[10])
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
    assert refused(iam.delete_policy, PolicyArn=arns[0]).code == "DeleteConflict"
    assert len(iam.list_policies(OnlyAttached=True)["Policies"]) == 10


def test_boundaries(iam):
    arn = iam.create_policy(PolicyName="b", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(), PermissionsBoundary=arn)
    expected = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert iam.get_role(RoleName="r")["Role"]["PermissionsBoundary"] == expected
    assert refused(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_role_permissions_boundary(RoleName="r")
    assert refused(iam.delete_role_permissions_boundary, RoleName="r").code == "NoSuchEntity"
    iam.create_user(UserName="u")
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=arn)
    assert iam.get_user(UserName="u")["User"]["PermissionsBoundary"] == expected
    missing = f"{arn}-not"
    assert refused(iam.put_user_permissions_boundary, UserName="u", PermissionsBoundary=missing).code == "NoSuchEntity"


def test_service_linked_roles(iam, aws):
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{aws.id}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    assert refused(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com").code == "InvalidInput"
    assert refused(iam.delete_role, RoleName="AWSServiceRoleForECS").code == "UnmodifiableEntity"
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"


def test_authorization_details(iam, aws):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_group(GroupName="g")
    iam.create_user(UserName="u")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=document())
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2}))
    users = [user for page in pages for user in page["UserDetailList"]]
    roles = [role for page in pages for role in page["RoleDetailList"]]
    policies = [policy for page in pages for policy in page["Policies"]]
    assert [user["GroupList"] for user in users] == [["g"]]
    assert roles[0]["RolePolicyList"] == [{"PolicyName": "own", "PolicyDocument": json.loads(document())}]
    assert roles[0]["AttachedManagedPolicies"] == [{"PolicyName": "p", "PolicyArn": arn}]
    assert policies[0]["PolicyVersionList"][0]["Document"] == json.loads(document())
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert (len(only["GroupDetailList"]), only["UserDetailList"]) == (1, [])
    assert iam.get_account_summary()["SummaryMap"]["Roles"] == 1


def test_the_simulator_agrees_with_the_policies(iam, aws):
    iam.create_user(UserName="u")
    text = document(Action="s3:Get*", Resource="arn:aws:s3:::b/*", Condition={"Bool": {"aws:SecureTransport": "true"}})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=text)
    source = f"arn:aws:iam::{aws.id}:user/u"
    ask = {
        "PolicySourceArn": source,
        "ActionNames": ["s3:GetObject", "s3:PutObject"],
        "ResourceArns": ["arn:aws:s3:::b/k"],
    }
    found = iam.simulate_principal_policy(**ask)["EvaluationResults"]
    assert [one["EvalDecision"] for one in found] == ["implicitDeny", "implicitDeny"]
    assert found[0]["MissingContextValues"] == ["aws:securetransport"]
    secure = [{"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}]
    found = iam.simulate_principal_policy(**ask, ContextEntries=secure)["EvaluationResults"]
    assert [one["EvalDecision"] for one in found] == ["allowed", "implicitDeny"]
    assert found[0]["MatchedStatements"][0]["SourcePolicyId"] == "p"
    custom = iam.simulate_custom_policy(
        PolicyInputList=[document(), document(Effect="Deny", Action="s3:*")],
        ActionNames=["s3:GetObject", "sqs:SendMessage"],
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in custom] == ["explicitDeny", "allowed"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=source)["ContextKeyNames"] == [
        "aws:securetransport"
    ]
    assert refused(iam.simulate_principal_policy, **{**ask, "PolicySourceArn": source + "x"}).code == "NoSuchEntity"


# -- enforcement -------------------------------------------------------------------------------------------------------

DENIED = [
    ("create_user", {"UserName": "n"}, "iam:CreateUser", "arn:aws:iam::{id}:user/n"),
    ("list_users", {}, "iam:ListUsers", "arn:aws:iam::{id}:user/"),
    ("delete_user", {"UserName": "there"}, "iam:DeleteUser", "user there"),
    ("create_access_key", {"UserName": "there"}, "iam:CreateAccessKey", "user there"),
    ("create_group", {"GroupName": "g"}, "iam:CreateGroup", "arn:aws:iam::{id}:group/g"),
    ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}, "iam:CreateRole", "arn:aws:iam::{id}:role/r"),
    ("get_role", {"RoleName": "r"}, "iam:GetRole", "role r"),
    ("put_role_policy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{}"}, "iam:PutRolePolicy", "role r"),
    ("attach_role_policy", {"RoleName": "r", "PolicyArn": READ_ONLY}, "iam:AttachRolePolicy", "role r"),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": "{}"}, "iam:CreatePolicy", "arn:aws:iam::{id}:policy/p"),
    ("get_policy", {"PolicyArn": READ_ONLY}, "iam:GetPolicy", f"policy {READ_ONLY}"),
    (
        "create_instance_profile",
        {"InstanceProfileName": "i"},
        "iam:CreateInstanceProfile",
        "arn:aws:iam::{id}:instance-profile/i",
    ),
    ("tag_user", {"UserName": "there", "Tags": []}, "iam:TagUser", "user there"),
    ("get_account_summary", {}, "iam:GetAccountSummary", None),
    ("create_account_alias", {"AccountAlias": "abc"}, "iam:CreateAccountAlias", None),
]


@pytest.mark.parametrize(("call", "given", "action", "resource"), DENIED, ids=[row[0] for row in DENIED])
def test_a_user_without_permissions_is_denied(aws, call, given, action, resource):
    user = aws.user(name="poor")
    error = refused(getattr(user.client("iam"), call), **given)
    on = f" on resource: {resource.format(id=aws.id)}" if resource else ""
    assert (error.code, error.message) == (
        "AccessDenied",
        f"User: arn:aws:iam::{aws.id}:user/poor is not authorized to perform: {action}{on} because no identity-based "
        f"policy allows the {action} action",
    )


def test_permissions_follow_every_change_at_once(aws, iam):
    user = aws.user(name="u")
    theirs = user.client("iam")
    allow = document(Action="iam:ListUsers")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allow)["Policy"]["Arn"]

    def may():
        try:
            theirs.list_users()
        except ClientError:
            return False
        return True

    assert not may()
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert may()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(Action="iam:ListRoles"), SetAsDefault=True)
    assert not may()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert may()
    iam.detach_user_policy(UserName="u", PolicyArn=arn)
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=allow)
    assert not may()
    iam.add_user_to_group(GroupName="g", UserName="u")
    assert may()
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
    assert may()
    iam.put_user_policy(UserName="u", PolicyName="no", PolicyDocument=document(Effect="Deny"))
    assert not may()


def test_conditions_on_tags_and_boundaries(aws, iam):
    arn = iam.create_policy(PolicyName="b", PolicyDocument=document())["Policy"]["Arn"]
    text = document(
        Action=["iam:CreateUser", "iam:TagUser"],
        Condition={"StringEquals": {"iam:PermissionsBoundary": arn, "aws:RequestTag/team": "${aws:PrincipalTag/team}"}},
    )
    user = aws.user(text, name="lead")
    iam.tag_user(UserName="lead", Tags=[{"Key": "team", "Value": "red"}])
    theirs = user.client("iam")
    red = [{"Key": "team", "Value": "red"}]
    assert refused(theirs.create_user, UserName="n", Tags=red).code == "AccessDenied"
    assert refused(theirs.create_user, UserName="n", PermissionsBoundary=arn).code == "AccessDenied"
    theirs.create_user(UserName="n", PermissionsBoundary=arn, Tags=red)


def test_giving_a_role_to_an_instance_profile_is_passing_it(aws, iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    iam.create_instance_profile(InstanceProfileName="ip")
    user = aws.user(document(Action="iam:AddRoleToInstanceProfile"), name="u")
    theirs = user.client("iam")
    error = refused(theirs.add_role_to_instance_profile, InstanceProfileName="ip", RoleName="r")
    assert "iam:PassRole on resource: arn:aws:iam::" in error.message
    may = document(Action="iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})
    iam.put_user_policy(UserName="u", PolicyName="pass", PolicyDocument=may)
    theirs.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="r")


def test_roles_survive_a_kill(restarted):
    iam = restarted.account().client("iam")
    name = uuid.uuid4().hex
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
    restarted.restart()
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"][0]["PolicyArn"] == BASIC
