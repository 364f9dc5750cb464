"""What engines keep: DATA/engines/SERVICE/ID, a folder for each. Snapshots copy them, a reset deletes them."""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDER = "engines"
LOG = "log"  # and log.1, the one before: in no snapshot


def of(data: Path, service: str = "", name: str = "") -> Path:
    return data / FOLDER / service / name


def clear(data: Path, service: str = "") -> None:
    """Delete what the engines of a service kept, or of all. None of them may run."""
    shutil.rmtree(of(data, service), ignore_errors=True)


def save(data: Path, to: Path) -> None:
    """Copy all of it below `to`. No engine may run."""
    if of(data).exists():
        shutil.copytree(of(data), of(to), ignore=shutil.ignore_patterns(LOG, f"{LOG}.*"), copy_function=shutil.copy)


def restore(source: Path, data: Path) -> None:
    """Replace all of it by what was saved below `source`, which may be nothing. No engine may run."""
    clear(data)
    save(source, data)
