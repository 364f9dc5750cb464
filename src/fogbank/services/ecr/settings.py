"""What a private registry keeps beside its repositories. Each record is of an account in a region."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Reader, Record, Table

SETTINGS = {  # the account settings, and their values in a new account
    "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE",
    "REGISTRY_POLICY_SCOPE": "V2",
    "BLOB_MOUNTING": "DISABLED",
}
VALUES = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2",),
    "BLOB_MOUNTING": ("ENABLED", "DISABLED"),
}
BASIC: dict[str, Any] = {"scanType": "BASIC", "rules": []}  # of a registry whose scanning nobody has configured


class Registry(Record):
    """The settings of a registry. `catalog` is what a public registry shows of itself."""

    account: str
    region: str
    policy: str | None = None
    replication: list[dict[str, Any]] = []
    scanning: dict[str, Any] | None = None
    signing: dict[str, Any] | None = None
    settings: dict[str, str] = {}
    exclusions: dict[str, float] = {}  # principals whose pulls are not recorded, and since when
    display_name: str = ""


class CacheRule(Record):
    """A pull through cache rule."""

    account: str
    region: str
    prefix: str
    url: str
    upstream: str
    created: float
    updated: float
    credential: str | None = None
    role: str | None = None
    upstream_prefix: str | None = None  # what stands for the prefix upstream; None, or ROOT: nothing


class Template(Record):
    """A repository creation template. `settings` are its members as the API has them."""

    account: str
    region: str
    prefix: str
    settings: dict[str, Any]
    created: float
    updated: float


class Backfill(Record):
    """A replication of the images that a registry has already."""

    account: str
    region: str
    id: str
    destination: dict[str, str]
    status: str
    started: float
    ended: float | None = None
    results: list[dict[str, Any]] = []
    total: int = 0


REGISTRIES = Table("ecr/registry", Registry, key=lambda r: (r.account, r.region))
CACHE_RULES = Table("ecr/cache-rule", CacheRule, key=lambda c: (c.account, c.region, c.prefix))
TEMPLATES = Table("ecr/template", Template, key=lambda t: (t.account, t.region, t.prefix))
BACKFILLS = Table("ecr/backfill", Backfill, key=lambda b: (b.account, b.region, b.id))


def registry_of(tx: Reader, account: str, region: str) -> Registry:
    """The settings of a registry, which every account has in every region."""
    return tx.get(REGISTRIES, (account, region)) or Registry(account=account, region=region)


def setting(registry: Registry, name: str) -> str:
    return registry.settings.get(name, SETTINGS[name])
