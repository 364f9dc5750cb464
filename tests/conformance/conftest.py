"""One world for all operations: each test restores it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..attacks.world import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()
