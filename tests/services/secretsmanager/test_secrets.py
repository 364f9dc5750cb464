"""Secrets: names, descriptions, keys, deletion, lists and tags.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
"""

import pytest
from tests.support import refused

DAY = 86400
MARKED = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
    400,
)


@pytest.fixture
def client(aws):
    return aws.client("secretsmanager")


def names(answer):
    return [each["Name"] for each in answer["SecretList"]]


def test_names(client):
    client.create_secret(Name="a-/_+=.@!Z9", SecretString="x")
    assert refused(client.create_secret, Name="a-/_+=.@!Z9", SecretString="x")[:2] == (
        "ResourceExistsException",
        "The operation failed because the secret a-/_+=.@!Z9 already exists.",
    )
    assert refused(client.create_secret, Name="no spaces")[:2] == (
        "ValidationException",
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    )
    assert refused(client.describe_secret, SecretId="none") == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
        400,
    )


def test_whole_and_partial_arns(client):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen"""
    arn = client.create_secret(Name="db", SecretString="db")["ARN"]
    head = arn.rpartition("-")[0]
    for text in (arn, head, "db"):
        assert client.get_secret_value(SecretId=text)["ARN"] == arn
    ended = client.create_secret(Name="db-abcdef", SecretString="ended")["ARN"]
    assert client.get_secret_value(SecretId=f"{head}-abcdef")["ARN"] == ended
    assert client.get_secret_value(SecretId="db-abcdef")["SecretString"] == "ended"
    for wrong in (f"{head}-ABCDEF", arn.replace("us-east-1", "eu-west-1"), arn.replace(":secret:", ":thing:")):
        assert refused(client.get_secret_value, SecretId=wrong).code == "ResourceNotFoundException"


def test_a_new_secret_of_the_same_name_has_another_arn(client):
    first = client.create_secret(Name="db", SecretString="1")["ARN"]
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    second = client.create_secret(Name="db", SecretString="2")["ARN"]
    assert first != second
    assert refused(client.get_secret_value, SecretId=first).code == "ResourceNotFoundException"


def test_descriptions_and_keys_change(aws, client):
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    client.create_secret(Name="db", SecretString="x", Description="one", KmsKeyId=key)
    assert client.describe_secret(SecretId="db")["KmsKeyId"] == key
    assert client.list_secret_version_ids(SecretId="db")["Versions"][0]["KmsKeyIds"] == [key]
    client.update_secret(SecretId="db", Description="two")
    assert client.describe_secret(SecretId="db")["Description"] == "two"
    other = kms.create_key()["KeyMetadata"]["Arn"]
    client.update_secret(SecretId="db", KmsKeyId=other)
    kms.disable_key(KeyId=key)  # the current version is encrypted by the new key now
    assert client.get_secret_value(SecretId="db")["SecretString"] == "x"
    kms.disable_key(KeyId=other)
    assert refused(client.get_secret_value, SecretId="db").code == "DecryptionFailure"
    assert refused(client.put_secret_value, SecretId="db", SecretString="y").code == "EncryptionFailure"
    kms.enable_key(KeyId=other)
    made = client.update_secret(SecretId="db", SecretString="y")
    assert client.get_secret_value(SecretId="db")["VersionId"] == made["VersionId"]


def test_the_aws_managed_key_is_not_shown(client):
    client.create_secret(Name="db", SecretString="x")
    assert "KmsKeyId" not in client.describe_secret(SecretId="db")


def test_a_deletion_waits_and_can_be_cancelled(own_cloud):
    client = own_cloud.account().client("secretsmanager")
    client.create_secret(Name="db", SecretString="x")
    gone = client.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    assert client.describe_secret(SecretId="db")["DeletedDate"] == gone["DeletionDate"]
    assert refused(client.get_secret_value, SecretId="db") == MARKED
    assert refused(client.put_secret_value, SecretId="db", SecretString="y") == MARKED
    assert refused(client.create_secret, Name="db").message == (
        "You can't create this secret because a secret with this name is already scheduled for deletion."
    )
    assert names(client.list_secrets()) == []
    assert names(client.list_secrets(IncludePlannedDeletion=True)) == ["db"]
    own_cloud.advance(6 * DAY)
    client.restore_secret(SecretId="db")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "x"
    own_cloud.advance(2 * DAY)
    assert client.get_secret_value(SecretId="db")["SecretString"] == "x"  # the first deletion is forgotten
    client.delete_secret(SecretId="db")
    own_cloud.advance(29 * DAY)
    client.describe_secret(SecretId="db")
    own_cloud.advance(1 * DAY + 60)
    assert refused(client.describe_secret, SecretId="db").code == "ResourceNotFoundException"


def test_windows_of_deletion(client):
    client.create_secret(Name="db", SecretString="x")
    for days in (6, 31):
        assert refused(client.delete_secret, SecretId="db", RecoveryWindowInDays=days)[:2] == (
            "InvalidParameterException",
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        )
    both = refused(client.delete_secret, SecretId="db", RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    assert both.code == "InvalidParameterException"
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    assert refused(client.describe_secret, SecretId="db").code == "ResourceNotFoundException"
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)  # "does not return ResourceNotFoundException"
    assert refused(client.delete_secret, SecretId="db").code == "ResourceNotFoundException"


def test_lists_are_filtered(client):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html"""
    client.create_secret(Name="prod/db", Description="Main database", Tags=[{"Key": "team", "Value": "red"}])
    client.create_secret(Name="prod/mail", Description="SMTP password", Tags=[{"Key": "owner", "Value": "blue"}])
    client.create_secret(Name="test/db", Description="a toy")

    def found(key, *values):
        return sorted(names(client.list_secrets(Filters=[{"Key": key, "Values": list(values)}])))

    assert found("name", "prod") == ["prod/db", "prod/mail"]
    assert found("name", "Prod") == []
    assert found("name", "!prod") == ["test/db"]
    assert found("name", "test", "prod/m") == ["prod/mail", "test/db"]
    assert found("description", "main") == ["prod/db"]
    assert found("tag-key", "te") == ["prod/db"]
    assert found("tag-value", "blue") == ["prod/mail"]
    assert found("all", "db") == ["prod/db", "test/db"]
    assert found("all", "DATABASE main") == ["prod/db"]
    assert found("owning-service", "rds") == []
    both = [{"Key": "name", "Values": ["prod"]}, {"Key": "tag-key", "Values": ["owner"]}]
    assert names(client.list_secrets(Filters=both)) == ["prod/mail"]
    assert refused(client.list_secrets, Filters=[{"Key": "nonsense", "Values": ["x"]}]).code == "ValidationException"
    assert refused(client.list_secrets, Filters=[{"Values": ["x"]}]).message == "Invalid filter key"


def test_lists_are_sorted_and_paged(own_cloud):
    client = own_cloud.account().client("secretsmanager")
    for name in ("b", "c", "a"):
        client.create_secret(Name=name, SecretString="x")
        own_cloud.advance(60)
    assert names(client.list_secrets()) == ["a", "c", "b"]  # by date, the newest first
    assert names(client.list_secrets(SortOrder="asc")) == ["b", "c", "a"]
    assert names(client.list_secrets(SortBy="name", SortOrder="asc")) == ["a", "b", "c"]
    client.put_secret_value(SecretId="b", SecretString="y")
    assert names(client.list_secrets(SortBy="last-changed-date"))[0] == "b"
    own_cloud.advance(DAY)
    client.get_secret_value(SecretId="c")
    assert names(client.list_secrets(SortBy="last-accessed-date"))[0] == "c"
    seen, token = [], {}
    while True:
        page = client.list_secrets(SortBy="name", MaxResults=1, **token)
        seen += names(page)
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == ["c", "b", "a"]
    assert refused(client.list_secrets, NextToken="nonsense").code == "InvalidNextTokenException"


def test_tags(client):
    client.create_secret(Name="db", Tags=[{"Key": "a", "Value": "1"}])
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    assert client.describe_secret(SecretId="db")["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    client.untag_resource(SecretId="db", TagKeys=["a", "none"])
    assert client.describe_secret(SecretId="db")["Tags"] == [{"Key": "b", "Value": "3"}]
    assert refused(client.tag_resource, SecretId="db", Tags=[{"Key": "aws:x", "Value": "1"}]).code == (
        "InvalidParameterException"
    )
    many = [{"Key": f"t{n}", "Value": ""} for n in range(50)]
    assert refused(client.tag_resource, SecretId="db", Tags=many).code == "LimitExceededException"
