import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { Child } from "../parts/child.ts";
import { milliseconds, printAim, printTable } from "../parts/print.ts";
import { seedCredentials } from "../parts/seed.ts";
import { median, percentile } from "../parts/statistics.ts";
import { type Subject, startSubject } from "../parts/subject.ts";
import { openClosingCallers } from "./closing-caller.ts";
import { clearClosings } from "./closings-tables.ts";

const terminals = 200;
const closesTake = { least: 500, most: 2_000 };
const closingsPerRound = 4;
const waitSeconds = 30;
const aim = 1.5;

interface OneClose {
  /** From sending the request to the answer in which all are closed. */
  whole: number;
  /** From the acceptance to the answer of the terminal that took longest. */
  slowest: number;
}

/** Compares the close of a store with 200 terminals with the slowest of its terminals. */
export async function closeOne({ rounds }: Effort, closing: Closing): Promise<void> {
  console.log(
    `one store with ${terminals} terminals, each of which takes ${closesTake.least} to ${closesTake.most} ms\n`,
  );
  const subject = await startSubject(closing, terminals);
  const agents = Child.start("agents", closing);
  await agents.call("start", { mqttUrl: subject.mqttUrl, devices: await seedCredentials(subject.db, terminals) });
  await agents.call("closesTake", closesTake);
  const closes: OneClose[] = [];
  for (let number = 0; number <= rounds * closingsPerRound; number += 1) {
    const close = await closeOnce(subject, closing);
    // The first one warms the server up.
    if (number > 0) closes.push(close);
  }
  report(closes);
}

async function closeOnce(subject: Subject, closing: Closing): Promise<OneClose> {
  await clearClosings(subject.db);
  const [caller] = await openClosingCallers(subject, 1, closing);
  if (!caller) throw new Error("no caller");
  const sentAt = performance.now();
  const closed = await caller.close(1, waitSeconds);
  const whole = performance.now() - sentAt;
  caller.end();
  if (closed.counts.closed !== terminals)
    throw new Error(`not all terminals are closed: ${JSON.stringify(closed.counts)}`);
  const { rows } = await subject.db.pool.query<{ slowest: number }>(
    "select max(extract(epoch from answered_at - created_at))::float8 * 1000 as slowest from operations",
  );
  return { whole, slowest: rows[0]?.slowest ?? Number.NaN };
}

function report(closes: OneClose[]): void {
  const wholes = closes.map(({ whole }) => whole);
  const slowest = closes.map((close) => close.slowest);
  const row = (name: string, values: number[]) => [
    name,
    milliseconds(median(values)),
    milliseconds(percentile(values, 1)),
  ];
  printTable(
    [`${closes.length} closings`, "p50 ms", "most"],
    [row("POST with Prefer: wait", wholes), row("the slowest terminal", slowest)],
  );
  const ratio = median(wholes) / median(slowest);
  printAim(`closing of ${terminals} terminals : the slowest of them`, ratio.toFixed(2), `≤ ${aim}`, ratio <= aim);
  console.log();
}
