import { join } from "node:path";
import { defaultTimeoutSeconds, type OperationName } from "@tillkeeper/contract/operations";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import { sql } from "kysely";
import { accountRoutes } from "./accounts/routes.ts";
import { activationRoutes } from "./activations/routes.ts";
import { activationWorker } from "./activations/worker.ts";
import { buildApp } from "./app.ts";
import { auditRoutes } from "./audit/routes.ts";
import { deviceTokens as createDeviceTokens } from "./auth/device-tokens.ts";
import { signingKeyWorker } from "./auth/key-rotation.ts";
import { openNarrowedGrants } from "./auth/narrowed-grants.ts";
import { authRoutes } from "./auth/routes.ts";
import { openSigningKeys } from "./auth/signing-keys.ts";
import { createTokens } from "./auth/tokens.ts";
import { transferTokens } from "./auth/transfer-tokens.ts";
import { brokerRoutes } from "./broker-access/routes.ts";
import { clientRoutes } from "./clients/routes.ts";
import {
  type Config,
  defaultDeviceTokenSeconds,
  defaultLogDays,
  defaultPresenceDays,
  defaultRetentionDays,
  defaultTelemetryDays,
} from "./config.ts";
import { configurationRoutes } from "./configurations/routes.ts";
import type { Tx } from "./db/db.ts";
import { unavailable } from "./db/failures.ts";
import { openDatabase } from "./db/open.ts";
import { openFileStore } from "./files/open-store.ts";
import { credentialWorker } from "./gateway/credential-check.ts";
import { announcer, outboxWorker } from "./gateway/dispatch.ts";
import { Handling } from "./gateway/handling.ts";
import { createInbound } from "./gateway/inbound.ts";
import { Mailboxes } from "./gateway/long-poll/mailboxes.ts";
import { longPollRoutes } from "./gateway/long-poll/routes.ts";
import { withLongPoll } from "./gateway/long-poll/with-long-poll.ts";
import { openTransport } from "./gateway/open-transport.ts";
import { createTransfers } from "./gateway/transfers.ts";
import type { DeviceTransport, Receive } from "./gateway/transport.ts";
import { type VirtualTerminalHost, virtualTerminals } from "./gateway/virtual-terminals.ts";
import { grantRoutes } from "./grants/routes.ts";
import { healthRoutes } from "./health/routes.ts";
import { holdsLog } from "./logs/logs.ts";
import { createReceiveLog } from "./logs/receive.ts";
import { logRetentionWorker } from "./logs/retention.ts";
import { deviceLogRoutes, logRoutes } from "./logs/routes.ts";
import { createAccept } from "./operations/accept.ts";
import { cancelUndelivered } from "./operations/cancel.ts";
import { createDurations, durationsWorker } from "./operations/durations.ts";
import { monthWorker } from "./operations/months.ts";
import { createReports } from "./operations/reports.ts";
import { operationRoutes } from "./operations/routes.ts";
import { expiryWorker, idempotencyWorker } from "./operations/workers.ts";
import { norwegianRegister } from "./organizations/norwegian-register.ts";
import { payoutDestinationRoutes } from "./payout-destinations/routes.ts";
import { type Clock, systemClock } from "./platform/clock.ts";
import { Closing } from "./platform/closing.ts";
import { lockDataFolder } from "./platform/data-folder.ts";
import { createRateLimit } from "./platform/http/rate-limit.ts";
import type { Caller, Route } from "./platform/http/route.ts";
import { listen } from "./platform/listen.ts";
import type { Logger } from "./platform/log.ts";
import { ownAddresses } from "./platform/own-addresses.ts";
import { serverId } from "./platform/server-id.ts";
import { Supervisor } from "./platform/worker.ts";
import { createPresence } from "./presence/presence.ts";
import { createProbes } from "./presence/probes.ts";
import { retentionWorker } from "./presence/retention.ts";
import { presenceRoutes } from "./presence/routes.ts";
import { listenOn, watchWorker } from "./presence/watch.ts";
import { deviceUpdateRoutes } from "./releases/device-routes.ts";
import { liveKeys } from "./releases/keys.ts";
import { releaseRoutes } from "./releases/routes.ts";
import { openSandbox, type SandboxFile } from "./sandbox/sandbox.ts";
import { storeRoutes } from "./stores/routes.ts";
import { destinationChanged } from "./stores/suspension.ts";
import type { Admission } from "./terminals/admission.ts";
import { accountOfTerminalId, authenticateDevice, liveCredentials } from "./terminals/credentials.ts";
import { type RetirementDeps, retirementWorker } from "./terminals/retirement.ts";
import { terminalRoutes } from "./terminals/routes.ts";
import { resumeTerminalsOfStore, suspendTerminalsOfStore } from "./terminals/suspension.ts";

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
  const core = await openCore(options, closing);
  const gateway = await openGateway(core, options, closing);
  const stores = {
    db: core.db,
    clock: core.clock,
    register: norwegianRegister({ url: core.config.organizations?.registerUrl }),
    suspendTerminals: suspendTerminalsOfStore,
    resumeTerminals: resumeTerminalsOfStore,
  };
  const { db, clock, config } = core;
  const accept = createAccept({
    db,
    clock,
    announce: announcer(gateway.device, "command"),
    hears: gateway.transport.hears,
    durations: gateway.durations,
    windows: { ...defaultTimeoutSeconds, ...config.windows },
  });
  const { deviceTokens, findLiveCredential } = core;
  const terminals = {
    db,
    clock,
    deviceTokens,
    findLiveCredential,
    ownUrl: core.addresses.url,
    ...terminalPorts(gateway, accept, core),
  };
  const supervisor = new Supervisor(core.log);
  await openApi(core, closing, [
    ...auditRoutes({ db: core.db }),
    ...accessRoutes(core),
    ...storeRoutes(stores),
    ...payoutDestinationRoutes({
      db: core.db,
      clock: core.clock,
      register: core.config.organizations?.checkDestinations ? stores.register : undefined,
      ownUrl: core.addresses.url,
      storesOfDestinationChanged: destinationChanged(stores),
    }),
    ...terminalRoutes(terminals),
    ...longPollRoutes({
      mailboxes: gateway.mailboxes,
      receive: gateway.receive,
      authenticate: (header) => authenticateDevice(terminals, header),
    }),
    ...operationRoutes({ db, clock, accept, announceCancel: announcer(gateway.device, "cancel") }),
    ...activationRoutes({ db: core.db, clock: core.clock }),
    ...logRoutes(core),
    ...deviceLogRoutes({ tokens: core.transfers, receive: createReceiveLog(core) }),
    ...updateRoutes(core),
    ...presenceRoutes({ db, clock, probes: gateway.probes }),
    ...brokerRoutes({
      authentication: core,
      secret: config.mqtt.brokerSecret,
      brokerUrl: config.mqtt.outsideUrl,
    }),
    ...healthRoutes({
      pingDatabase: async () => void (await sql`select 1`.execute(core.db.sql)),
      brokerHealthy: () => gateway.transport.healthy(),
      workers: () => supervisor.health(),
    }),
  ]);

  // Before the API waits for the requests that it has begun.
  closing.add(() => gateway.mailboxes.hurry());
  closing.add(() => supervisor.stop());
  for (const worker of workersOf(core, gateway, { accept, terminals })) supervisor.start(worker);

  const addresses = { http_url: core.addresses.url(), mqtt_url: gateway.transport.url() };
  const sandbox = options.sandbox
    ? await openSandbox({ db, clock, folder: core.folder, client: config.sandboxClient, addresses, stores, terminals })
    : undefined;
  return { httpUrl: addresses.http_url, mqttUrl: addresses.mqtt_url, sandbox, stop: () => closing.close() };
}

/** Everything long-running, in the order of their start. */
function workersOf(core: Core, gateway: Gateway, { accept, terminals }: { accept: Accept; terminals: RetirementDeps }) {
  const { db, clock, log, config, files } = core;
  const ask = (accountId: string, terminalId: string) =>
    accept(operationRequest({ accountId, clientId: "system" }, terminalId, "check_update"));
  return [
    monthWorker({ db, clock, log, retentionDays: config.retentionDays ?? defaultRetentionDays }),
    expiryWorker(gateway.device),
    idempotencyWorker({ db, clock }),
    durationsWorker(gateway.durations),
    outboxWorker(gateway.device),
    credentialWorker(gateway.device),
    watchWorker({ db, clock }),
    gateway.probes.worker,
    retentionWorker({
      db,
      clock,
      presenceDays: config.presenceDays ?? defaultPresenceDays,
      telemetryDays: config.telemetryDays ?? defaultTelemetryDays,
    }),
    ...(gateway.virtual ? [gateway.virtual.worker] : []),
    retirementWorker(terminals),
    activationWorker({ db, clock, log, ask }),
    signingKeyWorker({
      db,
      clock,
      lifetimeSeconds: Math.max(config.tokenLifetimeSeconds, core.deviceTokens.lifetimeSeconds),
    }),
    logRetentionWorker({ db, clock, files, logDays: config.logDays ?? defaultLogDays }),
  ];
}

/** What terminals need of the features above them. */
function terminalPorts({ transport, virtual, presence }: Gateway, accept: Accept, { clock, config }: Core) {
  const seesConnections = config.mqtt.outsideUrl === undefined;
  return {
    cancelUndelivered: (tx: Tx, operation: { accountId: string; id: string; by: string }) =>
      cancelUndelivered(tx, { ...operation, at: clock.now() }),
    mqttUrl: transport.url,
    virtualTerminalsChanged: () => virtual?.wake(),
    admit: (admission: Admission) => admitOrSay(transport, admission),
    credentialReplaced: (terminalId: string) => transport.disconnect(terminalId),
    // An outside broker does not say who is connected to it; the terminals' own words do.
    isConnected: async (accountId: string, terminalId: string) =>
      seesConnections ? transport.hears(terminalId) : presence.isThere({ accountId, terminalId }),
    sendEndOfDay: async (caller: Caller, terminalId: string) => {
      const { operation } = await accept(operationRequest(caller, terminalId, "end_of_day"));
      return operation.id;
    },
  };
}

/** A broker that cannot be told is no fault of the request: it is to be sent again. */
async function admitOrSay(transport: DeviceTransport, admission: Admission) {
  try {
    return await transport.admit(admission);
  } catch (error) {
    throw unavailable(error);
  }
}

function operationRequest(by: { accountId: string; clientId: string }, terminalId: string, operation: OperationName) {
  const { accountId, clientId } = by;
  return { accountId, clientId, idempotencyKey: null, body: { terminal_id: terminalId, operation } };
}

/** What every feature stands on. */
async function openCore({ config, log, clock = systemClock }: ServerOptions, closing: Closing) {
  const folder = lockDataFolder(config.dataDir);
  closing.add(() => folder.release());
  const db = await openDatabase({ url: config.databaseUrl, dataDir: folder.path, log });
  closing.add(() => db.close());
  const files = await openFileStore({ ...config, dataDir: folder.path });
  closing.add(() => files.close());
  const addresses = ownAddresses(config);
  const { acceptedHosts } = addresses;
  const keys = await openSigningKeys(db, clock);
  const narrowedGrants = await openNarrowedGrants(db, clock);
  const tokens = createTokens({
    keys,
    narrowedGrants,
    clock,
    lifetimeSeconds: config.tokenLifetimeSeconds,
    acceptedHosts,
  });
  const deviceTokens = createDeviceTokens({
    keys,
    clock,
    lifetimeSeconds: config.deviceTokenSeconds ?? defaultDeviceTokenSeconds,
  });
  const findLiveCredential = liveCredentials(db);
  const transfers = transferTokens({ keys, clock });
  const access = { keys, tokens, deviceTokens, findLiveCredential, transfers };
  return { config, log, clock, folder: folder.path, db, files, addresses, ...access };
}
type Core = Awaited<ReturnType<typeof openCore>>;

/** The broker and what speaks through it. Messages may come in before the broker is known to have opened. */
async function openGateway(core: Core, { virtualTerminalHost: host }: ServerOptions, closing: Closing) {
  const { config, db, clock, log, folder, deviceTokens, findLiveCredential, transfers, addresses } = core;
  let opened: DeviceTransport | undefined;
  const durations = createDurations({ db, clock });
  const device = {
    db,
    clock,
    log,
    reports: createReports({ db, clock, durations }),
    transferOf: createTransfers(transfers, addresses.known),
    transport: () => {
      if (!opened) throw new Error("the broker is not open yet");
      return opened;
    },
  };
  const probes = createProbes({ db, clock, log, carrier: device.transport });
  const presence = createPresence({
    db,
    clock,
    log,
    probes,
    heartbeatSeconds: config.heartbeatSeconds ?? defaultHeartbeatSeconds,
    seesConnections: config.mqtt.outsideUrl === undefined,
  });
  // Before terminals are heard: what they did while no server listened is not held against them.
  await listenOn({ db, clock });
  const inbound = createInbound({
    ...device,
    presence,
    logs: { holds: (origin, operationId, result) => holdsLog(core, origin, operationId, result) },
  });
  const handling = new Handling(Number.POSITIVE_INFINITY);
  const receive: Receive = async (...from) => {
    const work = inbound(...from);
    void handling.add(work);
    await work;
  };
  closing.add(() =>
    device.reports.flush().catch((error: unknown) => log.warn({ err: error }, "phases were not noted")),
  );
  closing.add(() =>
    presence.flush().catch((error: unknown) => log.warn({ err: error }, "what was heard of terminals was not noted")),
  );
  // What is being handled when the broker closes still needs the database.
  closing.add(() => handling.done());
  const left = (terminalId: string) => {
    const accountId = accountOfTerminalId(terminalId);
    const noted = accountId && presence.left({ accountId, terminalId });
    if (noted) void handling.add(noted.catch(() => undefined));
  };
  const mailboxes = new Mailboxes();
  const broker = await openTransport({ config, db, log, receive, left, deviceTokens, findLiveCredential });
  const transport = withLongPoll(broker, mailboxes);
  opened = transport;
  closing.add(() => transport.close());
  closing.add(() =>
    presence.leave(originsOf(transport.listening() ?? [])).catch((error: unknown) => {
      log.warn({ err: error }, "the terminals of this server were not given time to come back");
    }),
  );
  const virtual =
    host &&
    virtualTerminals({
      db,
      clock,
      log,
      host,
      serverId: serverId(folder),
      mqttUrl: transport.url,
      releaseKeys: (accountId) => liveKeys(db, accountId),
      connectAt: transport.inside,
      admit: (admission) => transport.admit(admission),
    });
  return { device, durations, transport, virtual, presence, probes, mailboxes, receive };
}

function originsOf(terminalIds: string[]): { accountId: string; terminalId: string }[] {
  return terminalIds.flatMap((terminalId) => {
    const accountId = accountOfTerminalId(terminalId);
    return accountId === undefined ? [] : { accountId, terminalId };
  });
}

type Accept = ReturnType<typeof createAccept>;
type Gateway = Awaited<ReturnType<typeof openGateway>>;

/** Accounts, and who may do what in them. */
function accessRoutes({ config, db, clock, addresses }: Core): Route[] {
  return [
    ...accountRoutes({ db, clock, bootstrapToken: config.bootstrapToken }),
    ...clientRoutes({ db, clock }),
    ...grantRoutes({ db, clock, acceptedHosts: addresses.acceptedHosts, ownUrl: addresses.url }),
  ];
}

/** Software and configurations, and what terminals fetch of both. */
function updateRoutes({ db, clock, files, transfers: tokens, addresses }: Core): Route[] {
  return [
    ...releaseRoutes({ db, clock, files }),
    ...configurationRoutes({ db, clock }),
    ...deviceUpdateRoutes({ db, clock, files, transfers: tokens, ownUrl: addresses.url }),
  ];
}

async function openApi({ config, db, log, keys, tokens, addresses }: Core, closing: Closing, routes: Route[]) {
  const auth = authRoutes({ db, keys, tokens, acceptedHosts: addresses.acceptedHosts, ownUrl: addresses.url });
  const rateLimits = config.rateLimit && {
    perClient: createRateLimit(config.rateLimit.perClient),
    perAddress: createRateLimit(config.rateLimit.perAddress),
  };
  const app = await buildApp({ log, tokens, rateLimits, routes: [...auth, ...routes] });
  await app.ready();
  closing.add(() => app.close());
  addresses.listening(await listen(app.server, config.http.host, config.http.port, "TILLKEEPER_HTTP_PORT"));
}
