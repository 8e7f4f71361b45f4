import { readClosing } from "@tillkeeper/server/closings/reading/read";
import { systemClock } from "@tillkeeper/server/platform/clock";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { between, committed, spent } from "../parts/database-figures.ts";
import { count, printTable } from "../parts/print.ts";
import type { Subject } from "../parts/subject.ts";
import { accountId } from "../parts/terminal-set.ts";
import { openClosingCallers } from "./closing-caller.ts";

const callersAtOnce = 32;
const idleSeconds = 20;

interface Second {
  statements: number;
  serverMs: number;
  databaseMs: number;
}

/** Prints what it costs that stores wait for terminals which are switched off, and what reading one of them takes. */
export async function measureAbsent(
  subject: Subject,
  { stores, perStore }: { stores: number; perStore: number },
  closing: Closing,
): Promise<void> {
  const before = await secondOf(subject);
  const callers = await openClosingCallers(subject, callersAtOnce, closing);
  let next = 1;
  let last = "";
  const call = async (caller: (typeof callers)[0]) => {
    while (next <= stores) {
      const store = next++;
      const { id, counts } = await caller.close(store);
      if (counts.waiting !== perStore) throw new Error(`not all terminals are waited for: ${JSON.stringify(counts)}`);
      if (store === stores) last = id;
    }
  };
  await Promise.all(callers.map(call));
  for (const caller of callers) caller.end();
  const after = await secondOf(subject);
  const row = (name: string, { statements, serverMs, databaseMs }: Second) => [
    name,
    statements.toFixed(1),
    serverMs.toFixed(1),
    databaseMs.toFixed(1),
  ];
  printTable(
    ["per second", "statements", "server ms", "PostgreSQL ms"],
    [
      row("nothing to do", before),
      row(`${count(stores)} stores wait for ${count(stores * perStore)} terminals`, after),
      row("which costs", {
        statements: after.statements - before.statements,
        serverMs: after.serverMs - before.serverMs,
        databaseMs: after.databaseMs - before.databaseMs,
      }),
    ],
  );
  const { facts, all } = await statementsOfRead(subject, stores, last);
  console.log(
    `  reading one closing: ${facts} statement of facts, ${all} statements in all, its transaction's own aside\n`,
  );
}

async function secondOf(subject: Subject): Promise<Second> {
  const [commits, before] = [await committed(subject.db), await spent(subject)];
  await new Promise((resolve) => void setTimeout(resolve, idleSeconds * 1000));
  const { server, database } = between(before, await spent(subject));
  const statements = (await committed(subject.db)) - commits;
  const perSecond = (value: number) => value / idleSeconds;
  return {
    statements: perSecond(statements),
    serverMs: perSecond(server * 1000),
    databaseMs: perSecond(database * 1000),
  };
}

/** Counts the statements of the function behind the route that reads a closing. */
async function statementsOfRead({ db }: Subject, store: number, id: string): Promise<{ facts: number; all: number }> {
  const texts: string[] = [];
  const counted = db.sql.withPlugin({
    transformQuery: ({ node }) => {
      texts.push(JSON.stringify(node));
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const presenceClock = { realNow: () => new Date() };
  await readClosing(
    { db: { ...db, sql: counted }, clock: systemClock, presenceClock },
    { accountId, storeId: `S${store}`, id },
  );
  return { facts: texts.filter((text) => text.includes("closing_attempts")).length, all: texts.length };
}
