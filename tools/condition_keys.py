"""Write into docs/differences which condition keys Fogbank does not supply; `--check` only compares.

make coverage
"""

from __future__ import annotations

import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from fogbank.auth import published
from fogbank.core import services

PAGES = Path(__file__).parents[1] / "docs" / "differences"
BEGIN, END = "<!-- condition keys -->\n", "<!-- /condition keys -->\n"
HEAD = """
## Condition keys that are not supplied

AWS supplies them for actions that are built here. A policy whose effect depends on one denies the call; the answer's
`x-fogbank-hint` names it. (Generated from AWS's Service Authorization Reference.)

"""


def lacking(service: str) -> dict[str, set[str]]:
    """The keys that are not supplied, and the actions that have them in AWS."""
    found = defaultdict(set)
    loaded = services.load(service)
    for operation in loaded.operations.values() if loaded is not None else ():
        action = published.iam_action(operation.action)
        for key in published.lacking(action):
            found[key].add(action.partition(":")[2])
    return found


def section(service: str) -> str:
    """What the page says; empty where nothing is lacking."""
    found = lacking(service)
    if not found:
        return ""
    spelled = {published.plain(key): key for key in published.of_prefix(published.iam_action(f"{service}:")[:-1]).keys}
    lines = []
    for key, actions in sorted(found.items()):
        named = ", ".join(sorted(actions)) if len(actions) <= 4 else f"{len(actions)} actions"
        text = f"- `{spelled.get(key, key)}`: {named}."
        lines += textwrap.wrap(text, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return BEGIN + HEAD + "\n".join(lines) + "\n" + END


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that there is, as it should be."""
    for service in services.built():
        path = PAGES / f"{service}.md"
        if path.exists():
            before = path.read_text().partition(BEGIN)[0].rstrip("\n") + "\n"
            shown = section(service)
            yield path, f"{before}\n{shown}" if shown else before


def main() -> int:
    """0, or 1 when `--check` found something out of date."""
    stale = {path: text for path, text in pages() if path.read_text() != text}
    for path, text in stale.items():
        if "--check" in sys.argv[1:]:
            print(f"{path.name} is out of date: make coverage")
        else:
            path.write_text(text)
            print(f"wrote {path.name}")
    return bool(stale) if "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
