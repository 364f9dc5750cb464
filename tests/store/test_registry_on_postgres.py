"""The registry on two nodes that share a database and a folder: each goes on with what the other began."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.services.ecr.registry import Registry, digest_of, make, password

from fogbank.testing import clouds


@pytest.fixture
def nodes(postgres_url: str, tmp_path: Any) -> Iterator[tuple[Registry, Registry]]:
    """A repository, as two nodes serve it."""
    started = [clouds.start(store=postgres_url, data=tmp_path) for _ in range(2)]
    aws = started[0].account()
    uri = aws.client("ecr").create_repository(repositoryName="app")["repository"]["repositoryUri"]
    uri = f"{aws.id}.dkr.ecr.us-east-1.localhost/app"
    yield tuple(Registry(node, uri, password(aws)) for node in started)  # type: ignore[misc]
    for node in started:
        node.stop()


def test_an_upload_goes_on_at_another_node(nodes: tuple[Registry, Registry]) -> None:
    one, two = nodes
    content = os.urandom(300_000)
    place = one.on("POST", "blobs/uploads/").headers["location"]
    assert one.ask("PATCH", place, content[:100_000]).status == 202
    assert two.ask("PATCH", place, content[100_000:]).headers["range"] == "0-299999"
    assert one.ask("PUT", f"{place}?digest={digest_of(content)}").status == 201
    assert two.on("GET", f"blobs/{digest_of(content)}").body == content
    image = make()
    assert one.push(image).status == 201
    assert two.pull() == image
    assert two.on("DELETE", "manifests/latest").status == 202
    assert one.on("GET", "manifests/latest").status == 404


def test_both_push_the_same_at_once(nodes: tuple[Registry, Registry]) -> None:
    image = make(os.urandom(50_000))
    with ThreadPoolExecutor(8) as threads:
        pushed = list(threads.map(lambda n: nodes[n % 2].push(image, f"v{n}").status, range(16)))
    assert pushed == [201] * 16
    assert len(nodes[0].on("GET", "tags/list").json["tags"]) == 16
    assert nodes[1].pull("v15") == image
