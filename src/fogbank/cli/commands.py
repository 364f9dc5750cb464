"""The `fogbank` command. Each subcommand is thin: it calls the control API of a running cloud."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from fogbank import __version__
from fogbank.core import private
from fogbank.core.settings import DEFAULT_SECRET, Settings

from . import client, config, durations, ports, process
from . import env as variables
from .engines import engines_app
from .engines import running as running_engines
from .jobs import jobs_app
from .options import AllowOrigin, Json, Outbound, Port, port_option, typed
from .output import emit, fail, guarded
from .requests import requests

app = typer.Typer(
    name="fogbank",
    help="A whole AWS cloud on one local endpoint: enforced, real, durable, and honest about it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
clock_app = typer.Typer(help="Show and move the cloud's clock.")
snapshot_app = typer.Typer(help="Save and load the whole cloud while it runs.", no_args_is_help=True)
app.add_typer(clock_app, name="clock")
app.add_typer(snapshot_app, name="snapshot")
app.add_typer(jobs_app, name="jobs")
app.add_typer(engines_app, name="engines")
app.command(short_help="The last calls, or calls as they come.")(requests)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"fogbank {__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
@guarded
def up(
    ctx: typer.Context,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Start in the background; return when it answers.")
    ] = False,
    port: Annotated[
        int | None, typer.Option("--port", "-p", help="Port to listen on, 0 for a free one [default: 4566].")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")] = None,
    data: Annotated[Path | None, typer.Option(help="Where everything is kept [default: .fogbank].")] = None,
    ephemeral: Annotated[bool | None, typer.Option("--ephemeral", help="Keep nothing after it stops.")] = None,
    auth: Annotated[
        str | None, typer.Option(help="default, open (any key is root) or strict (issued keys only).")
    ] = None,
    iam: Annotated[str | None, typer.Option(help="enforce, audit (log what would be denied) or off.")] = None,
    partition: Annotated[
        str | None, typer.Option(help="aws, aws-cn, aws-us-gov, …: a cloud is one of them [default: aws].")
    ] = None,
    limits: Annotated[
        str | None, typer.Option(help="aws (quotas and throttles hold), off, or a file of quotas.")
    ] = None,
    durability: Annotated[
        str | None, typer.Option(help="process (survives kill -9) or full (survives a power cut).")
    ] = None,
    runtimes: Annotated[str | None, typer.Option(help="nearest or exact versions of Lambda runtimes.")] = None,
    fetch: Annotated[
        str | None,
        typer.Option(help="auto or never: npm fetches the AWS SDK that Node.js functions name [default: auto]."),
    ] = None,
    cfn_unknown: Annotated[
        str | None, typer.Option(help="record or fail: CloudFormation types that are not built [default: record].")
    ] = None,
    outbound: Outbound = None,
    store: Annotated[str | None, typer.Option(help="A postgresql:// URL: many nodes on one database.")] = None,
    init: Annotated[Path | None, typer.Option(help="A folder of scripts to run when the cloud is ready.")] = None,
    allow_origin: AllowOrigin = None,
    expose_test_keys: Annotated[
        bool | None, typer.Option("--expose-test-keys", help="Let the network use the keys that everybody knows.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the cloud."""
    flags = {
        "port": port, "host": host, "data": data and str(data), "ephemeral": ephemeral, "auth": auth, "iam": iam,
        "limits": limits, "durability": durability, "runtimes": runtimes, "store": store, "init": init and str(init),
        "outbound": outbound, "partition": partition, "expose_test_keys": expose_test_keys,
        "allow_origin": allow_origin or None, "cfn_unknown": cfn_unknown, "fetch": fetch,
    }  # fmt: skip
    settings = config.load(flags, os.environ, Path.cwd())
    for hint in config.hints(os.environ):
        sys.stderr.write(f"fogbank: {hint}\n")
    if settings.port == 0:
        settings = msgspec.structs.replace(settings, port=ports.free(settings.host))
    if detach:
        found, same = _background(settings, ctx.obj)
        emit(found, as_json, lambda: _welcome(found, settings, already=same))
        return
    _foreground(settings, as_json=as_json)


def _foreground(settings: Settings, *, as_json: bool) -> None:
    """Run until it is stopped."""
    process.check_port(settings)
    from fogbank import server

    umask = os.umask(private.OTHERS)  # the cloud's umask; the user's scripts run with the old one

    def ready(endpoint: str) -> None:
        found = {"endpoint": endpoint, "port": settings.port, "data": str(settings.data), "region": settings.region}
        emit(found, as_json, lambda: _welcome(found, settings, already=False, foreground=True))
        if settings.init is not None:  # in a thread beside the server, since the scripts call it
            threading.Thread(target=_init_beside, args=(settings, umask), name="init", daemon=True).start()

    raise typer.Exit(server.run(settings, ready))


def _background(settings: Settings, ready: Any) -> tuple[dict[str, Any], bool]:
    """Start a cloud in the background in the process `ready`. Returns its health, and whether it ran already."""
    running = client.health(settings.port, settings.host)
    if running is None or running["data"] != str(settings.data.absolute()):
        found = process.start(settings, ready)
        if settings.init is not None:
            _run_init(settings)
        return found, False
    if other := process.differences(settings, settings.port):
        sys.stderr.write(
            f"fogbank: the cloud that runs has other settings than these: {other}; "
            f"`fogbank down{port_option(settings.port)}`, then up again, changes them\n"
        )
    return running, True


def _run_init(settings: Settings, umask: int = -1) -> None:
    from .init import run_scripts

    assert settings.init is not None
    found = client.running(settings.port, settings.host)
    _, token = client.owned(settings.port, "GET", "clock", host=settings.host)
    run_scripts(settings.init, variables.variables(found, settings.secret, token), umask)


def _init_beside(settings: Settings, umask: int) -> None:
    """Run the init scripts. If one fails, the cloud in the foreground goes on running, and the user sees the error."""
    from .init import ScriptFailed

    try:
        _run_init(settings, umask)
    except ScriptFailed as error:
        sys.stderr.write(f"fogbank: {error}\n")


def _welcome(found: dict[str, Any], settings: Settings, *, already: bool, foreground: bool = False) -> None:
    """Print the endpoint, the exports, what to try and how to stop."""
    port = found["port"]
    option = port_option(port)
    secret = settings.secret if settings.secret == DEFAULT_SECRET else "$FOGBANK_SECRET"
    given = variables.variables(found, secret)
    command = typed()
    stop = "Ctrl-C" if foreground else f"{command} down{option}"
    sys.stdout.write(
        f"Fogbank {'is already running' if already else 'is up'}: {found['endpoint']}   (data in {found['data']})\n\n"
        + "".join(f"  export {name}={value}\n" for name, value in given.items())
        + "\nTry:\n  aws s3 mb s3://hello && aws s3 ls\n"
        + f"  {command} demo{option}      # a whole application, deployed in front of you\n\nStop: {stop}\n"
    )
    sys.stdout.flush()


@app.command()
@guarded
def down(port: Port = 4566, as_json: Json = False) -> None:
    """Stop the cloud; its data stays."""
    found = process.stop(port)
    emit(
        {"stopped": found is not None, "port": port},
        as_json,
        lambda: typer.echo("Stopped." if found else f"Nothing runs on port {port}."),
    )


@app.command()
@guarded
def status(port: Port = 4566, as_json: Json = False) -> None:
    """Show whether the cloud runs, where, since when, and the state of its background tasks."""
    try:
        found = client.running(port)
    except client.NotRunning as error:
        state = "unknown" if isinstance(error, client.NotFogbank) else "stopped"
        why = f"fogbank: {error}" if state == "unknown" else f"Nothing runs on port {port}."
        emit({"status": state, "port": port, "error": str(error)}, as_json, lambda: typer.echo(why))
        raise typer.Exit(3) from None
    with contextlib.suppress(client.Refused):  # another user's cloud, which refuses the call
        found["residents"] = client.call(port, "GET", "residents")
    found["engines"] = running_engines(port)
    emit(found, as_json, lambda: typer.echo(_status(found)))


def _status(found: dict[str, Any]) -> str:
    """Format the status for people, with the errors of residents at the end."""
    lines = [
        f"Running: {found['endpoint']}, process {found['pid']}, up {durations.shown(found['uptime'])}, data in "
        f"{found['data']}",
        f"Services: {', '.join(found['services'])}",
    ]
    if found["engines"]:
        lines.append(f"Engines: {', '.join(one['name'] for one in found['engines'])}")
    residents = found.get("residents") or []
    for state in ("running", "waiting", "failing"):
        kinds = Counter(row["kind"] for row in residents if row["state"] == state)
        if kinds:
            lines.append(f"{state.capitalize()}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    lines += [
        f"  {row['kind']} {row['id']} of {row['account']} in {row['region']}, {row['failures']} times: {row['error']}"
        for row in residents
        if row["state"] == "failing"
    ]
    return "\n".join(lines)


@app.command()
@guarded
def logs(
    port: Port = 4566,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing as it grows.")] = False,
) -> None:
    """The log of a cloud that was started with up -d."""
    path = process.log_file(port)
    if not path.exists():
        fail(f"no log for port {port}: `fogbank up -d` writes one")
    with path.open(errors="replace") as file:
        while True:
            text = file.read()
            if text:
                sys.stdout.write(text)
                sys.stdout.flush()
            elif not follow:
                return
            else:
                time.sleep(0.2)


@app.command()
@guarded
def env(
    port: Port = 4566,
    shell: Annotated[str, typer.Option(help="bash, zsh, fish or powershell.")] = "",
    as_json: Json = False,
) -> None:
    """Variables for eval: eval "$(fogbank env)"."""
    if shell and shell not in variables.SHELLS:
        fail(f"no shell {shell!r} is known; there are: {', '.join(variables.SHELLS)}")
    pairs = variables.of_running(port)
    emit(pairs, as_json, lambda: typer.echo(variables.lines(pairs, shell)))


@app.command()
@guarded
def reset(
    port: Port = 4566,
    service: Annotated[str, typer.Option(help="Only this service (s3, dynamodb, …).")] = "",
    as_json: Json = False,
) -> None:
    """Delete everything, or everything of one service."""
    answer = client.call(port, "POST", "reset", {"service": service} if service else {})
    emit(answer, as_json, lambda: typer.echo(f"Reset {answer['reset']}."))


@app.command(short_help="Deploy a small application in front of you, and use it.")
@guarded
def demo(port: Port = 4566) -> None:
    """Deploy a small application with the AWS CLI in front of you, use it, and see what IAM refuses."""
    found = client.health(port)
    if found is None:
        settings = config.load({"port": port}, os.environ, Path.cwd())
        found = process.start(settings)
        _welcome(found, settings, already=False)
    from .demo import run

    raise typer.Exit(run(found["endpoint"], region=found["region"]))


@app.command()
@guarded
def coverage(
    service: Annotated[str, typer.Argument(help="A service: lists its operations. Or a type: AWS::S3::Bucket.")] = "",
    as_json: Json = False,
) -> None:
    """What is built, and whether it is real or recorded."""
    from fogbank.gateway.control import coverage as built

    from .report import show_coverage

    found = built()
    if "::" in service:
        maker = next((name for name, entry in found.items() if service in entry["resource_types"]), "")
        said = f"{service} is built, by {maker}." if maker else f"Fogbank has not built {service}."
        emit({"type": service, "built": bool(maker), "service": maker}, as_json, lambda: typer.echo(said))
        return
    if service and service not in found:
        found[service] = _unbuilt(service)
    emit(found[service] if service else found, as_json, lambda: show_coverage(found, service))


def _unbuilt(service: str) -> dict[str, Any]:
    """The `coverage` entry of an AWS service that Fogbank does not have."""
    from fogbank.core import services
    from fogbank.wire import models

    try:
        operations = sorted(models.load(service).operations)
    except KeyError:
        fail(f"no service {service!r}; there are: {', '.join(services.built())}")
    return {"operations": {}, "of": len(operations), "not_built": operations, "resource_types": []}


@app.command(short_help="What happened to a call, and what followed.")
@guarded
def why(
    request_id: Annotated[
        str, typer.Argument(help="The x-amzn-RequestId of a call, or a job's id; without it, the last failures.")
    ] = "",
    port: Port = 4566,
    as_json: Json = False,
) -> None:
    """What happened to a call: who asked, what was decided, what followed. Without an id: the last failures."""
    from .report import show_hops

    hops = client.call(port, "GET", f"requests/{request_id}" if request_id else "requests")
    if hops or as_json:
        emit(hops, as_json, lambda: show_hops(hops, request_id))
    else:
        typer.echo("No call was denied or failed of late.")


@app.command(short_help="Print the certificate of this cloud's authority.")
@guarded
def ca(port: Port = 4566) -> None:
    """Print the certificate of the local authority that signs this cloud's HTTPS."""
    sys.stdout.write(client.call(port, "GET", "ca.pem"))


@app.command(short_help="What this machine lacks, and how to get it; or what of a stack is only recorded.")
@guarded
def doctor(
    stack: Annotated[
        str, typer.Argument(help="A CloudFormation stack: list what Fogbank only keeps of its resources.")
    ] = "",
    account: Annotated[str, typer.Option(help="The stack's account [default: the cloud's].")] = "",
    region: Annotated[str, typer.Option(help="The stack's region [default: the cloud's].")] = "",
    port: Port = 4566,
    as_json: Json = False,
) -> None:
    """What is missing on this machine, for which service, and the command that installs it."""
    from .doctor import examine, show, show_recorded

    if stack:
        query = {"stack": stack, "account": account, "region": region}
        kept = client.call(port, "GET", "recorded", query=query)
        emit(kept, as_json, lambda: show_recorded(stack, kept))
        return
    found = examine()
    emit(found, as_json, lambda: show(found))


# -- clock -----------------------------------------------------------------------------------------------------------


def _show_clock(answer: dict[str, Any], as_json: bool) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(answer["now"]))
    ahead = durations.shown(answer["offset"])
    frozen = ", frozen" if answer["frozen"] else ""
    moved = f" ({ahead} from real time{frozen})" if ahead != "0s" or frozen else " (real time)"
    emit(answer, as_json, lambda: typer.echo(at + moved))


@clock_app.callback(invoke_without_command=True)
@guarded
def clock(ctx: typer.Context, port: Port = 4566, as_json: Json = False) -> None:
    """Show and move the cloud's clock."""
    if ctx.invoked_subcommand is None:
        clock_show(port, as_json)


@clock_app.command("show")
@guarded
def clock_show(port: Port = 4566, as_json: Json = False) -> None:
    """The cloud's time."""
    _show_clock(client.call(port, "GET", "clock"), as_json)


@clock_app.command("advance", short_help="Move the clock forward; what falls due on the way runs.")
@guarded
def clock_advance(
    by: Annotated[str, typer.Argument(help="14d, 3h, 90s, 1d12h")], port: Port = 4566, as_json: Json = False
) -> None:
    """Move the clock forward; what falls due on the way runs, in order, before this returns."""
    _show_clock(client.call(port, "POST", "clock", {"advance": durations.seconds(by)}), as_json)


@clock_app.command("set")
@guarded
def clock_set(
    to: Annotated[str, typer.Argument(help="2027-01-31 or 2027-01-31T12:00:00Z")],
    freeze: Annotated[bool, typer.Option("--freeze", help="Stand still there.")] = False,
    port: Port = 4566,
    as_json: Json = False,
) -> None:
    """Put the clock at an instant."""
    _show_clock(client.call(port, "POST", "clock", {"set": durations.instant(to), "freeze": freeze}), as_json)


@clock_app.command("resume")
@guarded
def clock_resume(port: Port = 4566, as_json: Json = False) -> None:
    """Back to real time."""
    _show_clock(client.call(port, "POST", "clock", {"resume": True}), as_json)


# -- snapshots -------------------------------------------------------------------------------------------------------

SnapshotName = Annotated[str, typer.Argument(help="The snapshot's name.")]


def _snapshot(verb: str, done: str, name: str, port: int, as_json: bool) -> None:
    answer = client.call(port, "POST", "snapshots", {verb: name})
    emit(answer, as_json, lambda: typer.echo(f"{done} {name}."))


@snapshot_app.command("save")
@guarded
def snapshot_save(name: SnapshotName, port: Port = 4566, as_json: Json = False) -> None:
    """Save the whole cloud, consistent, while it runs."""
    _snapshot("save", "Saved", name, port, as_json)


@snapshot_app.command("load")
@guarded
def snapshot_load(name: SnapshotName, port: Port = 4566, as_json: Json = False) -> None:
    """Put the cloud back to how it was."""
    _snapshot("load", "Loaded", name, port, as_json)


@snapshot_app.command("rm")
@guarded
def snapshot_rm(name: SnapshotName, port: Port = 4566, as_json: Json = False) -> None:
    """Delete a snapshot."""
    _snapshot("rm", "Deleted", name, port, as_json)


@snapshot_app.command("list")
@guarded
def snapshot_list(port: Port = 4566, as_json: Json = False) -> None:
    """The snapshots of this data directory."""
    from .report import show_snapshots

    found = client.call(port, "GET", "snapshots")
    emit(found, as_json, lambda: show_snapshots(found))
