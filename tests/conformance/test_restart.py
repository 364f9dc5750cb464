"""A restart changes no answer: what every service tells of what it keeps is the same before and after it.

Every operation that only reads is asked about one thing of each kind, the cloud is closed and opened again on the same
folder, and asked once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.core import services
from fogbank.core.errors import ServiceError
from fogbank.core.settings import Settings

from ..attacks import building as build
from ..attacks.world import World

READS = ("Get", "List", "Describe", "Head", "Query", "Scan", "Filter", "BatchGet", "Lookup")
NOON = 1_900_000_000.0


def reads() -> Iterator[tuple[str, str]]:
    for service in services.built():
        loaded = services.load(service)
        assert loaded is not None
        yield from ((service, name) for name in sorted(loaded.operations) if name.startswith(READS))


def _request(world: World, service: str, name: str) -> dict[str, Any] | None:
    shape = build.operation(service, name).input_shape
    if shape is None:
        return {}
    request = build.minimal(shape)
    for (of, member), texts in world.texts.items():
        if of == service:
            for path in build.paths(shape, member):
                if path[-1] in request or len(path) > 1:
                    build.put(shape, request, path, texts[0])
    return request


def _answer(world: World, service: str, name: str) -> Any:
    try:
        return world.own(service, name, **(_request(world, service, name) or {}))
    except ServiceError as error:
        return error.code, error.message


def _answers(world: World) -> dict[str, Any]:
    return {f"{service}:{name}": _plain(_answer(world, service, name)) for service, name in reads()}


def _plain(value: Any) -> Any:
    """Without what is drawn anew for each answer: tokens of pages, bodies that are read once."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bytes | bool | None) else repr(type(value))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    folder: Path = tmp_path_factory.mktemp("kept")
    settings = Settings(data=folder, port=0)
    world = World(settings)
    world.app.clock.set(NOON, freeze=True)
    first, second = _answers(world), _answers(world)
    world.reopen()
    world.app.clock.set(NOON, freeze=True)
    third = _answers(world)
    world.close()
    yield first, second, third


def test_a_restart_changes_no_answer(worlds: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
    first, second, third = worlds
    stable = {name for name in first if first[name] == second[name]}
    differ = {name: (first[name], third[name]) for name in stable if first[name] != third[name]}
    assert not differ
    # what is new each time, and what the calls themselves leave: metrics, and when a secret was last read
    assert set(first) - stable <= {
        "sts:GetSessionToken", "sts:GetFederationToken", "cloudwatch:ListMetrics", "secretsmanager:GetRandomPassword",
        "secretsmanager:DescribeSecret",
    }  # fmt: skip


def test_most_answers_tell_something(worlds: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
    first, _, _ = worlds
    told = [name for name, answer in first.items() if not isinstance(answer, list)]
    assert len(told) > len(first) / 2
