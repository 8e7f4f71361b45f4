import { activationWorker } from "../activations/worker.ts";
import { checkpointKey } from "../audit/checkpoint-keys.ts";
import { checkpointWorker } from "../audit/checkpoints.ts";
import { signingKeyWorker } from "../auth/key-rotation.ts";
import { defaultLogDays, defaultPresenceDays, defaultRetentionDays, defaultTelemetryDays } from "../config/settings.ts";
import { clockWorker } from "../db/database-clock.ts";
import { credentialWorker } from "../gateway/credential-check.ts";
import { outboxWorker } from "../gateway/dispatch.ts";
import { logRetentionWorker } from "../logs/retention.ts";
import { durationsWorker } from "../operations/durations.ts";
import { monthWorker } from "../operations/months.ts";
import { expiryWorker, idempotencyWorker } from "../operations/workers.ts";
import { retentionWorker } from "../presence/retention.ts";
import { watchWorker } from "../presence/watch.ts";
import { releaseFileWorker } from "../releases/worker.ts";
import { noteRestored } from "../restores/restores.ts";
import { lapseWorker } from "../terminals/lapses.ts";
import { nonceWorker, type RetirementDeps, retirementWorker } from "../terminals/retirement.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";
import { type Accept, operationRequest } from "./ports.ts";

/** Everything long-running, in the order of their start. */
export function workersOf(
  core: Core,
  gateway: DeviceSide,
  { accept, terminals, sandbox }: { accept: Accept; terminals: RetirementDeps; sandbox: boolean },
) {
  const { db, clock, log, config, files } = core;
  const ask = (accountId: string, terminalId: string) =>
    accept(operationRequest({ accountId, clientId: "system" }, terminalId, "check_update"));
  return [
    clockWorker({ clock: core.databaseClock, log }),
    monthWorker({ db, clock, log, retentionDays: config.retentionDays ?? defaultRetentionDays }),
    expiryWorker(gateway.device),
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
    ...(gateway.virtual ? [gateway.virtual] : []),
    retirementWorker(terminals),
    nonceWorker({ db, clock }),
    lapseWorker({ db, clock, log, lapse: (credentials) => gateway.transport.lapse(credentials) }),
    activationWorker({ db, clock, log, ask }),
    signingKeyWorker({
      db,
      clock,
      lifetimeSeconds: Math.max(config.tokenLifetimeSeconds, core.deviceTokens.lifetimeSeconds),
    }),
    checkpointWorker({ db, clock, log, files, key: checkpointKey(core.rootKey), quiet: sandbox }),
    releaseFileWorker({ db, clock, log, files }),
    logRetentionWorker({ db, clock, log, files, logDays: config.logDays ?? defaultLogDays }),
  ];
}

async function wentBack({ db, clock, log }: Core): Promise<void> {
  log.warn("the database went back to an earlier moment: a backup was restored, or a failover lost what came last");
  await noteRestored({ db, clock }, { clientId: "system", address: "", requestId: "watch" }, "noticed");
}
