import { checkpointKey } from "../access/audit/checkpoints/keys.ts";
import { checkpointWorker } from "../access/audit/checkpoints/worker.ts";
import { signingKeyWorker } from "../access/auth/keys/key-rotation.ts";
import { signInRetentionWorker } from "../access/people/worker.ts";
import { autopilotWorker } from "../closings/autopilot/worker.ts";
import { closingNewsWorker } from "../closings/progress/news.ts";
import { closingRetentionWorker, closingWorker } from "../closings/progress/worker.ts";
import {
  defaultEventDays,
  defaultLogDays,
  defaultPresenceDays,
  defaultRetentionDays,
  defaultTelemetryDays,
} from "../config/settings.ts";
import { clockWorker } from "../db/database-clock.ts";
import { nonceWorker, type RetirementDeps, retirementWorker } from "../enrolment/retire.ts";
import { orderWorker } from "../events/order.ts";
import { eventRetentionWorker } from "../events/retention.ts";
import { credentialWorker } from "../gateway/carriers/end-outdated.ts";
import { outboxWorker } from "../gateway/outbox.ts";
import { logRetentionWorker } from "../logs/retention.ts";
import type { Accept } from "../operations/accept.ts";
import { durationsWorker } from "../operations/durations.ts";
import { monthWorker } from "../operations/months.ts";
import { expiryWorker, idempotencyWorker } from "../operations/workers.ts";
import { retentionWorker } from "../presence/record/retention.ts";
import { watchWorker } from "../presence/watch/watch.ts";
import { reportWorker } from "../reports/worker.ts";
import { noteRestored } from "../restores/restores.ts";
import { activationWorker } from "../rollout/activations/worker.ts";
import { releaseFileWorker } from "../rollout/releases/worker.ts";
import { tokenEndWorker } from "../terminals/credentials/token-end.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";
import type { Mail } from "./mail.ts";
import type { ClosingPorts } from "./ports.ts";
import type { Webhooks } from "./webhooks.ts";

interface WorkerPorts {
  accept: Accept;
  enrolment: RetirementDeps;
  closings: ClosingPorts;
  webhooks: Webhooks;
  mail: Mail;
  quietCheckpoints: boolean;
}

/** All workers, in the order of their start. */
export function workersOf(
  core: Core,
  gateway: DeviceSide,
  { accept, enrolment, closings, webhooks, mail, quietCheckpoints }: WorkerPorts,
) {
  const { db, clock, log, config, files } = core;
  const retentionDays = config.retentionDays ?? defaultRetentionDays;
  const news = closingNewsWorker({ db, advanceAll: closings.advanceAll });
  const onPlaced = () => {
    core.eventTail.placed();
    webhooks.placed();
    news.placed();
  };
  const order = orderWorker({ db, onPlaced, isAwaited: () => core.eventTail.isHeard });
  // What other servers did is not to wait for the end of a long rest.
  core.eventTail.whenHeard(() => order.wake());
  return [
    clockWorker({ clock: core.databaseClock, log }),
    monthWorker({ db, clock, log, retentionDays }),
    order,
    core.eventTail.worker,
    core.eventStreams.worker,
    eventRetentionWorker({ db, clock, log, eventDays: config.eventDays ?? defaultEventDays }),
    ...deviceWorkers(core, gateway),
    retirementWorker(enrolment),
    nonceWorker({ db, clock }),
    tokenEndWorker({ db, clock, log, lapse: (credentials) => gateway.transport.lapse(credentials) }),
    ...webhooks.workers,
    closingWorker(closings),
    autopilotWorker({
      ...closings,
      log,
      missed: core.metrics.missed,
      reportsWaiting: () => gateway.device.reports.waiting(),
      follow: () => core.databaseClock.look(),
    }),
    news.worker,
    reportWorker(closings),
    ...mail.workers,
    closingRetentionWorker({ db, clock, retentionDays }),
    activationWorker({ db, clock, log, ask: askBy(accept) }),
    signInRetentionWorker({ db, clock }),
    signingKeyWorker({
      db,
      clock,
      lifetimeSeconds: Math.max(config.tokenLifetimeSeconds, core.deviceTokens.lifetimeSeconds),
    }),
    checkpointWorker({ db, clock, log, files, key: checkpointKey(core.rootKey), quiet: quietCheckpoints }),
    releaseFileWorker({ db, clock, log, files }),
    ...(core.backups ? [core.backups.worker] : []),
    logRetentionWorker({ db, clock, log, files, logDays: config.logDays ?? defaultLogDays }),
  ];
}

/** Those of operations and devices. */
function deviceWorkers(core: Core, gateway: DeviceSide) {
  const { db, clock, config } = core;
  return [
    expiryWorker({ ...gateway.device, watch: core.watch }),
    idempotencyWorker({ db, clock }),
    durationsWorker(gateway.durations),
    outboxWorker(gateway.device),
    credentialWorker(gateway.device),
    watchWorker({
      db,
      clock: gateway.presenceClock,
      hearing: () => gateway.transport.healthy(),
      wentBack: () => wentBack(core),
    }),
    ...gateway.probes.workers,
    retentionWorker({
      db,
      clock,
      presenceDays: config.presenceDays ?? defaultPresenceDays,
      telemetryDays: config.telemetryDays ?? defaultTelemetryDays,
    }),
    ...[gateway.virtual, gateway.controls].filter((worker) => worker !== undefined),
  ];
}

/** Asks a terminal whether it is up to date. */
function askBy(accept: Accept) {
  return (accountId: string, terminalId: string) =>
    accept({
      accountId,
      clientId: "system",
      idempotencyKey: null,
      body: { terminal_id: terminalId, operation: "check_update" },
    });
}

async function wentBack({ db, clock, log }: Core): Promise<void> {
  log.warn("the database went back to an earlier moment: a backup was restored, or a failover lost what came last");
  await noteRestored({ db, clock }, { clientId: "system", address: "", requestId: "watch" }, "noticed");
}
