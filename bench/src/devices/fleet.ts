import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import type { IdleFleet } from "../children/idle-terminals.ts";
import { Child } from "../parts/child.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import type { ProcessFigures } from "../parts/process-figures.ts";
import { seedCredentials } from "../parts/seed.ts";
import { median } from "../parts/statistics.ts";
import { printDatabase, type Subject, startSubject } from "../parts/subject.ts";

const terminals = 10_000;
const rhythm = { heartbeatSeconds: 30, keepaliveSeconds: 12 };
/** Connections that are being opened at any time, when the whole fleet has lost its broker. */
const atOnce = 500;
const cores = 2;
/** Two heartbeats of each terminal. */
const idleSeconds = 60;
const aims = { bytesPerTerminal: 30_000, cpuShare: 0.25, reconnectsPerSecond: 3_000 };

interface Side {
  child: Child;
  fleet: Child;
  firstSeconds: number;
  bytesPerTerminal: number;
}

interface Storm {
  perSecond: number;
  cpuMicroseconds: number;
}

/** Measures 10,000 idle terminals: memory, CPU share, and reconnects per second after all links broke at once. */
export async function fleet({ rounds }: Effort, closing: Closing): Promise<void> {
  console.log(`${count(terminals)} terminals, a heartbeat every ${rhythm.heartbeatSeconds} s\n`);
  const subject = await startSubject(closing, terminals);
  await printDatabase(subject);
  const devices = await seedCredentials(subject.db, terminals);
  const place = { devices, atOnce, ...rhythm };
  const server = await connect(subject.server, { ...place, port: portOf(subject), bare: false }, closing);
  const share = await idleShare(subject.server);
  const bareBroker = Child.start("bare-broker", closing);
  const port = await bareBroker.call<number>("start");
  const bare = await connect(bareBroker, { ...place, port, bare: true }, closing);

  const storms: { server: Storm; bare: Storm }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bareStorm = await storm(bare);
    storms.push({ server: await storm(server), bare: bareStorm });
  }
  report(server, bare, share, storms);
  await checkPresence(subject);
}

async function connect(child: Child, fleetOptions: IdleFleet, closing: Closing): Promise<Side> {
  const before = await child.call<ProcessFigures>("figures");
  const fleetChild = Child.start("idle-terminals", closing);
  const firstSeconds = await fleetChild.call<number>("open", fleetOptions);
  const after = await child.call<ProcessFigures>("figures");
  return { child, fleet: fleetChild, firstSeconds, bytesPerTerminal: (after.rssBytes - before.rssBytes) / terminals };
}

/** Returns the share of both cores that the server's process uses while all terminals are idle. */
async function idleShare(server: Child): Promise<number> {
  const before = await server.call<ProcessFigures>("figures");
  await new Promise((resolve) => void setTimeout(resolve, idleSeconds * 1000));
  const after = await server.call<ProcessFigures>("figures");
  return (after.cpuSeconds - before.cpuSeconds) / idleSeconds / cores;
}

/** Breaks all links at once; returns reconnects per second and the CPU time per reconnect of the server or broker. */
async function storm({ child, fleet: terminalsChild }: Side): Promise<Storm> {
  const before = await child.call<ProcessFigures>("figures");
  const seconds = await terminalsChild.call<number>("storm");
  const after = await child.call<ProcessFigures>("figures");
  return {
    perSecond: terminals / seconds,
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / terminals,
  };
}

function portOf({ mqttUrl }: Subject): number {
  return Number(new URL(mqttUrl).port);
}

function report(server: Side, bare: Side, share: number, storms: { server: Storm; bare: Storm }[]): void {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
  printTable(
    ["", "server", "bare broker", "ratio"],
    [
      [
        "KB per idle terminal",
        kilobytes(server.bytesPerTerminal),
        kilobytes(bare.bytesPerTerminal),
        (server.bytesPerTerminal / bare.bytesPerTerminal).toFixed(2),
      ],
      ...[
        { server: terminals / server.firstSeconds, bare: terminals / bare.firstSeconds, name: "first connects/s" },
        ...storms.flatMap((round, number) => [
          row(`reconnects/s, storm ${number + 1}`, round, (side) => side.perSecond),
          row("µs of the process for each", round, (side) => side.cpuMicroseconds),
        ]),
      ].map(({ name, ...sides }) => [
        name,
        count(sides.server),
        count(sides.bare),
        (sides.server / sides.bare).toFixed(2),
      ]),
    ],
  );
  const rate = median(storms.map((round) => round.server.perSecond));
  const { bytesPerTerminal, cpuShare, reconnectsPerSecond } = aims;
  printAim(
    "KB per idle terminal beyond the empty server",
    kilobytes(server.bytesPerTerminal),
    `≤ ${kilobytes(bytesPerTerminal)}`,
    server.bytesPerTerminal <= bytesPerTerminal,
  );
  printAim(
    `share of ${cores} cores while idle`,
    `${(share * 100).toFixed(1)} %`,
    `≤ ${cpuShare * 100} %`,
    share <= cpuShare,
  );
  printAim("reconnects/s", count(rate), `≥ ${count(reconnectsPerSecond)}`, rate >= reconnectsPerSecond);
}

function row(name: string, round: { server: Storm; bare: Storm }, read: (storm: Storm) => number) {
  return { name, server: read(round.server), bare: read(round.bare) };
}

/** Prints how many terminals were ever recorded offline (aim: none), and how many are online at the end. */
async function checkPresence({ db }: Subject): Promise<void> {
  const { rows } = await db.pool.query<{ offline: number; online: number }>(
    `select (select count(*)::int from presence_changes where status = 'offline') as offline,
       (select count(*)::int from terminal_presence where status = 'online') as online`,
  );
  const { offline, online } = rows[0] ?? { offline: -1, online: -1 };
  printAim("terminals that were called offline", count(offline), "0", offline === 0);
  console.log(`  online at the end: ${count(online)}\n`);
}
