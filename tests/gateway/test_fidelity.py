"""`x-fogbank-fidelity`: real, recorded, and which members of a real operation are only recorded."""

from __future__ import annotations

from typing import Any

import pytest

KEY = {"AttributeName": "k", "KeyType": "HASH"}
TABLE = {
    "TableName": "things",
    "KeySchema": [KEY],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
AES = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}


def fidelity(answer: dict[str, Any]) -> str:
    return answer["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-fidelity"]


def test_what_is_only_kept_is_named(aws: Any, cloud: Any) -> None:
    ddb = aws.client("dynamodb")
    answer = ddb.create_table(**TABLE, StreamSpecification=STREAM, SSESpecification={"Enabled": True})
    assert fidelity(answer) == "real; recorded=StreamSpecification,SSESpecification"
    assert "LatestStreamArn" not in answer["TableDescription"]
    (hop,) = cloud.why(answer["ResponseMetadata"]["RequestId"])
    assert hop["fidelity"] == fidelity(answer)
    assert fidelity(ddb.describe_table(TableName="things")) == fidelity(answer)
    assert fidelity(ddb.put_item(TableName="things", Item={"k": {"S": "1"}})) == "real"


def test_nothing_is_named_that_was_not_asked_for(aws: Any) -> None:
    assert fidelity(aws.client("dynamodb").create_table(**TABLE)) == "real"
    assert fidelity(aws.client("sqs").create_queue(QueueName="q")) == "real"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "expected"),
    [
        ("sqs", "create_queue", {"QueueName": "k", "Attributes": {"KmsMasterKeyId": "alias/k"}}, "KmsMasterKeyId"),
        ("sns", "create_topic", {"Name": "k", "Attributes": {"KmsMasterKeyId": "alias/k"}}, "KmsMasterKeyId"),
        ("logs", "create_log_group", {"logGroupName": "k", "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k"}, "kmsKeyId"),
    ],
)
def test_keys_that_encrypt_nothing(aws: Any, service: str, operation: str, request_: Any, expected: str) -> None:
    assert fidelity(getattr(aws.client(service), operation)(**request_)) == f"real; recorded={expected}"


def test_s3_encrypts_nothing(aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b{aws.id}"
    s3.create_bucket(Bucket=bucket)
    answer = s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=AES)
    assert fidelity(answer) == "recorded"
    assert fidelity(s3.put_object(Bucket=bucket, Key="a")) == "real"
    answer = s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption="aws:kms")
    assert fidelity(answer) == "real; recorded=ServerSideEncryption"
