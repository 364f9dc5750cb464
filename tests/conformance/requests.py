"""Requests generated from the models: the shortest, each optional member alone, everything at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.core import services
from fogbank.wire.shapes import Shape

from ..attacks import building
from ..attacks.world import World

DEEP = 5  # levels of a request that has everything
WAITING = {("sqs", "ReceiveMessage"): {"WaitTimeSeconds": 0}}  # else it takes its time


def operations() -> Iterator[tuple[str, str]]:
    """Every operation that is built."""
    for service in services.built():
        loaded = services.load(service)
        assert loaded is not None
        yield from ((service, name) for name in sorted(loaded.operations))


def requests(service: str, name: str, world: World | None = None) -> Iterator[dict[str, Any]]:
    """All of them; with a world, what names a thing names one of the victim's."""
    shape = building.operation(service, name).input_shape
    seen: list[dict[str, Any]] = []
    for request in _shapes(shape):
        if world is not None:
            _name(shape, request, service, world)
        request |= WAITING.get((service, name), {})
        if request not in seen:
            seen.append(request)
            yield request


def _shapes(shape: Shape | None) -> Iterator[dict[str, Any]]:
    yield building.minimal(shape)
    if shape is None:
        return
    for member, ref in shape.members.items():
        if member not in shape.required:
            for deep in (1, DEEP):  # with what a structure requires, and with all that it may have
                yield building.minimal(shape) | {member: full(ref.shape, deep)}
    yield full(shape, DEEP)


def full(shape: Shape, deep: int) -> Any:
    """A value with every member, down to so many levels."""
    if shape.type == "structure":
        if deep <= 1 or (shape.raw.union and shape.members):
            names = list(shape.members)[:1] if shape.raw.union else [n for n in shape.members if n in shape.required]
        else:
            names = list(shape.members)
        return {name: full(shape.members[name].shape, deep - 1) for name in names}
    if shape.type == "list":
        return [full(shape.member.shape, deep - 1)] if deep > 0 else []
    if shape.type == "map":
        return {full(shape.key.shape, 0): full(shape.value.shape, deep - 1)} if deep > 0 else {}
    return building.shortest(shape, 0)


def _name(shape: Shape | None, request: dict[str, Any], service: str, world: World) -> None:
    """Put the name of a victim's thing wherever the request has a member that names one."""
    things: dict[tuple[str, str], list[Any]] = dict(world.texts)
    things |= {("kms", "CiphertextBlob"): [world.ciphertext], ("ssm", "ResourceType"): ["Parameter"]}
    for (of, member), texts in things.items():
        for path in building.paths(shape, member) if of == service else ():
            if shape is not None and _there(request, path):
                arn = next((text for text in texts if str(text).startswith("arn:")), texts[0])
                building.put(shape, request, path, arn if path[-1].lower().endswith("arn") else texts[0])


def _there(request: Any, path: tuple[str, ...]) -> bool:
    for step in path:
        if isinstance(request, list):
            if not request:
                return False
            request = request[0]
        elif not isinstance(request, dict) or step not in request:
            return False
        else:
            request = request[step]
    return True
