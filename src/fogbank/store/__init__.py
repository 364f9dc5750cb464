"""Ordered key-value transactions and blobs: the only place where anything is kept."""

from .open import open_blobs, open_store

__all__ = ["open_blobs", "open_store"]
