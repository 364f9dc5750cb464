"""The registry of types: AWS's own, and the configurations of extensions."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def client(aws):
    return aws.client("cloudformation")


def test_awss_types_are_listed_and_described(client):
    pages = client.get_paginator("list_types").paginate(Visibility="PUBLIC", Filters={"TypeNamePrefix": "AWS::SQS"})
    names = [each["TypeName"] for page in pages for each in page["TypeSummaries"]]
    assert names == ["AWS::SQS::Queue", "AWS::SQS::QueueInlinePolicy", "AWS::SQS::QueuePolicy"]
    assert client.list_types()["TypeSummaries"] == []  # the account's own
    found = client.describe_type(Type="RESOURCE", TypeName="AWS::SQS::Queue")
    assert found["Arn"] == "arn:aws:cloudformation:us-east-1::type/resource/AWS-SQS-Queue"
    assert (found["ProvisioningType"], found["Visibility"]) == ("FULLY_MUTABLE", "PUBLIC")
    schema = json.loads(found["Schema"])
    assert schema["primaryIdentifier"] == ["/properties/QueueUrl"]
    assert schema["properties"]["DelaySeconds"] == {"type": "integer"}
    assert schema["properties"]["Tags"] == {"type": "array", "items": {"$ref": "#/definitions/Tag"}}
    assert client.describe_type(Arn=found["Arn"])["TypeName"] == "AWS::SQS::Queue"
    with pytest.raises(ClientError) as error:
        client.describe_type(Type="RESOURCE", TypeName="AWS::Nobody::Knows")
    assert error.value.response["Error"]["Code"] == "TypeNotFoundException"


def test_there_are_no_extensions(client):
    assert client.list_type_versions(Type="RESOURCE", TypeName="AWS::SQS::Queue")["TypeVersionSummaries"] == []
    assert client.list_type_registrations()["RegistrationTokenList"] == []
    assert client.list_hook_results()["HookResults"] == []


def test_configurations_are_kept(client):
    name = {"Type": "RESOURCE", "TypeName": "Datadog::Monitors::Monitor"}
    made = client.set_type_configuration(**name, Configuration='{"ApiKey": "k"}')
    found = client.batch_describe_type_configurations(
        TypeConfigurationIdentifiers=[name, {**name, "TypeConfigurationAlias": "other"}]
    )
    (kept,) = found["TypeConfigurations"]
    assert (kept["Arn"], kept["Configuration"]) == (made["ConfigurationArn"], '{"ApiKey": "k"}')
    assert [each["ErrorCode"] for each in found["Errors"]] == ["TypeConfigurationNotFoundException"]
    with pytest.raises(ClientError) as error:
        client.set_type_configuration(**name, Configuration="{")
    assert error.value.response["Error"]["Code"] == "ValidationError"
