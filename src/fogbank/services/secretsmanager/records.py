"""Secrets, their versions, and the encrypted values."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.store.api import Record, Table

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"


class Version(msgspec.Struct):
    """A version. It has no value between the start of a rotation and the first PutSecretValue."""

    id: str
    created: float
    stages: list[str] = []
    accessed: float = 0.0  # midnight of the day of the last GetSecretValue
    filled: bool = False  # whether it has a value
    key_id: str = ""  # the KMS key of the value; empty for the AWS managed key


class Replica(msgspec.Struct):
    """A replica in another region, as its primary knows it."""

    region: str
    key_id: str = ""
    status: str = "InProgress"
    message: str = ""


class Secret(Record):
    """A secret. Dates are in epoch seconds, 0 where there is none. `versions` are in the order of their creation."""

    account: str
    region: str
    name: str
    suffix: str  # the six random characters at the end of the ARN
    created: float
    changed: float
    description: str = ""
    key_id: str = ""  # as the request named it; empty for the AWS managed key
    policy: str = ""
    tags: dict[str, str] = {}
    versions: list[Version] = []
    accessed: float = 0.0
    deleted: float = 0.0  # when the waiting period ends
    owner: str = ""  # the service that manages it
    primary: str = ""  # the region of the primary, if it is or was replicated
    replicas: list[Replica] = []
    function: str = ""  # the ARN of the rotation function
    rules: dict[str, Any] = {}  # RotationRules
    rotating: bool = False  # whether rotation is enabled
    rotated: float = 0.0
    opens: float = 0.0  # when the next rotation window opens
    closes: float = 0.0
    external: dict[str, Any] = {}  # Type and the settings of managed external secrets

    @property
    def is_replica(self) -> bool:
        return bool(self.primary) and self.primary != self.region


class Value(Record):
    """The encrypted value of a version: AES-GCM under a data key, which is encrypted by KMS."""

    account: str
    region: str
    secret: str
    version: str
    text: bool
    wrapped: bytes
    nonce: bytes
    sealed: bytes
    digest: bytes  # tells whether another value is the same


SECRETS = Table("secretsmanager/secret", Secret, key=lambda s: (s.account, s.region, s.name))
VALUES = Table("secretsmanager/value", Value, key=lambda v: (v.account, v.region, v.secret, v.version))
