import { clientIdPattern } from "@tillkeeper/contract/http/clients";
import { limits } from "@tillkeeper/contract/limits";
import { defaultTimeoutSeconds } from "@tillkeeper/contract/operations";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import { filesPlace } from "./files-place.ts";
import * as kinds from "./kinds.ts";

const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;

export const defaultRetentionDays = 400;
export const defaultFilesTimeoutSeconds = 20;
export const defaultEventDays = 30;
export const defaultLogDays = 90;
export const defaultPresenceDays = 90;
export const defaultTelemetryDays = 30;
export const defaultWebhookDays = 14;
/** Connections of a server to the database, by what they are for. */
export const defaultConnections = { plain: 12, hot: 6, urgent: 2 };
const longestDays = 36_500;
/** Longest life of an access token. The list of narrowed grants keeps entries a little longer than that. */
export const longestTokenSeconds = 604_800;
/** Hosts of the API that the documentation shows. */
export const documentedHosts = ["api.dintero.com", "checkout.dintero.com", "test.dintero.com"];

/**
 * All settings: what each is for, as README.md and `tillkeeper settings` say it, and how it is parsed. An empty setting
 * is unset.
 */
export const settings = {
  TILLKEEPER_HTTP_PORT: {
    about: "Port of the API. A taken default is stepped around; a taken port that you set is an error. 0: any free one",
    ...kinds.port(8080),
  },
  TILLKEEPER_HTTP_HOST: {
    about: "Address that the API and the embedded broker listen on",
    ...kinds.textOr("127.0.0.1"),
  },
  TILLKEEPER_MQTT_PORT: { about: "Port of the embedded broker; like that of the API", ...kinds.port(1883) },
  TILLKEEPER_DATA_DIR: { about: "Folder of everything that must survive a restart", ...kinds.textOr("data") },
  TILLKEEPER_KEY_FILE: {
    about:
      "File with the key from which all others are derived: those that encrypt signing keys in the database and sign audit checkpoints. Made at the first start; servers of one database share it. See [backup](docs/backup.md)",
    ...kinds.text(),
    byDefault: "key in the data folder",
  },
  DATABASE_URL: {
    about:
      "postgres:// address of an outside PostgreSQL 15–18 in place of the embedded one; [what its user needs](docs/backup.md#an-outside-database)",
    ...kinds.secret(kinds.url("postgres:", "postgresql:")),
  },
  TILLKEEPER_DATABASE_CONNECTIONS: {
    about:
      "How many connections to the database a server opens at most: for requests and workers, for the hot statements, for deadlines. See [the database](docs/operations/database.md#connections)",
    ...kinds.numbers(defaultConnections, [2, 500]),
  },
  TILLKEEPER_MIGRATE: {
    about:
      "false: programs never change the schema, and refuse to start on an older one; `tillkeeper migrate` changes it. See [upgrades](docs/operations/upgrades.md)",
    ...kinds.flagIfSet("true"),
  },
  MQTT_URL: {
    about:
      "mqtt:// or mqtts:// address of an outside broker in place of the embedded one; see [brokers](docs/brokers.md)",
    ...kinds.secret(kinds.url("mqtt:", "mqtts:")),
  },
  TILLKEEPER_BROKER_ACCESS: {
    about:
      "How that broker knows which device may use what: `none` (safe only with rules of your own), `http`, `jwt`, `mosquitto`",
    ...kinds.oneOf(["none", "http", "jwt", "mosquitto"], "none"),
  },
  TILLKEEPER_BROKER_SECRET: {
    about:
      "What a broker that asks shows, and what passwords at Mosquitto and client ids for `jwt` are made from; 32-256 letters and digits",
    // Characters that stand unencoded in a path.
    ...kinds.secret(kinds.textLike(/^[\w.~-]{32,256}$/, "32-256 letters, digits, or any of . _ ~ -")),
  },
  TILLKEEPER_BROKER_KEY_FILE: {
    about:
      "PEM file of the private key, P-256 or Ed25519, that signs tokens for `jwt`. The broker finds the public half by the file's name without its ending",
    ...kinds.text(),
  },
  TILLKEEPER_MQTT_PUBLIC_URL: {
    about: "Where devices are told to connect, when that is not where the server does",
    ...kinds.url("mqtt:", "mqtts:", "ws:", "wss:"),
  },
  TILLKEEPER_MQTT_CA_FILE: {
    about: "PEM file of the authorities whose certificates an outside broker may show",
    ...kinds.text(),
    byDefault: "those of the system",
  },
  TILLKEEPER_MQTT_CERT_FILE: {
    about: "PEM file of a certificate. With it and its key the embedded broker listens with TLS",
    ...kinds.text(),
  },
  TILLKEEPER_MQTT_KEY_FILE: { about: "PEM file of the private key of that certificate", ...kinds.text() },
  TILLKEEPER_SANDBOX_ACCOUNT_ID: {
    about:
      "Fixed account id of the sandbox, so that fixtures can name its terminals: T and eight digits. An account that is not there is made",
    ...kinds.textLike(/^T\d{8}$/, "T and eight digits"),
  },
  TILLKEEPER_SANDBOX_CLIENT_ID: {
    about: "Fixed client id of the sandbox, for CI. Needs the secret as well",
    ...kinds.textLike(
      new RegExp(clientIdPattern),
      "1-64 letters, digits, or any of . _ @ - and not mean another actor",
    ),
  },
  TILLKEEPER_SANDBOX_CLIENT_SECRET: {
    about: "Its secret, at least 16 characters; a new one ends the one that was set before",
    ...kinds.secret(kinds.textLike(/^[\w.~-]{16,128}$/, "16-128 letters, digits, or any of . _ ~ -")),
  },
  TILLKEEPER_PUBLIC_URL: {
    about:
      "How callers and devices reach the server when that is not where it listens: a proxy, a name, a container. Devices prove who they are for this address",
    ...kinds.origin(),
  },
  TILLKEEPER_AUDIENCE_HOSTS: {
    about:
      "Hosts that token audiences and issuers may name beside the server's own and the documented ones; they count for proofs of devices, too. Keep a former host of `TILLKEEPER_PUBLIC_URL` here: tokens from there work until they expire, and devices that paired with it go on asking there",
    ...kinds.hosts(documentedHosts),
  },
  TILLKEEPER_TOKEN_SECONDS: {
    about: "How long an access token lives",
    ...kinds.whole(60, longestTokenSeconds, 14_400),
  },
  TILLKEEPER_DEVICE_TOKEN_SECONDS: {
    about: "How long the token of a paired device lives. By `jwt` devices connect anew with each",
    ...kinds.wholeIfSet(60, longestTokenSeconds, "3600; 86400 with the broker access jwt"),
  },
  TILLKEEPER_RATE_LIMIT: {
    about:
      "Requests per second and client; 0: no limit. With a limit, each address has 20 token requests and 20 forged tokens per second",
    ...kinds.wholeIfSet(0, 1_000_000, "100, off on loopback"),
  },
  TILLKEEPER_TRUSTED_PROXIES: {
    about:
      "Addresses or networks (10.0.0.0/8) of proxies whose `X-Forwarded-For` is believed; without it all callers behind a proxy count as one, and one of them can use up the pairing tries of all",
    ...kinds.networks(),
  },
  TILLKEEPER_CORS_ORIGINS: {
    about:
      "Origins of web pages that may call the API with an access token, and get one for a [person](docs/people.md#sign-in-to-a-program-of-yours) who signs in; separated by commas (https://pos.example), or `*` for all; `none`: no page of another origin",
    ...kinds.origins(),
    byDefault: "none; `*` in the sandbox",
  },
  TILLKEEPER_BOOTSTRAP_TOKEN: {
    about: "A caller that sends it as bearer token may create accounts over HTTP; at least 32 characters",
    // Characters that a Bearer header can carry (RFC 6750 section 2.1).
    ...kinds.secret(
      kinds.textLike(/^[\w.~+/-]{32,256}=*$/, "32-256 letters, digits, or any of . _ ~ + / - and = at the end"),
    ),
  },
  TILLKEEPER_BRREG_URL: {
    about: "Where the Norwegian register of organizations answers",
    ...kinds.httpUrl("https://data.brreg.no/enhetsregisteret/api"),
  },
  TILLKEEPER_CHECK_ORGANIZATIONS: {
    about: "true: new payout destinations of Norwegian companies must be in that register",
    ...kinds.flag(),
  },
  TILLKEEPER_WINDOWS: {
    about: "Seconds that terminals have to answer, by operation, separated by commas",
    ...kinds.numbers(defaultTimeoutSeconds, [limits.operationTimeoutSecondsMin, limits.operationTimeoutSecondsMax]),
  },
  TILLKEEPER_RETENTION_DAYS: {
    about: `How many days operations are kept, at least ${limits.retentionDaysMin}. They go by the month`,
    ...kinds.whole(limits.retentionDaysMin, longestDays, defaultRetentionDays),
  },
  TILLKEEPER_FILES: {
    about:
      "Where logs of terminals are kept: `folder` (in the data folder), the path of a folder that several servers share, or `s3://bucket/prefix`",
    ...filesPlace(),
  },
  TILLKEEPER_S3_ENDPOINT: {
    about:
      "Address of another S3 service. The key comes by `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or any other way the AWS SDK knows",
    ...kinds.url("http:", "https:"),
    byDefault: "AWS",
  },
  TILLKEEPER_S3_REGION: {
    about: "The bucket's region",
    ...kinds.text(),
    byDefault: "as the AWS SDK finds it, or us-east-1 with an endpoint",
  },
  TILLKEEPER_FILES_PATIENCE: {
    about:
      "Seconds to wait for the place of files when it does not go on; then the answer is 503. Longer for a slow line to the bucket: parts have 5 MiB",
    ...kinds.whole(1, 600, defaultFilesTimeoutSeconds),
  },
  TILLKEEPER_BACKUP_FOLDER: {
    about:
      "Folder in which the server makes backups of the database by itself. Servers that share it make one together. See [backup](docs/backup.md#by-itself)",
    ...kinds.text(),
  },
  TILLKEEPER_BACKUP_HOURS: { about: "How old the newest of them gets", ...kinds.whole(1, 744, 24) },
  TILLKEEPER_BACKUP_KEEP: { about: "How many of them stay", ...kinds.whole(1, 1_000, 7) },
  TILLKEEPER_LOG_DAYS: {
    about: "How many days logs of terminals are kept",
    ...kinds.whole(1, longestDays, defaultLogDays),
  },
  TILLKEEPER_EVENT_DAYS: {
    about: "How many days events are kept. They go by the week",
    ...kinds.whole(1, longestDays, defaultEventDays),
  },
  TILLKEEPER_HEARTBEAT_SECONDS: {
    about: "How often terminals say that they are there",
    ...kinds.whole(5, 3600, defaultHeartbeatSeconds),
  },
  TILLKEEPER_PRESENCE_DAYS: {
    about: "How many days the presence history of terminals is kept",
    ...kinds.whole(1, longestDays, defaultPresenceDays),
  },
  TILLKEEPER_TELEMETRY_DAYS: {
    about: "How many days the history of what terminals tell of themselves is kept; latest values stay",
    ...kinds.whole(1, longestDays, defaultTelemetryDays),
  },
  TILLKEEPER_WEBHOOK_ALLOW_PRIVATE: {
    about:
      "true: webhooks may be sent to private, loopback and link-local addresses, so to whatever this server can reach. See [webhooks](docs/webhooks.md)",
    ...kinds.flagIfSet("false; true in the sandbox"),
  },
  TILLKEEPER_WEBHOOK_DAYS: {
    about: "How many days deliveries of webhooks are kept, with requests and answers",
    ...kinds.whole(1, longestDays, defaultWebhookDays),
  },
  TILLKEEPER_SMTP_URL: {
    about:
      "Mail server that takes mail about days that were not closed, and links that let people in: `smtp://` (with STARTTLS where it is offered; with a password only so, but for this machine itself) or `smtps://`, with name and password if it wants them; ports 587 and 465. Unset: no mail. See [being told](docs/being-told.md), [people](docs/people.md)",
    ...kinds.secret(kinds.smtpServer()),
  },
  TILLKEEPER_SMTP_CA_FILE: {
    about: "PEM file of the authorities whose certificates that mail server may show",
    ...kinds.text(),
    byDefault: "those of the system",
  },
  TILLKEEPER_MAIL_FROM: {
    about: "Sender of mail, as `post@kiosk.example` or `Kiosk <post@kiosk.example>`. Needed with the mail server",
    ...kinds.sender(),
  },
  TILLKEEPER_OIDC_ISSUER: {
    about:
      "Provider of OpenID Connect at which people sign in, by its issuer: `https://login.example/realms/kiosk`. Its client's redirect address is `/v1/auth/oidc/callback` of this server. Unset: none. See [people](docs/people.md#sign-in-at-a-provider)",
    ...kinds.url("http:", "https:"),
  },
  TILLKEEPER_OIDC_CLIENT_ID: { about: "The client that this server is at the provider", ...kinds.text() },
  TILLKEEPER_OIDC_CLIENT_SECRET: { about: "Its secret", ...kinds.secret(kinds.text()) },
  TILLKEEPER_OIDC_NAME: {
    about: "What people call the provider: `Sign in with …`",
    ...kinds.text(),
    byDefault: "its host",
  },
  TILLKEEPER_METRICS_PORT: {
    about:
      "Port that answers `/metrics` for Prometheus, without a password. Unset: none. See [watching](docs/operations/watching.md)",
    ...kinds.portIfSet(),
  },
  TILLKEEPER_METRICS_HOST: {
    about:
      "Address that this port listens on. Others than loopback show the figures of the server to whoever reaches them",
    ...kinds.textOr("127.0.0.1"),
  },
  TILLKEEPER_OTLP_URL: {
    about:
      "Address of an OpenTelemetry collector, as http://127.0.0.1:4318: traces are sent there by OTLP over HTTP, with the headers of `OTEL_EXPORTER_OTLP_HEADERS`. Unset: none. See [watching](docs/operations/watching.md#traces)",
    ...kinds.httpUrl(),
  },
  TILLKEEPER_TRACE_EVERY: {
    about: "Of how many requests one is traced",
    ...kinds.whole(1, 1_000_000, 1),
  },
  TILLKEEPER_DRAIN_SECONDS: {
    about:
      "How long a server that is told to stop says that it is not ready, and still answers, so that a load balancer can take it out first",
    ...kinds.whole(0, 300, 0),
  },
  TILLKEEPER_START_PATIENCE: {
    about: "Seconds that a start waits for a database or a broker that is away; 0: it ends at once with what is wrong",
    ...kinds.whole(0, 3_600, 0),
  },
  TILLKEEPER_LOG_LEVEL: {
    about: `${logLevels.map((level) => `\`${level}\``).join(", ")}: JSON lines on standard error, without secrets. From \`info\` on each request has a line, which names its client; refused token requests, too`,
    ...kinds.oneOf(logLevels, "warn"),
  },
} as const satisfies Record<string, { about: string } & kinds.Kind<unknown>>;

export type SettingName = keyof typeof settings;

/** The setting that names a file with the value of another one. */
export const fileSetting = (name: string): string => `${name}_FILE`;

const rows: [string, kinds.Kind<unknown>][] = Object.entries(settings);
/** The settings whose values are secrets. */
export const secretSettings: readonly string[] = rows.flatMap(([name, { secret }]) => (secret ? [name] : []));

/** The parsed settings, by name. */
export type Values = { [Name in SettingName]: ReturnType<(typeof settings)[Name]["read"]> };
