import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import type { GatheringTimes } from "../children/gathering.ts";
import { Child } from "../parts/child.ts";
import { closedLoop, type Load, openLoop, TerminalWalk } from "../parts/http-load.ts";
import { openCallers } from "../parts/operation-caller.ts";
import { findPgbench, type PgbenchRun, preparePgbench } from "../parts/pgbench.ts";
import { count } from "../parts/print.ts";
import { median } from "../parts/statistics.ts";
import { clearOperations, countRows, printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { type AcceptRound, reportAccept } from "./accept-report.ts";

const terminals = 400_000;
const few = 32;
/** The server batches concurrent requests, so its rate grows with the callers; pgbench is fastest with few clients. */
const many = 128;
const warmUpSeconds = 3;
const aloneSeconds = 2;

/** Compares accepted operations per second with pgbench running an equal transaction on the same database. */
export async function accept({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const { program, version } = findPgbench();
  console.log(`${version} with ${few} clients, ${count(terminals)} terminals, none connected`);
  const subject = await startSubject(closing, terminals);
  await printDatabase(subject);
  const pgbench = preparePgbench({ program, database: subject.database, terminals, clients: few, closing });
  const callers = await openCallers(subject, many, closing);
  const gathering = Child.start("gathering", closing);
  await gathering.call("start", { database: subject.database });

  const closed = (size: number, duration: number) =>
    onEmptyTables(subject, acceptedBy, () => closedLoop(callers.slice(0, size), new TerminalWalk(terminals), duration));
  const yardstick = (duration: number) => onEmptyTables(subject, transactionsOf, () => pgbench(duration));
  const gathered = (duration: number) =>
    onEmptyTables(subject, timesOf, () => gathering.call<GatheringTimes>("run", { terminals, seconds: duration }));
  await closed(many, warmUpSeconds);
  await yardstick(warmUpSeconds);

  const all: AcceptRound[] = [];
  for (let round = 0; round < rounds; round += 1) {
    all.push({
      many: await closed(many, seconds),
      pgbench: await yardstick(seconds),
      few: await closed(few, seconds),
    });
  }
  const perSecond = median(all.map((round) => round.few.perSecond)) / 2;
  const half = await onEmptyTables(subject, acceptedBy, () =>
    openLoop(callers.slice(0, few), new TerminalWalk(terminals), { perSecond, seconds }),
  );
  const alone = await closed(1, aloneSeconds);
  await gathered(1);
  reportAccept({ callers: { many, few }, rounds: all, half, alone, gathering: await gathered(seconds) });
}

const acceptedBy = (load: Load) => load.accepted;
const transactionsOf = (run: PgbenchRun) => run.transactions;
const timesOf = ({ gathered, batchOfOne, oneRow }: GatheringTimes) =>
  gathered.length + batchOfOne.length + oneRow.length;

/**
 * Runs one load on empty tables. Throws when the database does not hold exactly the accepted operations: a transaction
 * that inserts nothing is cheaper and would falsify the rate.
 */
async function onEmptyTables<Result>(
  { db }: Subject,
  acceptedIn: (result: Result) => number,
  load: () => Promise<Result>,
): Promise<Result> {
  await clearOperations(db);
  const result = await load();
  const accepted = acceptedIn(result);
  const rows = await countRows(db);
  if (Object.values(rows).some((found) => found !== accepted)) {
    throw new Error(`${accepted} operations were accepted, but the database holds ${JSON.stringify(rows)}`);
  }
  return result;
}
