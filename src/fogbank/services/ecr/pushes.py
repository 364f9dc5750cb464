"""What follows when an image was pushed or deleted: its replication. Public registries do not replicate."""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from . import replication
from .records import Image, Repository


def follow(tx: Transaction, ctx: Context, found: Repository, image: Image) -> None:
    """After a push."""
    if found.region:
        replication.begin(tx, ctx, found, image)


def forget(tx: Transaction, ctx: Context, found: Repository, gone: list[dict[str, str]]) -> None:
    """After a deletion of images or tags, by their imageIds."""
    if found.region:
        replication.begin_deletion(tx, ctx, found, gone)
