import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "./arguments.ts";
import { Child } from "./child.ts";
import type { BareLoad } from "./children/bare-broker.ts";
import { OperationCaller } from "./operation-caller.ts";
import { count, milliseconds, printTable } from "./print.ts";
import { Receipts, type RoundTrips, roundTrips } from "./round-trip-load.ts";
import { seedCredentials } from "./seed.ts";
import { median, percentile } from "./statistics.ts";
import { type Subject, startSubject } from "./subject.ts";

const terminals = 500;
const concurrency = 64;
const warmUpSeconds = 3;
const aloneSeconds = 2;

/** From the request to COMPLETED and back over real terminals, beside a bare exchange over the same kind of broker. */
export async function roundTrip({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  console.log(`${terminals} connected terminals that answer at once, ${concurrency} operations under way`);
  const subject = await startSubject(closing, terminals);
  const agents = Child.start("agents", closing);
  const receipts = new Receipts(agents);
  await agents.call("start", { mqttUrl: subject.mqttUrl, devices: await seedCredentials(subject.db, terminals) });
  const bare = await startBare(closing);
  const callers: OperationCaller[] = [];
  closing.add(() => callers.forEach((caller) => caller.close()));
  for (let number = 0; number < concurrency; number += 1) callers.push(await OperationCaller.open(subject));

  const all: RoundTrips[] = [];
  const measured = async (who: OperationCaller[], duration: number) => {
    const load = await roundTrips({ callers: who, receipts, terminals, seconds: duration });
    all.push(load);
    return load;
  };
  await measured(callers, warmUpSeconds);
  await bare(warmUpSeconds);
  const pairs: { server: RoundTrips; bare: BareLoad }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    pairs.push({ server: await measured(callers, seconds), bare: await bare(seconds) });
  }
  const alone = await measured(callers.slice(0, 1), aloneSeconds);
  report(pairs, alone);
  await checkDatabase(
    subject,
    agents,
    all.reduce((sum, load) => sum + load.completed, 0),
  );
}

async function startBare(closing: Closing): Promise<(seconds: number) => Promise<BareLoad>> {
  const broker = Child.start("bare-broker", closing);
  const port = await broker.call<number>("start");
  await Child.start("bare-clients", closing).call("start", { port, clients: terminals });
  return (seconds) => broker.call<BareLoad>("run", { clients: terminals, concurrency, seconds });
}

function report(pairs: { server: RoundTrips; bare: BareLoad }[], alone: RoundTrips): void {
  const columns = (load: RoundTrips) => [
    count(load.perSecond),
    ...[percentile(load.accept, 0.5), percentile(load.whole, 0.5), percentile(load.whole, 0.99)].map(milliseconds),
  ];
  const rows = pairs.map(({ server, bare }, round) => [
    `round ${round + 1}`,
    ...columns(server),
    count(bare.perSecond),
    milliseconds(percentile(bare.latencies, 0.99)),
    (server.perSecond / bare.perSecond).toFixed(2),
  ]);
  printTable(
    ["", "completed/s", "p50 to 201", "p50 to receipt", "p99 to receipt", "bare exchanges/s", "p99", "ratio"],
    [...rows, ["one caller alone", ...columns(alone)]],
  );
  const ratio = median(pairs.map((pair) => pair.server.perSecond)) / median(pairs.map((pair) => pair.bare.perSecond));
  console.log(`  completed operations : bare QoS 1 exchanges: ${ratio.toFixed(2)}`);
}

/** Every operation that was accepted is COMPLETED, was begun once, and waits nowhere. */
async function checkDatabase({ db }: Subject, agents: Child, completed: number): Promise<void> {
  const { rows } = await db.pool.query<Record<"operations" | "completed" | "outbox", number>>(
    `select count(*)::int as operations, (count(*) filter (where status = 'COMPLETED'))::int as completed,
       (select count(*)::int from outbox) as outbox
     from operations`,
  );
  const work = await agents.call<{ begun: number; begunTwice: number }>("begun");
  const expected = { operations: completed, completed, outbox: 0, begun: completed, begunTwice: 0 };
  const found = { ...rows[0], ...work };
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
  }
  console.log(`  none lost, none doubled: all ${count(completed)} operations are COMPLETED and were begun once`);
  const waits = await db.pool.query<{ deadlocks: number }>(
    "select deadlocks::int from pg_stat_database where datname = current_database()",
  );
  // Each costs its batch a second, so they show in the p99 before anywhere else.
  console.log(`  deadlocks in the database: ${waits.rows[0]?.deadlocks}\n`);
}
