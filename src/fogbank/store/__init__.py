"""Ordered key-value transactions and blobs: the only place where anything is kept."""
