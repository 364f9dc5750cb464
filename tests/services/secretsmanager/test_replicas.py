"""Replicas in other regions.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
"""

import time

import pytest
from tests.support import refused

HERE, THERE = "us-east-1", "eu-west-1"


@pytest.fixture
def client(aws):
    return aws.client("secretsmanager", HERE)


@pytest.fixture
def there(aws):
    return aws.client("secretsmanager", THERE)


def status(client, wanted="InSync"):
    """The status of the one replica, once it is as wanted."""
    end = time.monotonic() + 60
    while True:
        found = client.describe_secret(SecretId="db")["ReplicationStatus"][0]
        if found["Status"] == wanted:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


def until_value(client, value):
    end = time.monotonic() + 60
    while client.get_secret_value(SecretId="db")["SecretString"] != value:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_replica_follows_its_primary(client, there):
    made = client.create_secret(Name="db", SecretString="one", Tags=[{"Key": "a", "Value": "b"}],
                                AddReplicaRegions=[{"Region": THERE}])  # fmt: skip
    assert made["ReplicationStatus"][0]["Status"] == "InProgress"
    assert status(client)["Region"] == THERE
    copy = there.describe_secret(SecretId="db")
    assert copy["ARN"] == made["ARN"].replace(HERE, THERE)
    assert (copy["PrimaryRegion"], copy["Tags"]) == (HERE, [{"Key": "a", "Value": "b"}])
    assert there.get_secret_value(SecretId=copy["ARN"])["VersionId"] == made["VersionId"]
    client.put_secret_value(SecretId="db", SecretString="two")
    until_value(there, "two")
    assert there.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    found = client.list_secrets(Filters=[{"Key": "primary-region", "Values": [HERE]}])["SecretList"]
    assert [each["Name"] for each in found] == ["db"]


def test_a_replica_is_only_read(client, there):
    client.create_secret(Name="db", SecretString="one", AddReplicaRegions=[{"Region": THERE}])
    status(client)
    said = (
        "InvalidRequestException",
        "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
        400,
    )
    for call, more in (
        (there.put_secret_value, {"SecretString": "x"}), (there.update_secret, {"Description": "x"}),
        (there.delete_secret, {}), (there.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (there.replicate_secret_to_regions, {"AddReplicaRegions": [{"Region": "us-west-2"}]}),
    ):  # fmt: skip
        assert refused(call, SecretId="db", **more) == said
    still = refused(client.delete_secret, SecretId="db", ForceDeleteWithoutRecovery=True)
    assert still.code == "InvalidRequestException"
    assert "that still has replica regions [eu-west-1]" in still.message


def test_a_replica_has_a_key_of_its_region(aws, client, there):
    key = aws.client("kms", THERE).create_key()["KeyMetadata"]["Arn"]
    client.create_secret(Name="db", SecretString="one")
    client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": THERE, "KmsKeyId": key}])
    assert status(client)["KmsKeyId"] == key
    assert there.describe_secret(SecretId="db")["KmsKeyId"] == key
    aws.client("kms", THERE).disable_key(KeyId=key)
    assert refused(there.get_secret_value, SecretId="db").code == "DecryptionFailure"
    client.put_secret_value(SecretId="db", SecretString="two")
    assert status(client, "Failed")["StatusMessage"]


def test_a_name_that_is_taken_there(client, there):
    there.create_secret(Name="db", SecretString="theirs")
    client.create_secret(Name="db", SecretString="one", AddReplicaRegions=[{"Region": THERE}])
    assert status(client, "Failed")["StatusMessage"] == (
        "Replication failed: Secret name db already exists in region eu-west-1."
    )
    assert there.get_secret_value(SecretId="db")["SecretString"] == "theirs"
    client.remove_regions_from_replication(SecretId="db", RemoveReplicaRegions=[THERE])
    assert there.get_secret_value(SecretId="db")["SecretString"] == "theirs"
    client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": THERE}],
                                       ForceOverwriteReplicaSecret=True)  # fmt: skip
    status(client)
    assert there.get_secret_value(SecretId="db")["SecretString"] == "one"


def test_a_replica_is_removed_or_promoted(client, there):
    client.create_secret(Name="db", SecretString="one", AddReplicaRegions=[{"Region": THERE}])
    status(client)
    assert (
        client.remove_regions_from_replication(SecretId="db", RemoveReplicaRegions=[THERE])["ReplicationStatus"] == []
    )
    assert refused(there.describe_secret, SecretId="db").code == "ResourceNotFoundException"
    client.replicate_secret_to_regions(SecretId="db", AddReplicaRegions=[{"Region": THERE}])
    status(client)
    assert refused(client.stop_replication_to_replica, SecretId="db").code == "InvalidRequestException"
    there.stop_replication_to_replica(SecretId="db")
    there.put_secret_value(SecretId="db", SecretString="mine")
    client.put_secret_value(SecretId="db", SecretString="two")
    assert there.get_secret_value(SecretId="db")["SecretString"] == "mine"
    assert "ReplicationStatus" not in client.describe_secret(SecretId="db")
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)


def test_regions_are_checked(client):
    client.create_secret(Name="db", SecretString="one")
    for region in (HERE, "mars-north-1"):
        said = refused(client.replicate_secret_to_regions, SecretId="db", AddReplicaRegions=[{"Region": region}])
        assert said[:2] == ("InvalidParameterException", "Invalid replica region.")
    assert refused(client.remove_regions_from_replication, SecretId="db", RemoveReplicaRegions=[THERE]).code == (
        "InvalidParameterException"
    )
