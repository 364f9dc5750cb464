"""What AWS's images have: the SDK for JavaScript, layers at /opt, and the interpreter in /var/lang/bin.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, …/packaging-layers.html
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fogbank.services.lambda_.environments.spec import Spec
from fogbank.services.lambda_.node_sdk import NodeSdk, named
from fogbank.services.lambda_.runtimes import Interpreter, sdk_folder

NPM = """#!/bin/sh
# npm install --prefix DIR … PACKAGE@VERSION…
echo "$@" >> "$LOG"
for last; do :; done
name=${last%@*}
[ "$name" = @aws-sdk/client-gone ] && { echo "npm error 404 not found" >&2; exit 1; }
mkdir -p "$3/node_modules/$name"
"""


def packed(files: dict[str, str]) -> bytes:
    """A zip file of programs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def with_layer(client: Any, role: str, code: str, layer: dict[str, str]) -> Any:
    arn = client.publish_layer_version(LayerName="tools", Content={"ZipFile": packed(layer)})["LayerVersionArn"]
    client.create_function(
        FunctionName="uses", Role=role, Runtime="python3.11", Handler="app.handler", Layers=[arn], Timeout=20,
        Code={"ZipFile": packed({"app.py": code})},
    )  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName="uses")
    answer = client.invoke(FunctionName="uses")
    found = json.loads(answer["Payload"].read())
    if isinstance(found, dict) and "errorMessage" in found:
        pytest.fail(str(found))
    return found


CALLS = """
import os, subprocess
def handler(event, context):
    if not os.path.exists("/opt/tool/say"):
        return None
    ask = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return [ask("/opt/tool/say"), ask("/opt/tool/script"), os.path.samefile(os.environ["LAMBDA_TASK_ROOT"], ".")]
"""


def test_programs_of_a_layer_are_at_opt(aws: Any) -> None:
    """The CDK's BucketDeployment runs /opt/awscli/aws, whose first line names /var/lang/bin/python."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.client("iam").create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    layer = {"tool/say": "#!/bin/sh\necho aye\n", "tool/script": "#!/var/lang/bin/python\nprint(6 * 7)\n"}
    found = with_layer(aws.client("lambda"), role, CALLS, layer)
    if found is None:
        pytest.skip(
            "this system lets no process have mounts of its own: run the tests where user namespaces are allowed"
        )
    assert found == ["aye", "42", True]


def test_names_of_packages_are_read_from_the_code(tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "node_modules" / "x" / "index.js").write_text("require('@aws-sdk/client-hidden')")
    (tmp_path / "a.mjs").write_text('import {X} from "@aws-sdk/client-s3"; import("@smithy/types/dist")')
    (tmp_path / "b.js").write_text("const a=require('@aws-sdk/lib-dynamodb');// @aws-sdk/client-not-quoted")
    (tmp_path / "c.txt").write_text("'@aws-sdk/client-text'")
    assert named(tmp_path) == {"@aws-sdk/client-s3", "@aws-sdk/lib-dynamodb", "@smithy/types"}


class _Cloud:
    def __init__(self, fetch: str) -> None:
        self.settings = type("Settings", (), {"fetch": fetch})()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node with a stand-in for npm beside it; the file into which it writes how it was called."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(NPM)
    program.chmod(0o755)
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "log"


async def prepare(sdk: NodeSdk, npm: Path, code: str) -> str:
    root = npm.parent / f"code-{abs(hash(code))}"
    root.mkdir(exist_ok=True)
    (root / "index.js").write_text(code)
    spec = Spec(account="1", region="r", name="f", version="1", arn="", revision="1", runtime="nodejs20.x",
                handler="index.h", role="", task_root=str(root))  # fmt: skip
    return await sdk.prepare(spec, Interpreter("nodejs", str(npm.parent / "bin" / "node"), (20,), True))


def run(npm: Path, *codes: str, fetch: str = "auto") -> list[str]:
    async def all_of_them() -> list[str]:
        sdk = NodeSdk(_Cloud(fetch))  # type: ignore[arg-type]
        return [await prepare(sdk, npm, code) for code in codes]

    return asyncio.run(all_of_them())


def test_what_the_code_names_is_fetched_once(npm: Path) -> None:
    code = "require('@aws-sdk/client-fog')"
    assert run(npm, code, code, "// nothing", f"{code}; 2") == ["", "", "", ""]
    assert (sdk_folder() / "node_modules" / "@aws-sdk" / "client-fog").is_dir()
    (call,) = npm.read_text().splitlines()
    assert call.endswith("@aws-sdk/client-fog@^3")
    assert "--ignore-scripts" in call


def test_what_cannot_be_fetched_is_said_in_the_log(npm: Path) -> None:
    (note,) = run(npm, "require('@aws-sdk/client-gone')")
    assert note == "@aws-sdk/client-gone could not be fetched with npm: npm error 404 not found"


def test_nothing_is_fetched_where_that_is_not_wanted(npm: Path) -> None:
    assert run(npm, "require('@aws-sdk/client-fog')", fetch="never") == [""]
    assert not os.path.exists(npm)
