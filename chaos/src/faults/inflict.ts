import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@tillkeeper/stage/until";
import type { Period } from "../checker/history.ts";
import type { Recorder } from "../clients/recorder.ts";
import type { Stage } from "../stage/stage.ts";
import { links } from "../stage/topology.ts";
import { blows } from "./blows.ts";
import type { Fault } from "./schedule.ts";

/** A fault as it came to pass. */
export interface Inflicted extends Fault {
  struckAt: number;
  /** When it was done: an orderly end takes its time. */
  downAt: number;
  liftedAt: number;
  /** Milliseconds from the lifting until the target worked again; undefined when it did not in time. */
  recoveredMs: number | undefined;
  /** It could not be done: to find a process of the database's, for one, takes a database that answers. */
  failed?: string;
}

const recoverWithinMs = 30_000;

/**
 * Does what the schedule says, each fault at its time, whatever becomes of the others. Resolves when the last has been
 * lifted and recovered from. With the signal nothing more is struck, and everything is lifted at once.
 */
export async function inflict(
  stage: Stage,
  recorder: Recorder,
  schedule: readonly Fault[],
  signal: AbortSignal,
): Promise<Inflicted[]> {
  const start = Date.now();
  const under: Promise<Inflicted>[] = [];
  for (const fault of schedule) {
    await sleep(Math.max(0, start + fault.atMs - Date.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    under.push(inflictOne(stage, recorder, fault, signal));
  }
  return Promise.all(under);
}

async function inflictOne(stage: Stage, recorder: Recorder, fault: Fault, signal: AbortSignal): Promise<Inflicted> {
  const blow = blows[fault.kind];
  const struckAt = Date.now();
  const problem = await attempt(() => blow.strike(stage, fault));
  const downAt = Date.now();
  await sleep(fault.forMs, undefined, { signal }).catch(() => undefined);
  const failed = problem ?? (await attempt(() => blow.lift(stage, fault)));
  const liftedAt = Date.now();
  const recovered = () => isWell(stage, recorder, fault.target, liftedAt);
  const recoveredMs = await until(recovered, fault.target, { signal, withinMs: recoverWithinMs }).then(
    () => Date.now() - liftedAt,
    () => undefined,
  );
  return { ...fault, struckAt, downAt, liftedAt, recoveredMs, ...(failed !== undefined && { failed }) };
}

/** What went wrong, if anything did. */
async function attempt(action: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Whether the target works as before. Database and broker do as soon as one server has them again. */
function isWell(stage: Stage, recorder: Recorder, target: string, liftedAt: number): boolean {
  const { servers, agents, sampler } = stage;
  const part = target.split(":")[0];
  const fleet = agents.find(({ name }) => name === part);
  if (fleet) return fleet.connected === fleet.terminals;
  if (part === links.http) return recorder.lastAnswerAt > liftedAt;
  const concerned = servers.filter(({ name }) => name === part);
  if (concerned.length > 0) return concerned.every(({ name }) => sampler.readyAt(name) > liftedAt);
  return servers.some(({ name }) => sampler.readyAt(name) > liftedAt);
}

/**
 * When a process of the database was paused. Such a database answers some and not others: it is not there as a whole, so
 * these times are not counted as server uptime.
 */
export function timesOfPausedDatabase(inflicted: readonly Inflicted[]): Period[] {
  return inflicted
    .filter(({ kind }) => kind === "database.pause" || kind === "database.pause_backend")
    .map(({ struckAt, liftedAt }) => ({ from: struckAt, to: liftedAt }));
}

/** What was committed in these times may be gone. */
export function lostTimes(inflicted: readonly Inflicted[]): Period[] {
  return inflicted
    .filter(({ kind, failed }) => kind === "database.go_back" && failed === undefined)
    .map(({ struckAt, liftedAt }) => ({ from: struckAt, to: liftedAt }));
}
