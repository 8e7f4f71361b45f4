import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { runOf } from "@tillkeeper/contract/mqtt/parts";
import { until } from "@tillkeeper/stage/until";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { Credential } from "../src/links/connection.ts";
import { openLongPollConnection } from "../src/links/long-poll-connection.ts";
import { sessionNames } from "../src/links/session-names.ts";
import { silentLogger } from "../src/logger.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { turn } from "./support/turn.ts";

/**
 * A server without messages, which records the requests. `replace` refuses the waiting request, as for another session.
 */
async function listening() {
  const asked: { as: string | undefined; session: string }[] = [];
  let waiting: ServerResponse | undefined;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { session, wait_seconds: waits } = (await json(request)) as { session: string; wait_seconds?: number };
    asked.push({ as: request.headers.authorization, session });
    if (waits !== undefined) waiting = response;
    else response.end(JSON.stringify({ messages: [] }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const replace = () => void waiting?.writeHead(409).end("{}");
  return { asked, replace, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("over HTTPS a device speaks as its address, and in another session when it has another", async () => {
  const { asked, url } = await listening();
  const as = { address: "T00000001-T0001-D1", reopen: () => {} };
  const credential: Credential = {
    url,
    address: () => as.address,
    password: "secret",
    whenOutdated: (reopen) => {
      as.reopen = reopen;
      return () => void (as.reopen = () => {});
    },
  };
  const sessions: string[] = [];
  const events = { up: (session: string) => void sessions.push(session), down: () => {}, message: () => {} };
  const settings = { credential, clock: systemClock, log: silentLogger, nextSession: sessionNames(), events };
  const link = openLongPollConnection(settings);
  await until(() => asked.length === 2, "a request that waits");
  as.address = "T00000001-T0001-D2";
  as.reopen();
  await until(() => asked.length === 4, "another request that waits");
  await link.destroy();
  as.reopen();
  expect(sessions).toHaveLength(2);
  expect(asked).toEqual(
    ["D1", "D1", "D2", "D2"].map((device, index) => ({
      as: basic(`T00000001-T0001-${device}:secret`),
      session: sessions[Math.floor(index / 2)],
    })),
  );
  expect(sessions[1]).not.toBe(sessions[0]);
});

test("over HTTPS a device whose session another one replaces leaves it alone for longer and longer", async () => {
  const { asked, url, replace } = await listening();
  const clock = new FakeClock(0);
  const credential = { url, address: "T00000001-T0001-D1", password: "secret" };
  let downs = 0;
  const events = { up: () => {}, down: () => void (downs += 1), message: () => {} };
  const link = openLongPollConnection({
    credential,
    clock,
    log: silentLogger,
    nextSession: sessionNames(),
    events,
  });
  for (const [round, shortest] of [2_500, 5_000, 10_000, 20_000, 30_000, 30_000].entries()) {
    await until(() => asked.length === 2 * (round + 1), "a request that waits");
    replace();
    await until(() => downs === round + 1, "the end of the session");
    clock.advance(shortest - 1);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    expect(asked).toHaveLength(2 * (round + 1));
    clock.advance(shortest + 1);
  }
  await until(() => asked.length === 14, "a request that waits");
  await link.destroy();
  const names = [...new Set(asked.map(({ session }) => session))];
  expect(names).toHaveLength(7);
  expect(new Set(names.map(runOf)).size).toBe(1);
});
