"""Keys and aliases as they are kept."""

from __future__ import annotations

from fogbank.store.api import Record, Table


class Key(Record):
    """A KMS key. `material` holds its backing keys, oldest first; rotation appends."""

    account: str
    region: str
    id: str
    created: float
    material: list[bytes]
    policy: str
    description: str = ""
    usage: str = "ENCRYPT_DECRYPT"
    spec: str = "SYMMETRIC_DEFAULT"
    manager: str = "CUSTOMER"  # or AWS, for alias/aws/…
    state: str = "Enabled"  # Disabled, PendingDeletion
    deletion: float = 0.0  # when a pending deletion happens
    rotation: bool = False
    rotation_days: int = 365
    rotated: list[float] = []  # when each later backing key was added
    rotates: float = 0.0  # when the next one will be
    multi_region: bool = False
    tags: dict[str, str] = {}


class Alias(Record):
    account: str
    region: str
    name: str  # alias/…
    key_id: str
    created: float
    updated: float


KEYS = Table("kms/key", Key, key=lambda k: (k.account, k.region, k.id))
ALIASES = Table(
    "kms/alias",
    Alias,
    key=lambda a: (a.account, a.region, a.name),
    indexes={"key": lambda a: (a.account, a.region, a.key_id)},
)
