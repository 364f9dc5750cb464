"""Versions, aliases and permissions.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html, …/configuration-aliases.html,
…/access-control-resource-based.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

RULE = "arn:aws:events:us-east-1:111122223333:rule/r"


def code_of(error: Any) -> str:
    return str(error.value.response["Error"]["Code"])


def number(fn: Any, make_zip: Any, value: int) -> None:
    code = (
        f"def handler(event, context):\n    return [{value}, context.function_version, context.invoked_function_arn]\n"
    )
    fn.client.update_function_code(FunctionName="f", ZipFile=make_zip({"app.py": code}))
    fn.settle("f")


def test_a_version_keeps_what_latest_was(fn: Any, make_zip: Any) -> None:
    fn.make()
    number(fn, make_zip, 1)
    first = fn.client.publish_version(FunctionName="f", Description="one")
    assert (first["Version"], first["Description"]) == ("1", "one")
    assert first["FunctionArn"].endswith(":function:f:1")
    # nothing changed: the same version again
    assert fn.client.publish_version(FunctionName="f")["Version"] == "1"
    number(fn, make_zip, 2)
    assert fn.client.publish_version(FunctionName="f")["Version"] == "2"
    assert fn.call("f:1")[0][:2] == [1, "1"]
    assert fn.call("f", Qualifier="2")[0][:2] == [2, "2"]
    assert fn.call("f")[0][:2] == [2, "$LATEST"]
    assert fn.call("f:1")[1]["ExecutedVersion"] == "1"
    listed = fn.client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [v["Version"] for v in listed] == ["$LATEST", "1", "2"]
    fn.client.delete_function(FunctionName="f", Qualifier="1")
    with pytest.raises(ClientError) as caught:
        fn.call("f:1")
    assert code_of(caught) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as caught:
        fn.client.publish_version(FunctionName="f", CodeSha256="x")
    assert code_of(caught) == "InvalidParameterValueException"


def test_an_alias_points_and_shares(fn: Any, make_zip: Any) -> None:
    fn.make()
    for value in (1, 2):
        number(fn, make_zip, value)
        fn.client.publish_version(FunctionName="f")
    made = fn.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1", Description="d")
    assert made["AliasArn"].endswith(":function:f:live")
    result = fn.call("f:live")[0]
    assert result[:2] == [1, "1"]
    assert result[2].endswith(":function:f:live")
    with pytest.raises(ClientError) as caught:
        fn.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert code_of(caught) == "ResourceConflictException"
    with pytest.raises(ClientError) as caught:
        fn.client.create_alias(FunctionName="f", Name="bad", FunctionVersion="9")
    assert code_of(caught) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as caught:
        fn.client.delete_function(FunctionName="f", Qualifier="1")
    assert code_of(caught) == "ResourceConflictException"
    fn.client.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert fn.client.get_alias(FunctionName="f", Name="live")["RoutingConfig"] == {
        "AdditionalVersionWeights": {"2": 0.5}
    }
    versions = {fn.call("f:live")[1]["ExecutedVersion"] for _ in range(40)}
    assert versions == {"1", "2"}
    fn.client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RoutingConfig={})
    assert fn.call("f:live")[0][0] == 2
    assert [a["Name"] for a in fn.client.list_aliases(FunctionName="f", FunctionVersion="2")["Aliases"]] == ["live"]
    fn.client.delete_alias(FunctionName="f", Name="live")
    with pytest.raises(ClientError) as caught:
        fn.client.get_alias(FunctionName="f", Name="live")
    assert code_of(caught) == "ResourceNotFoundException"


def test_a_permission_lets_another_account_in(fn: Any, cloud: Any) -> None:
    arn = fn.make()["FunctionArn"]
    other = cloud.account()
    theirs = other.client("lambda")
    with pytest.raises(ClientError) as caught:
        theirs.invoke(FunctionName=arn)
    assert code_of(caught) == "AccessDeniedException"
    added = fn.client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=other.id
    )
    statement = json.loads(added["Statement"])
    assert statement == {
        "Sid": "s", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other.id}:root"},
        "Action": "lambda:InvokeFunction", "Resource": arn,
    }  # fmt: skip
    assert json.loads(theirs.invoke(FunctionName=arn, Payload=b"1")["Payload"].read()) == 1
    policy = fn.client.get_policy(FunctionName="f")
    assert json.loads(policy["Policy"]) == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    fn.client.remove_permission(FunctionName="f", StatementId="s")
    with pytest.raises(ClientError):
        theirs.invoke(FunctionName=arn)
    with pytest.raises(ClientError) as caught:
        fn.client.get_policy(FunctionName="f")
    assert code_of(caught) == "ResourceNotFoundException"


def test_statement_ids_are_unique_per_qualifier(fn: Any) -> None:
    fn.make()
    fn.client.publish_version(FunctionName="f")
    fn.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    given = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction",
             "Principal": "events.amazonaws.com", "SourceArn": RULE}  # fmt: skip
    fn.client.add_permission(**given)
    fn.client.add_permission(**given, Qualifier="live")
    with pytest.raises(ClientError) as caught:
        fn.client.add_permission(**given)
    assert code_of(caught) == "ResourceConflictException"
    policy = json.loads(fn.client.get_policy(FunctionName="f", Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Resource"].endswith(":f:live")
    assert policy["Statement"][0]["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/r"}
    }


def test_layers_are_opt(fn: Any, make_zip: Any) -> None:
    client = fn.client
    first = client.publish_layer_version(
        LayerName="lib", Content={"ZipFile": make_zip({"python/shared.py": "VALUE = 1\n"})},
        CompatibleRuntimes=["python3.11"], Description="d",
    )  # fmt: skip
    assert (first["Version"], first["LayerVersionArn"]) == (
        1, f"arn:aws:lambda:us-east-1:{fn.account.id}:layer:lib:1"
    )  # fmt: skip
    second = client.publish_layer_version(
        LayerName="lib", Content={"ZipFile": make_zip({"python/shared.py": "VALUE = 2\n"})}
    )
    code = "import shared\ndef handler(event, context):\n    return shared.VALUE\n"
    made = fn.make(code=code, Layers=[first["LayerVersionArn"]])
    assert made["Layers"] == [{"Arn": first["LayerVersionArn"], "CodeSize": first["Content"]["CodeSize"]}]
    assert fn.call()[0] == 1
    client.update_function_configuration(FunctionName="f", Layers=[second["LayerVersionArn"]])
    fn.settle("f")
    assert fn.call()[0] == 2
    assert [v["Version"] for v in client.list_layer_versions(LayerName="lib")["LayerVersions"]] == [2, 1]
    (listed,) = client.list_layers(CompatibleRuntime="python3.11")["Layers"]
    assert listed["LatestMatchingVersion"]["Version"] == 1
    client.delete_layer_version(LayerName="lib", VersionNumber=2)
    assert fn.call()[0] == 2  # a function keeps what it uses
    with pytest.raises(ClientError) as caught:
        client.get_layer_version(LayerName="lib", VersionNumber=2)
    assert code_of(caught) == "ResourceNotFoundException"
    assert client.publish_layer_version(LayerName="lib", Content={"ZipFile": make_zip({"a": "b"})})["Version"] == 3


def test_a_layer_of_another_account_needs_its_permission(fn: Any, cloud: Any, lambda_of: Any, make_zip: Any) -> None:
    arn = fn.client.publish_layer_version(LayerName="lib", Content={"ZipFile": make_zip({"a": "b"})})["LayerVersionArn"]
    other = lambda_of(cloud.account())
    with pytest.raises(ClientError) as caught:
        other.make(Layers=[arn])
    assert code_of(caught) == "AccessDeniedException"
    fn.client.add_layer_version_permission(
        LayerName="lib", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal="*"
    )
    other.make(Layers=[arn])
