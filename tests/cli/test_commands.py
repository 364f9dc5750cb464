"""The `fogbank` command as a user runs it: processes, exit codes, what is printed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.xdist_group("command line")  # they share one cloud


def test_up_says_where_what_to_export_and_how_to_stop(shell):
    said = shell.up.stdout
    assert f"http://127.0.0.1:{shell.port}" in said
    for line in ("export AWS_ENDPOINT_URL=", "AWS_ACCESS_KEY_ID=test", f"fogbank down --port {shell.port}",
                 "aws s3 mb", "fogbank demo"):  # fmt: skip
        assert line in said
    assert shell.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_up_again_finds_the_same_cloud(shell):
    before = shell.json("status")
    assert "already running" in shell.run("up", "-d").stdout
    assert shell.json("status")["pid"] == before["pid"]


def test_the_port_has_one_holder(shell, tmp_path):
    done = shell.run("up", "-d", "--data", str(tmp_path / "other"), code=1)
    assert str(shell.json("status")["pid"]) in done.stderr
    assert "--port N" in done.stderr
    assert done.stdout == ""


def test_the_data_directory_has_one_holder(shell):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = shell.run("up", "-d", "--port", str(port), code=1)
    assert str(shell.json("status")["pid"]) in done.stderr
    assert "data" in done.stderr or ".fogbank" in done.stderr


def test_status(shell):
    found = shell.json("status")
    assert found["port"] == shell.port
    assert found["data"] == str(shell.folder / ".fogbank")
    assert "sqs" in found["services"]
    assert str(found["pid"]) in shell.run("status").stdout


def test_env_can_be_evaluated(shell):
    script = f'eval "$({sys.executable} -m fogbank.cli.main env --shell bash)" && echo "$AWS_ENDPOINT_URL"'
    done = subprocess.run(["bash", "-c", script], env=shell.env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"http://127.0.0.1:{shell.port}"
    assert "set -gx AWS_ACCESS_KEY_ID test;" in shell.run("env", "--shell", "fish").stdout
    assert '$env:AWS_ACCESS_KEY_ID = "test"' in shell.run("env", "--shell", "powershell").stdout
    assert shell.json("env")["AWS_DEFAULT_REGION"] == "us-east-1"


def test_the_clock(shell):
    assert "real time" in shell.run("clock", "show").stdout
    assert shell.json("clock", "advance", "1d12h")["offset"] == pytest.approx(129600, abs=5)
    assert "from real time" in shell.run("clock", "show").stdout
    at = (datetime.now(UTC) + timedelta(days=400)).replace(microsecond=0)
    frozen = shell.json("clock", "set", at.isoformat(), "--freeze")
    assert frozen["now"] == at.timestamp()
    assert frozen["frozen"] is True
    assert shell.json("clock", "resume")["offset"] == pytest.approx(0, abs=5)
    assert "write 14d" in shell.run("clock", "advance", "soon", code=1).stderr


def test_why_tells_of_a_call_and_of_none(shell):
    answer = shell.client("sqs").list_queues()
    request_id = answer["ResponseMetadata"]["RequestId"]
    said = shell.run("why", request_id, COLUMNS="100").stdout
    for part in ("sqs:ListQueues: 200 real", "by arn:aws:iam::000000000000:root", request_id):
        assert part in said
    assert "no call nothing" in shell.run("why", "nothing", code=1).stderr


def test_why_without_an_id_tells_what_failed(shell):
    with pytest.raises(ClientError) as caught:
        shell.client("dynamodb").get_item(TableName="none", Key={"k": {"S": "v"}})
    failed = caught.value.response["ResponseMetadata"]["RequestId"]
    shell.client("sqs").list_queues()
    said = shell.run("why").stdout
    assert failed in said
    assert "ListQueues" not in said


def test_requests_are_listed(shell):
    sqs, iam = shell.client("sqs"), shell.client("iam")
    made = sqs.list_queues()["ResponseMetadata"]["RequestId"]
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    denied = boto3.client(
        "sqs", endpoint_url=f"http://127.0.0.1:{shell.port}", region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    with pytest.raises(ClientError):
        denied.list_queues()
    said = shell.run("requests").stdout
    assert f"sqs.ListQueues => 200 [arn:aws:iam::000000000000:root] {made}" in said
    only = shell.run("requests", "--denied").stdout
    assert "sqs.ListQueues => 4" in only
    assert "user/nobody" in only
    assert made not in only
    assert "ListQueues" in json.loads(shell.run("requests", "--json").stdout.splitlines()[-1])["operation"]


def test_requests_follow(shell):
    follower = subprocess.Popen(
        [sys.executable, "-m", "fogbank.cli.main", "requests", "-f"], cwd=shell.folder, env=shell.env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert follower.stdout is not None
        sqs = shell.client("sqs")
        made = sqs.list_queues()["ResponseMetadata"]["RequestId"]
        while made not in follower.stdout.readline():
            pass
        later = sqs.list_queues()["ResponseMetadata"]["RequestId"]
        while later not in follower.stdout.readline():
            pass
    finally:
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 130


def test_snapshots_and_reset(shell):
    sqs = shell.client("sqs")
    sqs.create_queue(QueueName="q")
    assert "Saved one" in shell.run("snapshot", "save", "one").stdout
    assert "Reset sqs" in shell.run("reset", "--service", "sqs").stdout
    assert "QueueUrls" not in sqs.list_queues()
    shell.run("snapshot", "load", "one")
    assert len(sqs.list_queues()["QueueUrls"]) == 1
    assert "one" in shell.run("snapshot", "list").stdout
    shell.run("snapshot", "rm", "one")
    assert shell.json("snapshot", "list") == []
    assert "no snapshot one" in shell.run("snapshot", "load", "one", code=1).stderr
    assert "no service sqqs" in shell.run("reset", "--service", "sqqs", code=1).stderr.replace("'", "")
    shell.run("reset")
    assert "QueueUrls" not in sqs.list_queues()


def test_ca_and_logs(shell):
    assert shell.run("ca").stdout.startswith("-----BEGIN CERTIFICATE-----")
    assert "ready on" in shell.run("logs").stdout


def test_logs_follow_what_is_written(shell):
    follower = subprocess.Popen(
        [sys.executable, "-m", "fogbank.cli.main", "logs", "-f"], cwd=shell.folder, env=shell.env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert follower.stdout is not None
        assert "ready on" in follower.stdout.readline()
        log = shell.folder / "state" / "fogbank" / f"{shell.port}.log"
        with log.open("a") as file:
            file.write("a line of later\n")
        while "a line of later" not in follower.stdout.readline():
            pass
    finally:
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 130


def test_coverage(shell):
    found = shell.json("coverage", "sqs")
    assert found["operations"]["SendMessage"] == "real"
    assert "SendMessage" in shell.run("coverage", "sqs").stdout
    assert "no service 'sqqs'; there are:" in shell.run("coverage", "sqqs", code=1).stderr


def test_up_at_any_free_port(apart):
    found = apart.json("up", "-d", "--port", "0", "--ephemeral")
    assert apart.json("status", "--port", str(found["port"]))["ephemeral"] is True
    assert "ready on" in apart.run("logs", "--port", str(found["port"])).stdout
    apart.run("down", "--port", str(found["port"]))


@pytest.mark.parametrize(("host", "shown"), [("localhost", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_up_says_an_address_that_clients_can_use(apart, host, shown):
    if ":" in host and not _has_ipv6():
        pytest.skip("no IPv6 on this machine")
    apart.env["FOGBANK_HOST"] = host
    found = apart.json("up", "-d", "--ephemeral", "--expose-test-keys")
    assert found["endpoint"] == f"http://{shown}:{apart.port}"
    assert "QueueUrls" not in apart.client("sqs", found["endpoint"]).list_queues()


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_up_says_what_a_running_cloud_has_otherwise(apart):
    apart.run("up", "-d", "--iam", "off")
    assert apart.run("up", "-d", "--iam", "off").stderr == ""
    said = apart.run("up", "-d", FOGBANK_SECRET="hush-hush-hush")
    assert "already running" in said.stdout
    assert "iam is off, not enforce" in said.stderr
    assert "secret" in said.stderr
    assert "hush" not in said.stderr
    assert f"`fogbank down --port {apart.port}`" in said.stderr


def test_doctor_says_how_to_mend(shell):
    found = {entry["name"]: entry for entry in shell.json("doctor")}
    assert found["boto3"]["ok"] is True
    missing = shell.json("doctor", code=0)
    assert all(entry["install"] for entry in missing)
    assert "node" in shell.run("doctor").stdout


def test_down_keeps_the_data(apart):
    apart.run("up", "-d")
    apart.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    assert "Stopped" in apart.run("down").stdout
    assert "Nothing runs" in apart.run("down").stdout
    assert apart.json("status", code=3)["status"] == "stopped"
    apart.run("up", "-d")
    assert apart.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"


def test_ephemeral_keeps_nothing_and_leaves_no_folder(apart):
    apart.run("up", "-d", "--ephemeral")
    apart.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    apart.run("down")
    assert not (apart.folder / ".fogbank").exists()


def test_init_scripts_run_in_order_with_the_environment(apart):
    scripts = apart.folder / "init"
    scripts.mkdir()
    (scripts / "10-first.sh").write_text('echo "$AWS_ENDPOINT_URL" > first\n')
    (scripts / "20-second.py").write_text(
        "import boto3, pathlib\nassert pathlib.Path('first').exists()\n"
        "boto3.client('sqs').create_queue(QueueName='q')\n"
    )
    (scripts / "notes.txt").write_text("not a script")
    apart.run("up", "-d", "--init", "init")
    assert (apart.folder / "first").read_text().strip() == f"http://127.0.0.1:{apart.port}"
    assert len(apart.client("sqs").list_queues()["QueueUrls"]) == 1


def test_a_failing_init_script_fails_up(apart):
    scripts = apart.folder / "init"
    scripts.mkdir()
    (scripts / "1-good.sh").write_text("touch good\n")
    (scripts / "2-bad.sh").write_text("exit 3\n")
    (scripts / "3-late.sh").write_text("touch late\n")
    done = apart.run("up", "-d", "--init", "init", code=1)
    assert "2-bad.sh ended with code 3; the 1 after it did not run" in done.stderr
    assert (apart.folder / "good").exists()
    assert not (apart.folder / "late").exists()
    assert apart.run("status").stdout.startswith("Running")


def test_the_data_folder_keeps_itself_out_of_git(apart):
    apart.run("up", "-d")
    assert (apart.folder / ".fogbank" / ".gitignore").read_text().endswith("\n*\n")
    theirs = apart.folder / "theirs"
    theirs.mkdir()
    apart.run("down")
    apart.run("up", "-d", "--data", "theirs")
    assert not (theirs / ".gitignore").exists()


def test_clock_alone_shows_the_time(shell):
    assert "(real time)" in shell.run("clock").stdout
    assert shell.json("clock") == pytest.approx(shell.json("clock", "show"), abs=60)


def test_coverage_of_what_is_not_built_and_of_types(apart):
    assert "Fogbank has not built pipes: none of its" in apart.run("coverage", "pipes").stdout
    assert apart.json("coverage", "pipes")["operations"] == {}
    assert apart.run("coverage", "AWS::S3::Bucket").stdout == "AWS::S3::Bucket is built, by s3.\n"
    assert apart.run("coverage", "AWS::Foo::Bar").stdout == "Fogbank has not built AWS::Foo::Bar.\n"
    assert "no service 'nonsense'" in apart.run("coverage", "nonsense", code=1).stderr


def test_what_is_printed_can_be_typed(apart):
    """From a clone the command is not on PATH: `make up` calls it by its path."""
    command = Path(sys.executable).parent / "fogbank"
    if not command.exists():
        pytest.skip("the command is not installed here: pip install -e .")
    env = apart.env | {"PATH": "/usr/bin:/bin"}
    done = subprocess.run([command, "up", "-d"], cwd=apart.folder, env=env, capture_output=True, text=True, check=True)
    assert f"  {command} demo --port {apart.port}" in done.stdout
    assert f"Stop: {command} down --port {apart.port}" in done.stdout


def test_a_store_without_its_driver_says_what_to_install(apart):
    (apart.folder / "sitecustomize.py").write_text(
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'psycopg' else find(name, *more)\n"
    )
    path = f"{apart.folder}:{os.environ.get('PYTHONPATH', '')}"
    done = apart.run("up", "-d", "--store", "postgresql://nowhere/x", code=1, PYTHONPATH=path)
    assert done.stderr == "fogbank: --store needs psycopg: pip install 'fogbank[postgres]'\n"


def test_the_foreground_runs_init_and_stops_on_a_signal(apart):
    scripts = apart.folder / "init"
    scripts.mkdir()
    (scripts / "1.sh").write_text("touch done\n")
    server = subprocess.Popen(
        [sys.executable, "-m", "fogbank.cli.main", "up", "--init", "init"], cwd=apart.folder, env=apart.env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout is not None
    assert "Fogbank is up" in server.stdout.readline()
    deadline = time.monotonic() + 20
    while not (apart.folder / "done").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (apart.folder / "done").exists()
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0


def test_version_and_help(apart):
    assert apart.run("--version").stdout.startswith("fogbank 0.")
    said = apart.run("--help").stdout
    for command in ("up", "down", "status", "logs", "env", "reset", "doctor", "demo", "clock", "snapshot", "coverage",
                    "why", "jobs", "requests"):  # fmt: skip
        assert f" {command} " in said


def test_completion_is_printed(apart):
    assert "fogbank" in apart.run("--show-completion", "bash", code=None).stdout
