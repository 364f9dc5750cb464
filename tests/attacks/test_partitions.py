"""One cloud is one partition: what another partition's region would name is the same thing in another spelling."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank import testing
from fogbank.cli import config

CALLS = [
    ("s3", "list_buckets", "AuthorizationHeaderMalformed"),
    ("iam", "list_users", "SignatureDoesNotMatch"),
    ("sqs", "list_queues", "SignatureDoesNotMatch"),
    ("dynamodb", "list_tables", "InvalidSignatureException"),
    ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
]


@pytest.mark.parametrize("region", ["cn-north-1", "cn-made-up-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"])
@pytest.mark.parametrize(("service", "call", "code"), CALLS)
def test_a_region_of_another_partition_signs_nothing(aws: Any, service: str, call: str, code: str, region: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(aws.client(service, region), call)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-hint"].startswith("this cloud is the")


def test_a_cloud_of_another_partition() -> None:
    with testing.cloud(partition="aws-cn", region="cn-north-1") as cloud:
        account = cloud.account()
        assert account.client("sts").get_caller_identity()["Arn"] == f"arn:aws-cn:iam::{account.id}:root"
        url = account.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        attributes = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        assert attributes["QueueArn"] == f"arn:aws-cn:sqs:cn-north-1:{account.id}:q"
        policies = account.client("iam").list_policies(Scope="AWS", MaxItems=1)["Policies"]
        assert policies[0]["Arn"].startswith("arn:aws-cn:iam::aws:policy/")
        with pytest.raises(ClientError, match="valid region"):
            account.client("iam", "us-east-1").list_users()


def test_the_region_follows_the_partition_and_must_be_of_it(tmp_path: Any) -> None:
    assert config.load({"partition": "aws-us-gov"}, {}, tmp_path).region == "us-gov-west-1"
    assert config.load({}, {}, tmp_path).region == "us-east-1"
    with pytest.raises(config.BadSetting, match="the partition aws-cn has others, such as cn-north-1"):
        config.load({"partition": "aws-cn"}, {"FOGBANK_REGION": "eu-west-1"}, tmp_path)
    with pytest.raises(config.BadSetting, match="it is one of aws, aws-cn"):
        config.load({"partition": "aws-x"}, {}, tmp_path)


def test_what_is_kept_stays_of_its_partition(tmp_path: Any) -> None:
    with testing.cloud(data=tmp_path / "data") as cloud:
        cloud.account().client("iam").create_user(UserName="u")
    other = testing.cloud(data=tmp_path / "data", partition="aws-cn", region="cn-north-1")
    with pytest.raises(testing.CloudFailed, match="--partition aws, or with another --data folder"), other:
        pass
    with testing.cloud(data=tmp_path / "data") as cloud:
        assert cloud.account().client("iam").list_users()["Users"] == []
