import { join } from "node:path";
import type { Config } from "@tillkeeper/server/config/config";
import { type RunningServer, type ServerOptions, startServer } from "@tillkeeper/server/main";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { aborted, watchInterruption } from "./interruption.ts";

const longestStopMs = 20_000;

/** Starts the server together with its virtual terminals. Throws as `startServer` does, and leaves nothing running then. */
export async function openServer(
  config: Config,
  options: Pick<ServerOptions, "sandbox" | "sandboxContent" | "quietCheckpoints" | "signal">,
): Promise<RunningServer> {
  const log = createLogger(config.logLevel);
  const fleet = createVirtualFleet({ folder: join(config.dataDir, "terminals"), log });
  const server = await startServer({ config, log, ...options, virtualTerminalHost: fleet });
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await fleet.stopAll();
    },
  };
}

/**
 * Stops a server. If that takes longer than 20 s, beside the time for which it goes on answering, it prints so and ends the process
 * with exit code 1.
 */
export async function stopInTime(server: Pick<RunningServer, "stop">, drainSeconds = 0): Promise<void> {
  const longestMs = longestStopMs + drainSeconds * 1_000;
  const timer = setTimeout(() => {
    console.error(`The server has not ended within ${longestMs / 1000} seconds; giving up on it.`);
    process.exit(1);
  }, longestMs);
  await server.stop();
  clearTimeout(timer);
}

/** Runs a server until it is interrupted; `announce` makes the text that is printed once it listens. */
export async function runServer(
  config: Config,
  {
    announce,
    ...options
  }: Pick<ServerOptions, "sandbox" | "sandboxContent"> & { announce: (server: RunningServer) => string },
): Promise<void> {
  const interruption = watchInterruption();
  const server = await openServer(config, { ...options, signal: interruption }).catch((error: unknown) => {
    // Ctrl-C also reaches the processes of the embedded database, so it is the cause of a start that fails after it.
    if (interruption.aborted) return undefined;
    throw error;
  });
  if (!server) return;
  if (!interruption.aborted) console.log(announce(server));
  await aborted(interruption);
  await stopInTime(server, config.drainSeconds);
}
