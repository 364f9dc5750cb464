"""What a newcomer gets wrong: each message says what is wrong and what to do, and none is a traceback."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

COMMANDS = (["env"], ["clock", "show"], ["snapshot", "list"], ["jobs"], ["why", "x"], ["reset"], ["ca"])


class Neighbour(http.server.BaseHTTPRequestHandler):
    """Another program on the port, as other emulators answer: JSON, with a status of its own."""

    status = 200

    def do_GET(self):
        text = json.dumps({"services": {"sqs": "running"}}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture(params=[200, 404, "HTML"])
def neighbour(apart, request):
    """The port of the shell is held by a server that is not Fogbank."""
    if request.param == "HTML":
        handler = http.server.SimpleHTTPRequestHandler
    else:
        handler = type("Answering", (Neighbour,), {"status": request.param})
    with http.server.ThreadingHTTPServer(("127.0.0.1", apart.port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield apart
        server.shutdown()


def test_what_is_not_fogbank_is_named(neighbour):
    for command in (*COMMANDS, ["down"]):
        said = neighbour.run(*command, code=1).stderr
        assert f"port {neighbour.port} is held by process {os.getpid()} (" in said
        assert "which is not Fogbank: `--port N`" in said
        assert said.count("\n") == 1
    assert "which is not Fogbank" in neighbour.run("status", code=3).stdout
    assert neighbour.json("status", code=3)["status"] == "unknown"
    for command in (["up", "-d"], ["up"], ["demo"]):
        said = neighbour.run(*command, code=1).stderr
        assert f"port {neighbour.port} is taken by process {os.getpid()} (" in said
        assert "choose another one with --port N" in said


def test_nothing_runs(apart):
    for command in COMMANDS:
        said = apart.run(*command, code=1).stderr
        assert f"nothing answers on port {apart.port}: `fogbank up -d --port {apart.port}` starts a cloud" in said
    assert "Nothing runs on port" in apart.run("down").stdout
    assert "Nothing runs on port" in apart.run("status", code=3).stdout
    said = apart.run("env", code=1, FOGBANK_HOST="nowhere.invalid").stderr
    assert "there is no host nowhere.invalid: FOGBANK_HOST" in said


def test_a_cloud_that_hangs_is_not_nothing(apart):
    apart.run("up", "-d", "--ephemeral")
    pid = apart.json("status")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        said = apart.run("down", code=1).stderr
    finally:
        os.kill(pid, signal.SIGCONT)
    assert f"process {pid} (" in said
    assert "did not answer in 5 s: try again, or end that process" in said
    assert "Stopped" in apart.run("down").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--iam", "of"], "iam cannot be 'of': it is one of enforce, audit, off"),
        (["--port", "70000"], "port cannot be '70000': it is a number from 0"),
        (["--port", "-1"], "port cannot be '-1'"),
        (["--host", "300.1.1.1"], "'300.1.1.1' is no address: use --host 127.0.0.1"),
        (["--host", "192.0.2.1"], "192.0.2.1 is not an address of this machine: use --host 127.0.0.1"),
        (["--store", "mysql://x"], "store cannot be 'mysql://x': it is a postgresql:// URL"),
        (["--init", "nowhere"], "init cannot be 'nowhere': there is no such folder"),
        (["--data", "file"], "data cannot be 'file': that is a file"),
    ],
)
@pytest.mark.parametrize("how", [["-d"], []], ids=["background", "foreground"])
def test_settings_of_up(apart, words, says, how):
    (apart.folder / "file").write_text("")
    said = apart.run("up", *how, *words, code=1).stderr
    assert says in said
    assert said.count("\n") == 1
    assert apart.json("status", code=3)["status"] == "stopped"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("FOGBANK_PORTS", "1", "did you mean FOGBANK_PORT"),
        ("FOGBANK_PORT", "http", "port cannot be 'http': it is a whole number"),
        ("FOGBANK_LOG_LEVEL", "loud", "log_level cannot be 'loud': it is one of debug, info, warning, error"),
        ("FOGBANK_ACCOUNT", "12", "account cannot be '12': an account has 12 digits"),
        ("FOGBANK_EPHEMERAL", "maybe", "ephemeral cannot be 'maybe': it is true or false"),
    ],
)
def test_variables(apart, variable, value, says):
    assert says in apart.run("up", "-d", code=1, **{variable: value}).stderr


def test_variables_of_another_emulator(apart):
    assert "GATEWAY_LISTEN is LocalStack's" in apart.run("up", "-d", "--ephemeral", GATEWAY_LISTEN="x").stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sattus"], "Did you mean 'status'"),
        (["status", "--prot", "1"], "--port"),
        (["status", "--port", "70000"], "less than or equal to 65535"),
        (["clock", "advance"], "Missing argument 'by'"),
        (["snapshot", "save", "a", "b"], "unexpected extra argument"),
        (["jobs", "lst"], "Did you mean 'list'"),
    ],
)
def test_words_that_are_none(apart, words, says):
    assert says in apart.run(*words, code=2).stderr


def test_what_a_running_cloud_refuses(shell):
    for words, says in (
        (["clock", "advance", "99999999999d"], "the clock can stand from 1970 to the end of 9998"),
        (["clock", "set", "1960-01-01"], "the clock can stand from 1970"),
        (["clock", "set", "99999999999999"], "the clock can stand from 1970"),
        (["env", "--shell", "tcsh"], "no shell 'tcsh' is known; there are: bash, zsh"),
        (["why", "a b/c?d"], "no call a b/c?d among the last ones"),
    ):
        assert says in shell.run(*words, code=1).stderr
    assert "real time" in shell.run("clock", "show").stdout, "and stays where it was"


def test_a_reader_that_has_enough(shell):
    """`fogbank coverage | head`: no traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "fogbank.cli.main", "coverage", "--json"]
    done = subprocess.run(command, env=shell.env, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert "fogbank:" not in done.stderr


def test_no_list_is_an_empty_table(shell):
    assert "No snapshots yet: `fogbank snapshot save NAME`" in shell.run("snapshot", "list").stdout


def test_all_addresses_where_one_is_taken(apart):
    with socket.socket() as held:
        held.bind(("127.0.0.1", apart.port))
        held.listen()
        said = apart.run("up", "-d", "--host", "0.0.0.0", code=1).stderr
    assert "is taken by process" in said
