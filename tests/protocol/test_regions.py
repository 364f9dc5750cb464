"""What is known of regions.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

import pytest

from fogbank.core import arns, regions
from fogbank.core.regions import Zone


def test_every_partition_has_its_regions():
    for partition, main in arns.MAIN_REGIONS.items():
        found = regions.names(partition)
        assert main in found
        assert all(arns.partition_of(region) == partition for region in found)


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("us-east-1", "US East (N. Virginia)"),
        ("eu-west-1", "Europe (Ireland)"),
        ("us-gov-west-1", "AWS GovCloud (US-West)"),
        ("xx-nowhere-1", "xx-nowhere-1"),
    ],
)
def test_regions_are_described_as_the_console_does(region, text):
    assert regions.description(region) == text


def test_zones_have_names_and_ids():
    """https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html"""
    assert regions.zones("us-east-1")[0] == Zone("us-east-1a", "use1-az1")
    assert [zone.name[-1] for zone in regions.zones("us-east-1")] == list("abcdef")
    assert regions.zones("us-west-1") == [Zone("us-west-1a", "usw1-az1"), Zone("us-west-1c", "usw1-az3")]
    assert [zone.id for zone in regions.zones("ap-northeast-1")] == ["apne1-az1", "apne1-az2", "apne1-az4"]
    assert regions.zones("us-gov-west-1")[0].id == "usgw1-az1"
    assert regions.zones("eu-central-2")[2] == Zone("eu-central-2c", "euc2-az3")


def test_global_services_have_a_home():
    assert regions.home("iam", "aws") == "us-east-1"
    assert regions.home("iam", "aws-cn") == "cn-north-1"
    assert regions.home("route53", "aws-us-gov") == "us-gov-west-1"
    assert regions.home("networkmanager", "aws") == "us-west-2"
    assert regions.home("sts", "aws") is None
    assert regions.home("lambda", "aws") is None
