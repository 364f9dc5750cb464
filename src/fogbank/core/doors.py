"""Hosts and paths that services answer on ("doors"), as their folders declare them. Imports no service.

A folder may hold a `door.toml`:

    serves = ["rds", "neptune", "docdb"]   # its APIs by botocore's names; default: the folder's own name

    [[host]]                               # NAME.execute-api.REGION.DOMAIN, and NAME.execute-api.DOMAIN
    label = "execute-api"
    endpoint = "execute-api"               # the @endpoint that answers there; default: the API
    shared = false                         # true: the host does not belong to NAME alone

    [[path]]                               # for clients that cannot resolve such names; includes all paths below
    path = "/_aws/execute-api/{api}"
    endpoint = "execute-api"
    unsigned = false                       # true: a request with AWS's signature on this path is for an API

    browser = "s3-browser"                 # the @endpoint for requests to the API that only browsers send
    inner = ["http-api"]                   # those to which endpoints of other folders hand visits over

`python -m fogbank.core.doors` generates doors.json from these files (tests/tidy/test_doors.py fails if it is out of
date).
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
    unsigned: bool = False

    @property
    def start(self) -> str:
        """The prefix that all matching paths have."""
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
    inner: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """The name under which its endpoints and jobs are found."""
        return self.serves[0]


@cache
def table() -> tuple[Door, ...]:
    """The declarations of all folders that have one, read once."""
    return msgspec.json.decode(_FILE.read_bytes(), type=tuple[Door, ...])


def hosts() -> tuple[HostDoor, ...]:
    return tuple(host for door in table() for host in door.host)


def service_of(folder: str) -> str:
    """The service of a folder: `lambda_` is `lambda`, and a `_` inside the name is a `-`."""
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
