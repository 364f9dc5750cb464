"""Basic scanning. A scan is recorded, and says that no findings are available: Fogbank has no vulnerability data.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import wildcards
from fogbank.store.api import Reader

from .records import Image, Repository
from .settings import registry_of

STATUS = "FINDINGS_UNAVAILABLE"
WHY = "Fogbank does not scan images: it has no vulnerability data."


def record(image: Image, now: float) -> None:
    image.scan = {"status": STATUS, "at": now}


def status(image: Image) -> dict[str, Any]:
    return {"status": STATUS, "description": WHY}


def rule_of(tx: Reader, repository: Repository) -> dict[str, Any] | None:
    """The first rule of the registry's scanning configuration that selects a repository."""
    for rule in (registry_of(tx, repository.account, repository.region).scanning or {}).get("rules") or ():
        for each in rule.get("repositoryFilters") or ():
            if selects(each["filter"], repository.name):
                return dict(rule)
    return None


def selects(text: str, name: str) -> bool:
    """Whether a WILDCARD filter selects a name. Without a wildcard it selects the names that contain it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
    """
    return bool(wildcards.compile(text if "*" in text else f"*{text}*", one=False)(name))


def on_push(tx: Reader, repository: Repository) -> bool:
    rule = rule_of(tx, repository)
    return repository.scan_on_push or (rule is not None and rule["scanFrequency"] != "MANUAL")
