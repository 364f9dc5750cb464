"""Tables for people."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table


def show_coverage(found: dict[str, dict[str, Any]], service: str) -> None:
    console = Console()
    if service:
        table = Table("operation", "fidelity", title=f"{service}: {len(found[service]['operations'])} of "
                                                     f"{found[service]['of']} operations")  # fmt: skip
        for name, fidelity in found[service]["operations"].items():
            table.add_row(name, fidelity)
        if not found[service]["operations"]:
            console.print(f"Fogbank has not built {service}: none of its {found[service]['of']} operations.")
            return
        console.print(table)
        return
    table = Table("service", "real", "recorded", "of", "CloudFormation types")
    for name, entry in found.items():
        kinds = list(entry["operations"].values())
        types = ", ".join(t.removeprefix("AWS::") for t in entry["resource_types"])
        table.add_row(name, str(kinds.count("real")), str(kinds.count("recorded")), str(entry["of"]), types)
    console.print(table)


def show_hops(hops: list[dict[str, Any]], request_id: str) -> None:
    """Print hops as a table. The caller's ARN is below its call, since it does not fit beside the ids."""
    table = Table(
        Column("at", no_wrap=True, min_width=8),
        Column("call", overflow="fold"),
        _ids(hop["id"] for hop in hops),
        show_lines=True,
    )
    for hop in hops:
        at = time.strftime("%H:%M:%S", time.gmtime(hop["at"]))
        message = escape(hop["message"])
        outcome = f"[red]{hop['error']}[/red] {message}" if hop["error"] else f"{hop['status']} {hop['fidelity']}"
        call = f"{hop['service']}:{hop['operation']}"
        shown = f"[bold]{call}[/bold]" if hop["id"] == request_id else call
        table.add_row(at, f"{shown}: {outcome}\nby {escape(hop['principal'])}", hop["id"])
    Console().print(table)


def show_jobs(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print jobs as a table, with the error of a failed job below it."""
    if not any(found.values()):
        typer.echo("No job is to come, and none failed." if "pending" in found else "No job failed.")
        return
    table = Table("state", _ids(job["id"] for jobs in found.values() for job in jobs), "job", show_lines=True)
    for state, jobs in found.items():
        for job in jobs:
            due = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(job["due_ms"] / 1000))
            what = f"{job['kind']} of {job['account']}, due {due}" if job["kind"] else f"due {due}"
            tries = f", {job['attempts']} tries" if job["attempts"] else ""
            table.add_row(state, job["id"], what + tries + escape(f"\n{job['error']}" if job["error"] else ""))
    Console().print(table)


def _ids(ids: Iterable[str]) -> Column:
    """A column of ids, which are never truncated, so that users can copy them."""
    return Column("id", no_wrap=True, min_width=max(map(len, ids), default=0))


def show_snapshots(found: list[dict[str, Any]]) -> None:
    if not found:
        typer.echo("No snapshots yet: `fogbank snapshot save NAME` makes one.")
        return
    table = Table("name", "saved", "size")
    for entry in found:
        saved = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["saved"]))
        table.add_row(
            entry["name"], saved, f"{entry['bytes'] / 1e6:.1f} MB" + (", damaged" if entry["damaged"] else "")
        )
    Console().print(table)
    for entry in found:
        if entry["damaged"]:
            typer.echo(
                f"The description of {entry['name']} is damaged: {entry['damaged']}. `fogbank snapshot load "
                f"{entry['name']}` tries what its files say, `fogbank snapshot rm {entry['name']}` deletes it."
            )


def show_engines(programs: list[dict[str, Any]], running: list[dict[str, Any]]) -> None:
    table = Table("program", "for", "found / install with")
    for entry in programs:
        where = f"{entry['path']} ({entry['source']})" if entry["path"] else entry["install"]
        table.add_row(entry["name"], entry["for"], where)
    Console().print(table)
    if running:
        table = Table("running", "program", "process", "log")
        for one in running:
            table.add_row(one["name"], one["engine"], str(one["pid"]), one["log"])
        Console().print(table)
