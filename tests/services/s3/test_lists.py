"""Lists: the algebra against a plain model, and pages through boto3.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.s3.listing import page
from fogbank.services.s3.names import after_prefix

text = st.text(st.sampled_from("ab/ÿ\U0010ffff~"), max_size=5)


@given(st.sets(text.filter(bool)), text, st.sampled_from(["", "/", "b/", "a"]), st.integers(1, 4), text)
def test_pages_are_a_cut_of_the_whole(keys, prefix, delimiter, limit, start):
    """Page by page, any list is the sorted keys with common prefixes folded, behind the start."""
    ordered = sorted(keys)
    expected: list[tuple[str, bool]] = []
    for key in ordered:
        if not key.startswith(prefix):
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = (key, False) if at < 0 else (key[: at + len(delimiter)], True)
        if entry not in expected and entry[0] > start and not (entry[1] and start.startswith(entry[0])):
            expected.append(entry)

    def seek(key):
        return iter([k for k in ordered if k >= key])

    found: list[tuple[str, bool]] = []
    marker = start
    for _ in range(100):
        made = page(seek, lambda k: k, prefix=prefix, delimiter=delimiter, marker=marker, limit=limit)
        entries = [(k, False) for k in made.items] + [(p, True) for p in made.prefixes]
        assert len(entries) <= limit
        found += sorted(entries)
        if not made.truncated:
            break
        marker = made.last
    assert found == expected


@given(text)
def test_after_prefix(prefix):
    beyond = after_prefix(prefix)
    if beyond is None:
        assert set(prefix) <= {"\U0010ffff"}
    else:
        assert beyond.encode() > prefix.encode()
        assert beyond > prefix + "\U0010ffff" * 3
    assert after_prefix("\ud7ff") == "\ue000"


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    for key in ("a", "b/1", "b/2", "b/c/3", "d/4", "é", "z"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def keys(answer):
    return [o["Key"] for o in answer.get("Contents", [])]


def prefixes(answer):
    return [p["Prefix"] for p in answer.get("CommonPrefixes", [])]


def test_version_2(s3, bucket):
    all_keys = ["a", "b/1", "b/2", "b/c/3", "d/4", "z", "é"]
    answer = s3.list_objects_v2(Bucket=bucket)
    assert (keys(answer), answer["KeyCount"], answer["IsTruncated"]) == (all_keys, 7, False)
    assert (answer["Name"], answer["MaxKeys"], answer["Prefix"]) == (bucket, 1000, "")
    assert "Owner" not in answer["Contents"][0]
    assert answer["Contents"][0]["StorageClass"] == "STANDARD"
    assert "Owner" in s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    answer = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert (keys(answer), prefixes(answer), answer["KeyCount"]) == (["a", "z", "é"], ["b/", "d/"], 5)
    answer = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert (keys(answer), prefixes(answer)) == (["b/1", "b/2"], ["b/c/"])
    assert keys(s3.list_objects_v2(Bucket=bucket, StartAfter="b/2")) == ["b/c/3", "d/4", "z", "é"]
    assert keys(s3.list_objects_v2(Bucket=bucket, Prefix="none")) == []
    paged = list(
        s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2})
    )
    assert [keys(p) + prefixes(p) for p in paged] == [["a", "b/"], ["z", "d/"], ["é"]]
    empty = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (empty["KeyCount"], empty["IsTruncated"], empty["MaxKeys"]) == (0, False, 0)


def test_tokens_are_sealed(s3, bucket):
    token = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["NextContinuationToken"]
    assert keys(s3.list_objects_v2(Bucket=bucket, ContinuationToken=token, MaxKeys=1)) == ["b/1"]
    for bad in ("x" + token, token[:-1], "AAAA"):
        with pytest.raises(ClientError, match="continuation token provided is incorrect"):
            s3.list_objects_v2(Bucket=bucket, ContinuationToken=bad)


def test_version_1(s3, bucket):
    answer = s3.list_objects(Bucket=bucket, MaxKeys=2)
    assert (keys(answer), answer["IsTruncated"]) == (["a", "b/1"], True)
    assert "NextMarker" not in answer  # named only when there is a delimiter
    assert "Owner" in answer["Contents"][0]
    answer = s3.list_objects(Bucket=bucket, MaxKeys=2, Delimiter="/")
    assert (keys(answer), prefixes(answer), answer["NextMarker"]) == (["a"], ["b/"], "b/")
    answer = s3.list_objects(Bucket=bucket, MaxKeys=2, Delimiter="/", Marker="b/")
    assert (keys(answer), prefixes(answer)) == (["z"], ["d/"])
    everything = [k for p in s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
                  for k in keys(p)]  # fmt: skip
    assert everything == ["a", "b/1", "b/2", "b/c/3", "d/4", "z", "é"]


def test_arguments(s3, bucket):
    with pytest.raises(ClientError, match="InvalidArgument"):
        s3.list_objects_v2(Bucket=bucket, MaxKeys=-1)
    with pytest.raises(ClientError, match="Invalid Encoding Method"):
        s3.list_objects_v2(Bucket=bucket, EncodingType="utf-7")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket=f"{bucket}-none")
