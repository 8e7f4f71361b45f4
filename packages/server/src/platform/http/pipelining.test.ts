import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { handleInTurns, mostWaiting } from "./pipelining.ts";

const atOnce = 4;

/** A server that holds every response until the test ends it, and a connection to it. */
async function open() {
  const held: { url: string | undefined; response: ServerResponse }[] = [];
  const server = createServer((request, response) => void held.push({ url: request.url, response }));
  handleInTurns(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
    server.close();
    server.closeAllConnections();
  });
  let answered = "";
  socket.on("data", (chunk: Buffer) => {
    answered += chunk.toString();
  });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const ask = (count: number) =>
    socket.write(Array.from({ length: count }, (_, number) => `GET /${number} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
  return { held, socket, closed, ask, answers: () => [...answered.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, url]) => url) };
}

describe("requests that are sent ahead", () => {
  it("are handled a few at a time, and answered in their order", async () => {
    const { held, ask, answers } = await open();
    ask(20);
    const urls = Array.from({ length: 20 }, (_, number) => `/${number}`);
    for (let ended = 0; ended < urls.length; ended += 1) {
      await vi.waitUntil(() => held.length === Math.min(ended + atOnce, urls.length));
      const { url, response } = held[ended] as (typeof held)[number];
      response.end(url);
    }
    await vi.waitUntil(() => answers().length === urls.length);
    expect(answers()).toEqual(urls);
  });

  it("end their connection when there are more than any client needs, and none is handled after that", async () => {
    const { held, closed, ask } = await open();
    ask(atOnce + mostWaiting + 1);
    await closed;
    expect(held).toHaveLength(atOnce);
    for (const { response } of held) response.end();
    await new Promise(setImmediate);
    expect(held).toHaveLength(atOnce);
  });

  it("may be as many as that", async () => {
    const { held, socket, ask, answers } = await open();
    ask(atOnce + mostWaiting);
    await vi.waitUntil(() => {
      for (const { url, response } of held) if (!response.writableEnded) response.end(url);
      return answers().length === atOnce + mostWaiting;
    });
    expect(socket.destroyed).toBe(false);
  });
});
