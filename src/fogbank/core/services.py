"""Finding what a service declares: its package is imported on the first request and searched for marks."""

from __future__ import annotations

import importlib
import importlib.util
import keyword
import pkgutil
from functools import cache
from pathlib import Path

from .cfn import ResourceType
from .operation import Endpoint, Job, Operation
from .residents import Resident

SERVICES = "fogbank.services"


class Service:
    """Everything one service folder declares."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.operations: dict[str, Operation] = {}
        self.jobs: dict[str, Job] = {}
        self.residents: dict[str, Resident] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.resource_types: dict[str, ResourceType] = {}

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
            case ResourceType():
                self.resource_types[mark.type_name] = mark


def package_of(service: str) -> str:
    """`lambda` lives in services/lambda_, since lambda is a word of Python; a `-` becomes `_`."""
    folder = service.replace("-", "_")
    return f"{SERVICES}.{folder}_" if keyword.iskeyword(folder) else f"{SERVICES}.{folder}"


@cache
def built() -> tuple[str, ...]:
    """The services that have a folder, by botocore's name, without importing any."""
    root = Path(__file__).parent.parent / "services"
    names = []
    for path in sorted(root.iterdir()):
        if (path / "__init__.py").exists():
            name = path.name.rstrip("_") if path.name.endswith("_") else path.name
            names.append(name.replace("_", "-"))
    return tuple(names)


@cache
def woken_by(what: str) -> tuple[str, ...]:
    """The residents that are needed once there is the first of something, by the `wakes.toml` of their services."""
    import tomllib

    root = Path(__file__).parent.parent / "services"
    found = [tomllib.loads(path.read_text()) for path in sorted(root.glob("*/wakes.toml"))]
    return tuple(wakes[what] for wakes in found if what in wakes)


@cache
def load(name: str) -> Service | None:
    """Import a service and collect its marks; None when Fogbank has no such service."""
    if name not in built():
        return None
    package = importlib.import_module(package_of(name))
    service = Service(name)
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            mark = getattr(value, "__fogbank__", None)
            if mark is not None and getattr(value, "__module__", "") == module.__name__:
                service.add(mark)
    return service
