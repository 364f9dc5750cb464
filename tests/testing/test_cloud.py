"""fogbank.testing as a context manager, in both ways of running."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from fogbank import testing


@pytest.fixture(scope="module", params=["thread", "process"])
def running(request):
    with testing.cloud(request.param) as cloud:
        yield cloud


def test_accounts_are_fresh_and_apart(running):
    one, two = running.account(), running.account()
    assert one.id != two.id
    assert one.id.isdigit()
    assert len(one.id) == 12
    one.client("sqs").create_queue(QueueName="mine")
    assert "QueueUrls" not in two.client("sqs").list_queues()
    assert one.client("sts").get_caller_identity()["Account"] == one.id


def test_an_account_can_be_named(running):
    assert running.account("123456789012").client("sts").get_caller_identity()["Account"] == "123456789012"


def test_resources_and_sessions(running):
    account = running.account()
    bucket = account.resource("s3").create_bucket(Bucket=f"b-{account.id}")
    bucket.put_object(Key="k", Body=b"v")
    listed = account.session().client("s3", endpoint_url=account.endpoint).list_objects_v2(Bucket=bucket.name)
    assert [entry["Key"] for entry in listed["Contents"]] == ["k"]


def test_env_is_all_that_a_program_needs(running):
    account = running.account()
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | account.env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == account.id


def test_active_puts_the_environment_back(running, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with running.account().active() as account:
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_ACCESS_KEY_ID"] == account.id
    assert os.environ["AWS_PROFILE"] == "mine"
    assert "AWS_ACCESS_KEY_ID" not in os.environ


def test_a_user_may_what_its_policy_says(running):
    account = running.account()
    allowed = account.user('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", '
                           '"Resource": "*"}}')  # fmt: skip
    allowed.client("sqs").create_queue(QueueName="q")
    with pytest.raises(ClientError) as denied:
        account.user().client("sqs").create_queue(QueueName="q2")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"


def test_the_clock_moves_and_comes_back(running):
    before = running.clock.now()
    assert abs(before - datetime.now(UTC)) < timedelta(seconds=5)
    assert running.clock.advance(3 * 86400) - before >= timedelta(days=3)
    at = datetime.now(UTC) + timedelta(days=10)
    assert running.clock.set(at, freeze=True) == at
    time.sleep(0.01)
    assert running.clock.now() == at
    assert abs(running.clock.resume() - datetime.now(UTC)) < timedelta(seconds=5)


def test_an_instant_needs_a_zone(running):
    with pytest.raises(ValueError, match="time zone"):
        running.clock.set(datetime(2030, 1, 1))


def test_the_clock_expires_a_delay(running):
    sqs = running.account().client("sqs")
    url = sqs.create_queue(QueueName="later")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello", DelaySeconds=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    running.clock.advance(901)
    try:
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    finally:
        running.clock.resume()


def test_why_tells_of_a_call(running):
    answer = running.account().client("sqs").list_queues()
    hops = running.why(answer["ResponseMetadata"]["RequestId"])
    assert [(hop["service"], hop["operation"]) for hop in hops] == [("sqs", "ListQueues")]


def test_reset_of_one_service():
    with testing.cloud() as cloud:
        account = cloud.account()
        account.client("sqs").create_queue(QueueName="q")
        account.client("ssm").put_parameter(Name="p", Value="v", Type="String")
        cloud.reset("sqs")
        assert "QueueUrls" not in account.client("sqs").list_queues()
        assert account.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"
        cloud.reset()
        assert not account.client("ssm").describe_parameters()["Parameters"]


def test_two_clouds_share_nothing():
    with testing.cloud() as one, testing.cloud() as two:
        one.account("111111111111").client("sqs").create_queue(QueueName="q")
        assert "QueueUrls" not in two.account("111111111111").client("sqs").list_queues()


def test_settings_are_taken_and_mistakes_said(tmp_path):
    with testing.cloud(iam="off", region="eu-west-1") as cloud:
        account = cloud.account()
        assert account.user().client("sqs").create_queue(QueueName="q")["QueueUrl"]
        assert account.client("sqs").meta.region_name == "eu-west-1"
    with pytest.raises(testing.CloudFailed, match="imm"), testing.cloud(imm="off"):
        pass
    with pytest.raises(testing.CloudFailed, match="wrong"), testing.cloud(iam="wrong"):
        pass
    with pytest.raises(ValueError, match="mode"), testing.cloud("cloud"):
        pass


def test_data_is_kept_across_clouds(tmp_path):
    for mode in ("thread", "process"):
        with testing.cloud(mode, data=tmp_path) as cloud:
            ssm = cloud.account("123456789012").client("ssm")
            if mode == "thread":
                ssm.put_parameter(Name="p", Value="v", Type="String")
            assert ssm.get_parameter(Name="p")["Parameter"]["Value"] == "v"


def test_one_data_directory_has_one_cloud(tmp_path):
    with (
        testing.cloud(data=tmp_path),
        pytest.raises(testing.CloudFailed, match=str(os.getpid())),
        testing.cloud(data=tmp_path),
    ):
        pass


def test_a_process_that_is_killed_and_started_again_lost_nothing(restarted):
    account = restarted.account()
    url = account.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    pid, endpoint = restarted.process.pid, restarted.endpoint
    restarted.restart()
    assert restarted.process.pid != pid
    assert restarted.endpoint == endpoint
    assert account.client("sqs").list_queues()["QueueUrls"] == [url]


def test_a_process_ends_with_its_parent(tmp_path):
    """kill -9 of the test run leaves no server behind."""
    script = (
        "import os, sys\nfrom fogbank import testing\n"
        "cloud = testing.clouds.start('process')\nprint(cloud.process.pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    child = int(done.stdout)
    for _ in range(300):
        try:
            os.kill(child, 0)
            with open(f"/proc/{child}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.02)
    os.kill(child, 9)
    pytest.fail("the server outlived its parent")


# -- the decorator ---------------------------------------------------------------------------------------------------


@testing.with_cloud
def test_the_decorator_points_the_environment_at_a_fresh_account(cloud, account):
    assert boto3.client("sts").get_caller_identity()["Account"] == account.id
    assert os.environ["AWS_ENDPOINT_URL"] == cloud.endpoint


@testing.with_cloud(iam="off")
def test_the_decorator_takes_settings_beside_fixtures(account, tmp_path):
    assert tmp_path.exists()
    assert account.user().client("sqs").create_queue(QueueName="q")["QueueUrl"]


def test_the_decorator_runs_coroutines():
    @testing.with_cloud
    async def main(account):
        await asyncio.sleep(0)
        return account.id, os.environ["AWS_ACCESS_KEY_ID"]

    assert inspect.iscoroutinefunction(main)
    one, other = asyncio.run(main())
    assert one == other
    assert os.environ.get("AWS_ACCESS_KEY_ID") != one
