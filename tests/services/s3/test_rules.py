"""Pure rules: ranges, names, checksums, policies, in tables and by properties."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.services.s3 import checksums, crc
from fogbank.services.s3.errors import InvalidRange, PreconditionFailed
from fogbank.services.s3.forms import check_conditions
from fogbank.services.s3.names import is_bucket_name
from fogbank.services.s3.policy import is_public
from fogbank.services.s3.ranges import check_read, check_write, parse_range
from fogbank.services.s3.records import Part
from fogbank.services.s3.storage import cut


@given(st.integers(0, 50), st.integers(0, 60) | st.none(), st.integers(0, 60) | st.none())
def test_ranges_agree_with_slices(size, first, last):
    text = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    data = bytes(range(size))
    try:
        span = parse_range(text, size)
    except InvalidRange:
        assert (first is not None and first >= size) or (first is None and (last == 0 or size == 0))
        return
    if span is None:
        assert (first is None and last is None) or (first is not None and last is not None and last < first)
        return
    expected = data[max(size - last, 0) :] if first is None else data[first : None if last is None else last + 1]
    assert data[span[0] : span[1] + 1] == expected != b""


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 80), st.integers(1, 80))
def test_cutting_parts_agrees_with_slices(sizes, first, length):
    whole = bytes(range(sum(sizes)))
    blobs, at = {}, 0
    for number, size in enumerate(sizes):
        blobs[str(number)] = whole[at : at + size]
        at += size
    parts = [Part(n, str(n), size) for n, size in enumerate(sizes)]
    pieces = [blobs[blob][offset : offset + count] for blob, offset, count in cut(parts, first, length)]
    assert b"".join(pieces) == whole[first : first + length]
    assert all(pieces)


@given(st.binary(max_size=9000), st.integers(0, 9000), st.sampled_from(["CRC32", "CRC32C", "CRC64NVME"]))
@settings(max_examples=60, deadline=None)
def test_crcs(data, at, algorithm):
    """A CRC in pieces, by lanes, or joined is that of a plain loop over the bits."""
    engine = crc.engine(algorithm)
    at = min(at, len(data))
    whole = engine.update(data)
    assert engine.update(data[at:], engine.update(data[:at])) == whole
    assert engine.combine(engine.update(data[:at]), engine.update(data[at:]), len(data) - at) == whole
    if algorithm == "CRC32":
        assert whole == zlib.crc32(data)
    register = engine.mask
    for byte in data:
        register = engine.table[(register ^ byte) & 0xFF] ^ (register >> 8)
    assert whole == register ^ engine.mask


def test_checksums_of_parts():
    bodies = [b"a" * 1000, b"b" * 7]
    crcs = [(checksums.of("CRC64NVME", body), len(body)) for body in bodies]
    assert checksums.full_object("CRC64NVME", crcs) == checksums.of("CRC64NVME", b"".join(bodies))
    shas = [checksums.of("SHA256", body) for body in bodies]
    raw = b"".join(hashlib.sha256(body).digest() for body in bodies)
    assert checksums.composite("SHA256", shas) == base64.b64encode(hashlib.sha256(raw).digest()).decode() + "-2"


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("abc", True),
        ("a" * 63, True),
        ("a.b-c.d", True),
        ("a" * 64, False),
        ("ab", False),
        ("a-.b", False),
        ("a.-b", False),
        ("192.168.5.4", False),
        ("1.2.3", True),
        ("sthree-x", False),
        ("abc--x-s3", False),
        ("abc.", False),
        ("ABC", False),
        ("a_b", False),
    ],
)
def test_bucket_names(name, good):
    assert is_bucket_name(name) == good


def test_conditions_of_writes():
    assert check_write({}, None)
    assert check_write({"IfNoneMatch": "*"}, None)
    assert check_write({"IfMatch": '"e"'}, "e")
    assert not check_write({"IfMatch": '"e"'}, None)
    for request in ({"IfNoneMatch": "*"}, {"IfMatch": '"f"'}):
        with pytest.raises(PreconditionFailed):
            check_write(request, "e")
    assert check_read({"IfNoneMatch": '"x", W/"e"'}, "e", 0)


STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


@pytest.mark.parametrize(
    ("change", "public"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}}, True),
        ({"Principal": {"AWS": "111122223333"}}, False),
        ({"Principal": {"Service": "cloudfront.amazonaws.com"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceArn": "*"}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
    ],
)
def test_what_makes_a_policy_public(change, public):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    import json

    assert is_public(json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT | change]})) == public


def test_form_conditions():
    fields = {"key": "user/a.jpg", "content-type": "image/jpeg", "policy": "x", "x-ignore-me": "1"}
    good = [{"bucket": "b"}, ["starts-with", "$key", "user/"], ["starts-with", "$Content-Type", "image/"],
            ["content-length-range", 1, "10"]]  # fmt: skip
    assert check_conditions(good, fields, "b") == (1, 10)
    for bad in ([*good[1:]], [{"bucket": "c"}, *good[1:]], [good[0], ["eq", "$key", "user/"], good[2]]):
        if bad == good[1:]:
            assert check_conditions(bad, fields, "b") == (1, 10)  # the bucket need not be named
            continue
        with pytest.raises(Exception, match="Invalid according to Policy: Policy Condition failed"):
            check_conditions(bad, fields, "b")
    with pytest.raises(Exception, match="Extra input fields: content-type"):
        check_conditions(good[:2], fields, "b")
