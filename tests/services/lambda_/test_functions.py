"""Functions over the API: create, read, change, list, delete; packages; who may.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and its neighbours
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import urllib.request
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

CODE = "def handler(event, context):\n    return event\n"


def code_of(error: Any) -> str:
    return str(error.value.response["Error"]["Code"])


def text_of(error: Any) -> str:
    return str(error.value.response["Error"]["Message"])


def test_create_answers_with_the_configuration(fn: Any, make_zip: Any) -> None:
    package = make_zip({"app.py": CODE})
    made = fn.make(
        Code={"ZipFile": package}, Description="d", Timeout=9, MemorySize=256, Tags={"t": "1"},
        Environment={"Variables": {"AB": "1"}},
    )  # fmt: skip
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionArn"] == f"arn:aws:lambda:us-east-1:{fn.account.id}:function:f"
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert (made["CodeSize"], made["Version"], made["State"]) == (len(package), "$LATEST", "Pending")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made["LastModified"])
    assert (made["Timeout"], made["MemorySize"], made["Environment"]) == (9, 256, {"Variables": {"AB": "1"}})
    assert made["TracingConfig"] == {"Mode": "PassThrough"}
    assert made["EphemeralStorage"] == {"Size": 512}
    assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}
    # what was not sent is absent, not empty: infrastructure tools compare
    assert not {"VpcConfig", "Layers", "DeadLetterConfig", "KMSKeyArn"} & made.keys()
    got = fn.client.get_function(FunctionName="f")
    assert got["Configuration"]["State"] == "Active"
    assert got["Configuration"]["LastUpdateStatus"] == "Successful"
    assert got["Tags"] == {"t": "1"}
    assert "Concurrency" not in got


def test_the_code_link_gives_the_package_without_credentials(fn: Any, make_zip: Any) -> None:
    package = make_zip({"app.py": CODE})
    fn.make(Code={"ZipFile": package})
    link = fn.client.get_function(FunctionName="f")["Code"]["Location"]
    # reached by host here: the path form needs no name resolution but a route of the gateway
    request = urllib.request.Request(link, headers={"Host": "code.lambda-url.us-east-1.localhost"})
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == package
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(
            urllib.request.Request(link.replace("/code/", "/code/x"), headers=dict(request.header_items()))
        )
    assert caught.value.code == 403


def test_a_name_is_taken_once_and_freed_by_delete(fn: Any) -> None:
    fn.make()
    with pytest.raises(ClientError) as caught:
        fn.make()
    assert (code_of(caught), text_of(caught)) == ("ResourceConflictException", "Function already exist: f")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    fn.client.delete_function(FunctionName="f")
    for call in (fn.client.get_function, fn.client.get_function_configuration, fn.client.delete_function):
        with pytest.raises(ClientError) as caught:
            call(FunctionName="f")
        assert code_of(caught) == "ResourceNotFoundException"
        assert text_of(caught) == f"Function not found: arn:aws:lambda:us-east-1:{fn.account.id}:function:f"
    fn.make()


@pytest.mark.parametrize(
    "form", ["f", "function:f", "{id}:function:f", "{id}:f", "arn:aws:lambda:us-east-1:{id}:function:f"]
)
def test_every_form_of_a_name(fn: Any, form: str) -> None:
    fn.make()
    name = form.format(id=fn.account.id)
    assert fn.client.get_function_configuration(FunctionName=name)["FunctionName"] == "f"
    assert fn.call(name, 3)[0] == 3
    assert fn.call(f"{name}:$LATEST", 4)[0] == 4


def test_a_name_and_a_qualifier_that_disagree(fn: Any) -> None:
    fn.make()
    with pytest.raises(ClientError) as caught:
        fn.client.get_function(FunctionName="f:1", Qualifier="2")
    assert text_of(caught) == "The derived qualifier from the function name does not match the specified qualifier."


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"Runtime": None}, "InvalidParameterValueException",
         "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
        ({"Timeout": 901}, "ValidationException",
         "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value "
         "less than or equal to 900"),
        ({"MemorySize": 64}, "ValidationException",
         "1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have value "
         "greater than or equal to 128"),
        ({"Code": {"ZipFile": b"not a zip"}}, "InvalidParameterValueException",
         "Could not unzip uploaded file. Please check your file, then try to upload again."),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException",
         "Lambda was unable to configure your environment variables because the environment variables you have "
         "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
         "this request: AWS_REGION"),
        ({"Layers": ["arn:aws:lambda:us-east-1:{id}:layer:none:1"]}, "InvalidParameterValueException",
         "Layer version arn:aws:lambda:us-east-1:{id}:layer:none:1 does not exist."),
    ],
)  # fmt: skip
def test_what_create_refuses(fn: Any, change: dict[str, Any], code: str, text: str) -> None:
    text = text.replace("{id}", fn.account.id)
    change = json.loads(json.dumps(change).replace("{id}", fn.account.id)) if "Layers" in change else change
    change = {key: value for key, value in change.items() if value is not None}
    given = {"FunctionName": "f", "Handler": "app.handler", "Role": fn.role, "Code": {"ZipFile": _zip()}}
    if "Runtime" not in change and text[:7] != "Runtime":
        given["Runtime"] = "python3.11"
    with pytest.raises(ClientError) as caught:
        fn.client.create_function(**{**given, **change})
    assert (code_of(caught), text_of(caught)) == (code, text)
    assert fn.client.list_functions()["Functions"] == []


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", CODE)
    return buffer.getvalue()


def test_a_package_must_stay_in_its_folder(fn: Any, make_zip: Any) -> None:
    for name in ("../evil.py", "/evil.py", "a/../../evil.py"):
        with pytest.raises(ClientError) as caught:
            fn.make(Code={"ZipFile": make_zip({name: "x"})})
        assert code_of(caught) == "InvalidParameterValueException"


def test_the_role_must_exist_and_trust_lambda(fn: Any, role_of: Any) -> None:
    other = json.loads(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))  # fmt: skip
    roles = [f"arn:aws:iam::{fn.account.id}:role/none", role_of(fn.account, "other", None, other)]
    for role in roles:
        with pytest.raises(ClientError) as caught:
            fn.make(Role=role)
        assert code_of(caught) == "InvalidParameterValueException"
        assert text_of(caught) == "The role defined for the function cannot be assumed by Lambda."


def test_create_needs_pass_role(fn: Any) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/access-control-identity-based.html"""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]}
    user = fn.account.user(json.dumps(policy))
    given = {"FunctionName": "f", "Runtime": "python3.11", "Handler": "app.handler", "Role": fn.role,
             "Code": {"ZipFile": _zip()}}  # fmt: skip
    with pytest.raises(ClientError) as caught:
        user.client("lambda").create_function(**given)
    assert code_of(caught) == "AccessDeniedException"
    assert "iam:PassRole" in text_of(caught)
    policy["Statement"].append({
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": fn.role,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}})  # fmt: skip
    fn.account.user(json.dumps(policy)).client("lambda").create_function(**given)


def test_iam_decides_by_function(fn: Any) -> None:
    fn.make("mine")
    fn.make("other")
    arn = f"arn:aws:lambda:us-east-1:{fn.account.id}:function:mine"
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction", "lambda:GetFunction"], "Resource": arn}]}  # fmt: skip
    client = fn.account.user(json.dumps(policy)).client("lambda")
    client.invoke(FunctionName="mine")
    client.get_function(FunctionName="mine")
    for call in (
        lambda: client.invoke(FunctionName="other"),
        lambda: client.get_function(FunctionName="other"),
        client.list_functions,
        lambda: client.delete_function(FunctionName="mine"),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert code_of(caught) == "AccessDeniedException"


def test_new_code_serves_at_once_and_revisions_guard_it(fn: Any, make_zip: Any) -> None:
    made = fn.make(code="def handler(event, context):\n    return 1\n")
    assert fn.call()[0] == 1
    new = make_zip({"app.py": "def handler(event, context):\n    return 2\n"})
    with pytest.raises(ClientError) as caught:
        fn.client.update_function_code(FunctionName="f", ZipFile=new, RevisionId="00000000-0000-0000-0000-000000000000")
    assert code_of(caught) == "PreconditionFailedException"
    dry = fn.client.update_function_code(FunctionName="f", ZipFile=new, DryRun=True)
    assert dry["CodeSha256"] != made["CodeSha256"]
    assert fn.call()[0] == 1
    updated = fn.client.update_function_code(FunctionName="f", ZipFile=new)
    assert updated["LastUpdateStatus"] == "InProgress"
    assert updated["RevisionId"] != made["RevisionId"]
    fn.settle("f")
    assert fn.call()[0] == 2


def test_configuration_changes_what_it_names(fn: Any) -> None:
    fn.make(code="import os\ndef handler(event, context):\n    return os.environ.get('AB')\n", Description="d")
    assert fn.call()[0] is None
    changed = fn.client.update_function_configuration(
        FunctionName="f", Environment={"Variables": {"AB": "x"}}, Timeout=7
    )
    assert (changed["Timeout"], changed["Description"]) == (7, "d")
    fn.settle("f")
    assert fn.call()[0] == "x"
    fn.client.update_function_configuration(FunctionName="f", Environment={"Variables": {}})
    fn.settle("f")
    assert "Environment" not in fn.client.get_function_configuration(FunctionName="f")


def test_list_functions_pages(fn: Any) -> None:
    for n in range(5):
        fn.client.create_function(FunctionName=f"f{n}", Runtime="python3.11", Handler="app.handler", Role=fn.role,
                                  Code={"ZipFile": _zip()}, Publish=n == 0)  # fmt: skip
    pages = list(fn.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert [[f["FunctionName"] for f in page["Functions"]] for page in pages] == [["f0", "f1"], ["f2", "f3"], ["f4"]]
    assert all("State" not in f for page in pages for f in page["Functions"])
    every = fn.client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [f["FunctionArn"].split(":function:")[1] for f in every][:3] == ["f0:$LATEST", "f0:1", "f1:$LATEST"]


def test_tags(fn: Any) -> None:
    arn = fn.make(Tags={"a": "1"})["FunctionArn"]
    fn.client.tag_resource(Resource=arn, Tags={"b": "2"})
    fn.client.untag_resource(Resource=arn, TagKeys=["a"])
    assert fn.client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    with pytest.raises(ClientError) as caught:
        fn.client.list_tags(Resource=arn + "x")
    assert code_of(caught) == "ResourceNotFoundException"


def test_reserved_concurrency(fn: Any) -> None:
    fn.make()
    assert "ReservedConcurrentExecutions" not in fn.client.get_function_concurrency(FunctionName="f")
    fn.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert fn.client.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(ClientError) as caught:
        fn.call()
    assert code_of(caught) == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    with pytest.raises(ClientError) as caught:
        fn.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=901)
    assert text_of(caught) == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [100]."
    )
    fn.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    limits = fn.client.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1000, 990)
    fn.client.delete_function_concurrency(FunctionName="f")
    assert fn.call(event=5)[0] == 5


def test_code_signing_is_answered_without_one(fn: Any) -> None:
    """Terraform asks; a function without a configuration answers with its name alone."""
    fn.make()
    answer = fn.client.get_function_code_signing_config(FunctionName="f")
    assert answer["FunctionName"] == "f"
    assert "CodeSigningConfigArn" not in answer


def test_another_region_is_another_place(fn: Any) -> None:
    fn.make()
    other = fn.account.client("lambda", region="eu-west-1")
    assert other.list_functions()["Functions"] == []
    with pytest.raises(ClientError) as caught:
        other.get_function(FunctionName=f"arn:aws:lambda:us-east-1:{fn.account.id}:function:f")
    assert text_of(caught) == "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')"


def test_a_function_survives_kill_9(restarted: Any, lambda_of: Any) -> None:
    fn = lambda_of(restarted.account())
    fn.make(code="def handler(event, context):\n    return 'still here'\n")
    assert fn.call()[0] == "still here"
    restarted.restart()
    assert fn.call()[0] == "still here"


def test_packages_that_nobody_uses_leave_the_disk(own_cloud: Any, lambda_of: Any, make_zip: Any) -> None:
    fn = lambda_of(own_cloud.account())
    folders = own_cloud.app.settings.data / "lambda" / "code"
    fn.make(code="def handler(event, context):\n    return 1\n")
    fn.make("g", code="def handler(event, context):\n    return 2\n")
    assert len(list(folders.iterdir())) == 2
    fn.client.update_function_code(FunctionName="f", ZipFile=make_zip({"app.py": CODE}))
    fn.settle("f")
    assert len(list(folders.iterdir())) == 3
    own_cloud.advance(1200)
    assert len(list(folders.iterdir())) == 2
    assert fn.call(event=7)[0] == 7
    assert fn.call("g")[0] == 2
