"""STS through boto3: sessions, who may have them, what they may do, when they end.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
"""

import json

from tests.support import refused

ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def document(**statement):
    full = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in full.items() if v is not None}]})


def trust(principal, action="sts:AssumeRole", **more):
    return document(Action=action, Resource=None, Principal=principal, **more)


def role(account, name="app", principal=None, policy=ALL, **more):
    """A role with an inline policy; its ARN. By default the whole account may assume it."""
    iam = account.client("iam")
    text = more.pop("trust", None) or trust(principal or {"AWS": account.id})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=text, **more)["Role"]["Arn"]
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return arn


def assume(account, arn, name="one", **more):
    return account.client("sts").assume_role(RoleArn=arn, RoleSessionName=name, **more)


def session(account, arn, name="one", **more):
    return account.as_keys(assume(account, arn, name, **more)["Credentials"])


def test_who_am_i(aws):
    assert aws.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.id}:root"
    user = aws.user(document(Effect="Deny"), name="u")
    found = user.client("sts").get_caller_identity()  # even an explicit deny does not matter (API_GetCallerIdentity)
    assert (found["Arn"], found["Account"]) == (f"arn:aws:iam::{aws.id}:user/u", aws.id)
    assert found["UserId"].startswith("AIDA")


def test_a_role_session(aws):
    arn = role(aws)
    found = assume(aws, arn, "one")
    identity = aws.client("iam").get_role(RoleName="app")["Role"]["RoleId"]
    assert found["AssumedRoleUser"] == {
        "AssumedRoleId": f"{identity}:one",
        "Arn": f"arn:aws:sts::{aws.id}:assumed-role/app/one",
    }
    assert found["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert "PackedPolicySize" not in found
    theirs = aws.as_keys(found["Credentials"])
    assert theirs.client("sts").get_caller_identity()["Arn"] == found["AssumedRoleUser"]["Arn"]
    assert theirs.client("iam").list_users()["Users"] == []
    assert "LastUsedDate" in aws.client("iam").get_role(RoleName="app")["Role"]["RoleLastUsed"]
    wrong = {**found["Credentials"], "SessionToken": "another"}
    assert refused(aws.as_keys(wrong).client("sts").get_caller_identity).code == "InvalidClientTokenId"
    assert refused(aws.client("sts").assume_role, RoleArn=arn, RoleSessionName="no spaces").code == "ValidationError"


def test_both_the_trust_and_the_caller_must_agree(aws):
    arn = role(aws)
    user = aws.user(name="u")
    denied = f"User: arn:aws:iam::{aws.id}:user/u is not authorized to perform: sts:AssumeRole on resource: {arn}"
    error = refused(user.client("sts").assume_role, RoleArn=arn, RoleSessionName="one")
    assert (error.code, error.message) == ("AccessDenied", denied)
    iam = aws.client("iam")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(Action="sts:AssumeRole", Resource=arn))
    assume(user, arn)
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
    assert refused(user.client("sts").assume_role, RoleArn=arn, RoleSessionName="one").code == "AccessDenied"
    # a trust policy that names the user itself needs no other permission within the account
    iam.delete_user_policy(UserName="u", PolicyName="p")
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust({"AWS": f"arn:aws:iam::{aws.id}:user/u"}))
    assume(user, arn)
    missing = f"arn:aws:iam::{aws.id}:role/nobody"
    assert refused(aws.client("sts").assume_role, RoleArn=missing, RoleSessionName="one").code == "AccessDenied"


def test_across_accounts_with_an_external_id(aws, cloud):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html"""
    other = cloud.account()
    text = trust({"AWS": other.id}, Condition={"StringEquals": {"sts:ExternalId": "secret"}})
    arn = role(aws, trust=text)
    sts = other.client("sts")
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="one").code == "AccessDenied"
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="one", ExternalId="wrong").code == "AccessDenied"
    found = assume(other, arn, ExternalId="secret")
    there = other.as_keys(found["Credentials"])
    assert there.client("sts").get_caller_identity()["Account"] == aws.id
    assert there.client("iam").list_roles()["Roles"][0]["RoleName"] == "app"
    user = other.user(name="u")
    ask = {"RoleArn": arn, "RoleSessionName": "one", "ExternalId": "secret"}
    assert refused(user.client("sts").assume_role, **ask).code == "AccessDenied"


def test_sessions_end(own_cloud):
    account = own_cloud.account()
    theirs = session(account, role(account), DurationSeconds=900).client("sts")
    theirs.get_caller_identity()
    own_cloud.advance(890)
    theirs.get_caller_identity()
    own_cloud.advance(11)
    assert refused(theirs.get_caller_identity).code == "ExpiredToken"


def test_how_long_sessions_last(aws):
    arn = role(aws, MaxSessionDuration=7200)
    sts = aws.client("sts")
    ask = {"RoleArn": arn, "RoleSessionName": "one"}
    assert refused(sts.assume_role, **ask, DurationSeconds=899).code == "ValidationError"
    error = refused(sts.assume_role, **ask, DurationSeconds=7201)
    assert (error.code, error.message) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    chained = session(aws, arn, DurationSeconds=7200)
    chained.client("sts").assume_role(**ask)
    error = refused(chained.client("sts").assume_role, **ask, DurationSeconds=3601)
    assert "1 hour session limit for roles assumed by role chaining" in error.message


def test_session_policies_narrow(aws):
    arn = role(aws)
    policy = document(Action=["iam:ListUsers", "sqs:*"])
    found = assume(aws, arn, Policy=policy, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}])
    assert 0 < found["PackedPolicySize"] <= 100
    iam = aws.as_keys(found["Credentials"]).client("iam")
    iam.list_users()
    iam.list_roles()
    assert (
        "because no session policy allows the iam:CreateUser action" in refused(iam.create_user, UserName="x").message
    )
    ask = {"RoleArn": arn, "RoleSessionName": "one"}
    assert refused(aws.client("sts").assume_role, **ask, Policy="{}").code == "MalformedPolicyDocument"
    missing = [{"arn": "arn:aws:iam::aws:policy/Nope"}]
    assert refused(aws.client("sts").assume_role, **ask, PolicyArns=missing).code == "MalformedPolicyDocument"


def test_session_tags(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html"""
    own = document(Action="iam:GetUser", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    assuming = document(Action="sts:*", Resource="*")
    text = trust({"AWS": aws.id}, action=["sts:AssumeRole", "sts:TagSession"])
    arn = role(aws, trust=text, policy=own)
    aws.client("iam").put_role_policy(RoleName="app", PolicyName="sts", PolicyDocument=assuming)
    aws.client("iam").create_user(UserName="u")
    assert refused(session(aws, arn).client("iam").get_user, UserName="u").code == "AccessDenied"
    red = [{"Key": "team", "Value": "red"}]
    tagged = session(aws, arn, Tags=red, TransitiveTagKeys=["team"])
    tagged.client("iam").get_user(UserName="u")
    session(tagged, arn).client("iam").get_user(UserName="u")  # transitive tags go on through chained roles
    ask = {"RoleArn": arn, "RoleSessionName": "one"}
    assert refused(tagged.client("sts").assume_role, **ask, Tags=red).code == "ValidationError"
    aws.client("iam").update_assume_role_policy(RoleName="app", PolicyDocument=trust({"AWS": aws.id}))
    error = refused(aws.client("sts").assume_role, **ask, Tags=red)
    assert "sts:TagSession" in error.message


def test_source_identity_stays(aws):
    text = trust({"AWS": aws.id}, action=["sts:AssumeRole", "sts:SetSourceIdentity"])
    arn = role(aws, trust=text)
    found = assume(aws, arn, SourceIdentity="ann")
    assert found["SourceIdentity"] == "ann"
    first = aws.as_keys(found["Credentials"])
    assert assume(first, arn)["SourceIdentity"] == "ann"
    ask = {"RoleArn": arn, "RoleSessionName": "one", "SourceIdentity": "bob"}
    assert refused(first.client("sts").assume_role, **ask).code == "ValidationError"


def test_a_deleted_role_takes_its_sessions_along(aws):
    arn = role(aws)
    theirs = session(aws, arn).client("iam")
    theirs.list_users()
    iam = aws.client("iam")
    iam.delete_role_policy(RoleName="app", PolicyName="own")
    iam.delete_role(RoleName="app")
    role(aws)  # another one under its name
    assert refused(theirs.list_users).code == "InvalidClientTokenId"


def test_session_tokens(aws):
    user = aws.user(ALL, name="u")
    found = user.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    theirs = aws.as_keys(found)
    assert theirs.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.id}:user/u"
    theirs.client("ssm").describe_parameters()
    # without MFA no IAM call, and of STS only AssumeRole and GetCallerIdentity
    assert refused(theirs.client("iam").list_users).code == "InvalidClientTokenId"
    assert refused(theirs.client("sts").get_session_token).code == "AccessDenied"
    assume(theirs, role(aws))
    poor = aws.user(name="poor")
    poor.client("sts").get_session_token()  # needs no permission (API_GetSessionToken)


def test_federation_tokens(aws):
    user = aws.user(document(Action=["sts:GetFederationToken", "ssm:*"]), name="u")
    sts = user.client("sts")
    found = sts.get_federation_token(Name="bob", Policy=document(Action=["ssm:DescribeParameters", "sqs:*"]))
    assert found["FederatedUser"] == {
        "FederatedUserId": f"{aws.id}:bob",
        "Arn": f"arn:aws:sts::{aws.id}:federated-user/bob",
    }
    theirs = aws.as_keys(found["Credentials"])
    assert theirs.client("sts").get_caller_identity()["Arn"] == found["FederatedUser"]["Arn"]
    theirs.client("ssm").describe_parameters()
    name = {"Name": "p", "Value": "v", "Type": "String"}
    assert refused(theirs.client("ssm").put_parameter, **name).code == "AccessDeniedException"
    bare = aws.as_keys(sts.get_federation_token(Name="bob")["Credentials"])
    assert refused(bare.client("ssm").describe_parameters).code == "AccessDeniedException"
    assert refused(theirs.client("iam").list_users).code == "InvalidClientTokenId"
    poor = aws.user(name="poor")
    assert refused(poor.client("sts").get_federation_token, Name="bob").code == "AccessDenied"


def test_an_access_key_id_names_its_account(aws):
    key = aws.user(ALL, name="u").keys["aws_access_key_id"]
    assert aws.client("sts").get_access_key_info(AccessKeyId=key)["Account"] == aws.id
    assert refused(aws.client("sts").get_access_key_info, AccessKeyId="not-a-valid-key-id").code == "ValidationError"


def test_sessions_survive_a_kill(restarted):
    account = restarted.account()
    theirs = session(account, role(account))
    restarted.restart()
    assert theirs.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/app/one")
