import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { inject } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { type RunningServer, startServer } from "../../src/main.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import type { VirtualTerminalHost } from "../../src/virtual-terminals/virtual-terminals.ts";

/**
 * Starts a sandbox on a free port, with a data folder of its own; `host` runs its virtual terminals. It has a database of
 * its own, or that of `config`, which the caller drops.
 */
export async function startSandbox(config: Partial<Config> = {}, host?: VirtualTerminalHost): Promise<RunningServer> {
  const own = config.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const dataDir = mkdtempSync(join(tmpdir(), "tillkeeper-test-sandbox-"));
  const running = await startServer({
    config: {
      ...testConfig,
      audienceHosts: [...testConfig.audienceHosts],
      dataDir,
      keyFile: inject("keyFile"),
      ...config,
      databaseUrl: own?.url ?? config.databaseUrl,
    },
    log: createLogger("silent"),
    sandbox: true,
    ...(host && { virtualTerminalHost: host }),
  });
  return {
    ...running,
    async stop() {
      await running.stop();
      await own?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
