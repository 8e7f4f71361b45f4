import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import type { BareLoad } from "../children/bare-broker.ts";
import { Child } from "../parts/child.ts";
import { Notices } from "../parts/notices.ts";
import { openCallers } from "../parts/operation-caller.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { seedCredentials } from "../parts/seed.ts";
import { median, percentile } from "../parts/statistics.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { type RoundTrips, roundTrips } from "./round-trip-load.ts";

const terminals = 1_000;
/** Operations under way in the rounds that the aim applies to. */
const usual = 64;
/** Further numbers of operations under way, measured once each without an aim. */
const more = [128, 256];
const warmUpSeconds = 3;
const aloneSeconds = 2;
const aim = 0.35;

/** Results of the server and of a bare broker, with equal concurrency. */
interface Pair {
  server: RoundTrips;
  bare: BareLoad;
}

/** Compares operations that real agents complete with bare exchanges of messages over Aedes, an MQTT broker. */
export async function roundTrip({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  console.log(`${count(terminals)} connected terminals that answer at once, ${usual} operations under way`);
  const subject = await startSubject(closing, terminals);
  await printDatabase(subject);
  const agents = Child.start("agents", closing);
  const receipts = new Notices<string>(agents);
  await agents.call("start", { mqttUrl: subject.mqttUrl, devices: await seedCredentials(subject.db, terminals) });
  const bare = await startBare(closing);

  let completed = 0;
  const server = async (size: number, duration: number) => {
    // New connections for each load: the server ends idle connections.
    const callers = await openCallers(subject, size, closing);
    const load = await roundTrips({ callers, receipts, terminals, seconds: duration });
    for (const caller of callers) caller.close();
    completed += load.completed;
    return load;
  };
  const pair = async (size: number, duration: number): Promise<Pair> => ({
    server: await server(size, duration),
    bare: await bare(size, duration),
  });
  await pair(usual, warmUpSeconds);
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round += 1) pairs.push(await pair(usual, seconds));
  const larger: [number, Pair][] = [];
  for (const size of more) larger.push([size, await pair(size, seconds)]);
  report(pairs, larger, await server(1, aloneSeconds));
  await checkDatabase(subject, agents, completed);
}

async function startBare(closing: Closing): Promise<(concurrency: number, seconds: number) => Promise<BareLoad>> {
  const broker = Child.start("bare-broker", closing);
  const port = await broker.call<number>("start");
  await Child.start("bare-clients", closing).call("start", { port, clients: terminals });
  return (concurrency, seconds) => broker.call<BareLoad>("run", { clients: terminals, concurrency, seconds });
}

function report(pairs: Pair[], larger: [number, Pair][], alone: RoundTrips): void {
  const columns = (load: RoundTrips) => [
    count(load.perSecond),
    ...[percentile(load.accept, 0.5), percentile(load.whole, 0.5), percentile(load.whole, 0.99)].map(milliseconds),
  ];
  const row = (name: string, { server, bare }: Pair) => [
    name,
    ...columns(server),
    count(bare.perSecond),
    milliseconds(percentile(bare.latencies, 0.99)),
    (server.perSecond / bare.perSecond).toFixed(2),
  ];
  printTable(
    ["", "completed/s", "p50 to 201", "p50 to receipt", "p99 to receipt", "bare exchanges/s", "p99", "ratio"],
    [
      ...pairs.map((pair, round) => row(`round ${round + 1}`, pair)),
      ...larger.map(([size, pair]) => row(`${size} under way on both sides`, pair)),
      ["one caller alone", ...columns(alone)],
    ],
  );
  const ratio = median(pairs.map((pair) => pair.server.perSecond)) / median(pairs.map((pair) => pair.bare.perSecond));
  printAim("completed operations : bare QoS 1 exchanges", ratio.toFixed(2), `≥ ${aim}`, ratio >= aim);
}

/** Throws unless every accepted operation is COMPLETED, was begun once, and has no claim left. */
async function checkDatabase({ db }: Subject, agents: Child, completed: number): Promise<void> {
  const { rows } = await db.pool.query<Record<"operations" | "completed" | "claims", number>>(
    `select count(*)::int as operations, (count(*) filter (where status = 'COMPLETED'))::int as completed,
       (select count(*)::int from operation_claims) as claims
     from operations`,
  );
  const work = await agents.call<{ begun: number; begunTwice: number }>("begun");
  const expected = { operations: completed, completed, claims: 0, begun: completed, begunTwice: 0 };
  const found = { ...rows[0], ...work };
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
  }
  console.log(`  none lost, none doubled: all ${count(completed)} operations are COMPLETED and were begun once`);
  const waits = await db.pool.query<{ deadlocks: number }>(
    "select deadlocks::int from pg_stat_database where datname = current_database()",
  );
  // Each deadlock delays its batch by a second, which shows in the p99 first.
  console.log(`  deadlocks in the database: ${waits.rows[0]?.deadlocks}\n`);
}
