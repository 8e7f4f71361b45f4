import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { Credential } from "../src/connection.ts";
import { silentLogger } from "../src/logger.ts";
import { openLongPollConnection } from "../src/long-poll-connection.ts";
import { until } from "./support/until.ts";

/** A server that tells nothing, and what it was asked with. */
async function listening() {
  const asked: { as: string | undefined; session: string }[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { session, wait_seconds: waits } = (await json(request)) as { session: string; wait_seconds?: number };
    asked.push({ as: request.headers.authorization, session });
    if (waits === undefined) response.end(JSON.stringify({ messages: [] }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
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
  const link = openLongPollConnection({ credential, clock: systemClock, log: silentLogger, events });
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
