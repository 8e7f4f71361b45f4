import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { median, percentile } from "../parts/statistics.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { type Passage, queueSide, type Send, terminalsSide } from "./dispatch-sides.ts";

const terminals = 1_000;
const perSecond = 200;
const warmUpSeconds = 2;
const aim = 1;

interface Load {
  name: string;
  run(send: Send, seconds: number): Promise<Passage[]>;
}

const loads: Load[] = [
  { name: `${perSecond}/s`, run: paced },
  { name: "one at a time", run: (send, seconds) => oneAtATime(send, seconds / 2) },
];

/** Times of both sides under one load, by round. */
interface Comparison extends Load {
  server: Passage[][];
  queue: Passage[][];
}

/** Compares a command's time from request to terminal with a job's time from `addJob` to the start of its task. */
export async function dispatch({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  console.log(`${count(terminals)} connected terminals, and graphile-worker on the same database`);
  const subject = await startSubject(closing, terminals);
  await printDatabase(subject);
  const server = await terminalsSide(subject, terminals, closing);
  const queue = await queueSide(subject, closing);
  let sent = (await paced(server, warmUpSeconds)).length;
  await paced(queue, warmUpSeconds);

  const comparisons: Comparison[] = loads.map((load) => ({ ...load, server: [], queue: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const comparison of comparisons) {
      const passages = await comparison.run(server, seconds);
      sent += passages.length;
      comparison.server.push(passages);
      comparison.queue.push(await comparison.run(queue, seconds));
    }
  }
  report(comparisons);
  await checkDatabase(subject, sent);
}

/** Open loop: sends at a fixed rate, without waiting for earlier commands. */
async function paced(send: Send, seconds: number): Promise<Passage[]> {
  const passages: Promise<Passage>[] = [];
  const start = performance.now();
  for (let step = 0; step < perSecond * seconds; step += 1) {
    const due = start + (step * 1000) / perSecond;
    // A timer may be a millisecond early or late; each measurement starts when the command is sent.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const passage = send();
    // `Promise.all` below reports a failure; until then it must not count as an unhandled rejection.
    passage.catch(() => {});
    passages.push(passage);
  }
  return Promise.all(passages);
}

async function oneAtATime(send: Send, seconds: number): Promise<Passage[]> {
  const passages: Passage[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) passages.push(await send());
  return passages;
}

/** Median over the rounds of each round's percentile `share`; `of` reads the value of a passage. */
function middle(rounds: Passage[][], share: number, of: (passage: Passage) => number): number {
  return median(rounds.map((passages) => percentile(passages.map(of), share)));
}

const toArrival = ({ arrived }: Passage) => arrived;
const afterAnswer = ({ arrived, answered }: Passage) => arrived - answered;

function report(comparisons: Comparison[]): void {
  const cells = (rounds: Passage[][]) => [
    milliseconds(middle(rounds, 0.5, toArrival)),
    milliseconds(middle(rounds, 0.99, toArrival)),
    milliseconds(middle(rounds, 0.5, ({ answered }) => answered)),
    milliseconds(middle(rounds, 0.5, afterAnswer)),
    milliseconds(middle(rounds, 0.99, afterAnswer)),
  ];
  printTable(
    ["", "request to arrival: p50 ms", "p99 ms", "to the answer: p50", "answer to arrival: p50", "p99"],
    comparisons.flatMap(({ name, server, queue }) => [
      [`${name}: request → the terminal has it`, ...cells(server)],
      [`${name}: addJob → the task starts`, ...cells(queue)],
    ]),
  );
  for (const { name, server, queue } of comparisons) {
    const ratio = middle(server, 0.5, toArrival) / middle(queue, 0.5, toArrival);
    printAim(`p50 of server : graphile-worker, ${name}`, ratio.toFixed(2), `≤ ${aim}`, ratio <= aim);
  }
}

/** Throws when an accepted operation is not COMPLETED within ten seconds. */
async function checkDatabase({ db }: Subject, sent: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  const query = `select count(*)::int as operations, (count(*) filter (where status = 'COMPLETED'))::int as completed
    from operations`;
  for (;;) {
    const { rows } = await db.pool.query<Record<"operations" | "completed", number>>(query);
    if (rows[0]?.operations === sent && rows[0].completed === sent) break;
    if (performance.now() > deadline) throw new Error(`expected ${sent} completed, found ${JSON.stringify(rows[0])}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  console.log(`  none lost: all ${count(sent)} operations reached their terminals and are COMPLETED\n`);
}
