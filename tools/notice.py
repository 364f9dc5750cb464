"""Write NOTICE: the licences of what `pip install fogbank` installs, read from the packages of requirements.lock.

python tools/notice.py           (in an environment that holds them: `make lock` does it)
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """Fogbank
Copyright the Fogbank authors.

Licensed under the Apache License, Version 2.0 (see LICENSE).

Fogbank's wheel contains tables derived from the AWS service models of botocore (Apache-2.0, Copyright Amazon.com,
Inc. or its affiliates). It installs these packages, each under its own licence, unmodified:

"""
# one word for what packages of old write as prose
WORDS = {"BSD License": "BSD", "MIT License": "MIT", "Apache Software License": "Apache-2.0",
         "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
         "Apache License 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0"}  # fmt: skip


def licence(name: str) -> str:
    """The licence that a package declares. Raises PackageNotFoundError."""
    told = metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return str(expression)
    classes = [c.split(" :: ")[-1] for c in told.get_all("Classifier") or () if c.startswith("License :: OSI Approved")]
    named = [WORDS.get(word, word) for word in classes if word != "License :: OSI Approved"]
    stated = (told.get("License") or "").strip().splitlines()
    return " / ".join(named) or (WORDS.get(stated[0], stated[0]) if stated else "see the package")


def text() -> str:
    """The whole of NOTICE. Packages of other platforms, which are not here, are left to their own metadata."""
    lines = []
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", line):
            try:
                lines.append(f"  {pin[1]}: {licence(pin[1])}\n")
            except metadata.PackageNotFoundError:
                lines.append(f"  {pin[1]}: see the package (not installed on the platform this was made on)\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    (ROOT / "NOTICE").write_text(text())
