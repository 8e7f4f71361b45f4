import { CaseContext, type CaseContextDeps } from "./case-context.ts";
import type { LevelCase } from "./cases/all.ts";
import { type Breach, BrokenLaw, Skipped } from "./laws.ts";

/** The outcome of a case. */
export interface Outcome extends Pick<LevelCase, "name" | "level" | "title" | "laws"> {
  verdict: "passed" | "broken" | "skipped";
  breaches: readonly Breach[];
  /** Why the case was skipped, or not played to its end. */
  why?: string;
  seconds: number;
}

/** The wait for a first connection when a person has to type in the credentials. */
const typedInMs = 3_600_000;

/** Waits for the device, and plays the cases one by one. `tell` is called with each outcome, as soon as it is there. */
export async function play(
  cases: readonly LevelCase[],
  deps: CaseContextDeps,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const { device } = deps;
  const context = new CaseContext(deps);
  const outcomes: Outcome[] = [];
  await device.start?.();
  const missing = await breachIn(() => context.waitForHello(1, device.start ? context.startMs : typedInMs));
  let gone = missing && "the device has not connected";
  for (const one of cases) {
    const outcome = gone === undefined ? await playOne(one, context) : skipped(one, gone);
    // A device that never connects is reported as broken in the first case; the cases after it are skipped.
    if (missing && outcomes.length === 0) Object.assign(outcome, { verdict: "broken", breaches: [missing] });
    outcomes.push(outcome);
    tell(outcome);
    if (one !== cases.at(-1)) gone ??= await restoreLink(context, outcome);
  }
  return outcomes;
}

/** The breach with which `act` ends; undefined when it ends without one. */
async function breachIn(act: () => Promise<unknown>): Promise<Breach | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenLaw) return error.breach;
    throw error;
  }
}

function skipped({ name, level, title, laws }: LevelCase, why: string): Outcome {
  return { name, level, title, laws, verdict: "skipped", breaches: [], why, seconds: 0 };
}

async function playOne(one: LevelCase, context: CaseContext): Promise<Outcome> {
  const { breaches } = context.server;
  const begunAt = performance.now();
  const { name, level, title, laws } = one;
  const end = (verdict: Outcome["verdict"], more: { why?: string } = {}): Outcome => {
    const seconds = Math.round((performance.now() - begunAt) / 100) / 10;
    return { name, level, title, laws, verdict, breaches: breaches.splice(0), seconds, ...more };
  };
  try {
    await one.play(context);
  } catch (error) {
    if (error instanceof BrokenLaw) breaches.push(error.breach);
    else if (!(error instanceof Skipped)) throw error;
    else if (breaches.length === 0) return end("skipped", { why: error.message });
  }
  return end(breaches.length > 0 ? "broken" : "passed");
}

/** Ends all misbehaviour and reconnects the device for the next case. Returns why that is not possible, or undefined. */
async function restoreLink(context: CaseContext, { verdict }: Outcome): Promise<string | undefined> {
  const { server, device } = context;
  const wasStrange = server.calm();
  if (verdict === "passed" && !wasStrange) return undefined;
  if (verdict === "broken") server.holdAll();
  const needsLink = wasStrange || verdict === "broken";
  if (!needsLink && server.isConnected) return undefined;
  if (needsLink && !(await breachIn(() => context.reconnect()))) return undefined;
  if (!device.start || !device.cut) return "the device is not connected any more";
  return (await breachIn(() => context.powerCut())) && "the device does not connect any more";
}
