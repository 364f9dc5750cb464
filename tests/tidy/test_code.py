"""House rules that a reader of the syntax tree can check."""

from __future__ import annotations

import ast
from collections.abc import Iterator

SOURCE = "src/fogbank/"
SERVICES = "src/fogbank/services/"
BOOTSTRAPS = "src/fogbank/services/lambda_/bootstraps/"  # these run in the function's own process
# outermost edges, where an unknown error is logged and answered, and edges of foreign code
EDGES = {
    "src/fogbank/app.py",  # one engine's trouble while stopping
    "src/fogbank/engines/nursery.py",  # a forked child must never return
    "src/fogbank/gateway/connection.py",
    "src/fogbank/gateway/responses.py",
    "src/fogbank/gateway/pipeline.py",
    "src/fogbank/jobs/worker.py",
    "src/fogbank/residents/runner.py",
    "src/fogbank/services/cloudformation/engine/calls.py",  # handlers of any service
    "src/fogbank/services/lambda_/environments/fleet.py",  # a worker's
    "src/fogbank/services/lambda_/sqs_poller.py",  # a worker's
    "src/fogbank/services/lambda_/cfnresponse.py",  # an answer that has nobody to fail to
    "src/fogbank/testing/threads.py",  # hands the error to the thread that waits
}
# a pause of the machine's time, not of the cloud's: it gathers writes, and nothing that AWS promises hangs on it
GATHERING = {"src/fogbank/services/cloudwatch/points.py", "src/fogbank/services/lambda_/environments/logs.py"}
# (module, name): what to use instead
CLOCKS = {
    ("time", "time"): "ctx.now()",
    ("time", "time_ns"): "ctx.now()",
    ("time", "sleep"): "ctx.clock, ctx.later",
    ("asyncio", "sleep"): "ctx.clock.sleep",
    ("uuid", "uuid1"): "ctx.ids",
    ("uuid", "uuid4"): "ctx.ids",
    ("threading", "Thread"): "a job",
    ("threading", "Timer"): "ctx.later",
    ("datetime", "utcnow"): "ctx.now()",
    ("datetime", "now"): "ctx.now()",
    ("datetime", "today"): "ctx.now()",
    ("date", "today"): "ctx.now()",
}


def _below(house, prefix: str) -> Iterator[tuple[str, ast.Module]]:
    return ((name, tree) for name, tree in house.python.items() if name.startswith(prefix))


def test_everything_is_caught_only_at_the_outermost_edges(house):
    """`except BaseException` that raises again is a finally with a condition, and fine."""
    wrong = []
    for name, tree in _below(house, SOURCE):
        if name in EDGES or name.startswith(BOOTSTRAPS):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _raises_again(node):
                wrong.append(f"{name}:{node.lineno}")
    assert not wrong, f"name the exceptions that are expected: {wrong}"


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))
               for kind in kinds)  # fmt: skip


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_services_take_time_ids_and_waiting_from_their_context(house):
    wrong = []
    for name, tree in _below(house, SERVICES):
        if name.startswith(BOOTSTRAPS) or name in GATHERING:
            continue
        yields = {call.func for call in ast.walk(tree) if isinstance(call, ast.Call) and _is_zero(call.args)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                base = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                if (instead := CLOCKS.get((base, node.attr))) and node not in yields:
                    wrong.append(f"{name}:{node.lineno} {base}.{node.attr}: {instead}")
            elif isinstance(node, ast.ImportFrom) and node.module in ("time", "uuid", "threading"):
                wrong += [
                    f"{name}:{node.lineno} {node.module}.{alias.name}"
                    for alias in node.names
                    if (node.module, alias.name) in CLOCKS
                ]
    assert not wrong, "\n".join(wrong)


def _is_zero(arguments: list[ast.expr]) -> bool:
    """asyncio.sleep(0) waits for nothing: it lets others run between two slices of long work."""
    return len(arguments) == 1 and isinstance(arguments[0], ast.Constant) and arguments[0].value == 0


def test_no_module_keeps_state(house):
    """A list, dict or set at module level that a function of the module changes is state outside the store."""
    wrong = []
    changing = {"append", "add", "update", "setdefault", "pop", "clear", "extend", "insert", "remove", "discard"}
    for name, tree in _below(house, SOURCE):
        if name.startswith(BOOTSTRAPS):
            continue
        held = set()
        for node in tree.body:
            target, value = _assigned(node)
            if target and isinstance(value, ast.List | ast.Dict | ast.Set | ast.DictComp | ast.ListComp):
                held.add(target)
        for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)):
            local = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            local |= {argument.arg for argument in function.args.args}
            for node in ast.walk(function):
                match node:
                    case ast.Global(names=names):
                        wrong.append(f"{name}:{node.lineno} global {', '.join(names)}")
                    case ast.Subscript(value=ast.Name(id=target), ctx=ast.Store() | ast.Del()):
                        if target in held - local:
                            wrong.append(f"{name}:{node.lineno} {target}")
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=method)):
                        if target in held - local and method in changing:
                            wrong.append(f"{name}:{node.lineno} {target}.{method}")
    assert not wrong, "\n".join(wrong)


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return name, value
    return "", None


def test_every_module_says_what_it_is_for(house):
    silent = [
        name
        for name, tree in _below(house, SOURCE)
        if not ast.get_docstring(tree) and house.text(name).strip() and not name.startswith(BOOTSTRAPS)
    ]
    assert not silent


def test_no_test_is_written_to_be_skipped(house):
    """skip and xfail are for what a machine lacks, and say so."""
    wrong = []
    for name, tree in _below(house, "tests/"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("skip", "xfail") and _is_mark(node):
                wrong.append(f"{name}:{node.lineno}")
    assert not wrong, f"unconditional skips: {wrong}"


def _is_mark(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Attribute) and node.value.attr == "mark"
