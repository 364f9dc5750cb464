"""Loads services: imports a service's package on its first request and collects the marks of its decorators."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from . import doors
from .cfn import ResourceType
from .conditions import Keys
from .kinds import Kind
from .operation import Chooser, Endpoint, Job, Operation
from .residents import Resident
from .taggable import Taggable
from .targets import Target

SERVICES = "fogbank.services"


class Service:
    """What a folder declares for one of its APIs. Jobs, endpoints and the like belong to the folder's first API.

    Condition keys belong to all of its APIs: they are looked up by the prefix of an action.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.operations: dict[str, Operation] = {}
        self.jobs: dict[str, Job] = {}
        self.residents: dict[str, Resident] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.targets: dict[str, Target] = {}  # by the service part of ARNs
        self.resource_types: dict[str, ResourceType] = {}
        self.condition_keys: dict[str, Keys] = {}  # by the prefix of actions
        self.chooser: Chooser | None = None
        self.kinds: list[Kind[Any]] = []
        self.taggable: Taggable | None = None

    def add(self, mark: object) -> None:
        match mark:
            case Operation():
                if mark.name in self.operations:
                    raise ValueError(f"{self.name}:{mark.name} is declared twice")
                self.operations[mark.name] = mark
            case Job():
                self.jobs[mark.kind] = mark
            case Resident():
                self.residents[mark.kind] = mark
            case Endpoint():
                self.endpoints[mark.name] = mark
            case Chooser():
                self.chooser = mark
            case Target():
                self.targets[mark.service] = mark
            case Keys():
                self.condition_keys[mark.prefix] = mark
            case ResourceType():
                self.resource_types[mark.type_name] = mark
            case Kind():
                self.kinds.append(mark)
            case Taggable():
                self.taggable = mark


@cache
def _folders() -> dict[str, str]:
    """The folder of each API that is built, by botocore's name. Imports no service."""
    declared = {door.folder: door.serves for door in doors.table()}
    found = {}
    for root in importlib.import_module(SERVICES).__path__:
        for path in Path(root).iterdir():
            if (path / "__init__.py").exists():
                for name in declared.get(path.name, (doors.service_of(path.name),)):
                    found[name] = path.name
    return found


@cache
def built() -> tuple[str, ...]:
    """The APIs that are built, by botocore's names. Imports no service."""
    return tuple(sorted(_folders()))


def package_of(service: str) -> str:
    """The Python package of a service that is built."""
    return f"{SERVICES}.{_folders()[service]}"


@cache
def woken_by(what: str) -> tuple[str, ...]:
    """The residents that services need from the first `what` on, as their `wakes.toml` files say."""
    import tomllib

    root = Path(__file__).parent.parent / "services"
    found = [tomllib.loads(path.read_text()) for path in sorted(root.glob("*/wakes.toml"))]
    return tuple(wakes[what] for wakes in found if what in wakes)


@cache
def load(name: str) -> Service | None:
    """Import a service and collect its marks. None if Fogbank has no such service."""
    folder = _folders().get(name)
    if folder is None:
        return None
    first = next((door.service for door in doors.table() if door.folder == folder), name)
    service = Service(name)
    for mark in _marks(f"{SERVICES}.{folder}"):
        if mark.service == name if isinstance(mark, Operation) else name == first or isinstance(mark, Keys):
            service.add(mark)
    return service


@lru_cache(maxsize=20_000)  # more than all that are built; the names may come from users
def operation(service: str, name: str) -> Operation | None:
    """Find an operation by its names. Imports the service on first use. None if Fogbank has no such operation."""
    loaded = load(service)
    return loaded.operations.get(name) if loaded else None


@cache
def _marks(package: str) -> tuple[object, ...]:
    """Import all modules of a package and return their marks."""
    found = []
    path = importlib.import_module(package).__path__
    for info in pkgutil.walk_packages(path, package + "."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            mark = getattr(value, "__fogbank__", None)
            if isinstance(value, ResourceType | Keys | Kind | Taggable):  # marked by their type: they are no functions
                found.append(value)
            elif mark is not None and getattr(value, "__module__", "") == module.__name__:
                found.append(mark)
    return tuple(found)
