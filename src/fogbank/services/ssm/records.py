"""The stored form of parameters: the current state in one table, every version in another."""

from __future__ import annotations

from fogbank.store.api import Record, Table


class Parameter(Record):
    """A parameter's current version. `value` of a SecureString is KMS ciphertext in base64."""

    account: str
    region: str
    name: str
    type: str
    value: str
    version: int
    modified: float  # epoch seconds
    user: str  # ARN of the last writer
    tier: str = "Standard"
    data_type: str = "text"
    description: str = ""
    allowed_pattern: str = ""
    key_id: str = ""
    policies: str = ""
    labels: list[str] = []
    tags: dict[str, str] = {}


PARAMETERS = Table("ssm/parameter", Parameter, key=lambda p: (p.account, p.region, p.name))
VERSIONS = Table("ssm/version", Parameter, key=lambda p: (p.account, p.region, p.name, p.version))
