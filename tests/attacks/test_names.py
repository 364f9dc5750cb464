"""However a request spells the name of a thing, who may not touch it does not.

Every operation of every service is called with each member that names a thing set to each other spelling, as a user of
the same account to whom a policy denies the thing's ARN, and as the root of another account. Nothing that the victim
has may change, and no answer may hold what is secret.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.core import services
from fogbank.core.errors import InternalFailure, ServiceError

from . import building as build
from . import spellings
from .world import SECRET, World

RANDOM = random.Random(6)


def operations() -> Iterator[tuple[str, str]]:
    for service in services.built():
        loaded = services.load(service)
        assert loaded is not None
        yield from ((service, name) for name in sorted(loaded.operations))


def _members(service: str, world: World) -> dict[str, list[str]]:
    return {member: texts for (of, member), texts in world.texts.items() if of == service}


def _requests(service: str, name: str, world: World) -> Iterator[dict[str, Any]]:
    """Requests that name the victim's things: all members as the victim would, one of them spelled in each way."""
    shape = build.operation(service, name).input_shape
    if shape is None:
        return
    members = _members(service, world)
    naming = [(path, members[member]) for member in members for path in build.paths(shape, member)]

    def made(at: int = -1, text: str = "") -> dict[str, Any]:
        request = build.minimal(shape)
        for n, (path, texts) in enumerate(naming):
            if n == at or path[-1] in request or len(path) > 1:
                build.put(shape, request, path, text if n == at else texts[0])
        return request

    for n, (_, texts) in enumerate(naming):
        for text in texts:
            yield made(n, text)
            for other in _spelled(text, zlib.crc32(f"{service}{name}".encode())):
                yield made(n, other)


def _spelled(text: str, number: int) -> Iterator[str]:
    """The other spellings: each operation tries a sixth of them; in the long form all, each in some more."""
    for other in spellings.turn(list(spellings.of(text)), number, 6):
        yield other
        if spellings.LONG:
            yield from RANDOM.sample(again := list(spellings.of(other)), min(8, len(again)))


@pytest.mark.parametrize(("service", "name"), list(operations()))
def test_no_spelling_leads_to_it(world: World, service: str, name: str) -> None:
    for who in (world.denied, world.stranger):
        for request in _requests(service, name, world):
            if (service, name) == ("sqs", "ReceiveMessage"):
                request["WaitTimeSeconds"] = 0
            told = json.dumps(request, default=repr)
            try:
                answer = world.call(who, service, name, **request)
            except InternalFailure:
                raise
            except ServiceError:
                continue
            except (KeyError, TypeError, ValueError) as error:  # a request that the model would have refused
                pytest.fail(f"{who.arn} {told}: {error!r}")
            assert SECRET not in json.dumps(answer, default=repr), f"{who.arn} reads {told}"
    after = world.rows()
    world.restore()
    assert not [key for key, value in world.began.items() if after.get(key) != value]
