"""Execution environments against real interpreters: results, errors, logs, timeouts, freezing, concurrency.

Texts of errors and log lines: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html,
…/nodejs-exceptions.html, …/monitoring-cloudwatchlogs-view.html, …/troubleshooting-invocation.html
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from fogbank.services.lambda_.environments.fleet import Quota
from fogbank.services.lambda_.environments.spec import Outcome
from fogbank.services.lambda_.errors import TooManyRequests

Bench = Any  # of conftest.py
Body = Callable[[Bench], Coroutine[Any, Any, None]]


def decoded(outcome: Outcome) -> Any:
    return json.loads(outcome.payload)


ECHO = "def handler(event, context):\n    return {'got': event}\n"


def test_a_python_function_answers_cold_then_warm(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec(ECHO)
        first = await bench.invoke(spec, {"é": 1})
        assert decoded(first) == {"got": {"é": 1}}
        assert (first.error, first.cold) == ("", True)
        second = await bench.invoke(spec, [2])
        assert decoded(second) == {"got": [2]}
        assert not second.cold
        assert len(bench.streams) == 1

    run(body)


def test_the_log_of_a_cold_and_a_warm_call(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            import logging, sys
            print("loading")
            logging.getLogger().setLevel("INFO")

            def handler(event, context):
                print("out")
                logging.info("two\\nlines")
                print("err", file=sys.stderr)
                logging.getLogger("x").warning("w %s", 1)
        """
        outcome = await bench.invoke(bench.spec(code))
        messages = await bench.messages()
        ident = "00000001-0000-4000-8000-000000000000"
        assert re.fullmatch(
            r"INIT_START Runtime Version: python:3\.11\t"
            r"Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n",
            messages[0],
        )
        assert messages[1:4] == ["loading\n", f"START RequestId: {ident} Version: $LATEST\n", "out\n"]
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z"
        assert re.fullmatch(rf"\[INFO\]\t{stamp}\t{ident}\ttwo\nlines\n", messages[4])
        warning, err = sorted(messages[5:7])  # they come through two pipes: their order is not promised
        assert err == "err\n"
        assert re.fullmatch(rf"\[WARNING\]\t{stamp}\t{ident}\tw 1\n", warning)
        assert messages[7] == f"END RequestId: {ident}\n"
        assert re.fullmatch(
            rf"REPORT RequestId: {ident}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
            r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n",
            messages[8],
        )
        assert len(messages) == 9
        assert outcome.log_tail.decode() == "".join(messages[2:])

    run(body)


@pytest.mark.parametrize("runtime", ["python3.8", "python3.13"])
def test_other_pythons(run: Callable[[Body], None], runtime: str) -> None:
    async def body(bench: Bench) -> None:
        version = tuple(map(int, runtime.removeprefix("python").split(".")))
        if version not in bench.fleet.interpreters.found("python"):
            pytest.skip(f"no {runtime} here")
        spec = bench.spec("import sys\ndef handler(event, context):\n    return sys.version_info[:2]\n", runtime)
        assert tuple(decoded(await bench.invoke(spec))) == version

    run(body)


def test_a_missing_version_runs_on_the_nearest_and_says_so(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        bench.fleet.interpreters._found["python"] = {
            k: v for k, v in bench.fleet.interpreters.found("python").items() if k == (3, 11)
        }
        assert decoded(await bench.invoke(bench.spec(ECHO, "python3.14"), 1)) == {"got": 1}
        messages = await bench.messages()
        assert messages[1].startswith("[fogbank] python3.14 is not on this machine: running on python 3.11 (")

    run(body)


def test_the_context_of_python(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            import os
            def handler(event, context):
                return [context.function_name, context.function_version, context.invoked_function_arn,
                        context.memory_limit_in_mb, context.aws_request_id, context.log_group_name,
                        context.log_stream_name, context.client_context.custom, context.client_context.client.app_title,
                        context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id,
                        2000 < context.get_remaining_time_in_millis() <= 3000, os.environ["_X_AMZN_TRACE_ID"]]
        """
        outcome = await bench.invoke(
            bench.spec(code),
            client_context='{"custom": {"a": 1}, "client": {"app_title": "t"}}',
            cognito_identity='{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
            trace_id="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        )
        assert decoded(outcome) == [
            "f", "$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:f", "128",
            "00000001-0000-4000-8000-000000000000", "/aws/lambda/f", bench.streams[0], {"a": 1}, "t", "i", "p", True,
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        ]  # fmt: skip

    run(body)


def test_the_environment_is_lambdas_and_nothing_else(
    run: Callable[[Body], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")

    async def body(bench: Bench) -> None:
        code = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
        env = decoded(await bench.invoke(bench.spec(code, variables=(("MINE", "1"),))))
        assert env["MINE"] == "1"
        assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
        assert env["AWS_ENDPOINT_URL"] == "http://localhost:4566"
        assert env["AWS_SESSION_TOKEN"] == "token"
        assert env["_HANDLER"] == "app.handler"
        assert env["TZ"] == ":UTC"
        allowed = {
            "MINE", "PATH", "LANG", "TZ", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "FOGBANK_OPT", "LC_CTYPE", "_HANDLER",
            "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
        }  # fmt: skip
        assert {name for name in env if not name.startswith("AWS_")} <= allowed

    run(body)


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        ("import nothere\n", "app.handler", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'nothere'"),
        (ECHO, "other.handler", "Runtime.ImportModuleError",
         "Unable to import module 'other': No module named 'other'"),
        (ECHO, "app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        (ECHO, "app", "Runtime.MalformedHandlerName",
         "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError",
         "Syntax error in module 'app': invalid syntax (app.py, line 1)"),
        ("raise KeyError('boom')\n", "app.handler", "KeyError", "'boom'"),
    ],
)  # fmt: skip
def test_python_code_that_does_not_load(
    run: Callable[[Body], None], code: str, handler: str, kind: str, message: str
) -> None:
    async def body(bench: Bench) -> None:
        outcome = await bench.invoke(bench.spec(code, handler=handler))
        error = decoded(outcome)
        assert (outcome.error, error["errorType"], error["errorMessage"]) == ("Unhandled", kind, message)
        messages = await bench.messages()
        assert messages[1].startswith(f"[ERROR] {kind}: {message}")
        assert re.fullmatch(
            rf"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: {kind}\n", messages[2]
        )
        assert messages[-1].endswith(f"Status: error\tError Type: {kind}\n")

    run(body)


def test_a_python_exception(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            class Custom(Exception):
                pass

            def deep():
                raise Custom("no good")

            def handler(event, context):
                deep()
        """
        spec = bench.spec(code)
        outcome = await bench.invoke(spec)
        error = decoded(outcome)
        assert outcome.error == "Unhandled"
        assert error == {
            "errorMessage": "no good",
            "errorType": "Custom",
            "requestId": "00000001-0000-4000-8000-000000000000",
            "stackTrace": [
                f'  File "{spec.task_root}/app.py", line 9, in handler\n    deep()\n',
                f'  File "{spec.task_root}/app.py", line 6, in deep\n    raise Custom("no good")\n',
            ],
        }
        messages = await bench.messages()
        logged = next(m for m in messages if m.startswith("[ERROR]"))
        assert logged.startswith("[ERROR] Custom: no good\nTraceback (most recent call last):\n\u00a0\u00a0File ")
        # the environment survives a handled exception
        assert not (await bench.invoke(spec)).cold

    run(body)


def test_what_cannot_be_json_is_a_marshal_error(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            import datetime, decimal
            def handler(event, context):
                return {"d": decimal.Decimal("1.5")} if event else datetime.datetime(2020, 1, 1)
        """
        spec = bench.spec(code)
        error = decoded(await bench.invoke(spec))
        assert error["errorType"] == "Runtime.MarshalError"
        assert error["errorMessage"] == ("Unable to marshal response: Object of type datetime is not JSON serializable")
        assert decoded(await bench.invoke(spec, 1)) == {"d": 1.5}

    run(body)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_runtime_that_exits(run: Callable[[Body], None], statement: str, text: str) -> None:
    async def body(bench: Bench) -> None:
        code = f"import os, sys\ndef handler(event, context):\n    if event: {statement}\n    return 1\n"
        spec = bench.spec(code)
        await bench.invoke(spec)
        outcome = await bench.invoke(spec, 1)
        assert outcome.error == "Unhandled"
        assert decoded(outcome) == {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: 00000002-0000-4000-8000-000000000000 Error: {text}",
        }
        assert decoded(await bench.invoke(spec)) == 1  # in a new one
        assert len(bench.streams) == 2

    run(body)


def test_a_timeout_kills(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = "import time\ndef handler(event, context):\n    print('in')\n    time.sleep(60)\n"
        started = time.monotonic()
        outcome = await bench.invoke(bench.spec(code, timeout=1))
        assert 1 <= time.monotonic() - started < 50  # and not the minute that it would sleep
        ident = "00000001-0000-4000-8000-000000000000"
        assert decoded(outcome) == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {ident} Error: Task timed out after 1.00 seconds",
        }
        messages = await bench.messages()
        assert messages[2] == "in\n"
        assert re.fullmatch(
            rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {ident} Task timed out after 1\.00 seconds\n\n", messages[3]
        )
        assert messages[5].endswith("Status: timeout\n")
        assert bench.fleet.supervisor.processes == () or await _gone(bench)

    run(body)


async def _gone(bench: Bench) -> bool:
    for _ in range(200):
        if not bench.fleet.supervisor.processes:
            return True
        await asyncio.sleep(0.01)
    return False


def test_more_memory_than_configured_is_killed(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            import time
            def handler(event, context):
                held = bytearray(300 << 20)
                held[::4096] = b"x" * len(held[::4096])
                time.sleep(2)
        """
        outcome = await bench.invoke(bench.spec(code, timeout=20))
        assert decoded(outcome)["errorMessage"].endswith("Runtime exited with error: signal: killed")
        assert decoded(outcome)["errorType"] == "Runtime.ExitError"

    run(body)


def test_a_response_that_is_too_large(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        outcome = await bench.invoke(bench.spec("def handler(event, context):\n    return 'x' * 6291556\n"))
        assert decoded(outcome) == {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        }

    run(body)


def test_between_invocations_nothing_runs(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            import threading, time
            ticks = []
            def tick():
                while True:
                    ticks.append(1)
                    time.sleep(0.005)
            threading.Thread(target=tick, daemon=True).start()
            def handler(event, context):
                return len(ticks)
        """
        spec = bench.spec(code)
        first = decoded(await bench.invoke(spec))
        await asyncio.sleep(0.4)
        assert decoded(await bench.invoke(spec)) - first < 40  # it would be 80

    run(body)


def test_concurrent_events_scale_out_and_reuse(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = "import os, time\ndef handler(event, context):\n    time.sleep(0.3)\n    return os.getpid()\n"
        spec = bench.spec(code)
        pids = {decoded(o) for o in await asyncio.gather(*(bench.invoke(spec) for _ in range(3)))}
        assert len(pids) == 3
        assert decoded(await bench.invoke(spec)) in pids

    run(body)


def test_reserved_and_account_concurrency_throttle(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec("import time\ndef handler(event, context):\n    time.sleep(event)\n")
        running = asyncio.create_task(bench.invoke(spec, 0.5, Quota(reserved=1)))
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests) as caught:
            await bench.invoke(spec, 0, Quota(reserved=1))
        assert caught.value.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        with pytest.raises(TooManyRequests) as caught:
            await bench.invoke(spec, 0, Quota(unreserved=0))
        assert caught.value.members["Reason"] == "ConcurrentInvocationLimitExceeded"
        await running
        await bench.invoke(spec, 0, Quota(reserved=1))

    run(body)


def test_an_idle_environment_is_reaped_by_the_clock(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec(ECHO)
        await bench.invoke(spec)
        assert len(bench.fleet.supervisor.processes) == 1
        bench.clock.set(bench.clock.now() + 700)
        assert await _gone(bench)
        assert (await bench.invoke(spec)).cold

    run(body)


def test_a_retired_function_starts_anew(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        spec = bench.spec(ECHO)
        await bench.invoke(spec)
        bench.fleet.retire(spec.function)
        assert await _gone(bench)
        assert (await bench.invoke(spec)).cold

    run(body)


def test_json_logs(run: Callable[[Body], None]) -> None:
    async def body(bench: Bench) -> None:
        code = """
            import logging
            def handler(event, context):
                logging.getLogger("mine").info("hello", extra={"more": 1})
                logging.debug("hidden")
        """
        await bench.invoke(bench.spec(code, log_format="JSON", log_level="INFO"))
        entries = [json.loads(m) for m in await bench.messages()]
        assert [e.get("type", e.get("message")) for e in entries] == [
            "platform.initStart", "platform.start", "hello", "platform.report"
        ]  # fmt: skip
        line = entries[2]
        assert (line["level"], line["logger"], line["more"]) == ("INFO", "mine", 1)
        assert line["requestId"] == "00000001-0000-4000-8000-000000000000"
        assert set(entries[3]["record"]["metrics"]) == {
            "durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"
        }  # fmt: skip

    run(body)


def test_a_custom_runtime_is_its_bootstrap(run: Callable[[Body], None]) -> None:
    """provided.al2023: an executable `bootstrap` that speaks the Runtime API by itself."""

    async def body(bench: Bench) -> None:
        code = """\
            #!/bin/sh
            exec %s -S - <<'END'
            import os, http.client
            while True:
                c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
                c.request("GET", "/2018-06-01/runtime/invocation/next")
                r = c.getresponse()
                assert r.headers["Content-Type"], "runtime clients crash without one"
                event, ident = r.read(), r.headers["Lambda-Runtime-Aws-Request-Id"]
                c.request("POST", f"/2018-06-01/runtime/invocation/{ident}/response", b"custom " + event)
                c.getresponse().read()
            END
        """
        python = next(iter(bench.fleet.interpreters.found("python").values()))
        spec = bench.spec(code % python, "provided.al2023", file="bootstrap")
        missing = await bench.invoke(spec)
        assert decoded(missing)["errorType"] == "Runtime.InvalidEntrypoint"  # not executable
        (Path(spec.task_root) / "bootstrap").chmod(0o755)
        assert (await bench.invoke(spec, 7)).payload == b"custom 7"

    run(body)
