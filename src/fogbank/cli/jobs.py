"""`fogbank jobs`: lists pending and failed jobs, and retries failed ones."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import client
from .options import Json, Port
from .output import emit, fail, guarded


class ListUnlessTold(TyperGroup):
    """A command group whose default is `list`: `fogbank jobs --failed` is `fogbank jobs list --failed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


jobs_app = typer.Typer(cls=ListUnlessTold, help="List the work that is still to come or failed; try it again.")


@jobs_app.command("list")
@guarded
def jobs_list(
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed.")] = False,
    port: Port = 4566,
    as_json: Json = False,
) -> None:
    """What is still to run, and what used up its tries or cannot be read. The same as `fogbank jobs`."""
    from .report import show_jobs

    found = client.call(port, "GET", "jobs")
    if failed:
        found = {"failed": found["failed"]}
    emit(found, as_json, lambda: show_jobs(found))


@jobs_app.command("retry")
@guarded
def jobs_retry(
    job_id: Annotated[str, typer.Argument(help="The id of a failed job, as the list shows it.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every job that failed.")] = False,
    port: Port = 4566,
    as_json: Json = False,
) -> None:
    """Run a failed job again, now, with all its tries."""
    if everything == bool(job_id):
        fail("say which job: `fogbank jobs retry ID`, or `--all`; `fogbank jobs --failed` lists them", 2)
    answer = client.call(port, "POST", "jobs", {"retry_all": True} if everything else {"retry": job_id})
    retried = answer["retrying"] if everything else [answer["retrying"]]
    said = f"Retrying {', '.join(retried)}." if len(retried) == 1 else f"Retrying {len(retried)} jobs."
    emit(answer, as_json, lambda: typer.echo(said if retried else "No job failed that could run again."))
