import type { Closing } from "@tillkeeper/server/platform/closing";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { Effort } from "../arguments.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { printDatabase, type Subject, startEmptySubject } from "../parts/subject.ts";
import { type ListCase, type Sample, storeCases, terminalCases } from "./lists-cases.ts";
import { type Fleet, large, small } from "./lists-fleet.ts";
import { type Comparison, figuresOf, inTurns, ListCaller, type Side } from "./lists-load.ts";
import { pageSize, seedFleet, settle, takeSample } from "./lists-seed.ts";

/** Requests per comparison, side and round. */
const requests = 400;
const aims = { ratio: 1.5, depth: 1.2 };

type List = "terminals" | "stores";

/** A seeded account, a token for it, and values for the requests. */
interface Account {
  fleet: Fleet;
  token: string;
  sample: Sample;
}

/** Compares pages of lists in an account of 1,000,000 terminals with pages in an account of 10,000, in one database. */
export async function lists({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const subject = await startEmptySubject(closing);
  await printDatabase(subject);
  const accounts = await seedAccounts(subject);
  const caller = await ListCaller.open(subject.httpUrl);
  closing.add(() => caller.close());

  const sizes = { terminals: sizesOf(caller, accounts, "terminals"), stores: sizesOf(caller, accounts, "stores") };
  const depths = [depthOf(caller, accounts.large, "terminals"), depthOf(caller, accounts.large, "stores")];
  // Each round covers all comparisons, so that the rounds of one comparison lie far apart in time.
  for (let round = 0; round < rounds; round += 1) {
    for (const comparison of [...sizes.terminals, ...sizes.stores, ...depths]) {
      await inTurns(comparison, { requests, seconds: seconds / 2 });
    }
  }
  for (const list of ["terminals", "stores"] as const) printSizes(list, sizes[list]);
  printDepths(depths);
  printAims([...sizes.terminals, ...sizes.stores], depths);
}

async function seedAccounts(subject: Omit<Subject, "token">): Promise<Record<"small" | "large", Account>> {
  const { db, httpUrl } = subject;
  const tokens: string[] = [];
  for (const fleet of [small, large]) {
    const startedAt = performance.now();
    tokens.push(await fetchToken(httpUrl, await seedAccount(db, { ...fleet, scopes: ["admin:accounts"] })));
    await seedFleet(db, fleet);
    const took = Math.round((performance.now() - startedAt) / 1000);
    console.log(`${count(fleet.terminals)} terminals in ${count(fleet.stores)} stores, seeded in ${took} s`);
  }
  await settle(db);
  console.log();
  const account = async (fleet: Fleet, token: string) => ({ fleet, token, sample: await takeSample(db, fleet) });
  return { small: await account(small, tokens[0] ?? ""), large: await account(large, tokens[1] ?? "") };
}

function sizesOf(caller: ListCaller, accounts: Record<"small" | "large", Account>, list: List): Comparison[] {
  return (list === "terminals" ? terminalCases : storeCases).map((which) => ({
    name: which.name,
    left: sideOf(caller, accounts.small, list, which),
    right: sideOf(caller, accounts.large, list, which),
    rounds: [],
  }));
}

function depthOf(caller: ListCaller, account: Account, list: List): Comparison {
  const cases = list === "terminals" ? terminalCases : storeCases;
  const [first, deep] = [cases[0] as ListCase, cases[1] as ListCase];
  const [left, right] = [sideOf(caller, account, list, first), sideOf(caller, account, list, deep)];
  return { name: list, left, right, rounds: [] };
}

function sideOf(caller: ListCaller, { fleet, token, sample }: Account, list: List, which: ListCase): Side {
  return {
    caller,
    request(step) {
      const query = new URLSearchParams(which.query(sample, step)).toString();
      return caller.prepare(`/v1/accounts/${fleet.accountId}/${list}?${query}`, token);
    },
    check(body) {
      const rows = (JSON.parse(body) as Record<List, unknown[]>)[list].length;
      const right = { "a full page": rows === pageSize, some: rows > 0, none: rows === 0 }[which.rows];
      if (!right) throw new Error(`${list} of ${fleet.accountId}, ${which.name}: ${rows} rows, not ${which.rows}`);
    },
  };
}

function printSizes(list: List, comparisons: Comparison[]): void {
  const rows = comparisons.map((comparison) => {
    const { cells, p50, p99 } = figuresOf(comparison);
    return [comparison.name, ...cells, p50.toFixed(2), p99.toFixed(2), p99 <= aims.ratio ? "met" : "MISSED"];
  });
  const sizes = [small, large].map((fleet) => count(fleet[list]));
  const head = [
    list,
    `${sizes[0]}: p50 ms`,
    "p99 ms",
    `${sizes[1]}: p50 ms`,
    "p99 ms",
    "ratio p50",
    "ratio p99",
    "aim",
  ];
  printTable(head, rows);
}

function printDepths(depths: Comparison[]): void {
  const rows = depths.map((depth) => {
    const { cells, p50, p99 } = figuresOf(depth);
    return [depth.name, ...cells, p50.toFixed(2), p99.toFixed(2)];
  });
  const head = [
    "the large account",
    "page 1: p50 ms",
    "p99 ms",
    "page 1,000: p50 ms",
    "p99 ms",
    "ratio p50",
    "ratio p99",
  ];
  printTable(head, rows);
}

function printAims(sizes: Comparison[], depths: Comparison[]): void {
  const ratios = sizes.map((comparison) => figuresOf(comparison).p99);
  const met = ratios.filter((ratio) => ratio <= aims.ratio).length;
  const worst = Math.max(...ratios);
  printAim("worst p99, large : small", worst.toFixed(2), `≤ ${aims.ratio}`, worst <= aims.ratio);
  console.log(`  met by ${met} of ${ratios.length} cases`);
  for (const depth of depths) {
    const { p50 } = figuresOf(depth);
    printAim(`p50 of page 1,000 : page 1, ${depth.name}`, p50.toFixed(2), `≤ ${aims.depth}`, p50 <= aims.depth);
  }
  console.log();
}
