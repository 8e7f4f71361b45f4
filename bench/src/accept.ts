import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "./arguments.ts";
import { closedLoop, type Load, openLoop, TerminalWalk } from "./http-load.ts";
import { OperationCaller } from "./operation-caller.ts";
import { findPgbench, type PgbenchRun, preparePgbench } from "./pgbench.ts";
import { count, milliseconds, printAim, printTable } from "./print.ts";
import { median, percentile } from "./statistics.ts";
import { clearOperations, countRows, type Subject, startSubject } from "./subject.ts";

const terminals = 400_000;
const concurrency = 32;
const warmUpSeconds = 3;
const aloneSeconds = 2;
const aims = { ratio: 0.5, p99: 15 };

/** Accepted operations per second, beside what pgbench gets out of the same database with an equal transaction. */
export async function accept({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const { program, version } = findPgbench();
  console.log(`${version}, ${concurrency} connections on both sides, ${count(terminals)} terminals, none connected`);
  const subject = await startSubject(closing, terminals);
  const { database } = subject;
  const pgbench = preparePgbench({ program, database, terminals, clients: concurrency, closing });
  const callers: OperationCaller[] = [];
  closing.add(() => callers.forEach((caller) => caller.close()));
  for (let number = 0; number < concurrency; number += 1) callers.push(await OperationCaller.open(subject));

  const serverRound = (load: (walk: TerminalWalk) => Promise<Load>) => measured(subject, load);
  const yardstick = (duration: number) => pgbenchRound(subject, () => pgbench(duration));
  await serverRound((walk) => closedLoop(callers, walk, warmUpSeconds));
  await yardstick(warmUpSeconds);

  const pairs: { server: Load; pgbench: PgbenchRun }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const server = await serverRound((walk) => closedLoop(callers, walk, seconds));
    pairs.push({ server, pgbench: await yardstick(seconds) });
  }
  const perSecond = median(pairs.map((pair) => pair.server.perSecond)) / 2;
  const half = await serverRound((walk) => openLoop(callers, walk, { perSecond, seconds }));
  const alone = await serverRound((walk) => closedLoop(callers.slice(0, 1), walk, aloneSeconds));
  report(pairs, half, alone);
}

/** One load on empty tables, and the proof that the database holds exactly what was answered 201. */
async function measured({ db }: Subject, load: (walk: TerminalWalk) => Promise<Load>): Promise<Load> {
  await clearOperations(db);
  const result = await load(new TerminalWalk(terminals));
  const rows = await countRows(db);
  if (rows.operations !== result.accepted || rows.outbox !== result.accepted) {
    throw new Error(`${result.accepted} operations were accepted, but the database holds ${JSON.stringify(rows)}`);
  }
  return result;
}

/** The same for pgbench: a transaction that inserted nothing would have been cheaper than an accepted operation. */
async function pgbenchRound({ db }: Subject, run: () => Promise<PgbenchRun>): Promise<PgbenchRun> {
  await clearOperations(db);
  const result = await run();
  const rows = await countRows(db);
  if (rows.operations !== result.transactions || rows.outbox !== result.transactions) {
    throw new Error(`pgbench made ${result.transactions} transactions, but the database holds ${JSON.stringify(rows)}`);
  }
  return result;
}

function report(pairs: { server: Load; pgbench: PgbenchRun }[], half: Load, alone: Load): void {
  const rows = pairs.map(({ server, pgbench }, round) => [
    `round ${round + 1}`,
    count(server.perSecond),
    milliseconds(percentile(server.latencies, 0.5)),
    milliseconds(percentile(server.latencies, 0.99)),
    count(pgbench.perSecond),
    (server.perSecond / pgbench.perSecond).toFixed(2),
  ]);
  printTable(["", "accepted/s", "p50 ms", "p99 ms", "pgbench tps", "ratio"], rows);
  const latencies = (name: string, load: Load) => [
    name,
    count(load.perSecond),
    milliseconds(percentile(load.latencies, 0.5)),
    milliseconds(percentile(load.latencies, 0.99)),
  ];
  printTable(
    ["", "requests/s", "p50 ms", "p99 ms"],
    [latencies("half of that load", half), latencies("one caller alone", alone)],
  );
  const ratio =
    median(pairs.map((pair) => pair.server.perSecond)) / median(pairs.map((pair) => pair.pgbench.perSecond));
  printAim("accepted operations : pgbench transactions", ratio.toFixed(2), `≥ ${aims.ratio}`, ratio >= aims.ratio);
  const p99 = percentile(half.latencies, 0.99);
  printAim("p99 of accept at half load", `${milliseconds(p99)} ms`, `≤ ${aims.p99} ms`, p99 <= aims.p99);
  const accepted = [...pairs.map((pair) => pair.server), half, alone].reduce((sum, load) => sum + load.accepted, 0);
  console.log(
    `  nothing lost: all requests were answered 201, all ${count(accepted)} operations are in the database\n`,
  );
}
