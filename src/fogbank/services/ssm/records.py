"""The stored form of parameters: the current state in one table, every version in another."""

from __future__ import annotations

from fogbank.store.api import Record, Table


def bare(name: str) -> str:
    """The name as keys have it: `/a` and `a` are one parameter, with one ARN. Deeper names keep their slash."""
    return name[1:] if name.startswith("/") and name.count("/") == 1 else name


class Parameter(Record):
    """A parameter's current version, or an earlier one.

    `value` of a SecureString is ciphertext in base64: KMS's own of a standard parameter, an envelope of an advanced
    one. `labels` are those of this version. `shared` are the resource policies by id; the current version has them.
    """

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
    policies: str = ""  # JSON, as it was put
    labels: list[str] = []
    tags: dict[str, str] = {}
    envelope: bool = False
    shared: dict[str, str] = {}


class Setting(Record):
    """A service setting that was changed."""

    account: str
    region: str
    id: str
    value: str
    modified: float
    user: str


PARAMETERS = Table(
    "ssm/parameter",
    Parameter,
    key=lambda p: (p.account, p.region, bare(p.name)),
    indexes={"shared": lambda p: (p.region, p.account, p.name) if p.shared else None},
)
VERSIONS = Table("ssm/version", Parameter, key=lambda p: (p.account, p.region, bare(p.name), p.version))
SETTINGS = Table("ssm/setting", Setting, key=lambda s: (s.account, s.region, s.id))
