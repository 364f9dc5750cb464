"""Tables that find the service of a request by the names in it. No model is loaded for that.

`python -m fogbank.wire.index` generates data/index.json from all of botocore's models. Run it after an upgrade of
botocore; tests/protocol/test_index.py fails if the file is out of date.
"""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path

import msgspec

_FILE = Path(__file__).parent / "data" / "index.json"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One service's names."""

    id: str  # serviceId: "Lambda"
    signing: str  # in the credential scope: "lambda"
    endpoint: str  # the first label of the host: "lambda"
    version: str  # "2015-03-31"
    protocols: tuple[str, ...]  # the first is preferred
    target: str = ""  # the part before the dot of X-Amz-Target, and in /service/…/operation/… of CBOR
    actions: tuple[str, ...] = ()  # the operations; only for services with the query protocol
    full_name: str = ""


class Index(msgspec.Struct, frozen=True, dict=True):
    """The tables. `made_by` says how to generate the file, `botocore` from which version it was generated."""

    made_by: str
    botocore: str
    services: dict[str, Entry]

    def _group(self, key: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, entry in self.services.items():
            value = getattr(entry, key)
            if value:
                found.setdefault(value, []).append(name)
        return {value: tuple(names) for value, names in found.items()}

    @cached_property
    def by_target(self) -> dict[str, tuple[str, ...]]:
        """X-Amz-Target prefix -> services (only a few prefixes are shared)."""
        return self._group("target")

    @cached_property
    def by_signing(self) -> dict[str, tuple[str, ...]]:
        """Signing name -> services."""
        return self._group("signing")

    @cached_property
    def by_endpoint(self) -> dict[str, tuple[str, ...]]:
        """Endpoint prefix (first label of the host) -> services."""
        return self._group("endpoint")

    @cached_property
    def by_version(self) -> dict[str, tuple[str, ...]]:
        """API version -> services with the query protocol."""
        found: dict[str, list[str]] = {}
        for name, entry in self.services.items():
            if entry.actions:
                found.setdefault(entry.version, []).append(name)
        return {version: tuple(names) for version, names in found.items()}

    @cached_property
    def _actions(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(entry.actions) for name, entry in self.services.items() if entry.actions}

    def by_action(self, version: str, action: str) -> tuple[str, ...]:
        """The query services that have this action, and this API version if it is given."""
        names = self.by_version.get(version, ()) if version else tuple(self._actions)
        return tuple(name for name in names if action in self._actions[name])


@cache
def table() -> Index:
    """The tables, read once."""
    return msgspec.json.decode(_FILE.read_bytes(), type=Index)


def signed_as(name: str) -> tuple[str, ...]:
    """The services with this signing name or endpoint prefix."""
    found = table()
    return tuple(dict.fromkeys((*found.by_signing.get(name, ()), *found.by_endpoint.get(name, ()))))


def generate() -> Index:
    """Generate the tables from all models. Takes seconds."""
    from importlib.metadata import version

    from . import models

    services = {}
    for name in models.names():
        model = models.load(name)
        query = any(protocol in ("query", "ec2") for protocol in model.protocols)
        services[name] = Entry(
            id=model.service_id,
            signing=model.signing_name,
            endpoint=model.endpoint_prefix,
            version=model.api_version,
            protocols=model.protocols,
            target=model.target_prefix,
            actions=tuple(model.operations) if query else (),
            full_name=model.metadata.service_full_name,
        )
    return Index("python -m fogbank.wire.index", version("botocore"), services)


def main() -> None:
    """Write data/index.json."""
    index = generate()
    _FILE.write_bytes(msgspec.json.format(msgspec.json.encode(index), indent=0) + b"\n")
    import sys

    sys.stdout.write(f"{_FILE.name}: {len(index.services)} services\n")


if __name__ == "__main__":
    main()
