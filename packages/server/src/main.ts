import { sql } from "kysely";
import { buildApp } from "./app.ts";
import { authRoutes } from "./auth/routes.ts";
import { openSigningKeys } from "./auth/signing-keys.ts";
import { createTokens } from "./auth/tokens.ts";
import type { Config } from "./config.ts";
import { openDatabase } from "./db/open.ts";
import { announcer, outboxWorker } from "./gateway/dispatch.ts";
import { createInbound } from "./gateway/inbound.ts";
import { openTransport } from "./gateway/open-transport.ts";
import type { DeviceTransport } from "./gateway/transport.ts";
import { type VirtualTerminalHost, virtualTerminals } from "./gateway/virtual-terminals.ts";
import { healthRoutes } from "./health/routes.ts";
import { createAccept } from "./operations/accept.ts";
import { createReports } from "./operations/finish.ts";
import { operationRoutes } from "./operations/routes.ts";
import { expiryWorker, idempotencyWorker } from "./operations/workers.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import { Closing } from "./platform/closing.ts";
import { lockDataFolder } from "./platform/data-folder.ts";
import { listen } from "./platform/listen.ts";
import type { Logger } from "./platform/log.ts";
import { ownAddresses } from "./platform/own-addresses.ts";
import { serverId } from "./platform/server-id.ts";
import { Supervisor } from "./platform/worker.ts";
import { openSandbox, type SandboxFile } from "./sandbox/sandbox.ts";
import { storeRoutes } from "./stores/routes.ts";
import { terminalRoutes } from "./terminals/routes.ts";

export interface ServerOptions {
  config: Config;
  log: Logger;
  /** Runs the virtual terminals; without one, their operations time out. */
  virtualTerminalHost?: VirtualTerminalHost;
  /** Opens the sandbox account, and makes it on the first start. */
  sandbox?: boolean;
  clock?: Clock;
}

export interface RunningServer {
  httpUrl: string;
  mqttUrl: string;
  sandbox: (SandboxFile & { terminalIds: string[] }) | undefined;
  /** Ends everything in reverse order of start. */
  stop(): Promise<void>;
}

/**
 * Starts a server: data folder, database, broker, API, workers, and the sandbox if asked for. Throws `StartupError` with
 * one sentence for whatever the operator can mend, and leaves nothing running then.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const closing = new Closing();
  try {
    return await start(options, closing);
  } catch (error) {
    await closing.close().catch((closeError: unknown) => options.log.error({ err: closeError }, "closing failed"));
    throw error;
  }
}

async function start(options: ServerOptions, closing: Closing): Promise<RunningServer> {
  const { config, log, clock = systemClock } = options;
  const folder = lockDataFolder(config.dataDir);
  closing.add(() => folder.release());
  const db = await openDatabase({ url: config.databaseUrl, dataDir: folder.path, log });
  closing.add(() => db.close());

  const addresses = ownAddresses(config);
  const keys = await openSigningKeys(db, clock);
  const tokens = createTokens({
    keys,
    clock,
    lifetimeSeconds: config.tokenLifetimeSeconds,
    acceptedHosts: addresses.acceptedHosts,
  });

  const supervisor = new Supervisor(log);
  let transport: DeviceTransport | undefined;
  const openedTransport = () => {
    if (!transport) throw new Error("the broker is not open yet");
    return transport;
  };
  const device = { db, clock, log, transport: openedTransport };
  const receive = createInbound({ ...device, reports: createReports({ db, clock }) });
  transport = await openTransport({ config, db, log, receive });
  closing.add(() => openedTransport().close());
  const mqttUrl = transport.url;

  const virtual =
    options.virtualTerminalHost &&
    virtualTerminals({ db, clock, host: options.virtualTerminalHost, serverId: serverId(folder.path), mqttUrl });
  const terminals = {
    db,
    clock,
    mqttUrl,
    virtualTerminalAdded: () => virtual?.wake(),
    credentialReplaced: (terminalId: string) => openedTransport().disconnect(terminalId),
  };
  const stores = { db, clock };
  const app = await buildApp({
    log,
    tokens,
    routes: [
      ...authRoutes({ db, keys, tokens, acceptedHosts: addresses.acceptedHosts, ownUrl: addresses.url }),
      ...storeRoutes(stores),
      ...terminalRoutes(terminals),
      ...operationRoutes({ db, accept: createAccept({ db, clock, announce: announcer(device) }) }),
      ...healthRoutes({
        pingDatabase: async () => void (await sql`select 1`.execute(db.sql)),
        brokerHealthy: () => openedTransport().healthy(),
        workers: () => supervisor.health(),
      }),
    ],
  });
  await app.ready();
  closing.add(() => app.close());
  addresses.listening(await listen(app.server, config.http.host, config.http.port, "TILLKEEPER_HTTP_PORT"));

  for (const worker of [expiryWorker(device), idempotencyWorker(device), outboxWorker(device)])
    supervisor.start(worker);
  if (virtual) supervisor.start(virtual.worker);
  closing.add(() => supervisor.stop());

  const sandbox = options.sandbox
    ? await openSandbox({
        db,
        clock,
        folder: folder.path,
        client: config.sandboxClient,
        addresses: { http_url: addresses.url(), mqtt_url: mqttUrl() },
        stores,
        terminals,
      })
    : undefined;
  return { httpUrl: addresses.url(), mqttUrl: mqttUrl(), sandbox, stop: () => closing.close() };
}
