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
    return Registry(cloud, uri, password(aws))
