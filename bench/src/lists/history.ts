import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { Ending } from "../parts/ending.ts";
import { openLoop, TerminalWalk } from "../parts/http-load.ts";
import { openCallers } from "../parts/operation-caller.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { checkAnswer, type HistoryCase, historyCases } from "./history-cases.ts";
import { forgetSince, type HistorySample, seedHistory, takeHistorySample } from "./history-seed.ts";
import { type Comparison, figuresOf, inTurns, ListCaller, type Pair, type Side } from "./lists-load.ts";

const sizes = { small: 10_000, large: 1_000_000 };
/** Exceeds the operations accepted in the longest round. */
const terminals = 24_000;
const stores = terminals / 10;
const acceptedPerSecond = 1_000;
const connections = 32;
const warmUpSeconds = 2;
/** Requests per list case, side and round. */
const requests = 400;
const aim = 1.5;

/** A server with a history of ended operations. */
interface FilledServer {
  subject: Subject;
  sample: HistorySample;
  caller: ListCaller;
}

/** Compares accepting and listing with 1,000,000 operations in the table to accepting and listing with 10,000. */
export async function history({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const subjects = [await startWith(sizes.small, closing), await startWith(sizes.large, closing)] as const;
  await printDatabase(subjects[0]);
  const small = await prepareServer(subjects[0], sizes.small, closing);
  const large = await prepareServer(subjects[1], sizes.large, closing);
  const lists = historyCases.map((which): Comparison => {
    return { name: which.name, left: sideOf(small, which), right: sideOf(large, which), rounds: [] };
  });
  const accepts: Pair[] = [];
  for (const { subject } of [small, large]) await timesOfAccept(subject, warmUpSeconds);
  for (let round = 0; round < rounds; round += 1) {
    const left = await timesOfAccept(small.subject, seconds);
    accepts.push({ left, right: await timesOfAccept(large.subject, seconds) });
    for (const comparison of lists) await inTurns(comparison, { requests, seconds: seconds / 2 });
  }
  report(accepts, lists);
}

async function startWith(operations: number, closing: Closing): Promise<Subject> {
  const subject = await startSubject(closing, terminals, { stores });
  const startedAt = performance.now();
  await seedHistory(subject.db, operations);
  console.log(`${count(operations)} operations, seeded in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  return subject;
}

/** Call it when all databases are filled: the server ends a connection that is idle meanwhile. */
async function prepareServer(subject: Subject, operations: number, closing: Closing): Promise<FilledServer> {
  const sample = await takeHistorySample(subject.db, operations);
  const caller = await ListCaller.open(subject.httpUrl);
  closing.add(() => caller.close());
  return { subject, sample, caller };
}

/** Accepts operations at a modest fixed rate and deletes them again; returns the milliseconds of each request. */
async function timesOfAccept(subject: Subject, seconds: number): Promise<number[]> {
  const since = new Date();
  const own = new Ending();
  try {
    const callers = await openCallers(subject, connections, own);
    const rate = { perSecond: acceptedPerSecond, seconds };
    const { latencies, accepted } = await openLoop(callers, new TerminalWalk(terminals), rate);
    const forgotten = await forgetSince(subject.db, since);
    if (forgotten !== accepted) throw new Error(`${accepted} operations were accepted, ${forgotten} are in the table`);
    return latencies;
  } finally {
    await own.close();
  }
}

function sideOf({ subject, sample, caller }: FilledServer, which: HistoryCase): Side {
  return {
    caller,
    request: (step) => caller.prepare(which.path(sample, step), subject.token),
    check: (body) => checkAnswer(which, body),
  };
}

function report(accepts: Pair[], lists: Comparison[]): void {
  const all = [{ name: `accept, ${count(acceptedPerSecond)}/s`, rounds: accepts }, ...lists];
  const rows = all.map((comparison) => {
    const { cells, p50, p99 } = figuresOf(comparison);
    return [comparison.name, ...cells, p50.toFixed(2), p99.toFixed(2), p99 <= aim ? "met" : "MISSED"];
  });
  const head = (size: number) => [`${count(size)}: p50 ms`, "p99 ms"];
  printTable(["operations", ...head(sizes.small), ...head(sizes.large), "ratio p50", "ratio p99", "aim"], rows);
  const ratios = all.map((comparison) => figuresOf(comparison).p99);
  const accept = ratios[0] as number;
  printAim("p99 of accept, large : small", accept.toFixed(2), `≤ ${aim}`, accept <= aim);
  const worst = Math.max(...ratios.slice(1));
  printAim("worst p99 of a list, large : small", worst.toFixed(2), `≤ ${aim}`, worst <= aim);
  console.log(`  met by ${ratios.slice(1).filter((ratio) => ratio <= aim).length} of ${lists.length} lists\n`);
}
