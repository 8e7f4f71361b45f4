import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BodyLimits, limitBodies } from "./body-times.ts";

const times = { whole: 150, span: 150, leastBytes: 1 };

/** A server that reads bodies, and tells which connections were ended for taking too long. */
async function start(handle: (request: IncomingMessage, limits: BodyLimits) => void, within = times) {
  const ended: string[] = [];
  const server = createServer((request, response) => {
    handle(request, limits);
    request.resume();
    request.once("end", () => response.end("read"));
  });
  const limits = limitBodies(
    server,
    (socket) => {
      ended.push("too long");
      socket.destroy();
    },
    within,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { ended, port };
}

const head = (length: number) => `PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`;

/** Sends so many bytes, one every 50 ms, of so many that it said it would; resolves when the connection ends or is answered. */
function drip(port: number, bytes: number, of: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (part) => {
      text += part;
      if (text.includes("read")) socket.end();
    });
    socket.write(head(of));
    let sent = 0;
    const timer = setInterval(() => {
      if (sent < bytes) socket.write("x");
      sent += 1;
    }, 50);
    socket.once("close", () => {
      clearInterval(timer);
      resolve(text.includes("read") ? "read" : "ended");
    });
  });
}

describe("bodies that take long", () => {
  it("are ended when they take longer than any may", async () => {
    const { ended, port } = await start(() => {});
    expect(await drip(port, 8, 8)).toBe("ended");
    expect(ended).toEqual(["too long"]);
  });

  it("may take long where that is allowed, as long as they come", async () => {
    const { ended, port } = await start((request, limits) => limits.allowLong(request));
    expect(await drip(port, 12, 12)).toBe("read");
    expect(ended).toEqual([]);
  });

  it("are ended when they stall, also where they may take long", async () => {
    const { ended, port } = await start((request, limits) => limits.allowLong(request));
    expect(await drip(port, 2, 12)).toBe("ended");
    expect(ended).toEqual(["too long"]);
  });

  it("are ended when only now and then a byte comes, also where they may take long", async () => {
    const { ended, port } = await start((request, limits) => limits.allowLong(request), { ...times, leastBytes: 20 });
    expect(await drip(port, 12, 12)).toBe("ended");
    expect(ended).toEqual(["too long"]);
  });

  it("have the usual time again once nobody wants them any more", async () => {
    const { ended, port } = await start((request, limits) => {
      limits.allowLong(request);
      limits.endSoon(request);
    });
    expect(await drip(port, 12, 12)).toBe("ended");
    expect(ended).toEqual(["too long"]);
  });

  it("are nobody's business when there are none, or when they are there at once", async () => {
    const { ended, port } = await start(() => {});
    const answer = await fetch(`http://127.0.0.1:${port}`, { method: "PUT", body: "at once" });
    expect(await answer.text()).toBe("read");
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("read");
    expect(ended).toEqual([]);
  });
});
