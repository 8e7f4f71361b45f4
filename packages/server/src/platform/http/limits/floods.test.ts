import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { limitBodyPieces, limitPipelining } from "./floods.ts";

/**
 * A server with both limits, which counts the requests and pieces that reach it, and the connections that were ended.
 */
async function start(handle: RequestListener) {
  const seen = { read: 0, pieces: 0, requests: 0, ended: 0 };
  const over = () => {
    seen.ended += 1;
  };
  const InLargePieces = limitBodyPieces((socket) => {
    over();
    socket.end("too small");
    socket.destroySoon();
  });
  class Counted extends InLargePieces {
    constructor(socket: Socket) {
      super(socket);
      seen.read += 1;
    }

    override push(piece: Buffer | null): boolean {
      if (piece !== null) seen.pieces += 1;
      return super.push(piece);
    }
  }
  const server = createServer({ IncomingMessage: Counted, requireHostHeader: false }, (request, response) => {
    seen.requests += 1;
    request.on("error", () => {});
    handle(request, response);
  });
  server.on("checkExpectation", (_request, response) => {
    seen.requests += 1;
    response.end("no");
  });
  limitPipelining(server, over);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { seen, port: (server.address() as AddressInfo).port };
}

/** Sends bytes at once. Resolves with the text received when the connection ends, or when `enough` accepts it. */
function say(port: number, bytes: string, enough: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (part) => {
      text += part;
      if (enough(text)) socket.destroy();
    });
    socket.on("close", () => resolve(text));
  });
}

const get = "GET / HTTP/1.1\r\n\r\n";
const post = (body: string) => `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const times = (text: string, part: string) => text.split(part).length - 1;

describe("requests sent ahead of the answers", () => {
  it("are answered as long as there are few of them, again and again", async () => {
    const { seen, port } = await start((_request, response) => void response.end("yes"));
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let text = "";
    for (let round = 1; round <= 5; round += 1) {
      socket.write(get.repeat(8));
      while (times(text, "yes") < 8 * round) text += (await once(socket, "data"))[0];
    }
    expect(seen).toEqual({ read: 40, pieces: 0, requests: 40, ended: 0 });
  });

  it.each([
    ["plain ones", get],
    ["such that expect something", "GET / HTTP/1.1\r\nExpect: much\r\n\r\n"],
    ["such that wait for 100 Continue", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"],
  ])("end the connection when there are more, and go no further: %s", async (_what, request) => {
    const { seen, port } = await start((_request, response) => void response.end("yes"));
    await say(port, request.repeat(5_000));
    expect(seen.ended).toBe(1);
    // Requests that the network brought one by one may be answered before.
    expect(seen.requests).toBeLessThan(5_000);
    // Node stops behind the first request over the limit, although thousands more have arrived.
    expect(seen.read).toBeLessThanOrEqual(seen.requests + 10);
    expect(await say(port, get, (text) => text.includes("yes"))).toContain("yes");
  });
});

describe("bodies in pieces", () => {
  const reading: RequestListener = (request, response) => {
    let bytes = 0;
    request.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on("end", () => response.end(`read ${bytes}`));
  };

  it.each([
    ["500 of a byte", " ", 500],
    ["a large one in pieces of 80 bytes", " ".repeat(80), 20_000],
  ])("are read: %s", async (_what, piece, count) => {
    const { seen, port } = await start(reading);
    const answer = `read ${piece.length * count}`;
    expect(await say(port, post(`${chunk(piece).repeat(count)}0\r\n\r\n`), (text) => text.includes(answer))).toContain(
      answer,
    );
    expect(seen.ended).toBe(0);
  });

  it("are refused when the pieces are many and small, and what follows is not read", async () => {
    const { seen, port } = await start(reading);
    expect(await say(port, post(chunk(" ").repeat(300_000)))).not.toContain("read");
    expect(seen).toEqual({ read: 1, pieces: expect.any(Number), requests: 1, ended: 1 });
    expect(seen.pieces).toBeLessThan(600);
  });

  it("count for the connection when there are several requests in it", async () => {
    const { seen, port } = await start(reading);
    await say(port, post(`${chunk(" ").repeat(400)}0\r\n\r\n`).repeat(8));
    expect(seen.ended).toBe(1);
    expect(seen.pieces).toBeLessThan(1_000);
    // Node reuses its parsers for other connections, which must not be affected.
    const answers = Array.from({ length: 20 }, () =>
      say(port, post("1\r\n \r\n0\r\n\r\n"), (text) => text.includes("read 1")),
    );
    for (const answer of await Promise.all(answers)) expect(answer).toContain("read 1");
  });
});
