import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { Child } from "../parts/child.ts";
import { between, type Spent, spent } from "../parts/database-figures.ts";
import { Notices } from "../parts/notices.ts";
import { openCallers } from "../parts/operation-caller.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { seedCredentials } from "../parts/seed.ts";
import { median } from "../parts/statistics.ts";
import { type Subject, startSubject } from "../parts/subject.ts";
import { openClosingCallers } from "./closing-caller.ts";
import { measureAbsent } from "./closings-absent.ts";
import { clearClosings } from "./closings-tables.ts";

const stores = 1_000;
const perStore = 3;
const terminals = stores * perStore;
/** Closings that are asked for at the same time; on the other side as many operations as they have terminals. */
const atOnce = 64;
const aim = 1.25;

/** How long the server is watched at rest. */
const restSeconds = 10;

interface Run {
  /** From the first request until the last terminal has its receipt. */
  seconds: number;
  /** Processor time until nothing is left to be done. */
  cpu: Cpu;
  /** The same, less what the server takes in that time at rest: the closings' side waits for its worker, the other does not. */
  own: Cpu;
}

type Cpu = Spent & { all: number };

interface Side {
  subject: Subject;
  receipts: Notices<string>;
  closing: Closing;
  /** Processor time per second while nothing is asked for. */
  rest: Cpu;
}

/** Compares closing 1,000 stores at once with plain operations to the same terminals; then lets all terminals leave. */
export async function closeMany({ rounds }: Effort, closing: Closing): Promise<void> {
  console.log(`${count(stores)} stores with ${perStore} terminals each, which answer at once\n`);
  const subject = await startSubject(closing, terminals, { stores });
  const agents = Child.start("agents", closing);
  const receipts = new Notices<string>(agents);
  await agents.call("start", { mqttUrl: subject.mqttUrl, devices: await seedCredentials(subject.db, terminals) });
  // As autovacuum does within a minute. Until then PostgreSQL checks a foreign key by an index that reads all stores of the account.
  await subject.db.pool.query("analyze");
  const side = { subject, receipts, closing, rest: await atRest(subject) };
  const [plain, closings]: [Run[], Run[]] = [[], []];
  // The first round warms both sides up.
  for (let round = 0; round <= rounds; round += 1) {
    const pair = [await measure(side, sendOperations), await measure(side, closeStores)] as const;
    if (round === 0) continue;
    plain.push(pair[0]);
    closings.push(pair[1]);
  }
  report(plain, closings);
  await agents.call("leave");
  await clearClosings(subject.db);
  await measureAbsent(subject, { stores, perStore }, closing);
}

async function measure(side: Side, run: (side: Side) => Promise<void>): Promise<Run> {
  const { subject, rest } = side;
  await clearClosings(subject.db);
  const before = await spent(subject);
  const startedAt = performance.now();
  const since = () => (performance.now() - startedAt) / 1000;
  await run(side);
  const seconds = since();
  await allEnded(subject);
  const cpu = between(before, await spent(subject));
  return { seconds, cpu, own: less(cpu, rest, since()) };
}

/** What the server and its database take per second for heartbeats and workers. */
async function atRest(subject: Subject): Promise<Cpu> {
  const before = await spent(subject);
  await new Promise((resolve) => void setTimeout(resolve, restSeconds * 1000));
  const { server, database, all } = between(before, await spent(subject));
  return { server: server / restSeconds, database: database / restSeconds, all: all / restSeconds };
}

function less(cpu: Cpu, rest: Cpu, seconds: number): Cpu {
  return {
    server: cpu.server - rest.server * seconds,
    database: cpu.database - rest.database * seconds,
    all: cpu.all - rest.all * seconds,
  };
}

/** The yardstick: one `end_of_day` for each terminal, as a back office sends them without closings. */
async function sendOperations({ subject, receipts, closing }: Side): Promise<void> {
  const callers = await openCallers(subject, atOnce * perStore, closing, "end_of_day");
  let next = 0;
  const call = async (caller: (typeof callers)[0]) => {
    while (next < terminals) {
      const { body } = await caller.send(next++);
      await completed(receipts, (JSON.parse(body.toString()) as { id: string }).id);
    }
  };
  await Promise.all(callers.map(call));
  for (const caller of callers) caller.close();
}

async function closeStores({ subject, receipts, closing }: Side): Promise<void> {
  const callers = await openClosingCallers(subject, atOnce, closing);
  let next = 1;
  const call = async (caller: (typeof callers)[0]) => {
    while (next <= stores) {
      const { terminals: shown } = await caller.close(next++);
      const operations = shown.flatMap(({ operations: ids }) => ids);
      if (operations.length !== perStore) throw new Error(`${operations.length} operations for ${perStore} terminals`);
      await Promise.all(operations.map((id) => completed(receipts, id)));
    }
  };
  await Promise.all(callers.map(call));
  for (const caller of callers) caller.end();
}

async function completed(receipts: Notices<string>, operationId: string): Promise<void> {
  const status = await receipts.of(operationId);
  if (status !== "COMPLETED") throw new Error(`operation ${operationId} became ${status}`);
}

/** Waits until the worker has written down that every closing ended: that belongs to its cost. */
async function allEnded({ db }: Subject): Promise<void> {
  const open = async () => {
    const { rows } = await db.pool.query<{ n: number }>(
      "select count(*)::int as n from closings where ended_at is null",
    );
    return rows[0]?.n ?? 0;
  };
  while ((await open()) > 0) await new Promise((resolve) => setTimeout(resolve, 500));
}

function report(plain: Run[], closings: Run[]): void {
  const micros = (seconds: number) => count((seconds * 1e6) / terminals);
  const row = (name: string, { seconds, cpu, own }: Run) => [
    name,
    count(terminals / seconds),
    micros(own.server),
    micros(own.database),
    micros(own.all),
    micros(cpu.all),
  ];
  const rows = plain.flatMap((one, round) => [
    row(`round ${round + 1}: operations`, one),
    row(`round ${round + 1}: closings`, closings[round] as Run),
  ]);
  const head = ["processor time per terminal", "terminals/s", "server µs", "PostgreSQL µs", "both µs", "with rest µs"];
  printTable(head, rows);
  const ratio = (read: (run: Run) => number) => median(closings.map(read)) / median(plain.map(read));
  const [cpu, wall] = [ratio((run) => run.own.all), ratio((run) => run.seconds)];
  printAim("processor time per terminal, closings : operations", cpu.toFixed(2), `≤ ${aim}`, cpu <= aim);
  console.log(`  with what the server takes at rest: ${ratio((run) => run.cpu.all).toFixed(2)}`);
  printAim("time of the run, closings : operations", wall.toFixed(2), `≤ ${aim}`, wall <= aim);
  console.log();
}
