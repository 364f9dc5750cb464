"""All settings with their defaults. The cli reads them from flags, FOGBANK_* variables and fogbank.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from .outbound_policy import Outbound

Auth = Literal["default", "open", "strict"]
Iam = Literal["enforce", "audit", "off"]
Durability = Literal["process", "full"]
Partition = Literal["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"]
Runtimes = Literal["nearest", "exact"]
CfnUnknown = Literal["record", "fail"]
Fetch = Literal["auto", "never"]
Secret = Annotated[str, "secret"]  # a setting whose value must not appear in answers or messages
DEFAULT_SECRET = "test"  # noqa: S105 - known to everybody
SHORTEST = 8  # characters; a shorter secret counts as well known


def reachable(host: str) -> str:
    """The address to connect to from this machine if a cloud listens on `host`."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(host, host)  # noqa: S104


def is_well_known(secret: str) -> bool:
    """Whether a secret of the root keys is known to everybody (the default) or short enough to guess."""
    return secret == DEFAULT_SECRET or len(secret.strip()) < SHORTEST


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of one cloud."""

    host: str = "127.0.0.1"
    port: int = 4566
    data: Path = Path(".fogbank")
    ephemeral: bool = False  # nothing is kept: records in memory, blobs in a temporary folder
    store: Secret = ""  # a postgresql:// URL for the scale-out store; empty: SQLite in `data`
    auth: Auth = "default"
    iam: Iam = "enforce"
    limits: str = "aws"  # or "off", or a file of quotas (core.quotas)
    durability: Durability = "process"
    runtimes: Runtimes = "nearest"
    fetch: Fetch = "auto"  # whether npm fetches the SDK that AWS's Node.js runtimes bring along
    cfn_unknown: CfnUnknown = "record"  # what CloudFormation does with what Fogbank does not have
    outbound: Outbound = "open"  # where the cloud's own requests may go (core.reach)
    init: Path | None = None  # a folder of scripts to run when the cloud is ready
    region: str = "us-east-1"  # the region of requests that name none
    partition: Partition = "aws"  # a cloud has one partition, and requests must be signed for its regions
    account: str = "000000000000"  # the account whose root key is `test`
    secret: Secret = DEFAULT_SECRET  # of the root keys
    expose_test_keys: bool = False  # allow listening to the network with well-known keys
    domains: tuple[str, ...] = ("localhost", "localhost.localstack.cloud", "amazonaws.com")  # of virtual hosts
    allow_origin: tuple[str, ...] = ()  # origins, besides this machine's, whose pages may use the well-known keys
    max_body: int = 128 * 1024 * 1024  # bytes of a request body that is not streamed
    log_level: str = "info"
