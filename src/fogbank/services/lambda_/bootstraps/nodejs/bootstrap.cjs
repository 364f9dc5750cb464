"use strict";
/* The Node.js runtime of an execution environment: fetches events from the Runtime API and calls the handler.
 *
 * Node's own modules alone; works on Node 14 and later. The shapes of the context, of errors and of log lines are those
 * of AWS's managed runtimes:
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html, …/nodejs-handler.html, …/nodejs-logging.html
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */

const fs = require("fs");
const http = require("http");
const path = require("path");
const util = require("util");
const { pathToFileURL } = require("url");

const API = "/2018-06-01/runtime";
const [HOST, PORT] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const JSON_LOGS = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const STREAM_TRAILER_TYPE = "Lambda-Runtime-Function-Error-Type";
const STREAM_TRAILER_BODY = "Lambda-Runtime-Function-Error-Body";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const STREAMED = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");

// -- the log ----------------------------------------------------------------------------------------------------------

let current = "";

/** Write all of it to standard output, waiting where the pipe is full. */
function writeAll(data) {
  for (let offset = 0; offset < data.length; ) {
    try {
      offset += fs.writeSync(1, data, offset);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

/** One log event, several lines as one: a header of type, length and time in microseconds, then the text. */
function logEvent(text) {
  const message = Buffer.from(text, "utf8");
  const header = Buffer.alloc(16);
  header.writeUInt32BE(0xa55a0003, 0);
  header.writeUInt32BE(message.length, 4);
  header.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  writeAll(Buffer.concat([header, message]));
}

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const lowest = Math.max(LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL || "TRACE").toUpperCase()), 0);

function logJson(level, args) {
  const entry = { timestamp: new Date().toISOString(), level, requestId: current || undefined };
  if (args.length === 1 && typeof args[0] === "object" && args[0] !== null && !(args[0] instanceof Error)) {
    entry.message = args[0];
  } else {
    entry.message = util.format(...args);
    const error = args.find((value) => value instanceof Error);
    if (error) {
      entry.errorType = error.name;
      entry.errorMessage = error.message;
      entry.stackTrace = String(error.stack).split("\n").slice(1).map((line) => line.trim());
    }
  }
  try {
    logEvent(JSON.stringify(entry));
  } catch (_) {
    entry.message = util.format(...args);
    logEvent(JSON.stringify(entry));
  }
}

function logAt(level, args) {
  if (LEVELS.indexOf(level) < lowest && JSON_LOGS) return;
  if (JSON_LOGS) return logJson(level, args);
  const text = util.format(...args);
  logEvent(`${new Date().toISOString()}\t${current || "undefined"}\t${level}\t${text}`);
}

function patchConsole() {
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", trace: "TRACE", warn: "WARN", error: "ERROR", fatal: "FATAL" };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...args) => logAt(level, args);
  }
}

// -- errors -----------------------------------------------------------------------------------------------------------

class RuntimeFault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** An error as it is sent to the caller. */
function describe(error) {
  if (isError(error)) {
    return {
      errorType: String(error.name || "Error"),
      errorMessage: String(error.message),
      trace: String(error.stack || error).split("\n"),
    };
  }
  if (error === undefined || error === null) {
    return { errorType: String(error), errorMessage: String(error), trace: [] };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

/** An error as it is logged: with its own properties and its stack. */
function loggable(error) {
  const plain = describe(error);
  const entry = { errorType: plain.errorType, errorMessage: plain.errorMessage };
  if (isError(error)) {
    if (error.code !== undefined) entry.code = error.code;
    for (const key of Object.keys(error)) if (!(key in entry) && key !== "name") entry[key] = error[key];
    entry.stack = plain.trace;
  } else {
    entry.stack = plain.trace;
  }
  return entry;
}

function logError(label, error) {
  let text;
  try {
    text = JSON.stringify(loggable(error));
  } catch (_) {
    text = JSON.stringify(describe(error));
  }
  if (JSON_LOGS) return logJson("ERROR", [error]);
  logEvent(`${new Date().toISOString()}\t${current || "undefined"}\tERROR\t${label} \t${text}`);
}

// -- the Runtime API --------------------------------------------------------------------------------------------------

function exchange(method, route, body, headers) {
  return new Promise((resolve, reject) => {
    const options = { host: HOST, port: PORT, method, path: API + route, agent, headers: headers || {} };
    if (body !== undefined) options.headers["Content-Length"] = body.length;
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function postError(route, error) {
  const plain = describe(error);
  const headers = { "Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": encodeURIComponent(plain.errorType) };
  await exchange("POST", route, Buffer.from(JSON.stringify(plain)), headers);
}

// -- the handler ------------------------------------------------------------------------------------------------------

function firstFile(base, suffixes) {
  for (const suffix of suffixes) {
    try {
      if (fs.statSync(base + suffix).isFile()) return base + suffix;
    } catch (_) {
      // not there: the next
    }
  }
  return undefined;
}

/** An ES module; from nodejs18.x on its imports look into NODE_PATH too. */
function importModule(file) {
  const runtime = parseInt((process.env.AWS_EXECUTION_ENV || "").replace("AWS_Lambda_nodejs", ""), 10);
  if (runtime >= 18) require("./node_path.cjs").install();
  return import(pathToFileURL(file).href);
}

/** The module that a handler's path names, CommonJS or ES. */
async function loadModule(root, folder, name) {
  const base = path.resolve(root, folder, name);
  const file = firstFile(base, ["", ".js", ".mjs", ".cjs"]);
  if (file === undefined) {
    return require(require.resolve("./" + path.join(folder, name), { paths: [root, path.join(root, folder)] }));
  }
  if (file.endsWith(".mjs")) return importModule(file);
  try {
    return require(file);
  } catch (error) {
    if (error && (error.code === "ERR_REQUIRE_ESM" || error.code === "ERR_REQUIRE_ASYNC_MODULE" || looksEsm(error, file))) {
      return importModule(file);
    }
    throw error;
  }
}

/** Whether a syntax error comes from loading an ES module of a "type": "module" package as CommonJS. */
function looksEsm(error, file) {
  if (!(error instanceof SyntaxError) || file.endsWith(".cjs")) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")).type === "module";
    } catch (_) {
      if (folder === path.dirname(folder)) return false;
    }
  }
}

async function loadHandler(root, full) {
  const folder = path.dirname(full);
  const parts = path.basename(full).match(/^([^.]*)\.(.*)$/);
  if (full.includes("..")) throw new RuntimeFault("Runtime.MalformedHandlerName", `'${full}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  if (!parts) throw new RuntimeFault("Runtime.MalformedHandlerName", "Bad handler");
  let module;
  try {
    module = await loadModule(root, folder, parts[1]);
  } catch (error) {
    if (error instanceof SyntaxError) throw renamed("Runtime.UserCodeSyntaxError", error);
    if (error && (error.code === "MODULE_NOT_FOUND" || error.code === "ERR_MODULE_NOT_FOUND")) {
      sayHowToGetSdk(error);
      throw renamed("Runtime.ImportModuleError", error);
    }
    throw error;
  }
  const find = (from) => parts[2].split(".").reduce((value, key) => (value === undefined || value === null ? undefined : value[key]), from);
  let handler = find(module);
  if (handler === undefined && module && module.default) handler = find(module.default);
  if (handler === undefined) throw new RuntimeFault("Runtime.HandlerNotFound", `${full} is undefined or not exported`);
  if (typeof handler !== "function") throw new RuntimeFault("Runtime.HandlerNotFound", `${full} is not a function`);
  return handler;
}

/** AWS's runtimes bring the SDK along. Here it is the machine's, and whoever reads the log learns how to have it. */
function sayHowToGetSdk(error) {
  const found = /Cannot find (?:module|package) '(@aws-sdk\/[^'/]+)/.exec(error.message);
  if (found) logEvent(`[fogbank] ${found[1]} is not on this machine; on AWS the runtime has it: npm install -g ${found[1]}\n`);
}

/** AWS prints the original error's name before its message: "Error: Cannot find module …". */
function renamed(name, error) {
  const fault = new RuntimeFault(name, String(error instanceof SyntaxError ? error.message : error));
  fault.stack = error.stack;
  return fault;
}

// -- response streaming -----------------------------------------------------------------------------------------------

const PRELUDE_END = Buffer.alloc(8);

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMED] = "response";
    if (options && options.highWaterMark) handler[HIGH_WATER] = options.highWaterMark;
    return handler;
  },
  HttpResponseStream: {
    /** Status, headers and cookies go first, as JSON, ended by eight zero bytes. */
    from(stream, prelude) {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.write(JSON.stringify(prelude));
      stream.write(PRELUDE_END);
      return stream;
    },
  },
};

/** A writable stream whose bytes are the response. Resolves when the Runtime API has answered. */
function responseStream(id) {
  const headers = { "Content-Type": "application/octet-stream", "Lambda-Runtime-Function-Response-Mode": "streaming", Trailer: `${STREAM_TRAILER_TYPE}, ${STREAM_TRAILER_BODY}` };
  let stream;
  const answered = new Promise((resolve, reject) => {
    stream = http.request({ host: HOST, port: PORT, method: "POST", path: `${API}/invocation/${id}/response`, agent, headers }, (response) => {
      response.resume();
      response.on("end", resolve);
    });
    stream.on("error", reject);
  });
  stream.setContentType = (type) => stream.setHeader("Content-Type", type);
  const write = stream.write.bind(stream);
  stream.write = (chunk, ...rest) => write(typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk), ...rest);
  return { stream, answered };
}

async function runStreaming(handler, event, context, id) {
  const { stream, answered } = responseStream(id);
  try {
    await handler(event, stream, context);
    if (!stream.writableEnded) stream.end();
  } catch (error) {
    logError("Invoke Error", error);
    if (!stream.headersSent) stream.setHeader("Content-Type", "application/json");
    const plain = describe(error);
    if (!stream.headersSent) stream.write("");
    stream.addTrailers({ [STREAM_TRAILER_TYPE]: plain.errorType, [STREAM_TRAILER_BODY]: Buffer.from(JSON.stringify(plain)).toString("base64") });
    stream.end();
  }
  await answered;
}

// -- the way home -----------------------------------------------------------------------------------------------------

/** Handlers of custom resources answer by https to the host of the ResponseURL and drop its port, for on AWS it has
 * none. Such a call to the endpoint's own host is led to the endpoint. Functions of WebSocket APIs call back at
 * https://DOMAIN/STAGE, by the domain name of the event: these calls are led there too, with their Host. Calls that name
 * a port are left alone. */
function leadHome() {
  let home;
  try {
    home = new URL(process.env.AWS_ENDPOINT_URL);
  } catch (_) {
    return;
  }
  if (home.protocol !== "http:" || !home.port) return;
  const https = require("https");
  const secure = https.request;
  https.request = function (...args) {
    let [target, options, callback] = args;
    if (typeof target === "string" || target instanceof URL) {
      const url = new URL(target);
      if (typeof options === "function") [options, callback] = [{}, options];
      const parts = { hostname: url.hostname, port: url.port, path: url.pathname + url.search };
      options = Object.assign(parts, options);
    } else {
      [options, callback] = [target || {}, options];
    }
    const host = options.hostname || options.host;
    const isApi = typeof host === "string" && host.includes(".execute-api.");
    if ((host !== home.hostname && !isApi) || options.port) return secure.apply(https, args);
    const { agent, protocol, ...rest } = options;
    if (isApi) rest.headers = { host, ...rest.headers };
    return http.request({ ...rest, hostname: home.hostname, host: home.hostname, port: home.port }, callback);
  };
  https.get = function (...args) {
    const request = https.request(...args);
    request.end();
    return request;
  };
  require("module").syncBuiltinESMExports();
}

// -- invocations ------------------------------------------------------------------------------------------------------

function makeContext(headers) {
  const deadline = parseInt(headers["lambda-runtime-deadline-ms"] || "0", 10);
  const parsed = (text) => (text ? JSON.parse(text) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers["lambda-runtime-client-context"]),
    identity: parsed(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
}

let onIdle = null; // called once, when the event loop has nothing left to do

process.on("beforeExit", () => {
  const action = onIdle;
  onIdle = null;
  if (action) action();
});

/** Run the handler to its end: a returned promise, a callback, context.succeed/fail/done, or an empty event loop. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    let settled = false;
    const finish = (error, value) => {
      onIdle = null;
      if (error !== undefined && error !== null) reject(error);
      else resolve(value);
    };
    const settle = (error, value, waits) => {
      if (settled) return;
      settled = true;
      if (waits && context.callbackWaitsForEmptyEventLoop && (error === undefined || error === null)) onIdle = () => finish(null, value);
      else finish(error, value);
    };
    context.done = (error, value) => settle(error, value, true);
    context.succeed = (value) => settle(null, value, true);
    context.fail = (error) => settle(error === undefined || error === null ? "handled" : error, undefined, true);
    onIdle = () => settle(null, null, false);
    const result = handler(event, context, (error, value) => settle(error, value, true));
    if (result && typeof result.then === "function") {
      result.then((value) => settle(null, value, false), (error) => settle(error === undefined ? new Error("undefined") : error, undefined, false));
    }
  });
}

async function invoke(handler, headers, body) {
  const id = (current = headers["lambda-runtime-aws-request-id"]);
  const trace = headers["lambda-runtime-trace-id"];
  if (trace) process.env._X_AMZN_TRACE_ID = trace;
  else delete process.env._X_AMZN_TRACE_ID;
  let payload;
  try {
    const event = JSON.parse(body.toString("utf8"));
    const context = makeContext(headers);
    if (handler[STREAMED]) return await runStreaming(handler, event, context, id);
    const result = await run(handler, event, context);
    try {
      payload = JSON.stringify(result === undefined ? null : result);
    } catch (error) {
      throw new RuntimeFault("Runtime.MarshalError", "Unable to stringify response body");
    }
  } catch (error) {
    logError("Invoke Error", error);
    return await postError(`/invocation/${id}/error`, error);
  }
  await exchange("POST", `/invocation/${id}/response`, Buffer.from(payload === undefined ? "null" : payload), { "Content-Type": "application/json" });
}

/** An error that nobody caught ends the runtime, after it has been reported. */
function onUncaught(label, error) {
  logError(label, error);
  const route = current ? `/invocation/${current}/error` : "/init/error";
  postError(route, error).then(() => process.exit(129), () => process.exit(129));
}

async function main() {
  patchConsole();
  leadHome();
  process.on("uncaughtException", (error) => onUncaught("Uncaught Exception", error));
  process.on("unhandledRejection", (reason, promise) => {
    const fault = new RuntimeFault("Runtime.UnhandledPromiseRejection", String(isError(reason) ? `${reason.name}: ${reason.message}` : reason));
    fault.reason = isError(reason) ? describe(reason) : reason;
    onUncaught("Unhandled Promise Rejection", fault);
  });
  let handler;
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    logError("Uncaught Exception", error);
    await postError("/init/error", error);
    process.exit(1);
  }
  for (;;) {
    let next;
    try {
      next = await exchange("GET", "/invocation/next");
    } catch (_) {
      process.exit(0);
    }
    if (next.status !== 200) process.exit(0);
    await invoke(handler, next.headers, next.body);
  }
}

main();
