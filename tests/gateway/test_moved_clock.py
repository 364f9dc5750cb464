"""Signatures when the cloud's clock was moved: clients sign with real time, URLs last by the cloud's."""

import time
import urllib.error
import urllib.request

import pytest
from botocore.config import Config


def status(url):
    try:
        with urllib.request.urlopen(url) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def s3(own_cloud):
    client = own_cloud.account().client("s3", config=Config(signature_version="s3v4"))
    client.create_bucket(Bucket="moved-clock")
    client.put_object(Bucket="moved-clock", Key="k", Body=b"x")
    return client


def presigned(s3, seconds):
    return s3.generate_presigned_url("get_object", {"Bucket": "moved-clock", "Key": "k"}, ExpiresIn=seconds)


def test_a_url_runs_out_by_the_clouds_clock(own_cloud, s3):
    url = presigned(s3, 3600)
    assert status(url) == 200
    own_cloud.advance(1800)
    assert status(url) == 200
    own_cloud.advance(1801)
    assert status(url) == 403


def test_a_url_made_after_the_move_lasts_as_long(own_cloud, s3):
    own_cloud.advance(86400)
    time.sleep(1)  # a URL tells its time to the second: one of the second of the move counts as made before it
    url = presigned(s3, 3600)
    assert status(url) == 200
    own_cloud.advance(3601)
    assert status(url) == 403


def test_signed_calls_go_on_working(own_cloud, s3):
    own_cloud.advance(14 * 86400)
    assert s3.get_object(Bucket="moved-clock", Key="k")["Body"].read() == b"x"
