"""The engines' data: DATA/engines/SERVICE/ID, one folder each. Snapshots copy the folders, a reset deletes them."""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDER = "engines"
LOG = "log"  # log.1 is the previous one; snapshots contain neither


def of(data: Path, service: str = "", name: str = "") -> Path:
    return data / FOLDER / service / name


def clear(data: Path, service: str = "") -> None:
    """Delete the data of one service's engines, or of all. None of them may run."""
    shutil.rmtree(of(data, service), ignore_errors=True)


def save(data: Path, to: Path) -> None:
    """Copy the data of all engines to a folder below `to`. No engine may run."""
    if of(data).exists():
        shutil.copytree(of(data), of(to), ignore=shutil.ignore_patterns(LOG, f"{LOG}.*"), copy_function=shutil.copy)


def restore(source: Path, data: Path) -> None:
    """Replace the data of all engines by the copy below `source`, if there is one. No engine may run."""
    clear(data)
    save(source, data)
