"""The main job: examples/salad deployed by the AWS CLI, used over HTTP and in a browser, killed with -9 on the way."""

from __future__ import annotations

import contextlib
import io
import shutil
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from fogbank.cli.demo import Demo, DemoFailed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def demo_on(running) -> Demo:
    return Demo(f"http://127.0.0.1:{running.endpoint.rsplit(':', 1)[1]}", Console(file=io.StringIO()))


def printed(demo: Demo) -> str:
    return " ".join(demo.console.file.getvalue().split())


def test_the_demo_runs_from_end_to_end(restarted):
    demo = demo_on(restarted)
    page = demo.run()
    shown = printed(demo)
    assert "is not authorized to perform: dynamodb:GetItem" in shown
    assert '"Action": "dynamodb:GetItem"' in shown
    assert "REPORT RequestId" in shown
    assert page in shown


def test_it_survives_kill_9_at_every_step(restarted):
    """Killed while the stack deploys, and again between writing and reading: it goes on where it was."""
    demo = demo_on(restarted)
    cloudformation = restarted.account("000000000000").client("cloudformation")
    killed = threading.Event()

    def kill_in_mid_stack() -> None:
        while not killed.is_set():
            try:
                events = cloudformation.describe_stack_events(StackName="salad")["StackEvents"]
            except (BotoCoreError, ClientError):  # the stack is not there yet
                events = []
            if any(event["ResourceStatus"] == "CREATE_COMPLETE" for event in events):
                restarted.restart()
                killed.set()

    killer = threading.Thread(target=kill_in_mid_stack)
    killer.start()
    with contextlib.suppress(DemoFailed):  # the kill may fall into a call of the CLI
        demo.deploy()
    killer.join()
    cloudformation.get_waiter("stack_create_complete").wait(StackName="salad", WaiterConfig={"Delay": 1})
    demo.deploy()
    demo.use()
    restarted.restart()
    status, answer = demo.api("GET", "/notes")
    assert (status, [note["text"] for note in answer["notes"]]) == (200, ["wash the lettuce", "buy tomatoes"])
    demo.use()
    resources = cloudformation.describe_stack_resources(StackName="salad")["StackResources"]
    assert {resource["ResourceStatus"] for resource in resources} == {"CREATE_COMPLETE"}


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt install chromium")
def test_the_page_in_a_browser(restarted):
    sync_api = pytest.importorskip("playwright.sync_api")
    demo = demo_on(restarted)
    demo.deploy()
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(demo.page_url)
        page.fill("#text", "from a browser")
        page.click("text=Add")
        page.wait_for_selector("li:has-text('from a browser')")
        page.reload()
        page.wait_for_selector("li:has-text('from a browser')")
        page.click("li button")
        page.wait_for_selector("li:has-text('from a browser')", state="detached")
        assert page.inner_text("#status") == ""
        assert errors == []
        browser.close()
    assert demo.api("GET", "/notes")[1] == {"notes": []}
