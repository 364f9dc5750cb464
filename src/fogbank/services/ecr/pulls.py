"""Records when images were last pulled, except by principals that the registry excludes.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .records import IMAGES, Image
from .settings import registry_of

EVERY = 60.0  # seconds between two recorded pulls, so that most pulls write nothing


def record(tx: Transaction, ctx: Context, image: Image) -> None:
    kept = tx.get(IMAGES, IMAGES.key(image))
    if kept is None or (kept.pulled is not None and ctx.now() - kept.pulled < EVERY):
        return
    excluded = registry_of(tx, image.account, image.region).exclusions
    if ctx.principal.identity_arn not in excluded:
        kept.pulled = ctx.now()
        tx.put(IMAGES, kept)
