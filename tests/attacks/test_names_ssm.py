"""Parameter Store: a parameter's ARN decides, whether it is named by name, selector or ARN.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from tests.support import refused

from .spellings import spellings, turn

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TAGS = [{"Key": "k", "Value": "v"}]
DEEP, FLAT = "/App/db", "Flat"
BY_ARN = {"get_parameter", "get_parameters", "get_parameter_history"}  # the others take "only the name itself"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(*resources, action="ssm:*"):
    return {"Effect": "Deny", "Action": action, "Resource": list(resources)}


# operation, the member that names the parameter, its other members
OPERATIONS = {
    "add_tags_to_resource": ("ResourceId", {"ResourceType": "Parameter", "Tags": TAGS}),
    "delete_parameter": ("Name", {}),
    "delete_parameters": ("Names", {}),
    "get_parameter": ("Name", {}),
    "get_parameter_history": ("Name", {}),
    "get_parameters": ("Names", {}),
    "label_parameter_version": ("Name", {"Labels": ["other"], "ParameterVersion": 1}),
    "list_tags_for_resource": ("ResourceId", {"ResourceType": "Parameter"}),
    "put_parameter": ("Name", {"Value": "changed", "Overwrite": True}),  # no Type: it cannot make another one
    "unlabel_parameter_version": ("Name", {"Labels": ["old"], "ParameterVersion": 1}),
    "remove_tags_from_resource": ("ResourceId", {"ResourceType": "Parameter", "TagKeys": ["kept"]}),
}
LISTS = {"delete_parameters": "DeletedParameters", "get_parameters": "Parameters"}  # what is not there is no error


@pytest.fixture(scope="module")
def here(cloud):
    """Two parameters, a user of their account who may do everything to others, and another account's root."""
    owner = cloud.account()
    ssm = owner.client("ssm")
    for name in (DEEP, FLAT):
        ssm.put_parameter(Name=name, Value="1", Type="String", Tags=[{"Key": "kept", "Value": "v"}])
        ssm.put_parameter(Name=name, Value="2", Overwrite=True)
        ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["old"])
    arns = {name: ssm.get_parameter(Name=name)["Parameter"]["ARN"] for name in (DEEP, FLAT)}
    user = owner.user(policy(ALLOW, deny(*arns.values()))).client("ssm")
    return SimpleNamespace(owner=owner, ssm=ssm, arns=arns, user=user, stranger=cloud.account().client("ssm"))


def state(here):
    shown = [here.ssm.describe_parameters()["Parameters"]]
    for name in (DEEP, FLAT):
        shown.append(here.ssm.get_parameter_history(Name=name)["Parameters"])
        shown.append(here.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"])
    return json.dumps(shown, default=str)


def told(caller, operation, text):
    """What an operation says of a parameter: nothing, when it is refused."""
    member, request = OPERATIONS[operation]
    try:
        answer = getattr(caller, operation)(**request, **{member: [text] if member == "Names" else text})
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, (operation, text)
        return None
    return answer[LISTS[operation]] if operation in LISTS else answer


@pytest.mark.parametrize("name", (DEEP, FLAT))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_other_spelling_of_a_parameter_passes_a_deny_or_an_account(here, operation, name):
    arn = here.arns[name]
    more = (f"{name}:1", f"{name}:old", f"{arn}:1", f"{arn}:old", arn)
    texts = [name, *more, *turn(spellings(arn, name), list(OPERATIONS).index(operation), 3)]
    before = state(here)
    for caller in (here.user, here.stranger):
        for text in texts:
            assert not told(caller, operation, text), text
    if operation not in BY_ARN:
        for text in texts[1:]:  # to root as well: there is one way to name it, but for the slash of a root-level name
            if text == f"/{name}":
                continue
            assert not told(here.ssm, operation, text), text
    assert state(here) == before


@pytest.mark.parametrize("operation", sorted(BY_ARN))
def test_an_arn_is_read_exactly(here, operation):
    for name in (DEEP, FLAT):
        assert told(here.ssm, operation, here.arns[name])
        for text in turn(spellings(here.arns[name], name), len(operation) + len(name), 3):
            if text.lower().startswith("arn") and text.rstrip(":") != here.arns[name] and not text.endswith(":1"):
                assert not told(here.ssm, operation, text), text


def test_a_path_is_denied_however_it_is_written(here):
    """GetParametersByPath is allowed or denied on the path that it names.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-retrieval-authorization.html
    """
    path = here.arns[DEEP].rpartition("/")[0]
    user = here.owner.user(policy(ALLOW, deny(path))).client("ssm")
    for text in ("/App", "/App/", "/App//"):
        assert refused(user.get_parameters_by_path, Path=text).code == "AccessDeniedException"
    for text in ("//App", "/app", "/APP/", "/App/.", "/%41pp", "/./App", "/App/../App", " /App", path, "App"):
        for caller in (user, here.stranger):
            try:
                assert caller.get_parameters_by_path(Path=text, Recursive=True)["Parameters"] == []
            except ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert here.stranger.get_parameters_by_path(Path="/App")["Parameters"] == []
    flat = {**deny("*"), "Condition": {"StringEquals": {"ssm:Recursive": ["true"]}}}
    user = here.owner.user(policy(ALLOW, flat)).client("ssm")
    assert user.get_parameters_by_path(Path="/App")["Parameters"]
    assert refused(user.get_parameters_by_path, Path="/App", Recursive=True).code == "AccessDeniedException"


def test_names_with_and_without_a_slash_are_one_parameter(cloud):
    owner = cloud.account()
    ssm = owner.client("ssm")
    ssm.put_parameter(Name="twin", Value="v", Type="String")
    assert refused(ssm.put_parameter, Name="/twin", Value="w", Type="String").code == "ParameterAlreadyExists"
    user = owner.user(policy(ALLOW, deny(f"arn:aws:ssm:*:{owner.id}:parameter/twin"))).client("ssm")
    for name in ("twin", "/twin"):
        assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "v"
        assert refused(user.get_parameter, Name=name).code == "AccessDeniedException"


def test_parameters_of_other_accounts_are_not_shared(here):
    for name in (DEEP, FLAT):
        assert refused(here.stranger.get_parameter, Name=here.arns[name]).code == "AccessDeniedException"
        assert refused(here.stranger.get_parameters, Names=[here.arns[name]]).code == "AccessDeniedException"


def test_public_parameters_are_nobodys_to_change_and_everybodys_to_read(here):
    name = "/aws/service/global-infrastructure/regions/us-east-1"
    arn = f"arn:aws:ssm:us-east-1::parameter{name}"
    for text in (name, arn, f"{name}:1", f"{arn}:1"):
        assert here.stranger.get_parameter(Name=text)["Parameter"]["ARN"] == arn
    user = here.owner.user(policy(ALLOW, deny(arn))).client("ssm")
    for text in (name, arn, f"{name}:1", f"{arn}:1", arn.replace("::", ":aws:"), *turn(spellings(arn, name), 0, 2)):
        assert not told(user, "get_parameter", text), text
        assert not told(user, "get_parameters", text), text
    assert refused(here.ssm.put_parameter, Name=name, Value="x", Type="String").code == "AccessDeniedException"
    assert refused(here.ssm.delete_parameter, Name=name).code == "AccessDeniedException"
    assert refused(here.ssm.get_parameter, Name=f"arn:aws:ssm:us-east-1::parameter{DEEP}").code == "ValidationException"


def test_odd_selectors_name_nothing(here):
    for selector in ("\u00b2", "\u0661", "9" * 30, "9" * 18, "-1", "1:1", "old:old", ":"):
        for name in (DEEP, here.arns[FLAT], "/aws/service/global-infrastructure/regions/us-east-1"):
            assert not told(here.ssm, "get_parameter", f"{name}:{selector}")


def test_tags_on_creation_need_their_permission(aws):
    """The permissions are those of the CloudFormation page of AWS::SSM::Parameter."""
    user = aws.user(policy({**ALLOW, "Action": "ssm:PutParameter"})).client("ssm")
    assert refused(user.put_parameter, Name="p", Value="v", Type="String", Tags=TAGS).code == "AccessDeniedException"
    assert user.put_parameter(Name="p", Value="v", Type="String")["Version"] == 1


def test_overwriting_can_be_denied(aws):
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-policy-conditions.html"""
    aws.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    held = {**deny("*"), "Condition": {"StringEquals": {"ssm:Overwrite": ["true"]}}}
    user = aws.user(policy(ALLOW, held)).client("ssm")
    assert refused(user.put_parameter, Name="p", Value="w", Overwrite=True).code == "AccessDeniedException"
    assert user.put_parameter(Name="q", Value="v", Type="String")["Version"] == 1


def test_a_secret_is_written_and_read_with_the_callers_own_right_to_the_key(cloud):
    """https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html"""
    owner = cloud.account()
    key = owner.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = {"Value": "v", "Type": "SecureString", "KeyId": key}
    for name in ("p", "/deep/p"):
        owner.client("ssm").put_parameter(Name=name, **secret)
    reader, writer = (
        owner.user(policy(ALLOW, deny(key, action=action))).client("ssm") for action in ("kms:Decrypt", "kms:Encrypt")
    )
    for call, request in (
        (reader.get_parameter, {"Name": "p", "WithDecryption": True}),
        (reader.get_parameters, {"Names": ["p"], "WithDecryption": True}),
        (reader.get_parameter_history, {"Name": "p", "WithDecryption": True}),
        (reader.get_parameters_by_path, {"Path": "/deep", "WithDecryption": True}),
        (writer.put_parameter, {"Name": "q", **secret}),
        (writer.put_parameter, {"Name": "q", **secret, "KeyId": key.rpartition("/")[2]}),
    ):
        assert refused(call, **request).code == "AccessDeniedException"
    assert reader.get_parameter(Name="p")["Parameter"]["Value"] != "v"
    assert writer.get_parameter(Name="p", WithDecryption=True)["Parameter"]["Value"] == "v"
    other = cloud.account().client("ssm")
    assert refused(other.put_parameter, Name="p", **secret).code == "AccessDeniedException"
