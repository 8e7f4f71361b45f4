import { type Actor, recordChange } from "../audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { every, type Worker } from "../platform/worker.ts";
import { moveTerminals } from "../terminals/life-cycle.ts";
import { presentActivation } from "./activations.ts";
import { type ActivationPace, defaultPace, nextStep, type Step } from "./next-step.ts";
import { type ActivationRow, claimDue, readFacts, updateActivation } from "./queries.ts";

export interface ActivationWorkerDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  /** Sends the terminal a `check_update` in the server's own name. */
  ask: (accountId: string, terminalId: string) => Promise<unknown>;
  pace?: ActivationPace;
}

const pollEveryMs = 250;

/**
 * Drives activations (D11): asks each device again and again until it has answered or the tries are used up. All that it
 * knows is rows, so any server goes on where another one stopped.
 */
export function activationWorker(deps: ActivationWorkerDeps): Worker {
  return every("activations.drive", pollEveryMs, () => driveOne(deps));
}

/** Takes the next step of one activation whose turn it is; answers whether there was one. */
async function driveOne({ db, clock, log, ask, pace = defaultPace }: ActivationWorkerDeps): Promise<boolean> {
  const taken = await retried(() =>
    db.sql.transaction().execute(async (tx) => {
      const task = await claimDue(tx, clock.now());
      if (!task) return undefined;
      const step = nextStep(task, await readFacts(tx, task), pace, clock.now());
      await take(tx, clock, task, step);
      return { task, step };
    }),
  );
  if (taken?.step.kind === "ask") {
    // Counted before it is sent: a try that a crash or a refusal (no device yet, busy) swallows is one without an answer.
    const { account_id: accountId, terminal_id: terminalId } = taken.task;
    await ask(accountId, terminalId).catch((error: unknown) =>
      log.debug({ err: error, terminal_id: terminalId }, "a terminal that is being activated could not be asked"),
    );
  }
  return taken !== undefined;
}

async function take(tx: Tx, clock: Clock, task: ActivationRow, step: Step): Promise<void> {
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
  await moveTerminals(tx, clock, event, { accountId, terminalId });
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
