# ruff: noqa: E501 - the texts and requests are as AWS words them
"""Models are read lazily from botocore's data, mended by patch files, and never by importing botocore."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import fogbank.wire
from fogbank.core.http import Request
from fogbank.wire import index, load, models, patching

PATCHES = sorted(path.stem for path in (Path(fogbank.wire.__file__).parent / "patches").glob("*.json"))

PROBE = """
import json, sys
import fogbank.wire.models as models
models.load("s3")
print(json.dumps(["botocore" in sys.modules, "cbor2" in sys.modules]))
"""


def test_loading_imports_no_botocore() -> None:
    out = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True, text=True).stdout
    assert json.loads(out) == [False, False]


def test_facts_of_a_model() -> None:
    sqs = load("sqs")
    assert (sqs.signing_name, sqs.endpoint_prefix, sqs.target_prefix, sqs.json_version) == (
        "sqs",
        "sqs",
        "AmazonSQS",
        "1.0",
    )
    assert sqs.protocols == ("json", "query")
    assert load("cloudwatch").protocols[0] == "smithy-rpc-v2-cbor"
    assert load("s3").operations["PutObject"].streaming_input
    assert load("s3").operations["GetObject"].streaming_output
    assert not load("s3").operations["PutBucketPolicy"].streaming_input
    assert load("s3").operations["SelectObjectContent"].event_stream_output
    assert load("cognito-idp").operations["SignUp"].unsigned
    assert not load("sqs").operations["SendMessage"].unsigned


def test_unknown_services_and_operations() -> None:
    for name in ("nosuch", "", "../s3", ".", "s3/2006-03-01"):
        with pytest.raises(KeyError):
            load(name)
    assert "NoSuch" not in load("s3").operations
    assert load("s3").operations.get("NoSuch") is None


def test_the_newest_version_of_a_model_is_taken() -> None:
    assert load("cloudfront").api_version == "2020-05-31"
    assert load("ec2").api_version == "2016-11-15"


def test_cloudfront_operations_go_by_their_short_names() -> None:
    operation = load("cloudfront").operations["ListDistributions"]
    assert operation.name == "ListDistributions"
    assert operation.raw.name == "ListDistributions2020_05_31"
    routed = load("cloudfront").route("GET", "/2020-05-31/distribution", "")
    assert routed is not None
    assert routed[0] is operation


@pytest.mark.parametrize("name", PATCHES)
def test_every_patch_fits_its_model_and_says_its_source(name: str) -> None:
    patch = patching.read(name)
    assert patch.source
    load(name)  # a step whose path has gone raises KeyError


def test_patches_add_replace_and_remove() -> None:
    shape = {"type": "structure", "members": {"A": {"shape": "S"}}, "required": ["A"]}
    sections = {"shapes": {"X": msgspec.Raw(msgspec.json.encode(shape))}}
    steps = [
        patching.Step("add", "/shapes/X/members/B", {"shape": "S"}),
        patching.Step("replace", "/shapes/X/members/A/shape", "T"),
        patching.Step("add", "/shapes/X/required/-", "B"),
        patching.Step("remove", "/shapes/X/required/0"),
        patching.Step("add", "/shapes/Y", {"type": "string"}),
    ]
    patching.apply(sections, steps)
    assert msgspec.json.decode(sections["shapes"]["X"]) == {
        "type": "structure",
        "members": {"A": {"shape": "T"}, "B": {"shape": "S"}},
        "required": ["B"],
    }
    assert "Y" in sections["shapes"]
    with pytest.raises(KeyError):
        patching.apply(sections, [patching.Step("replace", "/shapes/X/nosuch", 1)])
    with pytest.raises(KeyError):
        patching.apply(sections, [patching.Step("add", "/shapes/Nosuch/type", 1)])


def test_the_index_is_that_of_the_installed_botocore() -> None:
    """When it fails: python -m fogbank.wire.index"""
    from importlib.metadata import version

    table = index.table()
    if table.botocore != version("botocore"):
        pytest.skip(f"the index was made from botocore {table.botocore}")
    assert table == index.generate()


def test_lookups() -> None:
    table = index.table()
    assert table.by_target["DynamoDB_20120810"] == ("dynamodb",)
    assert table.by_target["GraniteServiceVersion20100801"] == ("cloudwatch",)
    assert "s3" in table.by_signing["s3"]
    assert table.by_endpoint["monitoring"] == ("cloudwatch",)
    assert table.by_action("2010-05-08", "GetRole") == ("iam",)
    assert table.by_action("2012-11-05", "SendMessage") == ("sqs",)
    assert table.by_action("2014-10-31", "CreateDBInstance") == ("docdb", "neptune", "rds")
    assert table.by_action("", "GetCallerIdentity") == ("sts",)
    assert table.by_action("2010-05-08", "NoSuch") == ()


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation", "labels"),
    [
        ("GET", "/", "", {}, "ListBuckets", {}),
        ("GET", "/b", "", {}, "ListObjects", {"Bucket": "b"}),
        ("GET", "/b/", "list-type=2&prefix=a", {}, "ListObjectsV2", {"Bucket": "b"}),
        ("GET", "/b", "location", {}, "GetBucketLocation", {"Bucket": "b"}),
        ("GET", "/b", "location=", {}, "GetBucketLocation", {"Bucket": "b"}),
        ("GET", "/b", "versions", {}, "ListObjectVersions", {"Bucket": "b"}),
        ("GET", "/b", "lifecycle", {}, "GetBucketLifecycleConfiguration", {"Bucket": "b"}),
        ("GET", "/b", "inventory&id=x", {}, "GetBucketInventoryConfiguration", {"Bucket": "b"}),
        ("GET", "/b", "inventory", {}, "ListBucketInventoryConfigurations", {"Bucket": "b"}),
        ("PUT", "/b/k", "", {}, "PutObject", {"Bucket": "b", "Key": "k"}),
        ("PUT", "/b/k", "", {"x-amz-copy-source": "/a/b"}, "CopyObject", {"Bucket": "b", "Key": "k"}),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", {}, "UploadPart", {"Bucket": "b", "Key": "k"}),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", {"x-amz-copy-source": "/a/b"}, "UploadPartCopy", {"Bucket": "b", "Key": "k"}),
        ("GET", "/b/k", "", {}, "GetObject", {"Bucket": "b", "Key": "k"}),
        ("GET", "/b/k", "uploadId=u", {}, "ListParts", {"Bucket": "b", "Key": "k"}),
        ("GET", "/b/k", "tagging", {}, "GetObjectTagging", {"Bucket": "b", "Key": "k"}),
        ("GET", "/b/k", "response-content-type=text%2Fplain", {}, "GetObject", {"Bucket": "b", "Key": "k"}),
        ("DELETE", "/b/k", "uploadId=u", {}, "AbortMultipartUpload", {"Bucket": "b", "Key": "k"}),
        ("POST", "/b", "delete", {}, "DeleteObjects", {"Bucket": "b"}),
        ("POST", "/b/k", "uploads", {}, "CreateMultipartUpload", {"Bucket": "b", "Key": "k"}),
        ("POST", "/b/k", "select&select-type=2", {}, "SelectObjectContent", {"Bucket": "b", "Key": "k"}),
        ("HEAD", "/b/a//b%2Fc/", "", {}, "HeadObject", {"Bucket": "b", "Key": "a//b/c/"}),
        ("GET", "/b/%E2%82%AC+%20", "", {}, "GetObject", {"Bucket": "b", "Key": "€+ "}),
        ("GET", "/b//k", "", {}, "GetObject", {"Bucket": "b", "Key": "/k"}),
    ],
)  # fmt: skip
def test_s3_routes(
    method: str, path: str, query: str, headers: dict[str, str], operation: str, labels: dict[str, str]
) -> None:
    routed = load("s3").route(method, path, query, Request(method, path, query, headers.items()))
    assert routed is not None
    assert (routed[0].name, routed[1]) == (operation, labels)


def test_rest_json_routes() -> None:
    model = load("lambda")
    for path in ("/2015-03-31/functions", "/2015-03-31/functions/"):
        routed = model.route("GET", path, "")
        assert routed is not None
        assert routed[0].name == "ListFunctions"
    routed = model.route(
        "POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/invocations", ""
    )
    assert routed is not None
    assert (routed[0].name, routed[1]) == ("Invoke", {"FunctionName": "arn:aws:lambda:us-east-1:1:function:f"})
    assert model.route("GET", "/nosuch", "") is None
    assert model.route("BREW", "/2015-03-31/functions", "") is None
    routed = load("workspaces-web").route("PUT", "/portals/arn:aws:x:y/z/browserSettings", "")
    assert routed is not None
    assert routed[1] == {"portalArn": "arn:aws:x:y/z"}


def test_every_rest_operation_is_found_by_its_own_uri() -> None:
    """All services: a request to the operation's own URI, with its required parameters, reaches it."""
    shared = {
        "GetBucketLifecycle",
        "PutBucketLifecycle",
        "GetBucketNotification",
        "PutBucketNotification",
    }  # deprecated
    shared |= {"ListDirectoryBuckets"}  # ListBuckets' URI on another endpoint
    for name in (
        "s3",
        "lambda",
        "apigateway",
        "apigatewayv2",
        "eks",
        "route53",
        "cloudfront",
        "s3control",
        "iot",
        "efs",
    ):
        model = load(name)
        for operation in (model.operations[n] for n in model.operations if n not in shared):
            path, _, query = operation.http.request_uri.partition("?")
            shape = operation.input_shape
            headers = {}
            for member, ref in shape.members.items() if shape is not None else ():
                if ref.location == "uri":
                    path = path.replace(f"{{{ref.wire_name}}}", "x").replace(f"{{{ref.wire_name}+}}", "x/y")
                elif member in shape.required and ref.location == "querystring":
                    query += f"&{ref.wire_name}=x"
                elif member in shape.required and ref.location == "header":
                    headers[ref.wire_name] = "x"
            method = operation.http.method
            routed = model.route(method, path, query, Request(method, path, query, headers.items()))
            assert routed is not None, (name, operation.name)
            assert routed[0].name == operation.name, (name, operation.name)


@pytest.mark.parametrize(
    ("service", "request_", "protocol"),
    [
        ("sqs", Request("POST", "/", "", [("X-Amz-Target", "AmazonSQS.SendMessage")]), "json"),
        ("sqs", Request("POST", "/", "", [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]), "query"),
        ("sqs", Request("GET", "/1/q", "Action=SendMessage"), "query"),
        ("cloudwatch", Request("POST", "/", "", [("X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData")]), "json"),
        ("cloudwatch", Request("POST", "/service/G/operation/P", "", [("smithy-protocol", "rpc-v2-cbor")]), "smithy-rpc-v2-cbor"),
        ("cloudwatch", Request("POST", "/", "", [("Content-Type", "application/x-www-form-urlencoded")]), "query"),
        ("s3", Request("GET", "/b/k"), "rest-xml"),
    ],
)  # fmt: skip
def test_protocol_of_a_request(service: str, request_: Request, protocol: str) -> None:
    assert load(service).protocol_of(request_) == protocol


def test_models_are_shared() -> None:
    assert load("sqs") is models.load("sqs")
    assert load("sqs").operations["SendMessage"] is load("sqs").operations["SendMessage"]


def test_the_categories_of_unicode_are_those_of_this_python() -> None:
    """When it fails: python -m fogbank.wire.unicode"""
    import unicodedata

    from fogbank.wire import unicode

    if unicode.table().unicode != unicodedata.unidata_version:
        pytest.skip(f"the table is of Unicode {unicode.table().unicode}")
    assert unicode.table() == unicode.generate()
