"""CloudTrail's stored records. The audit stores the events."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Trail(Record):
    """A trail. `region` is its home. Times are epoch seconds; `status` has members of GetTrailStatus."""

    account: str
    region: str
    name: str
    bucket: str
    prefix: str = ""
    topic_arn: str = ""
    global_events: bool = True
    multi_region: bool = False
    validation: bool = False
    group_arn: str = ""
    role_arn: str = ""
    kms_key: str = ""
    organization: bool = False
    tags: dict[str, str] = {}
    selectors: list[dict[str, Any]] = []
    advanced: list[dict[str, Any]] = []
    insights: list[dict[str, Any]] = []
    created: float = 0.0
    logging: bool = False
    started: float = 0.0
    stopped: float = 0.0
    status: dict[str, Any] = {}


class LogFile(Record):
    """A log file that no digest file names yet."""

    bucket: str
    key: str
    sha256: str  # of the uncompressed content, hexadecimal
    oldest: float
    newest: float


class Progress(Record):
    """How far a trail was delivered in one region: `until_us` is the time of the first undelivered event."""

    account: str
    home: str
    name: str
    region: str
    until_us: int = 0
    files: list[LogFile] = []
    digest_end: float = 0.0  # of the last digest file
    digest_bucket: str = ""
    digest_key: str = ""
    digest_sha256: str = ""
    digest_signature: str = ""


class SigningKey(Record):
    """A key pair for digest files; `private` is PKCS #8, `public` PKCS #1, both DER."""

    region: str
    begins: float
    ends: float
    fingerprint: str
    private: bytes
    public: bytes


class DataStore(Record):
    """An event data store. Only recorded: it receives no events."""

    account: str
    region: str
    id: str
    name: str
    settings: dict[str, Any]
    created: float
    updated: float
    status: str = "ENABLED"
    tags: dict[str, str] = {}


TRAILS = Table("cloudtrail/trail", Trail, key=lambda t: (t.account, t.region, t.name))
PROGRESS = Table("cloudtrail/progress", Progress, key=lambda p: (p.account, p.home, p.name, p.region))
KEYS = Table("cloudtrail/key", SigningKey, key=lambda k: (k.region, int(k.begins), k.fingerprint))
STORES = Table("cloudtrail/store", DataStore, key=lambda s: (s.account, s.region, s.id))
