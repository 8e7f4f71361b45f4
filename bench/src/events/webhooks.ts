import { setTimeout as sleep } from "node:timers/promises";
import type { EventType } from "@tillkeeper/contract/events";
import { writeEvents } from "@tillkeeper/server/events/write";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { Effort } from "../arguments.ts";
import type { HookArrival, HookPlaces } from "../children/hook-receivers.ts";
import { Child } from "../parts/child.ts";
import { between, spent } from "../parts/database-figures.ts";
import { machineMs } from "../parts/machine-clock.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { percentile } from "../parts/statistics.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";

const accounts = Array.from({ length: 10 }, (_, index) => `T730000${10 + index}`);
/** Each subscription asks for one of these, so an event goes to two or three of its account's ten. */
const types = [
  "terminal_presence",
  "terminal_paired",
  "store_closing_add",
  "store_closing_update",
] as const satisfies EventType[];
const size = { healthy: 90, hanging: 5, refusing: 5 };
const eventsPerSecond = 200;
/** A delivery that is late by more than this counts as lost. */
const patienceMs = 20_000;
const aims = { p95: 1_000, ratio: 1.5 };

interface Wish {
  accountId: string;
  type: EventType;
}

/** From the commit of an event to the first request of each webhook, with and without receivers that are dead. */
export async function webhooks({ seconds, rounds }: Effort, closing: Closing): Promise<void> {
  const subject = await startSubject(closing, 1, { webhooksMayBePrivate: true });
  await printDatabase(subject);
  const receivers = Child.start("hook-receivers", closing);
  const places = await receivers.call<HookPlaces>("open", size);
  const subscribed = await subscribe(subject, places);
  const dead = [...places.hanging, ...places.refusing];
  const took = { without: [] as number[], with: [] as number[] };
  const rows: string[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of ["without", "with"] as const) {
      await setDead(subject, dead, kind === "with");
      const before = await spent(subject);
      const times = await measure(subject, { receivers, subscribed, seconds });
      const { server, database } = between(before, await spent(subject));
      took[kind].push(...times);
      rows.push([
        `round ${round + 1}, ${kind} the dead`,
        count(times.length),
        ...[0.5, 0.95, 0.99, 1].map((share) => milliseconds(percentile(times, share))),
        ...[server, database].map((used) => count((used / times.length) * 1e6)),
      ]);
    }
  }
  console.log(
    `${eventsPerSecond} events/s in ${accounts.length} accounts to ${size.healthy} receivers that answer; the dead: ` +
      `${size.hanging} never answer, ${size.refusing} refuse\n`,
  );
  printTable(["", "first attempts", "p50 ms", "p95", "p99", "longest", "server µs each", "database µs each"], rows);
  const p95 = percentile(took.with, 0.95);
  const ratio = p95 / percentile(took.without, 0.95);
  const aim = `≤ ${aims.p95} ms`;
  printAim("commit to first attempt with the dead, p95", `${milliseconds(p95)} ms`, aim, p95 <= aims.p95);
  printAim("the same : p95 without the dead", ratio.toFixed(2), `≤ ${aims.ratio}`, ratio <= aims.ratio);
  console.log("  nothing lost: every event came to every receiver that asked for it\n");
}

/** Makes the subscriptions over the API, the dead ones spread over the accounts. Answers what each healthy receiver asked for. */
async function subscribe({ db, httpUrl }: Subject, { healthy, hanging, refusing }: HookPlaces): Promise<Wish[]> {
  const tokens = new Map<string, string>();
  for (const accountId of accounts) {
    const credentials = await seedAccount(db, { accountId, clientId: "bench", scopes: ["admin:hooks"] });
    tokens.set(accountId, await fetchToken(httpUrl, credentials));
  }
  const wishes = [...hanging, ...refusing, ...healthy].map((url, index) => ({
    url,
    accountId: accounts[index % accounts.length] as string,
    type: types[(index + Math.floor(index / accounts.length)) % types.length] as EventType,
  }));
  for (const { url, accountId, type } of wishes) {
    const answer = await fetch(`${httpUrl}/v1/accounts/${accountId}/hooks/subscriptions`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens.get(accountId)}`, "content-type": "application/json" },
      body: JSON.stringify({ config: { url }, events: [type] }),
    });
    if (answer.status !== 201) throw new Error(`no subscription: ${answer.status} ${await answer.text()}`);
  }
  return wishes.slice(hanging.length + refusing.length);
}

/** Switches the dead receivers on, as the server has not met them yet, or off, with nothing left for them. */
async function setDead({ db }: Subject, urls: string[], active: boolean): Promise<void> {
  await db.pool.query("update hook_subscriptions set active = $2, slow = false where url = any ($1)", [urls, active]);
  await db.pool.query("delete from hook_deliveries where state = 'waiting' and event <> 'ping'");
}

interface Measuring {
  receivers: Child;
  subscribed: Wish[];
  seconds: number;
}

let written = 0;

/** Writes events for so many seconds, and answers the times from each commit to each receiver, in milliseconds. */
async function measure({ db }: Subject, { receivers, subscribed, seconds }: Measuring): Promise<number[]> {
  const committed = new Map<number, number>();
  const commits: Promise<void>[] = [];
  let expected = 0;
  const began = machineMs();
  for (let nth = 0; nth < eventsPerSecond * seconds; nth += 1) {
    const dueIn = began + (nth * 1000) / eventsPerSecond - machineMs();
    if (dueIn > 0) await sleep(dueIn);
    const number = written++;
    const accountId = accounts[number % accounts.length] as string;
    const type = types[Math.floor(number / accounts.length) % types.length] as EventType;
    expected += subscribed.filter((wish) => wish.accountId === accountId && wish.type === type).length;
    const data = { status: "online", since: new Date().toISOString() };
    const event = { accountId, type, cause: "bench", at: new Date(), subject: `bench-${number}`, actor: "bench", data };
    commits.push(writeEvents(db.sql, [event]).then(() => void committed.set(number, machineMs())));
  }
  await Promise.all(commits);
  const firsts = new Map<string, HookArrival>();
  for (const until = machineMs() + patienceMs; firsts.size < expected && machineMs() < until; await sleep(500)) {
    for (const arrival of await receivers.call<HookArrival[]>("take")) {
      const key = `${arrival[0]} at ${arrival[1]}`;
      if (committed.has(arrival[0]) && !firsts.has(key)) firsts.set(key, arrival);
    }
  }
  if (firsts.size !== expected) throw new Error(`${firsts.size} events came in place of ${expected}`);
  return [...firsts.values()].map(([number, , at]) => at - (committed.get(number) ?? Number.NaN));
}
