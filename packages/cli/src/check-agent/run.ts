import type { LevelCase } from "./cases/all.ts";
import { type Breach, BrokenLaw, Skipped } from "./laws.ts";
import { Table, type TableDeps } from "./table.ts";

/** How a case has ended. */
export interface Outcome extends Pick<LevelCase, "name" | "level" | "title" | "laws"> {
  verdict: "passed" | "broken" | "skipped";
  breaches: readonly Breach[];
  /** Why it was not played, or not to its end. */
  why?: string;
  seconds: number;
}

/** A person has to read how to connect, and to type it in. */
const typedInMs = 3_600_000;

/** Waits for the device, and puts it through the cases one by one; `tell` gets each outcome as it comes. */
export async function play(
  cases: readonly LevelCase[],
  deps: TableDeps,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const { device } = deps;
  const table = new Table(deps);
  const outcomes: Outcome[] = [];
  await device.start?.();
  const missing = await faultOf(() => table.back(1, device.start ? table.startMs : typedInMs));
  let gone = missing && "the device has not connected";
  for (const one of cases) {
    const outcome = gone === undefined ? await playOne(one, table) : skipped(one, gone);
    // Somewhere it has to stand that this is a fault.
    if (missing && outcomes.length === 0) Object.assign(outcome, { verdict: "broken", breaches: [missing] });
    outcomes.push(outcome);
    tell(outcome);
    if (one !== cases.at(-1)) gone ??= await tidiedUp(table, outcome);
  }
  return outcomes;
}

/** The law that is broken meanwhile. */
async function faultOf(act: () => Promise<unknown>): Promise<Breach | undefined> {
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

async function playOne(one: LevelCase, table: Table): Promise<Outcome> {
  const { breaches } = table.referee;
  const begunAt = performance.now();
  const { name, level, title, laws } = one;
  const end = (verdict: Outcome["verdict"], more: { why?: string } = {}): Outcome => {
    const seconds = Math.round((performance.now() - begunAt) / 100) / 10;
    return { name, level, title, laws, verdict, breaches: breaches.splice(0), seconds, ...more };
  };
  try {
    await one.play(table);
  } catch (error) {
    if (error instanceof BrokenLaw) breaches.push(error.breach);
    else if (!(error instanceof Skipped)) throw error;
    else if (breaches.length === 0) return end("skipped", { why: error.message });
  }
  return end(breaches.length > 0 ? "broken" : "passed");
}

/** Everything goes right again, so that the next case begins with a device that is there. Answers why there is none. */
async function tidiedUp(table: Table, { verdict }: Outcome): Promise<string | undefined> {
  const { referee, device } = table;
  const wasStrange = referee.calm();
  if (verdict === "passed" && !wasStrange) return undefined;
  if (verdict === "broken") referee.holdAll();
  const needsLink = wasStrange || verdict === "broken";
  if (!needsLink && referee.isConnected) return undefined;
  if (needsLink && !(await faultOf(() => table.reconnect()))) return undefined;
  if (!device.start || !device.cut) return "the device is not connected any more";
  return (await faultOf(() => table.powerCut())) && "the device does not connect any more";
}
