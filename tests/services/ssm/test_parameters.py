"""Parameter Store through boto3.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

import json

import pytest
from tests.support import refused


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


def test_put_and_get(ssm, aws):
    assert ssm.put_parameter(Name="/app/db", Value="x", Type="String")["Version"] == 1
    parameter = ssm.get_parameter(Name="/app/db")["Parameter"]
    assert parameter["Value"] == "x"
    assert parameter["ARN"] == f"arn:aws:ssm:us-east-1:{aws.id}:parameter/app/db"
    assert ssm.get_parameter(Name=parameter["ARN"])["Parameter"]["Name"] == "/app/db"


def test_overwrite_adds_a_version(ssm):
    ssm.put_parameter(Name="p", Value="1", Type="String")
    assert refused(ssm.put_parameter, Name="p", Value="2", Type="String").code == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name="p", Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="p:1")["Parameter"]["Value"] == "1"
    assert ssm.get_parameter(Name="p:1")["Parameter"]["Selector"] == ":1"
    assert [p["Value"] for p in ssm.get_parameter_history(Name="p")["Parameters"]] == ["1", "2"]
    assert refused(ssm.get_parameter, Name="p:9").code == "ParameterVersionNotFound"


def test_labels(ssm):
    ssm.put_parameter(Name="p", Value="1", Type="String")
    ssm.put_parameter(Name="p", Value="2", Overwrite=True)
    assert ssm.label_parameter_version(Name="p", ParameterVersion=1, Labels=["old", "2bad"])["InvalidLabels"] == [
        "2bad"
    ]
    assert ssm.get_parameter(Name="p:old")["Parameter"]["Value"] == "1"
    ssm.label_parameter_version(Name="p", Labels=["old"])
    assert ssm.get_parameter(Name="p:old")["Parameter"]["Value"] == "2"


def test_missing(ssm):
    assert refused(ssm.get_parameter, Name="nope").code == "ParameterNotFound"
    assert refused(ssm.delete_parameter, Name="nope").code == "ParameterNotFound"
    ssm.put_parameter(Name="there", Value="1", Type="String")
    answer = ssm.get_parameters(Names=["there", "nope"])
    assert [p["Name"] for p in answer["Parameters"]] == ["there"]
    assert answer["InvalidParameters"] == ["nope"]
    assert ssm.delete_parameters(Names=["there", "nope"])["InvalidParameters"] == ["nope"]


@pytest.mark.parametrize("name", ["/ssm/x", "a/b", "bad name"])
def test_names_that_are_refused(ssm, name):
    assert refused(ssm.put_parameter, Name=name, Value="x", Type="String").code == "ValidationException"


def test_values_that_are_refused(ssm):
    big = refused(ssm.put_parameter, Name="p", Value="x" * 4097, Type="String")
    assert "maximum parameter value of 4096 characters" in big.message
    ssm.put_parameter(Name="p", Value="x" * 4097, Type="String", Tier="Advanced")
    code = refused(ssm.put_parameter, Name="q", Value="x", Type="String", AllowedPattern=r"\d+").code
    assert code == "ParameterPatternMismatchException"
    assert "type is required" in refused(ssm.put_parameter, Name="q", Value="x").message


def test_paths_page(ssm):
    for n in range(12):
        ssm.put_parameter(Name=f"/a/{n:02}", Value=str(n), Type="String")
    ssm.put_parameter(Name="/a/deep/er", Value="d", Type="String")
    ssm.put_parameter(Name="/ab", Value="no", Type="String")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/a"))
    assert [len(page["Parameters"]) for page in pages] == [10, 2]
    recursive = ssm.get_paginator("get_parameters_by_path").paginate(Path="/a/", Recursive=True)
    assert len([p for page in recursive for p in page["Parameters"]]) == 13
    token = ssm.get_parameters_by_path(Path="/a", MaxResults=5)["NextToken"]
    spoiled = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    assert refused(ssm.get_parameters_by_path, Path="/a", NextToken=spoiled).code == "InvalidNextToken"


def test_describe_and_tags(ssm, aws):
    ssm.put_parameter(Name="/t/one", Value="1", Type="String", Tags=[{"Key": "k", "Value": "v"}], Description="d")
    ssm.put_parameter(Name="/t/two", Value="1", Type="StringList")
    (found,) = ssm.describe_parameters(ParameterFilters=[{"Key": "tag:k", "Values": ["v"]}])["Parameters"]
    assert found["Name"] == "/t/one"
    assert found["Description"] == "d"
    assert found["LastModifiedUser"] == f"arn:aws:iam::{aws.id}:root"
    (found,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Type", "Values": ["StringList"]}])["Parameters"]
    assert found["Name"] == "/t/two"
    assert "Description" not in found
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/t/two", Tags=[{"Key": "x", "Value": "y"}])
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="/t/one", TagKeys=["k"])
    tags = {
        n: ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=n)["TagList"] for n in ("/t/one", "/t/two")
    }
    assert tags == {"/t/one": [], "/t/two": [{"Key": "x", "Value": "y"}]}


def test_secure_string_is_encrypted_by_kms(ssm):
    ssm.put_parameter(Name="secret", Value="hidden", Type="SecureString")
    assert "hidden" not in ssm.get_parameter(Name="secret")["Parameter"]["Value"]
    assert ssm.get_parameter(Name="secret", WithDecryption=True)["Parameter"]["Value"] == "hidden"


def test_accounts_and_regions_are_apart(cloud, ssm, aws):
    ssm.put_parameter(Name="mine", Value="1", Type="String")
    assert refused(aws.client("ssm", "eu-west-1").get_parameter, Name="mine").code == "ParameterNotFound"
    assert refused(cloud.account().client("ssm").get_parameter, Name="mine").code == "ParameterNotFound"


def test_iam_decides(ssm, aws):
    ssm.put_parameter(Name="/open/a", Value="1", Type="String")
    ssm.put_parameter(Name="/shut/a", Value="1", Type="String")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": f"arn:aws:ssm:*:{aws.id}:parameter/open/*"}
        ],
    }
    reader = aws.user(json.dumps(policy)).client("ssm")
    assert reader.get_parameter(Name="/open/a")["Parameter"]["Value"] == "1"
    denied = refused(reader.get_parameter, Name="/shut/a")
    assert denied.code == "AccessDeniedException"
    assert "is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm" in denied.message.replace('"', "")
    assert refused(reader.get_parameters, Names=["/open/a", "/shut/a"]).code == "AccessDeniedException"


def test_survives_kill(restarted):
    aws = restarted.account()
    aws.client("ssm").put_parameter(Name="kept", Value="1", Type="String")
    restarted.restart()
    assert aws.client("ssm").get_parameter(Name="kept")["Parameter"]["Value"] == "1"
