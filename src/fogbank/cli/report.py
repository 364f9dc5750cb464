"""Tables for people."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.table import Table


def show_coverage(found: dict[str, dict[str, Any]], service: str) -> None:
    console = Console()
    if service:
        table = Table("operation", "fidelity", title=f"{service}: {len(found[service]['operations'])} of "
                                                     f"{found[service]['of']} operations")  # fmt: skip
        for name, fidelity in found[service]["operations"].items():
            table.add_row(name, fidelity)
        console.print(table)
        return
    table = Table("service", "real", "recorded", "of", "CloudFormation types")
    for name, entry in found.items():
        kinds = list(entry["operations"].values())
        types = ", ".join(t.removeprefix("AWS::") for t in entry["resource_types"])
        table.add_row(name, str(kinds.count("real")), str(kinds.count("recorded")), str(entry["of"]), types)
    console.print(table)


def show_hops(hops: list[dict[str, Any]], request_id: str) -> None:
    table = Table("at", "call", "who", "outcome", "id")
    for hop in hops:
        at = time.strftime("%H:%M:%S", time.gmtime(hop["at"]))
        failed = f"[red]{hop['error']}[/red] {hop['message']}" if hop["error"] else f"{hop['status']} {hop['fidelity']}"
        mark = "[bold]" if hop["id"] == request_id else ""
        table.add_row(at, f"{mark}{hop['service']}:{hop['operation']}", hop["principal"], failed, hop["id"])
    Console().print(table)


def show_jobs(found: dict[str, list[dict[str, Any]]]) -> None:
    table = Table("state", "kind", "account", "due", "tries", "error")
    for state, jobs in found.items():
        for job in jobs:
            due = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(job["due_ms"] / 1000))
            table.add_row(state, job["kind"], job["account"], due, str(job["attempts"]), job["error"])
    Console().print(table)


def show_snapshots(found: list[dict[str, Any]]) -> None:
    table = Table("name", "saved", "size")
    for entry in found:
        saved = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["saved"]))
        table.add_row(entry["name"], saved, f"{entry['bytes'] / 1e6:.1f} MB")
    Console().print(table)
