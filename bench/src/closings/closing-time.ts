import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import type { ServerSetUp } from "../children/server.ts";
import { roundTrips } from "../devices/round-trip-load.ts";
import { Child } from "../parts/child.ts";
import { between, spent } from "../parts/database-figures.ts";
import { Ending } from "../parts/ending.ts";
import { Notices } from "../parts/notices.ts";
import { openCallers } from "../parts/operation-caller.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { seedCredentials } from "../parts/seed.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";
import { accountId, addressOf } from "../parts/terminal-set.ts";
import { clearClosings } from "./closings-tables.ts";

/** A fleet whose stores are all due at the same minute. */
interface Fleet {
  name: string;
  terminals: number;
  stores: number;
  /** Without sockets the terminals are agents in the server's own process. */
  sockets: boolean;
  /** What differs from the default: the heartbeat that `docs/operations.md` names for a fleet of this size, and more of the memory. */
  setUp?: Pick<ServerSetUp, "heartbeatSeconds" | "postgres">;
  /** Seconds within which all are to be closed; only the large fleet has an aim. */
  withinSeconds?: number;
  withinBytes?: number;
}

const mega = 1024 * 1024;
const fleets: Fleet[] = [
  { name: "over MQTT", terminals: 15_000, stores: 3_000, sockets: true },
  {
    name: "without sockets",
    terminals: 100_000,
    stores: 20_000,
    sockets: false,
    setUp: { heartbeatSeconds: 60, postgres: { shared_buffers: "1GB" } },
    withinSeconds: 60,
    withinBytes: 2_048 * mega,
  },
];
const leastShare = 0.8;
/** Operations under way on the side of plain round trips. */
const underWay = 256;
/** The time to plan all stores for the minute, at least. */
const aheadMs = 45_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Until when it is watched. */
const patienceMs = 15 * minuteMs;

/** Measures how soon the autopilot has closed fleets whose stores are due at the same minute, beside plain round trips. */
export async function closingTime({ seconds }: Effort, closing: Closing): Promise<void> {
  for (const fleet of fleets) {
    // What one fleet has started must not run beside the next.
    const own = new Ending();
    closing.add(() => own.close());
    try {
      await closeFleet(fleet, seconds, own);
    } finally {
      await own.close();
    }
  }
}

interface Evening {
  /** From the minute at which all stores are due, until the last terminal had closed, and the last closing had ended. */
  lastClosed: number;
  lastEnded: number;
  highestRss: number;
  cpu: { server: number; database: number };
}

async function closeFleet(fleet: Fleet, seconds: number, closing: Closing): Promise<void> {
  const { terminals, stores } = fleet;
  console.log(
    `${count(terminals)} terminals ${fleet.name}, in ${count(stores)} stores that are due at the same minute\n`,
  );
  const subject = await startSubject(closing, terminals, { stores, ...fleet.setUp });
  await printDatabase(subject);
  const carrier = await startTerminals(subject, fleet, closing);
  const receipts = new Notices<string>(carrier);
  // The first one warms both sides up.
  await plain(subject, { fleet, receipts, seconds: Math.min(seconds, 2) }, closing);
  const perSecond = await plain(subject, { fleet, receipts, seconds }, closing);
  await clearClosings(subject.db);
  const before = await carrier.call<Begun>("begun");
  const evening = await watchEvening(subject, fleet);
  const after = await carrier.call<Begun>("begun");
  await checkOnce(subject, fleet, { begun: after.begun - before.begun, begunTwice: after.begunTwice });
  report(fleet, evening, perSecond);
}

interface Begun {
  begun: number;
  begunTwice: number;
}

/** Starts the terminals, and answers the process in which they are. */
async function startTerminals(subject: Subject, fleet: Fleet, closing: Closing): Promise<Child> {
  const devices = await seedCredentials(subject.db, fleet.terminals);
  const startedAt = performance.now();
  const agents = fleet.sockets ? Child.start("agents", closing) : subject.server;
  if (fleet.sockets) await agents.call("start", { mqttUrl: subject.mqttUrl, devices });
  else
    await agents.call(
      "startTerminals",
      devices.map((_device, number) => addressOf(number)),
    );
  console.log(`  connected and welcomed after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return agents;
}

/** The yardstick: operations per second that go all the way to COMPLETED, sent one by one over HTTP. */
async function plain(
  subject: Subject,
  { fleet, receipts, seconds }: { fleet: Fleet; receipts: Notices<string>; seconds: number },
  closing: Closing,
): Promise<number> {
  const callers = await openCallers(subject, underWay, closing);
  const { perSecond } = await roundTrips({ callers, receipts, terminals: fleet.terminals, seconds });
  for (const caller of callers) caller.close();
  return perSecond;
}

/** Has all stores closed at the same minute, and waits until they are. */
async function watchEvening(subject: Subject, { terminals, stores }: Fleet): Promise<Evening> {
  const dueAt = Math.ceil((Date.now() + aheadMs) / minuteMs) * minuteMs;
  const wall = (ms: number) => new Date(ms).toISOString().slice(11, 16);
  const configuration = {
    time_zone: "Etc/UTC",
    business_day_starts_at: wall(dueAt + 12 * hourMs),
    auto_end_of_day: { enabled: true, time: wall(dueAt), spread_minutes: 0 },
  };
  await run(subject, "update stores set configuration = $1 where account_id = $2", [configuration, accountId]);
  const planned = "select count(*)::int as n from store_autopilot where look_at = $1";
  await until(subject, { text: planned, values: [new Date(dueAt)], reached: stores, latest: dueAt });
  await wait(dueAt - Date.now());
  const before = await spent(subject);
  let highestRss = 0;
  const look = async () => {
    highestRss = Math.max(highestRss, await subject.server.call<number>("memory"));
  };
  const watching = setInterval(() => void look(), 250);
  try {
    const ended = "select count(*)::int as n from closings where ended_at is not null";
    await until(subject, { text: ended, values: [], reached: stores, latest: dueAt + patienceMs });
  } finally {
    clearInterval(watching);
  }
  const cpu = between(before, await spent(subject));
  const last = await run<{ answered: Date; ended: Date; closed: number }>(
    subject,
    `select (select max(answered_at) from operations) as answered, (select max(ended_at) from closings) as ended,
       (select count(*)::int from operations where operation = 'end_of_day' and status = 'COMPLETED') as closed`,
  );
  if (last?.closed !== terminals) throw new Error(`${last?.closed} of ${terminals} terminals are closed`);
  const since = (at: Date) => (at.getTime() - dueAt) / 1000;
  return { lastClosed: since(last.answered), lastEnded: since(last.ended), highestRss, cpu };
}

interface Awaited {
  text: string;
  values: unknown[];
  reached: number;
  latest: number;
}

/** Waits until a count has reached a number. */
async function until(subject: Subject, { text, values, reached, latest }: Awaited): Promise<void> {
  for (;;) {
    const { n = 0 } = (await run<{ n: number }>(subject, text, values)) ?? {};
    if (n >= reached) return;
    if (Date.now() > latest) throw new Error(`${n} of ${reached} in time: ${text}`);
    await wait(500);
  }
}

/** No terminal was closed twice: neither by what the server keeps, nor by what the terminals have begun. */
async function checkOnce(subject: Subject, { terminals }: Fleet, { begun, begunTwice }: Begun): Promise<void> {
  const rows = await run<{ operations: number; of: number }>(
    subject,
    "select count(*)::int as operations, count(distinct terminal_id)::int as of from operations where operation = 'end_of_day'",
  );
  const found = `${rows?.operations} closes of ${rows?.of} terminals, ${begun} begun, ${begunTwice} begun twice`;
  const right = rows?.operations === terminals && rows.of === terminals && begun === terminals && begunTwice === 0;
  if (!right) throw new Error(found);
  console.log(`  none twice, none forgotten: ${found}`);
}

function report(fleet: Fleet, { lastClosed, lastEnded, highestRss, cpu }: Evening, perSecond: number): void {
  const { terminals, withinSeconds, withinBytes } = fleet;
  const closed = terminals / lastClosed;
  const micros = (value: number) => count((value * 1e6) / terminals);
  printTable(
    [fleet.name, "all closed s", "all ended s", "closed/s", "round trips/s", "server µs", "PostgreSQL µs", "server MB"],
    [
      [
        count(terminals),
        lastClosed.toFixed(1),
        lastEnded.toFixed(1),
        count(closed),
        count(perSecond),
        micros(cpu.server),
        micros(cpu.database),
        count(highestRss / mega),
      ],
    ],
  );
  const share = closed / perSecond;
  printAim("closed per second : round trips per second", share.toFixed(2), `≥ ${leastShare}`, share >= leastShare);
  if (withinSeconds !== undefined)
    printAim("until all are closed", `${lastClosed.toFixed(1)} s`, `≤ ${withinSeconds} s`, lastClosed <= withinSeconds);
  if (withinBytes !== undefined)
    printAim(
      "memory of the server, its terminals included",
      `${count(highestRss / mega)} MB`,
      `≤ ${count(withinBytes / mega)} MB`,
      highestRss <= withinBytes,
    );
  console.log();
}

async function run<Row>({ db }: Subject, text: string, values: unknown[] = []): Promise<Row | undefined> {
  // Exceeds the query timeout of the server's own statements.
  const { rows } = await db.pool.query({ text, values, query_timeout: 180_000 } as { text: string; values: unknown[] });
  return rows[0] as Row | undefined;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, Math.max(0, ms)));
}
