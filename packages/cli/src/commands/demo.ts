import { rmSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "@tillkeeper/server/config/config";
import { makeTemporaryFolder } from "@tillkeeper/server/platform/folders/temporary-folder";
import { colours } from "../colours.ts";
import { playDemo } from "../demo/play-demo.ts";
import { interruptedCode, watchInterruption } from "../interruption.ts";
import { openServer, stopInTime } from "../server.ts";

/** Starts a throw-away server, plays the demo's steps on it, and removes its data. */
export async function demo(): Promise<void> {
  const interruption = watchInterruption();
  const startedAt = performance.now();
  const folder = makeTemporaryFolder("tillkeeper-demo-");
  // At every end of this process but SIGKILL.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  try {
    const succeeded = await playOnOwnServer(join(folder, "data"), interruption);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (succeeded) console.log(colours.green(`Everything went as documented, in ${seconds} s.`));
    else console.log(colours.red("Not everything went as documented; see the table."));
    if (!succeeded) process.exitCode = 1;
  } catch (error) {
    if (!interruption.aborted) throw error;
    console.log("Interrupted; the server has ended and its data is gone.");
    process.exitCode ??= interruptedCode;
  }
}

/** Reads only the log level from the environment: a demo must not touch a real database, broker or data folder. */
async function playOnOwnServer(dataDir: string, interruption: AbortSignal): Promise<boolean> {
  console.log(`\n${colours.bold("Tillkeeper demo")}\n`);
  process.stdout.write("Starting a server with an empty database … ");
  const server = await openServer(
    readConfig({
      TILLKEEPER_HTTP_PORT: "0",
      TILLKEEPER_MQTT_PORT: "0",
      TILLKEEPER_DATA_DIR: dataDir,
      TILLKEEPER_LOG_LEVEL: process.env["TILLKEEPER_LOG_LEVEL"] ?? "error",
    }),
    { sandbox: true },
  );
  try {
    if (!server.sandbox) throw new Error("the server runs without a sandbox");
    console.log(`${server.httpUrl}\n`);
    return await playDemo(server.sandbox, interruption);
  } finally {
    await stopInTime(server);
  }
}
