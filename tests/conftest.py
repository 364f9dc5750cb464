"""One cloud for the whole run, a fresh account for each test (`aws`, from the plugin that users have too)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import botocore.config
import hypothesis
import pytest

from fogbank import testing
from fogbank.testing import watchdog

from . import nodes, postgres

watchdog.arm()
# no verdict hangs on how fast the machine is
hypothesis.settings.register_profile("fogbank", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("fogbank")
# each answer as it comes, and whatever we ask: not boto3's opinion of it
CONFIG = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False, read_timeout=60)


@pytest.fixture(autouse=True)
def one_node(request):
    """With several nodes, skip what is known to be of one: its mark says why."""
    mark = request.node.get_closest_marker("one_node")
    if mark is not None and os.environ.get("FOGBANK_NODES"):
        pytest.skip(f"several nodes: {mark.kwargs['reason']}")


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
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres.server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def fogbank_cloud(fogbank_options, tmp_path_factory, request):
    """The session's cloud: one process, or with FOGBANK_NODES=2 so many that share a PostgreSQL (`make test-nodes`)."""
    count = int(os.environ.get("FOGBANK_NODES", "0"))
    if not count:
        with testing.cloud(**fogbank_options) as running:
            yield running
        return
    url = request.getfixturevalue("postgres_url")
    with nodes.shared(count, url, tmp_path_factory.mktemp("nodes"), **fogbank_options) as running:
        yield running


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
