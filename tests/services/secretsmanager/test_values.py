"""Values, versions and their labels.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
"""

import string
import uuid

import pytest
from tests.support import refused


@pytest.fixture
def client(aws):
    return aws.client("secretsmanager")


@pytest.fixture
def secret(client):
    return client.create_secret(Name="app/db", SecretString="one")


def token(n=0):
    return f"{n:08d}-0000-0000-0000-000000000000"


def labels(client, id="app/db"):
    return client.describe_secret(SecretId=id)["VersionIdsToStages"]


def test_a_value_is_text_or_bytes(client):
    made = client.create_secret(Name="app/db", SecretString="one", Description="d")
    assert made["ARN"].rpartition(":")[2].startswith("app/db-")
    assert len(made["ARN"].rpartition("-")[2]) == 6
    got = client.get_secret_value(SecretId="app/db")
    assert (got["SecretString"], got["VersionStages"], got["VersionId"]) == ("one", ["AWSCURRENT"], made["VersionId"])
    assert "SecretBinary" not in got
    client.put_secret_value(SecretId=made["ARN"], SecretBinary=b"\0\xff")
    got = client.get_secret_value(SecretId=made["ARN"])
    assert got["SecretBinary"] == b"\0\xff"
    assert "SecretString" not in got
    both = refused(client.put_secret_value, SecretId="app/db", SecretString="x", SecretBinary=b"x")
    assert both[:2] == (
        "InvalidParameterException",
        "You can't specify both a binary secret value and a string secret value in the same secret.",
    )
    none = refused(client.put_secret_value, SecretId="app/db")
    assert none[:2] == ("InvalidRequestException", "You must provide either SecretString or SecretBinary.")


def test_a_secret_without_a_value_has_none(client):
    made = client.create_secret(Name="empty")
    assert "VersionId" not in made
    assert "VersionIdsToStages" not in client.describe_secret(SecretId="empty")
    assert refused(client.get_secret_value, SecretId="empty")[:2] == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )
    first = client.put_secret_value(SecretId="empty", SecretString="x", VersionStages=["MINE"])
    assert sorted(first["VersionStages"]) == ["AWSCURRENT", "MINE"]  # "creates the first version … AWSCURRENT"


def test_a_value_has_64_kilobytes(client):
    client.create_secret(Name="large", SecretString="x" * 65536)
    assert len(client.get_secret_value(SecretId="large")["SecretString"]) == 65536
    assert refused(client.put_secret_value, SecretId="large", SecretString="x" * 65537).code in (
        "ValidationException",
        "InvalidParameterException",
    )
    assert refused(client.put_secret_value, SecretId="large", SecretString="ä" * 40000).code == (
        "InvalidParameterException"
    )


def test_the_current_label_moves_and_leaves_the_previous_one(client, secret):
    first = secret["VersionId"]
    second = client.put_secret_value(SecretId="app/db", SecretString="two")["VersionId"]
    assert labels(client) == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    third = client.put_secret_value(SecretId="app/db", SecretString="three")["VersionId"]
    assert labels(client) == {second: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}
    assert client.get_secret_value(SecretId="app/db", VersionStage="AWSPREVIOUS")["SecretString"] == "two"
    assert client.get_secret_value(SecretId="app/db", VersionId=first)["SecretString"] == "one"
    listed = client.list_secret_version_ids(SecretId="app/db")["Versions"]
    assert {each["VersionId"] for each in listed} == {second, third}
    every = client.list_secret_version_ids(SecretId="app/db", IncludeDeprecated=True)["Versions"]
    assert {each["VersionId"] for each in every} == {first, second, third}
    page = client.list_secret_version_ids(SecretId="app/db", IncludeDeprecated=True, MaxResults=2)
    rest = client.list_secret_version_ids(SecretId="app/db", IncludeDeprecated=True, NextToken=page["NextToken"])
    assert len(page["Versions"]) + len(rest["Versions"]) == 3


def test_version_and_label_have_to_fit(client, secret):
    second = client.put_secret_value(SecretId="app/db", SecretString="two")["VersionId"]
    both = client.get_secret_value(SecretId="app/db", VersionId=second, VersionStage="AWSCURRENT")
    assert both["SecretString"] == "two"
    wrong = refused(client.get_secret_value, SecretId="app/db", VersionId=second, VersionStage="AWSPREVIOUS")
    assert wrong[:2] == (
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
    )
    missing = refused(client.get_secret_value, SecretId="app/db", VersionId=token())
    assert missing[:2] == (
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for VersionId: {token()}",
    )


def test_the_request_token_is_the_version_and_makes_it_once(client, secret):
    put = client.put_secret_value
    assert put(SecretId="app/db", SecretString="two", ClientRequestToken=token())["VersionId"] == token()
    assert put(SecretId="app/db", SecretString="two", ClientRequestToken=token())["VersionStages"] == ["AWSCURRENT"]
    other = refused(put, SecretId="app/db", SecretString="three", ClientRequestToken=token())
    assert other[:2] == (
        "ResourceExistsException",
        f"You can't use ClientRequestToken {token()} because that value is already in use for a version of secret "
        f"{secret['ARN']}.",
    )
    assert refused(put, SecretId="app/db", SecretString="x", ClientRequestToken="short").code in (
        "InvalidParameterException",
        "ValidationException",
    )
    # UpdateSecret: "If you call this operation with a ClientRequestToken that matches an existing version's VersionId,
    # the operation results in an error."
    again = refused(client.update_secret, SecretId="app/db", SecretString="two", ClientRequestToken=token())
    assert again.code == "ResourceExistsException"
    made = client.create_secret(Name="once", SecretString="x", ClientRequestToken=token(1))
    assert client.create_secret(Name="once", SecretString="x", ClientRequestToken=token(1))["ARN"] == made["ARN"]
    assert refused(client.create_secret, Name="once", SecretString="y", ClientRequestToken=token(1)).code == (
        "ResourceExistsException"
    )


def test_a_label_is_attached_to_one_version(client, secret):
    first = secret["VersionId"]
    second = client.put_secret_value(SecretId="app/db", SecretString="two", VersionStages=["MINE"])["VersionId"]
    assert labels(client) == {first: ["AWSCURRENT"], second: ["MINE"]}
    move = client.update_secret_version_stage
    move(SecretId="app/db", VersionStage="MINE", RemoveFromVersionId=second, MoveToVersionId=first)
    assert labels(client) == {first: ["AWSCURRENT", "MINE"]}
    move(SecretId="app/db", VersionStage="AWSCURRENT", RemoveFromVersionId=first, MoveToVersionId=second)
    assert labels(client) == {first: ["MINE", "AWSPREVIOUS"], second: ["AWSCURRENT"]}
    move(SecretId="app/db", VersionStage="AWSCURRENT", RemoveFromVersionId=second, MoveToVersionId=first)
    assert labels(client) == {first: ["MINE", "AWSCURRENT"], second: ["AWSPREVIOUS"]}
    move(SecretId="app/db", VersionStage="MINE", RemoveFromVersionId=first)
    assert labels(client)[first] == ["AWSCURRENT"]


def test_moving_a_label_says_from_where(client, secret):
    first, move = secret["VersionId"], client.update_secret_version_stage
    second = client.put_secret_value(SecretId="app/db", SecretString="two", VersionStages=["MINE"])["VersionId"]
    unsaid = refused(move, SecretId="app/db", VersionStage="AWSCURRENT", MoveToVersionId=second)
    assert unsaid[:2] == (
        "InvalidParameterException",
        f"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version "
        f"{first}, so you must explicitly reference that version in RemoveFromVersionId.",
    )
    wrong = refused(move, SecretId="app/db", VersionStage="AWSCURRENT", MoveToVersionId=first,
                    RemoveFromVersionId=second)  # fmt: skip
    assert wrong.code == "InvalidParameterException"
    bare = refused(move, SecretId="app/db", VersionStage="AWSCURRENT", RemoveFromVersionId=first)
    assert bare.code == "InvalidParameterException"
    assert "can’t be completely removed" in bare.message
    assert refused(move, SecretId="app/db", VersionStage="X", MoveToVersionId=token()).code == (
        "InvalidParameterException"
    )
    assert refused(move, SecretId="app/db", VersionStage="X").code == "InvalidParameterException"


def test_all_versions_together_have_twenty_labels(client, secret):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html"""
    names = [f"L{n}" for n in range(19)]
    client.put_secret_value(SecretId="app/db", SecretString="two", VersionStages=names)
    more = refused(client.put_secret_value, SecretId="app/db", SecretString="three", VersionStages=["L20"])
    assert more.code == "LimitExceededException"
    move = client.update_secret_version_stage
    assert refused(move, SecretId="app/db", VersionStage="L20", MoveToVersionId=secret["VersionId"]).code == (
        "LimitExceededException"
    )
    assert sum(map(len, labels(client).values())) == 20


def test_a_hundred_versions_are_kept_and_older_ones_go(own_cloud):
    """ "Secrets Manager keeps 100 of the most recent versions, but it keeps all secret versions created in the last 24
    hours": API_PutSecretValue. The quota is 100.
    """
    client = own_cloud.account().client("secretsmanager")
    client.create_secret(Name="app/db", SecretString="0")
    for n in range(99):
        client.put_secret_value(SecretId="app/db", SecretString=str(n))
    assert refused(client.put_secret_value, SecretId="app/db", SecretString="x").code == "LimitExceededException"
    own_cloud.advance(86401)
    newest = client.put_secret_value(SecretId="app/db", SecretString="x")["VersionId"]
    versions = client.list_secret_version_ids(SecretId="app/db", IncludeDeprecated=True)["Versions"]
    assert len(versions) == 100
    assert newest in {each["VersionId"] for each in versions}


def test_access_is_noted_by_day(own_cloud):
    client = own_cloud.account().client("secretsmanager")
    client.create_secret(Name="app/db", SecretString="one")
    assert "LastAccessedDate" not in client.describe_secret(SecretId="app/db")
    client.get_secret_value(SecretId="app/db")
    day = client.describe_secret(SecretId="app/db")["LastAccessedDate"]
    assert day.timestamp() % 86400 == 0
    own_cloud.advance(86400)
    client.get_secret_value(SecretId="app/db")
    later = client.describe_secret(SecretId="app/db")["LastAccessedDate"]
    assert later.timestamp() == day.timestamp() + 86400
    version = client.list_secret_version_ids(SecretId="app/db")["Versions"][0]
    assert version["LastAccessedDate"] == later


def test_several_values_at_once(aws, client, secret):
    client.create_secret(Name="other", SecretString="o", Tags=[{"Key": "team", "Value": "red"}])
    client.create_secret(Name="empty")
    got = client.batch_get_secret_value(SecretIdList=["app/db", "other", "empty", "none"])
    assert {each["Name"]: each["SecretString"] for each in got["SecretValues"]} == {"app/db": "one", "other": "o"}
    assert {each["SecretId"]: each["ErrorCode"] for each in got["Errors"]} == {
        "empty": "ResourceNotFoundException",
        "none": "ResourceNotFoundException",
    }
    tagged = client.batch_get_secret_value(Filters=[{"Key": "tag-value", "Values": ["red"]}])
    assert [each["Name"] for each in tagged["SecretValues"]] == ["other"]
    page = client.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["app", "other"]}], MaxResults=1)
    rest = client.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["app", "other"]}], MaxResults=1,
                                         NextToken=page["NextToken"])  # fmt: skip
    assert [each["Name"] for each in page["SecretValues"] + rest["SecretValues"]] == ["app/db", "other"]
    assert refused(client.batch_get_secret_value).code == "InvalidParameterException"


def test_random_passwords(client):
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html"""

    def password(**request):
        return client.get_random_password(**request)["RandomPassword"]

    plain = password()
    assert len(plain) == 32
    for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation):
        assert set(plain) & set(kind)
    assert set(password(PasswordLength=64, ExcludeNumbers=True, ExcludePunctuation=True, ExcludeUppercase=True)) <= set(
        string.ascii_lowercase
    )
    assert " " in password(PasswordLength=40, IncludeSpace=True)
    assert not set(password(PasswordLength=4096, ExcludeCharacters="abcXYZ019!")) & set("abcXYZ019!")
    assert len(password(PasswordLength=1, RequireEachIncludedType=False)) == 1
    assert refused(client.get_random_password, PasswordLength=3)[:2] == (
        "InvalidParameterException",
        "Password length 3 is too short based on the required types.",
    )
    nothing = dict.fromkeys(("ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase", "ExcludeLowercase"), True)
    assert refused(client.get_random_password, **nothing).code == "InvalidParameterException"


def test_values_and_labels_survive_a_crash(restarted):
    client = restarted.account().client("secretsmanager")
    name = f"s-{uuid.uuid4()}"
    made = client.create_secret(Name=name, SecretString="one")
    client.put_secret_value(SecretId=name, SecretString="two")
    restarted.restart()
    assert client.get_secret_value(SecretId=made["ARN"])["SecretString"] == "two"
    assert client.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "one"
