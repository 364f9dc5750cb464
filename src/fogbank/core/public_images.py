"""The ids of the machine images that AWS publishes: made up, but the same for a name and region wherever it is asked.

A name is that of a public parameter of Systems Manager, without /aws/service/.
"""

from __future__ import annotations

import hashlib

SAME = (
    ("al2023-ami-kernel-default-", "al2023-ami-kernel-6.1-"),
    ("al2023-ami-minimal-kernel-default-", "al2023-ami-minimal-kernel-6.1-"),
)


def image_id(region: str, name: str) -> str:
    """The id of a public image. The default kernel of Amazon Linux 2023 is 6.1, so both names mean one image."""
    for alias, meant in SAME:
        name = name.replace(alias, meant)
    return f"ami-0{_digits(region, name)}"


def snapshot_id(region: str, name: str, device: str) -> str:
    """The id of the snapshot of one device of a public image."""
    return f"snap-0{_digits(region, f'{name}#{device}')}"


def _digits(region: str, name: str) -> str:
    return hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:16]
