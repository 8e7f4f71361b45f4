import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { closedLoop, type Load, TerminalWalk } from "../parts/http-load.ts";
import { type OperationCaller, openCallers } from "../parts/operation-caller.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { median, percentile } from "../parts/statistics.ts";
import { clearOperations, countRows, printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { makeSlowPostgres } from "./slow-postgres.ts";

const terminals = 400_000;
const concurrency = 256;
const delayMs = 2;
const warmUpSeconds = 3;
const commits = 200;
const aim = 0.8;

/** A server with its database, and its measurements. */
interface Side {
  name: string;
  subject: Subject;
  callers: OperationCaller[];
  /** Milliseconds of each small commit, made one after another by one connection. */
  commits: number[];
  loads: Load[];
}

/** Compares accepted operations per second on the plain disk with a disk that takes 2 ms longer for each fdatasync. */
export async function slowDisk({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const slow = makeSlowPostgres(delayMs * 1000, closing);
  console.log(`${concurrency} callers, ${count(terminals)} terminals, none connected; delayed by ${slow.how}`);
  const plain = await startSide("as it is", closing);
  await printDatabase(plain.subject);
  const delayed = await startSide(`fdatasync + ${delayMs} ms`, closing, slow.folder);
  const sides = [plain, delayed];
  // Connections open after both servers have started: the server ends idle connections.
  for (const side of sides) side.callers = await openCallers(side.subject, concurrency, closing);
  for (const side of sides) await measured(side, warmUpSeconds);
  for (const side of sides) side.commits = await timeCommits(side.subject);
  for (let round = 0; round < rounds; round += 1) {
    for (const side of sides) side.loads.push(await measured(side, seconds));
  }
  report(plain, delayed);
}

async function startSide(name: string, closing: Closing, binaries?: string): Promise<Side> {
  const subject = await startSubject(closing, terminals, binaries === undefined ? {} : { binaries });
  return { name, subject, callers: [], commits: [], loads: [] };
}

async function measured({ subject, callers }: Side, seconds: number): Promise<Load> {
  await clearOperations(subject.db);
  const load = await closedLoop(callers, new TerminalWalk(terminals), seconds);
  const { operations } = await countRows(subject.db);
  if (operations !== load.accepted) {
    throw new Error(`${load.accepted} operations were accepted, but the database holds ${operations}`);
  }
  return load;
}

/** Times single commits, each of which waits for the disk once; `report` checks the delay with them. */
async function timeCommits({ db }: Subject): Promise<number[]> {
  await db.pool.query("create table commits (number int)");
  const times: number[] = [];
  for (let number = 0; number < commits; number += 1) {
    const startedAt = performance.now();
    await db.pool.query({ name: "commit", text: "insert into commits values ($1)", values: [number] });
    times.push(performance.now() - startedAt);
  }
  await db.pool.query("drop table commits");
  return times;
}

function report(plain: Side, delayed: Side): void {
  const p50 = ({ commits: times }: Side) => percentile(times, 0.5);
  const added = p50(delayed) - p50(plain);
  if (added < delayMs / 2) throw new Error(`a commit took only ${milliseconds(added)} ms longer: nothing is delayed`);
  const cells = (load: Load) => [
    count(load.perSecond),
    milliseconds(percentile(load.latencies, 0.5)),
    milliseconds(percentile(load.latencies, 0.99)),
  ];
  const rows = plain.loads.map((load, round) => {
    const other = delayed.loads[round] as Load;
    return [`round ${round + 1}`, ...cells(load), ...cells(other), (other.perSecond / load.perSecond).toFixed(2)];
  });
  const head = ({ name }: Side) => [`${name}: accepted/s`, "p50 ms", "p99 ms"];
  printTable(["", ...head(plain), ...head(delayed), "ratio"], rows);
  const commit = (side: Side) => `${milliseconds(p50(side))} ms (${side.name})`;
  console.log(`  p50 of one small commit alone: ${commit(plain)}, ${commit(delayed)}`);
  const perSecond = ({ loads }: Side) => median(loads.map((load) => load.perSecond));
  const ratio = perSecond(delayed) / perSecond(plain);
  printAim("accepted operations, delayed : as it is", ratio.toFixed(2), `≥ ${aim}`, ratio >= aim);
  console.log("  nothing lost: all requests were answered 201, all operations are in the databases\n");
}
