"""The pytest plugin: `fogbank_cloud`, `aws`, `fogbank_clock`. pytest loads it at every run, so it imports lazily."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .accounts import Account
    from .control import CloudClock
    from .handles import Cloud


@pytest.fixture(scope="session")
def fogbank_options() -> dict[str, Any]:
    """The options for the session's cloud: override it in conftest.py to return options of `testing.cloud`."""
    return {}


@pytest.fixture(scope="session")
def fogbank_cloud(fogbank_options: dict[str, Any]) -> Iterator[Cloud]:
    """One cloud for the whole run (one for each worker of pytest-xdist)."""
    from . import cloud

    with cloud(**fogbank_options) as running:
        yield running


@pytest.fixture
def aws(fogbank_cloud: Cloud) -> Iterator[Account]:
    """A fresh account for each test. During the test the AWS_* variables and boto3's default session point to it.

    Its buckets are deleted at the end, since all accounts share the names of buckets.
    """
    with fogbank_cloud.account().active() as account:
        yield account
    fogbank_cloud.release(account.id)


@pytest.fixture
def fogbank_clock(fogbank_cloud: Cloud) -> Iterator[CloudClock]:
    """The clock of the session's cloud. It returns to real time when the test ends."""
    yield fogbank_cloud.clock
    fogbank_cloud.clock.resume()
