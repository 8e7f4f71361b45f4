import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { openSigningKeys } from "@tillkeeper/server/access/auth/keys/signing-keys";
import { type TransferTokens, transferTokens } from "@tillkeeper/server/access/auth/tokens/transfer-tokens";
import { openDb } from "@tillkeeper/server/db/db";
import { openRootKey } from "@tillkeeper/server/db/open-root-key";
import { CardMask } from "@tillkeeper/server/logs/masking/card-mask";
import { systemClock } from "@tillkeeper/server/platform/clock";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { Effort } from "../arguments.ts";
import type { ServerPlace } from "../children/server.ts";
import { Child } from "../parts/child.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { type DeviceAccess, seedCredentials, seedTerminals, sender } from "../parts/seed.ts";
import { median } from "../parts/statistics.ts";
import { logText, type PackedLog, packedLog } from "./log-text.ts";

const megabyte = 1_000_000;
const sizes = { small: 20 * megabyte, large: 200 * megabyte };
const sampleEveryMs = 20;
/** The most memory that the large log, ten times as long, may take beyond the small log's. */
const mostGrowth = 64 * megabyte;
const leastRatio = 0.5;
/** The fewest megabytes of log that the mask alone must process per second of processor time. */
const leastMasked = 15;

interface Receiver {
  child: Child;
  url: string;
  token: string;
  tokens: TransferTokens;
  /** Returns an unused device: a terminal has one operation at a time, so each upload needs its own. */
  nextDevice: () => DeviceAccess;
}

interface Received {
  seconds: number;
  /** The most bytes by which the server's process grew during the upload. */
  growth: number;
}

/**
 * Measures what it costs to receive, check, unpack, mask, compress and store a log. Memory: a log compared with a log
 * ten times as large. Time: compared with only unpacking and compressing equal bytes.
 */
export async function logs({ rounds }: Effort, closing: Closing): Promise<void> {
  const receiver = await startReceiver(closing, 1 + 2 * rounds);
  const [small, large] = [await packedLog(sizes.small, 1), await packedLog(sizes.large, 2)];
  // The first upload is not counted: it pays for loading and compiling code.
  await upload(receiver, small);
  const received: { small: Received[]; large: Received[]; bare: number[] } = { small: [], large: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    received.bare.push(await recompress(small));
    received.small.push(await upload(receiver, small));
    received.large.push(await upload(receiver, large));
  }
  report(received);
  reportMask();
}

async function startReceiver(closing: Closing, terminals: number): Promise<Receiver> {
  const child = Child.start("server", closing);
  const place = await child.call<ServerPlace>("start", {});
  const db = openDb(place.database, createLogger("error"));
  closing.add(() => db.close());
  const credentials = await seedAccount(db, sender);
  await seedTerminals(db, terminals, 1);
  const devices = await seedCredentials(db, terminals);
  const keys = await openSigningKeys(db, systemClock, await openRootKey(db, { dataDir: "", ...place }));
  const tokens = transferTokens({ keys, clock: systemClock });
  let next = 0;
  return {
    child,
    tokens,
    url: place.httpUrl,
    token: await fetchToken(place.httpUrl, credentials),
    nextDevice: () => devices[next++] as DeviceAccess,
  };
}

/** Requests a log from an unused terminal and uploads it as that terminal would. */
async function upload(receiver: Receiver, { bytes, digest }: PackedLog): Promise<Received> {
  const { child, url, tokens } = receiver;
  const { terminalId, address } = receiver.nextDevice();
  const operationId = await requestLog(receiver, terminalId);
  const token = await tokens.sign({ address, operationId }, new Date(Date.now() + 600_000));
  const before = await child.call<number>("memory");
  let peak = before;
  const sample = async () => {
    const now = await child.call<number>("memory");
    peak = Math.max(peak, now);
  };
  const sampling = setInterval(() => {
    void sample();
  }, sampleEveryMs);
  const startedAt = performance.now();
  const response = await fetch(`${url}/v1/device/operations/${operationId}/logs`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/gzip",
      "content-digest": `sha-256=:${digest}:`,
    },
    body: new Uint8Array(bytes),
  });
  const text = await response.text();
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(sampling);
  if (response.status !== 201) throw new Error(`the log was not taken: ${response.status} ${text}`);
  return { seconds, growth: peak - before };
}

async function requestLog({ url, token }: Receiver, terminal: string): Promise<string> {
  const response = await fetch(`${url}/v1/admin/terminals/operations`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ terminal_id: terminal, operation: "send_logs", timeout: 600 }),
  });
  if (response.status !== 201) throw new Error(`not accepted: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Unpacks and compresses a log in this process and discards the output; returns the seconds. */
async function recompress({ bytes }: PackedLog): Promise<number> {
  const startedAt = performance.now();
  const discard = new Writable({ write: (_piece, _encoding, done) => done() });
  await pipeline(Readable.from([bytes], { objectMode: false }), createGunzip(), createGzip({ level: 6 }), discard);
  return (performance.now() - startedAt) / 1000;
}

/** Prints the throughput of the mask alone, for a log and for endless digits, the worst case. */
function reportMask(): void {
  const digits = Buffer.from("4929 1782723600123457 ".repeat(3_000));
  const [ofLog, ofDigits] = [maskedPerSecond([...logText(sizes.small, 3)]), maskedPerSecond(Array(100).fill(digits))];
  console.log(
    `masking alone, MB per second of processor time: a log ${ofLog.toFixed(0)}, digits ${ofDigits.toFixed(0)}`,
  );
  printAim("masking a log", `${ofLog.toFixed(0)} MB/s`, `≥ ${leastMasked} MB/s`, ofLog >= leastMasked);
  console.log();
}

function maskedPerSecond(pieces: Buffer[]): number {
  const mask = new CardMask();
  const before = process.cpuUsage();
  for (const piece of pieces) mask.write(piece);
  const seconds = process.cpuUsage(before).user / 1_000_000;
  return pieces.reduce((bytes, piece) => bytes + piece.length, 0) / megabyte / seconds;
}

function report({ small, large, bare }: { small: Received[]; large: Received[]; bare: number[] }): void {
  const seconds = (all: Received[]) => median(all.map((one) => one.seconds));
  const growth = (all: Received[]) => Math.max(...all.map((one) => one.growth));
  const row = (name: string, bytes: number, took: number, grown: string) => [
    name,
    took.toFixed(2),
    (bytes / megabyte / took).toFixed(1),
    grown,
  ];
  const inMegabytes = (bytes: number) => (bytes / megabyte).toFixed(1);
  printTable(
    ["a log of", "s", "MB/s", "server grew by at most, MB"],
    [
      row(`${count(sizes.small / megabyte)} MB`, sizes.small, seconds(small), inMegabytes(growth(small))),
      row(`${count(sizes.large / megabyte)} MB`, sizes.large, seconds(large), inMegabytes(growth(large))),
      row("20 MB, unpacked and compressed only", sizes.small, median(bare), "-"),
    ],
  );
  const more = growth(large) - growth(small);
  const aim = `≤ ${inMegabytes(mostGrowth)} MB`;
  printAim("memory for ten times the bytes", `${inMegabytes(more)} MB more`, aim, more <= mostGrowth);
  const ratio = median(bare) / seconds(small);
  printAim("speed beside gzip alone", ratio.toFixed(2), `≥ ${leastRatio}`, ratio >= leastRatio);
  console.log();
}
