import { setTimeout as sleep } from "node:timers/promises";
import { writeEvents } from "@tillkeeper/server/events/write";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { Effort } from "../arguments.ts";
import type { HeldRequests } from "../children/held-requests.ts";
import { Child } from "../parts/child.ts";
import { machineMs } from "../parts/machine-clock.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import type { ProcessFigures } from "../parts/process-figures.ts";
import { percentile } from "../parts/statistics.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { addedByWaiting } from "./events-wait.ts";

const terminals = 200;
const watching = 500;
const held = { waiters: 5_000, streams: 2_000 };
/** So that the server holds as many of an account as it may. */
const streamsOfAccount = 1_000;
const betweenMs = 50;
const settleMs = 3_000;
const aims = { p50: 50, p99: 250, waitedMs: 10, waiterBytes: 20_000 };

/** Events from the commit to 500 streams, what `Prefer: wait` adds, and the memory of requests that are held open. */
export async function events(effort: Effort, closing: Closing): Promise<void> {
  const subject = await startSubject(closing, terminals);
  await printDatabase(subject);
  await tellLatency(subject, effort, closing);
  await addedByWaiting(subject, { ...effort, terminals, aim: aims.waitedMs }, closing);
  await tellMemory(closing);
}

async function openAccount({ db, httpUrl }: Subject, number: number): Promise<{ accountId: string; token: string }> {
  const accountId = `T7100000${number}`;
  const scopes = ["admin:accounts", "admin:checkout"] as const;
  return {
    accountId,
    token: await fetchToken(httpUrl, await seedAccount(db, { accountId, clientId: "bench", scopes })),
  };
}

function streamsOf(
  httpUrl: string,
  { accountId, token }: { accountId: string; token: string },
): Omit<HeldRequests, "count"> {
  const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
  return { httpUrl, path: `/v1/accounts/${accountId}/events`, headers };
}

async function tellLatency(subject: Subject, { seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const account = await openAccount(subject, 1);
  const streams = Child.start("held-requests", closing);
  await streams.call("open", { ...streamsOf(subject.httpUrl, account), count: watching });
  await sleep(settleMs);
  let number = 0;
  const rows: string[][] = [];
  const all: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const committed = new Map<number, number>();
    for (const until = machineMs() + seconds * 1000; machineMs() < until; number += 1) {
      const event = { type: "terminal_presence", cause: "bench", subject: `bench-${number}`, actor: "bench" } as const;
      const data = { status: "online", since: new Date().toISOString() };
      await writeEvents(subject.db.sql, [{ ...event, accountId: account.accountId, at: new Date(), data }]);
      committed.set(number, machineMs());
      await sleep(betweenMs);
    }
    await sleep(settleMs);
    const { arrivals } = await streams.call<{ arrivals: [number, number][] }>("take");
    const expected = committed.size * watching;
    if (arrivals.length !== expected) throw new Error(`${arrivals.length} events came in place of ${expected}`);
    const took = arrivals.map(([of, at]) => at - (committed.get(of) ?? Number.NaN));
    all.push(...took);
    rows.push([
      `round ${round + 1}`,
      count(took.length),
      ...[0.5, 0.99, 1].map((share) => milliseconds(percentile(took, share))),
    ]);
  }
  console.log(`events from the commit to each of ${count(watching)} streams of an account, one each ${betweenMs} ms\n`);
  printTable(["", "arrivals", "p50", "p99", "longest"], rows);
  const [p50, p99] = [percentile(all, 0.5), percentile(all, 0.99)];
  printAim("commit to stream, p50", `${milliseconds(p50)} ms`, `≤ ${aims.p50} ms`, p50 <= aims.p50);
  printAim("commit to stream, p99", `${milliseconds(p99)} ms`, `≤ ${aims.p99} ms`, p99 <= aims.p99);
  await streams.call("close");
}

/** Each by a server of its own, whose memory has not been larger before. */
async function tellMemory(closing: Closing): Promise<void> {
  const waiter = await waitersHeld(await startSubject(closing, 1), closing);
  const stream = await streamsHeld(await startSubject(closing, 1), closing);
  console.log();
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
  const row = (name: string, size: number, { heap, rss }: Held) => [name, count(size), kilobytes(heap), kilobytes(rss)];
  printTable(
    ["", "held open", "KB in use each", "KB of the process each"],
    [row("requests that wait", held.waiters, waiter), row("streams", held.streams, stream)],
  );
  const { waiterBytes } = aims;
  printAim(
    "memory in use by a request that waits",
    `${kilobytes(waiter.heap)} KB`,
    `≤ ${kilobytes(waiterBytes)} KB`,
    waiter.heap <= waiterBytes,
  );
}

/** Bytes for each request that is held open: in use, and of the process, which keeps room for what it has let go. */
interface Held {
  heap: number;
  rss: number;
}

function perRequest(before: ProcessFigures, after: ProcessFigures, requests: number): Held {
  return {
    heap: (after.heapBytes - before.heapBytes) / requests,
    rss: (after.rssBytes - before.rssBytes) / requests,
  };
}

async function waitersHeld({ httpUrl, token, db, server }: Subject, closing: Closing): Promise<Held> {
  const { rows } = await db.pool.query<{ terminal_id: string }>(
    "select terminal_id from terminals order by number desc limit 1",
  );
  const sent = await fetch(`${httpUrl}/v1/admin/terminals/operations`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    // No device is connected that does it, so it is open until its deadline.
    body: JSON.stringify({ terminal_id: rows[0]?.terminal_id, operation: "open_menu", timeout: 600 }),
  });
  const { id } = (await sent.json()) as { id: string };
  const child = Child.start("held-requests", closing);
  const before = await server.call<ProcessFigures>("figures");
  await child.call("open", {
    httpUrl,
    path: `/v1/admin/terminals/operations/${id}`,
    headers: { authorization: `Bearer ${token}`, prefer: "wait=60" },
    count: held.waiters,
  });
  await sleep(settleMs);
  const after = await server.call<ProcessFigures>("figures");
  const { open, answered } = await child.call<{ open: number; answered: number }>("take");
  if (open !== held.waiters || answered > 0)
    throw new Error(`of ${held.waiters} requests ${answered} were answered at once`);
  await child.call("close");
  return perRequest(before, after, held.waiters);
}

async function streamsHeld(subject: Subject, closing: Closing): Promise<Held> {
  const child = Child.start("held-requests", closing);
  const accounts = [await openAccount(subject, 2), await openAccount(subject, 3)];
  await sleep(settleMs);
  const before = await subject.server.call<ProcessFigures>("figures");
  for (const account of accounts) {
    await child.call("open", { ...streamsOf(subject.httpUrl, account), count: streamsOfAccount });
  }
  await sleep(settleMs);
  const after = await subject.server.call<ProcessFigures>("figures");
  const { open, answered } = await child.call<{ open: number; answered: number }>("take");
  if (open !== held.streams || answered !== held.streams)
    throw new Error(`${answered} streams of ${held.streams} are open`);
  await child.call("close");
  return perRequest(before, after, held.streams);
}
