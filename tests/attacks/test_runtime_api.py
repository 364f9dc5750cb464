"""A function's Runtime API answers that function: another program of the machine, or a page, gets no event."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import zipfile
from io import BytesIO

import pytest

from fogbank.engines import peers
from fogbank.engines.processes import Supervisor
from fogbank.services.lambda_.environments.runtime_api import RuntimeApi

pytestmark = pytest.mark.skipif(not peers.TELLS, reason="only Linux tells whose a connection is")

NEXT = "/2018-06-01/runtime/invocation/next"
CALLS = [
    ("GET", NEXT),
    ("POST", "/2018-06-01/runtime/invocation/{id}/response"),
    ("POST", "/2018-06-01/runtime/invocation/{id}/error"),
    ("POST", "/2018-06-01/runtime/init/error"),
    ("GET", "/"),
]
ADDRESS = """
import os, time

def handler(event, context):
    if "wait" in event:
        open(event["wait"] + ".id", "w").write(context.aws_request_id)
        while not os.path.exists(event["wait"]):
            time.sleep(0.01)
    return os.environ["AWS_LAMBDA_RUNTIME_API"]
"""


def ask(address: str, method: str, path: str, **headers: str) -> int:
    """The status that this process gets."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request(method, path, b'"mine"' if method == "POST" else None, headers)
        return connection.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0  # not even a refusal
    finally:
        connection.close()


def elsewhere(address: str, method: str, path: str) -> int:
    """The same from another process of the same user."""
    script = "import sys, importlib.util as u\ns = u.spec_from_file_location('t', sys.argv[1])\n" \
        "m = u.module_from_spec(s)\ns.loader.exec_module(m)\nprint(m.ask(*sys.argv[2:]))"  # fmt: skip
    command = [sys.executable, "-c", script, __file__, address, method, path]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_another_program_gets_no_event_and_answers_none(cloud, function_of, tmp_path):
    client = function_of(cloud.account(), ADDRESS)
    address = json.loads(client.invoke(FunctionName="f", Payload=b"{}")["Payload"].read())
    signal = tmp_path / "go"
    client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps({"wait": str(signal)}).encode())
    told = tmp_path / "go.id"
    for _ in range(2000):
        if told.exists() and told.read_text():
            break
        time.sleep(0.01)
    request_id = told.read_text()
    for method, path in CALLS:
        for attack in (ask, elsewhere):
            assert attack(address, method, path.format(id=request_id)) in (403, 0), (method, path)
    signal.touch()
    assert json.loads(client.invoke(FunctionName="f", Payload=b"{}")["Payload"].read()) == address, "and it lives on"


FROM_INSIDE = """
import http.client, os

def handler(event, context):
    found = []
    for headers in event:
        connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"], timeout=5)
        connection.request("GET", "/", headers=headers)
        found.append(connection.getresponse().status)
        connection.close()
    return found
"""


def test_what_a_page_sends_is_refused(cloud, function_of):
    """Also from where it would be let in otherwise; 404 is the Runtime API's own answer to this path."""
    client = function_of(cloud.account(), FROM_INSIDE)
    port = 1
    pages = [
        {"Host": "evil.example"},
        {"Host": f"127.evil.example:{port}"},
        {"Host": "localhost"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "none"},
    ]
    programs = [{}, {"Sec-Fetch-Mode": "cors", "User-Agent": "node"}]
    answer = client.invoke(FunctionName="f", Payload=json.dumps([*pages, *programs]).encode())
    assert json.loads(answer["Payload"].read()) == [403] * len(pages) + [404] * len(programs)


# -- runtimes of all kinds are let in ----------------------------------------------------------------------------------

API = "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
SHELL = f"""\
#!/bin/sh
while true; do
  headers=$(mktemp)
  event=$(curl -sS -L -D "$headers" "{API}/next")
  id=$(grep -i lambda-runtime-aws-request-id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -o /dev/null "{API}/$id/response" -d "{{\\"got\\": $event}}"
done
"""
SETSID = SHELL.replace("curl", "setsid -w curl")
FETCH = """\
#!NODE
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
(async () => {
  for (;;) {
    const next = await fetch(`${api}/next`);
    const id = next.headers.get("lambda-runtime-aws-request-id");
    await fetch(`${api}/${id}/response`, { method: "POST", body: JSON.stringify({ got: await next.json() }) });
  }
})();
"""
SIX = """\
#!PYTHON
import http.client, json, os, socket

host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")

class Six(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_INET6)
        self.sock.connect(("::ffff:" + host, int(port)))

while True:
    api = Six(host, int(port))
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event, name = json.loads(answer.read()), answer.getheader("Lambda-Runtime-Aws-Request-Id")
    api.request("POST", f"/2018-06-01/runtime/invocation/{name}/response", json.dumps({"got": event}))
    api.getresponse().read()
    api.close()
"""


def package(script: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, script)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("program", "script"),
    [("curl", SHELL), ("curl", SETSID), ("node", FETCH), ("", SIX)],
    ids=["curl", "a session of its own", "fetch of node", "IPv6 sockets, as Java's"],
)
def test_a_runtime_of_ones_own(cloud, function_of, program, script):
    if program and not shutil.which(program):
        pytest.skip(f"apt install {'nodejs' if program == 'node' else program}")
    script = script.replace("NODE", shutil.which("node") or "").replace("PYTHON", sys.executable)
    client = function_of(cloud.account(), package(script), Runtime="provided.al2023", Handler="x")
    for event in (1, {"a": "b"}):
        answer = client.invoke(FunctionName="f", Payload=json.dumps(event).encode())
        assert json.loads(answer["Payload"].read()) == {"got": event}


# -- before it is known whose it has to be -----------------------------------------------------------------------------


class Recorder:
    """A runtime that only counts."""

    def __init__(self) -> None:
        self.asked = 0

    def on_next(self, reply) -> None:
        self.asked += 1
        reply.send({}, b"an event")


def test_a_stranger_who_comes_before_the_function_is_not_answered():
    client = textwrap.dedent(
        f"""
        import http.client, sys
        connection = http.client.HTTPConnection(sys.argv[1], timeout=30)
        connection.request("GET", "{NEXT}")
        sys.exit(connection.getresponse().status // 100)
        """
    )

    async def main() -> None:
        recorder, supervisor = Recorder(), Supervisor()
        api = await RuntimeApi.open(recorder)
        stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", client, api.address)
        try:
            while not any(connection._early for connection in api.connections):
                await asyncio.sleep(0.01)
            assert recorder.asked == 0
            ours = await supervisor.spawn([sys.executable, "-c", client, api.address], env={})
            while sum(connection._early is not None for connection in api.connections) < 2:
                await asyncio.sleep(0.01)
            assert recorder.asked == 0
            api.admit(ours.pid)
            assert (await stranger.wait(), await ours.wait()) == (4, 2)
            assert recorder.asked == 1
        finally:
            api.close()
            await supervisor.close()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_both_ways_to_look_find_the_same_socket():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as four,
        socket.socket(socket.AF_INET6) as six,
    ):
        here = server.getsockname()
        six.connect(("::ffff:127.0.0.1", here[1]))
        for client, port in ((four, four.getsockname()[1]), (six, six.getsockname()[1])):
            peer = ("127.0.0.1", port)
            inode = os.fstat(client.fileno()).st_ino
            assert peers._by_netlink(peer, here) in (inode, 0), "0: a kernel without that service"
            assert peers._by_table(peer, here) == inode
            assert peers.belongs(peer, here, os.getpid())
        nobody = ("127.0.0.1", 1)
        assert peers._by_netlink(nobody, here) == peers._by_table(nobody, here) == 0
        assert not peers.belongs(nobody, here, os.getpid())
        with subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
        ) as child:
            assert not peers.belongs(four.getsockname(), here, child.pid), "it has not our socket"
            child.communicate(b"\n")
        assert not peers.belongs(four.getsockname(), here, child.pid), "and is gone now"
