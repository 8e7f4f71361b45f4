import type { ClosingList } from "@tillkeeper/contract/http/closings";
import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { type Comparison, figuresOf, inTurns, ListCaller, type Side } from "../lists/lists-load.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { accountId } from "../parts/terminal-set.ts";
import { registered, seedClosings, settle } from "./closings-seed.ts";

const sizes = { small: 200, large: 20_000 };
/** Requests per comparison, side and round. */
const requests = 200;
const aim = 1.5;
const pages = [
  { name: "a page of 10", query: "", rows: 10 },
  { name: "a page of 100", query: "?limit=100", rows: 100 },
];

/** Compares pages of the closings of an account with 20,000 stores with those of an account with 200. */
export async function closingPages({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const [small, large] = [await startWith(sizes.small, closing), await startWith(sizes.large, closing)];
  await printDatabase(small);
  // At once: autovacuum analyzes tables about a minute after they were filled.
  const fresh = await compare([small, large], { seconds, rounds: 1, when: "just filled" }, closing);
  for (const { db } of [small, large]) await settle(db);
  const settled = await compare([small, large], { seconds, rounds, when: "analyzed" }, closing);
  report([...fresh, ...settled]);
}

async function startWith(stores: number, closing: Closing): Promise<Subject> {
  const subject = await startSubject(closing, stores * registered, { stores });
  await seedClosings(subject.db, stores);
  return subject;
}

async function compare(
  [small, large]: readonly [Subject, Subject],
  { seconds, rounds, when }: { seconds: number; rounds: number; when: string },
  closing: Closing,
): Promise<Comparison[]> {
  const callers = [await ListCaller.open(small.httpUrl), await ListCaller.open(large.httpUrl)] as const;
  closing.add(() => callers.forEach((caller) => caller.close()));
  const comparisons = pages.map((page): Comparison => {
    const sideOf = ({ token }: Subject, caller: ListCaller): Side => ({
      caller,
      request: () => caller.prepare(`/v1/accounts/${accountId}/closings${page.query}`, token),
      check: (body) => check(body, page.rows),
    });
    const [left, right] = [sideOf(small, callers[0]), sideOf(large, callers[1])];
    return { name: `${page.name}, ${when}`, left, right, rounds: [] };
  });
  for (let round = 0; round < rounds; round += 1) {
    for (const comparison of comparisons) await inTurns(comparison, { requests, seconds });
  }
  return comparisons;
}

function check(body: string, rows: number): void {
  const { closings } = JSON.parse(body) as ClosingList;
  const closed = closings.filter(({ state, totals }) => state === "closed" && totals[0]?.sale_amount !== undefined);
  if (closed.length !== rows) throw new Error(`${closed.length} closings that ended well, not ${rows}`);
}

function report(comparisons: Comparison[]): void {
  const rows = comparisons.map((comparison) => {
    const { cells, p50, p99 } = figuresOf(comparison);
    return [comparison.name, ...cells, p50.toFixed(2), p99.toFixed(2), p50 <= aim ? "met" : "MISSED"];
  });
  const head = (size: number) => [`${count(size)} stores: p50 ms`, "p99 ms"];
  printTable(
    ["closings of an account", ...head(sizes.small), ...head(sizes.large), "ratio p50", "ratio p99", "aim"],
    rows,
  );
  const worst = Math.max(...comparisons.map((comparison) => figuresOf(comparison).p50));
  printAim("worst p50 of a page, large : small", worst.toFixed(2), `≤ ${aim}`, worst <= aim);
  console.log();
}
