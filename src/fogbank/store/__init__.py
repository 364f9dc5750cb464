"""Ordered key-value transactions and blobs. All state of a cloud that must last is kept here."""

from .open import open_blobs, open_store

__all__ = ["open_blobs", "open_store"]
