"""Objects, through boto3. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import uuid
import zlib

import pytest
from botocore.exceptions import ClientError


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


SIZES = [0, 1, 1000, 32 * 1024, 32 * 1024 + 1, 200_000, 3_000_000]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_comes_back(s3, bucket, size):
    body = os.urandom(size)
    answer = s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert answer["ServerSideEncryption"] == "AES256"
    assert answer["ChecksumCRC32"] == base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    assert answer["ChecksumType"] == "FULL_OBJECT"
    found = s3.get_object(Bucket=bucket, Key="k")
    assert found["Body"].read() == body
    assert found["ContentLength"] == size
    assert found["ETag"] == answer["ETag"]
    assert found["AcceptRanges"] == "bytes"
    assert found["ContentType"] == "binary/octet-stream"
    assert "VersionId" not in found
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ContentLength"] == size
    assert head["LastModified"] == found["LastModified"]


def test_overwriting_and_deleting(s3, bucket):
    for body in (b"small", os.urandom(50_000), b"small again", b"", os.urandom(40_000)):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = refused(s3.get_object, Bucket=bucket, Key="k")
    assert code(error) == ("NoSuchKey", 404)
    assert error.response["Error"]["Message"] == "The specified key does not exist."
    assert error.response["Error"]["Key"] == "k"
    assert code(refused(s3.head_object, Bucket=bucket, Key="k")) == ("404", 404)
    s3.delete_object(Bucket=bucket, Key="k")  # deleting what is not there is fine


KEYS = [
    "a b+c",
    "a//b",
    "/lead",
    "trail/",
    "ü/日本",
    "a%2Fb",
    "q?x=1&y",
    "dots/../x",
    "#hash",
    "~tilde!*'()",
    "x" * 1024,
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_kept_as_they_are(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [o["Key"] for o in s3.list_objects(Bucket=bucket)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == key.encode()
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert {d["Key"] for d in answer["Deleted"]} == {key, "copy"}
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_too_long(s3, bucket):
    error = refused(s3.put_object, Bucket=bucket, Key="ü" * 513, Body=b"")
    assert code(error) == ("KeyTooLongError", 400)
    assert error.response["Error"]["MaxSizeAllowed"] == "1024"


def test_metadata_and_headers(s3, bucket):
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"x",
        ContentType="text/plain; charset=utf-8",
        CacheControl="max-age=5",
        ContentDisposition='attachment; filename="a.txt"',
        ContentEncoding="gzip",
        ContentLanguage="de",
        Expires=expires,
        Metadata={"Colour": "blue", "empty": ""},
        StorageClass="STANDARD_IA",
        Tagging="a=1&b=two%20words",
    )
    found = s3.head_object(Bucket=bucket, Key="k")
    assert found["ContentType"] == "text/plain; charset=utf-8"
    assert found["CacheControl"] == "max-age=5"
    assert found["ContentDisposition"] == 'attachment; filename="a.txt"'
    assert found["ContentEncoding"] == "gzip"
    assert found["ContentLanguage"] == "de"
    assert found["Expires"] == expires
    assert found["Metadata"]["colour"] == "blue"
    assert found["StorageClass"] == "STANDARD_IA"
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 2
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "two words"},
    ]
    other = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="a/b", ResponseCacheControl="no-store")
    assert (other["ContentType"], other["CacheControl"]) == ("a/b", "no-store")
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata={"k": "v" * 2048})
    assert code(error) == ("MetadataTooLarge", 400)
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", StorageClass="COLD")
    assert code(error) == ("InvalidStorageClass", 400)


def test_tagging(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    tags = [{"Key": f"k{n}", "Value": "v"} for n in range(10)]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    error = refused(
        s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": [*tags, {"Key": "x", "Value": ""}]}
    )
    assert code(error) == ("InvalidTag", 400)
    assert error.response["Error"]["Message"] == "Object tags cannot be greater than 10"
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    assert code(refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=twice)) == ("InvalidTag", 400)
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert code(refused(s3.get_object_tagging, Bucket=bucket, Key="no")) == ("NoSuchKey", 404)


@pytest.mark.parametrize("size", [10, 100_000])
def test_ranges(s3, bucket, size):
    body = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    for text, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=2-5", 2, 5),
        ("bytes=5-", 5, size - 1),
        ("bytes=-3", size - 3, size - 1),
        (f"bytes=0-{size * 2}", 0, size - 1),
        (f"bytes=-{size * 2}", 0, size - 1),
    ):
        found = s3.get_object(Bucket=bucket, Key="k", Range=text)
        assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert found["ContentRange"] == f"bytes {first}-{last}/{size}"
        assert found["ContentLength"] == last - first + 1
        assert found["Body"].read() == body[first : last + 1]
    for text in ("bytes=5-2", "lines=1-2", "bytes=0-1,3-4", "bytes=x"):  # ignored
        found = s3.get_object(Bucket=bucket, Key="k", Range=text)
        assert found["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert found["Body"].read() == body
    error = refused(s3.get_object, Bucket=bucket, Key="k", Range=f"bytes={size}-")
    assert code(error) == ("InvalidRange", 416)
    assert error.response["Error"]["ActualObjectSize"] == str(size)
    head = s3.head_object(Bucket=bucket, Key="k", Range="bytes=1-2")
    assert (head["ContentLength"], head["ResponseMetadata"]["HTTPStatusCode"]) == (2, 206)


def test_conditional_reads(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    before, after = modified - datetime.timedelta(seconds=10), modified + datetime.timedelta(seconds=10)
    for read in (s3.get_object, s3.head_object):
        call = {"Bucket": bucket, "Key": "k"}
        read(**call, IfMatch=etag)
        read(**call, IfMatch="*")
        read(**call, IfNoneMatch='"other"')
        read(**call, IfModifiedSince=before)
        read(**call, IfUnmodifiedSince=after)
        read(**call, IfMatch=etag, IfUnmodifiedSince=before)  # the entity tag wins
        assert code(refused(read, **call, IfNoneMatch=etag))[1] == 304
        assert code(refused(read, **call, IfModifiedSince=modified))[1] == 304
        assert code(refused(read, **call, IfNoneMatch=etag, IfModifiedSince=before))[1] == 304
        assert code(refused(read, **call, IfMatch='"other"'))[1] == 412
        assert code(refused(read, **call, IfUnmodifiedSince=before))[1] == 412
    error = refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"')
    assert code(error) == ("PreconditionFailed", 412)
    assert error.response["Error"]["Condition"] == "If-Match"


def test_conditional_writes(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert code(error) == ("PreconditionFailed", 412)
    assert error.response["Error"]["Condition"] == "If-None-Match"
    assert code(refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"no"')) == (
        "PreconditionFailed",
        412,
    )
    assert code(refused(s3.put_object, Bucket=bucket, Key="new", Body=b"2", IfMatch=etag)) == ("NoSuchKey", 404)
    s3.put_object(Bucket=bucket, Key="k", Body=os.urandom(50_000), IfMatch=etag)
    assert code(refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch=etag)) == ("PreconditionFailed", 412)


def test_checksums(s3, bucket):
    body = os.urandom(100_000)
    for algorithm, value in (
        ("SHA256", base64.b64encode(hashlib.sha256(body).digest()).decode()),
        ("SHA1", base64.b64encode(hashlib.sha1(body).digest()).decode()),
        ("CRC32", base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()),
    ):
        answer = s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm=algorithm)
        assert answer[f"Checksum{algorithm}"] == value
        found = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert found[f"Checksum{algorithm}"] == value
        assert found["Body"].read() == body
        assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumType"] == "FULL_OBJECT"
        attributes = s3.get_object_attributes(
            Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ETag", "ObjectSize", "StorageClass"]
        )
        assert attributes["Checksum"][f"Checksum{algorithm}"] == value
        assert attributes["ObjectSize"] == len(body)
        assert attributes["ETag"] == hashlib.md5(body).hexdigest()
    # published check values of the two that Python does not have: https://reveng.sourceforge.io/crc-catalogue/
    c = base64.b64encode((0xE3069283).to_bytes(4, "big")).decode()
    n = base64.b64encode((0xAE8B14860A799888).to_bytes(8, "big")).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumCRC32C=c)["ChecksumCRC32C"] == c
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumCRC64NVME=n)["ChecksumCRC64NVME"] == n
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"other", ChecksumCRC32C=c)
    assert code(error) == ("BadDigest", 400)
    assert error.response["Error"]["Message"] == "The CRC32C you specified did not match the calculated checksum."
    assert code(refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", ChecksumCRC32="AA"))[0] == "InvalidRequest"
    md5 = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentMD5=md5)
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ContentMD5=md5)
    assert code(error) == ("BadDigest", 400)
    assert code(refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ContentMD5="AA==")) == ("InvalidDigest", 400)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_copies(s3, bucket):
    for body in (b"small", os.urandom(100_000)):
        etag = s3.put_object(
            Bucket=bucket, Key="a", Body=body, ContentType="text/plain", Metadata={"m": "1"}, Tagging="t=1"
        )["ETag"]
        source = {"Bucket": bucket, "Key": "a"}
        answer = s3.copy_object(Bucket=bucket, Key="b", CopySource=source)
        assert answer["CopyObjectResult"]["ETag"] == etag
        s3.delete_object(Bucket=bucket, Key="a")
        found = s3.get_object(Bucket=bucket, Key="b")
        assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (body, "text/plain", {"m": "1"})
        assert found["TagCount"] == 1
        s3.copy_object(
            Bucket=bucket,
            Key="b",
            CopySource={"Bucket": bucket, "Key": "b"},
            MetadataDirective="REPLACE",
            Metadata={"n": "2"},
            TaggingDirective="REPLACE",
            Tagging="u=2&v=3",
        )
        found = s3.get_object(Bucket=bucket, Key="b")
        assert (found["Body"].read(), found["ContentType"]) == (body, "binary/octet-stream")
        assert (found["Metadata"], found["TagCount"]) == ({"n": "2"}, 2)
        answer = s3.copy_object(
            Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "b"}, ChecksumAlgorithm="SHA256"
        )
        sha = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert answer["CopyObjectResult"]["ChecksumSHA256"] == sha
        assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == body


def test_copies_that_are_refused(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    source = {"Bucket": bucket, "Key": "a"}
    error = refused(s3.copy_object, Bucket=bucket, Key="a", CopySource=source)
    assert code(error) == ("InvalidRequest", 400)
    assert "copy an object to itself without changing" in error.response["Error"]["Message"]
    missing = {"Bucket": bucket, "Key": "none"}
    assert code(refused(s3.copy_object, Bucket=bucket, Key="b", CopySource=missing)) == ("NoSuchKey", 404)
    nowhere = {"Bucket": f"{bucket}-none", "Key": "a"}
    assert code(refused(s3.copy_object, Bucket=bucket, Key="b", CopySource=nowhere)) == ("NoSuchBucket", 404)
    copy = {"Bucket": bucket, "Key": "b", "CopySource": source}
    s3.copy_object(**copy, CopySourceIfMatch=etag)
    assert code(refused(s3.copy_object, **copy, CopySourceIfMatch='"no"')) == ("PreconditionFailed", 412)
    assert code(refused(s3.copy_object, **copy, CopySourceIfNoneMatch=etag)) == ("PreconditionFailed", 412)
    assert code(refused(s3.copy_object, **copy, IfNoneMatch="*")) == ("PreconditionFailed", 412)
    assert code(refused(s3.copy_object, Bucket=bucket, Key="b", CopySource="nobucket")) == ("InvalidArgument", 400)


def test_delete_objects(s3, bucket):
    for n in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{n}", Body=b"x")
    wanted = [{"Key": "k0"}, {"Key": "missing"}, {"Key": "k1", "ETag": '"no"'}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert [d["Key"] for d in answer["Deleted"]] == ["k0", "missing"]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("k1", "PreconditionFailed")]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k2"}], "Quiet": True})
    assert "Deleted" not in answer
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k1", "k3", "k4"]
    many = [{"Key": str(n)} for n in range(1001)]
    assert code(refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": many})) == ("MalformedXML", 400)


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource, **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_iam_denies(aws, s3, bucket):
    s3.put_object(Bucket=bucket, Key="in/k", Body=b"x")
    arn = f"arn:aws:s3:::{bucket}"
    nobody = aws.user().client("s3")
    error = refused(nobody.get_object, Bucket=bucket, Key="in/k")
    assert code(error) == ("AccessDenied", 403)
    assert "is not authorized to perform: s3:GetObject on resource" in error.response["Error"]["Message"]
    for call, kw in (
        (nobody.put_object, {"Key": "k", "Body": b""}),
        (nobody.delete_object, {"Key": "k"}),
        (nobody.list_objects_v2, {}),
        (nobody.get_bucket_policy, {}),
        (nobody.delete_bucket, {}),
        (nobody.create_multipart_upload, {"Key": "k"}),
        (nobody.get_object_tagging, {"Key": "in/k"}),
        (
            nobody.put_bucket_cors,
            {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}},
        ),
    ):
        assert code(refused(call, Bucket=bucket, **kw)) == ("AccessDenied", 403), call
    assert code(refused(nobody.head_object, Bucket=bucket, Key="in/k")) == ("403", 403)
    assert code(refused(nobody.list_buckets)) == ("AccessDenied", 403)

    reader = aws.user(policy(allow("s3:GetObject", f"{arn}/in/*"))).client("s3")
    assert reader.get_object(Bucket=bucket, Key="in/k")["Body"].read() == b"x"
    reader.head_object(Bucket=bucket, Key="in/k")
    # who may not list is not told that a key is missing
    assert code(refused(reader.get_object, Bucket=bucket, Key="in/none")) == ("AccessDenied", 403)
    assert code(refused(reader.head_object, Bucket=bucket, Key="in/none")) == ("403", 403)
    assert code(refused(reader.copy_object, Bucket=bucket, Key="in/x", CopySource=f"{bucket}/in/k"))[1] == 403

    condition = {"StringLike": {"s3:prefix": "in/*"}}
    lister = aws.user(policy(allow("s3:ListBucket", arn, Condition=condition))).client("s3")
    assert lister.list_objects_v2(Bucket=bucket, Prefix="in/")["KeyCount"] == 1
    assert code(refused(lister.list_objects_v2, Bucket=bucket, Prefix="")) == ("AccessDenied", 403)

    both = aws.user(policy(allow("s3:GetObject", f"{arn}/*"), allow("s3:ListBucket", arn))).client("s3")
    assert code(refused(both.get_object, Bucket=bucket, Key="in/none")) == ("NoSuchKey", 404)


def test_existing_tags_decide(aws, s3, bucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html"""
    for key, tags in (("open", "class=public"), ("shut", "class=secret"), ("none", "")):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", Tagging=tags)
    condition = {"StringEquals": {"s3:ExistingObjectTag/class": "public"}}
    reader = aws.user(policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Condition=condition))).client("s3")
    assert reader.get_object(Bucket=bucket, Key="open")["Body"].read() == b"x"
    for key in ("shut", "none"):
        assert code(refused(reader.get_object, Bucket=bucket, Key=key)) == ("AccessDenied", 403)
    s3.put_object_tagging(Bucket=bucket, Key="open", Tagging={"TagSet": []})
    assert code(refused(reader.get_object, Bucket=bucket, Key="open")) == ("AccessDenied", 403)


def test_trailing_checksums(aws, cloud):
    """Over TLS boto3 sends aws-chunked bodies with the checksum behind them."""
    import warnings

    client = aws.session().client("s3", endpoint_url=cloud.endpoint.replace("http:", "https:"), verify=False)
    sent = []
    client.meta.events.register(
        "before-send.s3", lambda request, **kw: sent.append(request.headers["x-amz-content-sha256"])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = f"b-{uuid.uuid4().hex[:20]}"
        client.create_bucket(Bucket=name)
        del sent[:]
        for size in (0, 10, 40_000, 2_000_000):
            body = os.urandom(size)
            answer = client.put_object(Bucket=name, Key="k", Body=body)
            assert answer["ChecksumCRC32"] == base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
            assert set(sent) == {b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
            found = aws.client("s3").get_object(Bucket=name, Key="k")
            assert found["Body"].read() == body
            assert "ContentEncoding" not in found


def test_delete_objects_is_denied_key_by_key(aws, s3, bucket):
    for key in ("mine/a", "theirs/a"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    user = aws.user(policy(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*"))).client("s3")
    answer = user.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "theirs/a"}]})
    assert [d["Key"] for d in answer["Deleted"]] == ["mine/a"]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("theirs/a", "AccessDenied")]


def test_headers_need_permissions_of_their_own(aws, s3, bucket):
    user = aws.user(policy(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))).client("s3")
    user.put_object(Bucket=bucket, Key="k", Body=b"x")
    error = refused(user.put_object, Bucket=bucket, Key="k", Body=b"x", Tagging="a=1")
    assert "s3:PutObjectTagging" in error.response["Error"]["Message"]


def test_bucket_policies_reach_across_accounts(aws, s3, bucket, cloud):
    other = cloud.account()
    theirs = other.client("s3")
    assert code(refused(theirs.put_object, Bucket=bucket, Key="k", Body=b"x")) == ("AccessDenied", 403)
    statement = allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*", Principal={"AWS": other.id})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] == [statement]
    theirs.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert code(refused(theirs.list_objects_v2, Bucket=bucket)) == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    assert code(refused(theirs.get_object, Bucket=bucket, Key="k")) == ("AccessDenied", 403)
    for bad in ("no json", "{}", policy(allow("sqs:*", f"arn:aws:s3:::{bucket}", Principal="*")),
                policy(allow("s3:*", "arn:aws:s3:::another", Principal="*"))):  # fmt: skip
        assert code(refused(s3.put_bucket_policy, Bucket=bucket, Policy=bad)) == ("MalformedPolicy", 400)


def test_block_public_access(aws, s3, bucket, cloud):
    import urllib.error
    import urllib.request

    url = f"{cloud.endpoint}/{bucket}/k"
    s3.put_object(Bucket=bucket, Key="k", Body=b"public")
    public = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"))
    error = refused(s3.put_bucket_policy, Bucket=bucket, Policy=public)
    assert code(error) == ("AccessDenied", 403)
    assert "BlockPublicPolicy setting in S3 Block Public Access" in error.response["Error"]["Message"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)
    block = {"BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)
    assert code(refused(cloud.account().client("s3").get_object, Bucket=bucket, Key="k")) == ("AccessDenied", 403)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={})
    assert urllib.request.urlopen(url).read() == b"public"
    with pytest.raises(urllib.error.HTTPError, match="403"):  # anonymous may not list, so is not told of absence
        urllib.request.urlopen(f"{url}-none")


def test_presigned_urls(aws, s3, bucket, cloud):
    import urllib.error
    import urllib.request

    import botocore.config

    for version in ("s3v4", "s3"):
        client = aws.client("s3", config=botocore.config.Config(signature_version=version))
        put = client.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b"}, ExpiresIn=100)
        urllib.request.urlopen(urllib.request.Request(put, data=b"by url", method="PUT", headers={"Content-Type": ""}))
        get = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b"}, ExpiresIn=100)
        assert urllib.request.urlopen(get).read() == b"by url"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(get.replace("Signature=", "Signature=0"))
        assert caught.value.code == 403
        assert b"SignatureDoesNotMatch" in caught.value.read()


def test_kill_9_loses_nothing(restarted):
    account = restarted.account()
    s3 = account.client("s3")
    s3.create_bucket(Bucket="kept-bucket")
    large = os.urandom(100_000)
    s3.put_object(Bucket="kept-bucket", Key="small", Body=b"small", Metadata={"a": "b"})
    s3.put_object(Bucket="kept-bucket", Key="large", Body=large)
    upload = s3.create_multipart_upload(Bucket="kept-bucket", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="kept-bucket", Key="parts", UploadId=upload, PartNumber=1, Body=large)["ETag"]
    restarted.restart()
    assert s3.get_object(Bucket="kept-bucket", Key="small")["Metadata"] == {"a": "b"}
    assert s3.get_object(Bucket="kept-bucket", Key="large")["Body"].read() == large
    done = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket="kept-bucket", Key="parts", UploadId=upload, MultipartUpload=done)
    assert s3.get_object(Bucket="kept-bucket", Key="parts")["Body"].read() == large
