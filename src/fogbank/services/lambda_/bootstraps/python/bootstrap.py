"""The Python runtime of an execution environment: fetches events from the Runtime API and calls the handler.

Uses only the standard library and works on Python 3.8 and later. The context object, errors and log lines have the
form of AWS's managed runtimes:
https://docs.aws.amazon.com/lambda/latest/dg/python-context.html, …/python-exceptions.html, …/python-logging.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

# For Python 3.8 and a fast start, this file avoids annotations and newer syntax.
# mypy: ignore-errors

import _socket  # not socket: its selectors and enumerations cost several milliseconds of every cold start
import json
import logging
import os
import sys
import threading
import time

API = "/2018-06-01/runtime"
FRAME_TYPE = b"\xa5\x5a\x00\x03"
ENTER = time.time()


class Stop(Exception):
    """The Runtime API has closed the connection, so the process should end."""


class Fault(Exception):
    """An error of the runtime itself. `kind` is the errorType."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, list(trace)


# -- the log ---------------------------------------------------------------------------------------------------------


class Log:
    """Writes messages to the log; a message of several lines stays one event.

    A frame is a header of type, length and time, followed by the text. Frames share the pipe of standard output, so
    that prints and log records keep their order.
    """

    def __init__(self, fd):
        self.fd = fd
        self.lock = threading.Lock()

    def write(self, message):
        data = message.encode("utf-8", "surrogateescape")
        frame = FRAME_TYPE + len(data).to_bytes(4, "big") + int(time.time() * 1e6).to_bytes(8, "big") + data
        with self.lock:
            sys.stdout.flush()
            while frame:
                frame = frame[os.write(self.fd, frame) :]


class Current:
    """The running invocation; log formatters read it."""

    request_id = ""
    tenant_id = None


CURRENT = Current()


class RequestFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = CURRENT.request_id
        record.tenant_id = CURRENT.tenant_id
        return True


class Handler(logging.Handler):
    """The root logger's handler; installed before the function's own code is loaded, as on AWS."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def emit(self, record):
        try:
            self.log.write(self.format(record))
        except Exception:  # like logging.Handler, report formatter errors through handleError
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """Formats log records for LogFormat JSON.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """

    converter = time.gmtime
    usual = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {
        "message", "asctime", "aws_request_id", "tenant_id", "taskName",
    }  # fmt: skip

    def format(self, record):
        entry = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, value, trace = record.exc_info
            entry["stackTrace"] = frames_of(trace)
            entry["errorType"] = kind.__name__
            entry["errorMessage"] = str(value)
            entry["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        entry["requestId"] = CURRENT.request_id
        if CURRENT.tenant_id:
            entry["tenantId"] = CURRENT.tenant_id
        for name, value in record.__dict__.items():
            if name not in self.usual and name not in entry:
                entry[name] = value
        return json.dumps({k: v for k, v in entry.items() if v is not None}, default=str, ensure_ascii=False)


def set_up_logging(log):
    handler = Handler(log)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(JsonFormatter())
        level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO"))
        logging.getLogger().setLevel(level or os.environ.get("AWS_LAMBDA_LOG_LEVEL") or "INFO")
    else:
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    handler.addFilter(RequestFilter())
    logging.getLogger().addHandler(handler)


# -- the Runtime API -------------------------------------------------------------------------------------------------


class Api:
    """A client with one persistent connection, and as much of HTTP/1.1 as the Runtime API uses."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.address, self.host = (host, int(port)), address
        self.socket = None
        self.rest = b""

    def connect(self):
        self.socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.socket.connect(self.address)
        self.socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.rest = b""

    def exchange(self, method, path, body=b"", headers=()):
        """Sends a request. Returns (status, headers by lower-case name, body)."""
        head = [f"{method} {API}{path} HTTP/1.1", "Host: " + self.host]
        head += [f"{name}: {value}" for name, value in headers]
        if method == "POST":
            head.append(f"Content-Length: {len(body)}")
        data = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace") + body
        if self.socket is None:
            self.connect()
        self.socket.sendall(data)
        return self.answer()

    def answer(self):
        data = self.rest
        while b"\r\n\r\n" not in data:
            data += self.some()
        head, _, data = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        chunks, size = [data], len(data)
        while size < length:
            chunk = self.some()
            chunks.append(chunk)
            size += len(chunk)
        data = b"".join(chunks)
        self.rest = data[length:]
        return int(status.split(" ")[1]), headers, data[:length]

    def some(self):
        data = self.socket.recv(262144)
        if not data:
            raise Stop
        return data

    def next(self):
        status, headers, body = self.exchange("GET", "/invocation/next")
        if status != 200:
            raise Stop
        return headers, body

    def succeed(self, request_id, body, content_type):
        return self.exchange("POST", f"/invocation/{request_id}/response", body, [("Content-Type", content_type)])

    def fail(self, path, error):
        body = to_json(error).encode("utf-8", "surrogatepass")
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Function-Error-Type", error["errorType"]),
        ]
        return self.exchange("POST", path, body, headers)


# -- errors ----------------------------------------------------------------------------------------------------------


def frames_of(trace):
    """Formats a traceback, beginning at the function's first frame."""
    import traceback

    frames = traceback.extract_tb(trace)
    for index, frame in enumerate(frames):
        if frame.filename != __file__ and not frame.filename.startswith("<frozen importlib"):
            frames = frames[index:]
            break
    else:
        frames = []
    return traceback.format_list(frames)


def describe(error, trace, request_id):
    """Converts an error to the object that the caller gets."""
    if isinstance(error, Fault):
        kind, message, stack = error.kind, error.message, error.trace
    else:
        kind, message, stack = type(error).__name__, str(error), frames_of(trace)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": stack}


def log_error(log, error):
    """Writes an error to the log as one event, indented by no-break spaces as in AWS's runtime."""
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        entry = {"timestamp": stamp, "log_level": "ERROR"}
        entry.update(error)
        log.write(json.dumps(entry, ensure_ascii=False))
        return
    lines = ["[ERROR] {}: {}".format(error["errorType"], error["errorMessage"])]
    if error["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        for entry in error["stackTrace"]:
            for line in entry.rstrip("\n").split("\n"):
                bare = line.lstrip(" ")
                lines.append("\u00a0" * (len(line) - len(bare)) + bare)
    log.write("\n".join(lines) + "\n")


# -- the handler -----------------------------------------------------------------------------------------------------


def load_handler(name):
    """Returns the callable that _HANDLER names. Raises Fault, or any exception of the module."""
    import importlib

    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}")
    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise Fault(
                "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
            )
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, data):
        self.cognito_identity_id = data.get("cognitoIdentityId")
        self.cognito_identity_pool_id = data.get("cognitoIdentityPoolId")


class Client:
    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")

    def __init__(self, data):
        for name in self.__slots__:
            setattr(self, name, data.get(name))


class ClientContext:
    __slots__ = ("client", "custom", "env")

    def __init__(self, data):
        self.custom = data.get("custom")
        self.env = data.get("env")
        self.client = Client(data["client"]) if data.get("client") else None


class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, headers, log):
        environ = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client) or {}) if client else None
        self.identity = CognitoIdentity(json.loads(headers.get("lambda-runtime-cognito-identity") or "{}") or {})
        self._deadline = int(headers.get("lambda-runtime-deadline-ms", 0))
        self._log = log

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        self._log.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
            "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id",
        )  # fmt: skip
        return "LambdaContext([{}])".format(",".join(f"{name}={getattr(self, name)}" for name in names))


def encode(value):
    """Encodes Decimal, which json cannot, in the way of AWS's runtime."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def to_json(value):
    return json.dumps(value, ensure_ascii=False, default=encode)


def handle(api, log, handler, headers, body):
    """Handles one invocation, from event to response or error."""
    request_id = headers["lambda-runtime-aws-request-id"]
    CURRENT.request_id = request_id
    CURRENT.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    trace_id = headers.get("lambda-runtime-trace-id")
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        try:
            event = json.loads(body.decode("utf-8"))
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}")
        result = handler(event, LambdaContext(headers, log))
        content_type = "application/json"
        try:
            payload = to_json(result).encode("utf-8", "surrogatepass")
        except Exception as error:  # encoding a value may raise anything
            raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}")
    except Exception as error:  # an error of the function
        failure = describe(error, error.__traceback__, request_id)
        log_error(log, failure)
        sys.stdout.flush()
        sys.stderr.flush()
        api.fail(f"/invocation/{request_id}/error", failure)
        return
    sys.stdout.flush()
    sys.stderr.flush()
    api.succeed(request_id, payload, content_type)


def set_up_paths(environ):
    """Sets sys.path as on AWS: the code, the layers, the standard library, and last the SDK that the server lends."""
    root = environ["LAMBDA_TASK_ROOT"]
    opt = environ.get("FOGBANK_OPT", "/opt")
    layers = [
        f"{opt}/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages",
        opt + "/python",
    ]
    sdk = environ.pop("FOGBANK_SDK", "")
    extra = [path for path in environ.get("PYTHONPATH", "").split(":") if path]
    rest = [path for path in sys.path[1:] if path not in extra]
    sys.path[:] = [root, *extra, *(path for path in layers if os.path.isdir(path)), *rest, *([sdk] if sdk else [])]


def set_up_builtins():
    """Defines exit() and quit(). The site module would do so, but -S skips it."""
    import site

    site.setquit()


# -- the way home ------------------------------------------------------------------------------------------------------


class HomeFinder:
    """Functions of WebSocket APIs call back at https://DOMAIN/STAGE, by the domain name of the event.

    That name has no port, and often no address: boto3's calls of it are led to this cloud. This finder sees to it when
    botocore is imported; a start does not wait for that.
    """

    MODULE = "botocore.httpsession"

    def find_spec(self, name, path=None, target=None):
        if name != self.MODULE:
            return None
        sys.meta_path.remove(self)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in sys.meta_path)), None)
        if spec is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                lead_home(module.URLLib3Session)

            spec.loader.exec_module = exec_module
        return spec


def lead_home(session):
    """Send requests to https://….execute-api.…, without a port, to the endpoint. Their signatures cover the name."""
    home, send = os.environ.get("AWS_ENDPOINT_URL", ""), session.send

    def sent(self, request):
        scheme, _, rest = request.url.partition("://")
        host, slash, path = rest.partition("/")
        if scheme == "https" and ".execute-api." in host and ":" not in host and home.startswith("http://"):
            request.headers["Host"] = host
            request.url = home + slash + path
        return send(self, request)

    session.send = sent


def main():
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    set_up_paths(os.environ)
    set_up_builtins()
    sys.meta_path.insert(0, HomeFinder())
    sys.stdout.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    sys.stderr.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    log = Log(1)
    set_up_logging(log)
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:  # an error of the function's module
        failure = describe(error, error.__traceback__, "")
        log_error(log, failure)
        try:  # noqa: SIM105 - nothing is imported that a start does not need
            api.fail("/init/error", failure)
        except (Stop, ConnectionError):
            pass
        sys.exit(1)
    try:
        while True:
            handle(api, log, handler, *api.next())
    except (Stop, ConnectionError):
        os._exit(0)


if __name__ == "__main__":
    # main() keeps its variables out of __main__, where the function would find them; set_up_paths removes this
    # module's folder from sys.path
    main()
