"""`fogbank jobs`: what is still to come, what failed, and trying it again."""

from __future__ import annotations

import pytest

from fogbank.core.principal import root
from fogbank.jobs.records import JOBS, JobRecord
from fogbank.store.records import codec
from fogbank.store.sqlite import SqliteStore

pytestmark = pytest.mark.xdist_group("command line: jobs")  # they share one cloud, and what happened in it

ACCOUNT = "111122223333"
LATER = 4_000_000_000_000  # ms: a day in 2096


def job(job_id: str, **fields) -> JobRecord:
    made = {"kind": "sqs.no_such_job", "due_ms": 1, "payload": {}} | fields
    return JobRecord(id=job_id, account=ACCOUNT, region="us-east-1", principal=root(ACCOUNT), **made)


@pytest.fixture(scope="module")
def failed(shell):
    """The shell, whose cloud has jobs: `one` and `two` have failed, `to-come` waits, `broken` cannot be read."""
    shell.run("down")
    store = SqliteStore(shell.folder / ".fogbank")
    with store.write() as tx:
        for name in ("one", "two"):
            tx.put(JOBS, job(name, state="failed", attempts=5, error="ValueError: [/red] is no colour"))
        tx.put(JOBS, job("to-come", due_ms=LATER))
        tx.put(JOBS, job("broken"))
        tx._put(codec(JOBS).row(("broken",)), b"\x01\x80\x00\x00\x00\x00")
    store.close()
    shell.run("up", "-d")
    return shell


def test_the_list(failed):
    found = failed.json("jobs")
    assert [job["id"] for job in found["pending"] if job["account"] == ACCOUNT] == ["to-come"]
    assert {job["id"] for job in found["failed"]} == {"one", "two", "broken"}
    assert failed.json("jobs", "list") == found
    said = failed.run("jobs").stdout
    for part in ("to-come", "2096-10-02", f"sqs.no_such_job of {ACCOUNT}", "5 tries", "[/red] is no colour", "damaged"):
        assert part in said


def test_only_what_failed(failed):
    assert failed.json("jobs", "--failed") == {"failed": failed.json("jobs")["failed"]}
    said = failed.run("jobs", "list", "--failed").stdout
    assert "one" in said
    assert "to-come" not in said


def test_ids_are_whole_in_a_narrow_terminal(failed):
    job_id = "1795737207054-0123456789abcdef"
    failed.run("down")
    store = SqliteStore(failed.folder / ".fogbank")
    with store.write() as tx:
        tx.put(JOBS, job(job_id, due_ms=LATER))
    store.close()
    failed.run("up", "-d")
    assert job_id in failed.run("jobs", COLUMNS="60").stdout


def test_what_cannot_be_retried(failed):
    assert (
        "no failed job nobody: `fogbank jobs --failed` lists them"
        in failed.run("jobs", "retry", "nobody", code=1).stderr
    )
    assert "to-come cannot be retried: it has not failed" in failed.run("jobs", "retry", "to-come", code=1).stderr
    assert "broken cannot be retried: its record is damaged" in failed.run("jobs", "retry", "broken", code=1).stderr
    for words in ([], ["one", "--all"]):
        assert "`fogbank jobs retry ID`, or `--all`" in failed.run("jobs", "retry", *words, code=2).stderr


def test_retrying_one_and_all(failed):
    """They fail again, by another error, which shows that they ran."""
    assert failed.run("jobs", "retry", "one").stdout == "Retrying one.\n"

    def errors() -> dict[str, str]:
        return {job["id"]: job["error"] for job in failed.json("jobs", "--failed")["failed"]}

    assert errors()["one"].startswith("no handler")
    assert errors()["two"].startswith("ValueError")
    assert failed.run("jobs", "retry", "--all").stdout == "Retrying 2 jobs.\n"
    assert errors()["two"].startswith("no handler")
    assert sorted(failed.json("jobs", "retry", "--all")["retrying"]) == ["one", "two"]


def test_nothing_to_list_or_retry(apart):
    apart.run("up", "-d", "--ephemeral")
    assert apart.run("jobs", "--failed").stdout == "No job failed.\n"
    assert apart.run("jobs", "retry", "--all").stdout == "No job failed that could run again.\n"


def test_help_names_the_commands(apart):
    said = apart.run("jobs", "--help").stdout
    assert "  list " in said
    assert "  retry " in said
