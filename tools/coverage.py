"""Write docs/coverage.md and the table of services in README.md from what the code declares; `--check` only compares.

make coverage
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fogbank.gateway.control import coverage
from fogbank.wire import index

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- services -->\n", "<!-- /services -->"
HEAD = """# Coverage

Generated from the code by `make coverage`; a test holds it to that. An operation is **real** (the thing happens) or
**recorded** (it is kept and returned, and nothing else happens); any other one answers NotImplemented with its name.
Where a built operation is unlike AWS, `docs/differences/` says so.

"""


def _kinds(entry: dict[str, Any], fidelity: str) -> list[str]:
    return [name for name, kind in entry["operations"].items() if kind == fidelity]


def table(found: dict[str, dict[str, Any]]) -> str:
    """The services, one a line, as Markdown."""
    rows = [
        f"| {name} | {len(_kinds(entry, 'real'))} | {len(_kinds(entry, 'recorded'))} | {entry['of']} |\n"
        for name, entry in found.items()
    ]
    return "| service | real | recorded | of |\n| --- | --- | --- | --- |\n" + "".join(rows)


def page(found: dict[str, dict[str, Any]]) -> str:
    """docs/coverage.md."""
    names = index.table().services
    parts = [HEAD, table(found)]
    for name, entry in found.items():
        parts.append(f"\n## {name}: {names[name].full_name}\n")
        for title, shown in (
            ("Real", _kinds(entry, "real")),
            ("Recorded", _kinds(entry, "recorded")),
            ("Not built", entry["not_built"]),
            ("CloudFormation", entry["resource_types"]),
        ):
            if shown:
                parts.append(f"\n{title} ({len(shown)}): {', '.join(shown)}.\n")
    return "".join(parts)


def readme(text: str, found: dict[str, dict[str, Any]]) -> str:
    """README.md with its table brought up to date."""
    before, rest = text.split(BEGIN, 1)
    return before + BEGIN + table(found) + END + rest.split(END, 1)[1]


def main() -> int:
    """0, or 1 when `--check` found something out of date."""
    found = coverage()
    front = ROOT / "README.md"
    wanted = {ROOT / "docs" / "coverage.md": page(found), front: readme(front.read_text(), found)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: make coverage")
        return bool(stale)
    for path in stale:
        path.write_text(wanted[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
