import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type RunningServer, startServer } from "@tillkeeper/server/main";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { inject } from "vitest";
import { filesOf } from "../postgres/database.ts";
import { TestClock } from "./test-clock.ts";
import { type Topology, type TopologyOptions, testConfig } from "./topology.ts";

/** Starts a whole server in this process, with the embedded broker and a data folder of its own. */
export async function startOneProcess({
  config,
  databaseUrl,
  virtualTerminalHost,
  folder,
}: TopologyOptions): Promise<Topology> {
  const clock = new TestClock();
  const dataDir = mkdtempSync(join(folder, "data-"));
  const log = createLogger(process.env["TEST_LOG"] === "1" ? "info" : "silent");
  const start = () =>
    startServer({
      config: {
        ...testConfig,
        audienceHosts: [...testConfig.audienceHosts],
        dataDir,
        keyFile: inject("keyFile"),
        // On a machine that runs many tests at once a connection may take longer than a start waits by default.
        startPatienceSeconds: 60,
        databaseUrl,
        ...config,
        // A further server on the database shares the files, as servers must.
        files: config.files ?? filesOf(databaseUrl),
      },
      log,
      clock: clock.over,
      ...(virtualTerminalHost && { virtualTerminalHost }),
    });
  let running: RunningServer = await start();
  return {
    get httpUrl() {
      return running.httpUrl;
    },
    get mqttUrl() {
      return running.mqttUrl;
    },
    carried: () => [],
    clock,
    spreads: false,
    get urls() {
      return [running.httpUrl];
    },
    settled: async () => {},
    async restart(meanwhile) {
      await running.stop();
      meanwhile?.();
      running = await start();
    },
    async stop() {
      await running.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
