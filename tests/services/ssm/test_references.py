"""Secrets read as parameters.

https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
"""

import json

import pytest
from tests.support import refused

NAME = "/aws/reference/secretsmanager/app/db"


@pytest.fixture
def secret(aws):
    return aws.client("secretsmanager").create_secret(Name="app/db", SecretString="word")


def test_a_secret_is_a_parameter(aws, secret):
    ssm = aws.client("ssm")
    got = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]
    assert (got["Name"], got["Type"], got["Value"], got["Version"]) == (NAME, "SecureString", "word", 0)
    assert got["ARN"] == secret["ARN"]
    assert json.loads(got["SourceResult"])["VersionId"] == secret["VersionId"]
    ssm.put_parameter(Name="/own", Value="x", Type="String")
    both = ssm.get_parameters(Names=[NAME, "/own", f"{NAME}/none"], WithDecryption=True)
    assert {each["Value"] for each in both["Parameters"]} == {"word", "x"}
    assert both["InvalidParameters"] == [f"{NAME}/none"]


def test_old_versions(aws, secret):
    aws.client("secretsmanager").put_secret_value(SecretId="app/db", SecretString="two")
    ssm = aws.client("ssm")
    for chosen in ("AWSPREVIOUS", secret["VersionId"]):
        assert ssm.get_parameter(Name=f"{NAME}:{chosen}", WithDecryption=True)["Parameter"]["Value"] == "word"


def test_without_decryption_or_secret_or_permission(aws, secret):
    ssm = aws.client("ssm")
    assert refused(ssm.get_parameter, Name=NAME).message == (
        "WithDecryption flag must be True for retrieving a Secret Manager secret."
    )
    assert refused(ssm.get_parameter, Name=f"{NAME}x", WithDecryption=True).code == "ParameterNotFound"
    only = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}
    user = aws.user(json.dumps(only)).client("ssm")
    said = refused(user.get_parameter, Name=NAME, WithDecryption=True)
    assert said.code == "AccessDeniedException"
    assert "secretsmanager:GetSecretValue" in said.message
