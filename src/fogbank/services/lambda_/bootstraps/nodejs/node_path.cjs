"use strict";
/* Node's own loader of ES modules does not look into NODE_PATH; that of Lambda's runtimes does, from nodejs18.x on. It is
 * how ES modules find layers and the AWS SDK:
 * https://aws.amazon.com/blogs/compute/node-js-18-x-runtime-now-available-in-aws-lambda/
 *
 * https://nodejs.org/api/module.html#customization-hooks: hooks in this thread where Node has them (22.15, 23.5), which
 * cost nothing; else in a thread of their own, which costs a cold start some 50 ms. So they are set only where a folder is
 * there to be looked into.
 */
const fs = require("fs");
const Module = require("module");
const path = require("path");
const { pathToFileURL } = require("url");

const folders = (process.env.NODE_PATH || "")
  .split(path.delimiter)
  .filter((folder) => path.basename(folder) === "node_modules" && fs.existsSync(folder));
// a module in the folder above node_modules would find its packages there: such a one is said to ask
const askers = folders.map((folder) => pathToFileURL(path.join(path.dirname(folder), "asker.mjs")).href);

const isPackage = (specifier) => !/^(\.{0,2}\/|[a-z]+:|#)/i.test(specifier);
const isMissing = (error) => error.code === "ERR_MODULE_NOT_FOUND";

/** The hook in a thread of its own. */
exports.resolve = async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!isMissing(error) || !isPackage(specifier)) throw error;
    for (const parentURL of askers) {
      try {
        return await next(specifier, { ...context, parentURL });
      } catch (other) {
        if (!isMissing(other)) throw other;
      }
    }
    throw error;
  }
};

/** The hook in this thread: the same without waiting. */
function resolveHere(specifier, context, next) {
  try {
    return next(specifier, context);
  } catch (error) {
    if (!isMissing(error) || !isPackage(specifier)) throw error;
    for (const parentURL of askers) {
      try {
        return next(specifier, { ...context, parentURL });
      } catch (other) {
        if (!isMissing(other)) throw other;
      }
    }
    throw error;
  }
}

/** Have imports look into NODE_PATH. (Node can be taught it since 18.19 and 20.6.) */
exports.install = function install() {
  if (!folders.length) return;
  if (Module.registerHooks) Module.registerHooks({ resolve: resolveHere });
  else if (Module.register) Module.register(pathToFileURL(__filename).href);
};
