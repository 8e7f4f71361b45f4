// What `npm ci` runs in a checkout: builds the console. Without the packages for development there is nothing to build it with, and
// `/` says so. Plain JavaScript, because the Node that runs npm may be any that the README accepts.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const { resolve } = createRequire(import.meta.url);
try {
  resolve("@lingui/vite-plugin");
  execFileSync("npm", ["run", "-s", "build"], { cwd: fileURLToPath(new URL(".", import.meta.url)), stdio: "inherit" });
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  process.stdout.write("The console is not built: what it is built with is for development, and is not installed.\n");
}
