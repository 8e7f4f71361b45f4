import { clientIdPattern } from "@tillkeeper/contract/http/clients";
import { limits } from "@tillkeeper/contract/limits";
import { defaultTimeoutSeconds, type OperationName, operationNames } from "@tillkeeper/contract/operations";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import { type BrokerConfig, brokerSettings, readBrokerSettings } from "./config-brokers.ts";
import { type LimitsConfig, limitSettings, readProxies, readRateLimit } from "./config-limits.ts";
import type { Port } from "./platform/listen.ts";
import type { LogLevel } from "./platform/log.ts";
import { StartupError } from "./platform/startup-error.ts";

/** The settings of a server; read once at start and handed on as values, nothing else reads the environment. */
export interface Config extends LimitsConfig {
  http: { host: string; port: Port };
  mqtt: { port: Port; outsideUrl: string | undefined } & BrokerConfig;
  dataDir: string;
  /** Where the root key is kept; left out, in the file `key` of the data folder. */
  keyFile?: string | undefined;
  databaseUrl: string | undefined;
  /** How callers reach this server when that is not where it listens (a proxy). */
  publicUrl: string | undefined;
  /** Hosts that token audiences may name beside our own. */
  audienceHosts: string[];
  tokenLifetimeSeconds: number;
  /** Left out: an hour. */
  deviceTokenSeconds?: number;
  sandboxClient: { id: string; secret: string } | undefined;
  /** Left out: the public register, and nothing is checked. */
  organizations?: { registerUrl: string | undefined; checkDestinations: boolean };
  /** Whoever knows it may create accounts; left out, nobody may over HTTP. */
  bootstrapToken?: string | undefined;
  /** How long operations are kept; left out, 400 days. */
  retentionDays?: number;
  /** Where files are kept; left out, in the folder `files` of the data folder. */
  files?: FilesPlace;
  /** How long the place of files may take to go on; left out, 20 seconds. */
  filesPatienceSeconds?: number;
  /** How long log bundles are kept; left out, 90 days. */
  logDays?: number;
  /** How long it is kept who was there and what terminals told; left out, 90 and 30 days. */
  presenceDays?: number;
  telemetryDays?: number;
  /** How often terminals say that they are there; left out, every 30 seconds. */
  heartbeatSeconds?: number;
  /** Seconds that terminals have to answer, where they differ from the contract's. */
  windows?: Partial<Record<OperationName, number>>;
  logLevel: LogLevel;
}

/** A folder (`path` when it is not the data folder's own), or a bucket. */
export type FilesPlace =
  | { kind: "folder"; path: string | undefined }
  | { kind: "s3"; bucket: string; prefix: string; endpoint: string | undefined; region: string | undefined };

const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;

const usualWindows = Object.entries(defaultTimeoutSeconds)
  .map(([name, seconds]) => `${name}=${seconds}`)
  .join(",");

/** Every setting, with what it is for. Unset and empty mean the same. */
export const settings = {
  TILLKEEPER_HTTP_PORT: "Port of the API. Default 8080, or the next free one. 0 takes any free port.",
  TILLKEEPER_HTTP_HOST: "Address that the API and the embedded broker listen on. Default 127.0.0.1.",
  TILLKEEPER_MQTT_PORT: "Port of the embedded MQTT broker. Default 1883, or the next free one. 0 takes any free port.",
  TILLKEEPER_DATA_DIR: "Folder of everything that must survive a restart. Default ./data.",
  TILLKEEPER_KEY_FILE:
    "File with the key that secrets in the database are encrypted with; servers of one database share it. Default: key in the data folder. Made at the first start.",
  DATABASE_URL: "postgres:// address of an outside PostgreSQL 15-18, in place of the embedded one.",
  MQTT_URL: "mqtt:// or mqtts:// address of an outside broker, in place of the embedded one.",
  ...brokerSettings,
  TILLKEEPER_PUBLIC_URL: "How callers and devices reach this server, when that is not where it listens.",
  TILLKEEPER_AUDIENCE_HOSTS: "Hosts that token audiences, issuers and proofs of devices may name, separated by commas.",
  TILLKEEPER_TOKEN_SECONDS: "How long an access token lives. Default 14400.",
  TILLKEEPER_DEVICE_TOKEN_SECONDS:
    "How long the token of a paired device lives. Default 3600; 86400 for TILLKEEPER_BROKER_ACCESS=jwt, where devices connect anew with each.",
  TILLKEEPER_SANDBOX_CLIENT_ID: "Fixed client id of the sandbox, for CI. Needs the secret as well.",
  TILLKEEPER_SANDBOX_CLIENT_SECRET: "Fixed client secret of the sandbox, at least 16 characters.",
  TILLKEEPER_BRREG_URL:
    "Address of the Norwegian register of organizations. Default https://data.brreg.no/enhetsregisteret/api.",
  TILLKEEPER_CHECK_ORGANIZATIONS:
    "true: new payout destinations of Norwegian companies must be in that register. Default false.",
  ...limitSettings,
  TILLKEEPER_BOOTSTRAP_TOKEN: "At least 32 characters. Whoever sends it as bearer token may create accounts over HTTP.",
  TILLKEEPER_WINDOWS: `Seconds that terminals have to answer, 5-600, by operation. Default ${usualWindows}.`,
  TILLKEEPER_RETENTION_DAYS: `How long operations are kept, at least ${limits.retentionDaysMin} days. Default 400. They go by the month.`,
  TILLKEEPER_FILES:
    "Where files (logs of terminals) are kept: folder, the path of a folder that servers share, or s3://bucket/prefix. Default folder: in the data folder.",
  TILLKEEPER_S3_ENDPOINT: "Address of an S3 service other than AWS. Credentials come by the AWS SDK's own chain.",
  TILLKEEPER_S3_REGION: "Region of the bucket. Default as the AWS SDK finds it, or us-east-1 with an endpoint.",
  TILLKEEPER_FILES_PATIENCE:
    "How long to wait for the place of files when it does not go on, 1-600 seconds. Default 20. Longer for a slow line to the bucket: parts have 5 MiB.",
  TILLKEEPER_LOG_DAYS: "How long logs of terminals are kept, in days. Default 90.",
  TILLKEEPER_PRESENCE_DAYS: "How long the history of who was there is kept, 1-36500 days. Default 90.",
  TILLKEEPER_TELEMETRY_DAYS:
    "How long the history of what terminals tell of themselves is kept, 1-36500 days. Default 30. Latest values stay.",
  TILLKEEPER_HEARTBEAT_SECONDS: "How often terminals say that they are there, 5-3600 seconds. Default 30.",
  TILLKEEPER_LOG_LEVEL: `One of ${logLevels.join(", ")}. Default warn.`,
} as const;
type Setting = keyof typeof settings;

/** What the command line reads to reach a server as its client; a server in the same environment lets them be. */
export const clientSettings = {
  TILLKEEPER_URL: "Where the server answers.",
  TILLKEEPER_CLIENT_ID: "The client that asks.",
  TILLKEEPER_CLIENT_SECRET: "Its secret.",
  TILLKEEPER_ACCOUNT: "The account that it asks for.",
} as const;
type Read = (name: Setting) => string | undefined;
type Fault = (name: string, message: string) => void;

export const defaultRetentionDays = 400;
/** Where a broker ends a connection with the token that opened it, a fleet is not to come anew by the hour. */
export function defaultDeviceTokenSeconds({ access }: Pick<Config["mqtt"], "access">): number {
  return access === "jwt" ? 86_400 : 3_600;
}
export const defaultFilesPatienceSeconds = 20;
export const defaultLogDays = 90;
export const defaultPresenceDays = 90;
export const defaultTelemetryDays = 30;
const longestDays = 36_500;
/** What is taken away from a grant is remembered a little longer than its tokens can live. */
export const longestTokenSeconds = 604_800;
const tokenSeconds = [60, longestTokenSeconds] as const;
/** Hosts of the API that the documentation shows. */
export const documentedHosts = ["api.dintero.com", "checkout.dintero.com"];

/** Reads the environment. Throws one `StartupError` that lists everything that is wrong with it. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const faults: string[] = [];
  const read = (name: Setting) => env[name]?.trim() || undefined;
  const fault = (name: string, message: string) => faults.push(`  ${name}: ${message}`);

  refuseUnknown(env, fault);
  const port = (name: Setting, byDefault: number): Port => {
    const text = read(name);
    if (text === undefined) return { number: byDefault, configured: false };
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
      fault(name, `must be a port number from 0 to 65535, not "${text}".`);
    return { number: Number(text), configured: true };
  };
  const url = (name: Setting, protocols: string[]): string | undefined => {
    const text = read(name);
    if (text === undefined) return undefined;
    const usable = URL.canParse(text) && protocols.includes(new URL(text).protocol);
    if (!usable) fault(name, `must be an address that begins with ${protocols.map((p) => `${p}//`).join(" or ")}.`);
    return text;
  };
  const baseUrl = (name: Setting) => withoutTrailingSlashes(url(name, ["http:", "https:"]) ?? "") || undefined;

  const mqtt = {
    port: port("TILLKEEPER_MQTT_PORT", 1883),
    outsideUrl: url("MQTT_URL", ["mqtt:", "mqtts:"]),
    ...readBrokerSettings({ read, url, fault }),
  };
  const config: Config = {
    http: { host: read("TILLKEEPER_HTTP_HOST") ?? "127.0.0.1", port: port("TILLKEEPER_HTTP_PORT", 8080) },
    mqtt,
    dataDir: read("TILLKEEPER_DATA_DIR") ?? "data",
    keyFile: read("TILLKEEPER_KEY_FILE"),
    databaseUrl: url("DATABASE_URL", ["postgres:", "postgresql:"]),
    publicUrl: baseUrl("TILLKEEPER_PUBLIC_URL"),
    audienceHosts: readHosts(read),
    tokenLifetimeSeconds: readWhole("TILLKEEPER_TOKEN_SECONDS", 14_400, tokenSeconds, read, fault),
    deviceTokenSeconds: readDeviceTokenSeconds(mqtt, read, fault),
    sandboxClient: readSandboxClient(read, fault),
    organizations: {
      registerUrl: baseUrl("TILLKEEPER_BRREG_URL"),
      checkDestinations: readFlag("TILLKEEPER_CHECK_ORGANIZATIONS", read, fault),
    },
    rateLimit: readRateLimit(read, fault),
    trustedProxies: readProxies(read, fault),
    bootstrapToken: readBootstrapToken(read, fault),
    retentionDays: readRetention(read, fault),
    files: readFiles(read, url, fault),
    filesPatienceSeconds: readWhole("TILLKEEPER_FILES_PATIENCE", defaultFilesPatienceSeconds, [1, 600], read, fault),
    logDays: readWhole("TILLKEEPER_LOG_DAYS", defaultLogDays, [1, longestDays], read, fault),
    ...readPresence(read, fault),
    windows: readWindows(read, fault),
    logLevel: (read("TILLKEEPER_LOG_LEVEL") ?? "warn") as LogLevel,
  };
  checkTexts(config, fault);
  if (faults.length > 0) throw new StartupError(`The environment is not valid:\n${faults.join("\n")}`);
  return config;
}

function readDeviceTokenSeconds(mqtt: Config["mqtt"], read: Read, fault: Fault): number {
  return readWhole("TILLKEEPER_DEVICE_TOKEN_SECONDS", defaultDeviceTokenSeconds(mqtt), tokenSeconds, read, fault);
}

function checkTexts(config: Config, fault: Fault): void {
  if (!logLevels.includes(config.logLevel)) fault("TILLKEEPER_LOG_LEVEL", `must be one of ${logLevels.join(", ")}.`);
  if (config.audienceHosts.some((host) => !/^[\w.-]+(:\d+)?$/.test(host))) {
    fault("TILLKEEPER_AUDIENCE_HOSTS", "must be host names, separated by commas.");
  }
  if (config.publicUrl !== undefined && URL.canParse(config.publicUrl) && new URL(config.publicUrl).pathname !== "/") {
    fault("TILLKEEPER_PUBLIC_URL", "must not have a path: the API begins at /v1 of its host.");
  }
}

function refuseUnknown(env: Record<string, string | undefined>, fault: Fault): void {
  for (const name of Object.keys(env)) {
    if (name.startsWith("TILLKEEPER_") && !Object.hasOwn(settings, name) && !Object.hasOwn(clientSettings, name))
      fault(name, "is not a setting; see `tillkeeper settings`.");
  }
}

function readHosts(read: Read): string[] {
  const hosts = read("TILLKEEPER_AUDIENCE_HOSTS")?.split(",");
  return hosts?.map((host) => host.trim().toLowerCase()) ?? documentedHosts;
}

function readFlag(name: Setting, read: Read, fault: Fault): boolean {
  const text = read(name) ?? "false";
  if (!["true", "false"].includes(text)) fault(name, `must be true or false, not "${text}".`);
  return text === "true";
}

function readRetention(read: Read, fault: Fault): number {
  const range = [limits.retentionDaysMin, longestDays] as const;
  return readWhole("TILLKEEPER_RETENTION_DAYS", defaultRetentionDays, range, read, fault);
}

function readPresence(read: Read, fault: Fault) {
  return {
    presenceDays: readWhole("TILLKEEPER_PRESENCE_DAYS", defaultPresenceDays, [1, longestDays], read, fault),
    telemetryDays: readWhole("TILLKEEPER_TELEMETRY_DAYS", defaultTelemetryDays, [1, longestDays], read, fault),
    heartbeatSeconds: readWhole("TILLKEEPER_HEARTBEAT_SECONDS", defaultHeartbeatSeconds, [5, 3_600], read, fault),
  };
}

function readWhole(
  name: Setting,
  byDefault: number,
  [least, most]: readonly [number, number],
  read: Read,
  fault: Fault,
): number {
  const number = Number(read(name) ?? byDefault);
  if (!Number.isInteger(number) || number < least || number > most) {
    fault(name, `must be a whole number from ${least} to ${most}.`);
  }
  return number;
}

const bucketForm = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]{0,200}))?$/;

function readFiles(
  read: Read,
  url: (name: Setting, protocols: string[]) => string | undefined,
  fault: Fault,
): FilesPlace {
  const text = read("TILLKEEPER_FILES") ?? "folder";
  const endpoint = url("TILLKEEPER_S3_ENDPOINT", ["http:", "https:"]);
  const region = read("TILLKEEPER_S3_REGION");
  const [isBucket, bucket = "", path = ""] = bucketForm.exec(text) ?? [];
  if (isBucket !== undefined) {
    const prefix = `${withoutTrailingSlashes(path)}/`.replace(/^\/+/, "");
    return { kind: "s3", bucket, prefix, endpoint, region };
  }
  if (endpoint !== undefined) fault("TILLKEEPER_S3_ENDPOINT", "is only for files in s3://: see TILLKEEPER_FILES.");
  if (region !== undefined) fault("TILLKEEPER_S3_REGION", "is only for files in s3://: see TILLKEEPER_FILES.");
  const isPath = text.startsWith("/");
  if (text !== "folder" && !isPath) {
    fault("TILLKEEPER_FILES", 'must be "folder", the path of a folder from / on, or like s3://bucket/prefix.');
  }
  return { kind: "folder", path: isPath ? text : undefined };
}

function readWindows(read: Read, fault: Fault): Partial<Record<OperationName, number>> {
  const windows: Partial<Record<OperationName, number>> = {};
  const { operationTimeoutSecondsMin: least, operationTimeoutSecondsMax: most } = limits;
  for (const entry of read("TILLKEEPER_WINDOWS")?.split(",") ?? []) {
    const [name, text = ""] = entry.split("=").map((part) => part.trim());
    const operation = operationNames.find((known) => known === name);
    const seconds = Number(text);
    if (!operation || !/^\d+$/.test(text) || seconds < least || seconds > most) {
      fault(
        "TILLKEEPER_WINDOWS",
        `must be like end_of_day=240, from ${least} to ${most} seconds, not "${entry.trim()}".`,
      );
    } else windows[operation] = seconds;
  }
  return windows;
}

function readBootstrapToken(read: Read, fault: Fault): string | undefined {
  const token = read("TILLKEEPER_BOOTSTRAP_TOKEN");
  // What a Bearer header can carry (RFC 6750 section 2.1).
  if (token !== undefined && !/^[\w.~+/-]{32,256}=*$/.test(token)) {
    fault("TILLKEEPER_BOOTSTRAP_TOKEN", "must be 32-256 letters, digits, or any of . _ ~ + / - and = at the end.");
  }
  return token;
}

function readSandboxClient(read: Read, fault: Fault): Config["sandboxClient"] {
  const id = read("TILLKEEPER_SANDBOX_CLIENT_ID");
  const secret = read("TILLKEEPER_SANDBOX_CLIENT_SECRET");
  if (id === undefined && secret === undefined) return undefined;
  if (id === undefined) fault("TILLKEEPER_SANDBOX_CLIENT_ID", "is needed when the secret is set.");
  else if (!new RegExp(clientIdPattern).test(id))
    fault(
      "TILLKEEPER_SANDBOX_CLIENT_ID",
      "must be 1-64 letters, digits, or any of . _ @ - and not mean another actor.",
    );
  if (secret === undefined) fault("TILLKEEPER_SANDBOX_CLIENT_SECRET", "is needed when the client id is set.");
  else if (!/^[\w.~-]{16,128}$/.test(secret)) {
    fault("TILLKEEPER_SANDBOX_CLIENT_SECRET", "must be 16-128 letters, digits, or any of . _ ~ -");
  }
  return { id: id ?? "", secret: secret ?? "" };
}
