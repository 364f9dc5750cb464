"""Every setting there is, with its default. Read from flags, FOGBANK_* variables and fogbank.toml by the cli."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from .reach import Outbound

Auth = Literal["default", "open", "strict"]
Iam = Literal["enforce", "audit", "off"]
Durability = Literal["process", "full"]
Partition = Literal["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"]
Runtimes = Literal["nearest", "exact"]
Secret = Annotated[str, "secret"]  # of such a setting no answer and no message shows the value
DEFAULT_SECRET = "test"  # noqa: S105 - known to everybody
SHORTEST = 8  # characters of a secret of one's own


def reachable(host: str) -> str:
    """The address at which a cloud that listens on `host` is reached from here."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(host, host)  # noqa: S104


def is_well_known(secret: str) -> bool:
    """Whether everybody knows, or could guess, a secret of the root keys: the default, and what is next to none."""
    return secret == DEFAULT_SECRET or len(secret.strip()) < SHORTEST


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of one cloud."""

    host: str = "127.0.0.1"
    port: int = 4566
    data: Path = Path(".fogbank")
    ephemeral: bool = False  # nothing is kept: the memory store, and blobs in a temporary folder
    store: Secret = ""  # a postgresql:// URL for the scale-out store; empty: SQLite in `data`
    auth: Auth = "default"
    iam: Iam = "enforce"
    limits: str = "aws"  # or "off", or a file of quotas (core.quotas)
    durability: Durability = "process"
    runtimes: Runtimes = "nearest"
    outbound: Outbound = "open"  # where the cloud's own requests may go (core.reach)
    init: Path | None = None  # a folder of scripts to run when the cloud is ready
    region: str = "us-east-1"  # where a request that names no region goes
    partition: Partition = "aws"  # one cloud is one partition: only its regions are signed for
    account: str = "000000000000"  # whose root the key `test` is
    secret: Secret = DEFAULT_SECRET  # of the root keys
    expose_test_keys: bool = False  # listen beyond this machine although everybody knows the keys
    domains: tuple[str, ...] = ("localhost", "localhost.localstack.cloud", "amazonaws.com")  # of virtual hosts
    allow_origin: tuple[str, ...] = ()  # whose pages may call with the well-known keys, besides this machine's
    max_body: int = 128 * 1024 * 1024  # bytes of a request that is not streamed
    log_level: str = "info"
