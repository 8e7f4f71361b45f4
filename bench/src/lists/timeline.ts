import type { Timeline } from "@tillkeeper/contract/http/timeline";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { Effort } from "../arguments.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { clientId, seedTerminals } from "../parts/seed.ts";
import { printDatabase, startEmptySubject } from "../parts/subject.ts";
import { accountId, terminalId } from "../parts/terminal-set.ts";
import { type Comparison, figuresOf, inTurns, ListCaller, type Side } from "./lists-load.ts";
import { seedFacts, settle, settleTerminals } from "./timeline-seed.ts";

const sizes = [1_000, 100_000] as const;
/** Terminals beside the two, so that statistics of the tables do not describe these alone. */
const terminals = 1_000;
const requests = 200;
const pageSize = 50;
const aim = 1.5;

/** Where a page is: its query, by the id and the instant of an entry in the middle of the timeline. */
const pages = [
  { name: "the newest page", query: () => "" },
  { name: "the page before one in the middle", query: ({ id }: Middle) => `?starting_after=${id}` },
  { name: "the page after one in the middle", query: ({ id }: Middle) => `?ending_before=${id}` },
  { name: "around an instant in the middle", query: ({ at }: Middle) => `?around=${at}` },
];

interface Middle {
  id: string;
  at: string;
}

/** Compares a page of the timeline of a terminal with 100,000 facts to one of a terminal with 1,000, and their stores' pages. */
export async function timeline({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const { db, httpUrl } = await startEmptySubject(closing);
  await printDatabase({ db });
  const scopes = ["admin:accounts", "admin:checkout"] as const;
  const credentials = await seedAccount(db, { accountId, clientId, scopes });
  // Each in a store of its own.
  await seedTerminals(db, terminals, terminals);
  await settleTerminals(db);
  for (const [terminal, facts] of sizes.entries()) await seedFacts(db, terminal, facts);
  const token = await fetchToken(httpUrl, credentials);
  const caller = await ListCaller.open(httpUrl);
  closing.add(() => caller.close());
  const fresh = await compare(caller, token, { seconds, rounds: 1, when: "just filled" });
  await settle(db);
  report([...fresh, ...(await compare(caller, token, { seconds, rounds, when: "analyzed" }))]);
}

async function compare(
  caller: ListCaller,
  token: string,
  { seconds, rounds, when }: { seconds: number; rounds: number; when: string },
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const kind of ["terminal", "store"] as const) {
    const paths = sizes.map((_, index) =>
      kind === "terminal"
        ? `/v1/accounts/${accountId}/terminals/${terminalId(index)}/timeline`
        : `/v1/accounts/${accountId}/stores/S${index + 1}/timeline`,
    );
    const middles: Middle[] = [];
    for (const path of paths) middles.push(await middleOf(caller, token, path));
    const side = (index: number, query: (middle: Middle) => string): Side => ({
      caller,
      request: () => caller.prepare(`${paths[index]}${query(middles[index] as Middle)}`, token),
      check,
    });
    for (const { name, query } of pages) {
      comparisons.push({ name: `${kind}: ${name}, ${when}`, left: side(0, query), right: side(1, query), rounds: [] });
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const comparison of comparisons) await inTurns(comparison, { requests, seconds: seconds / 2 });
  }
  return comparisons;
}

async function middleOf(caller: ListCaller, token: string, path: string): Promise<Middle> {
  const at = new Date(Date.now() - 50 * 86_400_000).toISOString();
  const body = await caller.get(caller.prepare(`${path}?limit=1&at.lte=${at}`, token));
  const [entry] = (JSON.parse(body) as Timeline).entries;
  if (!entry) throw new Error(`${path} has nothing before ${at}`);
  return entry;
}

function check(body: string): void {
  const { entries } = JSON.parse(body) as Timeline;
  if (entries.length !== pageSize) throw new Error(`a page has ${entries.length} entries, not ${pageSize}`);
}

function report(comparisons: Comparison[]): void {
  const rows = comparisons.map((comparison) => {
    const { cells, p50, p99 } = figuresOf(comparison);
    return [comparison.name, ...cells, p50.toFixed(2), p99.toFixed(2), p50 <= aim ? "met" : "MISSED"];
  });
  const head = (size: number) => [`${count(size)} facts: p50 ms`, "p99 ms"];
  printTable(["timeline of a", ...head(sizes[0]), ...head(sizes[1]), "ratio p50", "ratio p99", "aim"], rows);
  const worst = Math.max(...comparisons.map((comparison) => figuresOf(comparison).p50));
  printAim("worst p50 of a page, large : small", worst.toFixed(2), `≤ ${aim}`, worst <= aim);
  console.log();
}
