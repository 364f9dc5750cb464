"""Repository creation templates: the settings of repositories that a push, a cached pull or a replication creates.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import creation, expiry
from .names import Place
from .records import REPOSITORIES, Repository
from .settings import TEMPLATES, Template

ROOT = "ROOT"


def applying(tx: Reader, place: Place, scenario: str) -> Template | None:
    """The template with the longest prefix of a name, of those for a scenario; ROOT's has the shortest."""
    found = None
    for template in tx.scan(TEMPLATES, place[:2]):
        prefix = "" if template.prefix == ROOT else template.prefix.rstrip("/") + "/"
        fits = place.name.startswith(prefix) and scenario in template.settings["appliedFor"]
        if fits and (found is None or found.prefix == ROOT or len(template.prefix) > len(found.prefix)):
            found = template if template.prefix != ROOT or found is None else found
    return found


def create(tx: Transaction, ctx: Context, place: Place, scenario: str) -> Repository:
    """Create a repository with the settings of its template, or with the defaults if there is none."""
    template = applying(tx, place, scenario)
    settings: dict[str, Any] = template.settings if template is not None else {}
    made = creation.new(ctx, place, settings, creation.read_tags(settings.get("resourceTags") or ()))
    made.policy = settings.get("repositoryPolicy") or None
    made.lifecycle = settings.get("lifecyclePolicy") or None
    if made.lifecycle is not None:
        expiry.start(tx, ctx, made)
    tx.put(REPOSITORIES, made)
    return made
