"""An account, a repository of it, and the registry as root of the account uses it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.services.ecr.registry import Registry, password


@pytest.fixture
def ecr(aws: Any) -> Any:
    return aws.client("ecr")


@pytest.fixture
def uri(ecr: Any) -> str:
    made: str = ecr.create_repository(repositoryName="team/app")["repository"]["repositoryUri"]
    return made


@pytest.fixture
def registry(cloud: Any, aws: Any, uri: str) -> Registry:
    """The repository on its registry's own host."""
    registry = Registry(cloud, uri, password(aws))
    registry.host, registry.name = f"{aws.id}.dkr.ecr.us-east-1.localhost:{registry.port}", "team/app"
    return registry
