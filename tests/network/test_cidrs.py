"""Blocks of addresses.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

from __future__ import annotations

import ipaddress

import pytest

from fogbank.core.errors import ServiceError
from fogbank.network import cidrs, ids


def test_blocks_of_vpcs() -> None:
    assert str(cidrs.of_vpc("10.0.0.1/16")) == "10.0.0.0/16"
    for text in ("10.0.0.0/15", "10.0.0.0/29", "0.0.0.0/16", "169.254.0.0/16", "239.0.0.0/16"):
        with pytest.raises(ServiceError):
            cidrs.of_vpc(text)


@pytest.mark.parametrize(
    "text", ["", "10.0.0.0", "10.0.0.0/x", "10.0.0.0/33", "10.0.0.0/²", "::/16", "10.0.0.0/255.0.0.0"]
)
def test_what_is_no_block(text: str) -> None:
    with pytest.raises(ServiceError):
        cidrs.v4(text)


def test_conflicts() -> None:
    block = ipaddress.IPv4Network("10.0.0.0/16")
    assert cidrs.conflict(block, ["10.1.0.0/16", "10.0.4.0/24"]) == "10.0.4.0/24"
    assert cidrs.conflict(block, ["2001:db8::/56", "11.0.0.0/8"]) is None


def test_further_blocks_of_private_ranges() -> None:
    """ "Restricted" associations of the page above."""
    ten, public = ipaddress.IPv4Network("10.0.0.0/16"), ipaddress.IPv4Network("198.18.0.0/16")
    assert cidrs.extends(ipaddress.IPv4Network("10.1.0.0/16"), ten)
    assert not cidrs.extends(ipaddress.IPv4Network("192.168.0.0/16"), ten)
    assert cidrs.extends(public, ten)
    assert cidrs.extends(ten, public)


def test_sizes() -> None:
    assert [cidrs.size(length) for length in (16, 20, 24, 28)] == [65531, 4091, 251, 11]


def test_ids() -> None:
    assert ids.valid("vpc", "vpc-0123456789abcdef0")
    assert ids.valid("vpc", "vpc-01234567")
    for text in ("vpc-012345678", "subnet-01234567", "vpc-0123456789ABCDEF0", "vpc-01234567\n", "Vpc-01234567"):
        assert not ids.valid("vpc", text)
