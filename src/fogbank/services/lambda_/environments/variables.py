"""The environment variables of a function's process. It inherits none of the server's.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os

from ..runtimes import Interpreter, node_path
from .spec import Credentials, Spec

RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
    }
)  # fmt: skip
"""Names that a function's configuration may not set."""

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def variables(
    spec: Spec,
    interpreter: Interpreter,
    credentials: Credentials,
    *,
    runtime_api: str,
    runtime_dir: str,
    endpoint: str,
    log_stream: str,
    scratch: str,
    sdk: str,
) -> dict[str, str]:
    """Returns all environment variables of the process.

    In addition to AWS's: AWS_ENDPOINT_URL directs SDKs to this cloud, and TMPDIR and HOME are a folder that only this
    environment uses.
    """
    opt = spec.opt_root or "/opt"
    env = {
        "AWS_ENDPOINT_URL": endpoint,
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PATH": f"{os.path.dirname(interpreter.path)}:{opt}/bin:{SYSTEM_PATH}" if interpreter.path else SYSTEM_PATH,
        "LD_LIBRARY_PATH": f"{spec.task_root}:{spec.task_root}/lib:{opt}/lib",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "HOME": scratch,
        "TMPDIR": scratch,
    }
    if interpreter.family == "nodejs":
        found = node_path(spec.opt_root, interpreter.version)
        env["NODE_PATH"] = f"{found}:{spec.task_root}" if found else spec.task_root
    env |= dict(spec.variables)
    env |= {
        "_HANDLER": spec.handler,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": spec.log_format,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": spec.task_root,
        "LAMBDA_RUNTIME_DIR": runtime_dir,
    }
    if interpreter.family != "provided":
        env["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{spec.runtime}"
    if spec.log_level:
        env["AWS_LAMBDA_LOG_LEVEL"] = spec.log_level
    if interpreter.family == "python":
        env["FOGBANK_OPT"] = opt
        env["FOGBANK_SDK"] = sdk
    return env
