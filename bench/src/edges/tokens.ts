import { createClient } from "@tillkeeper/server/access/auth/clients";
import { hashChosen } from "@tillkeeper/server/access/auth/secrets/chosen-secrets";
import { newSecret } from "@tillkeeper/server/access/auth/secrets/secrets";
import type { Db } from "@tillkeeper/server/db/db";
import { systemClock } from "@tillkeeper/server/platform/clock";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { type ClientCredentials, fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { Effort } from "../arguments.ts";
import type { ServerPlace } from "../children/server.ts";
import type { Flood, FloodAnswers } from "../children/token-flood.ts";
import { Child } from "../parts/child.ts";
import { HttpConnection } from "../parts/http-connection.ts";
import { count, milliseconds, printAim, printTable } from "../parts/print.ts";
import { clientId as bystander, sender } from "../parts/seed.ts";
import { median } from "../parts/statistics.ts";
import { printDatabase, startEmptySubject } from "../parts/subject.ts";
import { accountId } from "../parts/terminal-set.ts";
import { askForToken } from "./token-request.ts";

/** Six addresses that guess secrets, each at the rate limit of an address; newcomers use other addresses. */
const guessingAddresses = Array.from({ length: 6 }, (_, number) => `127.0.1.${number + 1}`);
const perSecond = 20;
const newcomersPerAddress = 8;
const newcomerEveryMs = 250;
const readEveryMs = 20;
const mostTokenMs = 1_000;
const mostRatio = 3;
const chosen = "chosen-by-a-person";

interface Stage {
  db: Db;
  httpUrl: string;
  flood: Child;
  /** Sends a request of a client whose secret is not guessed; returns the milliseconds it took. */
  read: () => Promise<number>;
}

interface Figures {
  name: string;
  /** Milliseconds of the newcomers' token requests. */
  tokens: number[];
  /** Milliseconds of reads before the flood. */
  idle: number[];
  /** Milliseconds of reads during the flood. */
  flooded: number[];
  answers: FloodAnswers;
}

/**
 * Measures what six addresses that guess secrets, each within its rate limit, cost other clients. Figures: the time
 * until a new client has its token, and the slowdown of requests from a client that has a token already.
 */
export async function tokens({ seconds }: Effort, closing: Closing): Promise<void> {
  const subject = await startEmptySubject(closing, { limited: true });
  await printDatabase(subject);
  const credentials = await seedAccount(subject.db, { ...sender, scopes: ["admin:accounts", "admin:checkout"] });
  const flood = Child.start("token-flood", closing);
  const known = (await seedClients(subject.db, "known", 20)).map((ask) => ask.clientId);
  await seedChosen(subject.db, "chosen");
  await seedChosen(subject.db, "chosen-after-restart");
  const open = async (httpUrl: string): Promise<Stage> => {
    const read = await openReader(httpUrl, await fetchToken(httpUrl, credentials), closing);
    return { db: subject.db, httpUrl, flood, read };
  };
  const first = await open(subject.httpUrl);
  const ofMade = ["nobody", ...known];
  const figures = [
    await measure(first, { name: "unknown clients, wrong secrets", seconds, clientIds: ofMade }),
    await measure(first, { name: "the same, and a chosen secret", seconds, clientIds: [...ofMade, "chosen"] }),
    await measure(first, { name: "a chosen secret only", seconds, clientIds: ["chosen"] }),
  ];
  await subject.server.call("end");
  const restarted = {
    name: "right after a restart, all of it",
    seconds,
    clientIds: [...ofMade, "chosen-after-restart"],
  };
  const restart = async () => {
    const again = Child.start("server", closing);
    const { httpUrl } = await again.call<ServerPlace>("start", {
      limited: true,
      existing: { database: subject.database, keyFile: subject.keyFile, files: subject.files },
    });
    return { again, stage: await open(httpUrl) };
  };
  // A server is slow right after its start, so its idle figures come from a restarted server without a flood.
  const quiet = await restart();
  const idle = await readFor(quiet.stage, seconds);
  await quiet.again.stop();
  figures.push(await measure((await restart()).stage, restarted, idle));
  report(figures);
}

async function measure(
  stage: Stage,
  { name, seconds, clientIds }: { name: string; seconds: number; clientIds: string[] },
  idleBefore?: number[],
): Promise<Figures> {
  const { db, httpUrl, flood } = stage;
  const newcomers = await seedClients(db, name.replace(/\W+/g, "-"), (seconds * 1000) / newcomerEveryMs);
  // A client with a chosen secret also counts as a newcomer at its first request.
  const guessed = clientIds.find((clientId) => clientId.startsWith("chosen"));
  if (guessed !== undefined) newcomers.unshift({ accountId, clientId: guessed, secret: chosen });
  const idle = idleBefore ?? (await readFor(stage, seconds));
  const begun: Flood = { httpUrl, accountId, clientIds, addresses: guessingAddresses, perSecond };
  await flood.call("begin", begun);
  const [tokenTimes, flooded] = await Promise.all([requestTokens(httpUrl, newcomers), readFor(stage, seconds)]);
  const answers = await flood.call<FloodAnswers>("end");
  return { name, tokens: tokenTimes, idle, flooded, answers };
}

/** Requests one token per newcomer at a fixed rate; each time includes opening the connection. */
async function requestTokens(httpUrl: string, newcomers: readonly ClientCredentials[]): Promise<number[]> {
  const asking = newcomers.map(async (ask, number) => {
    await new Promise((resolve) => setTimeout(resolve, number * newcomerEveryMs));
    const from = `127.0.2.${1 + Math.floor(number / newcomersPerAddress)}`;
    const sentAt = performance.now();
    const { status, body } = await askForToken(httpUrl, ask, from);
    if (status !== 200) throw new Error(`${ask.clientId} got no token: ${status} ${body.toString()}`);
    return performance.now() - sentAt;
  });
  return Promise.all(asking);
}

async function readFor({ read }: Stage, seconds: number): Promise<number[]> {
  const times: number[] = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    times.push(await read());
    await new Promise((resolve) => setTimeout(resolve, readEveryMs));
  }
  return times;
}

async function openReader(httpUrl: string, token: string, closing: Closing): Promise<Stage["read"]> {
  const connection = await HttpConnection.open(httpUrl);
  closing.add(() => connection.close());
  const head = [
    `GET /v1/accounts/${accountId}/auth/clients?limit=10 HTTP/1.1`,
    `host: ${new URL(httpUrl).host}`,
    `authorization: Bearer ${token}`,
  ];
  const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n`);
  return async () => {
    const sentAt = performance.now();
    const { status } = await connection.send(request);
    if (status !== 200) throw new Error(`${bystander} was answered ${status}`);
    return performance.now() - sentAt;
  };
}

async function seedClients(db: Db, name: string, size: number): Promise<ClientCredentials[]> {
  const asks = Array.from({ length: size }, (_, number) => ({
    accountId,
    clientId: `${name}-${number}`,
    secret: newSecret(),
  }));
  await db.sql.transaction().execute(async (tx) => {
    for (const ask of asks) await createClient(tx, systemClock, { ...ask, name, scopes: ["read:accounts"] });
  });
  return asks;
}

async function seedChosen(db: Db, clientId: string): Promise<void> {
  const client = { accountId, clientId, name: clientId, secret: await hashChosen(chosen) };
  await db.sql.transaction().execute((tx) => createClient(tx, systemClock, { ...client, scopes: ["read:accounts"] }));
}

function report(all: Figures[]): void {
  const ratioOf = ({ flooded, idle }: Figures) => median(flooded) / median(idle);
  printTable(
    ["guesses at", "401", "429", "token p50, ms", "max", "GET p50 idle, ms", "flooded", "ratio"],
    all.map((figures) => [
      figures.name,
      count(figures.answers["401"] ?? 0),
      count(figures.answers["429"] ?? 0),
      milliseconds(median(figures.tokens)),
      milliseconds(Math.max(...figures.tokens)),
      milliseconds(median(figures.idle)),
      milliseconds(median(figures.flooded)),
      ratioOf(figures).toFixed(2),
    ]),
  );
  const slowest = Math.max(...all.flatMap((figures) => figures.tokens));
  const aim = `< ${count(mostTokenMs)} ms`;
  printAim("slowest token of a new client", `${milliseconds(slowest)} ms`, aim, slowest < mostTokenMs);
  const ratio = Math.max(...all.map(ratioOf));
  printAim("GET of others, of their idle median", ratio.toFixed(2), `≤ ${mostRatio}`, ratio <= mostRatio);
  console.log();
}
