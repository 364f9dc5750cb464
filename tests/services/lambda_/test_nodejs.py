"""The Node.js runtime: handler forms, module forms, console, errors.

https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html, …/nodejs-logging.html, …/nodejs-exceptions.html
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from fogbank.core.settings import Settings
from fogbank.services.lambda_.runtimes import Interpreters

Bench = Any  # of conftest.py
Body = Callable[[Bench], Coroutine[Any, Any, None]]


class _Cloud:
    settings = Settings(data=Path("unused"))


pytestmark = pytest.mark.skipif(not Interpreters(_Cloud()).found("nodejs"), reason="no node here")  # type: ignore[arg-type]
NODE = "nodejs20.x"


def decoded(outcome: Any) -> Any:
    return json.loads(outcome.payload)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("exports.handler = async (event) => ({got: event});", {"got": 7}),
        ("exports.handler = (event, context, callback) => callback(null, event + 1);", 8),
        ("exports.handler = (event, context, callback) => { setTimeout(() => callback(null, 'late'), 5); };", "late"),
        ("exports.handler = (event, context) => { context.succeed('done'); };", "done"),
        ("exports.handler = async () => {};", None),
        ("exports.handler = () => 5;", None),  # neither a promise nor a callback
        ("exports.handler = () => new Promise(() => {});", None),  # never settles: the event loop runs empty
        (
            "let late = 0; exports.handler = (event, context, callback) => {"
            "context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); callback(null, 'soon'); };",
            "soon",
        ),
    ],
)
def test_handler_forms(run: Callable[[Body], None], code: str, expected: Any) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec(code, NODE, memory=256)
        for _ in range(2):
            outcome = await bench.invoke(spec, 7)
            assert (outcome.error, decoded(outcome)) == ("", expected)

    run(body)


@pytest.mark.parametrize("form", ["mjs", "package"])
def test_es_modules(run: Callable[[Body], None], form: str) -> None:
    async def body(bench: Bench) -> None:
        code = "import {basename} from 'path';\nexport const handler = async (event) => basename(event);\n"
        spec = bench.spec(code, NODE, file="app.mjs" if form == "mjs" else "app.js", memory=256)
        if form == "package":
            (Path(spec.task_root) / "package.json").write_text('{"type": "module"}')
        assert decoded(await bench.invoke(spec, "a/b")) == "b"

    run(body)


def test_a_handler_in_a_folder_and_a_module_beside_it(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec("", NODE, handler="src/api/index.nested.go", memory=256)
        folder = Path(spec.task_root) / "src" / "api"
        (folder / "node_modules" / "dep").mkdir(parents=True)
        (folder / "node_modules" / "dep" / "index.js").write_text("module.exports = 'dep';")
        (folder / "index.js").write_text("const dep = require('dep');\nexports.nested = {go: async () => dep};\n")
        assert decoded(await bench.invoke(spec)) == "dep"

    run(body)


def test_the_console_and_the_context(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            console.log("loading");
            exports.handler = async (event, context) => {
              console.log("two\\nlines", {a: 1});
              console.error("bad");
              console.warn("hm");
              console.debug("d");
              process.stdout.write("raw\\n");
              const left = context.getRemainingTimeInMillis();
              return [context.functionName, context.functionVersion, context.memoryLimitInMB, context.awsRequestId,
                      context.invokedFunctionArn, context.logGroupName, left > 2000 && left <= 3000,
                      context.clientContext.x];
            };
        """
        outcome = await bench.invoke(bench.spec(code, NODE, memory=256), client_context='{"x": 1}')
        ident = "00000001-0000-4000-8000-000000000000"
        arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
        assert decoded(outcome) == ["f", "$LATEST", "256", ident, arn, "/aws/lambda/f", True, 1]
        messages = await bench.messages()
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
        assert messages[0].startswith("INIT_START Runtime Version: nodejs:")
        wanted = [
            rf"{stamp}\tundefined\tINFO\tloading\n",
            rf"START RequestId: {ident} Version: \$LATEST\n",
            rf"{stamp}\t{ident}\tINFO\ttwo\nlines \{{ a: 1 \}}\n",
            rf"{stamp}\t{ident}\tERROR\tbad\n",
            rf"{stamp}\t{ident}\tWARN\thm\n",
            rf"{stamp}\t{ident}\tDEBUG\td\n",
            r"raw\n",
            rf"END RequestId: {ident}\n",
        ]
        for message, pattern in zip(messages[1:], wanted, strict=False):
            assert re.fullmatch(pattern, message), message

    run(body)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("exports.handler = async () => { throw new TypeError('nope'); };", "TypeError", "nope"),
        ("exports.handler = (e, c, callback) => callback(new Error('cb'));", "Error", "cb"),
        ("exports.handler = (e, c, callback) => callback('text');", "string", "text"),
        ("class Mine extends Error { constructor(m) { super(m); this.name = 'Mine'; } }"
         "exports.handler = async () => { throw new Mine('m'); };", "Mine", "m"),
        ("exports.handler = async () => { const a = {}; a.a = a; return a; };",
         "Runtime.MarshalError", "Unable to stringify response body"),
    ],
)  # fmt: skip
def test_errors(run: Callable[[Body], None], code: str, kind: str, message: str) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec(code, NODE, memory=256)
        outcome = await bench.invoke(spec)
        error = decoded(outcome)
        assert (outcome.error, error["errorType"], error["errorMessage"]) == ("Unhandled", kind, message)
        assert any(f'ERROR\tInvoke Error \t{{"errorType":"{kind}"' in m for m in await bench.messages())
        assert not (await bench.invoke(spec)).cold

    run(body)


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        ("exports.other = 1;", "app.handler", "Runtime.HandlerNotFound", "app.handler is undefined or not exported"),
        ("exports.handler = 1;", "app.handler", "Runtime.HandlerNotFound", "app.handler is not a function"),
        ("exports.handler = async () => 1;", "app", "Runtime.MalformedHandlerName", "Bad handler"),
        ("exports.handler = async ( => 1;", "app.handler", "Runtime.UserCodeSyntaxError", "Unexpected token '=>'"),
        ("require('nothere');", "app.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'nothere'"),
        ("", "none.handler", "Runtime.ImportModuleError", "Error: Cannot find module './none'"),
        ("throw new RangeError('at load');", "app.handler", "RangeError", "at load"),
    ],
)
def test_code_that_does_not_load(run: Callable[[Body], None], code: str, handler: str, kind: str, message: str) -> None:
    async def body(bench: Bench) -> None:
        outcome = await bench.invoke(bench.spec(code, NODE, handler=handler, memory=256))
        error = decoded(outcome)
        assert (outcome.error, error["errorType"]) == ("Unhandled", kind)
        assert error["errorMessage"].startswith(message)

    run(body)


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package in the name of the AWS SDK, in a folder of the server's NODE_PATH; ES and CommonJS get a file each."""
    package = tmp_path / "shared" / "node_modules" / "@aws-sdk" / "client-fog"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"exports": {"import": "./index.mjs", "require": "./index.cjs"}}')
    (package / "index.mjs").write_text("export const form = 'es';")
    (package / "index.cjs").write_text("exports.form = 'commonjs';")
    monkeypatch.setenv("NODE_PATH", str(package.parent.parent))


@pytest.mark.usefixtures("sdk")
@pytest.mark.parametrize(
    ("file", "code", "form"),
    [
        ("app.mjs", "import {form} from '@aws-sdk/client-fog'; export const handler = async () => form;", "es"),
        ("app.js", "const {form} = require('@aws-sdk/client-fog'); exports.handler = async () => form;", "commonjs"),
    ],
)
def test_the_sdk_is_there(run: Callable[[Body], None], file: str, code: str, form: str) -> None:
    """Imports of ES modules look into NODE_PATH too: https://aws.amazon.com/blogs/compute/node-js-18-x-runtime-now-available-in-aws-lambda/"""

    async def body(bench: Bench) -> None:
        assert decoded(await bench.invoke(bench.spec(code, NODE, file=file, memory=256))) == form

    run(body)


@pytest.mark.usefixtures("sdk")
def test_before_nodejs18_es_modules_did_not_find_it(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = "import {form} from '@aws-sdk/client-fog'; export const handler = async () => form;"
        outcome = await bench.invoke(bench.spec(code, "nodejs16.x", file="app.mjs", memory=256))
        assert decoded(outcome)["errorType"] == "Runtime.ImportModuleError"

    run(body)


def test_es_modules_find_layers(run: Callable[[Body], None], tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        package = tmp_path / "layers" / "nodejs" / "node_modules" / "buoy"
        package.mkdir(parents=True)
        (package / "index.js").write_text("module.exports = 'red';")
        code = "import colour from 'buoy'; export const handler = async () => colour;"
        spec = bench.spec(code, NODE, file="app.mjs", memory=256, opt_root=str(tmp_path / "layers"))
        assert decoded(await bench.invoke(spec)) == "red"

    run(body)


@pytest.mark.parametrize(
    ("file", "code"),
    [("app.mjs", "import '@aws-sdk/client-nowhere';"), ("app.js", "require('@aws-sdk/client-nowhere');")],
)
def test_the_log_says_how_to_get_the_sdk(run: Callable[[Body], None], file: str, code: str) -> None:
    async def body(bench: Bench) -> None:
        outcome = await bench.invoke(bench.spec(code, NODE, file=file, memory=256))
        assert decoded(outcome)["errorType"] == "Runtime.ImportModuleError"
        assert "npm install -g @aws-sdk/client-nowhere" in "".join(await bench.messages())

    run(body)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("setTimeout(() => { throw new Error('later'); }, 1); await new Promise(() => setTimeout(() => {}, 9e4));",
         "Error"),
        ("Promise.reject(new Error('nobody')); await new Promise(() => setTimeout(() => {}, 9e4));",
         "Runtime.UnhandledPromiseRejection"),
    ],
)  # fmt: skip
def test_what_nobody_caught_ends_the_runtime(run: Callable[[Body], None], statement: str, kind: str) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec("exports.handler = async () => { %s };" % statement, NODE, memory=256)  # noqa: UP031
        outcome = await bench.invoke(spec)
        assert (outcome.error, decoded(outcome)["errorType"]) == ("Unhandled", kind)

    run(body)


def test_a_streamed_response(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            exports.handler = awslambda.streamifyResponse(async (event, stream) => {
              stream.setContentType("text/plain");
              stream.write("one ");
              stream.write("two");
              stream.end();
            });
        """
        outcome = await bench.invoke(bench.spec(code, NODE, memory=256))
        assert (outcome.payload, outcome.content_type, outcome.streamed) == (b"one two", "text/plain", True)

    run(body)


@pytest.mark.parametrize(
    "call",
    [
        "https.request({hostname: url.hostname, path: url.pathname + url.search, method: 'PUT'}, done)",
        "https.request(`https://${url.hostname}${url.pathname}${url.search}`, {method: 'PUT'}, done)",
    ],
)
def test_an_answer_without_the_port_finds_home(run: Callable[[Body], None], call: str) -> None:
    """The CDK's provider framework keeps host and path of the ResponseURL and speaks https."""

    async def body(bench: Bench) -> None:
        asked: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n"))
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        bench.app.endpoint = f"http://127.0.0.1:{port}"
        code = f"""
            import * as https from 'https';
            export const handler = async (event) => new Promise((resolve, reject) => {{
              const url = new URL(event);
              const done = (response) => {{ response.resume(); resolve(response.statusCode); }};
              {call}.on('error', reject).end();
            }});
        """
        spec = bench.spec(code, NODE, file="app.mjs", memory=256)
        assert decoded(await bench.invoke(spec, f"http://127.0.0.1:{port}/answer?x=1")) == 204
        assert asked == [b"PUT /answer?x=1 HTTP/1.1\r\n"]
        server.close()

    run(body)
