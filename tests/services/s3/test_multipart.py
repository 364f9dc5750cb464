"""Multipart uploads, through boto3. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import time
import uuid
import zlib

import boto3.s3.transfer
import pytest
from botocore.exceptions import ClientError

from fogbank.services.s3.records import GARBAGE, UPLOADED

MB = 1 << 20


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    return name


def refused(call, **kw) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(**kw)
    return caught.value


def code(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def upload(s3, bucket, key, bodies, **create):
    """(upload id, the parts as CompleteMultipartUpload wants them)"""
    made = s3.create_multipart_upload(Bucket=bucket, Key=key, **create)["UploadId"]
    checksum = {"ChecksumAlgorithm": create["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in create else {}
    parts = []
    for number, body in enumerate(bodies, 1):
        answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=made, PartNumber=number, Body=body, **checksum)
        checksums = {k: v for k, v in answer.items() if k.startswith("Checksum")}
        parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})
    return made, parts


def test_parts_become_an_object(s3, bucket):
    bodies = [os.urandom(5 * MB), os.urandom(5 * MB), os.urandom(1000)]
    made, parts = upload(s3, bucket, "k", bodies, ContentType="text/x", Metadata={"a": "b"}, Tagging="t=1")
    assert code(refused(s3.head_object, Bucket=bucket, Key="k")) == ("404", 404)
    answer = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=made, MultipartUpload={"Parts": parts})
    whole = b"".join(bodies)
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert answer["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert answer["Location"].endswith(f"/{bucket}/k")
    found = s3.get_object(Bucket=bucket, Key="k")
    assert found["Body"].read() == whole
    assert (found["ContentType"], found["Metadata"], found["TagCount"]) == ("text/x", {"a": "b"}, 1)
    for first, last in ((0, 10), (5 * MB - 3, 5 * MB + 3), (MB, 10 * MB + 5), (10 * MB, 10 * MB + 999)):
        ranged = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{last}")
        assert ranged["Body"].read() == whole[first : last + 1]
        assert ranged["ContentLength"] == last - first + 1
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (bodies[1], 3)
    assert second["ContentRange"] == f"bytes {5 * MB}-{10 * MB - 1}/{len(whole)}"
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=1)["PartsCount"] == 3
    assert code(refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=4)) == ("InvalidPartNumber", 416)
    again = {"Bucket": bucket, "Key": "k", "UploadId": made, "MultipartUpload": {"Parts": parts}}
    assert code(refused(s3.complete_multipart_upload, **again)) == ("NoSuchUpload", 404)
    # a copy is a single part again: its ETag is the MD5 of the whole
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")["CopyObjectResult"]
    assert copied["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"'
    s3.delete_object(Bucket=bucket, Key="k")
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == whole


def test_composite_and_full_object_checksums(s3, bucket):
    bodies = [os.urandom(5 * MB), os.urandom(100)]
    whole = b"".join(bodies)
    made, parts = upload(s3, bucket, "sha", bodies, ChecksumAlgorithm="SHA256")
    assert parts[1]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(bodies[1]).digest()).decode()
    wrong = {"Bucket": bucket, "Key": "sha", "UploadId": made, "PartNumber": 3}
    assert code(refused(s3.upload_part, **wrong, Body=b"x", ChecksumAlgorithm="SHA1")) == ("InvalidRequest", 400)
    answer = s3.complete_multipart_upload(Bucket=bucket, Key="sha", UploadId=made, MultipartUpload={"Parts": parts})
    of_parts = hashlib.sha256(b"".join(hashlib.sha256(body).digest() for body in bodies)).digest()
    assert answer["ChecksumSHA256"] == f"{base64.b64encode(of_parts).decode()}-2"
    assert answer["ChecksumType"] == "COMPOSITE"
    attributes = s3.get_object_attributes(Bucket=bucket, Key="sha", ObjectAttributes=["ObjectParts", "Checksum"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2
    assert [p["Size"] for p in attributes["ObjectParts"]["Parts"]] == [5 * MB, 100]

    made, parts = upload(s3, bucket, "crc", bodies, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    value = base64.b64encode(zlib.crc32(whole).to_bytes(4, "big")).decode()
    wrong = {"Bucket": bucket, "Key": "crc", "UploadId": made, "MultipartUpload": {"Parts": parts}}
    assert code(refused(s3.complete_multipart_upload, **wrong, ChecksumCRC32="AAAAAA==")) == ("BadDigest", 400)
    answer = s3.complete_multipart_upload(**wrong, ChecksumCRC32=value)
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (value, "FULL_OBJECT")
    assert s3.get_object(Bucket=bucket, Key="crc", ChecksumMode="ENABLED")["Body"].read() == whole
    error = refused(
        s3.create_multipart_upload, Bucket=bucket, Key="x", ChecksumAlgorithm="SHA1", ChecksumType="FULL_OBJECT"
    )
    assert code(error) == ("InvalidRequest", 400)


def test_completions_that_are_refused(s3, bucket):
    made, parts = upload(s3, bucket, "k", [b"small", b"also small"])
    call = {"Bucket": bucket, "Key": "k", "UploadId": made}
    error = refused(s3.complete_multipart_upload, **call, MultipartUpload={"Parts": parts})
    assert code(error) == ("EntityTooSmall", 400)
    assert error.response["Error"]["MinSizeAllowed"] == str(5 * MB)
    error = refused(s3.complete_multipart_upload, **call, MultipartUpload={"Parts": parts[::-1]})
    assert code(error) == ("InvalidPartOrder", 400)
    error = refused(
        s3.complete_multipart_upload, **call, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"no"'}]}
    )
    assert code(error) == ("InvalidPart", 400)
    error = refused(s3.complete_multipart_upload, **call, MultipartUpload={"Parts": [{**parts[0], "PartNumber": 7}]})
    assert code(error) == ("InvalidPart", 400)
    assert code(refused(s3.upload_part, **call, PartNumber=10001, Body=b"")) == ("InvalidArgument", 400)
    assert code(refused(s3.upload_part, **{**call, "UploadId": "none"}, PartNumber=1, Body=b"")) == (
        "NoSuchUpload",
        404,
    )
    # the last part alone may be small; parts that are not named are dropped
    s3.complete_multipart_upload(**call, MultipartUpload={"Parts": parts[1:]})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"also small"


def test_part_copies(s3, bucket):
    body = os.urandom(6 * MB)
    s3.put_object(Bucket=bucket, Key="source", Body=body)
    made = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    call = {"Bucket": bucket, "Key": "k", "UploadId": made}
    source = {"Bucket": bucket, "Key": "source"}
    one = s3.upload_part_copy(**call, PartNumber=1, CopySource=source)["CopyPartResult"]
    two = s3.upload_part_copy(**call, PartNumber=2, CopySource=source, CopySourceRange="bytes=10-19")["CopyPartResult"]
    assert two["ETag"] == f'"{hashlib.md5(body[10:20]).hexdigest()}"'
    error = refused(s3.upload_part_copy, **call, PartNumber=3, CopySource=source, CopySourceRange=f"bytes=0-{7 * MB}")
    assert code(error) == ("InvalidArgument", 400)
    parts = [{"PartNumber": 1, "ETag": one["ETag"]}, {"PartNumber": 2, "ETag": two["ETag"]}]
    s3.complete_multipart_upload(**call, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body + body[10:20]


def test_listing_and_aborting(s3, bucket):
    ids = {key: upload(s3, bucket, key, [b"1", b"22", b"333"])[0] for key in ("a/1", "a/2", "b")}
    twice = s3.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    listed = s3.list_multipart_uploads(Bucket=bucket)
    assert {(u["Key"], u["UploadId"]) for u in listed["Uploads"]} == {*ids.items(), ("b", twice)}
    assert s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")["CommonPrefixes"] == [{"Prefix": "a/"}]
    paged = [
        (u["Key"], u["UploadId"])
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
        for u in page["Uploads"]
    ]
    assert sorted(paged) == sorted([*ids.items(), ("b", twice)])
    call = {"Bucket": bucket, "Key": "a/1", "UploadId": ids["a/1"]}
    first = s3.list_parts(**call, MaxParts=2)
    assert [(p["PartNumber"], p["Size"]) for p in first["Parts"]] == [(1, 1), (2, 2)]
    assert first["IsTruncated"] is True
    rest = s3.list_parts(**call, PartNumberMarker=first["NextPartNumberMarker"])
    assert [(p["PartNumber"], p["Size"]) for p in rest["Parts"]] == [(3, 3)]
    assert rest["IsTruncated"] is False
    s3.abort_multipart_upload(**call)
    assert code(refused(s3.list_parts, **call)) == ("NoSuchUpload", 404)
    assert code(refused(s3.abort_multipart_upload, **call)) == ("NoSuchUpload", 404)


def test_the_transfer_manager(s3, bucket):
    """upload_fileobj and download_fileobj, as most Python programs use S3."""
    body = os.urandom(18 * MB)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=8 * MB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, "k", Config=config)
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"].endswith('-3"')
    into = io.BytesIO()
    s3.download_fileobj(bucket, "k", into, Config=config)
    assert into.getvalue() == body
    s3.copy({"Bucket": bucket, "Key": "k"}, bucket, "copy", Config=config)
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


def test_aborted_blobs_are_gone(s3, bucket, cloud):
    """The bytes of aborted uploads and of deleted objects leave the disk."""
    store = cloud.app.blobs
    body = os.urandom(200_000)
    made, _ = upload(s3, bucket, "k", [body])
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    table = store.table("s3")

    def rows() -> set[str]:
        async def read():
            with cloud.app.store.read() as tx:
                return {row.id for row in tx.scan(table)}

        return cloud.run(read())

    before = rows()
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=made)
    s3.delete_object(Bucket=bucket, Key="k")
    assert len(before - rows()) == 2


def test_many_parts(s3, bucket, cloud):
    """More parts than one transaction tidies up: the rest goes by jobs, and no byte stays behind."""
    made = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    call = {"Bucket": bucket, "Key": "k", "UploadId": made}
    for number in range(1, 301):
        s3.upload_part(**call, PartNumber=number, Body=b"%d" % number)
    part = s3.upload_part(**call, PartNumber=301, Body=b"last")["ETag"]

    def rows() -> tuple[int, int]:
        async def read():
            with cloud.app.store.read() as tx:
                return tx.count(UPLOADED, (bucket,)), tx.count(GARBAGE)

        return cloud.run(read())

    assert rows()[0] == 301
    s3.complete_multipart_upload(**call, MultipartUpload={"Parts": [{"PartNumber": 301, "ETag": part}]})
    for _ in range(200):
        if rows() == (0, 0):
            break
        time.sleep(0.02)
    assert rows() == (0, 0)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"last"
