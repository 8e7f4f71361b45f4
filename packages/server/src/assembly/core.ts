import type { SandboxContent } from "@tillkeeper/contract/sandbox-content";
import { grantExists } from "../access/auth/clients.ts";
import { openSigningKeys } from "../access/auth/keys/signing-keys.ts";
import { openNarrowedGrants } from "../access/auth/narrowed-grants.ts";
import { deviceTokens as createDeviceTokens, type DeviceIdentity } from "../access/auth/tokens/device-tokens.ts";
import { createTokens, type Tokens } from "../access/auth/tokens/tokens.ts";
import { transferTokens } from "../access/auth/tokens/transfer-tokens.ts";
import { flowCookies, sessionCookies } from "../access/people/cookies.ts";
import { signInLimits } from "../access/people/limits.ts";
import { createActorNames } from "../access/people/names.ts";
import { createOidcProvider } from "../access/people/oidc/provider.ts";
import { createPrincipals } from "../access/people/principals.ts";
import type { SessionDeps } from "../access/people/sessions.ts";
import type { SignInDeps } from "../access/people/sign-in.ts";
import { type Config, defaultDeviceTokenSeconds } from "../config/config.ts";
import { documentedHosts } from "../config/settings.ts";
import { type BackupPlan, BackupSchedule } from "../db/backup/schedule.ts";
import { DatabaseClock } from "../db/database-clock.ts";
import type { Db } from "../db/db.ts";
import { locationNow, openDatabase, reaching } from "../db/open.ts";
import { openRootKey } from "../db/open-root-key.ts";
import { EventTail } from "../events/tail.ts";
import type { FileStore } from "../files/file-store.ts";
import { openFileStore, placeName } from "../files/open-store.ts";
import { checkFilePlace } from "../files/place-id.ts";
import type { DeviceTransport } from "../gateway/carriers/transport.ts";
import { openMasking } from "../logs/masking/masking.ts";
import { operationWatch } from "../operations/watch.ts";
import type { Clock } from "../platform/clock.ts";
import type { Closing } from "../platform/closing.ts";
import { lockDataFolder } from "../platform/folders/data-folder.ts";
import type { Logger } from "../platform/log/log.ts";
import { ownAddresses } from "../platform/own-addresses.ts";
import { type Patience, patiently } from "../platform/patience.ts";
import { openTraces } from "../platform/tracing/open.ts";
import { SteadyClock } from "../presence/watch/steady-clock.ts";
import { EventStreams } from "../stream/streams.ts";
import { liveCredentials } from "../terminals/credentials/find-live.ts";
import { endOutdatedAddress } from "../terminals/credentials/outdated-address.ts";
import type { VirtualTerminalHost } from "../virtual-terminals/virtual-terminals.ts";
import { createMetrics } from "../watching/metrics.ts";
import { createPresentEvents } from "./event-payloads.ts";
import { OperationWakes } from "./operation-wakes.ts";

export interface ServerOptions {
  config: Config;
  log: Logger;
  /** Runs the virtual terminals; without it, their operations time out. */
  virtualTerminalHost?: VirtualTerminalHost;
  /** Opens the sandbox account, and creates it on the first start. */
  sandbox?: boolean;
  /** What the sandbox begins with, and has again after a reset. Default: three stores with five terminals. */
  sandboxContent?: SandboxContent | undefined;
  /** Does not print the checkpoints of the audit log: the output of a throw-away server is not kept. Default: as `sandbox`. */
  quietCheckpoints?: boolean;
  /** Wraps what carries messages; benchmarks add a carrier without sockets. */
  carrier?: (own: DeviceTransport) => DeviceTransport;
  /** Ends the start's wait for parts that are away. */
  signal?: AbortSignal | undefined;
  /** Wraps the server's own clock; tests set the time with it. */
  clock?: (own: Clock) => Clock;
}

/** Opens what every feature needs: database, clock, keys, files, tokens. `closing` receives what undoes each step. */
export async function openCore({ config, log, clock: over = (own) => own, signal }: ServerOptions, closing: Closing) {
  for (const setting of config.unknownSettings ?? []) log.warn({ setting }, "not a setting: see `tillkeeper settings`");
  const { metrics, traces, watch, patience } = await openWatching({ config, log, signal }, closing);
  const folder = lockDataFolder(config.dataDir);
  closing.add(() => folder.release());
  const db = await openDatabase({
    url: config.databaseUrl,
    urlFile: config.databaseUrlFile,
    dataDir: folder.path,
    log,
    patience,
    migrates: config.migrates,
    connections: config.databaseConnections,
  });
  closing.add(() => db.close());
  const databaseClock = await openClock(db, patience);
  const clock = over(databaseClock);
  const rootKey = await openRootKey(db, { dataDir: folder.path, keyFile: config.keyFile });
  const files = await openFiles(db, { ...config, dataDir: folder.path }, closing, rootKey.fingerprint());
  const masking = openMasking({ log });
  closing.add(() => masking.close());
  const addresses = ownAddresses({ ...config, furtherHosts: furtherHostsOf(config) });
  const keys = await openSigningKeys(db, clock, rootKey);
  const tokens = await openTokens({ db, clock, keys, config, acceptedHosts: addresses.acceptedHosts });
  const names = createActorNames(db);
  const { signIn, principals } = openSignIn({ db, clock, rootKey, tokens, config, log });
  const deviceTokens = createDeviceTokens({
    keys,
    clock,
    lifetimeSeconds: config.deviceTokenSeconds ?? defaultDeviceTokenSeconds(config.mqtt),
  });
  const presenceClock = new SteadyClock(clock);
  const events = openEvents({ db, log, clock, presenceClock });
  const addressAhead = (identity: DeviceIdentity) => endOutdatedAddress({ db, clock }, identity);
  const ofDevices = { deviceTokens, addressAhead, ...deviceAccess({ db, clock, keys }) };
  const access = { keys, tokens, signIn, principals, names, ...ofDevices };
  const backups = config.backups && openBackups({ ...config, dataDir: folder.path }, config.backups, { clock, log });
  return {
    config,
    log,
    clock,
    backups,
    databaseClock,
    metrics,
    traces,
    watch,
    patience,
    folder: folder.path,
    db,
    rootKey,
    files,
    masking,
    addresses,
    presenceClock,
    ...events,
    ...access,
  };
}

/**
 * How long a start waits for an urgent connection at least, even where it waits for no database that is away: the database has
 * answered already, but a busy machine may take longer than the second after which such a connection is given up.
 */
const clockPatienceSeconds = 30;

function openClock(db: Db, patience: Patience): Promise<DatabaseClock> {
  const least = { ...patience, seconds: Math.max(patience.seconds, clockPatienceSeconds) };
  return patiently(least, () => reaching(() => DatabaseClock.open(db.urgent)));
}

/** The documented hosts serve callers of the API; devices never use them. */
function furtherHostsOf({ audienceHosts }: Config): string[] {
  return audienceHosts.filter((host) => !documentedHosts.includes(host));
}

/** How devices get in, and reach their files. */
function deviceAccess({
  db,
  clock,
  keys,
}: {
  db: Db;
  clock: Clock;
  keys: Awaited<ReturnType<typeof openSigningKeys>>;
}) {
  return {
    findLiveCredential: liveCredentials(db),
    transfers: transferTokens({ keys, clock }),
  };
}

/** The place of files, after a check that it belongs to the database. */
async function openFiles(db: Db, config: Config, closing: Closing, key: string): Promise<FileStore> {
  const files = await openFileStore(config);
  closing.add(() => files.close());
  await checkFilePlace({ db, files, place: placeName(config), key });
  return files;
}

function openBackups(
  { databaseUrl: url, databaseUrlFile: urlFile, dataDir }: Config,
  plan: BackupPlan,
  deps: { clock: Clock; log: Logger },
): BackupSchedule {
  return new BackupSchedule({ ...deps, plan, location: () => locationNow({ url, urlFile, dataDir }) });
}

interface TokenDeps extends Pick<SessionDeps, "db" | "clock"> {
  keys: Awaited<ReturnType<typeof openSigningKeys>>;
  config: Config;
  acceptedHosts: () => ReadonlySet<string>;
}

async function openTokens({ db, clock, keys, config, acceptedHosts }: TokenDeps): Promise<Tokens> {
  return createTokens({
    keys,
    narrowedGrants: await openNarrowedGrants(db, clock),
    clock,
    lifetimeSeconds: config.tokenLifetimeSeconds,
    acceptedHosts,
    grantExists: ({ issuerAccountId, accountId, ...grant }) =>
      grantExists(db, { ...grant, accountId: issuerAccountId, audienceAccountId: accountId }),
  });
}

/** What people sign in with, and what says who sends a request. */
function openSignIn({
  db,
  clock,
  rootKey,
  tokens,
  config,
  log,
}: Pick<SignInDeps, "db" | "clock" | "rootKey"> & { tokens: Tokens; config: Config; log: Logger }) {
  const https = config.publicUrl?.startsWith("https:") ?? false;
  const provider = config.oidc && createOidcProvider(config.oidc, log);
  const cookies = { cookies: sessionCookies({ https }), flowCookies: flowCookies({ https }) };
  const signIn = { db, clock, rootKey, ...cookies, limits: signInLimits(), provider };
  return { signIn, principals: createPrincipals({ tokens, signIn }) };
}

export type Core = Awaited<ReturnType<typeof openCore>>;

/** Opens metrics and traces, and sets how long the start waits for parts that are away. */
async function openWatching(
  { config, log, signal }: Pick<ServerOptions, "config" | "log" | "signal">,
  closing: Closing,
) {
  const metrics = createMetrics();
  const traces = await openTraces(config.traces, log);
  closing.add(() => traces?.close());
  const patience: Patience = { seconds: config.startPatienceSeconds ?? 0, log, signal };
  return { metrics, traces, watch: operationWatch(log, metrics, traces), patience };
}

/** What brings new events to requests that wait and to streams. */
function openEvents(deps: Parameters<typeof createPresentEvents>[0]) {
  const { db } = deps;
  const eventTail = new EventTail(db.pool);
  const presentEvents = createPresentEvents(deps);
  return {
    eventTail,
    operationWakes: new OperationWakes(eventTail),
    presentEvents,
    eventStreams: new EventStreams({ db, tail: eventTail, present: presentEvents }),
  };
}
