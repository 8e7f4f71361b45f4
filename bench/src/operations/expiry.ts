import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { type Load, openLoop } from "../parts/http-load.ts";
import { type OperationCaller, openCallers } from "../parts/operation-caller.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { percentile } from "../parts/statistics.ts";
import { clearOperations, printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { acceptUntil, type Lateness, watch } from "./expiry-batch.ts";

const expiring = 10_000;
/** Milliseconds from the start to the first deadline, in which all operations are accepted. */
const headStartMs = 10_000;
const giveUpAfterMs = 60_000;
const aimMs = 1_000;
/** The load on other terminals while the operations expire. */
const background = { perSecond: 500, connections: 32, leadSeconds: 1, tailSeconds: 2 };
const backgroundSeconds = background.leadSeconds + 1 + background.tailSeconds;

/** Deadlines of the operations, as offsets in milliseconds within one second. */
const patterns = [
  { name: "spread over one second", offset: (number: number) => Math.floor((number * 1000) / expiring) },
  { name: "all at the same instant", offset: () => 0 },
];

interface Measured {
  name: string;
  lateness: Lateness;
  load: Load;
}

/** Measures how late operations become TIMEOUT when 10,000 of them expire within one second. */
export async function expiry({ rounds }: Effort, closing: Closing): Promise<void> {
  console.log(`${count(expiring)} operations expire while ${background.perSecond} others are accepted per second`);
  const subject = await startSubject(closing, expiring + background.perSecond * backgroundSeconds);
  await printDatabase(subject);
  const all: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, offset } of patterns) {
      const callers = await openCallers(subject, background.connections, closing);
      all.push({ name: `${name}, round ${round + 1}`, ...(await measure(subject, callers, offset)) });
      for (const caller of callers) caller.close();
    }
  }
  report(all);
}

async function measure(
  { db }: Subject,
  callers: OperationCaller[],
  offset: (number: number) => number,
): Promise<Omit<Measured, "name">> {
  await clearOperations(db);
  const first = Date.now() + headStartMs;
  const deadlines = Array.from({ length: expiring }, (_, number) => first + offset(number));
  const operations = await acceptUntil(db, deadlines);
  const begin = first - background.leadSeconds * 1000;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin - Date.now())));
  let taken = 0;
  const others = { next: () => expiring + taken++ };
  const load = openLoop(callers, others, { perSecond: background.perSecond, seconds: backgroundSeconds });
  const [lateness, accepted] = await Promise.all([watch(db, operations, giveUpAfterMs), load]);
  return { lateness, load: accepted };
}

function report(all: Measured[]): void {
  const pair = (times: number[]) => [percentile(times, 0.99), Math.max(...times)].map(milliseconds);
  const rows = all.map(({ name, lateness: { seen, noted }, load }) => [
    name,
    ...pair(seen),
    ...pair(noted),
    milliseconds(percentile(load.latencies, 0.5)),
    milliseconds(percentile(load.latencies, 0.99)),
  ]);
  const head = ["late, in ms", "seen: p99", "most", "updated_at: p99", "most", "others accepted: p50", "p99"];
  printTable(head, rows);
  const worst = Math.max(...all.map(({ lateness }) => Math.max(...lateness.seen, ...lateness.noted)));
  printAim("latest TIMEOUT after its deadline", `${milliseconds(worst)} ms`, `≤ ${count(aimMs)} ms`, worst <= aimMs);
  console.log(`  all ${count(expiring * all.length)} operations became TIMEOUT\n`);
}
