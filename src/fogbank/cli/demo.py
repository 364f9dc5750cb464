"""`fogbank demo`: deploys examples/salad with the AWS CLI in front of the user, uses it, and shows what IAM refuses."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax

from fogbank.core.arns import partition_of

STACK = "salad"
CODE = "salad-code"


class DemoFailed(Exception):
    """A step failed. The text says which and what to do."""


def salad() -> Path:
    """The example's folder: beside the package in a wheel, or at the root of a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package / "examples" / "salad", package.parent.parent / "examples" / "salad"):
        if (folder / "template.yaml").exists():
            return folder
    raise DemoFailed("the example salad is not part of this installation")


def aws_cli() -> str:
    """The AWS CLI: on PATH, or beside this Python."""
    found = shutil.which("aws") or shutil.which("aws", path=str(Path(sys.executable).parent))
    if found is None:
        raise DemoFailed("the demo drives the AWS CLI, which is not installed: pip install awscli")
    return found


class Demo:
    """One run against the cloud at `endpoint`. `account` is the access key (and account) it uses."""

    def __init__(self, endpoint: str, console: Console, *, account: str = "test", region: str = "us-east-1") -> None:
        self.endpoint = endpoint
        self.console = console
        self.region = region
        self.aws = aws_cli()
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_PAGER": "",
        }
        self.outputs: dict[str, str] = {}

    # -- the steps ---------------------------------------------------------------------------------------------------

    def run(self) -> str:
        """Run every step. Returns the page's URL."""
        self.deploy()
        self.use()
        self.show_logs()
        self.show_denial()
        page = self.page_url
        self.console.print(Panel(f"[bold]{page}[/bold]\n\nOpen it in a browser: it is the page on S3, calling the API.",
                                 title="The application is up", border_style="green"))  # fmt: skip
        return page

    def deploy(self) -> None:
        """Create a bucket, package, deploy and upload, with the commands that a user would type."""
        folder = salad()
        self._cli("Make a bucket for the code", "s3", "mb", f"s3://{CODE}-{self._account()}", may_fail=True)
        with tempfile.TemporaryDirectory() as scratch:
            packaged = str(Path(scratch) / "packaged.yaml")
            self._cli(
                "Package the function", "cloudformation", "package", "--template-file", str(folder / "template.yaml"),
                "--s3-bucket", f"{CODE}-{self._account()}", "--output-template-file", packaged,
            )  # fmt: skip
            self._cli(
                "Deploy the stack", "cloudformation", "deploy", "--template-file", packaged, "--stack-name", STACK,
                "--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset",
            )  # fmt: skip
        self.read_outputs()
        self.upload_page()

    def read_outputs(self) -> None:
        stacks = json.loads(self._aws("cloudformation", "describe-stacks", "--stack-name", STACK))
        self.outputs |= {item["OutputKey"]: item["OutputValue"] for item in stacks["Stacks"][0]["Outputs"]}

    def upload_page(self) -> None:
        bucket = self.outputs["SiteBucket"]
        self._cli("Upload the page", "s3", "cp", str(salad() / "site"), f"s3://{bucket}/", "--recursive")
        with tempfile.TemporaryDirectory() as scratch:
            config = Path(scratch) / "config.js"
            config.write_text(f"window.SALAD_API = {json.dumps(self.api_url)};\n")
            self._aws("s3", "cp", str(config), f"s3://{bucket}/config.js")

    def use(self) -> None:
        """Write and read notes over HTTP."""
        started = time.perf_counter()
        for text in ("buy tomatoes", "wash the lettuce"):
            status, answer = self.api("POST", "/notes", {"text": text})
            if status != 201:
                raise DemoFailed(f"POST /notes answered {status}: {answer}")
        status, answer = self.api("GET", "/notes")
        if status != 200:
            raise DemoFailed(f"GET /notes answered {status}: {answer}")
        seconds = time.perf_counter() - started
        notes = ", ".join(note["text"] for note in answer["notes"])
        self.console.print(f"[green]✓[/green] Two notes written and read back over HTTP in {seconds:.2f} s: {notes}")

    def show_logs(self) -> None:
        """Show what the function logged to CloudWatch Logs."""
        group = f"/aws/lambda/{self.outputs['FunctionName']}"

        def look() -> list[str]:
            events = json.loads(self._aws("logs", "filter-log-events", "--log-group-name", group))["events"]
            return [event["message"].rstrip() for event in events]

        lines = self._until(look, lambda found: any(line.startswith("REPORT") for line in found), "log lines")
        self.console.print(Panel("\n".join(lines[-8:]), title=f"aws logs filter-log-events --log-group-name {group}"))

    def show_denial(self) -> None:
        """Show that the role may not read another table, with IAM's error and the statement that is missing."""
        table = self.outputs["ArchiveTable"]
        status, answer = self.api("GET", f"/archive?table={table}")
        if status != 403:
            raise DemoFailed(f"the role could read {table}: {status} {answer}")
        arn = f"arn:{partition_of(self.region)}:dynamodb:{self.region}:{self._account()}:table/{table}"
        missing = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn}
        self.console.print(f"[green]✓[/green] Reading another table is refused: [yellow]{answer['error']}[/yellow]")
        self.console.print("  The role lacks this statement (and should):")
        shown = json.dumps(missing, indent=2)
        self.console.print(Syntax(shown, "json", background_color="default", padding=(0, 4), word_wrap=True))

    # -- addresses ---------------------------------------------------------------------------------------------------

    @property
    def port(self) -> str:
        return self.endpoint.rsplit(":", 1)[1]

    @property
    def api_url(self) -> str:
        return f"http://{self.outputs['ApiId']}.execute-api.{self.region}.localhost:{self.port}/prod"

    @property
    def page_url(self) -> str:
        return f"http://{self.outputs['SiteBucket']}.s3-website-{self.region}.localhost:{self.port}/"

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the API by its host name. Connects to the IP address, since not every resolver knows *.localhost."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=60)
        headers = {"Host": self.api_url.split("/")[2], "Content-Type": "application/json"}
        connection.request(method, f"/prod{path}", json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    # -- the AWS CLI -------------------------------------------------------------------------------------------------

    def _account(self) -> str:
        if "account" not in self.outputs:
            self.outputs["account"] = json.loads(self._aws("sts", "get-caller-identity"))["Account"]
        return self.outputs["account"]

    def _aws(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the AWS CLI with arguments of our own
            [self.aws, *arguments], env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoFailed(f"aws {' '.join(arguments)}\n{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _cli(self, title: str, *arguments: str, may_fail: bool = False) -> None:
        shown = " ".join(argument if len(argument) < 60 else "…" + argument[-40:] for argument in arguments)
        started = time.perf_counter()
        with self.console.status(f"{title}: aws {shown}"):
            try:
                self._aws(*arguments)
            except DemoFailed:
                if not may_fail:
                    raise
        self.console.print(
            f"[green]✓[/green] {title} [dim]({time.perf_counter() - started:.1f} s)[/dim]\n  [dim]aws {shown}[/dim]"
        )

    @staticmethod
    def _until(look: Callable[[], list[str]], enough: Callable[[list[str]], bool], what: str) -> list[str]:
        for _ in range(40):
            found = look()
            if enough(found):
                return found
            time.sleep(0.25)
        raise DemoFailed(f"no {what} after 10 seconds")


def run(endpoint: str, *, account: str = "test", region: str = "us-east-1", console: Console | None = None) -> int:
    """Run the demo against a running cloud. Returns the exit code."""
    console = console or Console()
    try:
        Demo(endpoint, console, account=account, region=region).run()
    except DemoFailed as failed:
        console.print(f"[red]✗[/red] {failed}")
        return 1
    return 0
