import { readFileSync } from "node:fs";
import type { OperationName } from "@tillkeeper/contract/operations";
import type { Port } from "../platform/listen.ts";
import type { LogLevel } from "../platform/log/log.ts";
import { StartupError } from "../platform/startup-error.ts";
import type { TraceSettings } from "../platform/tracing/traces.ts";
import { type BrokerConfig, brokerConfig } from "./brokers.ts";
import { clientSettings, furtherClientSettings } from "./client-settings.ts";
import type { FilesPlace } from "./files-place.ts";
import type { Kind } from "./kinds.ts";
import { type LimitsConfig, rateLimitOf } from "./limits.ts";
import { type MailConfig, mailConfig } from "./mail.ts";
import { type OidcConfig, oidcConfig } from "./oidc.ts";
import {
  type defaultConnections,
  fileSetting,
  type SettingName,
  secretSettings,
  settings,
  type Values,
} from "./settings.ts";
import { findUnknown, isInjected } from "./unknown-variables.ts";

/**
 * The settings of a server. They are read once at start and handed on as values; no other code reads the environment.
 */
export interface Config extends LimitsConfig {
  http: { host: string; port: Port };
  mqtt: { port: Port; outsideUrl: string | undefined } & BrokerConfig;
  dataDir: string;
  /** File of the root key; left out, `key` in the data folder. */
  keyFile?: string | undefined;
  databaseUrl: string | undefined;
  /** The file that holds that address, which is read again for each new connection. */
  databaseUrlFile?: string | undefined;
  /** Connections of this server to the database, where they differ from the default. */
  databaseConnections?: Partial<typeof defaultConnections>;
  /** Whether programs bring the schema up to date when they start; left out, they do. */
  migrates?: boolean | undefined;
  /** Address at which callers reach this server when it is not the one it listens on (a proxy). */
  publicUrl: string | undefined;
  /** Hosts that token audiences may name beside the server's own. */
  audienceHosts: string[];
  tokenLifetimeSeconds: number;
  /** Left out: an hour. */
  deviceTokenSeconds?: number;
  /** Left out: the account of earlier starts; at the first start any free id. */
  sandboxAccountId?: string | undefined;
  sandboxClient: { id: string; secret: string } | undefined;
  /** Left out: the public register, and destinations are not checked against it. */
  organizations?: { registerUrl: string | undefined; checkDestinations: boolean };
  /** A caller that sends this token may create accounts over HTTP; left out, no caller may. */
  bootstrapToken?: string | undefined;
  /** Origins of pages that may call the API; left out, all in the sandbox and none else. */
  corsOrigins?: "*" | readonly string[] | undefined;
  /** How many days operations are kept; left out, 400. */
  retentionDays?: number;
  /** Backups that the server makes by itself; left out, it makes none. */
  backups?: { folder: string; everyHours: number; keep: number };
  /** Where files are kept; left out, in the folder `files` of the data folder. */
  files?: FilesPlace;
  /** How long a request to the file store may make no progress; left out, 20 seconds. */
  filesTimeoutSeconds?: number;
  /** How many days events are kept; left out, 30. */
  eventDays?: number;
  /** How many days log bundles are kept; left out, 90. */
  logDays?: number;
  /** How many days the histories of presence and telemetry are kept; left out, 90 and 30. */
  presenceDays?: number;
  telemetryDays?: number;
  /** Whether webhooks may be sent to private addresses; left out, in the sandbox only. */
  webhooksMayBePrivate?: boolean | undefined;
  /** How many days deliveries of webhooks are kept; left out, 14. */
  webhookDays?: number;
  /** The server that takes mail; left out, none is sent. */
  mail?: MailConfig | undefined;
  /** The provider at which people sign in; left out, there is none. */
  oidc?: OidcConfig | undefined;
  /** Interval of the terminals' heartbeats; left out, 30 seconds. */
  heartbeatSeconds?: number;
  /** Seconds that terminals have to answer, where they differ from the contract's. */
  windows?: Partial<Record<OperationName, number>>;
  /** Where metrics are answered; left out, nowhere. */
  metrics?: { host: string; port: Port } | undefined;
  /** Where spans are sent; left out, none is made. */
  traces?: TraceSettings | undefined;
  /** How long a server that stops says that it is not ready before it ends; left out, it does not wait. */
  drainSeconds?: number;
  /** How long a start waits for a database or a broker that is away; left out, it does not wait. */
  startPatienceSeconds?: number;
  logLevel: LogLevel;
  /** Variables that look like settings and are none. */
  unknownSettings?: string[];
}

type Environment = Readonly<Record<string, string | undefined>>;
type ReportFault = (name: string, message: string) => void;

/**
 * Default life of a device token, in seconds. With `jwt` a broker ends each connection with its token, so it lives
 * longer: a fleet should not reconnect every hour.
 */
export function defaultDeviceTokenSeconds({ access }: Pick<Config["mqtt"], "access">): number {
  return access === "jwt" ? 86_400 : 3_600;
}

/** Reads the environment. Throws one `StartupError` that lists all its faults. */
export function readConfig(env: Environment): Config {
  const faults: string[] = [];
  const fault: ReportFault = (name, message) => faults.push(`  ${name}: ${message}`);
  const unknown = findUnknown(env, [
    ...Object.keys(settings),
    ...secretSettings.map(fileSetting),
    ...Object.keys({ ...clientSettings, ...furtherClientSettings }),
  ]);
  for (const { name, meant } of unknown.mistyped) fault(name, `is not a setting; did you mean ${meant}?`);
  const config = {
    ...configOf(readValues(env, fault), fault),
    databaseUrlFile: env[fileSetting("DATABASE_URL")]?.trim() || undefined,
  };
  if (faults.length > 0) throw new StartupError(`The environment is not valid:\n${faults.join("\n")}`);
  return { ...config, unknownSettings: unknown.others };
}

function readValues(env: Environment, fault: ReportFault): Values {
  const rows: [string, Kind<unknown>][] = Object.entries(settings);
  return Object.fromEntries(
    rows.map(([name, kind]) => {
      const given = isInjected(env, name) ? undefined : env[name]?.trim() || undefined;
      const text = kind.secret ? readSecret(name, given, env, fault) : given;
      return [name, kind.read(text, (message) => fault(name, message))];
    }),
  ) as Values;
}

/** A secret, from its setting or from the file that another setting names. */
function readSecret(name: string, given: string | undefined, env: Environment, fault: ReportFault): string | undefined {
  const setting = fileSetting(name);
  const path = env[setting]?.trim() || undefined;
  if (path === undefined) return given;
  if (given !== undefined) fault(setting, `is set beside ${name}: set one of them.`);
  try {
    const text = readFileSync(path, "utf8").trim();
    if (text === "") fault(setting, `names the file ${path}, which is empty.`);
    return text || undefined;
  } catch (error) {
    fault(setting, `names the file ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    return undefined;
  }
}

function configOf(values: Values, fault: ReportFault): Config {
  const mqtt = {
    port: values.TILLKEEPER_MQTT_PORT,
    outsideUrl: values.MQTT_URL,
    ...brokerConfig(values, fault),
  };
  return {
    http: { host: values.TILLKEEPER_HTTP_HOST, port: values.TILLKEEPER_HTTP_PORT },
    mqtt,
    dataDir: values.TILLKEEPER_DATA_DIR,
    keyFile: values.TILLKEEPER_KEY_FILE,
    databaseUrl: values.DATABASE_URL,
    databaseConnections: values.TILLKEEPER_DATABASE_CONNECTIONS,
    migrates: values.TILLKEEPER_MIGRATE,
    publicUrl: values.TILLKEEPER_PUBLIC_URL,
    audienceHosts: values.TILLKEEPER_AUDIENCE_HOSTS,
    tokenLifetimeSeconds: values.TILLKEEPER_TOKEN_SECONDS,
    deviceTokenSeconds: values.TILLKEEPER_DEVICE_TOKEN_SECONDS ?? defaultDeviceTokenSeconds(mqtt),
    sandboxAccountId: values.TILLKEEPER_SANDBOX_ACCOUNT_ID,
    sandboxClient: sandboxClientOf(values, fault),
    organizations: {
      registerUrl: values.TILLKEEPER_BRREG_URL,
      checkDestinations: values.TILLKEEPER_CHECK_ORGANIZATIONS,
    },
    rateLimit: rateLimitOf(values),
    trustedProxies: values.TILLKEEPER_TRUSTED_PROXIES,
    bootstrapToken: values.TILLKEEPER_BOOTSTRAP_TOKEN,
    corsOrigins: values.TILLKEEPER_CORS_ORIGINS,
    retentionDays: values.TILLKEEPER_RETENTION_DAYS,
    ...(values.TILLKEEPER_BACKUP_FOLDER !== undefined && {
      backups: {
        folder: values.TILLKEEPER_BACKUP_FOLDER,
        everyHours: values.TILLKEEPER_BACKUP_HOURS,
        keep: values.TILLKEEPER_BACKUP_KEEP,
      },
    }),
    files: filesOf(values, fault),
    filesTimeoutSeconds: values.TILLKEEPER_FILES_PATIENCE,
    eventDays: values.TILLKEEPER_EVENT_DAYS,
    logDays: values.TILLKEEPER_LOG_DAYS,
    presenceDays: values.TILLKEEPER_PRESENCE_DAYS,
    telemetryDays: values.TILLKEEPER_TELEMETRY_DAYS,
    webhooksMayBePrivate: values.TILLKEEPER_WEBHOOK_ALLOW_PRIVATE,
    webhookDays: values.TILLKEEPER_WEBHOOK_DAYS,
    mail: mailConfig(values, fault),
    oidc: oidcConfig(values, fault),
    heartbeatSeconds: values.TILLKEEPER_HEARTBEAT_SECONDS,
    windows: values.TILLKEEPER_WINDOWS,
    metrics: values.TILLKEEPER_METRICS_PORT && {
      host: values.TILLKEEPER_METRICS_HOST,
      port: values.TILLKEEPER_METRICS_PORT,
    },
    traces: tracesOf(values),
    drainSeconds: values.TILLKEEPER_DRAIN_SECONDS,
    startPatienceSeconds: values.TILLKEEPER_START_PATIENCE,
    logLevel: values.TILLKEEPER_LOG_LEVEL,
  };
}

function tracesOf({ TILLKEEPER_OTLP_URL: url, TILLKEEPER_TRACE_EVERY: every }: Values): Config["traces"] {
  return url === undefined ? undefined : { url, every };
}

function filesOf(values: Values, fault: ReportFault): FilesPlace {
  const { TILLKEEPER_FILES: place, TILLKEEPER_S3_ENDPOINT: endpoint, TILLKEEPER_S3_REGION: region } = values;
  if (place.kind === "s3") return { ...place, endpoint, region };
  const onlyForBuckets: SettingName[] = ["TILLKEEPER_S3_ENDPOINT", "TILLKEEPER_S3_REGION"];
  for (const name of onlyForBuckets) {
    if (values[name] !== undefined) fault(name, "is only for files in s3://: see TILLKEEPER_FILES.");
  }
  return place;
}

function sandboxClientOf(values: Values, fault: ReportFault): Config["sandboxClient"] {
  const { TILLKEEPER_SANDBOX_CLIENT_ID: id, TILLKEEPER_SANDBOX_CLIENT_SECRET: secret } = values;
  if (id === undefined && secret !== undefined) {
    fault("TILLKEEPER_SANDBOX_CLIENT_ID", "is needed when the secret is set.");
  }
  if (secret === undefined && id !== undefined) {
    fault("TILLKEEPER_SANDBOX_CLIENT_SECRET", "is needed when the client id is set.");
  }
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
