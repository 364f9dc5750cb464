"""Finds the folder of botocore's data files: service models, partitions, endpoints. botocore is never imported."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path


@cache
def root() -> Path:
    """Raises RuntimeError where botocore is not installed."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("botocore's data files are missing: pip install botocore")
    return Path(next(iter(spec.submodule_search_locations))) / "data"
