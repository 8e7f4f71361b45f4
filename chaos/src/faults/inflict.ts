import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@tillkeeper/stage/until";
import type { Period } from "../checker/history.ts";
import type { Recorder } from "../clients/recorder.ts";
import type { Promotion } from "../stage/database.ts";
import type { Stage } from "../stage/stage.ts";
import { links } from "../stage/topology.ts";
import { blows } from "./blows.ts";
import type { Fault } from "./schedule.ts";

/** A fault with the times at which it really happened. */
export interface Inflicted extends Fault {
  struckAt: number;
  /** Instant at which the strike was complete: an orderly end takes a while. */
  downAt: number;
  liftedAt: number;
  /** Milliseconds from the lifting until the target worked again; undefined when it did not recover in time. */
  recoveredMs: number | undefined;
  /** Why the fault could not be inflicted or lifted: a database that does not answer cannot name its processes. */
  failed?: string;
}

const recoverWithinMs = 30_000;

/**
 * Inflicts the faults of the schedule, each at its time and independent of other faults. Resolves when all are lifted
 * and recovered from, or their time to recover is over. When the signal aborts, no fault begins and all are lifted.
 */
export async function inflict(
  stage: Stage,
  recorder: Recorder,
  schedule: readonly Fault[],
  signal: AbortSignal,
): Promise<Inflicted[]> {
  const start = Date.now();
  const running: Promise<Inflicted>[] = [];
  for (const fault of schedule) {
    await sleep(Math.max(0, start + fault.atMs - Date.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    running.push(inflictOne(stage, recorder, fault, signal));
  }
  return Promise.all(running);
}

async function inflictOne(stage: Stage, recorder: Recorder, fault: Fault, signal: AbortSignal): Promise<Inflicted> {
  const blow = blows[fault.kind];
  const struckAt = Date.now();
  const problem = await errorOf(() => blow.strike(stage, fault));
  const downAt = Date.now();
  await sleep(fault.forMs, undefined, { signal }).catch(() => undefined);
  const failed = problem ?? (await errorOf(() => blow.lift(stage, fault)));
  const liftedAt = Date.now();
  const recovered = () => hasRecovered(stage, recorder, fault.target, liftedAt);
  const recoveredMs = await until(recovered, fault.target, { signal, withinMs: recoverWithinMs }).then(
    () => Date.now() - liftedAt,
    () => undefined,
  );
  return { ...fault, struckAt, downAt, liftedAt, recoveredMs, ...(failed !== undefined && { failed }) };
}

/** Runs the action; returns the error as text, or undefined. */
async function errorOf(action: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Whether the target works again. Database and broker count as recovered when one server is ready again. */
function hasRecovered(stage: Stage, recorder: Recorder, target: string, liftedAt: number): boolean {
  const { servers, agents, sampler, database } = stage;
  const part = target.split(":")[0];
  const fleet = agents.find(({ name }) => name === part);
  if (fleet) return fleet.connected === fleet.terminals;
  if (part === links.http) return recorder.lastAnswerAt > liftedAt;
  const concerned = servers.filter(({ name }) => name === part);
  if (concerned.length > 0) return concerned.every(({ name }) => sampler.readyAt(name) > liftedAt);
  return servers.some(({ name }) => sampler.readyAt(name) > liftedAt) && database.commitsAt > liftedAt;
}

/**
 * Returns the periods in which a process of the database was paused. The database then answers only some connections,
 * so these periods do not count as server uptime.
 */
export function timesOfPausedDatabase(inflicted: readonly Inflicted[]): Period[] {
  return inflicted
    .filter(({ kind }) => kind === "database.pause" || kind === "database.pause_backend")
    .map(({ struckAt, liftedAt }) => ({ from: struckAt, to: liftedAt }));
}

/** Longest time that a standby may be silent before its leader says so, and what the looks at it take. */
const unnoticedMs = 10_000;

/**
 * Returns the lost periods: commits made in them may be gone. With an asynchronous standby these are the times from when
 * the leader had its standby last, or a fault began, to the promotion that follows.
 */
export function lostTimes(inflicted: readonly Inflicted[], promotions: readonly Promotion[]): Period[] {
  const failovers = promotions.map(({ at, followedAt }): Period => {
    const fault = inflicted.findLast(({ target, struckAt }) => target === "database" && struckAt <= at);
    return { from: Math.min(fault?.struckAt ?? at, followedAt) - unnoticedMs, to: at };
  });
  return [...restores(inflicted), ...failovers];
}

function restores(inflicted: readonly Inflicted[]): Period[] {
  return inflicted
    .filter(({ kind, failed }) => kind === "database.go_back" && failed === undefined)
    .map(({ struckAt, liftedAt }) => ({ from: struckAt, to: liftedAt }));
}
