"""What the folders of services declare of their doors, known without importing any of them.

A folder may hold a `door.toml`:

    serves = ["rds", "neptune", "docdb"]   # its APIs by botocore's names; the folder's own name when it says nothing

    [[host]]                               # NAME.execute-api.REGION.DOMAIN, and NAME.execute-api.DOMAIN
    label = "execute-api"
    endpoint = "execute-api"               # the @endpoint that answers there; none: the API
    shared = false                         # true: the host is not NAME's alone

    [[path]]                               # for clients that cannot resolve such names; all paths below it too
    path = "/_aws/execute-api/{api}/{stage}"
    endpoint = "execute-api"

    browser = "s3-browser"                 # the @endpoint for what only browsers send to the API

The tables are doors.json, generated from these files by `python -m fogbank.core.doors` (tests/tidy/test_doors.py tells
when it has aged).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

_FILE = Path(__file__).parent / "doors.json"
SERVICES = Path(__file__).parent.parent / "services"


class HostDoor(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    label: str
    endpoint: str = ""
    shared: bool = False


class PathDoor(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    path: str
    endpoint: str

    @property
    def start(self) -> str:
        """What every path of it begins with."""
        return self.path.partition("{")[0]

    @property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{[a-z]+\}", self.path)
        return re.compile("[^/]+".join(re.escape(part) for part in parts) + "(?:/.*)?")


class Door(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One folder's declaration. `folder` is its name as a Python package."""

    folder: str = ""
    serves: tuple[str, ...] = ()
    host: tuple[HostDoor, ...] = ()
    path: tuple[PathDoor, ...] = ()
    browser: str = ""

    @property
    def service(self) -> str:
        """The name that its endpoints and jobs are found by."""
        return self.serves[0]


@cache
def table() -> tuple[Door, ...]:
    """Every folder that declares something, read once."""
    return msgspec.json.decode(_FILE.read_bytes(), type=tuple[Door, ...])


def hosts() -> tuple[HostDoor, ...]:
    return tuple(host for door in table() for host in door.host)


def service_of(folder: str) -> str:
    """The service that a folder is named for: `lambda` lives in `lambda_`, and a `_` within is a `-`."""
    return folder.rstrip("_").replace("_", "-")


def generate(root: Path = SERVICES) -> tuple[Door, ...]:
    """Read every door.toml."""
    import tomllib

    found = []
    for file in sorted(root.glob("*/door.toml")):
        door = msgspec.convert(tomllib.loads(file.read_text()), Door)
        folder = file.parent.name
        found.append(msgspec.structs.replace(door, folder=folder, serves=door.serves or (service_of(folder),)))
    return tuple(found)


def encoded(doors: tuple[Door, ...]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(doors), indent=1) + b"\n"


if __name__ == "__main__":
    _FILE.write_bytes(encoded(generate()))
