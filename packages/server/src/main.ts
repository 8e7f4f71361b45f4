import { setTimeout as sleep } from "node:timers/promises";
import { defaultTimeoutSeconds } from "@tillkeeper/contract/operations";
import { routesOf } from "./assembly/api.ts";
import { type AppDeps, buildApp } from "./assembly/app.ts";
import { type Core, openCore, type ServerOptions } from "./assembly/core.ts";
import { type DeviceSide, openDeviceSide } from "./assembly/device-side.ts";
import { openMail } from "./assembly/mail.ts";
import { openMetrics } from "./assembly/metrics.ts";
import { closingPorts, enrolmentPorts, storePorts } from "./assembly/ports.ts";
import { openWebhooks } from "./assembly/webhooks.ts";
import { workersOf } from "./assembly/workers.ts";
import { devicesPerAddress } from "./config/limits.ts";
import { createAnnouncer } from "./gateway/send.ts";
import { type Accept, createAccept } from "./operations/accept.ts";
import { Closing } from "./platform/closing.ts";
import { createRateLimit } from "./platform/http/limits/rate-limit.ts";
import { Waits } from "./platform/http/wait.ts";
import { listen } from "./platform/listen.ts";
import { Supervisor } from "./platform/supervisor.ts";
import { planOf } from "./sandbox/content.ts";
import { presentSandboxAccess } from "./sandbox/first-requests.ts";
import { RequestLog } from "./sandbox/request-log.ts";
import { type OpenSandbox, openSandbox, type SandboxDeps } from "./sandbox/sandbox.ts";

export type { ServerOptions } from "./assembly/core.ts";

export interface RunningServer {
  httpUrl: string;
  mqttUrl: string;
  /** Where `/metrics` is answered; undefined where the settings do not ask for it. */
  metricsUrl?: string | undefined;
  sandbox: OpenSandbox | undefined;
  /** Says that it is not ready for as long as the settings say, then ends all parts in reverse order of start. */
  stop(): Promise<void>;
}

/**
 * Starts a server: data folder, database, broker, API, workers, and the sandbox if `options` asks for it. Throws
 * `StartupError`, with one sentence, for every fault that the operator can mend. Nothing is left running after an
 * error.
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

function openAccept({ db, clock, config, watch, traces }: Core, devices: DeviceSide): Accept {
  return createAccept({
    db,
    clock,
    announce: createAnnouncer(devices.device, "command"),
    hears: devices.transport.hears,
    durations: devices.durations,
    watch,
    traces,
    windows: { ...defaultTimeoutSeconds, ...config.windows },
  });
}

async function start(options: ServerOptions, closing: Closing): Promise<RunningServer> {
  const core = await openCore(options, closing);
  const devices = await openDeviceSide(core, options, closing);
  const { config } = core;
  const accept = openAccept(core, devices);
  const stores = storePorts(core);
  const enrolment = enrolmentPorts(devices, accept, core);
  const closings = closingPorts(devices, accept, core);
  const supervisor = new Supervisor(core.log);
  const waits = new Waits({ onWake: core.operationWakes.onWake });
  const sandboxAsked = options.sandbox ?? false;
  const webhooks = openWebhooks(core, { sandbox: sandboxAsked });
  const features = { accept, stores, enrolment, closings, webhooks, mail: openMail(core) };
  const plan = planOf(options.sandboxContent);
  let sandbox: RunningServer["sandbox"];
  let started = false;
  let stopping = false;
  const requestLog = sandboxAsked ? new RequestLog(core.clock, () => sandbox?.account_id) : undefined;
  await openApi(core, closing, {
    routes: routesOf(core, devices, {
      ...features,
      supervisor,
      waits,
      sandbox: requestLog && { account: () => sandbox?.account_id, plan, requestLog },
      started: () => started,
      stopping: () => stopping,
    }),
    corsOrigins: config.corsOrigins ?? (sandboxAsked ? "*" : []),
    requestLog,
    docs: {
      ownUrl: core.addresses.url,
      ...(sandboxAsked && { sandbox: () => sandbox && presentSandboxAccess(sandbox) }),
    },
  });

  const metricsUrl = await openMetrics(core, devices, closing, { supervisor, ready: () => started && !stopping });
  // Must come before the API's end, which waits for the requests that have begun.
  closing.add(() => devices.mailboxes.endWaits());
  closing.add(() => supervisor.stop());
  for (const worker of workersOf(core, devices, {
    ...features,
    quietCheckpoints: options.quietCheckpoints ?? sandboxAsked,
  }))
    supervisor.start(worker);
  closing.add(() => waits.end());
  closing.add(() => core.eventStreams.end());

  const addresses = { http_url: core.addresses.url(), mqtt_url: devices.transport.url() };
  if (sandboxAsked) sandbox = await openSandbox(sandboxDeps(core, { addresses, stores, enrolment, plan }));
  started = true;
  return {
    httpUrl: addresses.http_url,
    mqttUrl: addresses.mqtt_url,
    metricsUrl,
    sandbox,
    stop: async () => {
      stopping = true;
      // Meanwhile load balancers see that this server is not ready, and all goes on as before.
      await sleep((config.drainSeconds ?? 0) * 1_000);
      await closing.close();
    },
  };
}

function sandboxDeps(
  { db, clock, databaseClock, folder, config }: Core,
  parts: Pick<SandboxDeps, "addresses" | "stores" | "enrolment" | "plan">,
): SandboxDeps {
  const { sandboxAccountId: accountId, sandboxClient: client } = config;
  return { db, clock, folder, ...parts, follow: () => databaseClock.look(), accountId, client };
}

type ApiParts = Pick<AppDeps, "routes" | "docs" | "corsOrigins"> & { requestLog: RequestLog | undefined };

async function openApi(
  { config, log, principals, addresses, metrics, traces }: Core,
  closing: Closing,
  { requestLog, ...parts }: ApiParts,
): Promise<void> {
  const rateLimits = config.rateLimit && {
    perClient: createRateLimit(config.rateLimit.perClient),
    perAddress: createRateLimit(config.rateLimit.perAddress),
    badTokensPerAddress: createRateLimit(config.rateLimit.perAddress),
    devicesPerAddress: createRateLimit(config.rateLimit.devicesPerAddress ?? devicesPerAddress),
  };
  const https = config.publicUrl?.startsWith("https:") ?? false;
  const app = await buildApp({
    log,
    principals,
    rateLimits,
    ...parts,
    answered: requestLog ? [metrics.answered, requestLog.answered] : [metrics.answered],
    trustedProxies: config.trustedProxies,
    traces,
    https,
  });
  await app.ready();
  closing.add(() => app.close());
  addresses.listening(await listen(app.server, config.http.host, config.http.port, "TILLKEEPER_HTTP_PORT"));
}
