import { type Actor, recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { moveTerminals } from "../../terminals/record/life-cycle.ts";
import { presentActivation } from "./activations.ts";
import { type ActivationPace, defaultPace, nextStep, type Step } from "./next-step.ts";
import { type ActivationRow, claimDue, readFacts, updateActivation } from "./queries.ts";

export interface ActivationWorkerDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  /** Accepts a `check_update` for the terminal, made by the server itself. */
  ask: (accountId: string, terminalId: string) => Promise<unknown>;
  pace?: ActivationPace;
}

const pollEveryMs = 1_000;

/**
 * Drives activations (D11): sends each device a `check_update` until one completes or the tries are used up. All state
 * is in rows, so any server continues where another server stopped.
 */
export function activationWorker(deps: ActivationWorkerDeps): Worker {
  return every("activations.drive", pollEveryMs, () => driveOne(deps));
}

/** Takes the next step of one due activation. Returns false when none is due. */
async function driveOne({ db, clock, log, ask, pace = defaultPace }: ActivationWorkerDeps): Promise<boolean> {
  const taken = await retried(() =>
    db.sql.transaction().execute(async (tx) => {
      const task = await claimDue(tx, clock.now());
      if (!task) return undefined;
      const step = nextStep(task, await readFacts(tx, task), pace, clock.now());
      await applyStep(tx, clock, task, step);
      return { task, step };
    }),
  );
  if (taken?.step.kind === "ask") {
    // The try was counted before the `check_update` is accepted. So a try that a crash or a refusal swallows (no device
    // yet, terminal busy) counts as unanswered.
    const { account_id: accountId, terminal_id: terminalId } = taken.task;
    await ask(accountId, terminalId).catch((error: unknown) =>
      log.debug({ err: error, terminal_id: terminalId }, "a terminal that is being activated could not be asked"),
    );
  }
  return taken !== undefined;
}

async function applyStep(tx: Tx, clock: Clock, task: ActivationRow, step: Step): Promise<void> {
  const { kind, ...values } = step;
  const changed = { updated_at: clock.now(), updated_by: "system" };
  switch (kind) {
    case "wait":
      return updateActivation(tx, task, values);
    case "ask":
      return updateActivation(tx, task, { ...values, ...changed });
    case "succeed":
      return end(tx, clock, task, { ...task, ...changed, status: "SUCCEEDED" });
    case "exhaust":
      return end(tx, clock, task, { ...task, ...changed, status: "EXHAUSTED" });
  }
}

async function end(tx: Tx, clock: Clock, before: ActivationRow, after: ActivationRow): Promise<void> {
  const { account_id: accountId, terminal_id: terminalId } = before;
  const [event, action] =
    after.status === "SUCCEEDED"
      ? (["activation_succeeded", "activation.succeed"] as const)
      : (["activation_exhausted", "activation.exhaust"] as const);
  await moveTerminals(tx, clock, event, { accountId, terminalId, told: { clientId: "system" } });
  const { status, updated_at, updated_by } = after;
  await updateActivation(tx, before, { status, updated_at, updated_by });
  const actor: Actor = { accountId, clientId: "system", address: "", requestId: "activations.drive" };
  await recordChange(tx, clock, actor, {
    action,
    subject: { type: "activation", id: before.id },
    before: presentActivation(before),
    after: presentActivation(after),
  });
}
