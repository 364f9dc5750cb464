"""One cloud for the whole run, a fresh account for each test (`aws`, from the plugin that users have too)."""

from __future__ import annotations

from typing import Any

import botocore.config
import hypothesis
import pytest

from fogbank import testing
from fogbank.testing import watchdog

watchdog.arm()
# no verdict hangs on how fast the machine is
hypothesis.settings.register_profile("fogbank", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("fogbank")
# each answer as it comes, and whatever we ask: not boto3's opinion of it
CONFIG = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False, read_timeout=60)


@pytest.fixture(autouse=True)
def the_loop_is_free(request):
    """No callback of a cloud in this process holds its event loop (see `testing.watchdog`)."""
    yield
    held = watchdog.take()
    if held and request.node.get_closest_marker("holds_the_loop") is None:
        pytest.fail("\n".join(map(str, held)))


@pytest.fixture(scope="session")
def fogbank_options() -> dict[str, Any]:
    return {"client_config": CONFIG}


@pytest.fixture(scope="session")
def cloud(fogbank_cloud):
    return fogbank_cloud


@pytest.fixture
def own_cloud(fogbank_options):
    """A cloud for one test alone: to move its clock without disturbing others."""
    with testing.cloud(**fogbank_options) as running:
        yield running


@pytest.fixture
def restarted(tmp_path, fogbank_options):
    """A cloud in a process of its own: `restarted.restart()` is kill -9 and a start on the same data."""
    with testing.cloud("process", data=tmp_path / "data", **fogbank_options) as running:
        yield running
        running.kill()  # nobody needs what it would still write
