"""What start-up may not load."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"aiohttp", "boto3", "botocore", "cbor2", "cryptography", "jinja2", "jsonschema", "psycopg", "pydantic",
         "pytest", "rich", "samtranslator", "typer", "yaml"}  # fmt: skip

_SERVER = """
import asyncio, json, sys
from fogbank.app import App
from fogbank.core.settings import Settings
import fogbank.server
async def main():
    app = App(Settings(port=0, ephemeral=True))
    await app.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(b"GET /_fogbank/health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    assert b"200" in (await reader.read()).splitlines()[0]
    await app.stop(0.1)
asyncio.run(main())
print(json.dumps(sorted(sys.modules)))
"""


def _modules(script: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_server_that_answers_has_loaded_no_service_and_nothing_heavy():
    found = _modules(_SERVER)
    assert not [name for name in found if name.startswith("fogbank.services.")]
    assert not HEAVY & {name.partition(".")[0] for name in found}


def test_the_command_line_loads_no_server_before_it_needs_one():
    found = _modules("import json, sys, fogbank.cli.commands\nprint(json.dumps(sorted(sys.modules)))")
    loaded = {"fogbank.app", "fogbank.gateway.server", "asyncio", "rich.table", "botocore"} & found
    assert not loaded
