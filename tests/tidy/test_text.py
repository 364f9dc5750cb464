"""What no tracked file may say."""

from __future__ import annotations

import json
import re
from pathlib import Path

MACHINE = re.compile(r"(?<![\w.~/-])/(?:work|root|home/\w+)/[\w.]+")
REGISTRY = re.compile(r"(?i)\b(?:https?://)[\w.-]*(?:artifactory|nexus|jfrog|registry\.npmjs|pypi\.org/simple|"
                      r"files\.pythonhosted|codeartifact)[\w.-]*")  # fmt: skip
ALLOWED = {  # file: what of it looks like one and is not
    "tests/tidy/test_text.py": "the patterns themselves",
}
BINARY = {".gz", ".ico", ".jpg", ".png", ".woff2", ".zip"}


def test_no_path_of_a_machine_and_no_registry(house):
    wrong = []
    for path in house.files:
        if path.suffix in BINARY or str(path) in ALLOWED:
            continue
        for number, line in enumerate(_lines(house, path), 1):
            for pattern in (MACHINE, REGISTRY):
                if match := pattern.search(line):
                    wrong.append(f"{path}:{number} {match[0]}")
    assert not wrong, "\n".join(wrong[:50])


def _lines(house, path: Path) -> list[str]:
    try:
        return house.text(path).splitlines()
    except UnicodeDecodeError:
        return []


def test_lock_files_have_hashes_and_no_index(house):
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = house.text(name)
        assert "index-url" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#", "--"))]
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
        assert all("==" in pin for pin in pins)
    packages = json.loads(house.text("tests/npm/package-lock.json"))["packages"]
    assert all("resolved" not in entry for entry in packages.values())
    own = [entry for name, entry in packages.items() if name and not entry.get("inBundle")]  # others lie in one
    assert all("integrity" in entry for entry in own)


def test_text_ends_in_one_newline_and_has_no_tabs_or_trailing_space(house):
    wrong = []
    for path in house.files:
        if path.suffix not in (".py", ".md", ".toml", ".yaml", ".yml"):
            continue
        text = house.text(path)
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            wrong.append(f"{path}: its end")
        if path.suffix == ".py" and re.search(r"[ \t]+$", text, re.M):
            wrong.append(f"{path}: trailing space")
    assert not wrong
