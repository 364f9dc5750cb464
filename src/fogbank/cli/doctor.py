"""`fogbank doctor`: shows what this machine lacks, for which service, and the command that installs it.

`fogbank doctor STACK` lists what Fogbank only keeps of a CloudFormation stack: resources, and properties of some.
"""

from __future__ import annotations

import importlib.util
import shutil
from types import SimpleNamespace
from typing import Any, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .engines import known

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def examine() -> list[dict[str, Any]]:
    """One entry per thing that a service needs: name, for, ok, found, install."""
    entries: list[dict[str, Any]] = []

    def add(name: str, needed_for: str, found: str, install: str) -> None:
        entries.append({"name": name, "for": needed_for, "ok": bool(found), "found": found, "install": install})

    interpreters = _interpreters()
    pythons, nodes = interpreters.found("python"), interpreters.found("nodejs")
    for version in PYTHONS:
        path = pythons.get(tuple(map(int, version.split("."))), "")
        add(f"python{version}", f"Lambda runtime python{version} (else the nearest)", path,
            f"apt install python{version}, or uv python install {version}")  # fmt: skip
    have = ", ".join(f"{'.'.join(map(str, number))} ({path})" for number, path in sorted(nodes.items()))
    add("node", "Lambda runtimes nodejs* (each on the nearest)", have, "apt install nodejs")
    boto3 = importlib.util.find_spec("boto3")
    add("boto3", "Python functions that use it, as on AWS", boto3.origin or "" if boto3 else "", "pip install boto3")
    add("aws", "fogbank demo, and the tour of the README", shutil.which("aws") or "", "pip install awscli")
    psycopg = importlib.util.find_spec("psycopg")
    add("psycopg", "--store postgresql://…", psycopg.origin or "" if psycopg else "", "pip install 'fogbank[postgres]'")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
    add("chromium", "the browser test of this repository", chromium, "apt install chromium")
    for engine in known():
        add(engine["name"], engine["for"], engine["path"], engine["install"])
    return entries


def _interpreters() -> Any:
    """The interpreters that Lambda would run functions with, found in the same way."""
    from fogbank.core.settings import Settings
    from fogbank.services.lambda_.runtimes import Interpreters

    return Interpreters(cast("Any", SimpleNamespace(settings=Settings())))


def show(entries: list[dict[str, Any]]) -> None:
    table = Table("", "needs", "for", "found / install with")
    for entry in entries:
        mark = "[green]✓[/green]" if entry["ok"] else "[yellow]–[/yellow]"
        table.add_row(mark, entry["name"], entry["for"], escape(entry["found"] or entry["install"]))
    Console().print(table)


def show_recorded(stack: str, kept: list[dict[str, Any]]) -> None:
    if not kept:
        Console().print(f"Everything in {escape(stack)} is real: no resource or property is only recorded.")
        return
    table = Table("resource", "type", "what")
    for entry in kept:
        table.add_row(escape(entry["name"]), entry["type"], escape(entry["reason"]))
    Console().print(table)
